// Visitors' pages in a real Chromium, against a small server whose responses each test sets.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Board, Status } from '../../queue-core/board.ts';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import type { PageModel, VisitorAnswer } from '../../worker/pages/model.ts';
import { complaints } from '../axe.ts';
import { board, buildPages, LARGEST, MODELS, model, paceAt, rfc3339, status } from './built-pages.ts';

/** Long enough for a busy machine; every wait ends as soon as its condition holds. */
const TIMEOUT_MS = 20_000;

/** The page of the protected site. */
const SITE_HTML = '<!doctype html><html lang="ko"><title>Site</title><h1>The site</h1></html>';

/** The server's current responses; a number is a status code with an empty problem document. */
interface Responses {
  page(): PageModel;
  board(): Board | number;
  status(): Status;
  /** For join, claim and leave. */
  action(): VisitorAnswer;
  /** The requested address returns the site instead of a waiting page. */
  admitted: boolean;
}

let pages: Awaited<ReturnType<typeof buildPages>>;
let browser: Browser;
let server: Server;
let url: string;
let responses: Responses;
let requests: string[];

/** The server's clock differs from the machine's, so that a page which uses the machine's clock fails. */
const SERVER_AHEAD_MS = 400 * 86_400_000;
const serverNow = () => Date.now() + SERVER_AHEAD_MS;
const inMs = (ms: number) => rfc3339(serverNow() + ms);
const boardNow = (changes: Partial<Board> = {}) =>
  board({ serverTime: inMs(0), asOf: inMs(0), opensAt: inMs(-60_000), ...changes });
const statusNow = (changes: Partial<Status> = {}) => status({ serverTime: inMs(0), ...changes });
const answer = (outcome: VisitorAnswer['outcome'], changes: Partial<VisitorAnswer> = {}): VisitorAnswer => ({
  outcome,
  reason: null,
  standbyAhead: null,
  admitAt: null,
  receipt: null,
  status: statusNow(),
  ...changes,
});

beforeAll(async () => {
  pages = await buildPages();
  server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push(`${request.method} ${path}`);
    const document = (text: string, type: string, code = 200) =>
      response
        .writeHead(code, {
          'Content-Type': type,
          'Cache-Control': 'no-store',
          'Content-Security-Policy': pages.contentSecurityPolicy,
        })
        .end(text);
    const json = (body: object | number) =>
      typeof body === 'number'
        ? document('{}', 'application/problem+json', body)
        : document(JSON.stringify(body), 'application/json');
    if (path === '/service-worker.js') response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(CACHE_FIRST);
    else if (path.endsWith('/board')) json(responses.board());
    else if (path.endsWith('/status')) json(responses.status());
    else if (/\/(claim|join|leave)$/.test(path) && request.headers.accept === 'application/json')
      json(responses.action());
    else if (path.endsWith('/claim')) response.writeHead(303, { Location: '/reserve' }).end();
    else if (path.startsWith('/reserve') && responses.admitted) {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(SITE_HTML);
    } else if (path.startsWith('/reserve')) document(pages.renderPage(responses.page()), 'text/html; charset=utf-8');
    else document('', 'text/plain', 404);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

beforeEach(() => {
  requests = [];
  responses = {
    page: () => model('waiting', { language: 'en', returnTo: '/reserve', board: boardNow(), status: statusNow() }),
    board: () => boardNow(),
    status: () => statusNow(),
    action: () => answer('waiting'),
    admitted: false,
  };
});

let errors: string[];
let open: Page | null = null;
afterEach(async () => {
  await open?.context().close();
  open = null;
});

/** @param before runs in the page before its own scripts */
async function visit(options: BrowserContextOptions = {}, before: () => void = () => {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
  const page = await context.newPage();
  await page.addInitScript(before);
  errors = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (line) => {
    // Chromium logs an error for every response that is not 2xx; the tests expect those.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) errors.push(line.text());
  });
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto(`${url}/reserve`);
  open = page;
  return page;
}

const shows = (page: Page, text: string) => page.locator('main').getByText(text).first().waitFor();
const hides = (page: Page, text: string) => page.locator('main').getByText(text).waitFor({ state: 'detached' });
const heading = (page: Page, text: string) => page.getByRole('heading', { level: 1, name: text }).waitFor();
const loads = () => requests.filter((line) => line === 'GET /reserve').length;

test('an open page goes from the countdown to the site without input or reload', async () => {
  // Late enough that a busy machine checks the countdown before it ends.
  const opening = serverNow() + 6_000;
  const opensAt = rfc3339(opening);
  let called = 0;
  const isOpen = () => serverNow() >= opening;
  const own = () =>
    statusNow(
      !isOpen()
        ? { state: 'entered', entry: 77, position: null }
        : called >= 412
          ? { state: 'called', entry: 77, position: 412, ahead: 0, claimBy: inMs(300_000) }
          : { state: 'waiting', entry: 77, position: 412 },
    );
  responses.board = () =>
    boardNow({ state: isOpen() ? 'open' : 'prequeue', opensAt, called, pace: paceAt(6000, 6000) });
  responses.status = own;
  responses.page = () =>
    model('entered', {
      language: 'en',
      returnTo: '/reserve',
      board: boardNow({ state: 'prequeue', opensAt, called: 0 }),
      status: own(),
    });
  responses.action = () => {
    responses.admitted = true;
    return answer('admitted', { admitAt: inMs(1500), status: own() });
  };
  const page = await visit();
  await heading(page, 'You are in the draw');
  await page.getByRole('timer').waitFor();
  expect(await complaints(page)).toEqual([]);

  await heading(page, 'You are in line');
  await shows(page, '411');
  await page.waitForFunction(() => document.title.startsWith('411 ahead'));
  expect(await page.locator('#announcements').textContent()).toContain('Ahead of you: 411.');
  expect(await complaints(page)).toEqual([]);

  called = 300;
  await shows(page, '111');
  await page.waitForFunction(() => document.title.startsWith('111 ahead'));
  // Within 30 s a new number alone is not announced.
  expect(await page.locator('#announcements').textContent()).toContain('Ahead of you: 411.');

  called = 412;
  await heading(page, 'It is your turn');
  expect(await page.locator('#announcements').textContent()).toBe('It is your turn');
  expect(loads()).toBe(1);
  await heading(page, 'The site');
  expect(loads()).toBe(2);
  expect(errors).toEqual([]);
});

test('an open page tells that the opening is moved, cancelled and set again, and shows a message with its lines', async () => {
  const was = inMs(40_000);
  let changes: Partial<Board> = {};
  const before = () => boardNow({ state: 'prequeue', opensAt: was, called: 0, nextPollSeconds: 1, ...changes });
  responses.board = before;
  responses.status = () => statusNow({ state: 'entered', entry: 77, position: null, nextPollSeconds: 1 });
  responses.page = () =>
    model('entered', { language: 'en', returnTo: '/reserve', board: before(), status: responses.status() });
  const page = await visit();
  await heading(page, 'You are in the draw');
  changes = {
    opensAt: inMs(30_000),
    moved: { was, at: inMs(0) },
    message: { text: { ko: '첫 줄', en: 'First line\nSecond line' }, at: inMs(0) },
  };
  await page.getByText(/^The opening was moved to .* \(was .*\)\.$/).waitFor();
  const message = page.locator('.message p').last();
  expect(await message.textContent()).toBe('First line\nSecond line');
  expect((await message.boundingBox())?.height).toBeGreaterThan(45);
  expect(await complaints(page)).toEqual([]);
  changes = { state: 'closed', moved: { was, at: inMs(0) } };
  await heading(page, 'The opening was cancelled');
  expect(await page.locator('#announcements').textContent()).toBe('The opening was cancelled');
  expect(await complaints(page)).toEqual([]);
  changes = { opensAt: inMs(1_800_000), moved: { was, at: inMs(0) } };
  await heading(page, 'You are in the draw');
  expect(errors).toEqual([]);
});

/** A site with a cache-first service worker: what it got once for an address is what it answers from then on. */
const CACHE_FIRST = `
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    if (event.request.mode !== 'navigate') return;
    event.respondWith((async () => {
      const cache = await caches.open('pages');
      const stored = await cache.match(event.request);
      if (stored) return stored;
      const response = await fetch(event.request);
      await cache.put(event.request, response.clone());
      return response;
    })());
  });`;

test('a waiting page that the site’s service worker stored says so, and the visitor reaches the site', async () => {
  responses.admitted = true;
  const page = await visit();
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/service-worker.js');
    await navigator.serviceWorker.ready;
  });
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  responses.admitted = false;
  responses.board = () => boardNow({ called: 87_600, pace: paceAt(600, 600) });
  responses.page = () => model('waiting', { language: 'en', returnTo: '/reserve', board: responses.board() as Board });
  await page.goto(`${url}/reserve`);
  await shows(page, '87,600');
  const admitted = () => statusNow({ state: 'admitted', position: 87_700, admittedUntil: inMs(600_000) });
  responses.status = admitted;
  responses.action = () => {
    responses.admitted = true;
    return answer('admitted', { admitAt: inMs(0), status: admitted() });
  };
  // The copy is old when it is opened again.
  await page.waitForTimeout(6_000);
  responses.board = () => boardNow({ called: 87_700, pace: paceAt(600, 600) });
  await shows(page, 'Your browser opened a stored copy of this page.');
  expect(await complaints(page)).toEqual([]);
  await heading(page, 'The site');
  expect(errors).toEqual([]);
});

test('a stored copy leads to the site also where the browser has no caches that a page can clear', async () => {
  const opened = serverNow();
  const admitted = () => statusNow({ state: 'admitted', position: 87_700, admittedUntil: inMs(600_000) });
  responses.page = () => {
    const old = boardNow({ called: 87_600, serverTime: rfc3339(opened - 7_000), pace: paceAt(600, 600) });
    return model('waiting', { language: 'en', returnTo: '/reserve', board: old, status: statusNow() });
  };
  responses.board = () => boardNow({ called: 87_700, pace: paceAt(600, 600) });
  responses.status = admitted;
  responses.action = () => {
    responses.admitted = true;
    return answer('admitted', { admitAt: inMs(0), status: admitted() });
  };
  const page = await visit({}, () => Reflect.deleteProperty(globalThis, 'caches'));
  await shows(page, 'Your browser opened a stored copy of this page.');
  await heading(page, 'The site');
  expect(errors).toEqual([]);
});

test('a lost network shows a notice, keeps the numbers, and the notice goes when the network is back', async () => {
  responses.board = () => boardNow({ called: 87_600, pace: paceAt(600, 600) });
  responses.page = () => model('waiting', { language: 'en', returnTo: '/reserve', board: responses.board() as Board });
  const page = await visit();
  await shows(page, '87,600');
  await page.context().setOffline(true);
  await shows(page, 'Connection lost.');
  await shows(page, 'Your place is kept.');
  await shows(page, '87,600');
  expect(await complaints(page)).toEqual([]);
  responses.board = () => boardNow({ called: 87_620, pace: paceAt(600, 600) });
  await page.context().setOffline(false);
  await shows(page, '87,620');
  await hides(page, 'Connection lost.');
  expect(loads()).toBe(1);
});

test('a failing server leaves the last numbers on the page, with their age', async () => {
  responses.board = () => 503;
  responses.page = () =>
    model('waiting', {
      language: 'en',
      returnTo: '/reserve',
      board: boardNow({ called: 87_650, asOf: inMs(-150_000) }),
    });
  const page = await visit();
  await shows(page, 'The server is slow to respond.');
  await shows(page, '87,650');
  await shows(page, '(2 min ago)');
});

describe('a wrong device clock', () => {
  const shiftClock = (ms: number) => {
    const RealDate = Date;
    const own = globalThis as unknown as { Date: DateConstructor };
    own.Date = class extends RealDate {
      constructor(...given: [] | [number]) {
        super(given.length === 0 ? RealDate.now() + ms : given[0]);
      }
      static override now() {
        return RealDate.now() + ms;
      }
      static override parse(text: string) {
        return RealDate.parse(text);
      }
    } as DateConstructor;
  };
  const read = async (page: Page) => {
    const timer = (await page.getByRole('timer').textContent())?.trim() ?? '';
    const [minutes = 0, seconds = 0] = timer.split(':').map(Number);
    return { left: minutes * 60 + seconds, text: (await page.locator('main').textContent()) ?? '' };
  };

  test.each([-5, 0, 20])('by %i years changes no countdown and no time, and sends no extra request', async (years) => {
    const opensAt = inMs(754_000);
    responses.board = () => boardNow({ state: 'prequeue', opensAt });
    responses.page = () =>
      model('entered', {
        language: 'en',
        returnTo: '/reserve',
        board: responses.board() as Board,
        status: statusNow({ state: 'entered', position: null }),
      });
    const page = await visit();
    const unshifted = await page.getByRole('timer').textContent();
    await page.evaluate(shiftClock, years * 365 * 86_400_000);
    // Wait until the page has been redrawn with the shifted clock.
    await page.waitForFunction((text) => document.querySelector('[role=timer]')?.textContent !== text, unshifted);
    await page.context().addInitScript(shiftClock, years * 365 * 86_400_000);
    const shiftedWhileOpen = await read(page);
    await page.reload();
    const shiftedFromStart = await read(page);
    const expected = (Date.parse(opensAt) - serverNow()) / 1000;
    for (const { left, text } of [shiftedWhileOpen, shiftedFromStart]) {
      expect(Math.abs(left - expected)).toBeLessThan(TIMEOUT_MS / 1000);
      const clock = new Date(serverNow()).toLocaleTimeString('en-GB', { timeZone: 'Asia/Seoul' });
      const [, shown = ''] = /Server time\s*(\d\d:\d\d:\d\d)/.exec(text) ?? [];
      const apart = Math.abs(Date.parse(`2027-01-01T${clock}Z`) - Date.parse(`2027-01-01T${shown}Z`));
      expect(Math.min(apart, 86_400_000 - apart)).toBeLessThan(TIMEOUT_MS);
    }
    // The countdown keeps ticking in the server's time.
    const before = (await read(page)).left;
    await page.waitForFunction((left) => {
      const [m = 0, s = 0] = (document.querySelector('[role=timer]')?.textContent ?? '').split(':').map(Number);
      return m * 60 + s <= left - 2;
    }, before);
    expect(requests.filter((line) => /status|claim|join/.test(line))).toEqual([]);
    expect(errors).toEqual([]);
  });
});

test('a number of the stock becomes “being checked” by the page’s own clock, also while no server can be reached', async () => {
  const left = {
    remaining: 4_321,
    asOf: inMs(0),
    freshSeconds: 5,
    lots: [{ id: 'a', name: { ko: '가', en: 'Clinic A' }, remaining: 77, asOf: inMs(60_000), price: null }],
  };
  responses.page = () =>
    model('paused', { language: 'en', returnTo: '/reserve', board: boardNow({ state: 'paused', stock: left }) });
  responses.board = () => 503;
  const page = await visit();
  await shows(page, '4,321');
  await page.context().setOffline(true);
  await shows(page, 'Being checked');
  await hides(page, '4,321');
  // The other lot was read later, and counts still.
  await shows(page, '77');
  expect(errors).toEqual([]);
});

test('focus stays on its element, and moves to the heading when that element disappears', async () => {
  responses.page = () =>
    model('waiting', {
      language: 'en',
      returnTo: '/reserve',
      board: boardNow({ called: 87_600 }),
      status: statusNow(),
    });
  responses.board = () => boardNow({ called: 87_600 });
  const page = await visit();
  const toggle = page.getByRole('checkbox');
  expect(await toggle.isChecked()).toBe(false);
  await toggle.press('Space');
  expect(await toggle.isChecked()).toBe(true);
  await page.context().setOffline(true);
  await shows(page, 'Connection lost.');
  expect(await toggle.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.context().setOffline(false);
  await hides(page, 'Connection lost.');
  const leave = page.getByText('Give up my place', { exact: true });
  await leave.press('Enter');
  await page.getByRole('button', { name: 'Yes, give up my place' }).waitFor();
  responses.action = () => answer('left');
  await page.getByRole('button', { name: 'Yes, give up my place' }).press('Enter');
  await heading(page, 'You gave up your place');
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
  expect(loads()).toBe(1);
});

test('the progress bar starts at the number called when the page was first opened, over a reload too', async () => {
  let called = 87_600;
  responses.board = () => boardNow({ called, pace: paceAt(600, 600) });
  responses.page = () => model('waiting', { language: 'en', returnTo: '/reserve', board: responses.board() as Board });
  const page = await visit();
  const bar = () => page.getByRole('progressbar').evaluate((element) => (element as HTMLProgressElement).position);
  expect(await bar()).toBe(0);
  called = 87_627;
  await shows(page, '87,627');
  expect(await bar()).toBeCloseTo(0.5, 5);
  await page.reload();
  expect(await bar()).toBeCloseTo(0.5, 5);
});

describe('without JavaScript', () => {
  const plain = { javaScriptEnabled: false };

  test('the page reloads and shows the new number', async () => {
    responses.page = () =>
      model('waiting', { language: 'en', returnTo: '/reserve', board: boardNow({ called: 87_600 + 10 * loads() }) });
    const page = await visit(plain);
    await shows(page, '87,610');
    await shows(page, '87,620');
  });

  test('a called visitor enters with a button', async () => {
    responses.page = () =>
      model('called', {
        language: 'en',
        returnTo: '/reserve',
        board: boardNow({ called: 90_000 }),
        status: statusNow({ state: 'called', ahead: 0, claimBy: inMs(300_000) }),
      });
    const page = await visit(plain);
    responses.admitted = true;
    await page.getByRole('button', { name: 'Enter now' }).click();
    await heading(page, 'The site');
    expect(requests).toContain('POST /_fairgate/rooms/vaccine/claim');
  });
});

describe('every page', () => {
  const everyModel = [...Object.values(MODELS), LARGEST];
  const variants = [
    { language: 'ko', colorScheme: 'light', width: 390 },
    { language: 'en', colorScheme: 'dark', width: 1280 },
    // 400 % zoom on a laptop.
    { language: 'en', colorScheme: 'light', width: 320 },
    { language: 'ko', colorScheme: 'dark', width: 320 },
  ] as const;

  test.each(variants)(
    'in $language, $colorScheme, $width px wide has no axe violation, fits the width and has large targets',
    async ({ language, colorScheme, width }) => {
      const [first] = everyModel;
      if (first === undefined) throw new Error('MODELS is empty.');
      let shown: PageModel = first;
      responses.page = () => ({ ...shown, language, returnTo: '/reserve' });
      responses.board = () => 503;
      responses.status = () => statusNow();
      const page = await visit({ viewport: { width, height: 800 }, colorScheme });
      for (shown of everyModel) {
        await page.goto(`${url}/reserve`);
        expect(await complaints(page), shown.kind).toEqual([]);
        const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overhang, `${shown.kind} scrolls sideways`).toBeLessThanOrEqual(0);
        const small = await page
          .locator('button:visible, a:visible, summary:visible')
          .evaluateAll((targets) => targets.filter((target) => target.getBoundingClientRect().height < 43.5).length);
        expect(small, `${shown.kind} has a target smaller than 44 px`).toBe(0);
      }
      expect(errors).toEqual([]);
    },
  );
});
