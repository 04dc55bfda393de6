// A draw with public randomness as its visitors see it, in a real Chromium against a running gateway and a relay of a chain of its own:
// waiting for the opening, drawing, positions, the page that checks the draw, and the evidence without a network and without the gateway.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyDraw } from '../../scripts/draw/draw-checks.ts';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { drawSchema } from '../../worker/contract/draw-schema.ts';
import { complaints } from '../axe.ts';
import { type DrandRelay, privateChain, startDrandRelay } from '../drand-relay.ts';
import { type Running, startFairgate, TestVisitor } from '../running-gateway.ts';

const TIMEOUT_MS = 60_000;
const OPENS_AFTER_S = 15;
const OTHERS = 9;

const VISITORS = {
  phone: { language: 'ko', options: { viewport: { width: 390, height: 844 }, locale: 'ko-KR', colorScheme: 'light' } },
  desktop: {
    language: 'en',
    options: { viewport: { width: 1280, height: 900 }, locale: 'en-US', colorScheme: 'dark' },
  },
} as const satisfies Record<string, { language: 'ko' | 'en'; options: BrowserContextOptions }>;

const folder = mkdtempSync(join(tmpdir(), 'fairgate-draw-'));
let browser: Browser;
let relay: DrandRelay;
let fairgate: Running;
const pages = {} as Record<keyof typeof VISITORS, Page>;
const others: TestVisitor[] = [];

const kind = (page: Page, name: string) =>
  page.locator(`[data-kind="${name}"]`).waitFor({ timeout: TIMEOUT_MS, state: 'attached' });
interface Place {
  state: string;
  position: number | null;
}

async function placeOf(page: Page): Promise<Place> {
  return (await page.context().request.get(`${fairgate.url}/_fairgate/rooms/demo/status`)).json();
}

/** For a person to look at: `DRAW_SCREENS=folder npx vitest run test/pages/evening.browser.test.ts`. */
async function screenshot(page: Page, name: string): Promise<void> {
  const screens = process.env['DRAW_SCREENS'];
  if (screens !== undefined) await page.screenshot({ path: join(screens, `${name}.png`), fullPage: true });
}

async function eachPage(act: (page: Page, name: keyof typeof VISITORS) => Promise<void>): Promise<void> {
  await Promise.all((['phone', 'desktop'] as const).map((name) => act(pages[name], name)));
}

beforeAll(async () => {
  [browser, relay] = await Promise.all([launchChromium(), startDrandRelay(privateChain({ seed: 'of this evening' }))]);
  fairgate = await startFairgate({
    beaconChain: relay.chain,
    room: {
      schedule: { opensAt: `+${OPENS_AFTER_S}s`, beacon: { deadlineSeconds: 300, afterDeadline: 'wait' } },
      policy: { newUsersPerMinute: 60, totalActiveUsers: 1 },
    },
  });
});
afterAll(async () => {
  await browser?.close();
  await fairgate?.stop();
  await relay?.stop();
  rmSync(folder, { recursive: true });
});

describe('a draw with public randomness', () => {
  test('gives entries before the opening, none of which says anything about the order', async () => {
    for (let index = 0; index < OTHERS; index++) {
      const other = new TestVisitor(fairgate.url);
      expect((await other.act('join')).status).toBe(200);
      others.push(other);
    }
    for (const name of ['phone', 'desktop'] as const) {
      const context = await browser.newContext({ ...VISITORS[name].options, acceptDownloads: true });
      pages[name] = await context.newPage();
      pages[name].setDefaultTimeout(TIMEOUT_MS);
      await pages[name].goto(`${fairgate.url}/`);
    }
    await eachPage(async (page, name) => {
      await kind(page, 'entered');
      expect(await placeOf(page)).toMatchObject({ state: 'entered', position: null });
      await screenshot(page, `entered-${name}`);
    });
    expect(relay.requests).toEqual([]);
  });

  test('shows that it draws until the round is there, and nobody is admitted meanwhile', async () => {
    await eachPage(async (page, name) => {
      await kind(page, 'drawing');
      expect(await complaints(page)).toEqual([]);
      await screenshot(page, `drawing-${name}`);
    });
  });

  test('gives everyone a position of their own, the entries before all who come later', async () => {
    await eachPage(async (page) => {
      await page.waitForFunction(() => document.querySelector('[data-kind="drawing"], [data-kind="entered"]') === null);
    });
    const places: Place[] = await Promise.all([
      ...others.map((other) => other.status()),
      ...Object.values(pages).map(placeOf),
    ]);
    const positions = places.map(({ position }) => position ?? 0);
    const { entries } = await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/draw`)).json();
    // Numbers that a gateway had leased and not given out before the opening are among N, and nobody has their positions.
    expect(entries).toBeGreaterThanOrEqual(OTHERS + 2);
    expect(new Set(positions).size).toBe(OTHERS + 2);
    expect(Math.min(...positions)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...positions)).toBeLessThanOrEqual(entries);
    const late = new TestVisitor(fairgate.url);
    await late.act('join');
    expect((await late.status()).position).toBeGreaterThan(entries);
  });

  test('is checked by each visitor, and again from what they saved, without a network', async () => {
    await eachPage(async (page, name) => {
      const { language } = VISITORS[name];
      const { position } = await placeOf(page);
      await page.goto(`${fairgate.url}/_fairgate/rooms/demo/proof`);
      // The chain is this test's own, which a page that trusts quicknet alone must not call proven.
      await page.locator('[data-step]').first().waitFor();
      const outcomes = await page
        .locator('[data-step]')
        .evaluateAll((steps) => steps.map((step) => step.getAttribute('data-outcome')));
      expect(outcomes).toEqual(['done', 'done', 'note', 'done', 'done']);
      expect(await page.locator('.hero b').textContent()).toBe(String(position));
      expect(await complaints(page)).toEqual([]);
      await screenshot(page, `proof-${name}`);

      const files: string[] = [];
      for (const button of await page.getByRole('button', { name: language === 'ko' ? /저장/ : /^Save/ }).all()) {
        const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
        files.push(join(folder, `${name}-${download.suggestedFilename()}`));
        await download.saveAs(files.at(-1) ?? '');
      }
      const [html = '', json = ''] = files;
      const offline = await (await browser.newContext({ ...VISITORS[name].options, offline: true })).newPage();
      await offline.goto(pathToFileURL(html).href);
      await offline.locator('[data-step]').first().waitFor();
      expect(await offline.locator('.hero b').textContent()).toBe(String(position));

      const jwks = join(folder, `${name}-jwks.json`);
      writeFileSync(jwks, await (await fetch(`${fairgate.url}/.well-known/jwks.json`)).text());
      const verified = spawnSync(
        process.execPath,
        [
          resolve(import.meta.dirname, '../../scripts/verify-draw.ts'),
          json,
          '--jwks',
          jwks,
          '--chain',
          relay.chain.hash,
        ],
        { encoding: 'utf8' },
      );
      expect([verified.status, verified.stderr]).toEqual([0, '']);
      expect(verified.stdout).toContain(`has position ${position}.`);
    });
  });

  test('is verified by a stranger with the tokens of all', async () => {
    const draw = drawSchema.parse(await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/draw`)).json());
    const verdict = await verifyDraw({
      draw,
      earlier: [],
      tokens: others.map(({ jar }, index) => ({ name: `visitor ${index}`, jwt: jar.get('fairgate-queue-demo') ?? '' })),
      keys: await (await fetch(`${fairgate.url}/.well-known/jwks.json`)).json(),
      entries: [],
      trustedChain: relay.chain.hash,
      requireBeacon: true,
      relays: null,
    });
    expect(verdict.checks.filter(({ outcome }) => outcome === 'fails')).toEqual([]);
    expect(verdict).toMatchObject({ proven: true, withPublicRandomness: true });
  });
});
