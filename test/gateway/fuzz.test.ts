// Requests that no honest client sends, against the running gateway and an origin that trusts everybody. Whatever comes:
// a clear refusal, a page that says what to do, or an open address's own answer; never a failure of the gateway, never
// a byte of the origin, never a request there, never a session.

import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';
import { admissionToken, encode, type Maker, payloadOf, queueToken } from './forged-tokens.ts';
import { brokenBytes, type Mangled, type Material, mangled } from './malformed-requests.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { type Answer, ask, enter, GateVisitor, isClearRefusal, rawAsk, until } from './visitor-client.ts';

/** The same requests in every run; a found failure is repeated by its printed seed and path. */
const SEED = 20210714;

/** Nothing here takes that long; a request without an answer is a failure of its own, with its text. */
const ANSWER_MS_MAX = 10_000;

/** A request whose announced body never comes is answered by silence; that much of it is enough. */
const SILENCE_MS = 300;

let fairgate: Running;
let origin: RecordingOrigin;
let port: number;
let materials: Material[];

beforeAll(async () => {
  origin = await startRecordingOrigin();
  // Without renewal the store is asked about nobody inside: tokens are judged by themselves.
  const policy = { newUsersPerMinute: 60_000, totalActiveUsers: 1, sessionMinutes: 30, sessionRenewal: false };
  const room = { title: { ko: '예약', en: 'Booking' }, origin: origin.url, policy };
  fairgate = await startFairgate({
    room: { hosts: ['demo.test'], schedule: { opensAt: '+1h' } },
    moreRooms: () => [
      { ...room, id: 'before', hosts: ['before.test'], schedule: { opensAt: '+1h' } },
      { ...room, id: 'full', hosts: ['full.test'], schedule: { opensAt: '+0s' } },
      { ...room, id: 'exempt', hosts: ['exempt.test'], exempt: ['/static'], schedule: { opensAt: '+1h' } },
    ],
  });
  port = fairgate.gateway.port;
  const [key] = fairgate.keys.keys;
  if (key === undefined) throw new TypeError('No key.');
  const maker = { issuer: fairgate.url, key };
  const inside = new GateVisitor(port, 'full');
  await enter(inside); // The only place of `full`; everybody else there waits.
  const waiting = new GateVisitor(port, 'full');
  await waiting.page();
  materials = [
    {
      room: 'full',
      admission: inside.admissionToken ?? '',
      place: waiting.queueToken ?? '',
      worthless: await worthlessTokens(maker, 'full'),
    },
    ...(await Promise.all(['before', 'exempt'].map((id) => closedRoom(maker, id)))),
  ];
});

afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
});

beforeEach(() => {
  origin.requests.length = 0;
});

/** A room before its opening: even a session that the gateway's key has signed for this epoch is only raw material. */
async function closedRoom(maker: Maker, id: string): Promise<Material> {
  const visitor = new GateVisitor(port, id);
  await visitor.page();
  return {
    room: id,
    admission: await admissionToken(maker, id, `urn:fairgate:origin:${id}`),
    place: visitor.queueToken ?? '',
    worthless: await worthlessTokens(maker, id),
  };
}

async function worthlessTokens(maker: Maker, room: string): Promise<string[]> {
  const aud = `urn:fairgate:origin:${room}`;
  const hourAgo = Math.floor(Date.now() / 1000) - 3_600;
  const { privateKey } = await generateKeyPair('ES256');
  const right = await admissionToken(maker, room, aud);
  const [, payload = ''] = right.split('.');
  return Promise.all([
    admissionToken(maker, room, aud, { claims: { nbf: hourAgo, exp: hourAgo + 300 } }),
    admissionToken(maker, room, aud, { claims: { epoch: 2 } }),
    admissionToken(maker, room, aud, { claims: { room: 'demo' } }),
    admissionToken(maker, room, aud, { claims: { nbf: hourAgo + 7_200 } }),
    admissionToken(maker, room, aud, { claims: { position: -1 } }),
    admissionToken(maker, room, aud, { claims: { sub: '../..' } }),
    admissionToken(maker, room, aud, { claims: { nbf: '0', exp: '9e99' } }),
    admissionToken(maker, room, aud, { header: { typ: 'JWT' } }),
    admissionToken(maker, room, aud, { header: { kid: '__proto__' } }),
    admissionToken(maker, room, aud, { signWith: privateKey }),
    admissionToken(maker, room, 'urn:fairgate:origin:demo'),
    admissionToken({ ...maker, issuer: 'http://evil.example' }, room, aud),
    queueToken(maker, room, { claims: { position: 1, epoch: 2 } }),
    queueToken(maker, room, { claims: { position: 1e15 } }),
    queueToken(maker, room, { claims: { position: undefined, entry: 1e15 } }),
    queueToken(maker, room, { claims: { exp: hourAgo } }),
    queueToken(maker, 'demo'),
    `${encode({ alg: 'none', typ: 'admission+jwt' })}.${payload}.`,
    `${encode({ alg: 'HS256', typ: 'admission+jwt', kid: 'x' })}.${payload}.${encode('x')}`,
  ]);
}

/** Requests that the origin may see: what an exempt prefix lets through, and nothing else. */
function expectNothingPassed(since: number): void {
  const passed = origin.requests
    .slice(since)
    .filter(
      ({ method, url, headers }) =>
        !/^\/static(?:[/?]|$)/i.test(url) ||
        !['GET', 'HEAD'].includes(method) ||
        headers['fairgate-admission'] !== undefined ||
        headers['x-forwarded-host']?.startsWith('exempt.test') !== true,
    );
  expect(passed).toEqual([]);
}

function unpacked(answer: Answer): Answer {
  const isPacked = answer.headers.get('Content-Encoding') === 'gzip' && answer.bytes.length > 0;
  return isPacked ? { ...answer, text: gunzipSync(answer.bytes).toString() } : answer;
}

/** What an answer is, in a word; anything unforeseen is its own text, so that a failure shows it. */
function kindOf({ method }: Mangled, answer: Answer): string {
  const { status, headers, text } = answer;
  const type = headers.get('Content-Type') ?? '';
  if (status >= 300 && status < 400) return /^\/(?![/\\])/.test(headers.get('Location') ?? '') ? 'redirect' : 'astray';
  const isRefusal = status >= 400 && status < 500;
  if (method === 'HEAD') {
    return isRefusal && !type.startsWith('application/problem+json') ? `refused as ${type}` : 'without a body';
  }
  if (isRefusal && isClearRefusal(answer)) return 'refusal';
  if (type.startsWith('text/html') && text.includes('id="fairgate"')) return 'page';
  if (type === 'application/json') return isOwnJson(JSON.parse(text)) ? 'document' : text;
  return status === 200 && /^(?:ok\n$|# HELP fairgate_)/.test(text) ? 'for machines' : `${status} ${type} ${text}`;
}

function isOwnJson(document: Record<string, unknown>): boolean {
  return ['cfWaitingRoom', 'outcome', 'issued', 'keys', 'openapi'].some((field) => field in document);
}

const CLEAR = ['refusal', 'page', 'document', 'for machines', 'without a body', 'redirect'];

it('a mangled request of any client is answered clearly, and opens nothing', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(mangled(materials), async (request) => {
      const since = origin.requests.length;
      const { method, target, host, headers, body } = request;
      const answer = unpacked(await ask(port, target, { method, host, headers, ...(body === null ? {} : { body }) }));
      const kind = kindOf(request, answer);
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      expect(answer.status).toBeLessThan(500);
      expectNothingPassed(since);
      if (answer.text.includes(MARKER)) expect(`${method} ${host}`).toMatch(/^GET exempt\.test\.?(?::\d+)?$/i);
      else expect(CLEAR).toContain(kind);
      for (const cookie of answer.headers.getSetCookie()) expect(cookie).not.toMatch(/fairgate-admission[^=]*=[^;]/);
    }),
    { seed: SEED, numRuns: 3_000, timeout: ANSWER_MS_MAX },
  );
  expectNothingPassed(0);
  // Not one kind of answer for everything: each has been met.
  expect([...seen.keys()]).toEqual(expect.arrayContaining(CLEAR));
});

it('broken bytes are answered with a refusal or not at all, and open nothing', async () => {
  await fc.assert(
    fc.asyncProperty(brokenBytes(materials), async (text) => {
      const since = origin.requests.length;
      const answer = await rawAsk(port, text, SILENCE_MS);
      // 501 is the runtime's word for a method that HTTP does not know, said before any code of ours runs.
      if (answer.status !== 501) expect(answer.status).toBeLessThan(500);
      expect(answer.head).not.toMatch(/^set-cookie:.*fairgate-admission[^=]*=[^;]/im);
      expectNothingPassed(since);
      if (answer.body.includes(MARKER)) expect(answer.body).toMatch(new RegExp(`${MARKER} GET /static`, 'i'));
    }),
    { seed: SEED, numRuns: 1_500, timeout: ANSWER_MS_MAX },
  );
  expectNothingPassed(0);
});

it('an entry of a draw that it took no part in is no place: a new one is given', async () => {
  const entry =
    materials[0]?.worthless.find((token) => token.includes('.') && payloadOf(token)['entry'] === 1e15) ?? '';
  const headers = { Cookie: `fairgate-queue-full=${entry}` };
  const status = await ask(port, '/_fairgate/rooms/full/status', { host: 'full.test', headers });
  expect(JSON.parse(status.text)).toMatchObject({ state: 'none', position: null });
  const visitor = new GateVisitor(port, 'full');
  visitor.jar.set('fairgate-queue-full', entry);
  expect((await visitor.page()).text).toContain('"kind":"waiting"');
  expect(payloadOf(visitor.queueToken ?? '')['position']).toBeGreaterThan(1);
});

it('afterwards the gateway serves as before: nobody has been let in, those inside still are', async () => {
  const endedAt = Date.now();
  const healthy = await ask(port, '/_fairgate/healthz', { host: 'full.test' });
  expect([healthy.status, healthy.text]).toEqual([200, 'ok\n']);
  for (const { room } of materials) {
    const board = await until(
      () => new GateVisitor(port, room).board(),
      ({ asOf }) => Date.parse(asOf) > endedAt,
    );
    expect([room, board.active]).toEqual([room, room === 'full' ? 1 : 0]);
  }
  const [full] = materials;
  const cookie = { Cookie: `fairgate-admission-full=${full?.admission}` };
  expect(payloadOf(full?.admission ?? '')['position']).toBe(1);
  expect((await ask(port, '/book', { host: 'full.test', headers: cookie })).text).toContain(MARKER);
  expect(fairgate.log.filter((line) => /unexpectedly|uncaught/i.test(line))).toEqual([]);
});
