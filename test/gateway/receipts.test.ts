// The receipt of a completed visit, as its visitor's browser and apps get it: on the visit's page and at its own address, after the session,
// the tab and the opening are gone; from no cache, and for nobody else.

import { createLocalJWKSet, jwtVerify } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { IN_A_RESPONSE } from '../../queue-core/command.ts';
import { receiptSchema, statusSchema } from '../../worker/contract/visitor-schema.ts';
import { RateLimit } from '../../worker/http/rate-limit.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, onCurrentVersion } from '../operators/operator-client.ts';
import {
  type InProcessGateway,
  InProcessVisitor,
  PUBLIC_URL,
  pageKindOf,
  placesGiven,
  startInProcess,
} from './in-process.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

const RECEIPT = '/_fairgate/rooms/demo/receipt';
const READ_JSON = { Accept: 'application/json' };

let keys: SigningKeys;
let gateway: InProcessGateway;
let answer: () => Response;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

beforeEach(async () => {
  answer = () => new Response('site');
  gateway = await startInProcess({ keys, fetchOrigin: async () => answer() });
});

const COMPLETE = { 'Fairgate-Command': 'complete; reference="A-123 4"' };

/** A visitor whose visit the site has completed in a response. */
async function completed(fields: Record<string, string> = COMPLETE): Promise<InProcessVisitor> {
  const visitor = await inside();
  answer = () => new Response('done', { headers: fields });
  expect(await (await visitor.page('/book')).text()).toBe('done');
  answer = () => new Response('site');
  return visitor;
}

async function inside(): Promise<InProcessVisitor> {
  const visitor = new InProcessVisitor(gateway);
  await visitor.act('join');
  for (let tries = 0; tries < 10; tries++) {
    gateway.clock.advance(1_000);
    if ((await (await visitor.page('/book')).text()) === 'site') return visitor;
  }
  throw new Error('The visitor was not admitted within 10 s.');
}

/** As if the site had completed the visit by a call of its own, of which the visitor's browser hears nothing. */
async function completeByCall(visitor: InProcessVisitor, reference: string | null = 'by call'): Promise<void> {
  const { position } = await visitor.status();
  const token = visitor.jar.get('fairgate-queue-demo') ?? '';
  const { sub: visitorId, epoch } = JSON.parse(
    atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')),
  );
  const command = {
    kind: 'end',
    epoch,
    position,
    visitor: visitorId,
    call: IN_A_RESPONSE,
    reason: 'completed',
  } as const;
  const [reply] = await gateway.store.inner.apply('demo', [{ ...command, reference }]);
  expect(reply.kind).toBe('ended');
  gateway.clock.advance(4_000);
}

const lookUps = () => gateway.store.applied.filter((kind) => kind === 'lookUp').length;
const jsonOf = async (visitor: InProcessVisitor) => visitor.send(RECEIPT, { headers: READ_JSON });

describe('a completed visit', () => {
  it('shows its receipt on its own page: when, which reference, which number, and the code; a new number is no button of it', async () => {
    const visitor = await completed();
    const response = await visitor.page('/book?day=1');
    const html = await response.text();
    expect(response.status).toBe(200);
    for (const shown of [
      'Your booking was recorded',
      '5 August 2027',
      'A-123 4',
      '<svg class="qr"',
      'Number in line',
    ]) {
      expect(html).toContain(shown);
    }
    const text = html.replaceAll(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
    // The way to another number is folded.
    expect(text.replaceAll(/<details>.*?<\/details>/gs, '')).not.toContain('/join');
    expect(text).toContain('<input type="hidden" name="return" value="/book?day=1"/>');
    expect(response.headers.get('Cache-Control')).toMatch(/no-store$/);
  });

  it('tells its visitor who sends another form that this was not sent, and not that a booking was recorded', async () => {
    const visitor = await completed();
    const form = { ...AS_PAGE, Origin: PUBLIC_URL, 'Sec-Fetch-Site': 'same-origin' };
    const response = await visitor.send('/book', { method: 'POST', headers: form });
    expect(response.status).toBe(503);
    const html = await response.clone().text();
    expect(await pageKindOf(response)).toBe('ended');
    expect(html).toContain('Your form was not sent.');
    expect(html).not.toContain('Your booking was recorded');
  });

  it('is proven by a token that the public keys verify, and that nothing but the page’s fragment carries', async () => {
    const visitor = await completed();
    const document = receiptSchema.parse(await (await jsonOf(visitor)).json());
    expect(document).toMatchObject({ room: 'demo', position: 1, reference: 'A-123 4' });
    expect(document.url).toBe(`${PUBLIC_URL}${RECEIPT}#${document.token}`);
    const { payload } = await jwtVerify(document.token, createLocalJWKSet(gateway.parts.tokens.jwks), {
      algorithms: ['ES256'],
      typ: 'receipt+jwt',
      issuer: PUBLIC_URL,
      audience: 'demo',
    });
    expect(payload).toMatchObject({ position: 1, reference: 'A-123 4', iat: Date.parse(document.completedAt) / 1_000 });
  });

  it('keeps its receipt after leaving, after the session, and after the place, without a store operation', async () => {
    const visitor = await completed();
    await visitor.act('leave');
    gateway.clock.advance(20 * 86_400_000);
    const before = gateway.store.applied.length;
    expect(await (await jsonOf(visitor)).json()).toMatchObject({ position: 1, reference: 'A-123 4' });
    expect(await (await visitor.send(RECEIPT, { headers: AS_PAGE })).text()).toContain('A-123 4');
    expect(gateway.store.applied.length).toBe(before);
    // The browser itself is a newcomer again.
    expect(await pageKindOf(await visitor.send('/book', { headers: AS_PAGE }))).not.toBe('ended');
  });

  it('keeps its receipt in a later opening, where its visitor may stand in line again', async () => {
    const visitor = await completed();
    const opensAt = new Date(gateway.clock.at + 600_000).toISOString();
    const changed = await ask(gateway, 'setSchedule', { body: { opensAt }, headers: await onCurrentVersion(gateway) });
    expect(changed.status).toBe(200);
    gateway.clock.advance(3_000);
    expect(await (await jsonOf(visitor)).json()).toMatchObject({ position: 1, reference: 'A-123 4' });
    await visitor.act('join');
    expect((await visitor.status()).state).toBe('entered');
    expect((await visitor.status()).receipt).toBeNull();
    expect(await (await jsonOf(visitor)).json()).toMatchObject({ position: 1, reference: 'A-123 4' });
  });

  it('is found in the store where the site completed it by a call: once, and never again', async () => {
    const visitor = await inside();
    await completeByCall(visitor);
    expect(lookUps()).toBe(0);
    const status = statusSchema.parse(await visitor.status());
    expect(status).toMatchObject({ state: 'completed', receipt: { reference: 'by call' } });
    expect(lookUps()).toBe(1);
    for (let again = 0; again < 5; again++) expect((await visitor.status()).receipt).toEqual(status.receipt);
    expect(await (await visitor.page('/book')).text()).toContain('by call');
    expect(await (await jsonOf(visitor)).json()).toMatchObject({ reference: 'by call' });
    expect(lookUps()).toBe(1);
  });

  it('is found by the page at its own address, and by a page load, as well', async () => {
    const [first, second] = [await inside(), await inside()];
    for (const visitor of [first, second]) await completeByCall(visitor, null);
    const html = await (await first.send(RECEIPT, { headers: AS_PAGE })).text();
    expect(html).toContain('Your booking was recorded');
    expect(html).not.toContain('Reference');
    expect(first.jar.get('fairgate-receipt-demo')).toMatch(/^eyJ/);
    expect(await (await second.page('/book')).text()).toContain('Your booking was recorded');
  });

  it('is told with the refusal of a claim, so that a waiting page leads to it', async () => {
    const visitor = await inside();
    await completeByCall(visitor);
    const claim = await visitor.act('claim');
    expect(claim.status).toBe(410);
    expect(await claim.json()).toMatchObject({ outcome: 'ended', receipt: { reference: 'by call' } });
  });

  it('is told to an app by either token, in a field that it can read; and by the receipt itself, when both are gone', async () => {
    const joined = await (
      await gateway.request('/_fairgate/rooms/demo/join', { method: 'POST', headers: AS_JSON })
    ).json();
    gateway.clock.advance(1_000);
    const bearer = (token: string) => ({ ...READ_JSON, Authorization: `Bearer ${token}` });
    answer = () => new Response('done', { headers: COMPLETE });
    const done = await gateway.request('/book', {
      headers: { ...AS_JSON, Authorization: `Bearer ${joined.admissionToken}` },
    });
    const receipt = done.headers.get('Fairgate-Receipt') ?? '';
    expect(receipt).toMatch(/^eyJ/);
    for (const token of [joined.queueToken, joined.admissionToken, receipt]) {
      const response = await gateway.request(RECEIPT, { headers: bearer(token) });
      expect(receiptSchema.parse(await response.json()).reference).toBe('A-123 4');
    }
    const before = gateway.store.applied.length;
    expect((await gateway.request(RECEIPT, { headers: bearer(receipt) })).status).toBe(200);
    expect(gateway.store.applied.length).toBe(before);
    const edited = `${receipt.slice(0, -8)}${receipt.endsWith('AAAAAAAA') ? 'B' : 'A'}AAAAAAA`;
    expect((await gateway.request(RECEIPT, { headers: bearer(edited) })).status).toBe(401);
  });

  it('is not called again, although the token of its session is gone', async () => {
    const visitor = await completed();
    visitor.jar.keep({ headers: new Headers({ 'Set-Cookie': 'fairgate-admission-demo=; Max-Age=0' }) });
    expect(await visitor.status()).toMatchObject({
      state: 'completed',
      claimBy: null,
      receipt: { reference: 'A-123 4' },
    });
    gateway.clock.advance(30 * 60_000);
    expect(await visitor.status()).toMatchObject({ state: 'completed', receipt: { reference: 'A-123 4' } });
    const passedOn = { ...AS_PAGE, 'Sec-Fetch-Dest': 'iframe' };
    expect(await (await visitor.send('/book', { headers: passedOn })).text()).toContain('A-123 4');
  });
});

describe('a visit that was not completed', () => {
  it('has no receipt: not while it lasts, not when its time is over, and not for a stranger', async () => {
    const visitor = await inside();
    expect((await visitor.status()).receipt).toBeNull();
    expect((await jsonOf(visitor)).status).toBe(404);
    gateway.clock.advance(6 * 60_000);
    expect(await pageKindOf(await visitor.page('/book'))).toBe('ended');
    const problem = await jsonOf(visitor);
    expect([problem.status, (await problem.json()).type]).toEqual([404, 'https://fairgate.dev/problems/no-receipt']);
    const stranger = await gateway.request(RECEIPT, { headers: AS_PAGE });
    expect(stranger.status).toBe(200);
    const html = await stranger.text();
    expect(html).toContain('There is no receipt in this browser');
    expect(html).not.toContain('class="qr"');
  });

  it('costs the store no more look-ups than a visitor may poll', async () => {
    const visitor = await inside();
    gateway.clock.advance(6 * 60_000);
    const limited = new RateLimit({ burst: 3, perSecond: 1 / 60 }, gateway.clock.now);
    gateway.parts.polls.secondsToWait = (key) => limited.secondsToWait(key);
    for (let load = 0; load < 20; load++) expect((await visitor.send(RECEIPT, { headers: AS_PAGE })).status).toBe(200);
    expect(lookUps()).toBe(3);
  });

  it('leaves the page as it is where the store does not answer', async () => {
    const visitor = await inside();
    await completeByCall(visitor);
    gateway.store.mode = 'fails';
    expect((await visitor.send(RECEIPT, { headers: AS_PAGE })).status).toBe(200);
    expect((await visitor.status()).receipt ?? null).toBeNull();
    gateway.store.mode = 'answers';
    gateway.clock.advance(2_000);
    expect((await visitor.status()).receipt).toMatchObject({ reference: 'by call' });
  });
});

describe('the receipt’s address', () => {
  it('is stored by no cache, framed by nobody, found by no search, and its page can send nothing', async () => {
    const visitor = await completed();
    for (const headers of [AS_PAGE, { ...AS_PAGE, 'Accept-Encoding': 'gzip' }, READ_JSON]) {
      const response = await visitor.send(RECEIPT, { headers });
      expect(response.headers.get('Cache-Control')).toMatch(/no-store$/);
      expect(response.headers.get('Referrer-Policy')).toBe('same-origin');
      expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
    }
    const { headers } = await visitor.send(RECEIPT, { headers: AS_PAGE });
    expect(headers.get('X-Robots-Tag')).toBe('noindex');
    expect(headers.get('Vary')).toContain('Cookie');
    const policy = (headers.get('Content-Security-Policy') ?? '').split('; ');
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(part);
    expect(policy.join()).not.toMatch(/connect-src|unsafe|\*/);
  });

  it('gives nobody the receipt of another visitor, room or gateway', async () => {
    const visitor = await completed();
    const token = visitor.jar.get('fairgate-receipt-demo') ?? '';
    const withCookie = async (value: string) =>
      (await gateway.request(RECEIPT, { headers: { ...READ_JSON, Cookie: value } })).status;
    expect(await withCookie(`fairgate-receipt-demo=${token}`)).toBe(200);
    expect(await withCookie(`fairgate-receipt-other=${token}`)).toBe(404);
    expect(await withCookie(`fairgate-queue-demo=${token}`)).toBe(404);
    const other = await startInProcess({ keys: { keys: [await newSigningKey(0)] } });
    const foreign = await other.request(RECEIPT, {
      headers: { ...READ_JSON, Cookie: `fairgate-receipt-demo=${token}` },
    });
    expect(foreign.status).toBe(404);
  });

  it('is what its switch of the language leads back to, and no address of another site is', async () => {
    const target = async (back: string) =>
      (await gateway.request(`/_fairgate/language?to=en&return=${encodeURIComponent(back)}`)).headers.get('Location');
    expect(await target(`${RECEIPT}?return=%2Fbook%3Fday%3D1`)).toBe(`${RECEIPT}?return=%2Fbook%3Fday%3D1`);
    for (const bad of [
      `//evil.example${RECEIPT}`,
      `${RECEIPT}/../../..//evil.example`,
      '/_fairgate/console/',
      `${RECEIPT}?return=//evil\r\n`,
    ]) {
      expect(await target(bad)).toBe('/');
    }
    const page = await (await gateway.request(`${RECEIPT}?return=//evil.example`, { headers: AS_PAGE })).text();
    expect(page).not.toContain('evil.example');
  });

  it('takes no place', async () => {
    const visitor = new InProcessVisitor(gateway);
    await visitor.send(RECEIPT, { headers: AS_PAGE });
    await jsonOf(visitor);
    expect(placesGiven(gateway)).toBe(0);
  });
});
