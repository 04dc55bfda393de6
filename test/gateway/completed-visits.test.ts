// What an origin's responses do to visits: complete them with a receipt, end them, give a visitor who met an error the full time, and say
// what is left.

import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { REFERENCE_CHARS_MAX } from '../../queue-core/limits.ts';
import { isReference } from '../../worker/contract/origin-call-schema.ts';
import { readSignals } from '../../worker/proxy/origin-signals.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { enter, type InProcessGateway, NOON, PUBLIC_URL, startBeside, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** What the site's next responses say. */
class Site {
  status = 200;
  says: Record<string, string> = {};
  answer = async () => new Response(MARKER, { status: this.status, headers: this.says });
}

async function start(policy = {}) {
  const site = new Site();
  const gateway = await startInProcess({ keys, room: { policy }, fetchOrigin: site.answer });
  return { site, gateway };
}

const RECEIPT = 'fairgate-receipt-demo';

/** The receipt in a response's cookies, verified by the published keys. */
async function receiptIn(gateway: InProcessGateway, response: Response) {
  const cookie = response.headers.getSetCookie().find((line) => line.startsWith(`${RECEIPT}=`));
  if (cookie === undefined) return null;
  const token = cookie.slice(RECEIPT.length + 1, cookie.indexOf(';'));
  const jwks = await (await gateway.request('/.well-known/jwks.json')).json();
  const options = { issuer: PUBLIC_URL, audience: 'demo', typ: 'receipt+jwt', currentDate: new Date(NOON) };
  const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), options);
  return { ...payload, cookie };
}

/** The board as it is once no cached one is served any more. */
async function board(gateway: InProcessGateway) {
  gateway.clock.advance(2_100);
  return (await gateway.request('/_fairgate/rooms/demo/board')).json();
}

describe('a response that completes the visit', () => {
  it('brings a signed receipt with the time and the site’s reference, and frees the vacancy', async () => {
    const { site, gateway } = await start({ totalActiveUsers: 1 });
    const inside = await enter(gateway);
    site.says = { 'Fairgate-Command': 'complete; reference="A-123"' };
    const response = await inside.page('/done');
    expect(await response.text()).toBe(MARKER);
    const receipt = await receiptIn(gateway, response);
    expect(receipt).toMatchObject({ reference: 'A-123', position: 1 });
    expect(receipt?.iat).toBe(Math.floor(gateway.clock.at / 1_000));
    expect(receipt?.cookie).toMatch(/; HttpOnly; SameSite=Lax$/);
    expect(receipt?.cookie).toContain('Path=/');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    site.says = {};
    await enter(gateway);
  });

  it('is the end everywhere: on another gateway within three seconds, and no reload brings it back', async () => {
    const { site, gateway } = await start();
    const beside = await startBeside(gateway, { fetchOrigin: site.answer });
    const inside = await enter(gateway);
    expect(await (await inside.page('/', beside)).text()).toBe(MARKER);
    site.says = { 'Fairgate-Command': 'complete' };
    await inside.page('/done');
    gateway.clock.advance(3_000);
    for (const each of [gateway, beside]) expect(await (await inside.page('/', each)).text()).not.toBe(MARKER);
  });

  it('whose page was lost brings the receipt on the next visit, without another place', async () => {
    const { site, gateway } = await start();
    const inside = await enter(gateway);
    const cookies = inside.jar.header;
    site.says = { 'Fairgate-Command': 'complete; reference="A-123"' };
    await inside.page('/done');
    gateway.clock.advance(3_000);
    const again = await gateway.request('/', { headers: { ...AS_PAGE, Cookie: cookies } });
    expect(await receiptIn(gateway, again)).toMatchObject({ reference: 'A-123' });
    expect((await board(gateway)).issued).toBe(1);
  });

  it('and says what is left does both in one act: the vacancy is not filled for what is gone', async () => {
    const { site, gateway } = await start();
    site.says = { 'Fairgate-Stock': '1' };
    const first = await enter(gateway);
    await first.page('/');
    await settle();
    site.says = { 'Fairgate-Command': 'complete', 'Fairgate-Stock': '0' };
    gateway.store.applied = [];
    await first.page('/done');
    expect(gateway.store.applied).toEqual(['reportStock', 'end']);
    expect(await board(gateway)).toMatchObject({ state: 'soldOut', active: 0 });
  });
});

describe('a response that ends or gives back', () => {
  it.each([
    ['Fairgate-Command', 'revoke'],
    ['Cf-Waiting-Room-Command', 'revoke'],
    ['cf-waiting-room-command', 'REVOKE'],
  ])('%s: %s ends the visit without a receipt, and does not reach the visitor', async (name, value) => {
    const { site, gateway } = await start();
    const inside = await enter(gateway);
    site.says = { [name]: value };
    const response = await inside.page('/out');
    expect(response.headers.get(name)).toBeNull();
    expect(await receiptIn(gateway, response)).toBeNull();
    expect((await board(gateway)).active).toBe(0);
    site.says = {};
    expect(await (await inside.page('/')).text()).not.toBe(MARKER);
  });

  it('readmit with an error gives the visitor the full time, by a token in that very response', async () => {
    const { site, gateway } = await start({ sessionRenewal: false });
    const inside = await enter(gateway);
    gateway.clock.advance(200_000);
    [site.status, site.says] = [500, { 'Fairgate-Command': 'readmit', 'Fairgate-Error-Page': 'own' }];
    await inside.page('/');
    [site.status, site.says] = [200, {}];
    gateway.clock.advance(280_000);
    expect(await (await inside.page('/')).text()).toBe(MARKER);
    gateway.clock.advance(30_000);
    expect(await (await inside.page('/')).text()).not.toBe(MARKER);
  });

  it('an error alone ends nothing: the visitor is inside with the next request', async () => {
    const { site, gateway } = await start();
    const inside = await enter(gateway);
    site.status = 500;
    expect((await inside.page('/')).status).toBe(500);
    site.status = 200;
    expect(await (await inside.page('/')).text()).toBe(MARKER);
  });
});

describe('numbers of what is left', () => {
  const stockOf = async (gateway: InProcessGateway) => {
    await settle();
    return (await board(gateway)).stock;
  };

  it('reach the board by lots, and stay fresh while responses repeat them', async () => {
    const { site, gateway } = await start({ stock: { freshSeconds: 20 } });
    const inside = await enter(gateway);
    site.says = { 'Fairgate-Lots': 'gangnam=3, seocho=9' };
    await inside.page('/');
    expect(await stockOf(gateway)).toMatchObject({
      remaining: 12,
      lots: [
        { id: 'gangnam', remaining: 3 },
        { id: 'seocho', remaining: 9 },
      ],
    });
    for (let turn = 0; turn < 5; turn++) {
      gateway.clock.advance(8_000);
      await inside.page('/');
      expect((await stockOf(gateway)).remaining).toBe(12);
    }
    site.says = {};
    gateway.clock.advance(20_000);
    await inside.page('/');
    expect(await stockOf(gateway)).toMatchObject({ remaining: null, lots: [{ remaining: null }, { remaining: null }] });
  });

  it('cost one report a second, whatever the responses; the last number arrives, and nothing left is told at once', async () => {
    const { site, gateway } = await start();
    const inside = await enter(gateway);
    gateway.store.applied = [];
    const since = gateway.clock.at;
    for (let remaining = 100; remaining >= 40; remaining--) {
      site.says = { 'Fairgate-Stock': `${remaining}` };
      await inside.send('/');
    }
    const reports = gateway.store.applied.filter((kind) => kind === 'reportStock').length;
    expect(reports).toBeLessThanOrEqual(1 + Math.ceil((gateway.clock.at - since) / 1_000));
    expect((await stockOf(gateway)).remaining).toBe(40);
    site.says = { 'Fairgate-Stock': '39' };
    await inside.send('/');
    gateway.store.applied = [];
    site.says = { 'Fairgate-Stock': '0' };
    await inside.send('/');
    expect(gateway.store.applied).toEqual(['reportStock']);
  });

  it('of an error page say nothing', async () => {
    const { site, gateway } = await start();
    const inside = await enter(gateway);
    [site.status, site.says] = [500, { 'Fairgate-Stock': '0' }];
    await inside.page('/');
    expect(await stockOf(gateway)).toBeNull();
  });
});

describe('fields of a response', () => {
  const NOTHING = {
    command: null,
    stock: null,
    overloadSeconds: null,
    keepsErrorPage: false,
    unread: expect.any(Array),
  };
  const COUNTED = { remaining: null, asOfSeconds: null };
  const ONE = { id: 'a', remaining: 1 };
  const PRICE = { low: 900, high: 1_400, currency: 'KRW' };
  const read = (fields: Record<string, string>) => readSignals(new Headers(fields));

  it.each([
    [{ 'Fairgate-Command': 'complete' }, { command: { kind: 'complete', reference: null } }],
    [{ 'Fairgate-Command': 'Complete;reference="A 1"' }, { command: { kind: 'complete', reference: 'A 1' } }],
    [{ 'Fairgate-Command': 'complete; reference=12' }, { command: { kind: 'complete', reference: null } }],
    [{ 'Fairgate-Command': 'complete; reference=A-12' }, { command: { kind: 'complete', reference: 'A-12' } }],
    [{ 'Fairgate-Command': 'completed' }, { unread: ['Fairgate-Command'] }],
    [{ 'Fairgate-Stock': 'ten' }, { unread: ['Fairgate-Stock'] }],
    [
      { 'Fairgate-Stock': '3', 'Fairgate-Lots': 'a b' },
      { stock: { remaining: 3, asOfSeconds: null, counts: [] }, unread: ['Fairgate-Lots'] },
    ],
    [{ 'Fairgate-Command': 'readmit' }, { command: { kind: 'readmit' } }],
    [{ 'Fairgate-Command': '"complete"' }, {}],
    [{ 'Fairgate-Command': 'complete, complete' }, { command: { kind: 'complete', reference: null } }],
    [{ 'Fairgate-Command': 'complete, revoke' }, {}],
    [{ 'Fairgate-Stock': '4;as-of=@999999999999999', 'Fairgate-Lots': 'a=4' }, {}],
    [{ 'Fairgate-Stock': '4;as-of=@-5', 'Fairgate-Lots': 'a=4' }, {}],
    [{ 'Fairgate-Stock': '4;as-of=1626260400' }, {}],
    [{ 'Fairgate-Stock': '12' }, { stock: { remaining: 12, asOfSeconds: null, counts: [] } }],
    [
      { 'Fairgate-Stock': '12;as-of=@1626260400' },
      { stock: { remaining: 12, asOfSeconds: 1_626_260_400, counts: [] } },
    ],
    [
      { 'Fairgate-Lots': 'a=1, b=2' },
      {
        stock: {
          remaining: null,
          asOfSeconds: null,
          counts: [
            { id: 'a', remaining: 1 },
            { id: 'b', remaining: 2 },
          ],
        },
      },
    ],
    [
      { 'Fairgate-Lots': 'a=1; en="One"; ko=%"%ec%b8%b5"; low=900; high=1400; currency=KRW' },
      { stock: { ...COUNTED, counts: [{ ...ONE, name: { ko: '층', en: 'One' }, price: PRICE }] } },
    ],
    [{ 'Fairgate-Lots': 'a=1; en="One"' }, { stock: { ...COUNTED, counts: [{ ...ONE, name: { en: 'One' } }] } }],
    [
      { 'Fairgate-Lots': 'a=1; ko=%"%e2%80%ae"; en=" x"; low=2; high=1; currency=KRW' },
      { stock: { ...COUNTED, counts: [ONE] } },
    ],
    [{ 'Fairgate-Lots': 'a=1, b=x, c=-1, d=(1 2), e' }, { stock: { ...COUNTED, counts: [ONE] } }],
    [{ 'Fairgate-Stock': 'many', 'Fairgate-Lots': 'a=1' }, {}],
    [{ 'Fairgate-Stock': '-1' }, {}],
    [{ 'Fairgate-Stock': '1.5' }, {}],
    [{ 'Fairgate-Stock': '9999999999999' }, {}],
    [{ 'Fairgate-Overload': '60' }, { overloadSeconds: 60 }],
    [{ 'Fairgate-Overload': '?1' }, {}],
    [{ 'Fairgate-Error-Page': 'own' }, { keepsErrorPage: true }],
  ])('%j say %j', (fields, said) => {
    expect(read(fields)).toEqual({ ...NOTHING, ...said });
  });

  it('whatever they contain, they are read or say nothing', () => {
    const value = fc.oneof(
      fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
      fc.stringMatching(/^[a-z0-9=;,@". -]{0,40}$/),
    );
    const names = ['Fairgate-Command', 'Fairgate-Stock', 'Fairgate-Lots', 'Fairgate-Overload', 'Fairgate-Error-Page'];
    fc.assert(
      fc.property(fc.constantFrom(...names), value, (name, text) => {
        const { command, stock } = read({ [name]: text });
        if (command?.kind === 'complete' && command.reference !== null)
          expect(isReference(command.reference)).toBe(true);
        for (const { remaining } of stock?.counts ?? []) expect(Number.isSafeInteger(remaining)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['A-123', true],
    ['예약', false],
    ['', false],
    [' A', false],
    ['A\u0007B', false],
    ['x'.repeat(REFERENCE_CHARS_MAX), true],
    ['x'.repeat(REFERENCE_CHARS_MAX + 1), false],
  ])('%j as a reference: %s', (text, isOne) => {
    expect(isReference(text)).toBe(isOne);
  });
});
