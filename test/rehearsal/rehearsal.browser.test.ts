// A small rehearsal as a person starts it, against the running gateway: the whole way from the command to the page.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { LAWS } from '../../scripts/rehearsal/auditor.ts';
import { complaints } from '../axe.ts';
import { type Running, startFairgate } from '../running-gateway.ts';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/rehearse.ts');
const PLAYED_MS_MAX = 120_000;

let fairgate: Running;
let report: string;
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
  fairgate = await startFairgate({
    room: {
      schedule: { opensAt: '+8s' },
      policy: { newUsersPerMinute: 3_000, totalActiveUsers: 250, sessionMinutes: 5 },
    },
    moreRooms: (origin) => [
      {
        id: 'other',
        title: { ko: '다른 방', en: 'Another room' },
        hosts: ['other.test'],
        origin,
        schedule: { opensAt: '+1h' },
        policy: { newUsersPerMinute: 60, totalActiveUsers: 10, sessionMinutes: 5 },
      },
    ],
  });
  report = join(fairgate.dataDir, 'rehearsal.html');
});
afterAll(async () => {
  await browser?.close();
  await fairgate?.stop();
});

async function rehearse(...argv: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [SCRIPT, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code, ...said };
}

test(
  '300 visitors: all laws kept, and the report is whole on the terminal and as a page',
  async () => {
    const people = ['--visitors', '300', '--over', '10s', '--stay', '2s', '--no-show', '0.3', '--attempts', '0.15'];
    const places = ['--url', fairgate.url, '--origin-url', fairgate.origin.url, '--other-room', 'other'];
    const limits = ['--total-active-users', '250', '--new-users-per-minute', '3000'];
    const { code, out } = await rehearse(...people, ...places, ...limits, '--seed', '4', '--report', report);
    const laws = Object.keys(LAWS).length;
    expect(out).toContain(`All ${laws} laws were kept.`);
    expect(code).toBe(0);
    for (const law of Object.values(LAWS)) expect(out).toContain(`✓ ${law}: kept.`);
    expect(out).toMatch(/^Seed 4\. 300 visitors/);
    expect(out).toMatch(/overshoot of any limit +0\n/);
    // Ninety were to stay away; one of them who comes while nobody waits is inside at once.
    expect(out).toMatch(/never came back +(?:90|[78]\d)\n/);
    expect(out).toMatch(/token of another room +(\d+) of \1\n/);
    expect(out).toMatch(/the origin’s own address +(\d+) of \1\n/);

    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [390, 1280]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
        const page = await context.newPage();
        const said: string[] = [];
        const requested: string[] = [];
        page.on('console', (message) => said.push(message.text()));
        page.on('pageerror', (error) => said.push(error.message));
        page.on('request', (request) => requested.push(request.url()));
        await page.goto(`file://${report}`);
        await page.locator('[data-area]').first().hover();
        expect(await page.locator('[data-line=arrivals]').textContent()).toMatch(/^\d+$/);
        expect(await page.locator('.laws li').count()).toBe(laws);
        expect(await page.locator('[role=img]').count()).toBe(5);
        for (const summary of await page.locator('summary').all()) await summary.click();
        expect(await page.locator('details table tbody tr').count()).toBeGreaterThan(20);
        expect(await complaints(page)).toEqual([]);
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(sideways).toBe(0);
        expect(said).toEqual([]);
        expect(requested).toEqual([`file://${report}`]);
        await context.close();
      }
    }
  },
  PLAYED_MS_MAX,
);

test.each([
  [['--url', 'http://booking.example'], 'is not this machine'],
  [['--url', 'http://127.0.0.1:1'], 'No gateway answers at'],
  [['--visitors', 'many'], 'must be a whole number'],
])('%j ends with 2 and a sentence that says what to do', async (argv, sentence) => {
  const { code, err } = await rehearse(...argv);
  expect(code).toBe(2);
  expect(err).toContain(sentence);
});

test('a room that the gateway does not know, and a path that is not behind the line, are refused', async () => {
  const room = await rehearse('--url', fairgate.url, '--room', 'nobody');
  expect([room.code, room.err]).toEqual([2, expect.stringContaining('knows no room "nobody"')]);
  const path = await rehearse('--url', fairgate.url, '--deep-link', '/.well-known/jwks.json');
  expect([path.code, path.err]).toEqual([2, expect.stringContaining('is not behind the line')]);
});
