// `npm run screenshots`: the pictures of docs/screens, made anew from the running product in headless Chromium: every page a
// visitor can see, in both languages.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { OPERATOR_PATH, PREVIEW_KINDS } from '../worker/contract/operators.ts';
import { newSigningKey } from '../worker/signing-keys.ts';
import { buildWorker } from './build.ts';
import { launchChromium } from './chromium.ts';
import { type GatewaySettings, type RunningGateway, startGateway } from './gateway.ts';

const folder = resolve(import.meta.dirname, '../docs/screens');

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

/** Each page once in each language; light and dark, phone and desktop take turns. */
const VISITOR_SHOTS = [
  { language: 'ko', colorScheme: 'light', viewport: PHONE },
  { language: 'en', colorScheme: 'dark', viewport: DESKTOP },
] as const;

const operatorKey = crypto.randomUUID();

async function visitorPages(browser: Browser, gateway: RunningGateway): Promise<void> {
  for (const { language, colorScheme, viewport } of VISITOR_SHOTS) {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    for (const kind of PREVIEW_KINDS) {
      const url = `${gateway.url}${OPERATOR_PATH}/rooms/demo/preview?kind=${kind}&language=${language}`;
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${operatorKey}` } });
      if (!answer.ok) throw new Error(`${kind}: ${answer.status} ${await answer.text()}`);
      await page.setContent(await answer.text());
      await page.screenshot({ path: join(folder, `visitor-${kind}-${language}.png`), fullPage: true });
    }
    await context.close();
  }
}

function gallery(): string {
  const rows = PREVIEW_KINDS.map((kind) => `| ${kind} | ![](visitor-${kind}-ko.png) | ![](visitor-${kind}-en.png) |`);
  return `# What people see\n\nMade by \`npm run screenshots\`.\n\n| page | Korean, phone | English, desktop |\n|---|---|---|\n${rows.join('\n')}\n`;
}

const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-screens-'));
const settings: GatewaySettings = {
  rooms: [
    {
      id: 'demo',
      title: { ko: '백신 사전예약', en: 'Vaccine pre-registration' },
      hosts: ['*'],
      origin: 'http://127.0.0.1:9',
      schedule: { opensAt: '+1h' },
      policy: { newUsersPerMinute: 2_000, totalActiveUsers: 3_000, sessionMinutes: 10 },
    },
  ],
  keys: { keys: [await newSigningKey(0)] },
  publicUrl: 'http://localhost',
  operatorKey,
};
await buildWorker();
mkdirSync(folder, { recursive: true });
const gateway = await startGateway({ settings, port: 0, dataDir, log: (line) => console.error(line) });
const browser = await launchChromium();
try {
  await visitorPages(browser, gateway);
  writeFileSync(join(folder, 'README.md'), gallery());
} finally {
  await browser.close();
  await gateway.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
