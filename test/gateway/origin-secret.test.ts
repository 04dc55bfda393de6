// The secret that a site without a check of tokens compares: which requests carry it, and that neither visitors nor other sites
// learn it or can send one.

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { originFetch } from '../../worker/proxy/origin-connection.ts';
import { type RoomInput, readSettings, SettingsError } from '../../worker/settings.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { GateVisitor, until } from './visitor-client.ts';

const FIELD = 'fairgate-origin-secret';
const SECRET = randomBytes(32).toString('base64');
const POLICY = { newUsersPerMinute: 6_000, totalActiveUsers: 100, sessionMinutes: 5 };

describe('the origin secret', () => {
  let listed: RecordingOrigin;
  let other: RecordingOrigin;
  let fairgate: Running;

  const room = (id: string, origin: string, changes: Partial<RoomInput> = {}): RoomInput => {
    const title = { ko: id, en: id };
    return { id, title, hosts: [`${id}.test`], origin, schedule: { opensAt: '+0s' }, policy: POLICY, ...changes };
  };

  async function entered(id: string): Promise<GateVisitor> {
    const visitor = new GateVisitor(fairgate.gateway.port, id);
    await until(
      () => visitor.page(),
      ({ text }) => text.includes(MARKER),
    );
    return visitor;
  }

  const lastOf = ({ requests }: RecordingOrigin) => requests.at(-1) ?? { headers: {}, url: '' };

  beforeAll(async () => {
    [listed, other] = [await startRecordingOrigin(), await startRecordingOrigin()];
    fairgate = await startFairgate({
      originUrl: listed.url,
      originSecrets: JSON.stringify({ [listed.url]: SECRET }),
      moreRooms: () => [
        room('own', listed.url, { exempt: ['/open'] }),
        room('visitor', listed.url, { originHost: 'visitor' }),
        room('other', other.url),
        // Names the listed site as the host that it is asked for, and is another one.
        room('posing', other.url, { originHost: new URL(listed.url).host }),
      ],
    });
  });
  afterAll(async () => {
    await fairgate?.stop();
    await Promise.all([listed?.close(), other?.close()]);
  });

  it.each(['own', 'visitor'])(
    'is in every request to its site, by its own host or the visitor’s: room %s',
    async (id) => {
      const visitor = await entered(id);
      await visitor.send('/book', { method: 'POST' });
      expect(lastOf(listed)).toMatchObject({ url: '/book', headers: { [FIELD]: SECRET } });
    },
  );

  it('is in requests for exempt paths too, which come without a token', async () => {
    await new GateVisitor(fairgate.gateway.port, 'own').send('/open/hours');
    expect(lastOf(listed)).toMatchObject({ url: '/open/hours', headers: { [FIELD]: SECRET } });
    expect(lastOf(listed).headers).not.toHaveProperty('fairgate-admission');
  });

  it.each(['other', 'posing'])('is in no request to another site: room %s', async (id) => {
    const visitor = await entered(id);
    await visitor.send('/book');
    expect(lastOf(other).url).toBe('/book');
    expect(JSON.stringify(other.requests)).not.toContain(SECRET);
    expect(lastOf(other).headers).not.toHaveProperty(FIELD);
  });

  it.each(['own', 'other'])('a visitor cannot send one, under any spelling: room %s', async (id) => {
    const [visitor, site] = [await entered(id), id === 'own' ? listed : other];
    for (const name of [
      'Fairgate-Origin-Secret',
      'FAIRGATE-ORIGIN-SECRET',
      'Fairgate_Origin_Secret',
      'Fairgate-Origin_Secret',
    ]) {
      await visitor.send('/book', { headers: { [name]: ['guess', 'again'] } });
      const fields = Object.entries(lastOf(site).headers).filter(([field]) => /fairgate.origin.secret/i.test(field));
      expect(fields).toEqual(id === 'own' ? [[FIELD, SECRET]] : []);
    }
  });

  it('does not reach a visitor in a field with which the site echoes it', async () => {
    listed.handlers.set('/echo', ({ headers }, response) => {
      response.writeHead(200, { 'Fairgate-Origin-Secret': String(headers[FIELD]) }).end(MARKER);
    });
    const response = await (await entered('own')).send('/echo');
    expect([response.status, JSON.stringify([...response.headers])]).toEqual([
      200,
      expect.not.stringContaining(SECRET),
    ]);
  });
});

describe('without a connector, the origin secret goes by the address that is asked', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it.each([
    ['https://site.example/a?b', 'https://site.example', SECRET],
    ['https://visitors.example/a', 'https://site.example', null],
    ['https://site.example.evil.test/', 'https://site.example', null],
    ['http://site.example/', 'https://site.example', null],
    ['https://site.example:444/', 'https://site.example', null],
  ])('%s', async (url, origin, expected) => {
    const asked: (string | null)[] = [];
    vi.stubGlobal('fetch', async (request: Request) => {
      asked.push(request.headers.get(FIELD));
      return new Response();
    });
    const fetchOrigin = originFetch({}, new Map([['https://site.example', SECRET]]));
    await fetchOrigin(new Request(url), { origin, originAliases: [], originHost: 'visitor', originTimeoutSeconds: 9 });
    expect(asked).toEqual([expected]);
  });
});

describe('ORIGIN_SECRETS', () => {
  const read = async (value: string) => {
    const keys = JSON.stringify({ keys: [await newSigningKey(0)] });
    const required = { ROOMS: '[]', PUBLIC_URL: 'https://gate.example', OPERATOR_KEY, SIGNING_KEYS: keys };
    return readSettings({ ...required, ORIGIN_SECRETS: value }).originSecrets;
  };

  it('is optional, and holds a secret for each site', async () => {
    expect(await read('')).toEqual(new Map());
    const secrets = { 'https://site.example': SECRET, 'http://10.0.0.5:8080': randomBytes(32).toString('hex') };
    expect(await read(JSON.stringify(secrets))).toEqual(new Map(Object.entries(secrets)));
  });

  it.each([
    ['not JSON', SECRET, 'ORIGIN_SECRETS is not JSON'],
    ['a list', JSON.stringify([SECRET]), 'Set ORIGIN_SECRETS to'],
    [
      'an address with a path',
      JSON.stringify({ 'https://site.example/': SECRET }),
      'an address has a path, or is none',
    ],
    ['no address', JSON.stringify({ site: SECRET }), 'an address has a path, or is none'],
    ['another scheme', JSON.stringify({ 'ftp://site.example': SECRET }), 'an address has a path, or is none'],
    [
      'a short secret',
      JSON.stringify({ 'https://site.example': SECRET.slice(0, 31) }),
      'too easy to guess (31 characters)',
    ],
    [
      'a secret with a line break',
      JSON.stringify({ 'https://site.example': `${SECRET}\r\n` }),
      'not usable in a header',
    ],
    ['a repeated secret', JSON.stringify({ 'https://site.example': 'secretword16'.repeat(3) }), 'too easy to guess'],
    [
      'one secret for two sites',
      JSON.stringify({ 'https://a.example': SECRET, 'https://b.example': SECRET }),
      'two sites',
    ],
    ['a number', JSON.stringify({ 'https://site.example': 12 }), 'Set ORIGIN_SECRETS to'],
    [
      'more than 64 sites',
      JSON.stringify(
        Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`https://s${i}.example`, `${SECRET}${i}`])),
      ),
      'more than 64 sites',
    ],
  ])('with %s keeps the gateway from starting', async (_, value, problem) => {
    await expect(read(value)).rejects.toThrow(problem);
    await expect(read(value)).rejects.toThrow(SettingsError);
  });

  it('is never quoted in a problem, however it is broken', async () => {
    const whole = JSON.stringify({ 'https://site.example': SECRET });
    const broken = fc.record({
      at: fc.nat(whole.length - 1),
      put: fc.oneof(fc.constantFrom('"', '\n'), fc.string({ unit: 'binary-ascii', maxLength: 3 })),
    });
    await fc.assert(
      fc.asyncProperty(broken, async ({ at, put }) => {
        const problem = await read(whole.slice(0, at) + put + whole.slice(at + 1)).then(() => '', String);
        // Any six characters of it in a row: the runtime quotes ten of the text.
        const parts = Array.from({ length: SECRET.length - 5 }, (_, i) => SECRET.slice(i, i + 6));
        return !parts.some((part) => problem.includes(part));
      }),
      { numRuns: 60 },
    );
  });
});
