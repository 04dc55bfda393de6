// A site that no gateway stands before, by the package's hand-off, with a gateway in this process: every way to its handler leads
// through the room, in Fetch handlers and in Node alike.

import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { withHandOff } from '../../origin/fetch.ts';
import { createHandOff } from '../../origin/hand-off-flow.ts';
import type { HandOffOptions } from '../../origin/hand-off-options.ts';
import { handOff } from '../../origin/node.ts';
import type { Refusal } from '../../origin/verdict.ts';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, PUBLIC_URL, startInProcess } from '../gateway/in-process.ts';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { TwoOriginBrowser } from '../two-origin-browser.ts';

const SITE = 'http://localhost:3000';
const ADMISSION = 'site-admission-demo';
const VERIFIER = 'site-verifier-demo';
const GATE_HOST = new URL(PUBLIC_URL).hostname;

let keys: SigningKeys;
let gateway: InProcessGateway;
/** Requests of the site's server to the gateway, and how they fail. */
let asked: string[];
let isDown: boolean;
let refusals: Refusal[];
/** Requests that reached a handler, by target and visitor. */
let reached: string[];
const servers: Server[] = [];

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

beforeEach(async () => {
  [asked, isDown, refusals, reached] = [[], false, [], []];
  gateway = await startInProcess({ keys, room: { handOff: [SITE] } });
});

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const askGateway = (async (input, init) => {
  const url = new URL(String(input));
  asked.push(url.pathname);
  if (isDown) throw new TypeError('fetch failed');
  return gateway.request(`${url.pathname}${url.search}`, init);
}) as typeof fetch;

const options = (changes: Partial<HandOffOptions> = {}): HandOffOptions => ({
  gateway: PUBLIC_URL,
  room: 'demo',
  site: SITE,
  fetch: askGateway,
  now: gateway.clock.now,
  onRefusal: (refusal) => refusals.push(refusal),
  ...changes,
});

type SendToSite = (url: URL, init: RequestInit) => Promise<Response>;

const fetchHandler = async (changes?: Partial<HandOffOptions>): Promise<SendToSite> => {
  const handle = withHandOff(options(changes), (request, { sub }) => {
    const { pathname, search } = new URL(request.url);
    reached.push(`${request.method} ${pathname}${search} ${sub}`);
    return new Response(`hello ${sub}`);
  });
  return (url, init) => handle(new Request(url, init));
};

const adapters: [string, (changes?: Partial<HandOffOptions>) => Promise<SendToSite>][] = [
  ['a Fetch handler', fetchHandler],
  [
    'middleware of Express and its relatives',
    async (changes) => {
      const check = handOff(options(changes));
      const server = createServer((request, response) =>
        check(request, response, () => {
          reached.push(`${request.method} ${request.url} ${request.admission?.sub}`);
          response.setHeader('Set-Cookie', [...[response.getHeader('Set-Cookie') ?? []].flat().map(String), 'own=1']);
          response.end(`hello ${request.admission?.sub}`);
        }),
      );
      servers.push(server);
      const port = await listenOnLoopback(server);
      return (url, init) => fetch(`http://127.0.0.1:${port}${url.pathname}${url.search}`, init);
    },
  ],
];

const browserOf = (send: SendToSite) =>
  new TwoOriginBrowser((url, init) =>
    url.origin === SITE ? send(url, init) : gateway.request(`${url.pathname}${url.search}`, init),
  );

const wait = async () => gateway.clock.advance(1_000);

async function admitted(send: SendToSite, path = '/book'): Promise<TwoOriginBrowser> {
  const browser = browserOf(send);
  const shown = await browser.comeIn(`${SITE}${path}`, 'demo', wait);
  expect(shown.text).toMatch(/^hello [\w-]{22}$/);
  return browser;
}

/** The address with the code that a browser was led to last. */
const withCodeIn = (browser: TwoOriginBrowser) =>
  browser.visited.findLast((url) => url.searchParams.has('fairgate_code')) as URL;

/** A browser that was led back with a code, which it did not follow. */
async function ledBack(browser: TwoOriginBrowser, path = '/book'): Promise<URL> {
  const sent = await browser.request(`${SITE}${path}`);
  const enter = new URL(sent.headers.get('Location') ?? '');
  for (let looks = 0; looks < 20; looks++) {
    const response = await browser.request(enter);
    const location = response.headers.get('Location');
    if (location !== null) return new URL(location);
    const headers = { Accept: 'application/json', 'Sec-Fetch-Site': 'same-origin' };
    await browser.request(`${PUBLIC_URL}/_fairgate/rooms/demo/join`, { method: 'POST', headers });
    await wait();
  }
  throw new Error('The room led nowhere.');
}

describe.each(adapters)('%s', (_, start) => {
  it('leads a visitor through the room to the address that they asked for', async () => {
    const browser = await admitted(await start(), '/book?day=2&x=%2F');
    const addresses = browser.visited.map((url) => `${url.origin}${url.pathname}`);
    expect(new Set(addresses)).toEqual(
      new Set([`${SITE}/book`, `${PUBLIC_URL}/_fairgate/rooms/demo/enter`, `${PUBLIC_URL}/_fairgate/rooms/demo/join`]),
    );
    expect(browser.visited.at(-1)?.href).toBe(`${SITE}/book?day=2&x=%2F`);
    // No handler saw a code.
    expect(reached).toEqual([expect.stringMatching(/^GET \/book\?day=2&x=%2F [\w-]{22}$/)]);
    const jar = browser.jar('localhost');
    expect(jar.get(VERIFIER)).toBe(undefined);
    expect(decodeJwt(jar.get(ADMISSION) ?? '')).toMatchObject({ room: 'demo', aud: 'urn:fairgate:origin:demo' });
    // From then on it is a matter of the cookie alone.
    const before = asked.length;
    expect(await (await browser.request(`${SITE}/book`)).text()).toMatch(/^hello/);
    expect(asked.slice(before)).toEqual([]);
  });

  it('keeps what it sets to itself: no script, no other host, no cache', async () => {
    const send = await start();
    const browser = browserOf(send);
    const sent = await browser.request(`${SITE}/book`);
    expect(sent.status).toBe(303);
    expect(sent.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^site-verifier-demo=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    const back = await ledBack(browser);
    const exchanged = await browser.request(back);
    expect([exchanged.status, exchanged.headers.get('Location')]).toEqual([303, `${SITE}/book`]);
    expect(exchanged.headers.getSetCookie()[0]).toMatch(
      /^site-admission-demo=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    for (const response of [sent, exchanged]) {
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      expect(response.headers.get('Referrer-Policy')).toBe('no-referrer');
    }
    const shown = await browser.request(`${SITE}/book`);
    expect(shown.headers.get('Cache-Control')).toBe('private');
  });

  it('refuses what shows no page, and sends a form that was not admitted to the room without it', async () => {
    const send = await start();
    const browser = browserOf(send);
    const script = { Accept: '*/*', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Mode': 'cors' };
    for (const init of [
      { headers: script },
      { method: 'POST', headers: script },
      { method: 'DELETE' },
      { method: 'HEAD' },
      { headers: { ...AS_PAGE, 'Sec-Fetch-Dest': 'iframe' } },
      { headers: { ...AS_PAGE, 'Sec-Purpose': 'prefetch' } },
      { headers: { Accept: '*/*' } },
    ]) {
      const response = await browser.request(`${SITE}/book`, init);
      expect([init, response.status, response.headers.getSetCookie()]).toEqual([init, 403, []]);
    }
    const form = { ...AS_PAGE, Referer: `${SITE}/book?day=2`, 'Content-Type': 'application/x-www-form-urlencoded' };
    const sent = await browser.request(`${SITE}/pay`, { method: 'POST', headers: form, body: 'a=1' });
    const enter = new URL(sent.headers.get('Location') ?? '');
    expect([sent.status, enter.searchParams.get('return'), enter.searchParams.get('form')]).toEqual([
      303,
      `${SITE}/book?day=2`,
      'not-sent',
    ]);
    expect(reached).toEqual([]);
  });

  it('takes no code of another browser, and uses up one that was brought here', async () => {
    const send = await start();
    const [victim, attacker] = [browserOf(send), browserOf(send)];
    const planted = await ledBack(attacker);
    // The victim opens the attacker's link, before and after a visit of their own to the site.
    for (const prepare of [async () => {}, async () => void (await victim.request(`${SITE}/book`))]) {
      await prepare();
      const response = await victim.request(planted);
      expect(new URL(response.headers.get('Location') ?? '').origin).toBe(PUBLIC_URL);
      expect(victim.jar('localhost').get(ADMISSION)).toBe(undefined);
    }
    const late = await attacker.request(planted);
    expect(new URL(late.headers.get('Location') ?? '').pathname).toBe('/_fairgate/rooms/demo/enter');
    expect(attacker.jar('localhost').get(ADMISSION)).toBe(undefined);
    expect(reached).toEqual([]);
  });

  it('admits nobody by a code that was used: another one is asked for', async () => {
    const send = await start();
    const browser = await admitted(send);
    const spent = withCodeIn(browser);
    const verifier = browser.visited.length;
    const thief = browserOf(send);
    const response = await thief.request(spent);
    expect(new URL(response.headers.get('Location') ?? '').origin).toBe(PUBLIC_URL);
    // In the visitor's own browser the address works on: it is theirs, and the code is taken out of it.
    const again = await browser.open(spent);
    expect([again.url.href, browser.visited.length - verifier]).toEqual([`${SITE}/book`, 2]);
  });

  it('sends a browser that keeps no cookies to the room twice, and then says what to do', async () => {
    const send = await start();
    const browser = browserOf(send);
    browser.jar(GATE_HOST).set('fairgate-cookies', '1');
    await ledBack(browser);
    // It keeps the room's from here on, and none of the site's.
    const gate = browser.jar(GATE_HOST);
    browser.jars.clear();
    browser.jars.set(GATE_HOST, gate);
    browser.keepsCookies = false;
    browser.visited.length = 0;
    const { response, text } = await browser.open(`${SITE}/book`);
    expect([response.status, JSON.parse(text).reason]).toEqual([403, 'handOff']);
    expect(text).toMatch(/cookies.*쿠키/);
    expect(browser.visited.filter(({ origin }) => origin === PUBLIC_URL)).toHaveLength(2);
    expect(refusals.at(-1)).toEqual({ kind: 'refused', reason: 'handOff' });
  });

  it('is admitted after a verifier that was lost in the wait, by one more way round', async () => {
    const send = await start();
    const browser = browserOf(send);
    const back = await ledBack(browser);
    browser.jar('localhost').keep({ headers: new Headers([['Set-Cookie', `${VERIFIER}=; Max-Age=0`]]) });
    expect((await browser.open(back)).text).toMatch(/^hello/);
  });

  it('admits two tabs that came at once', async () => {
    const send = await start();
    const browser = browserOf(send);
    const [one, two] = [await ledBack(browser, '/a'), await ledBack(browser, '/b')];
    browser.visited.length = 0;
    expect((await browser.open(one)).url.href).toBe(`${SITE}/a`);
    expect((await browser.open(two)).url.href).toBe(`${SITE}/b`);
    expect(reached).toHaveLength(2);
    // Both have one verifier: neither has to go to the room again.
    expect(browser.visited.filter(({ origin }) => origin === PUBLIC_URL)).toEqual([]);
  });

  it('renews a session in the second half of its token, once for many requests at once', async () => {
    const send = await start();
    const browser = await admitted(send);
    const first = browser.jar('localhost').get(ADMISSION) ?? '';
    gateway.clock.advance(200_000);
    asked.length = 0;
    await Promise.all(Array.from({ length: 20 }, () => browser.request(`${SITE}/book`)));
    expect(asked).toEqual(['/_fairgate/rooms/demo/status']);
    const second = browser.jar('localhost').get(ADMISSION) ?? '';
    expect(decodeJwt(second).exp).toBeGreaterThan(decodeJwt(first).exp ?? 0);
    gateway.clock.advance(200_000);
    expect((await browser.request(`${SITE}/book`)).status).toBe(200);
  });

  it.each([
    ['at the next renewal, unless it asks', {}, 200],
    ['within the seconds of checkEvery', { checkEvery: 30 }, 303],
  ])('notices a session that ended early %s', async (what, changes, status) => {
    const send = await start(changes);
    const browser = await admitted(send);
    await browser.request(`${PUBLIC_URL}/_fairgate/rooms/demo/leave`, {
      method: 'POST',
      headers: { Accept: 'application/json', 'Sec-Fetch-Site': 'same-origin' },
    });
    gateway.clock.advance(31_000);
    // One round to have the gateway see it.
    await gateway.request('/_fairgate/rooms/demo/board');
    await new Promise((resolve) => setImmediate(resolve));
    gateway.clock.advance(1_000);
    expect([what, (await browser.request(`${SITE}/book`)).status]).toEqual([what, status]);
    gateway.clock.advance(120_000);
    const late = await browser.request(`${SITE}/book`);
    expect([late.status, new URL(late.headers.get('Location') ?? '').origin]).toEqual([303, PUBLIC_URL]);
  });

  it('goes on to the end of a token while the gateway does not answer, and admits nobody new', async () => {
    const send = await start({ checkEvery: 10 });
    const browser = await admitted(send);
    const other = browserOf(send);
    const back = await ledBack(other);
    isDown = true;
    gateway.clock.advance(30_000);
    expect((await browser.request(`${SITE}/book`)).status).toBe(200);
    const refused = await other.request(back);
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '5']);
    expect(refused.headers.get('Refresh')).toBe(`5; url=${SITE}/book`);
    expect(refused.headers.getSetCookie()).toEqual([]);
    gateway.clock.advance(400_000);
    expect((await browser.request(`${SITE}/book`)).status).not.toBe(200);
  });

  it('admits by no token but one of its room, in its own cookie', async () => {
    const send = await start();
    const browser = await admitted(send);
    const token = browser.jar('localhost').get(ADMISSION) ?? '';
    const queue = browser.jar(GATE_HOST).get('fairgate-queue-demo') ?? '';
    for (const headers of [
      { Authorization: `Bearer ${token}` },
      { 'Fairgate-Admission': token },
      { Cookie: `fairgate-admission-demo=${token}` },
      { Cookie: `${ADMISSION}=${queue}` },
      { Cookie: `${ADMISSION}=${token.slice(0, -8)}AAAAAAAA` },
      { Cookie: `x${ADMISSION}=${token}` },
    ] as Record<string, string>[]) {
      expect((await send(new URL(`${SITE}/book`), { headers, redirect: 'manual' })).status).toBe(403);
    }
    expect((await send(new URL(`${SITE}/book`), { headers: { Cookie: `a=b; ${ADMISSION}=${token}` } })).status).toBe(
      200,
    );
  });
});

it('leads to the room and to the site alone, whatever stands in a request', async () => {
  const answer = createHandOff(options());
  const target = fc.oneof(
    fc.string(),
    fc.webPath(),
    fc.webUrl(),
    fc.constantFrom(
      '//evil.test/',
      '/\\evil.test',
      '/%2f%2fevil.test',
      '/.//evil.test',
      'https://evil.test/',
      '/a?fairgate_again=1',
    ),
  );
  await fc.assert(
    fc.asyncProperty(target, fc.option(fc.webUrl(), { nil: null }), fc.boolean(), async (path, referer, isForm) => {
      const headers: Record<string, string | null> = { Accept: 'text/html', Referer: referer, Host: 'evil.test' };
      const header = (name: string) => headers[name] ?? null;
      const outcome = await answer({ method: isForm ? 'POST' : 'GET', target: path, header });
      if (outcome.kind !== 'answer') throw new Error('admitted');
      const location = outcome.headers['Location'];
      if (location === undefined) return;
      expect(location).toMatch(/^[!-~]+$/);
      const url = new URL(location);
      expect(url.origin).toBe(PUBLIC_URL);
      expect(url.searchParams.get('return')?.startsWith(`${SITE}/`)).toBe(true);
      expect(new URL(url.searchParams.get('return') ?? '').origin).toBe(SITE);
    }),
    { numRuns: 500 },
  );
});

it('guards upgrades by the cookie alone', async () => {
  const check = handOff(options());
  const server = createServer((_, response) => response.end());
  servers.push(server);
  server.on('upgrade', async (request, socket) => {
    const claims = await check.upgrade(request, socket);
    if (claims !== null) socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n`);
  });
  const port = await listenOnLoopback(server);
  const browser = await admitted(await fetchHandler());
  const upgrade = (headers: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const fields = Object.entries({ Host: 'localhost', Connection: 'Upgrade', Upgrade: 'websocket', ...headers });
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`GET / HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`),
      );
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
    });
  expect(await upgrade({ Accept: 'text/html' })).toBe('HTTP/1.1 403 Forbidden');
  const cookie = `${ADMISSION}=${browser.jar('localhost').get(ADMISSION)}`;
  expect(await upgrade({ Cookie: cookie })).toBe('HTTP/1.1 101 Switching Protocols');
});

describe('the options', () => {
  const secure = () => options({ gateway: 'https://gate.example', site: 'https://shop.example' });

  test.each<[string, Record<string, unknown>]>([
    ['gateway', { gateway: 'http://gate.example' }],
    ['gateway', { gateway: 'https://gate.example/' }],
    ['gateway', { gateway: 'gate.example' }],
    ['site', { site: 'https://shop.example/book' }],
    ['site', { site: 'http://shop.example' }],
    ['site', { site: undefined }],
    ['room', { room: '' }],
    ['room', { room: '../x' }],
    ['checkEvery', { checkEvery: 0 }],
    ['checkEvery', { checkEvery: Number.NaN }],
    ['audience', { audience: ' ' }],
    ['issuers', { issuers: 'x' }],
  ])('refuse a bad %s at start: %j', (option, changes) => {
    expect(() => createHandOff({ ...secure(), ...changes } as HandOffOptions)).toThrow(
      expect.objectContaining({ option }),
    );
  });

  it('give cookies that only this host can set, by https', async () => {
    const header = (name: string) => (name === 'Accept' ? 'text/html' : null);
    const outcome = await createHandOff(secure())({ method: 'GET', target: '/', header });
    expect(outcome.cookies[0]).toMatch(/^__Host-site-verifier-demo=.*; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  });
});
