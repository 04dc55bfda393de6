// Pages and apps of other origins: those that the room's operators list act for their visitors and read the answers; all
// others see no CORS field and take nothing.

import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { siteFields } from '../../worker/contract/room-schema.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, NOON, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON } from './visitor-client.ts';

const LISTED = ['https://app.example', 'capacitor://localhost', 'http://localhost'] as const;
const APP = LISTED[0];
const ROOM = '/_fairgate/rooms/demo';
const LATER = { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } };

/** What a script on a page of another origin sends, with cookies where the browser has any. */
const fromPage = (origin: string, more: Record<string, string> = {}) => ({
  ...AS_JSON,
  Origin: origin,
  'Sec-Fetch-Site': 'cross-site',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
  ...more,
});

/** Origins that are not listed, near to those that are. */
const notListed = fc.oneof(
  fc.constantFrom(
    ...['null', '*', '', 'https://app.example:444', 'http://app.example', 'https://app.example.evil.test'],
    ...[
      'https://evil.test',
      'https://APP.example',
      'https://app.example/',
      'https://app.example.',
      'https://app',
      '//app.example',
    ],
    ...[
      'https://sub.app.example',
      'capacitor://localhost/',
      'ionic://localhost',
      'http://localhost:8100',
      'https://app.example, *',
    ],
  ),
  fc.webUrl({ withFragments: false }).map((url) => new URL(url).origin),
);

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const start = (room: Parameters<typeof startInProcess>[0]['room'] = {}) =>
  startInProcess({ keys, room: { corsOrigins: [...LISTED], ...room } });

function corsFieldsOf({ headers }: Response): string[] {
  return [...headers.keys()].filter((name) => name.startsWith('access-control-'));
}

function expectReadable(response: Response, origin: string): void {
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe(origin);
  expect(response.headers.get('Access-Control-Allow-Credentials')).toBe('true');
  expect(response.headers.get('Access-Control-Expose-Headers')).toMatch(
    /^Fairgate-Queue-Token, Fairgate-Admission-Token, Fairgate-Receipt, Retry-After, Link$/,
  );
  expect(response.headers.get('Vary')).toMatch(/\bOrigin\b/);
}

/** Every answer of the gateway that an app can get: addresses of a room, and requests for protected paths. */
const ANSWERS: [string, number, string, RequestInit][] = [
  ['the board', 200, `${ROOM}/board`, {}],
  ['a status', 200, `${ROOM}/status`, {}],
  ['a join without cookies', 403, `${ROOM}/join`, { method: 'POST' }],
  ['a claim without a place', 409, `${ROOM}/claim`, { method: 'POST' }],
  ['a leave', 200, `${ROOM}/leave`, { method: 'POST' }],
  ['a body that is too long', 413, `${ROOM}/join`, { method: 'POST', body: 'x'.repeat(5_000) }],
  ['a body that is not JSON', 400, `${ROOM}/join`, { method: 'POST', body: 'x', headers: { 'Content-Type': 'a/b' } }],
  [
    'an invalid token',
    401,
    `${ROOM}/status`,
    { headers: { Authorization: 'Bearer eyJ0eXAiOiJxdWV1ZStqd3QifQ.e30.x' } },
  ],
  ['a refused request for a protected path', 403, '/api', { headers: { Accept: '*/*' } }],
  ['a refused form for a protected path', 403, '/api', { method: 'DELETE' }],
  ['the JSON of a waiting room', 200, '/api', {}],
];

describe('a page of a listed origin', () => {
  it.each(ANSWERS)('can read %s (%i), and a page of any other origin cannot', async (what, status, path, init) => {
    const gateway = await start(LATER);
    const send = (origin: string) =>
      gateway.request(path, { ...init, headers: fromPage(origin, init.headers as Record<string, string>) });
    for (const origin of LISTED) {
      const response = await send(origin);
      expect(response.status).toBe(status);
      expectReadable(response, origin);
    }
    await fc.assert(
      fc.asyncProperty(notListed, async (origin) => {
        const fields = corsFieldsOf(await send(origin));
        // The board says the same to everybody.
        expect(fields).toEqual(what === 'the board' ? ['access-control-allow-origin'] : []);
      }),
      { numRuns: 30 },
    );
  });

  it.each<[string, number, string, Record<string, string>]>([
    ['a header field that is too long', 431, '/api', { 'X-Long': 'x'.repeat(20_000) }],
    ['an address that servers read differently', 400, '/api%00', {}],
    ['a request that the gateway forwarded itself', 508, '/api', { 'CDN-Loop': 'fairgate' }],
    ['an address of no room', 404, '/elsewhere', {}],
    ['an address of the gateway that does not exist', 404, '/_fairgate%2fx', {}],
    ['an address that only another room admits to', 400, '/api/%2e%2e%2fother', {}],
  ])('reads a refusal before its room is known: %s (%i)', async (_, status, path, headers) => {
    const gateway = await startInProcess({
      keys,
      room: { ...LATER, paths: ['/api'], corsOrigins: [APP], outside: 'refuse' },
      moreRooms: [{ id: 'other', paths: ['/other'] }],
    });
    const send = (origin: string) => gateway.request(path, { headers: fromPage(origin, headers) });
    const response = await send(APP);
    expect(response.status).toBe(status);
    expectReadable(response, APP);
    expect(corsFieldsOf(await send('https://evil.test'))).toEqual([]);
  });

  it('reads refusals while the store does not answer (503) and where its network took its places (429)', async () => {
    const gateway = await startInProcess({ keys, joinsPerNetwork: 1, room: { ...LATER, corsOrigins: [APP] } });
    const headers = fromPage(APP, { 'Fairgate-Client': 'app' });
    const join = () => gateway.request(`${ROOM}/join`, { method: 'POST', headers });
    expect((await join()).status).toBe(200);
    const limited = await join();
    expect(limited.status).toBe(429);
    expectReadable(limited, APP);
    gateway.store.mode = 'fails';
    gateway.clock.advance(10_000);
    await gateway.request('/api', { headers: fromPage(APP) });
    const unreachable = await gateway.request('/api', { headers: fromPage(APP) });
    expect(unreachable.status).toBe(503);
    expectReadable(unreachable, APP);
  });

  it('takes a place, with a cookie or as an app that keeps its tokens; a page of any other origin takes none', async () => {
    const gateway = await start(LATER);
    const entries = async () => {
      gateway.clock.advance(1_100);
      await gateway.request(`${ROOM}/board`);
      return (await (await gateway.request(`${ROOM}/board`)).json()).entries;
    };
    const join = (headers: Record<string, string>) => gateway.request(`${ROOM}/join`, { method: 'POST', headers });
    const withCookie = await join(fromPage(APP, { Cookie: 'fairgate-cookies=1' }));
    expect(withCookie.headers.getSetCookie().join()).toContain('fairgate-queue-demo=');
    expect((await join(fromPage(LISTED[1], { 'Fairgate-Client': 'app' }))).status).toBe(200);
    const byProtocol = await gateway.request('/api', { headers: fromPage(APP, { Cookie: 'fairgate-cookies=1' }) });
    expect((await byProtocol.json()).cfWaitingRoom.inWaitingRoom).toBe(true);
    expect(await entries()).toBe(3);
    await fc.assert(
      fc.asyncProperty(notListed, fc.boolean(), async (origin, isApp) => {
        const more = { Cookie: 'fairgate-cookies=1', ...(isApp ? { 'Fairgate-Client': 'app' } : {}) };
        expect((await join(fromPage(origin, more))).status).toBe(403);
        await gateway.request('/api', { headers: fromPage(origin, more) });
      }),
      { numRuns: 30 },
    );
    // A request without `Origin` shows no listed origin, whatever else it says.
    const { Origin: _, ...anonymous } = fromPage(APP, { Cookie: 'fairgate-cookies=1', 'Fairgate-Client': 'app' });
    expect((await join(anonymous)).status).toBe(403);
    expect(await entries()).toBe(3);
  });

  it('gets no CORS field of the gateway on the site’s own responses', async () => {
    const gateway = await start();
    const { admissionToken } = await joined(gateway);
    const response = await gateway.request('/api', {
      headers: fromPage(APP, { Authorization: `Bearer ${admissionToken}` }),
    });
    expect(await response.text()).toBe(MARKER);
    expect(corsFieldsOf(response)).toEqual([]);
  });
});

describe('a preflight', () => {
  const preflight = (gateway: InProcessGateway, path: string, origin: string, more: Record<string, string> = {}) =>
    gateway.request(path, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT', ...more },
    });
  const PATHS = ['/api', '/', ...['board', 'status', 'join', 'claim', 'leave'].map((name) => `${ROOM}/${name}`)];

  it.each(PATHS)('of a listed origin for %s is answered with 204, and of any other origin refused', async (path) => {
    const gateway = await start();
    const fields = { 'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key' };
    for (const origin of LISTED) {
      const response = await preflight(gateway, path, origin, fields);
      expect(response.status).toBe(204);
      expectReadable(response, origin);
      expect(response.headers.get('Access-Control-Allow-Methods')).toBe('PUT');
      expect(response.headers.get('Access-Control-Allow-Headers')).toBe(fields['Access-Control-Request-Headers']);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
    }
    await fc.assert(
      fc.asyncProperty(notListed, async (origin) => {
        const response = await preflight(gateway, path, origin, fields);
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(corsFieldsOf(response)).toEqual([]);
      }),
      { numRuns: 20 },
    );
    expect(gateway.forwarded).toEqual([]);
  });

  it('that asks for what is no method or field name is refused', async () => {
    const gateway = await start();
    for (const fields of ['a b', 'x'.repeat(1_100), 'a,,b', 'a:b', '"a"']) {
      const response = await preflight(gateway, '/api', APP, { 'Access-Control-Request-Headers': fields });
      expect([response.status, corsFieldsOf(response).includes('access-control-allow-headers')]).toEqual([403, false]);
    }
    const response = await preflight(gateway, '/api', APP, { 'Access-Control-Request-Method': 'G T' });
    expect(response.status).toBe(403);
  });

  it('takes no place, and an OPTIONS request that is none is answered as before', async () => {
    const gateway = await start();
    await preflight(gateway, '/api', APP);
    expect(gateway.store.applied).not.toContain('join');
    expect((await gateway.request('/api', { method: 'OPTIONS', headers: { Origin: APP } })).status).toBe(403);
  });
});

describe('the board', () => {
  it('varies by origin in a room that lists any, and is one answer for everybody in a room that lists none', async () => {
    const gateway = await start();
    const board = (origin: string | null, from = gateway) =>
      from.request(`${ROOM}/board`, { headers: origin === null ? {} : { Origin: origin } });
    for (const origin of [null, APP, 'https://evil.test']) {
      const { headers } = await board(origin);
      expect(headers.get('Vary')).toBe('Origin');
      expect(headers.get('Cache-Control')).toMatch(/^public, max-age=1/);
      expect(headers.get('Access-Control-Allow-Origin')).toBe(origin === APP ? APP : '*');
      expect(headers.has('Access-Control-Allow-Credentials')).toBe(origin === APP);
    }
    const plain = await startInProcess({ keys });
    const fields = await Promise.all([null, APP].map(async (origin) => [...(await board(origin, plain)).headers]));
    expect(fields[0]).toEqual(fields[1]);
    expect((await board(APP, plain)).headers.has('Vary')).toBe(false);
  });
});

describe('the setting corsOrigins', () => {
  const parse = (origins: string[]) => siteFields.corsOrigins.safeParse(origins);

  test.each([
    'https://app.example',
    'http://localhost',
    'http://localhost:8100',
    'capacitor://localhost',
    'ionic://localhost',
    'http://[::1]:5173',
    'https://xn--o39a10a.example',
  ])('takes %s', (origin) => {
    expect(parse([origin]).success).toBe(true);
  });

  test.each([
    ...['*', 'null', '', 'https://*.example', 'https://app.example/', 'https://app.example/x', 'https://APP.example'],
    ...[
      'https://app.example:443',
      'http://app.example:80',
      'https://u:p@app.example',
      'https://app.example?x',
      'app.example',
    ],
    ...['file://', 'file://host', 'https://앱.example', 'https://app.example ', 'https://a.example, https://b.example'],
    'https://app.example\r\nX: y',
  ])('refuses %j', (origin) => {
    expect(parse([origin]).success).toBe(false);
  });

  test('takes at most 16 origins, each once', () => {
    const many = Array.from({ length: 17 }, (_, index) => `https://a${index}.example`);
    expect([parse(many).success, parse(many.slice(1)).success]).toEqual([false, true]);
    expect(parse([APP, APP]).success).toBe(false);
  });

  test('takes nothing that a browser would not send as the origin of a page', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string(), fc.constantFrom(...LISTED)), (text) => {
        const url = URL.parse(text);
        if (parse([text]).success && /^https?:/.test(text)) expect(url?.origin).toBe(text);
      }),
    );
  });
});

async function joined(gateway: InProcessGateway): Promise<{ queueToken: string; admissionToken: string }> {
  const response = await gateway.request(`${ROOM}/join`, { method: 'POST', headers: AS_JSON });
  return response.json();
}
