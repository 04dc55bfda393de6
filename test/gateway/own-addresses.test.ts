// The gateway's own addresses: in one spelling only, a room's on its own hosts, operators' and metrics' on the console's host,
// and nothing else there.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { type InProcessGateway, PUBLIC_URL, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const WITH_KEY = { Authorization: `Bearer ${OPERATOR_KEY}` };

/** Spellings of `path` that some server in front takes for another path, and the gateway could take for this one. */
function spellingsOf(path: string): string[] {
  const last = path.lastIndexOf('/', path.length - 2) + 1;
  const [, first = ''] = path.split('/');
  const encoded = (at: number) => `${path.slice(0, at)}%${path.charCodeAt(at).toString(16)}${path.slice(at + 1)}`;
  return [
    ...[
      encoded(last),
      encoded(1),
      encoded(2),
      path.toUpperCase(),
      `/${path}`,
      `${path};x`,
      `${path}%20`,
      `${path}%3fx`,
    ],
    ...[`/x%2f..${path}`, `/x/..;${path}`, `/%2f${path.slice(1)}`, `/x.php${path}`],
    ...['//', '/x%2f..%2f', '%2F', ';x/', '/%20/'].map((between) => path.replace(`${first}/`, `${first}${between}`)),
  ];
}

const OWN = [
  '/_fairgate/operator/rooms',
  '/_fairgate/operator/rooms/demo',
  '/_fairgate/rooms/demo/board',
  '/_fairgate/rooms/demo/status',
  '/_fairgate/rooms/demo/proof',
  '/_fairgate/metrics',
  '/_fairgate/healthz',
  '/_fairgate/openapi.json',
  '/_fairgate/console/',
  '/.well-known/jwks.json',
];

describe('an address of the gateway', () => {
  it.each(OWN)('%s is answered in this spelling only; no other is answered or forwarded', async (path) => {
    const gateway = await startInProcess({ keys, room: { paths: ['/book'], outside: 'pass' } });
    expect((await gateway.request(path, { headers: WITH_KEY })).status).toBe(200);
    for (const spelling of spellingsOf(path)) {
      for (const headers of [WITH_KEY, { ...WITH_KEY, ...AS_PAGE }]) {
        const { status } = await gateway.request(spelling, { headers });
        expect([spelling, status]).toEqual([spelling, 404]);
      }
    }
    expect(gateway.forwarded).toEqual([]);
  });

  it('is not chosen by a Host that ends in a path', async () => {
    const gateway = await startInProcess({ keys });
    for (const host of [
      '127.0.0.1:8787/_fairgate/operator/rooms?',
      'x/_fairgate/healthz#',
      '127.0.0.1\\_fairgate/healthz',
    ]) {
      const response = await gateway.request('/_fairgate/healthz', { headers: { ...WITH_KEY, Host: host } });
      expect(response.status).toBe(400);
    }
  });
});

describe('a room’s addresses', () => {
  it('are on its own hosts only; those of a room of every host are everywhere', async () => {
    const gateway = await startInProcess({
      keys,
      room: { hosts: ['one.test', 'www.one.test'] },
      moreRooms: [
        { id: 'two', hosts: ['two.test'] },
        { id: 'every', hosts: ['*'], paths: ['/every'] },
      ],
    });
    const status = async (host: string, path: string, init: RequestInit) =>
      (await gateway.request(`/_fairgate/rooms/${path}`, init, `http://${host}`)).status;
    const requests: [string, RequestInit, number][] = [
      ['board', {}, 200],
      ['status', {}, 200],
      ['join', { method: 'POST', headers: AS_JSON }, 200],
      ['claim', { method: 'POST', headers: AS_JSON }, 409],
      ['leave', { method: 'POST', headers: AS_JSON }, 200],
      ['pass?code=x', { headers: AS_PAGE }, 403],
    ];
    for (const [action, init, expected] of requests) {
      const statuses = await Promise.all([
        ...['one.test', 'WWW.one.test', 'one.test:8080', 'one.test.'].map((host) =>
          status(host, `demo/${action}`, init),
        ),
        ...['two.test', 'one.test', '127.0.0.1'].map((host) => status(host, `every/${action}`, init)),
      ]);
      expect([action, new Set(statuses)]).toEqual([action, new Set([expected])]);
      for (const host of ['two.test', 'one.test.evil.test', '127.0.0.1', 'x.one.test']) {
        expect([action, host, await status(host, `demo/${action}`, init)]).toEqual([action, host, 404]);
      }
    }
    expect(gateway.store.applied).not.toContain('leave');
  });
});

const CONSOLE = 'http://localhost:9000';
const CONSOLE_TEST = 'https://console.test';

describe('the console’s host', () => {
  const answered = [
    '/_fairgate/console/',
    '/_fairgate/operator/rooms',
    '/_fairgate/metrics',
    '/_fairgate/healthz',
    '/_fairgate/openapi.json',
  ];

  async function separate(consoleUrl = CONSOLE): Promise<InProcessGateway> {
    return startInProcess({ keys, consoleUrl, room: { hosts: ['*'], paths: ['/book'], outside: 'pass' } });
  }

  it('answers operators and machines, and leads to the console', async () => {
    const gateway = await separate();
    for (const path of answered) expect((await gateway.request(path, { headers: WITH_KEY }, CONSOLE)).status).toBe(200);
    for (const path of ['/', '/_fairgate/console', '/?x=1']) {
      const response = await gateway.request(path, { headers: AS_PAGE }, CONSOLE);
      expect([response.status, response.headers.get('Location')]).toEqual([303, '/_fairgate/console/']);
    }
  });

  it('has no page of the protected site and none of a visitor, although a room is for every host', async () => {
    for (const [consoleUrl, hosts] of [
      [CONSOLE, ['http://localhost:9000', 'http://LOCALHOST:9000', 'http://localhost', 'http://localhost.:9000']],
      [
        CONSOLE_TEST,
        ['https://console.test', 'http://console.test', 'https://console.test:8443', 'https://console.test.'],
      ],
    ] as const) {
      const gateway = await separate(consoleUrl);
      const sameName = new URL(PUBLIC_URL).hostname === new URL(consoleUrl).hostname;
      expect(sameName).toBe(false);
      for (const host of hosts) {
        for (const path of [
          '/news',
          '/book',
          '/x.js',
          '//',
          '/_fairgate/rooms/demo/board',
          '/_fairgate/language?to=en',
          '/.well-known/jwks.json',
        ]) {
          for (const headers of [AS_PAGE, AS_JSON, WITH_KEY]) {
            expect([host, path, (await gateway.request(path, { headers }, host)).status]).toEqual([host, path, 404]);
          }
        }
        const post = { method: 'POST', body: 'a=1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
        expect((await gateway.request('/', post, host)).status).toBe(404);
        const join = await gateway.request('/_fairgate/rooms/demo/join', { method: 'POST', headers: AS_JSON }, host);
        expect(join.status).toBe(404);
      }
      expect(gateway.forwarded).toEqual([]);
      expect(gateway.store.applied).not.toContain('join');
    }
  });

  it('is the only one that answers operators', async () => {
    const gateway = await separate();
    for (const path of answered.slice(0, 3)) {
      expect((await gateway.request(path, { headers: WITH_KEY })).status).toBe(404);
      expect((await gateway.request(path, { headers: WITH_KEY }, 'http://localhost:9001')).status).toBe(404);
    }
    expect(await (await gateway.request('/news')).text()).toBe(MARKER);
  });

  it('differs from the visitors’ by its port where both have one name', async () => {
    const gateway = await separate('http://127.0.0.1:9000');
    expect((await gateway.request('/news', {}, 'http://127.0.0.1:9000')).status).toBe(404);
    expect(await (await gateway.request('/news')).text()).toBe(MARKER);
  });

  it('keeps the console’s window from pages that open it', async () => {
    const { headers } = await (await startInProcess({ keys })).request('/_fairgate/console/');
    expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
    expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'");
  });
});

describe('metrics', () => {
  const scrape = (gateway: InProcessGateway, headers: Record<string, string>, origin = PUBLIC_URL) =>
    gateway.request('/_fairgate/metrics', { headers }, origin);

  it('are for operators’ keys, whose wrong ones wait like at every address', async () => {
    const gateway = await startInProcess({ keys });
    expect(await (await scrape(gateway, WITH_KEY)).text()).toContain('fairgate_room_active{room="demo"} 0');
    const none = await scrape(gateway, {});
    expect([none.status, none.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer realm="fairgate operators"']);
    const wrong = await scrape(gateway, { Authorization: 'Bearer wrong-key' });
    expect([wrong.status, wrong.headers.has('Retry-After')]).toEqual([401, true]);
    for (const response of [none, wrong]) expect(await response.text()).not.toContain('demo');
  });

  it('are not read with an operator’s session by another site’s page', async () => {
    const gateway = await startInProcess({ keys });
    const host = { Host: new URL(PUBLIC_URL).host, Origin: PUBLIC_URL, 'Sec-Fetch-Site': 'same-origin' };
    const signIn = await gateway.request('/_fairgate/operator/session', {
      method: 'POST',
      headers: { ...host, 'Content-Type': 'application/json' },
      body: JSON.stringify({ key: OPERATOR_KEY }),
    });
    const Cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect((await scrape(gateway, { Cookie })).status).toBe(200);
    expect((await scrape(gateway, { Cookie, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
    for (const site of ['same-site', 'cross-site']) {
      const read = { Cookie, 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors' };
      expect((await scrape(gateway, read)).status).toBe(403);
      expect((await gateway.request('/_fairgate/operator/rooms', { headers: read })).status).toBe(403);
    }
  });

  it('are answered while the store does not respond, however long', async () => {
    const gateway = await startInProcess({ keys });
    expect((await scrape(gateway, WITH_KEY)).status).toBe(200);
    gateway.store.mode = 'fails';
    gateway.clock.advance(3_600_000);
    expect((await scrape(gateway, WITH_KEY)).status).toBe(200);
    expect((await gateway.request('/_fairgate/operator/rooms', { headers: WITH_KEY })).status).toBe(503);
    expect((await scrape(gateway, { Authorization: 'Bearer wrong-key' })).status).toBe(503);
  });

  it('need a key on the console’s host too', async () => {
    const gateway = await startInProcess({ keys, consoleUrl: CONSOLE });
    expect((await scrape(gateway, {}, CONSOLE)).status).toBe(401);
    expect((await scrape(gateway, WITH_KEY, CONSOLE)).status).toBe(200);
  });
});

it('the description of the API names no room and no host but the console’s', async () => {
  const gateway = await startInProcess({
    keys,
    room: { id: 'secret-room', hosts: ['secret.test'], title: { ko: '비밀', en: 'Secret' } },
  });
  const text = await (await gateway.request('/_fairgate/openapi.json')).text();
  for (const word of ['secret-room', 'secret.test', '비밀', 'origin.test']) expect(text).not.toContain(word);
});
