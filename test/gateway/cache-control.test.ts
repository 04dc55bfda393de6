// What the gateway says to caches: no shared cache may store what needs an admission, no cache at all a response with one of the
// gateway's cookies, and what needs no admission stays as the origin wrote it. Judged by a model of a shared cache (RFC 9111)
// that shares no code with the gateway and stores everything that is not forbidden.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { forbidSharedStorage } from '../../worker/proxy/cache-control.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, withKey } from '../operators/operator-client.ts';
import { type InProcessGateway, InProcessVisitor, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

/** Directives by name, lower case; a value is unquoted. Of a repeated directive the last one counts. */
function directivesOf(field: string | null): Map<string, string | null> {
  const directives = new Map<string, string | null>();
  let [part, isQuoted] = ['', false];
  for (const character of `${field ?? ''},`) {
    if (character === '"') isQuoted = !isQuoted;
    if (character !== ',' || isQuoted) {
      part += character;
      continue;
    }
    const [name = '', ...value] = part.trim().split('=');
    if (name !== '') {
      const text = value.join('=').trim().replaceAll('"', '');
      directives.set(name.trim().toLowerCase(), value.length === 0 ? null : text);
    }
    part = '';
  }
  return directives;
}

/** Whether some shared cache stores a response with this header, of any status and to any request (RFC 9111, 3; RFC 9213). */
function isStoredByASharedCache(headers: Headers): boolean {
  const names = [...headers.keys()];
  if (names.some((name) => name.endsWith('-cache-control') && name !== 'cache-control')) return true;
  if (['surrogate-control', 'edge-control', 'x-accel-expires'].some((name) => names.includes(name))) return true;
  const directives = directivesOf(headers.get('Cache-Control'));
  const isNoStore = directives.has('no-store') && !directives.has('must-understand');
  return !isNoStore && directives.get('private') !== null;
}

/** What a browser's cache, which is private, may do with the response. */
function browserRules(headers: Headers) {
  const directives = directivesOf(headers.get('Cache-Control'));
  return {
    freshSeconds: directives.get('max-age') ?? headers.get('Expires'),
    isStored: !directives.has('no-store'),
    isRevalidated: directives.has('no-cache'),
    isStaleRefused: directives.has('must-revalidate'),
  };
}

function forbidden(fields: readonly (readonly [string, string])[]): Headers {
  const headers = new Headers(fields.map(([name, value]) => [name, value]));
  forbidSharedStorage(headers);
  return headers;
}

const FIELDS: [string, string][] = [
  ['CDN-Cache-Control', 'max-age=60'],
  ['Cloudflare-CDN-Cache-Control', 'max-age=60'],
  ['Vercel-CDN-Cache-Control', 'max-age=60'],
  ['X-LiteSpeed-Cache-Control', 'public, max-age=60'],
  ['Surrogate-Control', 'max-age=60'],
  ['Edge-Control', 'cache-maxage=60s'],
  ['X-Accel-Expires', '60'],
  ['x-accel-expires', '@4102444800'],
  ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
  ['Last-Modified', 'Fri, 01 Jan 2010 00:00:00 GMT'],
  ['Vary', 'Accept-Encoding'],
  ['Vary', '*'],
  ['ETag', '"v1"'],
];

/** Directives as origins write them, in any case, with other white space, misspelt or with a broken value. */
const directive = fc
  .tuple(
    fc.constantFrom(
      ...['public', 's-maxage=60', 'max-age=60', 'max-age="60"', 'proxy-revalidate', 'must-revalidate', 'no-transform'],
      ...[
        'must-understand',
        'no-store',
        'no-cache',
        'no-cache="Set-Cookie, X-A"',
        'private="X-A, public"',
        'immutable',
      ],
      ...['stale-while-revalidate=60', 'stale-if-error=60', 'private', 'x-private', 'private=', 'private="'],
      ...['max-age="60', 'no-cache="a, public', '"', '=', ';', 'max-age = 60', 'community="UCI"', 's-maxage'],
    ),
    fc.boolean(),
    fc.constantFrom('', ' ', '\t '),
  )
  .map(([text, isUpper, space]) => `${space}${isUpper ? text.toUpperCase() : text}${space}`);

const cacheControl = fc.array(
  fc.array(directive, { maxLength: 6 }).map((parts) => parts.join(',')),
  { maxLength: 3 },
);

describe('what only the admitted may see', () => {
  it('is not stored by any shared cache, whatever the origin said about caches', () => {
    fc.assert(
      fc.property(cacheControl, fc.subarray(FIELDS), (lines, fields) => {
        const headers = forbidden([...lines.map((line) => ['Cache-Control', line] as const), ...fields]);
        expect([isStoredByASharedCache(headers), Object.fromEntries(headers)]).toEqual([false, expect.anything()]);
        const vary = headers.get('Vary') ?? '';
        expect(vary).toMatch(/\*|(^|, )Cookie$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is stored by the visitor’s own browser as the origin said', () => {
    const wellFormed = fc.uniqueArray(
      fc.constantFrom(
        ...['public', 's-maxage=60', 'max-age=60', 'max-age=0', 'must-revalidate', 'no-cache', 'no-store', 'private'],
        ...['no-transform', 'proxy-revalidate', 'immutable', 'must-understand', 'stale-if-error=60'],
      ),
      { selector: (text) => text.split('=')[0] },
    );
    fc.assert(
      fc.property(wellFormed, fc.boolean(), (parts, expires) => {
        const fields: [string, string][] = expires ? [['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT']] : [];
        const sent = new Headers([['Cache-Control', parts.join(', ')], ...fields]);
        expect(browserRules(forbidden([...sent]))).toEqual(browserRules(sent));
      }),
    );
  });

  it.each([
    [[], 'private', 'Cookie'],
    [[['Cache-Control', 'public, max-age=60']], 'private, max-age=60', 'Cookie'],
    [[['Cache-Control', 'PUBLIC, S-MaxAge=9, Max-Age=60']], 'private, max-age=60', 'Cookie'],
    [[['Cache-Control', 'no-store']], 'private, no-store', 'Cookie'],
    [[['Cache-Control', 'no-store, must-understand']], 'private, no-store', 'Cookie'],
    [[['Cache-Control', 'private="Set-Cookie", max-age=5']], 'private, max-age=5', 'Cookie'],
    [[['Cache-Control', 'no-cache="a, b"']], 'private, no-cache="a, b"', 'Cookie'],
    [[['Vary', 'Accept-Encoding']], 'private', 'Accept-Encoding, Cookie'],
    [[['Vary', 'X-Cookie, cookie']], 'private', 'X-Cookie, cookie'],
    [[['Vary', '*']], 'private', '*'],
  ] as [[string, string][], string, string][])(
    'with %j gets Cache-Control "%s" and Vary "%s"',
    (fields, control, vary) => {
      const headers = forbidden(fields);
      expect([headers.get('Cache-Control'), headers.get('Vary')]).toEqual([control, vary]);
    },
  );

  it('keeps what is no permission to store: validators, Expires, Age, Pragma and the labels of purging', () => {
    const fields: [string, string][] = [
      ['Age', '7'],
      ['Cache-Tag', 'a,b'],
      ['ETag', '"v1"'],
      ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ['Last-Modified', 'Fri, 01 Jan 2010 00:00:00 GMT'],
      ['Pragma', 'no-cache'],
      ['Surrogate-Key', 'a b'],
    ];
    const headers = forbidden(fields);
    expect(fields.map(([name]) => [name, headers.get(name)])).toEqual(fields);
  });
});

describe('a response', () => {
  let keys: SigningKeys;
  const PUBLIC = {
    'Cache-Control': 'public, max-age=60, s-maxage=600',
    'CDN-Cache-Control': 'max-age=600',
    'X-Accel-Expires': '600',
    Vary: 'Accept-Encoding',
  };

  beforeAll(async () => {
    keys = { keys: [await newSigningKey(0)] };
  });

  const start = (status = 200, headers: Record<string, string> = PUBLIC) =>
    startInProcess({
      keys,
      room: { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' },
      fetchOrigin: async () => new Response([204, 304].includes(status) ? null : MARKER, { status, headers }),
    });

  async function enter(gateway: InProcessGateway): Promise<{ inside: InProcessVisitor; first: Response }> {
    const inside = new InProcessVisitor(gateway);
    gateway.clock.advance(1_000);
    await inside.page('/book');
    gateway.clock.advance(2_100);
    const first = await inside.page('/book');
    expect(inside.jar.get('fairgate-admission-demo')).toBeDefined();
    return { inside, first };
  }

  const setsCookie = ({ headers }: Response) => headers.getSetCookie().some((line) => line.includes('fairgate-'));

  it.each([200, 203, 204, 206, 301, 302, 304, 307, 308, 404, 410, 418, 500, 501])(
    'of the origin with status %i leaves as private after admission, without a word to networks’ caches',
    async (status) => {
      const { inside } = await enter(await start(status));
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
        const { headers } = await inside.send('/book', { method });
        expect(headers.get('Cache-Control')).toBe('private, max-age=60');
        expect(headers.get('Vary')).toBe('Accept-Encoding, Cookie');
        expect(isStoredByASharedCache(headers)).toBe(false);
      }
    },
  );

  it('of the origin leaves as private for an operator’s pass and for a Bearer token', async () => {
    const gateway = await start();
    const { inside } = await enter(gateway);
    const { document } = await ask(gateway, 'givePass', { headers: withKey() });
    const { admissionToken: pass } = document as { admissionToken: string };
    for (const token of [inside.jar.get('fairgate-admission-demo'), pass]) {
      const { headers } = await gateway.request('/book', { headers: { Authorization: `Bearer ${token}` } });
      expect(headers.get('Cache-Control')).toBe('private, max-age=60');
    }
  });

  it('with a cookie of the gateway is stored by no cache: the first one, one with a renewal, and redirects and 304 with it', async () => {
    for (const status of [200, 301, 304]) {
      const gateway = await start(status);
      const { inside, first } = await enter(gateway);
      expect([setsCookie(first), first.headers.get('Cache-Control')]).toEqual([true, 'no-store']);
      expect(isStoredByASharedCache(first.headers)).toBe(false);
      gateway.clock.advance(200_000);
      await gateway.request('/_fairgate/rooms/demo/board');
      const renewed = await inside.page('/book');
      expect([setsCookie(renewed), renewed.headers.get('Cache-Control')]).toEqual([true, 'no-store']);
    }
  });

  it('that needs no admission stays as the origin wrote it and never carries a cookie of the gateway', async () => {
    const gateway = await start();
    const { inside } = await enter(gateway);
    gateway.clock.advance(200_000);
    for (const path of ['/book/static/a.js', '/news']) {
      for (const visitor of [inside, new InProcessVisitor(gateway)]) {
        const response = await visitor.page(path);
        expect(await response.text()).toBe(MARKER);
        for (const [name, value] of Object.entries(PUBLIC)) expect(response.headers.get(name)).toBe(value);
        expect(response.headers.getSetCookie()).toEqual([]);
      }
    }
  });

  it('of the gateway itself is stored by no cache, except the board and the public keys, which are the same for everyone', async () => {
    const gateway = await start();
    const { inside } = await enter(gateway);
    const room = '/_fairgate/rooms/demo';
    const stored = new Set<string>();
    for (const [method, path] of [
      ...['', '?x=1', '/elsewhere/%2e%2e/%2F'].map((path) => ['GET', `/book${path}`]),
      ...['board', 'status', 'pass?code=x', 'unknown'].map((name) => ['GET', `${room}/${name}`]),
      ...['join', 'claim', 'leave'].map((name) => ['POST', `${room}/${name}`]),
      ...['/_fairgate/language?to=en&return=/book', '/.well-known/jwks.json', '/_fairgate/console/'].map((path) => [
        'GET',
        path,
      ]),
      ...['healthz', 'metrics', 'openapi.json', 'operator/rooms', 'x'].map((name) => ['GET', `/_fairgate/${name}`]),
      ['POST', '/_fairgate/operator/session'],
    ] as [string, string][]) {
      for (const headers of [AS_PAGE, AS_JSON, {}]) {
        for (const send of [inside.send.bind(inside), gateway.request]) {
          const response = await send(path, { method, headers });
          if ((await response.text()) === MARKER) continue;
          if (response.headers.get('Cache-Control') !== 'no-store') stored.add(path);
        }
      }
    }
    expect([...stored]).toEqual([`${room}/board`, '/.well-known/jwks.json']);
  });
});
