// What a site says, as people see it, in a real Chromium in front of the running gateway and the demo site: what is left by clinic before and
// during the wait, an error that gives the turn back, a booking with its receipt, a site that wants nobody, sold out, and something
// returned.

import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bookings, openBookings } from '../../origin/demo/bookings.ts';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { complaints } from '../axe.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { scanned } from '../scanned-code.ts';

const TIMEOUT_MS = 60_000;
const OPENS_IN_SECONDS = 14;

const PHONE = { viewport: { width: 390, height: 844 }, locale: 'ko-KR', colorScheme: 'light' } as const;
const DESKTOP = { viewport: { width: 1280, height: 900 }, locale: 'en-US', colorScheme: 'dark' } as const;

let browser: Browser;
let fairgate: Running;
let bookings: Bookings;
/** Who gets in first, and who waits for the one vacancy. */
let inside: Page;
let waiting: Page;

const kind = (page: Page, name: string) => page.locator(`[data-kind="${name}"]`).waitFor({ state: 'attached' });

/** For a person to look at: `DOSES_SCREENS=folder npx vitest run test/pages/last-doses.browser.test.ts`. */
async function seen(page: Page, name: string): Promise<void> {
  const screens = process.env['DOSES_SCREENS'];
  if (screens !== undefined) await page.screenshot({ path: `${screens}/${name}.png`, fullPage: true });
  expect(await complaints(page), name).toEqual([]);
}

async function insideOf(page: Page): Promise<boolean> {
  return (await page.locator('form[action="/overload"]').count()) > 0;
}

/** Takes all appointments but so many for people who are not here. */
function sellElsewhere(but: number): void {
  for (let index = 0; ; index++) {
    const now = Date.now();
    const { remaining, clinics } = bookings.stock(now);
    if (remaining <= but) return;
    const clinic = clinics.find((one) => one.remaining > 0);
    const startsAt = clinic?.times.find((time) => time.remaining > 0)?.startsAt ?? 0;
    const person = { visitor: `elsewhere-${index}`, name: 'Kim', phoneEnd: '0000' };
    const { kind } = bookings.book({ ...person, clinicId: clinic?.clinic.id ?? '', startsAt }, now);
    if (kind !== 'booked' && kind !== 'alreadyBooked') throw new Error(`Nothing was booked: ${kind}.`);
  }
}

beforeAll(async () => {
  browser = await launchChromium();
  fairgate = await startFairgate({
    slotsPerClinic: 2,
    siteCalls: true,
    room: {
      schedule: { opensAt: `+${OPENS_IN_SECONDS}s` },
      policy: { newUsersPerMinute: 600, totalActiveUsers: 1, sessionMinutes: 5 },
    },
  });
  bookings = openBookings({ dataDir: fairgate.dataDir, slotsPerClinic: 0, now: Date.now() });
});
afterAll(async () => {
  await browser?.close();
  bookings?.close();
  await fairgate?.stop();
});

describe('a site that says what is left, who is booked and when it is too much', { timeout: TIMEOUT_MS }, () => {
  test('before the opening everybody sees what is left at which clinic', async () => {
    const pages: Page[] = [];
    for (const options of [PHONE, DESKTOP]) {
      const page = await (await browser.newContext(options)).newPage();
      page.setDefaultTimeout(TIMEOUT_MS / 2);
      await page.goto(`${fairgate.url}/`);
      await kind(page, 'entered');
      await page.getByText(options === PHONE ? '물결내과의원' : 'Mulgyeol Internal Medicine').waitFor();
      await seen(page, `1-entered-${options.locale}`);
      pages.push(page);
    }
    // One of them is drawn first.
    const first = await Promise.race(
      pages.map(async (page) => {
        await page.waitForFunction(() => document.querySelector('form[action="/overload"]') !== null);
        return page;
      }),
    );
    [inside, waiting] = [first, pages.find((page) => page !== first) as Page];
    expect(await insideOf(waiting)).toBe(false);
  });

  test('the other waits, and sees the same numbers', async () => {
    await waiting.getByText(/물결내과의원|Mulgyeol Internal Medicine/).waitFor();
    await seen(waiting, '2-waiting');
  });

  test('an error of the site keeps the turn: the page says until when, and is inside again by itself', async () => {
    await inside.locator('a[href^="/trouble?"]').click();
    await kind(inside, 'originError');
    expect(await inside.textContent('main')).toMatch(/\d{2}:\d{2}/);
    await seen(inside, '3-error');
    await inside.waitForFunction(() => document.querySelector('form[action="/overload"]') !== null);
    expect(await insideOf(waiting)).toBe(false);
  });

  test('a site that wants nobody for a while is said to, without an estimate; who is inside goes on', async () => {
    await inside.locator('form[action="/overload"] button').click();
    await kind(waiting, 'paused');
    expect(await waiting.textContent('main')).toMatch(/사이트에 입장할 수 없|site cannot take visitors/);
    await seen(waiting, '4-no-visitors-now');
    await inside.goto(`${fairgate.url}/book`);
    await inside.locator('input[name="slot"]').first().waitFor({ state: 'attached' });
  });

  test('a booking that is finished has a receipt whose code a counter can check, also after the tab is closed', async () => {
    await inside.locator('input[name="slot"]').first().check();
    await inside.fill('#name', '김새봄');
    await inside.fill('#phone-end', '1234');
    await inside.locator('form[action="/book"] button').click();
    await inside.waitForURL('**/booking');
    const number = await inside.textContent('.number dd');
    sellElsewhere(0);
    await inside.locator('form[action="/done"] button').click();
    await inside.locator('a[href$="/receipt"]').waitFor();
    const context = inside.context();
    await inside.close();
    const again = await context.newPage();
    await again.goto(`${fairgate.url}/`);
    await again.getByText(String(number)).first().waitFor();
    await again.locator('svg.qr').waitFor();
    await seen(again, '5-receipt');
    const address = (await scanned(again)) ?? '';
    expect(address).toContain(`${fairgate.url}/_fairgate/rooms/demo/receipt#`);
    const keys = createLocalJWKSet(await (await fetch(`${fairgate.url}/.well-known/jwks.json`)).json());
    const options = { typ: 'receipt+jwt', issuer: fairgate.url, audience: 'demo' };
    const { payload } = await jwtVerify(address.split('#')[1] ?? '', keys, options);
    expect(payload).toMatchObject({ reference: number });
    inside = again;
  });

  test('the other is told that nothing is left, by the page that is open, and keeps the place', async () => {
    await kind(waiting, 'soldOut');
    await seen(waiting, '6-sold-out');
    expect(await insideOf(waiting)).toBe(false);
  });

  test('something that is returned goes to the next in line, by the same page, once the site takes visitors again', async () => {
    expect(bookings.cancel('elsewhere-0')).toBe(true);
    const isInside = () => document.querySelector('form[action="/overload"]') !== null;
    await waiting.waitForFunction(isInside, null, { timeout: 0.9 * TIMEOUT_MS });
    await seen(waiting, '7-inside');
  });
});
