// Forward auth: what the gateway answers a proxy that asks about a visitor's request, and whom it answers at all. The app runs in
// this process with a manual clock; test/gateway/beside-proxies.test.ts runs real proxies.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { change } from '../core/sample-rooms.ts';
import { ask, onCurrentVersion, signIn } from '../operators/operator-client.ts';
import { payloadOf } from './forged-tokens.ts';
import {
  enter,
  type InProcessGateway,
  type InProcessOptions,
  InProcessVisitor,
  NOON,
  PUBLIC_URL,
  pageKindOf,
  placesGiven,
  startBeside,
  startInProcess,
} from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;
beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const PROXY = '10.0.0.1';
const VISITOR = '192.0.2.7';
const HOST = new URL(PUBLIC_URL).host;
const ADMISSION = 'fairgate-admission-demo';
const VERIFY = '/_fairgate/verify';

const start = (options: Partial<InProcessOptions> = {}) => startInProcess({ keys, trustedProxies: PROXY, ...options });

interface Asked {
  method?: string;
  uri?: string;
  /** The visitor's own fields, which proxies hand on. */
  headers?: Record<string, string>;
  /** Changes to what the proxy itself sends; undefined: it does not send the field. */
  proxy?: Record<string, string | undefined>;
}

const NAMINGS = ['x-forwarded', 'x-original', 'path'] as const;
type Naming = (typeof NAMINGS)[number];

/** What a proxy of this kind asks. */
function question(naming: Naming, { method = 'GET', uri = '/book', headers = {}, proxy = {} }: Asked = {}) {
  const told: Record<Naming, Record<string, string>> = {
    'x-forwarded': {
      'X-Forwarded-Method': method,
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': HOST,
      'X-Forwarded-Uri': uri,
    },
    'x-original': { 'X-Original-Method': method, 'X-Original-URI': uri, 'X-Forwarded-Host': HOST },
    path: {},
  };
  const all: Record<string, string | undefined> = {
    Host: HOST,
    ...headers,
    'CF-Connecting-IP': PROXY,
    'X-Forwarded-For': VISITOR,
    'Sec-Fairgate-Verify': naming,
    ...told[naming],
    ...proxy,
  };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const path = naming === 'path' ? `${VERIFY}${uri}` : VERIFY;
  return { path, init: { method: naming === 'path' ? method : 'GET', headers: Object.fromEntries(sent) } };
}

function verify(gateway: InProcessGateway, asked: Asked = {}, naming: Naming = 'x-forwarded'): Promise<Response> {
  const { path, init } = question(naming, asked);
  return gateway.request(path, init);
}

const cookieOf = (visitor: InProcessVisitor) => ({ Cookie: visitor.jar.header });

async function problemOf(response: Response, detailed = ''): Promise<string> {
  const { type, status, detail } = await response.json();
  expect(detail).toContain(detailed);
  expect([response.status, status]).toEqual([403, 403]);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  const [, name] = /^https:\/\/fairgate\.dev\/problems\/([a-z-]+)$/.exec(type) ?? [];
  expect(response.headers.get('Fairgate-Problem')).toBe(name);
  return name ?? '';
}

async function entered(gateway: InProcessGateway): Promise<InProcessVisitor> {
  const visitor = await enter(gateway);
  await visitor.page();
  return visitor;
}

describe('a proxy that asks about a request of an admitted visitor', () => {
  it.each(NAMINGS)('gets the token and the visitor’s cookies without the gateway’s (%s)', async (naming) => {
    const gateway = await start();
    const visitor = await entered(gateway);
    const before = gateway.forwarded.length;
    for (const method of naming === 'path' ? ['GET', 'HEAD', 'POST', 'DELETE'] : ['GET', 'HEAD', 'POST', 'PROPFIND']) {
      const headers = { Cookie: `a=1; ${visitor.jar.header}; __Host-fairgate-operator=x; b=2` };
      const response = await verify(gateway, { method, uri: '/book?x=1', headers }, naming);
      expect(response.status).toBe(naming === 'path' ? 200 : 204);
      expect(response.headers.get('Fairgate-Admission')).toBe(visitor.jar.get(ADMISSION));
      expect(response.headers.get('Cookie')).toBe('a=1; b=2');
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      expect(await response.text()).toBe('');
    }
    expect(gateway.forwarded.length).toBe(before);
  });

  it('gets an empty Cookie where the visitor has none but the gateway’s', async () => {
    const gateway = await start();
    const response = await verify(gateway, { headers: cookieOf(await entered(gateway)) });
    expect([response.status, response.headers.get('Cookie')]).toEqual([204, '']);
  });

  it('gets the renewed cookie as the one Set-Cookie line, and a client with a Bearer token the readable field', async () => {
    const gateway = await start({ room: { policy: { sessionMinutes: 1 } } });
    const visitor = await entered(gateway);
    const token = visitor.jar.get(ADMISSION) ?? '';
    gateway.clock.advance(40_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    const app = await verify(gateway, { headers: { Authorization: `Bearer ${token}` } });
    const renewed = app.headers.get('Fairgate-Admission-Token');
    expect([app.status, app.headers.get('Fairgate-Admission'), app.headers.getSetCookie()]).toEqual([204, renewed, []]);
    expect(payloadOf(renewed ?? '').exp).toBeGreaterThan(Number(payloadOf(token).exp));
    const browser = await verify(gateway, { headers: cookieOf(visitor) });
    const lines = browser.headers.getSetCookie();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^${ADMISSION}=${browser.headers.get('Fairgate-Admission')};.*HttpOnly`));
    expect(browser.headers.get('Fairgate-Admission-Token')).toBeNull();
  });

  it('is told no once the session has ended, at every gateway within 3 s', async () => {
    const gateway = await start();
    const beside = await startBeside(gateway, { trustedProxies: PROXY });
    const visitor = await entered(gateway);
    const headers = cookieOf(visitor);
    expect((await verify(beside, { headers })).status).toBe(204);
    await visitor.act('leave');
    expect(await problemOf(await verify(gateway, { headers }))).toBe('no-admission');
    gateway.clock.advance(3_000);
    expect(await problemOf(await verify(beside, { headers }))).toBe('no-admission');
  });

  it('is told no from a seventeenth network of the session on, and that it is used too much', async () => {
    const gateway = await start({ room: { policy: { sessionMinutes: 30 } } });
    const headers = cookieOf(await entered(gateway));
    const from = (address: string) => verify(gateway, { headers, proxy: { 'X-Forwarded-For': address } });
    for (let network = 1; network <= 15; network++) expect((await from(`192.0.2.${network}`)).status).toBe(204);
    expect(await problemOf(await from('192.0.2.99'))).toBe('session-overused');
    expect((await from('192.0.2.15')).status).toBe(204);
  });

  it('gets an operator’s pass through, as a forwarded request does', async () => {
    const gateway = await start({ room: { schedule: { opensAt: new Date(NOON + 3_600_000).toISOString() } } });
    const { document } = await ask(gateway, 'givePass', { headers: await signIn(gateway) });
    const { pathname, search } = new URL((document as { link: { address: string } }).link.address);
    const used = await gateway.request(`${pathname}${search}`, { headers: { ...AS_PAGE, Host: HOST } });
    const Cookie = used.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect((await verify(gateway, { headers: { Cookie } })).status).toBe(204);
    expect((await verify(gateway)).status).toBe(403);
  });
});

describe('a proxy that asks about anybody else', () => {
  it('is told to send a person to the waiting page, which leads back to the address as it was sent', async () => {
    const gateway = await start();
    for (const uri of ['/', '/book', '/book?a=b&c=%20d', '//book', '/%EC%98%88%EC%95%BD', '/x;y=1']) {
      const response = await verify(gateway, { uri, headers: AS_PAGE });
      expect(response.status).toBe(401);
      const location = response.headers.get('Location') ?? '';
      const returnTo = uri.startsWith('//') ? '/' : uri;
      expect(location).toBe(`/_fairgate/rooms/demo/wait?return=${encodeURIComponent(returnTo)}`);
      expect(response.headers.get('Refresh')).toBe(`0; url=${location}`);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      expect(await pageKindOf(response)).toBe('badRequest');
      expect(await pageKindOf(await gateway.request(location, { headers: AS_PAGE }))).toBe('newcomer');
    }
    const long = await verify(gateway, { uri: `/book?${'q'.repeat(4_000)}`, headers: AS_PAGE });
    expect(long.headers.get('Location')).toBe('/_fairgate/rooms/demo/wait?return=%2Fbook');
    const longer = await verify(gateway, { uri: `/${'b'.repeat(4_000)}`, headers: AS_PAGE });
    expect(longer.headers.get('Location')).toBe('/_fairgate/rooms/demo/wait?return=%2F');
  });

  it('a person’s form leads to a waiting page that says it was not sent, and back to where it was', async () => {
    const gateway = await start({ room: { schedule: { opensAt: new Date(NOON + 60_000).toISOString() } } });
    const headers = { ...AS_PAGE, Referer: `${PUBLIC_URL}/form?a=1`, 'Sec-Fetch-Site': 'same-origin' };
    const response = await verify(gateway, { method: 'POST', headers });
    const location = response.headers.get('Location') ?? '';
    expect([response.status, location]).toEqual([
      401,
      '/_fairgate/rooms/demo/wait?return=%2Fform%3Fa%3D1&form=not-sent',
    ]);
    const form = await gateway.request(location, { headers: AS_PAGE });
    expect(form.status).toBe(503);
    expect(await form.text()).toContain('"formNotSent":true');
    const other = await gateway.request('/_fairgate/rooms/demo/wait?return=%2Fform', { headers: AS_PAGE });
    expect(await other.text()).toContain('"formNotSent":false');
  });

  it('is told no with a problem for scripts, apps, prefetches, preflights and WebSockets, which says where to go', async () => {
    const gateway = await start({ room: { corsOrigins: ['https://app.example'] } });
    const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' };
    const asked: Asked[] = [
      {},
      { headers: AS_JSON },
      { headers: { ...AS_PAGE, 'Sec-Purpose': 'prefetch' } },
      { method: 'POST', headers: { Accept: 'application/json' } },
      { method: 'DELETE', headers: AS_PAGE },
      { method: 'OPTIONS', headers: preflight },
      {
        headers: {
          Upgrade: 'websocket',
          Connection: 'Upgrade',
          'Sec-Fetch-Mode': 'websocket',
          'Sec-Fetch-Dest': 'empty',
        },
      },
    ];
    for (const one of asked) {
      const response = await verify(gateway, one);
      expect(response.headers.get('Link')).toContain(
        '</_fairgate/rooms/demo/wait>; rel="https://fairgate.dev/rels/wait"',
      );
      expect(await problemOf(response)).toBe('no-admission');
    }
    const readable = await verify(gateway, { headers: { Origin: 'https://app.example' } });
    expect(readable.headers.get('Access-Control-Allow-Origin')).toBe('https://app.example');
    const unknown = await verify(gateway, { proxy: { 'X-Forwarded-Host': 'other.example' } });
    expect(unknown.status).toBe(403);
  });

  it('is told no at a host without a room, at an address of the gateway, and outside where the room refuses that', async () => {
    const gateway = await start({ room: { hosts: ['a.example'], paths: ['/book'], outside: 'refuse' } });
    const at = (host: string, uri: string) => verify(gateway, { uri, proxy: { 'X-Forwarded-Host': host } });
    for (const [host, uri] of [
      ['b.example', '/book'],
      ['a.example', '/other'],
      ['a.example', '/_fairgate/rooms/demo/board'],
      ['a.example', '/%5ffairgate/verify'],
      ['a.example', '/.well-known/jwks.json'],
    ] as const) {
      expect(await problemOf(await at(host, uri)), `${host}${uri}`).toBe('not-found');
    }
    expect(await problemOf(await at('a.example', '/book'))).toBe('no-admission');
    const whole = await start();
    const headers = cookieOf(await entered(whole));
    for (const uri of ['/_fairgate/operator/rooms', '/x/..;/_fairgate/', '/_fairgate']) {
      expect(await problemOf(await verify(whole, { uri, headers })), uri).toBe('not-found');
    }
  });

  it('gives nobody a place, nor the turn of one', async () => {
    const gateway = await start();
    for (const naming of NAMINGS) {
      for (const headers of [AS_PAGE, AS_JSON, { ...AS_PAGE, Cookie: 'fairgate-cookies=1' }]) {
        const response = await verify(gateway, { headers }, naming);
        expect([401, 403]).toContain(response.status);
        expect(response.headers.getSetCookie()).toEqual([]);
      }
    }
    expect(placesGiven(gateway)).toBe(0);
    const later = await start({ room: { schedule: { opensAt: new Date(NOON + 30_000).toISOString() } } });
    const visitor = new InProcessVisitor(later);
    await visitor.act('join');
    later.clock.advance(40_000);
    await expect.poll(async () => (await visitor.status()).state).toBe('called');
    expect((await verify(later, { headers: { ...AS_PAGE, ...cookieOf(visitor) } })).status).toBe(401);
    expect(later.store.applied).not.toContain('claim');
    await visitor.page();
    expect(later.store.applied).toContain('claim');
  });

  it('says yes without a token to exempt requests and outside paths, unless a field makes another request of them', async () => {
    const gateway = await start({
      room: { paths: ['/book'], outside: 'pass', exempt: ['/book/static', { path: '/book/hook', methods: ['POST'] }] },
    });
    const headers = cookieOf(await entered(gateway));
    for (const [method, uri] of [
      ['GET', '/book/static/a.css'],
      ['POST', '/book/hook'],
      ['DELETE', '/elsewhere'],
    ] as const) {
      for (const more of [{}, headers]) {
        const response = await verify(gateway, { method, uri, headers: more });
        expect([response.status, response.headers.get('Fairgate-Admission')], uri).toEqual([204, '']);
      }
    }
    const OVERRIDES = ['X-HTTP-Method-Override', 'X-Method-Override', 'Script_Name', 'X~Rewrite~URL'];
    for (const name of OVERRIDES) {
      const response = await verify(gateway, { uri: '/book/static/a.css', headers: { [name]: '/book' } });
      expect(response.status, name).toBe(403);
    }
    for (const name of ['X-Rewrite-URL', 'X_Rewrite_Url', 'X-Request-Uri', 'Path-Info']) {
      const response = await verify(gateway, { uri: '/elsewhere', headers: { ...headers, [name]: '/book' } });
      expect(await problemOf(response), name).toBe('verify-unusable');
    }
    expect((await verify(gateway, { method: 'POST', uri: '/book/static/a.css' })).status).toBe(403);
    expect((await verify(gateway, { uri: '/book/static/a.css?_method=DELETE' })).status).toBe(403);
  });

  it('says no while the store does not respond, but for sessions that this gateway has let through', async () => {
    const gateway = await start();
    const beside = await startBeside(gateway, { trustedProxies: PROXY });
    const headers = cookieOf(await entered(gateway));
    await beside.request('/_fairgate/rooms/demo/board');
    for (const one of [gateway, beside]) one.store.mode = 'fails';
    gateway.clock.advance(10_000);
    for (const one of [gateway, beside]) await one.request('/_fairgate/rooms/demo/board');
    gateway.clock.advance(10_000);
    expect((await verify(gateway, { headers })).status).toBe(204);
    const script = await verify(beside, { headers });
    expect(script.headers.get('Retry-After')).toBe('5');
    expect(await problemOf(script)).toBe('store-unreachable');
    expect((await verify(beside, { headers: { ...AS_PAGE, ...headers } })).status).toBe(401);
  });

  it('says no where a visitor who has passed at once comes back too late, and another one has the vacancy', async () => {
    const gateway = await start({ room: { policy: { totalActiveUsers: 1 } } });
    const late = new InProcessVisitor(gateway);
    await late.send('/', { headers: { ...AS_PAGE, Cookie: 'fairgate-cookies=1' } });
    const headers = cookieOf(late);
    gateway.clock.at = Number(payloadOf(late.jar.get(ADMISSION) ?? '')['present_by']) * 1_000 + 1_000;
    await gateway.request('/_fairgate/rooms/demo/board');
    await entered(gateway);
    expect(await problemOf(await verify(gateway, { headers }))).toBe('no-admission');
    expect((await verify(gateway, { headers: { ...AS_PAGE, ...headers } })).status).toBe(401);
  });

  it('says no where a store that fails is needed to tell', async () => {
    const gateway = await start();
    const visitor = new InProcessVisitor(gateway);
    await visitor.send('/', { headers: { ...AS_PAGE, Cookie: 'fairgate-cookies=1' } });
    const { present_by: presentBy } = payloadOf(visitor.jar.get(ADMISSION) ?? '');
    gateway.clock.at = Number(presentBy) * 1_000 + 10;
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.store.mode = 'fails';
    expect(await problemOf(await verify(gateway, { headers: cookieOf(visitor) }))).toBe('store-unreachable');
  });
});

describe('the answer to a proxy', () => {
  const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  const PATHS = [
    '/',
    '/book',
    '/%62ook',
    '/Book',
    '//book',
    '/book;a=b',
    '/book/x.js',
    '/book/static/a.css',
    '/vip',
    '/vip/x',
  ].concat([
    '/vip%2fx',
    '/other',
    '/other/book',
    '/index.php/book',
    '/book/static/..%2f',
    '/a%2Fvip',
    '/%',
    '/%00',
    '/vip/static/x',
    '/book/..;/vip',
    '/vip/..;/book',
    '/book/static/..;/vip',
  ]);

  it('is yes for exactly those requests that would be forwarded', async () => {
    const rooms = {
      room: { paths: ['/book'], outside: 'pass', exempt: ['/book/static', { path: '/book', methods: ['OPTIONS'] }] },
      moreRooms: [{ id: 'vip', paths: ['/vip'], exempt: ['/vip/static'] }],
    } as const;
    const gateway = await start(rooms as unknown as Partial<InProcessOptions>);
    const visitor = await entered(gateway);
    const own = visitor.jar.header;
    await visitor.send('/_fairgate/rooms/vip/join', { method: 'POST', headers: AS_JSON });
    gateway.clock.advance(1_000);
    await visitor.send('/_fairgate/rooms/vip/claim', { method: 'POST', headers: AS_JSON });
    gateway.clock.advance(1_000);
    const ended = await entered(gateway);
    const endedCookie = ended.jar.header;
    await ended.act('leave');
    const token = visitor.jar.get(ADMISSION) ?? '';
    const tampered = `${ADMISSION}=${token.slice(0, -6)}${token.at(-6) === 'A' ? 'B' : 'A'}${token.slice(-5)}`;
    const cookies = [
      '',
      own,
      visitor.jar.header,
      endedCookie,
      tampered,
      `${tampered}; ${own}`,
      `${own}; ${tampered}`,
    ].concat([`${ADMISSION}=${visitor.jar.get('fairgate-queue-demo')}`, `fairgate-admission-vip=${token}`]);
    let answers = { yes: 0, no: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METHODS),
        fc.constantFrom(...PATHS),
        fc.constantFrom('', '?', '?a=1', '?_method=PUT'),
        fc.constantFrom(...cookies),
        fc.constantFrom(...NAMINGS),
        fc.constantFrom('', 'text/html', 'text/css'),
        async (method, path, query, Cookie, naming, Accept) => {
          const uri = `${path}${query}`;
          const headers = { ...(Cookie === '' ? {} : { Cookie }), ...(Accept === '' ? {} : { Accept }) };
          const answer = await verify(gateway, { method, uri, headers }, naming);
          const before = gateway.forwarded.length;
          const visit = await gateway.request(uri, {
            method,
            headers: { ...headers, Host: HOST, 'CF-Connecting-IP': VISITOR },
          });
          await visit.text();
          const isForwarded = gateway.forwarded.length > before;
          expect(answer.ok, `${method} ${uri} ${Cookie.slice(0, 40)} ${visit.status}`).toBe(isForwarded);
          expect([200, 204, 401, 403]).toContain(answer.status);
          const forwarded = gateway.forwarded.at(-1);
          if (isForwarded) {
            expect(answer.headers.get('Fairgate-Admission')).toBe(forwarded?.headers.get('Fairgate-Admission') ?? '');
          } else expect(answer.headers.get('Fairgate-Admission')).toBeNull();
          answers = isForwarded ? { ...answers, yes: answers.yes + 1 } : { ...answers, no: answers.no + 1 };
        },
      ),
      { numRuns: 600 },
    );
    expect(Math.min(answers.yes, answers.no)).toBeGreaterThan(100);
  });

  it('is no after the end of the session, to the millisecond', async () => {
    const gateway = await start({ room: { policy: { sessionMinutes: 1 } } });
    const visitor = await entered(gateway);
    const end = Number(payloadOf(visitor.jar.get(ADMISSION) ?? '').exp) * 1_000;
    const headers = cookieOf(visitor);
    for (const [at, status] of [
      [end - 1, 204],
      [end, 403],
      [end + 3_600_000, 403],
    ] as const) {
      gateway.clock.at = at;
      expect((await verify(gateway, { headers })).status).toBe(status);
    }
  });

  it('is no before the opening, also for an admission of an earlier one, and for strangers of a closed or sold-out room', async () => {
    const gateway = await start();
    const headers = cookieOf(await entered(gateway));
    const answers = async () => {
      gateway.clock.advance(3_000);
      const [stranger, inside] = [await verify(gateway), await verify(gateway, { headers })];
      return [stranger.status, inside.status];
    };
    await gateway.store.inner.apply('demo', [{ kind: 'reportStock', remaining: 0, asOf: gateway.clock.at }]);
    expect(await answers()).toEqual([403, 204]);
    await gateway.store.inner.apply('demo', [change({ kind: 'close' })]);
    expect(await answers()).toEqual([403, 204]);
    const body = { opensAt: new Date(gateway.clock.at + 60_000).toISOString() };
    const changed = await ask(gateway, 'setSchedule', { body, headers: await onCurrentVersion(gateway) });
    expect(changed.status).toBe(200);
    expect(await answers()).toEqual([403, 403]);
  });
});

describe('only a proxy is answered', () => {
  async function admitted() {
    const gateway = await start();
    return { gateway, headers: cookieOf(await entered(gateway)) };
  }

  it('that TRUSTED_PROXIES lists', async () => {
    const { gateway, headers } = await admitted();
    for (const peer of ['192.0.2.7', '10.0.0.2', undefined, 'unknown']) {
      const response = await verify(gateway, { headers, proxy: { 'CF-Connecting-IP': peer } });
      expect(await problemOf(response, 'TRUSTED_PROXIES')).toBe('verify-unusable');
      expect(response.headers.get('Fairgate-Admission')).toBeNull();
    }
    const untold = await start({ trustedProxies: '' });
    expect(await problemOf(await verify(untold))).toBe('verify-unusable');
  });

  it('that says which fields are its own, by one that no page’s script can send', async () => {
    const { gateway, headers } = await admitted();
    for (const naming of [undefined, '', 'nginx', 'constructor', 'path, x-forwarded', 'X-Forwarded']) {
      const response = await verify(gateway, { headers, proxy: { 'Sec-Fairgate-Verify': naming } });
      expect(await problemOf(response)).toBe('verify-unusable');
    }
  });

  it.each(NAMINGS)('that tells everything, once and without contradiction (%s)', async (naming) => {
    const { gateway, headers } = await admitted();
    const uri = '/book?a=1';
    const fault = async (proxy: Record<string, string | undefined>) => {
      const response = await verify(gateway, { uri, headers, proxy }, naming);
      expect(await problemOf(response), JSON.stringify(proxy)).toBe('verify-unusable');
    };
    const needed = Object.keys(question(naming).init.headers).filter((name) => /^X-/.test(name));
    for (const name of needed) {
      await fault({ [name]: undefined });
      await fault({ [name]: '' });
      await fault({ [name]: ', ' });
    }
    for (const told of ['book', 'http://a.example/book', '*', '/book, /other', '/bo ok', '/예약']) {
      if (naming === 'x-forwarded') await fault({ 'X-Forwarded-Uri': encodeNonLatin(told) });
      if (naming === 'x-original') await fault({ 'X-Original-URI': encodeNonLatin(told) });
    }
    for (const told of ['get', 'GET, POST', 'GET ', 'CONNECT', 'TRACE', 'G:T', 'A'.repeat(33)].filter(
      (one) => one.trim() === one,
    )) {
      if (naming === 'x-forwarded') await fault({ 'X-Forwarded-Method': told });
      if (naming === 'x-original') await fault({ 'X-Original-Method': told });
    }
    for (const host of ['a.example, b.example', 'a.example/x', 'u@a.example', 'a.example?x', '0x7f.1', 'a b']) {
      await fault(naming === 'path' ? { 'X-Forwarded-Host': host } : { 'X-Forwarded-Host': host });
    }
    await fault({ 'X-Forwarded-For': `${VISITOR}, somewhere` });
    const other: Record<string, string> = {
      'X-Original-URI': '/other',
      'X-Forwarded-Uri': '/other',
      'X-Original-Method': 'POST',
      'X-Forwarded-Method': 'POST',
      'X-Original-URL': `https://${HOST}/other`,
      'X-Original-Host': 'other.example',
    };
    for (const [name, value] of Object.entries(other)) {
      if (!needed.includes(name)) await fault({ [name]: value });
    }
    const agreeing = {
      'X-Original-URL': `https://${HOST}${uri}`,
      'X-Forwarded-Host': HOST,
      'X-Original-Method': 'GET',
    };
    expect((await verify(gateway, { uri, headers, proxy: agreeing }, naming)).ok).toBe(true);
    await fault({ 'X-Rewrite-URL': '/other' });
  });

  it('by one address for the fields, and by another one for the appended path', async () => {
    const { gateway, headers } = await admitted();
    const { init } = question('x-forwarded', { headers });
    expect((await gateway.request(`${VERIFY}?x=1`, init)).status).toBe(204);
    for (const path of [`${VERIFY}/book`, `${VERIFY}/`]) {
      expect(await problemOf(await gateway.request(path, init))).toBe('verify-unusable');
    }
    expect(await problemOf(await gateway.request(VERIFY, { ...init, method: 'POST' }))).toBe('verify-unusable');
    const appended = question('path', { headers });
    expect(await problemOf(await gateway.request(VERIFY, appended.init))).toBe('verify-unusable');
    expect((await gateway.request('/_fairgate/verifyx', init)).status).toBe(404);
  });

  it('about requests without a field that only the gateway may set', async () => {
    const { gateway, headers } = await admitted();
    for (const name of [
      'Fairgate-Admission',
      'Fairgate_Admission',
      'Fairgate!Admission',
      'Fairgate-Command',
      'Fairgate-X',
    ]) {
      const response = await verify(gateway, { headers: { ...headers, [name]: 'x' } });
      expect(await problemOf(response)).toBe('gateway-field');
    }
    expect((await verify(gateway, { headers: { ...headers, 'Fairgate-Client': 'app' } })).status).toBe(204);
  });

  it('about fields of a length that the gateway reads', async () => {
    const { gateway, headers } = await admitted();
    const response = await verify(gateway, { headers: { ...headers, 'X-Long': 'x'.repeat(16_385) } });
    expect(await problemOf(response)).toBe('headers-too-large');
    const uri = `/book?${'q'.repeat(8_192)}`;
    expect(await problemOf(await verify(gateway, { uri, headers }))).toBe('doubtful-address');
  });
});

describe('the waiting page that a proxy leads to', () => {
  const wait = (gateway: InProcessGateway, headers: Record<string, string> = {}) =>
    gateway.request('/_fairgate/rooms/demo/wait?return=%2Fbook', { headers: { ...AS_PAGE, ...headers } });

  it('gives a browser that has returned no cookie no place by a visit: it would be sent there again and again', async () => {
    const gateway = await start();
    for (let visits = 0; visits < 20; visits++) {
      const response = await wait(gateway);
      expect(await pageKindOf(response)).toBe('newcomer');
    }
    expect(placesGiven(gateway)).toBe(0);
  });

  it('leads a browser that returns cookies to the site at once where nobody waits', async () => {
    const gateway = await start();
    const response = await wait(gateway, { Cookie: 'fairgate-cookies=1' });
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/book']);
    const cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const first = await verify(gateway, { headers: { ...AS_PAGE, Cookie: cookie } });
    expect(first.status).toBe(204);
    expect(first.headers.getSetCookie()).toHaveLength(1);
  });
});

/** Fields are bytes: a proxy sends the bytes of UTF-8. */
function encodeNonLatin(text: string): string {
  return Buffer.from(text).toString('latin1');
}

it('a visit by the gateway itself is not changed by the fields of a proxy that asks', async () => {
  const gateway = await start();
  const headers = { ...question('x-forwarded').init.headers, ...cookieOf(await entered(gateway)) };
  const response = await gateway.request('/book', { headers });
  expect(await response.text()).toBe(MARKER);
  expect([...(gateway.forwarded.at(-1)?.headers.keys() ?? [])]).not.toContain('sec-fairgate-verify');
});
