// The laws of the demo site, over HTTP as the gateway asks it: closed on every path, nothing changed by a form that is not
// its own, a slot sold once, and every answer with the stock of its moment.

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
  /** The token of this visitor's forms. */
  formToken(): Promise<string>;
}

async function visitor(sub: string): Promise<DemoVisitor> {
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

/** Slots that the booking page offers this visitor. */
async function offered(someone: DemoVisitor): Promise<string[]> {
  return [...(await (await someone.get('/book')).text()).matchAll(/name="slot" value="([^"]+)"/g)].map(
    ([, slot]) => slot ?? '',
  );
}

async function bookForm(someone: DemoVisitor, slot: string): Promise<Record<string, string>> {
  return { slot, name: '김새봄', phoneEnd: '1234', formToken: await someone.formToken() };
}

async function firstSlot(someone: DemoVisitor): Promise<string> {
  return (await offered(someone))[0] ?? '';
}

async function bookingNumber(someone: DemoVisitor): Promise<string | null> {
  return /\d{4}-\d{4}(?=<\/dd>)/.exec(await (await someone.get('/booking')).text())?.[0] ?? null;
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

  test.each(paths)('%s is closed', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']) {
      const response = await fetch(origin.url + path, { method });
      expect(response.status).toBe(403);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.text()).not.toContain('<');
    }
  });

  test('a queue token does not open it, nor another site’s admission', async () => {
    for (const token of [
      await issuer.mint({ header: { typ: 'queue+jwt' } }),
      await issuer.mint({ claims: { aud: 'https://other.example' } }),
    ]) {
      expect((await fetch(origin.url, { headers: { 'Fairgate-Admission': token } })).status).toBe(403);
    }
  });

  test('while the keys cannot be had it is closed to everybody', async () => {
    issuer.breakWith({ status: 500, body: '' });
    expect((await (await visitor('a')).get('/')).status).toBe(503);
  });
});

describe('a form changes nothing', () => {
  const cases: [string, Record<string, string>, Record<string, string>, number][] = [
    ['from another site', {}, { Origin: 'https://evil.example' }, 403],
    ['from a site whose name only begins the same', {}, { Origin: `https://${HOST}.evil.example` }, 403],
    ['from nowhere', {}, { Origin: 'null' }, 403],
    ['from another port', {}, { Origin: `https://${HOST}:8443` }, 403],
    ['where the browser’s host is unclear', {}, { 'X-Forwarded-Host': `${HOST}, evil.example` }, 403],
    ['with a token of its own making', { formToken: 'x'.repeat(43) }, {}, 403],
    ['without a token', { formToken: '' }, {}, 403],
    ['in another encoding', {}, { 'Content-Type': 'text/plain' }, 400],
    ['as an upload', {}, { 'Content-Type': 'multipart/form-data; boundary=x' }, 400],
    ['that is too large', { name: 'x'.repeat(5_000) }, {}, 413],
    ['without a name', { name: '  ' }, {}, 422],
    ['with a name too long to print', { name: 'x'.repeat(41) }, {}, 422],
    ['with control characters', { name: 'a\u0000b' }, {}, 422],
    ['with three digits', { phoneEnd: '123' }, {}, 422],
    ['without a slot', { slot: '' }, {}, 422],
    ['with a slot of its own making', { slot: "x'; DROP TABLE slot; --" }, {}, 422],
    ['with a slot that is not there', { slot: 'mulgyeol.999999999999999' }, {}, 409],
  ];

  test.each(cases)('%s', async (_, form, headers, status) => {
    const a = await visitor('a');
    const response = await a.post('/book', { ...(await bookForm(a, await firstSlot(a))), ...form }, headers);
    expect(response.status).toBe(status);
    expect(stockOf(response)).toBe(CLINIC_COUNT);
    expect(await bookingNumber(a)).toBeNull();
  });

  test('that was made for another visitor', async () => {
    const [a, b] = [await visitor('a'), await visitor('b')];
    const response = await b.post('/book', await bookForm(a, await firstSlot(a)));
    expect(response.status).toBe(403);
    expect(await bookingNumber(b)).toBeNull();
  });

  test('without the Origin that every browser sends', async () => {
    const a = await visitor('a');
    const body = new URLSearchParams(await bookForm(a, await firstSlot(a)));
    const token = await issuer.mint({ claims: { sub: 'a' } });
    const response = await fetch(`${origin.url}/book`, {
      method: 'POST',
      headers: { 'Fairgate-Admission': token },
      body,
    });
    expect(response.status).toBe(403);
  });

  test('that ends the visit of somebody who did not ask', async () => {
    const a = await visitor('a');
    expect((await a.get('/done')).headers.has('Fairgate-Command')).toBe(false);
    const forged = await a.post('/done', { formToken: await a.formToken() }, { Origin: 'https://evil.example' });
    expect([forged.status, forged.headers.has('Fairgate-Command')]).toEqual([403, false]);
  });
});

describe('the last slot', () => {
  test('goes to exactly one of twenty who press at once, over two processes', async () => {
    const second = await startOrigin();
    const people = await Promise.all(Array.from({ length: 20 }, (_, i) => visitor(`v${i}`)));
    const slot = await firstSlot(people[0] as DemoVisitor);
    const forms = await Promise.all(people.map((someone) => bookForm(someone, slot)));
    const answers = await Promise.all(
      people.map((someone, i) => someone.post('/book', forms[i] ?? {}, {}, i % 2 === 0 ? origin : second)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array.from({ length: 19 }, () => 409)]);
    const numbers = await Promise.all(people.map(bookingNumber));
    expect(numbers.filter((number) => number !== null)).toHaveLength(1);
  });

  test('taken in between, says that nothing was booked, keeps what was typed and offers only what is left', async () => {
    const [a, b] = [await visitor('a'), await visitor('b')];
    const slot = await firstSlot(a);
    await a.post('/book', await bookForm(a, slot));
    const response = await b.post('/book', await bookForm(b, slot));
    const page = await response.text();
    expect(response.status).toBe(409);
    expect(page).toContain('Nothing was booked');
    expect(page).toContain('value="김새봄"');
    expect(page).not.toContain(`value="${slot}"`);
    expect(await offered(b)).toHaveLength(CLINIC_COUNT - 1);
  });

  test('of all, leaves a page that says so and no form', async () => {
    const a = await visitor('a');
    const slots = await offered(a);
    for (const [i, slot] of slots.entries()) {
      const someone = await visitor(`v${i}`);
      expect((await someone.post('/book', await bookForm(someone, slot))).status).toBe(303);
    }
    const response = await a.get('/book');
    expect(await response.text()).toContain('All places are taken');
    expect(stockOf(response)).toBe(0);
    expect((await a.post('/book', await bookForm(a, slots[0] ?? ''))).status).toBe(409);
  });
});

describe('a booking', () => {
  test('sent twice at once is one booking, and both presses lead to it', async () => {
    const a = await visitor('a');
    const form = await bookForm(a, await firstSlot(a));
    const answers = await Promise.all([a.post('/book', form), a.post('/book', form), a.post('/book', form)]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect(answers.map(({ headers }) => headers.get('Location'))).toEqual(['/booking', '/booking', '/booking']);
    expect(answers.map(stockOf)).toEqual([CLINIC_COUNT - 1, CLINIC_COUNT - 1, CLINIC_COUNT - 1]);
  });

  test('wished for elsewhere as well is told to be the one that there was', async () => {
    const a = await visitor('a');
    const [first = '', other = ''] = await offered(a);
    await a.post('/book', await bookForm(a, first));
    const number = await bookingNumber(a);
    const answer = await a.post('/book', await bookForm(a, other));
    expect(answer.headers.get('Location')).toBe('/booking?kept');
    const page = await (await a.get('/booking?kept')).text();
    expect(page).toContain('You already had a booking');
    expect(page).toContain(number);
    expect((await a.get('/book')).headers.get('Location')).toBe('/booking');
  });

  test('is there after a restart, and another visitor finds it by number and digits, in full width too', async () => {
    const a = await visitor('a');
    await a.post('/book', await bookForm(a, await firstSlot(a)));
    const number = (await bookingNumber(a)) ?? '';
    await origin.close();
    running = [];
    origin = await startOrigin();
    expect(await bookingNumber(a)).toBe(number);
    const b = await visitor('b');
    expect(await bookingNumber(b)).toBeNull();
    const wrong = await b.post('/booking', { number, phoneEnd: '9999', formToken: await b.formToken() });
    expect([wrong.status, (await wrong.text()).includes('김새봄')]).toEqual([422, false]);
    const typed = number.replace('-', '').replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
    const found = await b.post('/booking', { number: typed, phoneEnd: '１２３４', formToken: await b.formToken() });
    expect([found.status, (await found.text()).includes('김새봄')]).toEqual([200, true]);
  });

  test('stays when the visit is finished, and the last page shows it', async () => {
    const a = await visitor('a');
    await a.post('/book', await bookForm(a, await firstSlot(a)));
    const number = await bookingNumber(a);
    const last = await a.post('/done', { formToken: await a.formToken() });
    expect([last.status, last.headers.get('Fairgate-Command')]).toEqual([200, 'complete']);
    expect(await last.text()).toContain(number);
    expect(await bookingNumber(a)).toBe(number);
  });
});

describe('every answer', () => {
  test('carries the stock of its moment', async () => {
    const a = await visitor('a');
    const paths = ['/', '/book', '/booking', '/done', '/nothing'];
    const answers = await Promise.all(paths.map((path) => a.get(path)));
    for (const answer of answers) expect(answer.headers.get('Fairgate-Stock')).toMatch(STOCK);
    const booked = await a.post('/book', await bookForm(a, await firstSlot(a)));
    expect(stockOf(booked)).toBe(CLINIC_COUNT - 1);
  });

  test('allows no script, no frame and nothing from elsewhere, and is stored nowhere', async () => {
    for (const path of ['/', '/book', '/nothing']) {
      const answer = await (await visitor('a')).get(path);
      const page = await answer.text();
      expect(answer.headers.get('Content-Security-Policy')).toContain(`default-src 'none'; style-src ${STYLE_SOURCE};`);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
      expect(page).not.toMatch(/<script|javascript:|\son\w+=|\sstyle=|src="|https?:(?!\/\/www\.w3\.org)/);
    }
  });

  test('shows what a visitor typed as text, never as markup', async () => {
    const a = await visitor('a');
    const name = '"><b>x</b>&';
    const form = { ...(await bookForm(a, await firstSlot(a))), name };
    const rejected = await (await a.post('/book', { ...form, phoneEnd: '<i>' })).text();
    expect(rejected).toContain('&quot;&gt;&lt;b&gt;x&lt;/b&gt;&amp;');
    await a.post('/book', form);
    const page = await (await a.get('/booking')).text();
    expect(page).toContain('&lt;b&gt;x');
    expect(rejected + page).not.toMatch(/<b>x|<i>/);
  });

  test('is in the language of the browser, Korean first, and a choice is kept', async () => {
    const a = await visitor('a');
    const inLanguage = async (path: string, headers: Record<string, string>) => {
      const answer = await a.get(path, headers);
      return [answer.headers.get('Content-Language'), answer.headers.get('Set-Cookie')?.split(';')[0] ?? null];
    };
    expect(await inLanguage('/', { 'Accept-Language': 'en-US,en;q=0.9,ko;q=0.8' })).toEqual(['en', null]);
    expect(await inLanguage('/', { 'Accept-Language': 'ko-KR,ko;q=0.9,en;q=0.8' })).toEqual(['ko', null]);
    expect(await inLanguage('/', { 'Accept-Language': 'fr' })).toEqual(['ko', null]);
    expect(await inLanguage('/?lang=ko', { 'Accept-Language': 'en' })).toEqual(['ko', 'lang=ko']);
    expect(await inLanguage('/', { 'Accept-Language': 'en', Cookie: 'lang=ko' })).toEqual(['ko', null]);
    expect(await inLanguage('/?lang=<script>', { 'Accept-Language': 'en' })).toEqual(['en', null]);
  });
});

describe('as a program', () => {
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
  ])('does not start with a wrong %s, and says so in one sentence', async (name, env) => {
    const { output, ended } = run(env);
    expect(await ended).toBe(1);
    expect(output.err).toContain('The demo origin does not start.');
    expect(output.err).toContain(name);
    expect(output.err).not.toContain('    at ');
  });

  test('ends cleanly when it is told to', async () => {
    const { child, output, started, ended } = run(settings);
    await started;
    expect(output.out).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

test('a port that is in use is said at the start', async () => {
  const start = startDemoOrigin({
    port: origin.port,
    dataDir,
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUrl: issuer.jwksUrl,
  });
  await expect(start).rejects.toThrow('EADDRINUSE');
});
