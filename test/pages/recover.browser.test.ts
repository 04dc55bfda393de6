// The script for a site's own pages whose requests are refused, in a real Chromium: what was typed survives the wait.

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import type { RoomInput } from '../../worker/settings.ts';
import { MARKER } from '../gateway/recording-origin.ts';
import { enter } from '../gateway/visitor-client.ts';
import { ONE_AT_A_TIME, TwoSites } from './two-sites.ts';

const TIMEOUT_MS = 30_000;
const OUTSIDE: Partial<RoomInput> = { ...ONE_AT_A_TIME, paths: ['/api'], outside: 'pass' };
/** A room a test, so that its numbers are the test's own. */
const ROOMS = { fetch: OUTSIDE, xhr: OUTSIDE, late: OUTSIDE, json: OUTSIDE, inside: OUTSIDE, language: ONE_AT_A_TIME };

/** A page outside the protected paths, whose form goes to a protected one. */
const FORM = (send: string, isLate = false) => `<!doctype html><title>Form</title><link rel="icon" href="data:,">
<script src="/_fairgate/recover-1.js"></script>
<div id="place"></div><template id="form">
  <form><input name="name"><input name="name"><textarea name="note"></textarea>
    <select name="size"><option>S<option>M<option>L</select>
    <input type="checkbox" name="agree"><input type="radio" name="way" value="post" checked><input type="radio" name="way" value="mail">
    <input type="password" name="secret"><input type="hidden" name="csrf" value="fresh">
    <input name="card" autocomplete="cc-number"><input name="otp" autocomplete="one-time-code"><button>Send</button></form>
</template>
<script>
  window.heard = [];
  const draw = () => {
    document.getElementById('place').replaceChildren(document.getElementById('form').content.cloneNode(true));
    const form = document.forms[0];
    form.note.addEventListener('input', () => heard.push(form.note.value));
    form.addEventListener('submit', (event) => { event.preventDefault(); ${send} });
  };
  ${isLate ? 'setTimeout(draw, 1500)' : 'draw()'};
</script>`;

const BY_FETCH = `fetch('/api/book', { method: 'POST', body: '{}' }).then((r) => { document.title = String(r.status); form.reset(); });`;
const BY_JSON = `fetch('/api/book', { headers: { Accept: 'application/json' } }).then((r) => { document.title = String(r.status); });`;
const BY_XHR = `const request = new XMLHttpRequest();
  request.onload = () => { document.title = String(request.status); form.reset(); };
  request.open('POST', '/api/book'); request.send('{}');`;

let browser: Browser;
let sites: TwoSites;
let page: Page;

beforeAll(async () => {
  [browser, sites] = await Promise.all([launchChromium(), TwoSites.start(ROOMS)]);
  for (const [path, html] of Object.entries({
    '/fetch': FORM(BY_FETCH),
    '/xhr': FORM(BY_XHR),
    '/late': FORM(BY_FETCH, true),
    '/json': FORM(BY_JSON),
  })) {
    sites.origin.handlers.set(path, (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
    });
  }
});
afterEach(() => page?.context().close());
afterAll(async () => {
  await browser?.close();
  await sites?.stop();
});

async function open(room: string, path: string): Promise<void> {
  const context = await browser.newContext({ locale: 'en-US' });
  page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto(`${sites.url(room)}${path}`);
}

async function fillIn(): Promise<void> {
  await page.locator('[name=name]').nth(0).fill('김하나');
  await page.locator('[name=name]').nth(1).fill('Hana');
  await page.locator('textarea').fill('two\nlines');
  await page.locator('select').selectOption('M');
  await page.locator('[name=agree]').check();
  await page.locator('[value=mail]').check();
  for (const name of ['secret', 'card', 'otp']) await page.locator(`[name=${name}]`).fill('never kept');
}

const typed = () =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLInputElement>('input,textarea,select')].map(({ type, checked, value }) =>
      type === 'checkbox' || type === 'radio' ? checked : value,
    ),
  );

test.each([
  ['fetch', '/fetch?step=a+b'],
  ['xhr', '/xhr?step=a+b'],
  ['late', '/late?step=a+b'],
  ['json', '/json?step=a+b'],
])('after a refused request the visitor waits, comes back, and finds what was typed: %s', async (room, path) => {
  const occupant = sites.visitor(room);
  await enter(occupant, '/api/inside');
  await open(room, `${path}#part`);
  await fillIn();
  await page.getByText('Send').click();
  await page.waitForURL((url) => url.pathname === `/_fairgate/rooms/${room}/wait`);
  const kept = await page.evaluate(() => sessionStorage['fairgate'] as string);
  expect(kept).toContain('김하나');
  expect(kept).not.toContain('never kept');
  expect(kept).not.toContain('fresh');
  await expect.poll(async () => (await sites.board(room)).issued).toBe(2);
  await occupant.act('leave');
  await page.waitForURL(`${sites.url(room)}${path}#part`);
  await expect.poll(typed).toEqual(['김하나', 'Hana', 'two\nlines', 'M', true, false, true, '', 'fresh', '', '']);
  // The page hears of it as of typing, so a framework's state has it too.
  expect(await page.evaluate(() => (window as unknown as { heard: string[] }).heard)).toEqual(['two\nlines']);
  expect(await page.evaluate(() => sessionStorage['fairgate'])).toBe('');
  expect(sites.received(room).filter(({ url }) => url === '/api/book')).toEqual([]);
  await page.getByText('Send').click();
  await expect.poll(() => page.title()).toBe('200');
  await page.reload();
  await page.locator('textarea').waitFor();
  expect((await typed())[0]).toBe('');
});

test('an admitted visitor’s requests, other sites’ answers and the gateway’s own addresses change nothing', async () => {
  await open('inside', '/api/book');
  await expect.poll(() => page.content()).toContain(MARKER);
  await page.goto(`${sites.url('inside')}/fetch?step=a+b`);
  await fillIn();
  const before = page.url();
  const answers = await page.evaluate(async (other) => {
    const texts = [await fetch('/api/x'), await fetch('/_fairgate/rooms/inside/status')].map(({ status }) => status);
    const refused = await fetch(other).then(
      () => 'answered',
      () => 'refused',
    );
    return [...texts, refused];
  }, sites.otherUrl);
  expect(answers).toEqual([200, 200, 'refused']);
  expect(page.url()).toBe(before);
  expect((await typed())[0]).toBe('김하나');
});

test('the script is at most 1 kB, cacheable, and no part of a room', async () => {
  const response = await fetch(`${sites.url('fetch').replace('fetch.localhost', '127.0.0.1')}/_fairgate/recover-1.js`);
  const text = await response.text();
  expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'text/javascript; charset=utf-8']);
  expect(response.headers.get('Cache-Control')).toBe('public, max-age=86400');
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_000);
});

test('the language link of the waiting page keeps the fragment', async () => {
  await sites.occupy('language');
  await open('language', '/app?x=1#/booking/42');
  await page.getByText('한국어').click();
  await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('ko');
  expect(page.url()).toBe(`${sites.url('language')}/app?x=1#/booking/42`);
});
