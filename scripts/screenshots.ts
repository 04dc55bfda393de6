// `npm run screenshots`: replaces the pictures of docs/screens with screenshots of the running product in headless Chromium:
// every page a visitor can see, and the operators' console before the opening, during a rehearsal's rush, and with alarms.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { CONSOLE_PATH, OPERATOR_PATH, PREVIEW_KINDS } from '../worker/contract/operator-api.ts';
import { newSigningKey } from '../worker/tokens/signing-keys.ts';
import { buildWorker } from './build.ts';
import { launchChromium } from './lib/chromium.ts';
import { demoRoom, startDemoSite } from './lib/demo-site.ts';
import { type RunningGateway, startGateway } from './lib/gateway-process.ts';
import { freePort } from './lib/loopback-ports.ts';
import { refuseArguments, runCommand } from './lib/run-command.ts';

const folder = resolve(import.meta.dirname, '../docs/screens');

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

/** Each page once in each language: one light on a phone, one dark on a desktop. */
const VISITOR_SHOTS = [
  { language: 'ko', colorScheme: 'light', viewport: PHONE },
  { language: 'en', colorScheme: 'dark', viewport: DESKTOP },
] as const;

const USAGE = `npm run screenshots
Replaces the pictures in docs/screens; takes two minutes and needs Chromium.`;

const operatorKey = crypto.randomUUID();

async function visitorPages(browser: Browser, gateway: RunningGateway): Promise<void> {
  for (const { language, colorScheme, viewport } of VISITOR_SHOTS) {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    for (const kind of PREVIEW_KINDS) {
      const url = `${gateway.url}${OPERATOR_PATH}/rooms/demo/preview?kind=${kind}&language=${language}`;
      const response = await fetch(url, { headers: { Authorization: `Bearer ${operatorKey}` } });
      if (!response.ok) throw new Error(`${kind}: status ${response.status} ${await response.text()}`);
      await page.setContent(await response.text());
      await page.screenshot({ path: join(folder, `visitor-${kind}-${language}.png`), fullPage: true });
    }
    await context.close();
  }
}

/** The console during an opening with a rehearsal's visitors: waiting, the rush, the editor, and alarms when the site is down. */
async function consoleScreens(
  browser: Browser,
  gateway: RunningGateway,
  closeOrigin: () => Promise<void>,
  dataDir: string,
): Promise<void> {
  const page = await signedIn(browser, gateway, { viewport: { width: 1440, height: 1000 }, locale: 'ko-KR' });
  const shot = (name: string, fullPage = false) =>
    page.screenshot({ path: join(folder, `console-${name}.png`), fullPage });
  const report = join(dataDir, 'rehearsal.html');
  const rehearsal = spawn(
    process.execPath,
    [
      ...[resolve(import.meta.dirname, 'rehearse.ts'), '--url', gateway.url, '--room', 'demo'],
      ...['--visitors', '600', '--over', '30s', '--no-show', '0.3', '--stay', '10s', '--report', report],
    ],
    { stdio: 'ignore' },
  );
  await page.locator('.band[data-state="prequeue"]').waitFor();
  await page
    .locator('.numbers b')
    .filter({ hasText: /^\d{2,3}$/ })
    .first()
    .waitFor();
  await shot('waiting-ko');
  await page.locator('.band[data-state="open"]').waitFor({ timeout: 60_000 });
  await page.locator('#newUsersPerMinute').fill('1200');
  await page.locator('.sides').waitFor();
  await page.waitForTimeout(15_000);
  await shot('open-ko', true);

  const english = await signedIn(browser, gateway, { viewport: PHONE, locale: 'en-GB', colorScheme: 'light' });
  await lightScreen(english);
  await english.waitForTimeout(1_500);
  await english.screenshot({ path: join(folder, 'console-open-phone-en.png') });
  const editor = await signedIn(browser, gateway, { viewport: DESKTOP, locale: 'en-GB' });
  await lightScreen(editor);
  await editor.goto(`${gateway.url}${CONSOLE_PATH}#/rooms/demo/settings`);
  await editor.locator('.section').first().waitFor();
  await editor.waitForTimeout(2_000);
  await editor.screenshot({ path: join(folder, 'console-editor-en.png'), fullPage: true });

  await closeOrigin();
  await page.locator('.alarms').waitFor({ timeout: 30_000 });
  await page.locator('button[aria-keyshortcuts="H"]').click();
  await page.locator('.actions').waitFor();
  await page.waitForTimeout(3_000);
  await shot('alarm-ko');
  rehearsal.kill('SIGKILL');
}

/** What is around a room: who may what, who is warned, what is handed in afterwards, and what asks before it touches people. */
async function managementScreens(browser: Browser, gateway: RunningGateway): Promise<void> {
  const api = async (path: string, body: object) => {
    const headers = { Authorization: `Bearer ${operatorKey}`, 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${gateway.url}${OPERATOR_PATH}${path}`, init);
    if (!response.ok) throw new Error(`${path}: status ${response.status} ${await response.text()}`);
  };
  await api('/keys', { name: '이서연', role: 'operator', rooms: ['demo'], expiresAt: '2031-05-04T14:59:59Z' });
  await api('/keys', { name: 'Wall display', role: 'viewer' });
  const target = { url: 'http://127.0.0.1:8025/', form: 'standard', rooms: null, severityMin: 'warning' };
  await api('/alarm-targets', { ...target, name: '야간 당직', language: 'ko' });
  const places = [
    { name: 'keys-phone-ko', hash: '#/keys', ready: '.key-list', options: { viewport: PHONE, locale: 'ko-KR' } },
    { name: 'alarms-ko', hash: '#/alarms', ready: '.key-list', options: { viewport: DESKTOP, locale: 'ko-KR' } },
    { name: 'alarms-phone-en', hash: '#/alarms', ready: '.key-list', options: { viewport: PHONE, locale: 'en-GB' } },
    {
      name: 'report-en',
      hash: '#/rooms/demo/log',
      ready: '.event-report',
      options: { viewport: DESKTOP, locale: 'en-GB' },
    },
    {
      name: 'report-phone-ko',
      hash: '#/rooms/demo/log',
      ready: '.event-report',
      options: { viewport: PHONE, locale: 'ko-KR' },
    },
  ];
  for (const { name, hash, ready, options } of places) {
    const page = await signedIn(browser, gateway, options);
    await page.goto(`${gateway.url}${CONSOLE_PATH}${hash}`);
    await page.locator(ready).first().waitFor();
    await page.waitForTimeout(1_000);
    await page.screenshot({ path: join(folder, `console-${name}.png`), fullPage: true });
    await page.context().close();
  }
  for (const [name, options] of [
    ['confirmation-ko', { viewport: DESKTOP, locale: 'ko-KR' }],
    ['confirmation-phone-en', { viewport: PHONE, locale: 'en-GB' }],
  ] as const) {
    const page = await signedIn(browser, gateway, options);
    await page.goto(`${gateway.url}${CONSOLE_PATH}#/rooms/demo/settings`);
    await page.locator('#opensAt').fill('2031-08-05T20:00:00');
    await page.waitForTimeout(1_000);
    await page
      .locator('form')
      .first()
      .screenshot({ path: join(folder, `console-${name}.png`) });
    await page.context().close();
  }
}

async function signedIn(browser: Browser, gateway: RunningGateway, options: BrowserContextOptions): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(`${gateway.url}${CONSOLE_PATH}#/rooms/demo`);
  await page.locator('#key').fill(operatorKey);
  await page.locator('form [type=submit]').click();
  await page.locator('.numbers').waitFor();
  return page;
}

async function lightScreen(page: Page): Promise<void> {
  await page.locator('.menu summary').click();
  await page.locator('.menu [role=switch]').first().click();
  await page.locator('.menu summary').click();
}

function gallery(): string {
  const rows = PREVIEW_KINDS.map((kind) => `| ${kind} | ![](visitor-${kind}-ko.png) | ![](visitor-${kind}-en.png) |`);
  const names = [
    ...['waiting-ko', 'open-ko', 'alarm-ko', 'open-phone-en', 'editor-en', 'confirmation-ko', 'confirmation-phone-en'],
    ...['keys-phone-ko', 'alarms-ko', 'alarms-phone-en', 'report-en', 'report-phone-ko'],
  ];
  const screens = names.map((name) => `![The console: ${name}](console-${name}.png)`).join('\n\n');
  return `# What visitors see\n\nCreated by \`npm run screenshots\`.\n\n| page | Korean, phone | English, desktop |\n|---|---|---|\n${rows.join('\n')}\n\n# What operators see\n\n${screens}\n`;
}

await runCommand(async () => {
  refuseArguments(USAGE);
  const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-screens-'));
  await buildWorker();
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const origin = await startDemoSite({ port: 0, dataDir, publicUrl, gatewayUrl: publicUrl });
  const room = demoRoom({
    origin: origin.url,
    schedule: { opensAt: '+30s' },
    policy: { newUsersPerMinute: 600, totalActiveUsers: 120, sessionMinutes: 10 },
  });
  const settings = {
    rooms: [{ ...room, expectedVisitors: 500 }],
    keys: { keys: [await newSigningKey(0)] },
    publicUrl,
    operatorKey,
  };
  const gateway = await startGateway({ settings, port, dataDir, log: () => {} });
  const browser = await launchChromium();
  try {
    await consoleScreens(browser, gateway, () => origin.close(), dataDir);
    await managementScreens(browser, gateway);
    await visitorPages(browser, gateway);
    writeFileSync(join(folder, 'README.md'), gallery());
  } finally {
    await browser.close();
    await gateway.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}, USAGE);
