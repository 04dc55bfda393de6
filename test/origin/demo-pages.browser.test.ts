// What the demo site's pages promise to eyes, hands and screen readers, in a real browser and with no script of their own:
// axe finds nothing, nothing runs off the side of a narrow phone, and everything that can be pressed is large enough.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoOrigin, startDemoOrigin } from '../../origin/demo/server.ts';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { complaints } from '../axe.ts';
import { AUDIENCE, ISSUER, type Issuer, startIssuer } from './issuer.ts';

/** WCAG 2.2 asks for 24 px; fingers ask for 44. Half a pixel may be lost to rounding. */
const TARGET_PX_MIN = 44;

/** A browser starts slowly on a small machine. */
const BROWSER_TIMEOUT_MS = 60_000;

let issuer: Issuer;
let dataDir: string;
let origin: DemoOrigin;
let browser: Browser;

beforeAll(async () => {
  issuer = await startIssuer();
  dataDir = mkdtempSync(join(tmpdir(), 'fairgate-look-'));
  const { jwksUrl } = issuer;
  origin = await startDemoOrigin({ port: 0, dataDir, issuer: ISSUER, audience: AUDIENCE, jwksUrl, slotsPerClinic: 12 });
  browser = await launchChromium();
}, BROWSER_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await origin.close();
  await issuer.close();
  rmSync(dataDir, { recursive: true, force: true });
}, BROWSER_TIMEOUT_MS);

async function inspect(page: Page): Promise<void> {
  const found = await page.evaluate((targetPxMin) => {
    const pressable = document.querySelectorAll(
      'button, .button, .time:not(.gone), nav a, header a:not(.skip), input[type=text]',
    );
    return {
      sideways: document.documentElement.scrollWidth - window.innerWidth,
      small: [...pressable]
        .filter((one) => one.getBoundingClientRect().height < targetPxMin - 0.5)
        .map((one) => one.outerHTML),
    };
  }, TARGET_PX_MIN);
  expect(found, page.url()).toEqual({ sideways: 0, small: [] });
  expect(await complaints(page), page.url()).toEqual([]);
}

describe.each([
  ['ko-KR', 'light', 320],
  ['ko-KR', 'dark', 390],
  ['en-GB', 'light', 1280],
  ['en-GB', 'dark', 320],
] as const)('%s, %s, %i px wide', (locale, colorScheme, width) => {
  test(
    'a visit reads and works from the front page to the last',
    async () => {
      const sub = `${locale}-${colorScheme}`;
      const context = await browser.newContext({
        locale,
        colorScheme,
        viewport: { width, height: 800 },
        extraHTTPHeaders: { 'Fairgate-Admission': await issuer.mint({ claims: { sub } }) },
      });
      const page = await context.newPage();
      const requested: string[] = [];
      page.on('request', (request) => requested.push(new URL(request.url()).origin));

      for (const path of ['/', '/booking', '/nothing', '/done']) {
        await page.goto(origin.url + path);
        await inspect(page);
      }
      await page.goto(`${origin.url}/book`);
      await page.locator('input[name=slot]').first().check();
      await page.fill('#name', '김새봄');
      await page.fill('#phone-end', '12a4');
      await page.click('main form button');
      await inspect(page);
      expect(await page.locator('[aria-invalid]').count()).toBe(1);

      await page.fill('#phone-end', '1234');
      await page.click('main form button');
      await page.waitForURL('**/booking');
      await inspect(page);
      expect(await page.locator('.number dd').textContent()).toMatch(/^\d{4}-\d{4}$/);

      await page.click('main form button');
      await page.waitForURL('**/done');
      await inspect(page);
      expect(new Set(requested.filter((from) => from !== 'null'))).toEqual(new Set([origin.url]));
      await context.close();
    },
    BROWSER_TIMEOUT_MS,
  );
});
