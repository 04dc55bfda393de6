// The report of a simulated night as people see it: phone and desktop, dark and light, without a network, and for a screen reader.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { simulate } from '../../scripts/simulation/night.ts';
import { nightPage } from '../../scripts/simulation/night-page.ts';
import { scenarioRows } from '../../scripts/simulation/night-text.ts';
import { complaints } from '../axe.ts';
import { smallNight } from './small-nights.ts';

let browser: Browser;
let folder: string;

beforeAll(async () => {
  browser = await launchChromium();
  folder = mkdtempSync(join(tmpdir(), 'fairgate-night-'));
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

const VIEWS = [
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' },
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 1280, height: 800, colorScheme: 'dark' },
] as const;

test.each(VIEWS)('on $width × $height, $colorScheme, nothing overflows and axe finds nothing', async (view) => {
  const { colorScheme, ...viewport } = view;
  const report = await simulate(
    smallNight('prequeue', { relays: 2, changes: [{ atMs: 5_000, kind: 'rate', perMinute: 600 }] }),
  );
  const file = join(folder, 'night.html');
  writeFileSync(file, await nightPage(report, 'npm run simulate -- --seed 1'));
  const context = await browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => errors.push(message.text()));
  await page.goto(pathToFileURL(file).href);
  expect(await page.locator('.checks li').count()).toBe(report.audited.findings.length);
  expect(await page.locator('figure').count()).toBe(10);
  for (const [name] of scenarioRows(report.scenario))
    await page.getByRole('rowheader', { name, exact: true }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await complaints(page)).toEqual([]);
  // All charts show one moment.
  await page.locator('[data-area]').first().hover();
  expect(await page.locator('[data-line="arrivals"]').first().textContent()).toMatch(/\d/);
  expect(errors).toEqual([]);
  expect(requests).toEqual([pathToFileURL(file).href]);
  await context.close();
});
