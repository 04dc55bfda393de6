// Who gets a place from a real Chromium, and who does not: other sites' forms and requests, forms that arrive without a
// session, browsers that refuse cookies, first visits with and without a script, and visits where nobody waits.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { complaints } from '../axe.ts';
import { payloadOf } from '../gateway/forged-tokens.ts';
import { MARKER } from '../gateway/recording-origin.ts';
import { BEFORE_OPENING, ONE_AT_A_TIME, TwoSites } from './two-sites.ts';

/** Long enough for a busy machine; every wait ends as soon as its condition holds. */
const TIMEOUT_MS = 30_000;

/** A session that its visitor never presents ends 10 s after it began; the rest is what a gateway's view may be late by. */
const UNPRESENTED_MS_MAX = 14_000;

const FORM_NOT_SENT = 'Your form was not sent';

/** A room a test, so that its numbers are the test's own. */
const ROOMS = {
  'form-entered': BEFORE_OPENING,
  'form-waiting': ONE_AT_A_TIME,
  'form-admitted': {},
  'form-button': {},
  'form-late': ONE_AT_A_TIME,
  'form-stranger': ONE_AT_A_TIME,
  'requests-before': BEFORE_OPENING,
  'requests-open': {},
  'no-cookies': BEFORE_OPENING,
  'no-cookies-button': BEFORE_OPENING,
  script: BEFORE_OPENING,
  button: BEFORE_OPENING,
  tabs: BEFORE_OPENING,
  language: BEFORE_OPENING,
  fragment: ONE_AT_A_TIME,
  quiet: {},
  look: BEFORE_OPENING,
};

let browser: Browser;
let sites: TwoSites;
let page: Page;
/** A visit to an open room. It begins before all tests, because the last of them sees what is left of it after seconds. */
let quiet: { context: BrowserContext; requests: string[]; firstText: string; openedAt: number };

beforeAll(async () => {
  [browser, sites] = await Promise.all([launchChromium(), TwoSites.start(ROOMS)]);
  sites.origin.handlers.set('/quiet', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<link rel="icon" href="data:,"><h1>Quiet</h1>');
  });
  quiet = await openQuietPage();
});
afterEach(() => page?.context().close());
afterAll(async () => {
  await browser?.close();
  await sites?.stop();
});

async function newPage(changes: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB', ...changes });
  context.setDefaultTimeout(TIMEOUT_MS);
  return context.newPage();
}

async function open(changes: BrowserContextOptions = {}): Promise<void> {
  page = await newPage(changes);
}

async function openQuietPage(): Promise<typeof quiet> {
  const opened = await newPage();
  const requests = requestsOf(opened, 'quiet');
  const response = await opened.goto(`${sites.url('quiet')}/quiet`);
  return { context: opened.context(), requests, firstText: (await response?.text()) ?? '', openedAt: Date.now() };
}

const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
const notice = () => page.locator('.notice').textContent();
const form = (action: string, rest = '') =>
  `<form method="post" action="${action}"><input name="amount" value="10"><input name="note" value="고맙습니다 & so">` +
  `<button>Pay</button></form>${rest}`;
const SUBMIT = '<script>document.forms[0].submit()</script>';

async function queueCookie(room: string): Promise<string | undefined> {
  return (await page.context().cookies(sites.url(room))).find(({ name }) => name === `fairgate-queue-${room}`)?.value;
}

/** Methods and addresses of the requests for a room’s site that a page sends from now on. */
function requestsOf(sender: Page, room: string): string[] {
  const requests: string[] = [];
  sender.on('request', (request) => {
    const url = request.url();
    if (url.startsWith(sites.url(room))) requests.push(`${request.method()} ${url.slice(sites.url(room).length)}`);
  });
  return requests;
}

describe('another site’s form', () => {
  test.each([
    ['before the opening', 'form-entered', 'You are in the draw'],
    ['in an open room', 'form-waiting', 'You are in line'],
  ])(
    'takes no place %s and leaves the visitor’s own as it is, and the page says that it was not sent',
    async (_, room, title) => {
      if (room === 'form-waiting') await sites.occupy(room);
      await open();
      await page.goto(`${sites.url(room)}/app`);
      await heading(title);
      const before = await queueCookie(room);
      const received = sites.received(room).length;
      sites.otherPages.set('/attack', form(`${sites.url(room)}/any?x=1`, SUBMIT));
      await page.goto(`${sites.otherUrl}/attack`);
      await heading(title);
      expect(await notice()).toContain(FORM_NOT_SENT);
      expect(before).toBeDefined();
      expect(await queueCookie(room)).toBe(before);
      const own = await page.evaluate(
        (id) => fetch(`/_fairgate/rooms/${id}/status`).then((reply) => reply.json()),
        room,
      );
      expect(await sites.nextPlace(room)).toBe((own.position ?? own.entry) + 1);
      expect(sites.received(room)).toHaveLength(received);
    },
  );

  test.each([
    ['by the page itself', 'form-admitted', true],
    ['with the button where scripts are off', 'form-button', false],
  ])(
    'of an admitted visitor is sent again %s: it reaches the origin once, as the other site’s, and takes no second place',
    async (_, room, javaScriptEnabled) => {
      sites.origin.handlers.set('/shop', (__, response) => {
        response.setHeader('Set-Cookie', [
          'session=1; Path=/; SameSite=Lax',
          'partner=2; Path=/; SameSite=None; Secure',
        ]);
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Shop</h1>');
      });
      await open({ javaScriptEnabled });
      await page.goto(`${sites.url(room)}/shop`);
      await heading('Shop');
      sites.otherPages.set('/pay', form(`${sites.url(room)}/paid?order=7`));
      await page.goto(`${sites.otherUrl}/pay`);
      const first = page.waitForRequest(`${sites.url(room)}/paid?order=7`);
      await page.getByRole('button', { name: 'Pay' }).click();
      const sent = await (await first).allHeaders();
      expect([sent['sec-fetch-site'], sent['cookie']]).toEqual(['cross-site', 'partner=2']);
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Send the form' }).click();
      await page.getByText(`${MARKER} POST /paid?order=7`).waitFor();

      const posted = () => sites.received(room).filter(({ method }) => method === 'POST');
      expect(posted()).toHaveLength(1);
      const [{ url, headers, body } = { url: '', headers: {}, body: '' }] = posted();
      expect(url).toBe('/paid?order=7');
      expect(body).toBe(new URLSearchParams({ amount: '10', note: '고맙습니다 & so' }).toString());
      expect(headers).toMatchObject({
        'content-type': 'application/x-www-form-urlencoded',
        origin: sites.otherUrl,
        referer: `${sites.otherUrl}/`,
        cookie: 'partner=2',
        'sec-fetch-site': 'cross-site',
      });
      await page.goBack().catch(() => {}); // Without a script, the relay page cannot be shown again.
      if (javaScriptEnabled) expect(page.url()).toBe(`${sites.otherUrl}/pay`);
      expect(posted()).toHaveLength(1);
      expect(await sites.nextPlace(room)).toBe(2);
    },
  );
});

describe('a form of the site’s own', () => {
  test.each([
    ['whose session is over', 'form-late', 'Your visit has ended'],
    ['without a place', 'form-stranger', 'You are in line'],
  ])(
    'of a visitor %s is not sent: the page says so, and the turn brings the page with the form, by GET',
    async (_, room, title) => {
      sites.origin.handlers.set('/form', (__, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<h1>The form</h1>${form('/book')}`);
      });
      sites.origin.handlers.set('/done', (__, response) => {
        response.writeHead(200, { 'Fairgate-Command': 'complete' }).end();
      });
      await open();
      await page.goto(`${sites.url(room)}/form?step=2`);
      await heading('The form');
      if (room === 'form-late') {
        await page.evaluate(() => fetch('/done'));
        // As browsers do when the session's time is over.
        await page.context().clearCookies({ name: `fairgate-admission-${room}` });
      } else await page.evaluate((id) => fetch(`/_fairgate/rooms/${id}/leave`, { method: 'POST' }), room);
      const occupant = await sites.occupy(room);
      await page.getByRole('button', { name: 'Pay' }).click();
      await heading(title);
      expect(await notice()).toContain(FORM_NOT_SENT);
      if (room === 'form-late') {
        // Until the gateway's view shows that this visitor was called, a join brings no new number.
        await expect.poll(async () => (await sites.board(room)).called).toBe(2);
        await page.getByRole('button', { name: 'Take a new number' }).click();
      }
      await heading('You are in line');
      expect(await notice()).toContain(FORM_NOT_SENT);
      await occupant.act('leave');
      await heading('The form');
      expect(page.url()).toBe(`${sites.url(room)}/form?step=2`);
      expect(sites.received(room).filter(({ method }) => method !== 'GET')).toEqual([]);
    },
  );
});

describe('another site’s page', () => {
  test.each([
    ['before the opening', 'requests-before'],
    ['in an open room', 'requests-open'],
  ])('takes no place %s with frames, fetches, images and prefetches', async (_, room) => {
    const target = `${sites.url(room)}/`;
    sites.otherPages.set(
      '/crowd',
      `<script type="module">
        const target = ${JSON.stringify(target)};
        const load = (name, property, more) => new Promise((settled) => {
          const element = Object.assign(document.createElement(name), more);
          element.onload = element.onerror = settled;
          element[property] = target + '?' + Math.random();
          document.body.append(element);
        });
        const times = (count, start) => Array.from({ length: count }, start);
        await Promise.all([
          ...times(20, () => load('iframe', 'src')),
          ...times(50, () => fetch(target, { mode: 'no-cors', credentials: 'include', headers: { Accept: 'text/html' } })),
          ...times(10, () => load('img', 'src')),
          ...times(5, () => load('link', 'href', { rel: 'prefetch' })),
          ...times(5, () => load('object', 'data')),
        ]);
        document.title = 'Settled';
      </script>`,
    );
    await open();
    const requests = requestsOf(page, room);
    await page.goto(`${sites.otherUrl}/crowd`);
    await page.waitForFunction(() => document.title === 'Settled');
    expect(requests.length).toBeGreaterThanOrEqual(90);
    expect(sites.received(room)).toEqual([]);
    expect(await sites.nextPlace(room)).toBe(1);
  });
});

describe('a browser that refuses cookies', () => {
  test('takes no place however often it reloads, is told that cookies are needed, and does not loop', async () => {
    const { url, requests } = await sites.withoutCookies('no-cookies');
    await open();
    await page.clock.install();
    await page.goto(`${url}/app`);
    await heading('This page needs cookies');
    for (let reloads = 0; reloads < 5; reloads++) {
      await page.reload();
      await heading('This page needs cookies');
    }
    const sent = requests.length;
    await page.clock.runFor(300_000);
    expect(requests).toHaveLength(sent);
    expect(requests.filter((request) => request.startsWith('POST'))).toHaveLength(2 * 6);
    expect(await sites.nextPlace('no-cookies')).toBe(1);
  });

  test('without a script is told the same after pressing the button', async () => {
    const { url } = await sites.withoutCookies('no-cookies-button');
    await open({ javaScriptEnabled: false });
    await page.goto(`${url}/app?x=1`);
    await page.getByRole('button', { name: 'Take a number' }).click();
    await heading('This page needs cookies');
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading('This page needs cookies');
    expect(await sites.nextPlace('no-cookies-button')).toBe(1);
  });
});

describe('a first visit before the opening', () => {
  test('with a script joins once by itself and shows the number', async () => {
    await open();
    const requests = requestsOf(page, 'script');
    await page.goto(`${sites.url('script')}/app?x=1`);
    await heading('You are in the draw');
    await page.locator('dt', { hasText: 'Your draw entry' }).locator('+ dd', { hasText: /^1$/ }).waitFor();
    expect(requests.filter((request) => request.endsWith('/join'))).toHaveLength(1);
    expect(page.url()).toBe(`${sites.url('script')}/app?x=1`);
    expect(await sites.nextPlace('script')).toBe(2);
  });

  test('in two tabs at once takes one number', async () => {
    await open();
    const other = await page.context().newPage();
    await Promise.all([page, other].map((tab) => tab.goto(`${sites.url('tabs')}/app`)));
    for (const tab of [page, other]) {
      await tab.locator('dt', { hasText: 'Your draw entry' }).locator('+ dd', { hasText: /^1$/ }).waitFor();
    }
    expect(await sites.nextPlace('tabs')).toBe(2);
  });

  test('without a script joins with the button and comes back to the same address', async () => {
    await open({ javaScriptEnabled: false });
    await page.goto(`${sites.url('button')}/app?x=1&y=%20z`);
    await heading('Please take a number');
    await page.getByRole('button', { name: 'Take a number' }).click();
    await heading('You are in the draw');
    expect(page.url()).toBe(`${sites.url('button')}/app?x=1&y=%20z`);
    expect(await sites.nextPlace('button')).toBe(2);
  });

  test('without a script the language link comes back to the same address, and takes no place', async () => {
    await open({ javaScriptEnabled: false });
    await page.goto(`${sites.url('language')}/app?x=1`);
    await page.getByRole('link', { name: '한국어' }).click();
    await heading('번호를 받아 주세요');
    expect(page.url()).toBe(`${sites.url('language')}/app?x=1`);
    expect(await sites.nextPlace('language')).toBe(1);
  });
});

test('the fragment of an address is still there after the wait', async () => {
  sites.origin.handlers.set('/app', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>The app</h1>');
  });
  const occupant = await sites.occupy('fragment');
  await open();
  await page.goto(`${sites.url('fragment')}/app?x=1#/booking/42`);
  await heading('You are in line');
  await occupant.act('leave');
  await heading('The app');
  expect(page.url()).toBe(`${sites.url('fragment')}/app?x=1#/booking/42`);
  expect(await page.evaluate(() => location.hash)).toBe('#/booking/42');
});

test('a visit where nobody waits sees no page of the gateway, and the browser itself confirms the session', async () => {
  const { context, requests, firstText, openedAt } = quiet;
  expect(firstText).toContain('<h1>Quiet</h1>');
  const admission = async () => {
    const cookies = await context.cookies(sites.url('quiet'));
    return payloadOf(cookies.find(({ name }) => name === 'fairgate-admission-quiet')?.value ?? '');
  };
  await expect.poll(admission).not.toHaveProperty('present_by');
  const boardAgeMs = async () => Date.parse((await sites.board('quiet')).asOf) - openedAt;
  await expect.poll(boardAgeMs, { timeout: TIMEOUT_MS, interval: 500 }).toBeGreaterThan(UNPRESENTED_MS_MAX);
  expect((await sites.board('quiet')).active).toBe(1);
  expect(requests).toEqual(['GET /quiet', 'GET /_fairgate/rooms/quiet/status']);
});

describe('without violations of axe-core', () => {
  const LOCALES = ['ko-KR', 'en-GB'];

  test.each(LOCALES)('%s: the page of a visitor without a place', async (locale) => {
    await open({ locale });
    await page.route('**/join', () => {}); // Never answered: the page stays as it was loaded.
    await page.goto(`${sites.url('look')}/app`);
    await page.locator('[data-kind="newcomer"]').waitFor();
    expect(await complaints(page)).toEqual([]);
  });

  test.each(LOCALES)('%s: the page of a browser that refuses cookies', async (locale) => {
    const { url } = await sites.withoutCookies('look');
    await open({ locale });
    await page.goto(`${url}/app`);
    await page.locator('[data-kind="cookiesNeeded"]').waitFor();
    expect(await complaints(page)).toEqual([]);
  });

  test.each(LOCALES)(
    '%s: the pages that send another site’s form again, and that say it was not sent',
    async (locale) => {
      sites.otherPages.set('/look', form(`${sites.url('look')}/any`));
      await open({ locale });
      // The browser stays on a page whose form is answered with 204 No Content.
      let isHeld = true;
      await page.route('**/any', (route) => {
        const isSentAgain = route.request().headers()['content-type'] === 'text/plain';
        return isHeld && isSentAgain ? route.fulfill({ status: 204 }) : route.continue();
      });
      await page.goto(`${sites.otherUrl}/look`);
      await page.getByRole('button', { name: 'Pay' }).click();
      await page.locator('form[enctype="text/plain"]').waitFor();
      expect(await complaints(page)).toEqual([]);
      isHeld = false;
      await page.locator('form[enctype="text/plain"] button').click();
      await page.locator('[data-kind="entered"] .notice').waitFor();
      expect(await complaints(page)).toEqual([]);
    },
  );
});
