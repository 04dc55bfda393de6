// Forms of other sites: the browser sends them without the visitor's cookies, a page of the gateway sends them again with
// them, and the origin gets them as they were, with nothing that makes them look like forms of its own.

import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RELAYED_FIELD, renderRelayPage } from '../../worker/pages/relay-page.tsx';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_PASS_POSITION } from '../../worker/tokens/tokens.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import {
  type InProcessGateway,
  type InProcessOptions,
  InProcessVisitor,
  NOON,
  PUBLIC_URL,
  pageKindOf,
  startInProcess,
} from './in-process.ts';
import { type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_PAGE, enter, GateVisitor, send, sendRaw } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

/** Node's own takes a body that is a stream only with this option; workerd knows no such option. */
class RequestOfStreams extends Request {
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(input, init?.body instanceof ReadableStream ? ({ ...init, duplex: 'half' } as RequestInit) : init);
  }
}

beforeEach(() => void vi.stubGlobal('Request', RequestOfStreams));
afterEach(() => void vi.unstubAllGlobals());

const HOST = { Host: new URL(PUBLIC_URL).host };
const SHOP = 'https://pay.example';
const REFERER = `${SHOP}/checkout?order=7`;
const URLENCODED = 'application/x-www-form-urlencoded';
const FORM_BYTES_MAX = 65_536;

/** What a browser sends with another site's form. */
const CROSS_SITE = { ...HOST, ...AS_PAGE, Origin: SHOP, Referer: REFERER, 'Sec-Fetch-Site': 'cross-site' };

/** What it sends with the form of the gateway's page. */
const SAME_SITE = {
  ...HOST,
  ...AS_PAGE,
  Origin: PUBLIC_URL,
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-User': '?1',
  'Content-Type': 'text/plain',
};

type Body = string | Uint8Array<ArrayBuffer>;

const bytesOf = (body: Body) => (typeof body === 'string' ? new TextEncoder().encode(body) : body);
const lengthOf = (body: Body) => ({ 'Content-Length': String(bytesOf(body).byteLength) });

async function start(room: InProcessOptions['room'] = {}): Promise<InProcessGateway> {
  const gateway = await startInProcess({ keys, room });
  await gateway.request('/_fairgate/rooms/demo/status');
  gateway.clock.advance(2_000);
  return gateway;
}

async function admitted(gateway: InProcessGateway): Promise<InProcessVisitor> {
  const visitor = new InProcessVisitor(gateway);
  await visitor.send('/', { headers: AS_PAGE });
  await visitor.send('/', { headers: AS_PAGE });
  gateway.forwarded.length = 0;
  return visitor;
}

function unescapeHtml(text: string): string {
  const characters: Record<string, string> = { quot: '"', lt: '<', gt: '>', amp: '&', '#39': "'" };
  return text.replace(/&(quot|lt|gt|amp|#39);/g, (_, name: string) => characters[name] ?? '');
}

/** The form of a relay page as a browser reads it; null on any other page. */
function formIn(html: string): { action: string; value: string } | null {
  const action = /<form method="post" action="([^"]*)" enctype="text\/plain">/.exec(html)?.[1];
  const value = new RegExp(`name="${RELAYED_FIELD}" value="([^"]*)"`).exec(html)?.[1];
  return action === undefined || value === undefined ? null : { action: unescapeHtml(action), value };
}

/** The first request, by a browser that withholds the gateway's cookies. */
function post(gateway: InProcessGateway, path: string, body: Body, headers: Record<string, string> = {}) {
  const all = { ...CROSS_SITE, 'Content-Type': URLENCODED, ...lengthOf(body), ...headers };
  return gateway.request(path, { method: 'POST', headers: all, body });
}

/** What a browser sends of a form with one field as text. */
const plainText = (value: string) => `${RELAYED_FIELD}=${value}\r\n`;

/** The second request, with all of the browser's cookies. */
function postAgain(visitor: InProcessVisitor, action: string, body: Body, headers: Record<string, string> = {}) {
  return visitor.send(action, { method: 'POST', headers: { ...SAME_SITE, ...lengthOf(body), ...headers }, body });
}

/** Both requests. @returns the response to the second */
async function relay(
  gateway: InProcessGateway,
  visitor: InProcessVisitor,
  path: string,
  body: Body,
  headers: Record<string, string> = {},
): Promise<Response> {
  const form = formIn(await (await post(gateway, path, body, headers)).text());
  if (form === null) throw new Error('The first request got no relay page.');
  return postAgain(visitor, form.action, plainText(form.value));
}

/** The one request that reached the origin. */
function onlyForwarded({ forwarded }: InProcessGateway): Request {
  const [request, ...others] = forwarded.splice(0);
  expect(others).toEqual([]);
  if (request === undefined) throw new Error('Nothing reached the origin.');
  return request;
}

const bodyOf = async (request: Request) => new Uint8Array(await request.arrayBuffer());

function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected), `${actual.byteLength} bytes differ from ${expected.byteLength}`).toBe(0);
}

describe('another site’s form', () => {
  it('gets a page that posts to the same path and query, and neither takes a place nor reaches the origin', async () => {
    const gateway = await start();
    const response = await post(gateway, '/pay/callback?order=7&sig=%2Bx', 'result=ok');
    expect(response.status).toBe(403);
    expect(formIn(await response.text())).toMatchObject({ action: '/pay/callback?order=7&sig=%2Bx' });
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(gateway.store.applied.filter((kind) => kind !== 'configure' && kind !== 'draw')).toEqual([]);
    expect(gateway.forwarded).toEqual([]);
  });

  it('reaches the origin once, as the browser first sent it', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    const response = await relay(gateway, visitor, '/pay/callback?order=7', 'result=ok&sum=12');
    expect(response.status).toBe(200);
    const request = onlyForwarded(gateway);
    expect(request.method).toBe('POST');
    expect(request.url).toBe('http://origin.test/pay/callback?order=7');
    expect(await request.clone().text()).toBe('result=ok&sum=12');
    expect(Object.fromEntries(request.headers)).toMatchObject({
      'content-type': URLENCODED,
      origin: SHOP,
      referer: REFERER,
      'sec-fetch-site': 'cross-site',
      'fairgate-admission': visitor.jar.get('fairgate-admission-demo'),
    });
    for (const name of ['cookie', 'sec-fetch-user', 'content-length']) expect(request.headers.has(name)).toBe(false);
  });

  it('reaches the origin as it was with an operator’s pass too', async () => {
    const gateway = await start();
    const { clock, parts, room } = gateway;
    const { epoch } = await (await gateway.request('/_fairgate/rooms/demo/board')).json();
    const pass = { room: 'demo', visitor: 'v'.repeat(22), epoch, position: OPERATOR_PASS_POSITION, sid: 'pass' };
    const times = { issuedAt: clock.now(), admitAt: clock.now(), expiresAt: clock.now() + 60_000, presentBy: null };
    const operator = new InProcessVisitor(gateway);
    operator.jar.set(
      'fairgate-admission-demo',
      await parts.tokens.issueAdmission({ ...pass, ...times }, room.audience),
    );
    expect((await relay(gateway, operator, '/pay/callback?order=7', 'result=ok')).status).toBe(200);
    const request = onlyForwarded(gateway);
    expect(await request.clone().text()).toBe('result=ok');
    expect(request.headers.get('Origin')).toBe(SHOP);
  });

  it('has no Referer, Origin or Fetch metadata at the origin where the browser first sent none', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    const headers = { ...HOST, Accept: 'text/html', Origin: 'null', 'Content-Type': URLENCODED };
    const first = await gateway.request('/cb', { method: 'POST', headers, body: 'a=1' });
    const body = plainText(formIn(await first.text())?.value ?? '');
    const own = { ...HOST, Accept: 'text/html', Origin: PUBLIC_URL, Referer: `${PUBLIC_URL}/cb` };
    const more = { 'Content-Type': 'text/plain', ...lengthOf(body) };
    await visitor.send('/cb', { method: 'POST', headers: { ...own, ...more }, body });
    const request = onlyForwarded(gateway);
    expect(request.headers.get('Origin')).toBe('null');
    for (const name of ['Referer', 'Sec-Fetch-Site']) expect(request.headers.has(name)).toBe(false);
  });

  it.each(['document', 'iframe', 'frame'])('is sent again from a %s', async (destination) => {
    const gateway = await start();
    const response = await post(gateway, '/cb', 'a=1', { 'Sec-Fetch-Dest': destination });
    expect(formIn(await response.text())).not.toBeNull();
  });

  it.each([
    ['another origin of the site', { Origin: 'http://shop.127.0.0.1:8787', 'Sec-Fetch-Site': 'same-site' }],
    ['an opaque origin', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
    ['another port', { Origin: 'http://127.0.0.1:9', 'Sec-Fetch-Site': 'same-site' }],
  ])('is one of %s too', async (_, headers) => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    await relay(gateway, visitor, '/cb', 'a=1', headers);
    expect(onlyForwarded(gateway).headers.get('Origin')).toBe(headers.Origin);
  });

  it('is not sent again where it comes with the visitor’s cookies: it is forwarded, or said to be lost', async () => {
    const gateway = await start({ policy: { totalActiveUsers: 1 } });
    const inside = await admitted(gateway);
    await inside.send('/cb', { method: 'POST', headers: { ...CROSS_SITE, 'Content-Type': URLENCODED }, body: 'a=1' });
    expect(await onlyForwarded(gateway).text()).toBe('a=1');
    const waiting = new InProcessVisitor(gateway);
    await waiting.act('join');
    const headers = { ...CROSS_SITE, 'Content-Type': URLENCODED };
    const lost = await waiting.send('/cb', { method: 'POST', headers, body: 'a=1' });
    expect(lost.status).toBe(503);
    const text = await lost.clone().text();
    expect([await pageKindOf(lost), text.includes('"formNotSent":true')]).toEqual(['waiting', true]);
    expect(gateway.forwarded).toEqual([]);
  });

  it('reaches the origin when the turn of its visitor has come meanwhile', async () => {
    const gateway = await start({ schedule: { opensAt: new Date(NOON + 60_000).toISOString() } });
    const visitor = new InProcessVisitor(gateway);
    await visitor.act('join');
    gateway.clock.advance(60_000);
    for (let seconds = 0; seconds < 5; seconds++) {
      await visitor.status();
      gateway.clock.advance(1_000);
    }
    expect((await relay(gateway, visitor, '/cb', 'a=1')).status).toBe(200);
    const request = onlyForwarded(gateway);
    expect([await request.text(), request.headers.get('Origin')]).toEqual(['a=1', SHOP]);
  });
});

describe('without an admission', () => {
  const FULL = { policy: { totalActiveUsers: 1 } };
  const LATER = { schedule: { opensAt: new Date(NOON + 3_600_000).toISOString() } };

  it.each([
    ['a full room', FULL, 'newcomer'],
    ['a room before its opening', LATER, 'newcomer'],
    ['an open room with nobody waiting', {}, 'newcomer'],
  ])('the second request gets the page that says so, and takes no place (%s)', async (_, room, kind) => {
    const gateway = await start(room);
    if (room === FULL) await admitted(gateway);
    const visitor = new InProcessVisitor(gateway);
    visitor.jar.set('site', '1');
    const commands = gateway.store.applied.length;
    const response = await relay(gateway, visitor, '/cb?x=1', 'a=1');
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await response.clone().text()).toContain('"formNotSent":true');
    expect(await pageKindOf(response)).toBe(kind);
    expect(visitor.jar.header).toBe('site=1; fairgate-cookies=1');
    expect(gateway.store.applied).toHaveLength(commands);
    expect(gateway.forwarded).toEqual([]);
  });

  it('a visitor who waits keeps their place', async () => {
    const gateway = await start(FULL);
    await admitted(gateway);
    const visitor = new InProcessVisitor(gateway);
    await visitor.act('join');
    const before = await visitor.status();
    const response = await relay(gateway, visitor, '/cb', 'a=1');
    expect([response.status, await pageKindOf(response)]).toEqual([503, 'waiting']);
    expect(await visitor.status()).toEqual(before);
  });
});

describe('the cookies of the site', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~[\]-]{1,12}$/).filter((text) => !/^fairgate-/i.test(text));
  const value = fc.stringMatching(/^[A-Za-z0-9!#$%&'()*+./:<=>?@[\]^_`{|}~-]{0,12}$/);
  const cookies = fc.uniqueArray(fc.tuple(name, value, fc.boolean()), { selector: ([key]) => key, maxLength: 8 });

  it('reach the origin only where the browser sent them with the other site’s form', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    const own = visitor.jar.header;
    await fc.assert(
      fc.asyncProperty(cookies, fc.boolean(), async (all, ownFirst) => {
        const pairs = (list: typeof all) => list.map(([key, text]) => `${key}=${text}`);
        const withForm = pairs(all.filter(([, , isSentCrossSite]) => isSentCrossSite));
        const first = await post(gateway, '/cb', 'a=1', withForm.length === 0 ? {} : { Cookie: withForm.join('; ') });
        const body = plainText(formIn(await first.text())?.value ?? '');
        const Cookie = (ownFirst ? [own, ...pairs(all)] : [...pairs(all), own]).join('; ');
        const headers = { ...SAME_SITE, ...lengthOf(body), Cookie };
        expect((await gateway.request('/cb', { method: 'POST', headers, body })).status).toBe(200);
        const forwarded = onlyForwarded(gateway).headers.get('Cookie');
        expect(forwarded?.split('; ') ?? []).toEqual(withForm);
      }),
      { numRuns: 200 },
    );
  });

  it('never include one that came with the second request only, whatever its name resembles', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    visitor.jar.set('id', 'none');
    for (const similar of ['ID', 'id2', 'xid', 'id.', '__Host-id', 'i', 'session']) visitor.jar.set(similar, 'lax');
    await relay(gateway, visitor, '/cb', 'a=1', { Cookie: 'id=none' });
    expect(onlyForwarded(gateway).headers.get('Cookie')).toBe('id=none');
  });
});

describe('the bytes of a form', () => {
  const anyHeader = fc
    .stringMatching(/^[\x21-\x7e\xa1-\xff]([\x20-\x7e\xa1-\xff]{0,80}[\x21-\x7e\xa1-\xff])?$/)
    .filter((text) => text !== '');

  it('and what is said of them survive, whatever they are', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    const anyForm = fc.record({ bytes: fc.uint8Array({ maxLength: 3_000 }), type: anyHeader, referer: anyHeader });
    await fc.assert(
      fc.asyncProperty(anyForm, async ({ bytes, type, referer }) => {
        const body = new Uint8Array(bytes);
        const response = await relay(gateway, visitor, '/cb', body, { 'Content-Type': type, Referer: referer });
        expect(response.status).toBe(200);
        const request = onlyForwarded(gateway);
        expectSameBytes(await bodyOf(request), body);
        expect([request.headers.get('Content-Type'), request.headers.get('Referer')]).toEqual([type, referer]);
      }),
      { numRuns: 150 },
    );
  });

  it.each([0, 1, 4_096, FORM_BYTES_MAX - 1, FORM_BYTES_MAX])('survive where there are %i of them', async (length) => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    const body = Uint8Array.from({ length }, (_, index) => (index * 7919) % 256);
    const long = { Referer: `${SHOP}/?${'"'.repeat(8_000)}`, Cookie: `${'c'.repeat(8_000)}=1` };
    expect((await relay(gateway, visitor, '/cb', body, long)).status).toBe(200);
    expectSameBytes(await bodyOf(onlyForwarded(gateway)), body);
  });

  it('survive with their boundary as multipart/form-data, files too', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    const data = new FormData();
    data.append('이름', '값 "quoted"\r\nline');
    data.append('file', new File([Uint8Array.from([0, 255, 13, 10, 45, 45])], 'a.bin'));
    const encoded = new Response(data);
    const type = encoded.headers.get('Content-Type') ?? '';
    const body = new Uint8Array(await encoded.arrayBuffer());
    await relay(gateway, visitor, '/cb', body, { 'Content-Type': type });
    const request = onlyForwarded(gateway);
    expect(request.headers.get('Content-Type')).toBe(type);
    expectSameBytes(await bodyOf(request.clone()), body);
    expect((await request.formData()).get('이름')).toBe('값 "quoted"\r\nline');
  });

  it.each([FORM_BYTES_MAX + 1, 10 * FORM_BYTES_MAX])(
    'are said to be lost where there are %i of them, whatever Content-Length says',
    async (length) => {
      const gateway = await start();
      for (const announced of [{}, { 'Content-Length': '10' }]) {
        const response = await post(gateway, '/cb', new Uint8Array(length), announced);
        expect(response.status).toBe(503);
        expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0);
        const text = await response.text();
        expect(formIn(text)).toBeNull();
        expect(text).toContain('"formNotSent":true');
      }
      expect(gateway.forwarded).toEqual([]);
      expect(gateway.store.applied.filter((kind) => kind !== 'configure' && kind !== 'draw')).toEqual([]);
    },
  );
});

describe('a form that looks like a relayed one', () => {
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const valid = { contentType: URLENCODED, body: btoa('role=admin'), origin: PUBLIC_URL, referer: null };
  const FORGED = plainText(encode(JSON.stringify({ ...valid, cookieNames: ['session'] })));

  it('is wrapped where another site sent it: the origin gets its text', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    visitor.jar.set('session', 'secret');
    await relay(gateway, visitor, '/cb', FORGED, { 'Content-Type': 'text/plain' });
    const request = onlyForwarded(gateway);
    expect(await request.clone().text()).toBe(FORGED);
    expect(request.headers.get('Content-Type')).toBe('text/plain');
    expect(request.headers.get('Origin')).toBe(SHOP);
    expect(request.headers.get('Sec-Fetch-Site')).toBe('cross-site');
    expect(request.headers.has('Cookie')).toBe(false);
  });

  it.each([
    { 'Sec-Fetch-Site': 'cross-site', Origin: SHOP },
    { 'Sec-Fetch-Site': 'cross-site', Origin: PUBLIC_URL },
    { 'Sec-Fetch-Site': 'same-site', Origin: 'http://sibling.test' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: SHOP },
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' },
    { 'Sec-Fetch-Site': 'none', Origin: 'http://127.0.0.1' },
  ])('is not unwrapped where it comes with the visitor’s cookies from elsewhere: %o', async (headers) => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    await postAgain(visitor, '/cb', FORGED, headers);
    const request = onlyForwarded(gateway);
    expect(await request.clone().text()).toBe(FORGED);
    expect(request.headers.get('Origin')).toBe(headers.Origin);
    expect(request.headers.get('Sec-Fetch-Site')).toBe(headers['Sec-Fetch-Site']);
  });

  it.each(['PUT', 'PATCH', 'DELETE'])('is not unwrapped with %s', async (method) => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    await visitor.send('/cb', { method, headers: { ...SAME_SITE, ...lengthOf(FORGED) }, body: FORGED });
    expect(await onlyForwarded(gateway).text()).toBe(FORGED);
  });

  it.each([URLENCODED, 'multipart/form-data; boundary=x', 'text/html', 'application/json', 'x-text/plain'])(
    'is not unwrapped as %s',
    async (type) => {
      const gateway = await start();
      const visitor = await admitted(gateway);
      await postAgain(visitor, '/cb', FORGED, { 'Content-Type': type });
      const request = onlyForwarded(gateway);
      expect([await request.clone().text(), request.headers.get('Content-Type')]).toEqual([FORGED, type]);
    },
  );
});

describe('a form that this site’s own pages send as text', () => {
  /** Sends it and expects that the origin gets it as it is. */
  async function expectUnchanged(gateway: InProcessGateway, visitor: InProcessVisitor, body: Body): Promise<void> {
    visitor.jar.set('session', 'own');
    expect((await postAgain(visitor, '/cb', body)).status).toBe(200);
    const request = onlyForwarded(gateway);
    expectSameBytes(await bodyOf(request.clone()), bytesOf(body));
    expect(Object.fromEntries(request.headers)).toMatchObject({
      'content-type': 'text/plain',
      origin: PUBLIC_URL,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-user': '?1',
      cookie: 'session=own',
    });
  }

  it('reaches the origin unchanged, whatever its bytes', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway);
    const texts = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((bytes) => new Uint8Array(bytes)),
      fc.string({ unit: 'binary', maxLength: 200 }).map((text) => bytesOf(plainText(text))),
      fc.json().map((text) => bytesOf(plainText(Buffer.from(text).toString('base64url')))),
    );
    await fc.assert(
      fc.asyncProperty(texts, (body) => expectUnchanged(gateway, visitor, body)),
      { numRuns: 300 },
    );
  });

  const complete = { contentType: 'a/b', body: '', origin: null, referer: null, cookieNames: [] };
  const encode = (document: unknown) => Buffer.from(JSON.stringify(document)).toString('base64url');
  const without = (name: keyof typeof complete) => encode({ ...complete, [name]: undefined });

  const malformed: [string, string][] = [
    ['without its end of line', `${RELAYED_FIELD}=${encode(complete)}`],
    ['with another end of line', `${RELAYED_FIELD}=${encode(complete)}\n`],
    ['with a second field', `${plainText(encode(complete))}a=1\r\n`],
    ['after another field', `a=1\r\n${plainText(encode(complete))}`],
    ['in capitals', plainText(encode(complete)).replace(RELAYED_FIELD, RELAYED_FIELD.toUpperCase())],
    ['with padding', plainText(`${encode(complete)}==`)],
    ['with no value', plainText('')],
    ['with a value that is no base64', plainText('A')],
    ['with a value that is no UTF-8', plainText('_w')],
    ['with a value that is no JSON', plainText(Buffer.from('{"a"').toString('base64url'))],
    ['with nested JSON', plainText(Buffer.from('['.repeat(50_000)).toString('base64url'))],
    ...[null, 1, 'text', [], {}].map((value): [string, string] => [
      `with ${JSON.stringify(value)}`,
      plainText(encode(value)),
    ]),
    ...(['contentType', 'body', 'origin', 'referer', 'cookieNames'] as const).map((name): [string, string] => [
      `without ${name}`,
      plainText(without(name)),
    ]),
    ...['A', 'AAA', 'a b=', '_-==', '한', 'AA==AA=='].map((body): [string, string] => [
      `with body ${body}`,
      plainText(encode({ ...complete, body })),
    ]),
    ['with cookieNames that are no list', plainText(encode({ ...complete, cookieNames: 'session' }))],
    ['that is too long', plainText('A'.repeat(400_000))],
  ];

  it.each(malformed)('reaches the origin unchanged with the field of a relayed form, %s', async (_, body) => {
    const gateway = await start();
    await expectUnchanged(gateway, await admitted(gateway), body);
  });
});

describe('the page that sends a form again', () => {
  const HOSTILE = `"'><script>alert(1)</script><!--</form>&quot;&amp;`;

  function expectInert(html: string): void {
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toContain('alert(1)</script>');
    expect(html.match(/<form/g)).toHaveLength(1);
    expect(html).not.toContain('<!--');
  }

  it('is never stored, and its policy allows one script and one style by their hashes', async () => {
    const { headers } = await post(await start(), '/cb', 'a=1');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('X-Robots-Tag')).toBe('noindex');
    // Its own form must be sent with an Origin.
    expect(headers.get('Referrer-Policy')).toBe('same-origin');
    const policy = headers.get('Content-Security-Policy') ?? '';
    const directives = policy.split('; ').map((text): [string, string] => {
      const [name = '', ...sources] = text.split(' ');
      return [name, sources.join(' ')];
    });
    expect(Object.fromEntries(directives)).toEqual({
      'default-src': "'none'",
      'script-src': expect.stringMatching(/^'sha256-[^' ]*'$/),
      'style-src': expect.stringMatching(/^'sha256-[^' ]*'$/),
      'form-action': expect.any(String),
      'base-uri': "'none'",
      'frame-ancestors': "'self'",
    });
    expect(policy).not.toMatch(/unsafe|\*|data:|blob:/);
  });

  it('escapes what it shows, and its form goes where it is told', () => {
    const anyText = fc.oneof(fc.constant(HOSTILE), fc.string({ unit: 'binary' }), fc.stringMatching(/^["'<>&/ =]*$/));
    fc.assert(
      fc.property(anyText, anyText, fc.constantFrom('ko', 'en'), (title, path, language) => {
        const html = renderRelayPage({ language, title, action: `/${path}`, relayed: 'abc' });
        expectInert(html);
        expect(formIn(html)).toEqual({ action: `/${path}`, value: 'abc' });
      }),
    );
  });

  it('escapes the room’s title, and speaks the visitor’s language', async () => {
    const gateway = await start({ title: { ko: `예약 ${HOSTILE}`, en: `Booking ${HOSTILE}` } });
    for (const language of ['ko', 'en']) {
      const response = await post(gateway, '/cb', HOSTILE, { 'Accept-Language': language, Referer: HOSTILE });
      expect(response.headers.get('Content-Language')).toBe(language);
      const html = await response.text();
      expectInert(html);
      expect(html).toContain(`<html lang="${language}">`);
    }
  });

  it('posts to this site, whatever the address', async () => {
    const gateway = await start();
    const segment = fc.constantFrom(
      '',
      '/',
      '//evil.example',
      '.',
      '..',
      'javascript:alert(1)',
      '@evil',
      '%2e',
      'a',
      ';',
    );
    const addresses = fc.array(segment, { maxLength: 5 }).map((segments) => `//${segments.join('/')}`);
    await fc.assert(
      fc.asyncProperty(addresses, async (path) => {
        const form = formIn(await (await post(gateway, path, 'a=1')).text());
        if (form === null) return;
        expect(new URL(form.action, PUBLIC_URL).origin).toBe(PUBLIC_URL);
        expect(form.action).toMatch(/^\/(?!\/)/);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['cors', { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }],
    ['no-cors', { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'empty' }],
  ])('is not the answer to a script’s request (%s)', async (_, headers) => {
    const response = await post(await start(), '/cb', 'a=1', headers);
    expect(response.status).toBe(403);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  });
});

describe('on the production runtime', () => {
  let fairgate: Running;
  let origin: RecordingOrigin;
  const bodies: Buffer[] = [];

  beforeAll(async () => {
    origin = await startRecordingOrigin();
    origin.handlers.set('/cb', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks));
        response.end('received');
      });
    });
    fairgate = await startFairgate({ originUrl: origin.url, room: { hosts: ['demo.test'] } });
  });

  afterAll(async () => {
    await fairgate?.stop();
    await origin?.close();
  });

  const OWN = { ...AS_PAGE, Origin: 'http://demo.test', 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'text/plain' };
  const OTHER = { ...AS_PAGE, Origin: SHOP, Referer: REFERER, 'Sec-Fetch-Site': 'cross-site' };

  it('a form of any bytes reaches the origin once, and own forms as text reach it unchanged', async () => {
    const visitor = new GateVisitor(fairgate.gateway.port, 'demo');
    await enter(visitor);
    for (const length of [0, 20, FORM_BYTES_MAX]) {
      origin.requests.length = 0;
      bodies.length = 0;
      const body = Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7919) % 256));
      const headers = { ...OTHER, 'Content-Type': 'application/octet-stream', Cookie: 'none=1' };
      const options = { method: 'POST', host: 'demo.test', headers, body };
      const first = await send(fairgate.gateway.port, '/cb?x=1', options);
      expect(first.status).toBe(403);
      const { action, value } = formIn(first.text) ?? { action: '', value: '' };
      expect(action).toBe('/cb?x=1');
      visitor.jar.set('none', '1');
      visitor.jar.set('lax', '1');
      const second = await visitor.send(action, { method: 'POST', headers: OWN, body: plainText(value) });
      expect([second.status, second.text]).toEqual([200, 'received']);
      expect(bodies.map((bytes) => Buffer.compare(bytes, body))).toEqual([0]);
      expect(origin.requests.map(({ url }) => url)).toEqual(['/cb?x=1']);
      expect(origin.requests[0]?.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'sec-fetch-site': 'cross-site',
        origin: SHOP,
        referer: REFERER,
        cookie: 'none=1',
      });
    }
    bodies.length = 0;
    await visitor.send('/cb', { method: 'POST', headers: OWN, body: 'a=한\r\n' });
    expect(bodies.map(String)).toEqual(['a=한\r\n']);
  });

  it('quotes in a raw address do not leave the attribute of the form', async () => {
    const target = `/a"><script>alert(1)</script>?b="'><form`;
    const head = Object.entries({ Host: 'demo.test', ...OTHER, 'Content-Type': URLENCODED, 'Content-Length': '3' });
    const fields = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const { status, body } = await sendRaw(fairgate.gateway.port, `POST ${target} HTTP/1.1\r\n${fields}\r\na=1`);
    expect([400, 403]).toContain(status);
    expect(body).not.toContain('<script>alert');
    expect(body).not.toContain('"><form');
    if (status === 403) expect(formIn(body)).not.toBeNull();
  });
});
