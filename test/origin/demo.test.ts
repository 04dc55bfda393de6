// The demo site over HTTP, as the gateway requests it: every path requires an admission, only its own forms change anything,
// a seat is booked once, and every response carries the current stock.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DemoOrigin, startDemoOrigin } from '../../origin/demo/server.ts';
import { STYLE_SOURCE } from '../../origin/demo/style.ts';
import { AUDIENCE, ISSUER, type Issuer, startIssuer } from './issuer.ts';

const HOST = 'site.example';
const CLINIC_COUNT = 5;

let issuer: Issuer;
let dataDir: string;
let origin: DemoOrigin;
let running: DemoOrigin[] = [];

async function startOrigin(slotsPerClinic = 1): Promise<DemoOrigin> {
  const started = await startDemoOrigin({
    port: 0,
    dataDir,
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUrl: issuer.jwksUrl,
    slotsPerClinic,
  });
  running.push(started);
  return started;
}

beforeEach(async () => {
  issuer = await startIssuer();
  dataDir = mkdtempSync(join(tmpdir(), 'fairgate-demo-'));
  origin = await startOrigin();
});

afterEach(async () => {
  for (const started of running) await started.close();
  running = [];
  await issuer.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface DemoVisitor {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(
    path: string,
    form: Record<string, string>,
    headers?: Record<string, string>,
    at?: DemoOrigin,
  ): Promise<Response>;
  /** CSRF token of this visitor's forms. */
  formToken(): Promise<string>;
}

async function admit(sub: string): Promise<DemoVisitor> {
  const token = await issuer.mint({ claims: { sub } });
  const base = { 'Fairgate-Admission': token, 'X-Forwarded-Host': HOST, 'Accept-Language': 'en' };
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(origin.url + path, { headers: { ...base, ...headers }, redirect: 'manual' });
  return {
    get,
    post: (path, form, headers = {}, at = origin) =>
      fetch(at.url + path, {
        method: 'POST',
        headers: { ...base, Origin: `https://${HOST}`, ...headers },
        body: new URLSearchParams(form),
        redirect: 'manual',
      }),
    formToken: async () => {
      const page = await (await get('/done')).text();
      return /name="formToken" value="([^"]+)"/.exec(page)?.[1] ?? '';
    },
  };
}

/** Values of the slots that the booking page offers. */
async function offeredSlots(visitor: DemoVisitor): Promise<string[]> {
  return [...(await (await visitor.get('/book')).text()).matchAll(/name="slot" value="([^"]+)"/g)].map(
    ([, slot]) => slot ?? '',
  );
}

async function bookForm(visitor: DemoVisitor, slot: string): Promise<Record<string, string>> {
  return { slot, name: '김새봄', phoneEnd: '1234', formToken: await visitor.formToken() };
}

async function firstSlot(visitor: DemoVisitor): Promise<string> {
  return (await offeredSlots(visitor))[0] ?? '';
}

async function bookingNumber(visitor: DemoVisitor): Promise<string | null> {
  return /\d{4}-\d{4}(?=<\/dd>)/.exec(await (await visitor.get('/booking')).text())?.[0] ?? null;
}

const STOCK = /^(\d+);as-of=@\d{10}$/;

function stockOf(response: Response): number {
  return Number(STOCK.exec(response.headers.get('Fairgate-Stock') ?? '')?.[1]);
}

describe('without an admission', () => {
  const paths = [
    '/',
    '/book',
    '/booking',
    '/done',
    '/favicon.ico',
    '/robots.txt',
    '/%62ook',
    '//book',
    '/nothing',
    '/book/x.js',
  ];

  test.each(paths)('%s is refused, by every method', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']) {
      const response = await fetch(origin.url + path, { method });
      expect(response.status).toBe(403);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.text()).not.toContain('<');
    }
  });

  test('a queue token and another site’s admission token are refused', async () => {
    for (const token of [
      await issuer.mint({ header: { typ: 'queue+jwt' } }),
      await issuer.mint({ claims: { aud: 'https://other.example' } }),
    ]) {
      expect((await fetch(origin.url, { headers: { 'Fairgate-Admission': token } })).status).toBe(403);
    }
  });

  test('every request is refused with 503 while the keys are unavailable', async () => {
    issuer.respondWith({ status: 500, body: '' });
    expect((await (await admit('a')).get('/')).status).toBe(503);
  });
});

describe('a form changes nothing', () => {
  const cases: [string, Record<string, string>, Record<string, string>, number][] = [
    ['from another site', {}, { Origin: 'https://evil.example' }, 403],
    ['from a host that starts with the site’s host', {}, { Origin: `https://${HOST}.evil.example` }, 403],
    ['with an opaque origin', {}, { Origin: 'null' }, 403],
    ['from another port', {}, { Origin: `https://${HOST}:8443` }, 403],
    ['with two forwarded hosts', {}, { 'X-Forwarded-Host': `${HOST}, evil.example` }, 403],
    ['with a forged token', { formToken: 'x'.repeat(43) }, {}, 403],
    ['without a token', { formToken: '' }, {}, 403],
    ['as plain text', {}, { 'Content-Type': 'text/plain' }, 400],
    ['as multipart', {}, { 'Content-Type': 'multipart/form-data; boundary=x' }, 400],
    ['that is too large', { name: 'x'.repeat(5_000) }, {}, 413],
    ['without a name', { name: '  ' }, {}, 422],
    ['with a name too long to print', { name: 'x'.repeat(41) }, {}, 422],
    ['with control characters', { name: 'a\u0000b' }, {}, 422],
    ['with three digits', { phoneEnd: '123' }, {}, 422],
    ['without a slot', { slot: '' }, {}, 422],
    ['with SQL in the slot', { slot: "x'; DROP TABLE slot; --" }, {}, 422],
    ['with a slot that does not exist', { slot: 'mulgyeol.999999999999999' }, {}, 409],
  ];

  test.each(cases)('%s', async (_, form, headers, status) => {
    const a = await admit('a');
    const response = await a.post('/book', { ...(await bookForm(a, await firstSlot(a))), ...form }, headers);
    expect(response.status).toBe(status);
    expect(stockOf(response)).toBe(CLINIC_COUNT);
    expect(await bookingNumber(a)).toBeNull();
  });

  test('with the token of another visitor', async () => {
    const [a, b] = [await admit('a'), await admit('b')];
    const response = await b.post('/book', await bookForm(a, await firstSlot(a)));
    expect(response.status).toBe(403);
    expect(await bookingNumber(b)).toBeNull();
  });

  test('without an Origin header', async () => {
    const a = await admit('a');
    const body = new URLSearchParams(await bookForm(a, await firstSlot(a)));
    const token = await issuer.mint({ claims: { sub: 'a' } });
    const response = await fetch(`${origin.url}/book`, {
      method: 'POST',
      headers: { 'Fairgate-Admission': token },
      body,
    });
    expect(response.status).toBe(403);
  });

  test('from another site to end the visit', async () => {
    const a = await admit('a');
    expect((await a.get('/done')).headers.has('Fairgate-Command')).toBe(false);
    const forged = await a.post('/done', { formToken: await a.formToken() }, { Origin: 'https://evil.example' });
    expect([forged.status, forged.headers.has('Fairgate-Command')]).toEqual([403, false]);
  });
});

describe('the last slot', () => {
  test('goes to exactly one of twenty simultaneous visitors over two processes', async () => {
    const second = await startOrigin();
    const visitors = await Promise.all(Array.from({ length: 20 }, (_, i) => admit(`v${i}`)));
    const slot = await firstSlot(visitors[0] as DemoVisitor);
    const forms = await Promise.all(visitors.map((visitor) => bookForm(visitor, slot)));
    const responses = await Promise.all(
      visitors.map((visitor, i) => visitor.post('/book', forms[i] ?? {}, {}, i % 2 === 0 ? origin : second)),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([303, ...Array.from({ length: 19 }, () => 409)]);
    const numbers = await Promise.all(visitors.map(bookingNumber));
    expect(numbers.filter((number) => number !== null)).toHaveLength(1);
  });

  test('taken in the meantime: the page says that nothing was booked, keeps the input and offers the remaining slots', async () => {
    const [a, b] = [await admit('a'), await admit('b')];
    const slot = await firstSlot(a);
    await a.post('/book', await bookForm(a, slot));
    const response = await b.post('/book', await bookForm(b, slot));
    const page = await response.text();
    expect(response.status).toBe(409);
    expect(page).toContain('Nothing was booked');
    expect(page).toContain('value="김새봄"');
    expect(page).not.toContain(`value="${slot}"`);
    expect(await offeredSlots(b)).toHaveLength(CLINIC_COUNT - 1);
  });

  test('of all clinics taken: the booking page says so and accepts no form', async () => {
    const a = await admit('a');
    const slots = await offeredSlots(a);
    for (const [i, slot] of slots.entries()) {
      const visitor = await admit(`v${i}`);
      expect((await visitor.post('/book', await bookForm(visitor, slot))).status).toBe(303);
    }
    const response = await a.get('/book');
    expect(await response.text()).toContain('All appointments are taken');
    expect(stockOf(response)).toBe(0);
    expect((await a.post('/book', await bookForm(a, slots[0] ?? ''))).status).toBe(409);
  });
});

describe('a booking', () => {
  test('submitted three times at once is one booking, and every response redirects to it', async () => {
    const a = await admit('a');
    const form = await bookForm(a, await firstSlot(a));
    const responses = await Promise.all([a.post('/book', form), a.post('/book', form), a.post('/book', form)]);
    expect(responses.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect(responses.map(({ headers }) => headers.get('Location'))).toEqual(['/booking', '/booking', '/booking']);
    expect(responses.map(stockOf)).toEqual([CLINIC_COUNT - 1, CLINIC_COUNT - 1, CLINIC_COUNT - 1]);
  });

  test('requested for another slot shows the existing booking', async () => {
    const a = await admit('a');
    const [first = '', other = ''] = await offeredSlots(a);
    await a.post('/book', await bookForm(a, first));
    const number = await bookingNumber(a);
    const response = await a.post('/book', await bookForm(a, other));
    expect(response.headers.get('Location')).toBe('/booking?kept');
    const page = await (await a.get('/booking?kept')).text();
    expect(page).toContain('You already had a booking');
    expect(page).toContain(number);
    expect((await a.get('/book')).headers.get('Location')).toBe('/booking');
  });

  test('survives a restart, and another visitor finds it by number and digits, also in full-width digits', async () => {
    const a = await admit('a');
    await a.post('/book', await bookForm(a, await firstSlot(a)));
    const number = (await bookingNumber(a)) ?? '';
    await origin.close();
    running = [];
    origin = await startOrigin();
    expect(await bookingNumber(a)).toBe(number);
    const b = await admit('b');
    expect(await bookingNumber(b)).toBeNull();
    const wrong = await b.post('/booking', { number, phoneEnd: '9999', formToken: await b.formToken() });
    expect([wrong.status, (await wrong.text()).includes('김새봄')]).toEqual([422, false]);
    const typed = number.replace('-', '').replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
    const found = await b.post('/booking', { number: typed, phoneEnd: '１２３４', formToken: await b.formToken() });
    expect([found.status, (await found.text()).includes('김새봄')]).toEqual([200, true]);
  });

  test('remains when the visit is finished, and the last page shows it', async () => {
    const a = await admit('a');
    await a.post('/book', await bookForm(a, await firstSlot(a)));
    const number = await bookingNumber(a);
    const last = await a.post('/done', { formToken: await a.formToken() });
    expect([last.status, last.headers.get('Fairgate-Command')]).toEqual([200, `complete;reference="${number}"`]);
    const page = await last.text();
    expect(page).toContain(number);
    expect(page).toMatch(/href="\/_fairgate\/rooms\/[a-z-]+\/receipt"/);
    expect(await bookingNumber(a)).toBe(number);
  });
});

describe('a visit', () => {
  test('that is finished without a booking is no completed one', async () => {
    const a = await admit('a');
    const last = await a.post('/done', { formToken: await a.formToken() });
    expect(last.headers.get('Fairgate-Command')).toBe('revoke');
    expect(await last.text()).not.toContain('/receipt');
  });

  test('that cancels its booking frees the seat, once', async () => {
    const a = await admit('a');
    await a.post('/book', await bookForm(a, await firstSlot(a)));
    const cancel = async () => stockOf(await a.post('/cancel', { formToken: await a.formToken() }));
    expect([await cancel(), await cancel()]).toEqual([CLINIC_COUNT, CLINIC_COUNT]);
    expect(await bookingNumber(a)).toBeNull();
    expect((await a.post('/cancel', {})).status).toBe(403);
  });

  test('that meets an error gets the full time, and the error passes', async () => {
    const a = await admit('a');
    const until = (await (await a.get('/')).text()).match(/trouble\?until=(\d+)/)?.[1] ?? '';
    const failed = await a.get(`/trouble?until=${until}`);
    expect([failed.status, failed.headers.get('Fairgate-Command')]).toEqual([500, 'readmit']);
    for (const over of ['1', `${Number(until) + 3_600_000}`, '', 'x']) {
      const passed = await a.get(`/trouble?until=${over}`);
      expect([passed.status, passed.headers.get('Fairgate-Command')]).toEqual([303, null]);
    }
  });

  test('can have nobody else let in for a while, by a form of this site only', async () => {
    const a = await admit('a');
    const response = await a.post('/overload', { formToken: await a.formToken() });
    expect(response.headers.get('Fairgate-Overload')).toBe('30');
    expect((await a.post('/overload', {})).headers.get('Fairgate-Overload')).toBeNull();
  });
});

describe('every response', () => {
  test('carries the current stock', async () => {
    const a = await admit('a');
    const paths = ['/', '/book', '/booking', '/done', '/nothing'];
    const responses = await Promise.all(paths.map((path) => a.get(path)));
    for (const response of responses) {
      expect(response.headers.get('Fairgate-Stock')).toMatch(STOCK);
      expect(response.headers.get('Fairgate-Lots')).toMatch(/^mulgyeol=1;ko=%"%eb%ac%bc[^"]+";en=%"Mulgyeol /);
    }
    const booked = await a.post('/book', await bookForm(a, await firstSlot(a)));
    expect(stockOf(booked)).toBe(CLINIC_COUNT - 1);
  });

  test('forbids scripts, frames, external resources and storing', async () => {
    for (const path of ['/', '/book', '/nothing']) {
      const response = await (await admit('a')).get(path);
      const page = await response.text();
      expect(response.headers.get('Content-Security-Policy')).toContain(
        `default-src 'none'; style-src ${STYLE_SOURCE};`,
      );
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      expect(page).not.toMatch(/<script|javascript:|\son\w+=|\sstyle=|src="|https?:(?!\/\/www\.w3\.org)/);
    }
  });

  test('escapes what a visitor entered', async () => {
    const a = await admit('a');
    const name = '"><b>x</b>&';
    const form = { ...(await bookForm(a, await firstSlot(a))), name };
    const rejected = await (await a.post('/book', { ...form, phoneEnd: '<i>' })).text();
    expect(rejected).toContain('&quot;&gt;&lt;b&gt;x&lt;/b&gt;&amp;');
    await a.post('/book', form);
    const page = await (await a.get('/booking')).text();
    expect(page).toContain('&lt;b&gt;x');
    expect(rejected + page).not.toMatch(/<b>x|<i>/);
  });

  test('is in the browser’s language, Korean by default, and stores only an explicit choice', async () => {
    const a = await admit('a');
    const inLanguage = async (path: string, headers: Record<string, string>) => {
      const response = await a.get(path, headers);
      return [response.headers.get('Content-Language'), response.headers.get('Set-Cookie')?.split(';')[0] ?? null];
    };
    expect(await inLanguage('/', { 'Accept-Language': 'en-US,en;q=0.9,ko;q=0.8' })).toEqual(['en', null]);
    expect(await inLanguage('/', { 'Accept-Language': 'ko-KR,ko;q=0.9,en;q=0.8' })).toEqual(['ko', null]);
    expect(await inLanguage('/', { 'Accept-Language': 'fr' })).toEqual(['ko', null]);
    expect(await inLanguage('/?lang=ko', { 'Accept-Language': 'en' })).toEqual(['ko', 'lang=ko']);
    expect(await inLanguage('/', { 'Accept-Language': 'en', Cookie: 'lang=ko' })).toEqual(['ko', null]);
    expect(await inLanguage('/?lang=<script>', { 'Accept-Language': 'en' })).toEqual(['en', null]);
  });
});

describe('the program', () => {
  const settings = {
    ORIGIN_PORT: '0',
    FAIRGATE_ISSUER: ISSUER,
    FAIRGATE_AUDIENCE: AUDIENCE,
    FAIRGATE_JWKS_URL: 'http://127.0.0.1:1/jwks.json',
  };

  function run(env: Record<string, string>) {
    const program = join(import.meta.dirname, '../../origin/demo/server.ts');
    const child = spawn(process.execPath, [program], { env: { DATA_DIR: dataDir, ...env } });
    const output = { out: '', err: '' };
    const started = new Promise<void>((resolve) => {
      child.stdout.on('data', (text) => {
        output.out += text;
        resolve();
      });
    });
    child.stderr.on('data', (text) => {
      output.err += text;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, output, started, ended };
  }

  test.each([
    ['FAIRGATE_ISSUER', { ...settings, FAIRGATE_ISSUER: '' }],
    ['ORIGIN_PORT', { ...settings, ORIGIN_PORT: 'x' }],
    ['FAIRGATE_JWKS_URL', { ...settings, FAIRGATE_JWKS_URL: 'gate' }],
    ['jwksUrl', { ...settings, FAIRGATE_JWKS_URL: 'http://gate.example/jwks.json' }],
  ])('exits with a message for an invalid %s', async (name, env) => {
    const { output, ended } = run(env);
    expect(await ended).toBe(1);
    expect(output.err).toContain('The demo origin cannot start.');
    expect(output.err).toContain(name);
    expect(output.err).not.toContain('    at ');
  });

  test('exits with code 0 on SIGTERM', async () => {
    const { child, output, started, ended } = run(settings);
    await started;
    expect(output.out).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

test('starting on a port in use rejects with EADDRINUSE', async () => {
  const start = startDemoOrigin({
    port: origin.port,
    dataDir,
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUrl: issuer.jwksUrl,
  });
  await expect(start).rejects.toThrow('EADDRINUSE');
});
