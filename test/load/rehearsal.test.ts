// A small rehearsal as a person starts it, against the running gateway, from the command to the HTML report.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { CHECKS } from '../../scripts/rehearsal/auditor.ts';
import { complaints } from '../axe.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/rehearse.ts');
const REHEARSAL_MS_MAX = 120_000;

let fairgate: Running;
let report: string;
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
  fairgate = await startFairgate({
    room: {
      schedule: { opensAt: '+8s' },
      policy: { newUsersPerMinute: 1_200, totalActiveUsers: 250, sessionMinutes: 5 },
    },
    moreRooms: (origin) => [
      {
        id: 'other',
        title: { ko: '다른 방', en: 'Another room' },
        hosts: ['*'],
        paths: ['/other'],
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
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    output.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.err += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code, ...output };
}

test(
  '300 visitors: every check passes, and the terminal and the HTML report show all of them',
  async () => {
    const visitors = ['--visitors', '300', '--over', '10s', '--stay', '2s', '--no-show', '0.3', '--attempts', '0.15'];
    const targets = ['--url', fairgate.url, '--origin-url', fairgate.origin.url, '--other-room', 'other'];
    // Without a limit on the command line: the operator key shows it.
    const key = join(fairgate.dataDir, 'rehearsing-key');
    writeFileSync(key, OPERATOR_KEY);
    const asked = ['--operator-key-file', key];
    const { code, out } = await rehearse(...visitors, ...targets, ...asked, '--seed', '4', '--report', report);
    const checks = Object.keys(CHECKS).length;
    expect(out).toContain(`All ${checks} checks passed.`);
    expect(code).toBe(0);
    for (const check of Object.values(CHECKS)) expect(out).toContain(`✓ ${check}: passed.`);
    expect(out).toMatch(/^Seed 4\. 300 visitors/);
    expect(out).toMatch(/overshoot of any limit +0\n/);
    // One gateway knows each join that it answered.
    expect(out).toMatch(/Of (?!0)(\d+) joins whose answer did not arrive, \1 got the same place with the retry/);
    // Ninety no-shows are planned; one who arrives while no visitor waits is inside at once, and that is most of the time.
    expect(out).toMatch(/never came back +(?:90|[4-8]\d)\n/);
    expect(out).toMatch(/token of another room +(\d+) of \1\n/);
    expect(out).toMatch(/the origin’s own address +(\d+) of \1\n/);

    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [390, 1280]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
        const page = await context.newPage();
        const messages: string[] = [];
        const requested: string[] = [];
        page.on('console', (message) => messages.push(message.text()));
        page.on('pageerror', (error) => messages.push(error.message));
        page.on('request', (request) => requested.push(request.url()));
        await page.goto(`file://${report}`);
        await page.locator('[data-area]').first().hover();
        expect(await page.locator('[data-line=arrivals]').textContent()).toMatch(/^\d+$/);
        expect(await page.locator('.checks li').count()).toBe(checks);
        expect(await page.locator('[role=img]').count()).toBe(5);
        for (const summary of await page.locator('summary').all()) await summary.click();
        expect(await page.locator('details table tbody tr').count()).toBeGreaterThan(20);
        expect(await complaints(page)).toEqual([]);
        const overflowPx = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflowPx).toBe(0);
        expect(messages).toEqual([]);
        expect(requested).toEqual([`file://${report}`]);
        await context.close();
      }
    }
  },
  REHEARSAL_MS_MAX,
);

test(
  'the same report in Korean, with times of the room’s zone',
  async () => {
    const korean = join(fairgate.dataDir, 'rehearsal-ko.html');
    const key = ['--operator-key-file', join(fairgate.dataDir, 'rehearsing-key')];
    const few = ['--visitors', '30', '--over', '3s', '--stay', '1s', '--at-most', '60s', '--seed', '5'];
    const { code, out } = await rehearse('--url', fairgate.url, ...few, ...key, '--language', 'ko', '--report', korean);
    expect(code, out).toBe(0);
    expect(out).toMatch(/12개 항목을 모두 통과했습니다/);
    // What remains in Latin letters are names: of headers, options, zones, units and the command itself.
    const sentences = out
      .split('\n')
      .filter((line) => /[a-z]+ [a-z]+ [a-z]+ [a-z]+/.test(line) && !/[가-힣]/.test(line));
    expect(sentences.filter((line) => !/requests\/s|first visitors arrive|HTML report/.test(line))).toEqual([]);
    for (const width of [390, 1280]) {
      const page = await browser.newPage({ viewport: { width, height: 900 } });
      await page.goto(`file://${korean}`);
      expect(await page.locator('html').getAttribute('lang')).toBe('ko');
      expect(await page.locator('header').textContent()).toContain('Asia/Seoul');
      expect(await complaints(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
      const folder = process.env['REPORT_FOLDER'];
      if (folder !== undefined) await page.screenshot({ path: `${folder}/rehearsal-${width}.png`, fullPage: true });
      await page.close();
    }
  },
  REHEARSAL_MS_MAX,
);

test.each([
  [['--url', 'http://booking.example'], 'is not this machine'],
  [['--url', 'http://127.0.0.1:1'], 'No gateway responds at'],
  [['--visitors', 'many'], 'must be a whole number'],
])('%j exits with 2 and the message "%s"', async (argv, sentence) => {
  const { code, err } = await rehearse(...argv);
  expect(code).toBe(2);
  expect(err).toContain(sentence);
});

test('an unknown room and an unprotected path exit with 2 and a message', async () => {
  const room = await rehearse('--url', fairgate.url, '--room', 'nobody');
  expect([room.code, room.err]).toEqual([2, expect.stringContaining('has no room "nobody"')]);
  const path = await rehearse('--url', fairgate.url, '--deep-link', '/.well-known/jwks.json');
  expect([path.code, path.err]).toEqual([2, expect.stringContaining('is not protected by the room')]);
});
