// The hand-off: a site sends its visitors to the room and gets them back with a code. Where a visitor may be sent, who gets a code,
// and what a code is worth: once, for a minute, to one site, with the verifier alone.

import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader, importJWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { siteFields } from '../../worker/contract/room-schema.ts';
import { exchangeSchema } from '../../worker/contract/visitor-schema.ts';
import { handOffAddress, withCode } from '../../worker/gate/hand-off-address.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { change } from '../core/sample-rooms.ts';
import { ask, onCurrentVersion, signIn } from '../operators/operator-client.ts';
import { publicJwkOf } from './forged-tokens.ts';
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
import { AS_JSON, AS_OWN_FORM, AS_PAGE } from './visitor-client.ts';

const SITE = 'https://shop.example';
const HAND_OFF = [`${SITE}/book`, 'https://other.example', 'http://localhost:3000', `${SITE}/예약`];
const ROOM = '/_fairgate/rooms/demo';
const ADDRESS = `${SITE}/book?lang=ko&q=a%20b`;
const LATER = { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } };
const ADMISSION = 'fairgate-admission-demo';

let keys: SigningKeys;
beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const start = ({ room, ...options }: Partial<InProcessOptions> = {}) =>
  startInProcess({ keys, room: { handOff: HAND_OFF, ...room }, ...options });

interface Attempt {
  verifier: string;
  challenge: string;
  path: string;
}

/** What a site keeps, and where it sends its visitor. */
function attempt(address = ADDRESS, room = 'demo'): Attempt {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = new URLSearchParams({ return: address, challenge });
  return { verifier, challenge, path: `/_fairgate/rooms/${room}/enter?${query}` };
}

function codeIn(response: Response): string {
  const code = new URL(response.headers.get('Location') ?? '').searchParams.get('fairgate_code');
  if (response.status !== 303 || code === null) throw new Error(`Not a hand-off: ${response.status}.`);
  return code;
}

interface Exchanged {
  status: number;
  type: string;
  answer: { admissionToken: string; admitAt: string; expiresAt: string };
}

async function exchange(
  gateway: InProcessGateway,
  body: unknown,
  { room = 'demo', headers = {} }: { room?: string; headers?: Record<string, string> } = {},
): Promise<Exchanged> {
  const response = await gateway.request(`/_fairgate/rooms/${room}/exchange`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  expect(response.headers.getSetCookie()).toEqual([]);
  const answer = (await response.json()) as Exchanged['answer'] & { type?: string };
  return { status: response.status, type: answer.type?.replace(/^.*\//, '') ?? '', answer };
}

/** A visitor who is inside, and a code of theirs that was not exchanged. */
async function handedOver(gateway: InProcessGateway) {
  const visitor = await enter(gateway);
  const { verifier, path } = attempt();
  const code = codeIn(await visitor.page(path));
  return { visitor, input: { code, verifier, site: SITE } };
}

const stateOf = async (gateway: InProcessGateway, token: string) => {
  const response = await gateway.request(`${ROOM}/status`, { headers: { Authorization: `Bearer ${token}` } });
  return { response, state: ((await response.json()) as { state?: string }).state };
};

describe('a visitor whom a site sends', () => {
  it('joins, waits and comes back with a code, which the site’s server exchanges for the admission token', async () => {
    const gateway = await start();
    const visitor = new InProcessVisitor(gateway);
    const { verifier, path } = attempt(`${ADDRESS}#seats`);
    // The first visit brings a cookie and takes nothing: a browser that refuses cookies would go round in circles.
    expect(await pageKindOf(await visitor.send(path, { headers: AS_PAGE }))).toBe('newcomer');
    expect(placesGiven(gateway)).toBe(0);
    const back = await visitor.page(path);
    const location = back.headers.get('Location') ?? '';
    expect(location).toMatch(/^https:\/\/shop\.example\/book\?lang=ko&q=a%20b&fairgate_code=[\w.-]+#seats$/);
    expect(back.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(back.headers.get('Cache-Control')).toBe('no-store');
    expect(await back.text()).toBe('');

    const { status, answer } = await exchange(gateway, { code: codeIn(back), verifier, site: SITE });
    expect(status).toBe(200);
    exchangeSchema.parse(answer);
    const claims = decodeJwt(answer.admissionToken);
    expect(decodeProtectedHeader(answer.admissionToken).typ).toBe('admission+jwt');
    expect(claims).toMatchObject({ iss: PUBLIC_URL, aud: 'urn:fairgate:origin:demo', room: 'demo', position: 1 });
    expect(claims).not.toHaveProperty('present_by');
    expect(claims.exp).toBe(Math.floor(Date.parse(answer.expiresAt) / 1000));
    expect((await stateOf(gateway, answer.admissionToken)).state).toBe('admitted');
    expect(gateway.forwarded).toEqual([]);
  });

  it('has a code with the session, the site and a life of a minute', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const { path, challenge } = attempt();
    gateway.clock.advance(7);
    const code = codeIn(await visitor.page(path));
    const { iat = 0, exp = 0, ...claims } = decodeJwt(code);
    const { sid, sub } = decodeJwt(visitor.jar.get(ADMISSION) ?? '');
    expect(decodeProtectedHeader(code)).toMatchObject({ alg: 'ES256', typ: 'handoff+jwt' });
    expect(claims).toMatchObject({ sid, sub, site: SITE, challenge, room: 'demo', aud: 'urn:fairgate:origin:demo' });
    expect(exp - iat).toBe(60);
    expect(iat * 1000).toBe(gateway.clock.now());
  });

  it('counts for the whole session once the code is exchanged, also where nobody waited', async () => {
    const gateway = await start({ room: { policy: { totalActiveUsers: 1 } } });
    const visitor = new InProcessVisitor(gateway);
    const { verifier, path } = attempt();
    await visitor.send(path, { headers: AS_PAGE });
    const code = codeIn(await visitor.send(path, { headers: { ...AS_PAGE, 'Sec-Fetch-Site': 'cross-site' } }));
    expect(decodeJwt(visitor.jar.get(ADMISSION) ?? '')).toHaveProperty('present_by');
    expect((await exchange(gateway, { code, verifier, site: SITE })).status).toBe(200);
    // A provisional session would have given its vacancy to the next visitor by now.
    gateway.clock.advance(120_000);
    const next = new InProcessVisitor(gateway);
    await next.act('join');
    expect(await pageKindOf(await next.page('/'))).not.toBe(null);
  });

  it.each([
    ['before the opening', LATER],
    [
      'of a closed room',
      {
        schedule: { opensAt: new Date(NOON - 7_200_000).toISOString(), closesAt: new Date(NOON - 1_000).toISOString() },
      },
    ],
    ['without a vacancy', { policy: { totalActiveUsers: 1 } }],
  ])('gets no code %s', async (what, room) => {
    const gateway = await start({ room });
    if (what === 'without a vacancy') await enter(gateway);
    const visitor = new InProcessVisitor(gateway);
    for (let tries = 0; tries < 3; tries++) {
      const response = await visitor.page(attempt().path);
      expect([response.status, response.headers.get('Location')]).toEqual([200, null]);
      gateway.clock.advance(1_000);
    }
  });

  it('sees one constant page, that of everybody, as a stranger', async () => {
    const gateway = await start({ room: LATER });
    const bytes = async (path: string) => (await gateway.request(path, { headers: AS_PAGE })).text();
    const paths = [
      attempt().path,
      attempt('http://localhost:3000/').path,
      `${attempt().path}&form=other`,
      '/',
      `${ROOM}/wait`,
    ];
    expect(new Set(await Promise.all(paths.map(bytes))).size).toBe(1);
  });

  it('goes on without a script: its button leads to the site, which the policy of the page allows', async () => {
    const gateway = await start();
    const { path } = attempt();
    const visitor = new InProcessVisitor(gateway);
    const page = await visitor.send(path, { headers: AS_PAGE });
    expect(page.headers.get('Content-Security-Policy')).toContain(
      `form-action 'self' ${SITE} https://other.example http://localhost:3000;`,
    );
    const joined = await visitor.send(`${ROOM}/join`, {
      method: 'POST',
      headers: { ...AS_OWN_FORM, Cookie: visitor.jar.header, Referer: `${PUBLIC_URL}${path}` },
    });
    expect([joined.status, joined.headers.get('Location')]).toEqual([303, path]);
    codeIn(await visitor.send(path, { headers: AS_PAGE }));
    const switched = await visitor.send('/_fairgate/language?to=ko', { headers: { Referer: `${PUBLIC_URL}${path}` } });
    expect(switched.headers.get('Location')).toBe(path);
  });

  it('gets no code by a prefetch, a script or an app, and none for an operator’s pass', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const { path } = attempt();
    const fetched = {
      Accept: '*/*',
      'Sec-Fetch-Dest': 'empty',
      'Sec-Fetch-Mode': 'cors',
      'Sec-Fetch-Site': 'same-origin',
    };
    const bearer = { ...AS_JSON, Authorization: `Bearer ${visitor.jar.get(ADMISSION)}` };
    for (const headers of [{ ...AS_PAGE, 'Sec-Purpose': 'prefetch' }, fetched, AS_JSON]) {
      const response = await visitor.send(path, { headers });
      expect([response.status, response.headers.get('Location')]).toEqual([403, null]);
    }
    expect((await gateway.request(path, { headers: bearer })).status).toBe(403);
    const { document } = await ask(gateway, 'givePass', { headers: await signIn(gateway) });
    const { pathname, search } = new URL((document as { link: { address: string } }).link.address);
    const operator = new InProcessVisitor(gateway);
    await operator.send(`${pathname}${search}`, { headers: AS_PAGE });
    const refused = await operator.send(path, { headers: AS_PAGE });
    expect([refused.status, await pageKindOf(refused)]).toEqual([403, 'badRequest']);
  });

  it('waits where the store does not respond, instead of a code that cannot be exchanged', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    gateway.store.mode = 'fails';
    gateway.clock.advance(10_000);
    await visitor.page('/');
    gateway.clock.advance(1_000);
    expect(await pageKindOf(await visitor.page(attempt().path))).toBe('storeUnreachable');
  });
});

describe('a code', () => {
  it('is good once, at one of two gateways that it is sent to at once', async () => {
    const gateway = await start();
    const beside = await startBeside(gateway);
    const { input } = await handedOver(gateway);
    await beside.request(`${ROOM}/board`);
    const [one, two] = await Promise.all([exchange(gateway, input), exchange(beside, input)]);
    expect([one.status, two.status].toSorted()).toEqual([200, 409]);
    for (const each of [gateway, beside]) {
      expect(await exchange(each, input)).toMatchObject({ status: 409, type: 'hand-off-used' });
    }
  });

  it('does not go on once a later one of its session was used, and a later one does', async () => {
    const gateway = await start();
    const { visitor, input } = await handedOver(gateway);
    gateway.clock.advance(1);
    const later = attempt();
    const code = codeIn(await visitor.page(later.path));
    expect((await exchange(gateway, { code, verifier: later.verifier, site: SITE })).status).toBe(200);
    expect(await exchange(gateway, input)).toMatchObject({ status: 409, type: 'hand-off-used' });
  });

  it('is used up by a wrong verifier or another site, and gives nothing', async () => {
    for (const wrong of [{ verifier: attempt().verifier }, { site: 'https://other.example' }, { site: `${SITE}/` }]) {
      const gateway = await start();
      const { input } = await handedOver(gateway);
      expect(await exchange(gateway, { ...input, ...wrong })).toMatchObject({ status: 403, type: 'hand-off-verifier' });
      expect(await exchange(gateway, input)).toMatchObject({ status: 409, type: 'hand-off-used' });
    }
  });

  it('is good for a minute by the store’s clock, and not a millisecond longer', async () => {
    const gateway = await start();
    gateway.clock.advance(7);
    const { input } = await handedOver(gateway);
    gateway.clock.advance(60_000);
    expect(await exchange(gateway, input)).toMatchObject({ status: 410, type: 'hand-off-expired' });
    const other = await start();
    const young = await handedOver(other);
    other.clock.advance(58_000);
    expect((await exchange(other, young.input)).status).toBe(200);
  });

  it.each([
    ['the visitor left', async (_: InProcessGateway, visitor: InProcessVisitor) => visitor.act('leave')],
    ['an operator ended all sessions', async (gateway: InProcessGateway) => revokeAll(gateway)],
    ['the session expired', async (gateway: InProcessGateway) => gateway.clock.advance(55_000)],
  ])('gives nothing after its session is over: %s', async (what, end) => {
    const gateway = await start({ room: { policy: { sessionMinutes: 1, sessionRenewal: false } } });
    const visitor = await enter(gateway);
    if (what === 'the session expired') gateway.clock.advance(10_000);
    const { verifier, path } = attempt();
    const code = codeIn(await visitor.page(path));
    await end(gateway, visitor);
    expect(await exchange(gateway, { code, verifier, site: SITE })).toMatchObject({
      status: 410,
      type: 'hand-off-over',
    });
  });

  it('gives nothing in another opening', async () => {
    const gateway = await start();
    const { input } = await handedOver(gateway);
    const secret = { commitment: 'a'.repeat(64), sealed: 'x' };
    await gateway.store.inner.apply('demo', [change({ kind: 'close' })]);
    await gateway.store.inner.apply('demo', [change({ kind: 'openNow', secret })]);
    gateway.clock.advance(2_000);
    expect(await exchange(gateway, input)).toMatchObject({ status: 410, type: 'hand-off-over' });
  });

  it('is of one room, also where two rooms share their audience', async () => {
    const audience = 'urn:shared';
    const other = { id: 'other', hosts: ['other.test'], audience, handOff: HAND_OFF };
    const gateway = await start({ room: { audience, hosts: ['127.0.0.1'] }, moreRooms: [other] });
    const { input } = await handedOver(gateway);
    const response = await gateway.request(
      '/_fairgate/rooms/other/exchange',
      { method: 'POST', headers: { Host: 'other.test' }, body: JSON.stringify(input) },
      'http://other.test',
    );
    expect([response.status, ((await response.json()) as { type: string }).type]).toEqual([
      400,
      'https://fairgate.dev/problems/hand-off-code',
    ]);
    expect((await exchange(gateway, input)).status).toBe(200);
  });

  it('is a code only as the gateway signed it', async () => {
    const gateway = await start();
    const { visitor, input } = await handedOver(gateway);
    const [key] = keys.keys;
    if (key === undefined) throw new TypeError('No key.');
    const claims = decodeJwt(input.code);
    const sign = async (changes: Record<string, unknown>, typ = 'handoff+jwt', signer = key) =>
      new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg: 'ES256', typ, kid: (await publicJwkOf(key)).kid })
        .sign((await importJWK({ ...signer }, 'ES256')) as CryptoKey);
    const [header, payload, signature] = input.code.split('.');
    const swapped = Buffer.from(JSON.stringify({ ...claims, position: 2 })).toString('base64url');
    const forged = {
      'another payload': `${header}.${swapped}.${signature}`,
      'no signature': `${header}.${payload}.`,
      'another key': await sign({}, undefined, await newSigningKey(0)),
      'an admission token': visitor.jar.get(ADMISSION) ?? '',
      'a queue token': visitor.jar.get('fairgate-queue-demo') ?? '',
      'another type': await sign({}, 'admission+jwt'),
      'another audience': await sign({ aud: 'urn:fairgate:origin:other' }),
      'another issuer': await sign({ iss: 'https://evil.test' }),
      'another room': await sign({ room: 'other' }),
      'no challenge': await sign({ challenge: undefined }),
      'an operator’s pass': await sign({ position: 0 }),
      'no text': '',
    };
    for (const [what, code] of Object.entries(forged)) {
      expect([what, (await exchange(gateway, { ...input, code })).type]).toEqual([what, 'hand-off-code']);
    }
    // None of them reached the room.
    expect(gateway.store.applied).not.toContain('redeem');
    expect((await exchange(gateway, { ...input, code: await sign({}) })).status).toBe(200);
  });

  it('answers 503 while the store does not respond, and is good afterwards', async () => {
    const gateway = await start();
    const { input } = await handedOver(gateway);
    gateway.store.mode = 'fails';
    expect(await exchange(gateway, input)).toMatchObject({ status: 503, type: 'store-unreachable' });
    gateway.store.mode = 'answers';
    expect((await exchange(gateway, input)).status).toBe(200);
  });

  it('is not exchanged by a browser, nor for anything but the three fields', async () => {
    const gateway = await start();
    const { input } = await handedOver(gateway);
    const { verifier, ...without } = input;
    for (const headers of [{ Origin: SITE }, { 'Sec-Fetch-Site': 'same-origin' }]) {
      expect(await exchange(gateway, input, { headers })).toMatchObject({ status: 403, type: 'hand-off-browser' });
    }
    const bad = [
      '',
      'null',
      '[]',
      '{',
      without,
      { ...input, verifier: 'short' },
      { ...input, more: 1 },
      { ...input, code: 1 },
    ];
    for (const body of bad) {
      expect(await exchange(gateway, body)).toMatchObject({ status: 400, type: 'hand-off-input' });
    }
    expect((await exchange(gateway, { ...input, verifier: 'x'.repeat(5_000) })).status).toBe(413);
    expect((await gateway.request(`${ROOM}/exchange?code=${input.code}&verifier=${verifier}`)).status).not.toBe(200);
    expect((await exchange(gateway, input)).status).toBe(200);
  });

  it('costs the room a bounded number of operations, however often it is sent again', async () => {
    const gateway = await start();
    gateway.parts.polls.secondsToWait = (key: string) => (key.includes('exchange') ? 3 : 0);
    const { input } = await handedOver(gateway);
    expect(await exchange(gateway, input)).toMatchObject({ status: 429, type: 'too-many-requests' });
    expect(gateway.store.applied).not.toContain('redeem');
  });
});

describe('the status by the exchanged token', () => {
  it('extends the session in its second half, as a request of the visitor would', async () => {
    const gateway = await start();
    const { input } = await handedOver(gateway);
    const { answer } = await exchange(gateway, input);
    const early = await stateOf(gateway, answer.admissionToken);
    expect(early.response.headers.get('Fairgate-Admission-Token')).toBe(null);
    gateway.clock.advance(200_000);
    const { response, state } = await stateOf(gateway, answer.admissionToken);
    const renewed = response.headers.get('Fairgate-Admission-Token') ?? '';
    expect(state).toBe('admitted');
    expect(decodeJwt(renewed).exp).toBeGreaterThan(decodeJwt(answer.admissionToken).exp ?? 0);
    gateway.clock.advance(200_000);
    expect((await stateOf(gateway, answer.admissionToken)).response.status).toBe(200);
    expect((await stateOf(gateway, renewed)).state).toBe('admitted');
  });

  it('says that the session ended early', async () => {
    const gateway = await start();
    const { visitor, input } = await handedOver(gateway);
    const { answer } = await exchange(gateway, input);
    await visitor.act('leave');
    gateway.clock.advance(3_000);
    expect((await stateOf(gateway, answer.admissionToken)).state).toBe('completed');
  });
});

/** Spellings around an allowed address, by which some parser might find another host or path. */
const HOSTS = [
  ...[
    'evil.test',
    'shop.example',
    'SHOP.example',
    'shop.example.',
    'shop.example:443',
    'shop.example:8443',
    'shop.example.evil.test',
  ],
  ...[
    'shop.example@evil.test',
    'user@shop.example',
    'shop.example%2f@evil.test',
    'shop.example\\@evil.test',
    'evil.test\\.shop.example',
  ],
  ...[
    'shop.example%00.evil.test',
    'shop。example',
    'xn--shop.example',
    '[::1]',
    'localhost:3000',
    'localhost',
    'shop.example#@evil.test',
  ],
  ...['shop.example?@evil.test', 'shop.example;evil.test', 'shop.example\t.evil.test', '', 'other.example'],
];
const SCHEMES = [
  'https://',
  'http://',
  'HTTPS://',
  'https:/',
  'https:',
  'https:\\\\',
  '//',
  '\\\\',
  '',
  'javascript://',
  'data:text/html,',
  ' https://',
  '\thttps://',
  'https:///',
];
const PATHS = [
  ...[
    '/book',
    '/book/',
    '/book/a?b#c',
    '/bookshop',
    '/Book',
    '/',
    '',
    '/book/..',
    '/book/../x',
    '/book/%2e%2e/x',
    '/book%2f..%2fx',
  ],
  ...[
    '//evil.test/book',
    '/book//evil.test',
    '/\\evil.test',
    '/book\\..\\x',
    '/book/;/../../x',
    '/book;a=b',
    '/%62ook',
    '/book%00',
    '/book\n',
    '/book\r\nX: y',
  ],
  ...[
    '/book?fairgate_code=x',
    '/book?next=https://evil.test',
    '/book#//evil.test',
    '/%EC%98%88%EC%95%BD/1',
    '/book/%zz',
    '/book/%c0%ae%c0%ae/x',
    '/.//evil.test',
  ],
];

describe('a return address', () => {
  const room = { handOff: HAND_OFF };

  it('is followed only to a listed origin, below its path, whatever it is made of', () => {
    const parts = fc.tuple(
      fc.oneof(fc.constantFrom(...SCHEMES), fc.string({ maxLength: 8 })),
      fc.oneof(
        fc.constantFrom(...HOSTS),
        fc.webUrl().map((url) => new URL(url).host),
        fc.string({ maxLength: 12 }),
      ),
      fc.oneof(fc.constantFrom(...PATHS), fc.webPath(), fc.string({ unit: 'binary', maxLength: 20 })),
    );
    const requested = fc.oneof(
      parts.map((all) => all.join('')),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc
        .tuple(fc.constantFrom(...HAND_OFF), fc.constantFrom(...PATHS), fc.string({ maxLength: 5 }))
        .map((all) => all.join('')),
    );
    let followed = 0;
    fc.assert(
      fc.property(requested, (text) => {
        const address = handOffAddress(room, text);
        if (address === null) return;
        followed++;
        const location = withCode(address, 'code');
        // As a browser reads it, and as it was written.
        const url = new URL(location);
        expect(location).toMatch(/^[!-~]+$/);
        expect([url.username, url.password, url.searchParams.getAll('fairgate_code')]).toEqual(['', '', ['code']]);
        expect([SITE, 'https://other.example', 'http://localhost:3000']).toContain(url.origin);
        expect(location.startsWith(`${url.origin}/`)).toBe(true);
        if (url.origin === SITE) expect(url.pathname).toMatch(/^\/(?:book|%EC%98%88%EC%95%BD)(?:[/?#]|$)/);
        expect(url.pathname.startsWith('//')).toBe(false);
      }),
      { numRuns: 5_000 },
    );
    expect(followed).toBeGreaterThan(100);
  });

  it('keeps its query and fragment as they are, and loses a code from before', () => {
    const of = (text: string) => {
      const address = handOffAddress(room, text);
      return address === null ? null : withCode(address, 'new');
    };
    expect(of(`${SITE}/book`)).toBe(`${SITE}/book?fairgate_code=new`);
    expect(of(`${SITE}/book?a=1&a=%32&b#x?y`)).toBe(`${SITE}/book?a=1&a=%32&b&fairgate_code=new#x?y`);
    expect(of(`${SITE}/book?fairgate_code=old&a=1`)).toBe(`${SITE}/book?a=1&fairgate_code=new`);
    expect(of('https://other.example/')).toBe('https://other.example/?fairgate_code=new');
    expect(of('https://other.example')).toBe(null);
    expect(of(`https://other.example/${'a'.repeat(5_000)}`)).toBe(null);
  });

  it('that is not listed is refused in words, and not followed', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const challenge = attempt().challenge;
    const queries = [
      ...['https://evil.test/', '/book', SITE, `${SITE}/shop`, ''].map(
        (address) => new URLSearchParams({ return: address, challenge }),
      ),
      new URLSearchParams([
        ['return', ADDRESS],
        ['return', 'https://evil.test/'],
        ['challenge', challenge],
      ]),
      new URLSearchParams({ challenge }),
    ];
    for (const query of queries) {
      const response = await visitor.send(`${ROOM}/enter?${query}`, { headers: AS_PAGE });
      expect([response.status, response.headers.get('Location')]).toEqual([400, null]);
      const text = await response.text();
      expect(text).toContain('handOff');
      expect(text).not.toContain('evil.test');
    }
    const none = await start({ room: { handOff: [] } });
    expect((await none.request(attempt().path, { headers: AS_PAGE })).status).toBe(400);
  });

  it.each([
    ['is missing', []],
    ['is empty', [['challenge', '']]],
    ['is the verifier, as the method plain has it', [['challenge', randomBytes(40).toString('base64url')]]],
    ['has unused bits', [['challenge', `${'A'.repeat(42)}B`]]],
    [
      'comes twice',
      [
        ['challenge', attempt().challenge],
        ['challenge', attempt().challenge],
      ],
    ],
  ])('is not followed where the challenge %s', async (_, pairs) => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const query = new URLSearchParams([['return', ADDRESS], ...pairs] as [string, string][]);
    const response = await visitor.send(`${ROOM}/enter?${query}`, { headers: AS_PAGE });
    expect([response.status, response.headers.get('Location')]).toEqual([400, null]);
  });
});

describe('the setting handOff', () => {
  const parse = (addresses: string[]) => siteFields.handOff.safeParse(addresses).success;

  test.each([
    ...['https://shop.example', 'https://shop.example/', 'https://shop.example/book', 'https://shop.example:8443/a/b/'],
    ...[
      'http://localhost',
      'http://127.0.0.1:3000/x',
      'http://[::1]:3000',
      'http://shop.localhost:1',
      'https://shop.example/예약',
    ],
  ])('takes %s', (address) => {
    expect(parse([address])).toBe(true);
  });

  test.each([
    ...[
      '',
      '*',
      'null',
      'shop.example',
      '//shop.example',
      'http://shop.example',
      'https://*.example',
      'https://SHOP.example',
    ],
    ...[
      'https://shop.example:443',
      'https://u:p@shop.example',
      'https://shop.example?x',
      'https://shop.example#x',
      'https://shop.example/a?b',
    ],
    ...[
      'https://shop.example/a//b',
      'https://shop.example/../a',
      'https://shop.example/%61',
      'https://shop.example\\a',
      'https://shop.example/a b',
    ],
    ...[
      'capacitor://localhost',
      'javascript://shop.example/%0aalert(1)',
      'file:///',
      'https:///x',
      'https://shop.example/a\r\nX: y',
      ' https://shop.example',
    ],
    'http://10.0.0.1',
  ])('refuses %j', (address) => {
    expect(parse([address])).toBe(false);
  });

  test('takes at most 16 addresses, each once', () => {
    const many = Array.from({ length: 17 }, (_, index) => `https://a${index}.example`);
    expect([parse(many), parse(many.slice(1)), parse([SITE, SITE])]).toEqual([false, true, false]);
  });
});

async function revokeAll(gateway: InProcessGateway): Promise<void> {
  const { status } = await ask(gateway, 'revokeAll', { headers: await onCurrentVersion(gateway) });
  expect(status).toBe(200);
}
