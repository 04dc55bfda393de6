// Who takes a place, and what everybody else gets: generated requests against a room in every state, the one page of visitors
// without a place, browsers without cookies, and sessions that are provisional until their visitor comes again.

import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PRESENT_MS_MAX } from '../../queue-core/limits.ts';
import type { OriginFetch } from '../../worker/proxy/forward.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { change } from '../core/sample-rooms.ts';
import { payloadOf } from './forged-tokens.ts';
import {
  type InProcessGateway,
  type InProcessOptions,
  InProcessVisitor,
  ManualClock,
  NOON,
  PUBLIC_URL,
  pageKindOf,
  placesGiven,
  startInProcess,
} from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

afterEach(() => void vi.restoreAllMocks());

const HOST = { Host: new URL(PUBLIC_URL).host };
const JOIN = '/_fairgate/rooms/demo/join';
const STATUS = '/_fairgate/rooms/demo/status';
const ADMISSION = 'fairgate-admission-demo';
const QUEUE = 'fairgate-queue-demo';

/** What the gateway's own script sends with a request. */
const AS_SCRIPT = {
  ...HOST,
  ...AS_JSON,
  Origin: PUBLIC_URL,
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'cors',
};

const BEFORE_OPENING = { schedule: { opensAt: new Date(NOON + 3_600_000).toISOString() } };

/** Two seconds after the opening: a line moves from then on. */
async function start(
  room: InProcessOptions['room'] = {},
  options: Partial<InProcessOptions> = {},
): Promise<InProcessGateway> {
  const gateway = await startInProcess({ keys, room, ...options });
  await gateway.request(STATUS);
  gateway.clock.advance(2_000);
  return gateway;
}

const isFromOrigin = async (response: Response) => (await response.text()).includes(MARKER);

const countOf = ({ store }: InProcessGateway, kind: string) => store.applied.filter((each) => each === kind).length;

const joined = async (gateway: InProcessGateway): Promise<InProcessVisitor> => {
  const visitor = new InProcessVisitor(gateway);
  expect(await (await visitor.act('join')).json()).toMatchObject({ outcome: 'joined' });
  return visitor;
};

/** A room with no vacancy: one visitor is inside and another one waits. */
async function fullRoom(options: Partial<InProcessOptions> = {}): Promise<InProcessGateway> {
  const gateway = await start({ policy: { totalActiveUsers: 1 } }, options);
  expect(await (await new InProcessVisitor(gateway).act('join')).json()).toMatchObject({ outcome: 'admitted' });
  await joined(gateway);
  gateway.clock.advance(2_000);
  return gateway;
}

async function pausedRoom(): Promise<InProcessGateway> {
  const gateway = await start();
  await gateway.store.inner.apply('demo', [change({ kind: 'setFlow', flow: 'paused' })]);
  gateway.clock.advance(2_000);
  return gateway;
}

/** A room with vacancies, in which people wait for their turn. */
async function slowRoom(): Promise<InProcessGateway> {
  const gateway = await start({ policy: { newUsersPerMinute: 1 } });
  for (let visitors = 0; visitors < 3; visitors++) await new InProcessVisitor(gateway).act('join');
  gateway.clock.advance(2_000);
  return gateway;
}

const STATES = {
  'before the opening': () => start(BEFORE_OPENING),
  'open with nobody waiting': () => start(),
  'open and full, with people waiting': () => fullRoom(),
  'open with vacancies, and people waiting for their turn': slowRoom,
  paused: pausedRoom,
};

/** RFC 9110, 12.5.1. What a client without Fetch metadata gets for each. */
const ACCEPTS = {
  json: ['application/json', ' Application/JSON '],
  page: [
    'text/html',
    'text/html; charset=utf-8',
    'text/html;q=0.9, application/json;q=0.8',
    'text/*',
    // Chrome, Firefox, Safari: navigation.
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  ],
  problem: [
    null,
    '',
    '*/*',
    'application/json;q=0.9, text/html;q=0.1',
    'text/html;q=0',
    'text/html;q=0, */*',
    'application/json; charset=utf-8',
    'application/json, text/html',
    'application/json, text/javascript, */*; q=0.01',
    'application/json, text/plain, */*',
    'application/problem+json, application/json',
    'image/avif,image/webp,*/*',
    'text/htmlx',
    'text/html;q=nonsense',
    ',;=/"',
  ],
} as const;

const SHOWN_AS_PAGE = ['document', 'iframe', 'frame', 'embed', 'object', 'fencedframe'];

interface Sent {
  method: string;
  path: string;
  accept: string | null;
  mode: string | null;
  destination: string | null;
  site: string | null;
  purpose: string | null;
  origin: string | null;
}

const anyRequest: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'),
  path: fc.constantFrom('/', '/book', '/book?seat=1', '/api/me', '/join', '/favicon.ico'),
  accept: fc.oneof(fc.constantFrom(...ACCEPTS.json), fc.constantFrom(...ACCEPTS.page, ...ACCEPTS.problem)),
  mode: fc.constantFrom(null, 'navigate', 'navigate', 'no-cors', 'cors', 'same-origin', 'nested-navigate'),
  destination: fc.constantFrom(null, 'document', 'document', ...SHOWN_AS_PAGE.slice(1), 'empty', 'image', 'script', ''),
  site: fc.constantFrom(null, 'none', 'same-origin', 'same-site', 'cross-site', 'new-value'),
  purpose: fc.constantFrom(null, null, null, 'prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip'),
  origin: fc.constantFrom(null, null, PUBLIC_URL, 'https://pay.example', 'http://127.0.0.1:9', 'null'),
});

function init(sent: Sent, more: Record<string, string> = {}): RequestInit {
  const fields = {
    Accept: sent.accept,
    'Sec-Fetch-Mode': sent.mode,
    'Sec-Fetch-Dest': sent.destination,
    'Sec-Fetch-Site': sent.site,
    'Sec-Purpose': sent.purpose,
    Origin: sent.origin,
  };
  const present = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
  const headers = { ...HOST, ...Object.fromEntries(present), ...more };
  const isSafe = ['GET', 'HEAD', 'OPTIONS', 'PROPFIND'].includes(sent.method);
  return { method: sent.method, headers, ...(isSafe ? {} : { body: new URLSearchParams({ seat: '1' }) }) };
}

/**
 * Fetch metadata and Origin both speak, so both have to agree that the request is this site's or nobody's. A page that hides
 * its address says `null`.
 */
function isOwnSites({ site, origin }: Sent): boolean {
  if (origin === 'null') return site === 'same-origin';
  return [null, 'none', 'same-origin'].includes(site) && [null, PUBLIC_URL].includes(origin);
}

/** The rule, as the design states it. */
function takesPlace(sent: Sent, state: keyof typeof STATES): boolean {
  if (sent.method !== 'GET' || sent.purpose !== null) return false;
  if (sent.accept?.trim().toLowerCase() === 'application/json') {
    // A browser without a cookie of the gateway would take a place with each request.
    const isBrowser = sent.site !== null || sent.origin !== null;
    return isOwnSites(sent) && !isBrowser;
  }
  const isNavigation = sent.mode === 'navigate' && sent.destination === 'document';
  return isNavigation && state === 'open with nobody waiting';
}

const placeCookies = (response: Response) =>
  response.headers.getSetCookie().filter((line) => /^(?:__Host-)?fairgate-(?:queue|admission)/i.test(line));

/** Runs a request, and expects that it took nothing. */
async function expectNothingTaken(gateway: InProcessGateway, run: () => Promise<Response>): Promise<Response> {
  const [commands, forwarded] = [gateway.store.applied.length, gateway.forwarded.length];
  const response = await run();
  const sentCommands = gateway.store.applied.slice(commands).filter((kind) => kind !== 'configure');
  expect(sentCommands).toEqual([]);
  expect(placeCookies(response)).toEqual([]);
  expect(gateway.forwarded).toHaveLength(forwarded);
  return response;
}

/** Scripts get 403 with the address to join, people a page that says that the form was not sent, or sends it again. */
async function expectRefusedUnsafe(response: Response, sent: Sent, hasPlace: boolean): Promise<void> {
  const text = await response.text();
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    expect(response.status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ status: 403, join: JOIN });
    return;
  }
  expect(sent.method).toBe('POST');
  if (!isOwnSites(sent) && !hasPlace) {
    expect(response.status).toBe(403);
    expect(text).toContain('name="fairgate-form"');
    return;
  }
  expect(response.status).toBe(503);
  expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect(text).toContain('"formNotSent":true');
}

const READS = ['GET', 'HEAD'];

describe.each(Object.entries(STATES))('in a room that is %s', (state, open) => {
  const isOpenToAll = state === 'open with nobody waiting';

  it('only a navigation while nobody waits, or the app protocol, takes a place; nothing else changes anything', async () => {
    const gateway = await open();
    await fc.assert(
      fc.asyncProperty(anyRequest, async (sent) => {
        const send = () => gateway.request(sent.path, init(sent));
        if (takesPlace(sent, state as keyof typeof STATES)) {
          const joins = placesGiven(gateway);
          const response = await send();
          expect(placeCookies(response)).toHaveLength(isOpenToAll ? 2 : 1);
          expect(await isFromOrigin(response)).toBe(isOpenToAll);
          expect(placesGiven(gateway)).toBe(joins + 1);
          return;
        }
        const response = await expectNothingTaken(gateway, send);
        expect([200, 403, 503]).toContain(response.status);
        if (!READS.includes(sent.method)) await expectRefusedUnsafe(response, sent, false);
      }),
      { numRuns: 1_500 },
    );
  });

  it('another site’s form, sent without the visitor’s cookies, leaves their place as it is', async () => {
    const gateway = await open();
    const visitor = new InProcessVisitor(gateway);
    await visitor.act('join');
    const before = await visitor.status();
    for (const path of ['/', '/book', JOIN, '/_fairgate/rooms/demo/claim', '/_fairgate/rooms/demo/leave']) {
      const headers = { ...HOST, ...AS_PAGE, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
      const response = await expectNothingTaken(gateway, () => gateway.request(path, { method: 'POST', headers }));
      expect(response.status).toBe(403);
      visitor.jar.keep(response);
    }
    expect(await visitor.status()).toEqual(before);
  });
});

/** What Chromium sends for `fetch(event.request)` of a page load in a service worker. */
const PASSED_ON = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-origin' };

describe('a called visitor', () => {
  it.each([
    ['whose browser sends no Fetch metadata', { Accept: 'text/html' }, true],
    ['whose browser opens the page', AS_PAGE, true],
    ['whose service worker passes the page load on', { ...AS_PAGE, ...PASSED_ON }, true],
    ['whose page’s script fetches it', { ...AS_PAGE, ...PASSED_ON, 'Sec-Fetch-Mode': 'same-origin' }, false],
    ['whose browser loads it as a frame', { ...AS_PAGE, 'Sec-Fetch-Dest': 'iframe' }, false],
  ])('%s: the request takes the turn: $2', async (_, headers, enters) => {
    const gateway = await start(BEFORE_OPENING);
    const visitor = await joined(gateway);
    gateway.clock.advance(3_600_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    expect((await visitor.status()).state).toBe('called');
    expect(await isFromOrigin(await visitor.send('/', { headers }))).toBe(enters);
  });
});

describe('a visitor who waits', () => {
  const WAITING = Object.entries(STATES).filter(([state]) => state !== 'open with nobody waiting');

  it.each(WAITING)('takes no second place, and keeps the one they have, by any request (%s)', async (_, open) => {
    const gateway = await open();
    const visitor = await joined(gateway);
    const place = visitor.jar.get(QUEUE);
    await fc.assert(
      fc.asyncProperty(anyRequest, async (sent) => {
        const response = await expectNothingTaken(gateway, () => visitor.send(sent.path, init(sent)));
        expect(visitor.jar.get(QUEUE)).toBe(place);
        if (!READS.includes(sent.method)) await expectRefusedUnsafe(response, sent, true);
      }),
      { numRuns: 500 },
    );
    expect((await visitor.status()).state).toMatch(/entered|waiting/);
  });
});

describe('the join address', () => {
  const anyJoin = fc.record({ sent: anyRequest, hasCookie: fc.boolean(), action: fc.constantFrom('join', 'claim') });

  it('gives a place to a POST of this site’s page with a cookie, or of an app; every other request takes nothing', async () => {
    const gateway = await fullRoom();
    await fc.assert(
      fc.asyncProperty(anyJoin, async ({ sent, hasCookie, action }) => {
        const isApp = sent.site === null && sent.origin === null;
        const takes = action === 'join' && sent.method === 'POST' && isOwnSites(sent) && (isApp || hasCookie);
        const cookie = hasCookie ? { Cookie: 'theme=dark; fairgate-cookies=1' } : {};
        const send = () => gateway.request(`/_fairgate/rooms/demo/${action}`, init(sent, cookie));
        if (!takes) return void (await expectNothingTaken(gateway, send));
        const joins = placesGiven(gateway);
        expect(placeCookies(await send())).toHaveLength(1);
        expect(placesGiven(gateway)).toBe(joins + 1);
      }),
      { numRuns: 1_500 },
    );
  });

  it('returns the same place to a visitor who joins again', async () => {
    const gateway = await fullRoom();
    const visitor = await joined(gateway);
    const place = visitor.jar.get(QUEUE);
    for (let times = 0; times < 3; times++) {
      await expectNothingTaken(gateway, () => visitor.send(JOIN, { method: 'POST', headers: AS_SCRIPT }));
    }
    expect(visitor.jar.get(QUEUE)).toBe(place);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('is not found with %s', async (method) => {
    const gateway = await start();
    const response = await expectNothingTaken(gateway, () => gateway.request(JOIN, { method, headers: AS_SCRIPT }));
    expect(response.status).toBe(404);
  });
});

describe('the format of a response', () => {
  const CASES = Object.entries(ACCEPTS).flatMap(([format, accepts]) => accepts.map((accept) => ({ format, accept })));

  const typeOf = (response: Response) => response.headers.get('Content-Type')?.split(';')[0];
  const TYPES = { json: 'application/json', page: 'text/html', problem: 'application/problem+json' };
  type Format = keyof typeof TYPES;

  let gateway: InProcessGateway;
  beforeAll(async () => {
    gateway = await fullRoom();
  });

  const read = (method: string, headers: Record<string, string>) =>
    expectNothingTaken(gateway, () =>
      gateway.request('/book', { method, headers: { ...HOST, 'Sec-Fetch-Site': 'cross-site', ...headers } }),
    );
  const acceptOf = (accept: string | null) => (accept === null ? {} : { Accept: accept });

  it.each(CASES)('without Sec-Fetch-Dest is $format for Accept: $accept', async ({ format, accept }) => {
    const response = await read('GET', acceptOf(accept));
    expect(typeOf(response)).toBe(TYPES[format as Format]);
    if (format === 'problem') expect(await response.json()).toMatchObject({ status: 403, join: JOIN });
  });

  it.each(CASES)('with Sec-Fetch-Dest follows it, except for exactly JSON, for Accept: $accept', async (example) => {
    const { format, accept } = example;
    for (const destination of SHOWN_AS_PAGE) {
      const response = await read('GET', { ...acceptOf(accept), 'Sec-Fetch-Dest': destination });
      expect(typeOf(response)).toBe(format === 'json' ? TYPES.json : TYPES.page);
    }
    for (const destination of ['empty', 'image', 'script', 'manifest', 'worker', 'unheard-of', '']) {
      const response = await read('GET', { ...acceptOf(accept), 'Sec-Fetch-Dest': destination });
      expect(typeOf(response)).toBe(format === 'json' ? TYPES.json : TYPES.problem);
      if (format !== 'json') expect(response.status).toBe(403);
    }
  });

  it('of a page load that a service worker passes on is a page, also at the address of the waiting page', async () => {
    const headers = { ...HOST, ...AS_PAGE, ...PASSED_ON };
    const gateway = await start(BEFORE_OPENING);
    for (const path of ['/book', '/_fairgate/rooms/demo/wait?return=/book']) {
      const response = await expectNothingTaken(gateway, () => gateway.request(path, { headers }));
      expect(typeOf(response)).toBe(TYPES.page);
    }
  });

  it.each(['POST', 'PUT', 'DELETE'])('is never the app’s JSON for %s', async (method) => {
    const response = await read(method, { ...AS_JSON, 'Sec-Fetch-Site': 'none' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ join: JOIN });
  });

  it('is not read from an Accept or Accept-Encoding that is longer than any browser’s', async () => {
    const page = await read('GET', { Accept: `${'text/html,'.repeat(100)}text/html`, 'Accept-Encoding': 'br, gzip' });
    expect(typeOf(page)).toBe(TYPES.page);
    expect(page.headers.get('Content-Encoding')).toBe('gzip');
    const long = await read('GET', { Accept: `${'text/html,'.repeat(103)}text/html` });
    expect(typeOf(long)).toBe(TYPES.problem);
    const plain = await read('GET', { Accept: 'text/html', 'Accept-Encoding': `${'br, '.repeat(256)}gzip` });
    expect(plain.headers.get('Content-Encoding')).toBeNull();
  });

  it('names in Vary what it depends on', async () => {
    const vary = (await read('GET', AS_PAGE)).headers.get('Vary')?.toLowerCase().split(', ');
    expect(vary).toEqual(expect.arrayContaining(['accept', 'accept-language', 'cookie', 'sec-fetch-dest']));
  });
});

describe('the page of visitors without a place', () => {
  const CRAWLER = { Accept: 'text/html', 'Accept-Language': 'en' };

  const anyStranger = fc.record({
    path: fc.constantFrom('/', '/book', '/a/b/c', '/%ED%95%9C', '/x;y=1'),
    query: fc.constantFrom('', '?', '?utm_source=mail', '?a=%3Cscript%3E', `?${'q'.repeat(500)}`),
    cookie: fc.constantFrom(
      null,
      'session=abc',
      'a=1; b=2; c="3"',
      `${QUEUE}=not-a-token`,
      `${ADMISSION}=x.y.z; s=1`,
      'fairgate-cookies=1',
      '__Host-fairgate-queue-demo=1',
      ';;;=;',
    ),
    address: fc.constantFrom('192.0.2.1', '198.51.100.7', '2001:db8::1'),
    site: fc.constantFrom('none', 'same-origin', 'same-site', 'cross-site'),
    referer: fc.constantFrom(null, `${PUBLIC_URL}/other`, 'https://search.example/?q=<x>'),
    agent: fc.constantFrom('Mozilla/5.0', '<script>'),
  });

  const anyAsPage = (stranger: typeof anyStranger extends fc.Arbitrary<infer T> ? T : never) => ({
    ...AS_PAGE,
    'Sec-Fetch-Site': stranger.site,
    'CF-Connecting-IP': stranger.address,
    'User-Agent': stranger.agent,
    ...(stranger.cookie === null ? {} : { Cookie: stranger.cookie }),
    ...(stranger.referer === null ? {} : { Referer: stranger.referer }),
  });

  const PAGES = {
    newcomer: () => fullRoom(),
    scheduled: () =>
      start({ schedule: { ...BEFORE_OPENING.schedule, prequeueAt: new Date(NOON + 1_800_000).toISOString() } }),
    soldOut: async () => {
      const gateway = await fullRoom();
      await gateway.store.inner.apply('demo', [{ kind: 'reportStock', remaining: 0, asOf: gateway.clock.at }]);
      return gateway;
    },
    closed: async () => {
      const gateway = await fullRoom();
      await gateway.store.inner.apply('demo', [change({ kind: 'close' })]);
      return gateway;
    },
    storeUnreachable: async () => {
      const gateway = await start();
      gateway.store.mode = 'fails';
      return gateway;
    },
  };

  it.each(Object.entries(PAGES))('is the same bytes for everybody, without a signature (%s)', async (kind, open) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const gateway = await open();
    gateway.clock.advance(2_000);
    const first = await gateway.request('/', { headers: AS_PAGE });
    const expected = await first.clone().text();
    expect(await pageKindOf(first)).toBe(kind);
    const signature = vi.spyOn(crypto.subtle, 'sign');
    const { views } = gateway.store;
    await fc.assert(
      fc.asyncProperty(anyStranger, async (stranger) => {
        const response = await expectNothingTaken(gateway, () =>
          gateway.request(`${stranger.path}${stranger.query}`, { headers: anyAsPage(stranger) }),
        );
        expect(await response.text()).toBe(expected);
        expect(response.headers.get('Cache-Control')).toBe('no-store');
      }),
      { numRuns: 200 },
    );
    expect(signature).not.toHaveBeenCalled();
    expect(gateway.store.views).toBe(views);
  });

  const html = async (gateway: InProcessGateway, headers: Record<string, string> = AS_PAGE) =>
    (await gateway.request('/', { headers })).text();

  it('is rendered at most once a second, and then shows the board of that second', async () => {
    const gateway = await fullRoom();
    const boards = async () => /"issued":(\d+)/.exec(await html(gateway))?.[1];
    const pages: string[] = [];
    for (let tenths = 0; tenths < 100; tenths++) {
      await joined(gateway);
      pages.push(await html(gateway));
      gateway.clock.advance(100);
    }
    const changes = pages.filter((text, index) => index > 0 && text !== pages[index - 1]).length;
    expect(changes).toBeLessThanOrEqual(10);
    expect(changes).toBeGreaterThanOrEqual(5);
    gateway.clock.advance(2_000);
    const former = await boards();
    await joined(gateway);
    expect(await boards()).toBe(former);
    gateway.clock.advance(2_000);
    expect(Number(await boards())).toBe(Number(former) + 1);
  });

  it('is the same page compressed and not, once in each language', async () => {
    const gateway = await fullRoom();
    const plain = { en: await html(gateway), ko: await html(gateway, { ...AS_PAGE, 'Accept-Language': 'ko' }) };
    expect(plain.en).toContain('<html lang="en"');
    expect(plain.ko).toContain('<html lang="ko"');
    for (const language of ['ko', 'en'] as const) {
      const headers = { ...AS_PAGE, 'Accept-Language': language, 'Accept-Encoding': 'gzip, br' };
      const bytes: Buffer[] = [];
      for (let times = 0; times < 3; times++) {
        const response = await gateway.request(`/${times}`, { headers });
        expect(response.headers.get('Content-Encoding')).toBe('gzip');
        expect(response.headers.get('Content-Language')).toBe(language);
        bytes.push(Buffer.from(await response.arrayBuffer()));
      }
      expect(gunzipSync(bytes[0] ?? Buffer.alloc(0)).toString()).toBe(plain[language]);
      expect(bytes[1]).toEqual(bytes[0]);
      expect(bytes[2]).toEqual(bytes[0]);
      expect(await html(gateway, { ...AS_PAGE, Cookie: `fairgate-language=${language}` })).toBe(plain[language]);
    }
  });

  it.each([200, 202, 429, 503] as const)(
    'has the room’s status %d for browsers, and 503 for crawlers',
    async (status) => {
      const gateway = await start({ policy: { queueingStatusCode: status }, ...BEFORE_OPENING });
      const asBrowser = await gateway.request('/', { headers: AS_PAGE });
      const asApp = await gateway.request('/', { headers: AS_JSON });
      for (const response of [asBrowser, asApp]) {
        expect(response.status).toBe(status);
        expect(Number(response.headers.get('Retry-After')) > 0).toBe(status >= 400);
      }
      const asCrawler = await gateway.request('/', { headers: CRAWLER });
      expect(asCrawler.status).toBe(503);
      expect(Number(asCrawler.headers.get('Retry-After'))).toBeGreaterThan(0);
      expect(await asCrawler.text()).toBe(await asBrowser.text());
    },
  );

  it('has the room’s status for a client with a place, whatever it says of itself', async () => {
    const visitor = await joined(await fullRoom());
    expect((await visitor.send('/', { headers: CRAWLER })).status).toBe(200);
  });

  it('is not the page of a visitor with a place, and never takes its cookie away', async () => {
    const gateway = await fullRoom();
    const stranger = await html(gateway);
    const visitor = await joined(gateway);
    const place = visitor.jar.get(QUEUE);
    const response = await visitor.send('/', { headers: AS_PAGE });
    const text = await response.clone().text();
    expect(await pageKindOf(response)).toBe('waiting');
    expect(text).not.toBe(stranger);
    expect(visitor.jar.get(QUEUE)).toBe(place);
    expect(await html(gateway)).toBe(stranger);
  });

  it('shows nothing of one visitor’s form to the next', async () => {
    const gateway = await fullRoom();
    const before = await html(gateway);
    const headers = { ...HOST, ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin', Referer: `${PUBLIC_URL}/secret` };
    const form = await gateway.request('/book', { method: 'POST', headers, body: 'a=1' });
    expect(await form.text()).toContain('/secret');
    expect(await html(gateway)).toBe(before);
  });
});

it('the status of clients without a place has no limit that they could use up for each other', async () => {
  const gateway = await fullRoom();
  for (let polls = 0; polls < 1_200; polls++) {
    const response = await expectNothingTaken(gateway, () => gateway.request(STATUS));
    expect(response.status).toBe(200);
  }
});

describe('a browser that refuses cookies', () => {
  it('takes nothing by joining, is told so, and gets a cookie with which the same request works', async () => {
    const gateway = await start(BEFORE_OPENING);
    const refused = await expectNothingTaken(gateway, () =>
      gateway.request(JOIN, { method: 'POST', headers: AS_SCRIPT }),
    );
    expect(refused.status).toBe(403);
    expect(await refused.clone().json()).toMatchObject({ type: expect.stringMatching(/\/cookies-needed$/) });
    const visitor = new InProcessVisitor(gateway);
    visitor.jar.keep(refused);
    const accepted = await visitor.send(JOIN, { method: 'POST', headers: AS_SCRIPT });
    expect(await accepted.json()).toMatchObject({ outcome: 'joined' });
    expect(visitor.jar.get(QUEUE)).toBeDefined();
  });

  it.each(['Sec-Fetch-Site', 'Origin'])('is known by %s alone', async (header) => {
    const gateway = await start(BEFORE_OPENING);
    const headers = { ...HOST, ...AS_JSON, [header]: header === 'Origin' ? PUBLIC_URL : 'same-origin' };
    const send = () => gateway.request(JOIN, { method: 'POST', headers });
    expect((await expectNothingTaken(gateway, send)).status).toBe(403);
  });

  it('gets the page that says that cookies are needed when it sends the form', async () => {
    const gateway = await start(BEFORE_OPENING);
    const headers = {
      ...HOST,
      ...AS_PAGE,
      Origin: PUBLIC_URL,
      'Sec-Fetch-Site': 'same-origin',
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    const send = () => gateway.request(JOIN, { method: 'POST', headers, body: 'return=/book' });
    const refused = await expectNothingTaken(gateway, send);
    expect(refused.status).toBe(403);
    expect(await pageKindOf(refused.clone())).toBe('cookiesNeeded');
    const visitor = new InProcessVisitor(gateway);
    visitor.jar.keep(refused);
    const accepted = await visitor.send(JOIN, { method: 'POST', headers, body: 'return=/book' });
    expect([accepted.status, accepted.headers.get('Location')]).toEqual([303, '/book']);
  });

  it('takes no place by 20 reloads, each followed by the page’s own join, before the opening', async () => {
    const gateway = await start(BEFORE_OPENING);
    for (let reloads = 0; reloads < 20; reloads++) {
      await expectNothingTaken(gateway, () => gateway.request('/', { headers: { ...HOST, ...AS_PAGE } }));
      await expectNothingTaken(gateway, () => gateway.request(JOIN, { method: 'POST', headers: AS_SCRIPT }));
      gateway.clock.advance(3_000);
    }
  });

  it('is not taken for one where it returns only cookies of the site', async () => {
    const gateway = await start(BEFORE_OPENING);
    const headers = { ...AS_SCRIPT, Cookie: 'my-fairgate-cookies=1; session=fairgate-cookies=1' };
    await expectNothingTaken(gateway, () => gateway.request(JOIN, { method: 'POST', headers }));
  });
});

describe('a session given with the page', () => {
  const MINUTES = 5;
  const SIZE = 10;

  /** An origin that answers with a page, and counts. */
  function htmlOrigin() {
    const requests: Request[] = [];
    const fetchOrigin: OriginFetch = async (request) => {
      requests.push(request);
      return new Response(`<p>${MARKER}`, { headers: { 'Content-Type': 'text/html; charset=utf-8' } });
    };
    return { requests, fetchOrigin };
  }

  const small = (totalActiveUsers = SIZE, options: Partial<InProcessOptions> = {}) =>
    start({ policy: { totalActiveUsers, sessionMinutes: MINUTES } }, options);

  const openPage = (visitor: InProcessVisitor, path = '/') => visitor.send(path, { headers: { ...HOST, ...AS_PAGE } });

  async function admitted(gateway: InProcessGateway): Promise<InProcessVisitor> {
    const visitor = new InProcessVisitor(gateway);
    expect(await isFromOrigin(await openPage(visitor))).toBe(true);
    return visitor;
  }

  const tokenOf = (visitor: InProcessVisitor) => payloadOf(visitor.jar.get(ADMISSION) ?? '');

  async function active(gateway: InProcessGateway): Promise<number> {
    gateway.clock.advance(1_100);
    await gateway.request('/_fairgate/rooms/demo/board');
    return (await (await gateway.request('/_fairgate/rooms/demo/board')).json()).active;
  }

  it('holds its vacancy for seconds only where no cookie comes back: a crawler does not fill the room', async () => {
    const gateway = await small();
    for (let pages = 0; pages < 15; pages++) await gateway.request(`/${pages}`, { headers: { ...HOST, ...AS_PAGE } });
    expect(gateway.forwarded.length).toBeLessThanOrEqual(SIZE);
    expect(gateway.forwarded.length).toBeGreaterThan(0);
    expect(await active(gateway)).toBe(gateway.forwarded.length);
    gateway.clock.advance(PRESENT_MS_MAX + 2_000);
    expect(await active(gateway)).toBe(0);
  });

  it('lasts its whole length once the cookie comes back in time, by a page or by the status', async () => {
    for (const path of ['/next', STATUS]) {
      const gateway = await small();
      const visitor = await admitted(gateway);
      const provisional = tokenOf(visitor);
      expect(provisional).toHaveProperty('present_by');
      gateway.clock.advance(PRESENT_MS_MAX - 1_000);
      await visitor.send(path, { headers: path === STATUS ? AS_SCRIPT : AS_PAGE });
      const presented = tokenOf(visitor);
      expect(presented).not.toHaveProperty('present_by');
      expect(presented).toMatchObject({ sid: provisional.sid, exp: provisional.exp, position: provisional.position });
      expect(countOf(gateway, 'renew')).toBe(1);
      gateway.clock.advance(PRESENT_MS_MAX + 2_000);
      expect(await active(gateway)).toBe(1);
      expect(await isFromOrigin(await openPage(visitor))).toBe(true);
      expect(countOf(gateway, 'renew')).toBe(1);
    }
  });

  it('is presented by one store command, however many requests of the page come before the store replies', async () => {
    const gateway = await small();
    const visitor = await admitted(gateway);
    gateway.clock.advance(500);
    let reply = () => {};
    gateway.store.beforeReply = () => new Promise((resolve) => (reply = resolve));
    const Cookie = visitor.jar.header;
    let received = 0;
    const requests = Array.from({ length: 20 }, async (_, index) => {
      const response = await gateway.request(`/${index}`, { headers: { Cookie } });
      received++;
      return response;
    });
    await vi.waitFor(() => expect(received).toBe(19));
    reply();
    for (const response of await Promise.all(requests)) {
      visitor.jar.keep(response);
      expect(await isFromOrigin(response)).toBe(true);
    }
    expect(countOf(gateway, 'renew')).toBe(1);
    expect(tokenOf(visitor)).not.toHaveProperty('present_by');
  });

  it('is asked for by a Link to the status on the first HTML response, and not after that', async () => {
    const { fetchOrigin } = htmlOrigin();
    const gateway = await small(SIZE, { fetchOrigin });
    const visitor = new InProcessVisitor(gateway);
    const first = await openPage(visitor);
    expect(first.headers.get('Link')).toBe(`<${STATUS}>; rel=preload; as=fetch; crossorigin`);
    await visitor.send(STATUS, { headers: AS_SCRIPT });
    expect((await openPage(visitor)).headers.has('Link')).toBe(false);
  });

  it('is not asked for by the response to a join: the cookie has come back already', async () => {
    const gateway = await small(SIZE, { fetchOrigin: htmlOrigin().fetchOrigin });
    const visitor = new InProcessVisitor(gateway);
    visitor.jar.set('fairgate-cookies', '1');
    const response = await visitor.send(JOIN, { method: 'POST', headers: AS_SCRIPT });
    expect(await response.json()).toMatchObject({ outcome: 'admitted' });
    expect(tokenOf(visitor)).not.toHaveProperty('present_by');
    expect((await openPage(visitor)).headers.has('Link')).toBe(false);
    expect(countOf(gateway, 'renew')).toBe(0);
  });

  it('counts again for a visitor who comes back late, where there is a vacancy', async () => {
    const gateway = await small();
    const visitor = await admitted(gateway);
    gateway.clock.advance(60_000);
    expect(await active(gateway)).toBe(0);
    expect(await isFromOrigin(await openPage(visitor))).toBe(true);
    expect(await active(gateway)).toBe(1);
    expect(placesGiven(gateway)).toBe(1);
  });

  it('waits for the next vacancy for a visitor who comes back late, where there is none', async () => {
    const gateway = await small(1);
    const visitor = await admitted(gateway);
    gateway.clock.advance(60_000);
    const other = new InProcessVisitor(gateway);
    await active(gateway);
    expect((await (await other.act('join')).json()).outcome).toBe('admitted');
    const [forwarded, token] = [gateway.forwarded.length, visitor.jar.get(ADMISSION)];
    const response = await openPage(visitor);
    expect(await pageKindOf(response)).toBe('standby');
    expect((await visitor.act('claim')).status).toBe(202);
    // A script's request learns as much.
    const script = await visitor.send('/api', { headers: { ...AS_SCRIPT, Accept: '*/*' } });
    expect([script.status, (await script.json()).join]).toEqual([403, JOIN]);
    expect(gateway.forwarded).toHaveLength(forwarded);
    expect(visitor.jar.get(ADMISSION)).toBe(token);
    await other.act('leave');
    gateway.clock.advance(3_000);
    expect(await isFromOrigin(await openPage(visitor))).toBe(true);
    expect(await active(gateway)).toBe(1);
  });

  it('admits within its first seconds while the store fails, and after them only by the store', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const gateway = await small();
    const visitor = await admitted(gateway);
    gateway.store.mode = 'fails';
    for (let seconds = 0; seconds < 9; seconds++) {
      expect(await isFromOrigin(await openPage(visitor))).toBe(true);
      gateway.clock.advance(1_000);
    }
    gateway.clock.advance(2_000);
    const forwarded = gateway.forwarded.length;
    expect(await pageKindOf(await openPage(visitor))).toBe('storeUnreachable');
    expect(gateway.forwarded).toHaveLength(forwarded);
    gateway.store.mode = 'answers';
    gateway.clock.advance(3_000);
    expect(await isFromOrigin(await openPage(visitor))).toBe(true);
    expect(tokenOf(visitor)).not.toHaveProperty('present_by');
  });

  it('never lets more visitors in than the room holds, whenever they come back', async () => {
    const visits = fc.array(
      fc.record({ visitor: fc.nat(5), pauseMs: fc.constantFrom(0, 300, 2_000, 9_000, 12_000, 40_000) }),
      { minLength: 5, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(visits, async (steps) => {
        const clock = new ManualClock();
        const gateway = await small(2, { clock });
        const visitors = Array.from({ length: 6 }, () => new InProcessVisitor(gateway));
        for (const { visitor, pauseMs } of steps) {
          clock.advance(pauseMs);
          const one = visitors[visitor];
          if (one !== undefined) await openPage(one, '/next');
          expect(
            (await gateway.store.inner.view('demo', { endingsAfter: 0, report: null })).board.active,
          ).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 25 },
    );
  });
});
