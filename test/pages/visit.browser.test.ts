// Whole visits in a real Chromium at phone width, against the running gateway and the demo site, from before the opening to
// the booking: with and without JavaScript, with a lost network, with a wrong device clock.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { complaints } from '../axe.ts';
import { type Running, type RunningOptions, startFairgate } from '../running-gateway.ts';

/** Long enough for a busy machine; every wait ends as soon as its condition holds. */
const TIMEOUT_MS = 40_000;

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, locale: 'ko-KR' };

let browser: Browser;
let fairgate: Running | null = null;

beforeAll(async () => {
  browser = await launchChromium();
});
afterEach(async () => {
  await fairgate?.stop();
  fairgate = null;
});
afterAll(() => browser?.close());

async function openingIn(seconds: number, policy = {}, more: Partial<RunningOptions> = {}): Promise<Running> {
  fairgate = await startFairgate({ room: { schedule: { opensAt: `+${seconds}s` }, policy }, ...more });
  return fairgate;
}

async function visitor(changes: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ ...PHONE, ...changes });
  context.setDefaultTimeout(TIMEOUT_MS);
  return context.newPage();
}

/** Chooses the first free time, fills in the form and submits it. */
async function book(page: Page): Promise<void> {
  await page.locator('form[action="/book"]').waitFor();
  await page.locator('input[name="slot"]').first().check({ force: true });
  await page.locator('input[name="name"]').fill('김하늘');
  await page.locator('input[name="phoneEnd"]').fill('1234');
  await page.locator('form[action="/book"] button[type="submit"]').click();
  await page.waitForURL('**/booking');
}

describe('a visit', () => {
  test.each([
    ['with JavaScript', true, 'disk'],
    ['without JavaScript', false, 'disk'],
    ['with rooms in Redis', true, 'redis'],
  ])(
    '%s: a deep link before the opening shows the waiting page, enters automatically, and the booking survives a reload',
    async (_, scripts, store) => {
      await using redis = store === 'redis' ? await sharedRedis() : null;
      const { url } = await openingIn(8, {}, redis === null ? {} : { redis: redis.address });
      const page = await visitor({ javaScriptEnabled: scripts });
      await page.goto(`${url}/book`);
      expect(await page.locator('form[action="/book"]').count()).toBe(0);
      // Without a script the visitor takes the number with a button.
      if (!scripts) await page.getByRole('button', { name: '번호 받기' }).click();
      await page.locator('dd', { hasText: /^1$/ }).waitFor();
      if (scripts) expect(await complaints(page)).toEqual([]);
      await book(page);
      expect(await page.locator('main').textContent()).toContain('김하늘');
      await page.reload();
      expect(await page.locator('main').textContent()).toContain('김하늘');
      await page.context().close();
      if (redis !== null) expect(await redis.keys()).toContain('fairgate:{room:demo}:record');
    },
  );

  test('a second browser that opens the booking link directly waits, and enters when the first visitor leaves', async () => {
    const { url } = await openingIn(0, { totalActiveUsers: 1 });
    const first = await visitor();
    await first.goto(`${url}/book`);
    await first.locator('form[action="/book"]').waitFor();
    const second = await visitor({ locale: 'en-GB' });
    await second.goto(`${url}/book`);
    expect(await second.locator('html').getAttribute('lang')).toBe('en');
    expect(await second.locator('form[action="/book"]').count()).toBe(0);
    expect(await complaints(second)).toEqual([]);
    await first.context().request.post(`${url}/_fairgate/rooms/demo/leave`);
    await second.locator('form[action="/book"]').waitFor();
    for (const page of [first, second]) await page.context().close();
  });

  test('switching the network off and on neither admits early nor changes the place', async () => {
    const { url } = await openingIn(12);
    const page = await visitor();
    await page.goto(`${url}/book`);
    await page.locator('dd', { hasText: /^1$/ }).waitFor();
    const before = await page.evaluate(() => fetch('/_fairgate/rooms/demo/status').then((reply) => reply.json()));
    for (let turn = 0; turn < 2; turn++) {
      await page.context().setOffline(true);
      await page.evaluate(() => window.dispatchEvent(new Event('offline')));
      await page.context().setOffline(false);
    }
    const after = await page.evaluate(() => fetch('/_fairgate/rooms/demo/status').then((reply) => reply.json()));
    expect(after.entry).toBe(before.entry);
    expect(await page.locator('form[action="/book"]').count()).toBe(0);
    await page.locator('form[action="/book"]').waitFor();
    await page.context().close();
  });

  test('a device clock that is years ahead neither admits early nor keeps the visitor out', async () => {
    const { url } = await openingIn(10);
    const page = await visitor();
    await page.clock.setSystemTime(new Date('2031-01-01T00:00:00Z'));
    await page.goto(`${url}/book`);
    expect(await page.evaluate(() => new Date().getFullYear())).toBe(2031);
    expect(await page.locator('form[action="/book"]').count()).toBe(0);
    await page.locator('dd', { hasText: /^1$/ }).waitFor();
    const state = await page.evaluate(() => fetch('/_fairgate/rooms/demo/status').then((reply) => reply.json()));
    expect(state.state).toBe('entered');
    await page.locator('form[action="/book"]').waitFor();
    await page.context().close();
  });
});
