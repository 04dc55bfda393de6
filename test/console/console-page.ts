// The console in Chromium against a fake gateway. Every test has a gateway and browser contexts of its own, and fails on any
// error of the page.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { CONSOLE_PATH } from '../../worker/contract/operator-api.ts';
import { buildShell, type Shell } from './built-shell.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { startFakeGateway } from './fake-gateway-server.ts';
import { SAMPLE_KEYS, sampleGateway } from './sample-data.ts';

/** Enough for a busy machine; every wait ends as soon as its condition holds. */
const TIMEOUT_MS = 20_000;
export const ROOM = '#/rooms/vaccine';

interface OpenOptions extends BrowserContextOptions {
  route?: string;
  /** null: not signed in. */
  role?: keyof typeof SAMPLE_KEYS | null;
  language?: 'ko' | 'en';
  theme?: 'dark' | 'light';
}

interface TestConsole {
  gateway: FakeGateway;
  open(options?: OpenOptions): Promise<Page>;
  /** How often the gateway received a request, for example `GET /rooms/vaccine/live`. */
  requestCount(request: string): number;
}

/** @returns registers a test */
export function consoleTests(): (name: string, run: (testConsole: TestConsole) => Promise<void>) => void {
  let shell: Shell;
  let browser: Browser;
  beforeAll(async () => {
    shell = await buildShell();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
  });
  return (name, run) =>
    test(name, async () => {
      const gateway = sampleGateway();
      const { url, stop } = await startFakeGateway(shell, gateway);
      const errors: string[] = [];
      const contexts: BrowserContext[] = [];
      try {
        await run({
          gateway,
          open: async (options = {}) => {
            const page = await openConsole(browser, url, gateway, options, errors);
            contexts.push(page.context());
            return page;
          },
          requestCount: (request) => gateway.requests.filter((line) => line === request).length,
        });
      } finally {
        for (const context of contexts) await context.close();
        stop();
      }
      expect(errors).toEqual([]);
    });
}

async function openConsole(
  browser: Browser,
  url: string,
  gateway: FakeGateway,
  { route = ROOM, role = 'operator', language = 'en', theme = 'dark', ...options }: OpenOptions,
  errors: string[],
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'Asia/Seoul',
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    ...options,
  });
  if (role !== null) {
    gateway.signedIn = gateway.keys.find(({ key }) => key === SAMPLE_KEYS[role]) ?? null;
    await context.addCookies([{ name: 'fairgate-operator', value: '1', url, httpOnly: true }]);
  }
  await context.addInitScript((preferences) => {
    try {
      if (localStorage.getItem('fairgate-console') === null) localStorage.setItem('fairgate-console', preferences);
    } catch {
      // A sandboxed frame has no storage.
    }
  }, JSON.stringify({ language, theme }));
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => {
    // The script above throws this in a sandboxed frame.
    if (!message.includes('sandboxed')) errors.push(message);
  });
  page.on('console', (line) => {
    // The browser logs every response that is not 2xx; tests cause those on purpose.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) errors.push(line.text());
  });
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto(`${url}${CONSOLE_PATH}${route}`);
  return page;
}

export const text = (page: Page, content: string | RegExp) => page.getByText(content).first().waitFor();
export const roomState = (page: Page, label: string) =>
  page.getByRole('heading', { level: 1, name: label, exact: true }).waitFor();
export const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
export const openMenu = (page: Page) => page.locator('.menu summary').click();

/** Waits for so many more polls, and for the drawing of the last one. */
export async function polls(page: Page, count: number): Promise<void> {
  for (let poll = 0; poll < count; poll++) await page.waitForResponse((response) => response.url().endsWith('/live'));
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

/** Presses a button with the pointer for the full second. */
export async function hold(page: Page, name: string): Promise<void> {
  const target = button(page, name);
  await target.scrollIntoViewIfNeeded();
  await target.hover();
  await page.mouse.down();
  await page.waitForFunction(() => document.querySelector('.holding') === null);
  await page.mouse.up();
}
