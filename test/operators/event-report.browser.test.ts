// The event report as people open it: a saved file, on a phone and a desktop, dark and light, printed, without a network.

import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { complaints } from '../axe.ts';
import { playedNight } from '../played-night.ts';
import { ask, withKey } from './operator-client.ts';

const STYLE = readFileSync(new URL('../../worker/operators/event-report.css', import.meta.url), 'utf8');
const LANGUAGES = ['ko', 'en'] as const;

let browser: Browser;
const files = new Map<string, string>();
beforeAll(async () => {
  const gateway = await playedNight();
  for (const language of LANGUAGES) {
    const { text } = await ask(gateway, 'report', { query: { language }, headers: withKey() });
    // In this process pages come without their styles.
    files.set(language, text.replace('<style></style>', `<style>${STYLE}</style>`));
  }
  browser = await launchChromium();
});
afterAll(() => browser?.close());

async function opened(language: string, width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, offline: true });
  const blocked: string[] = [];
  page.on('console', (message) => blocked.push(message.text()));
  await page.setContent(files.get(language) ?? '');
  expect(blocked).toEqual([]);
  return page;
}

const SCREENS = LANGUAGES.flatMap((language) =>
  ([1280, 390, 320] as const).flatMap((width) =>
    (['light', 'dark'] as const).map((scheme) => ({ language, width, scheme })),
  ),
);

describe.each(SCREENS)('in $language at $width px, $scheme', ({ language, width, scheme }) => {
  it('has no finding of axe, and nothing is wider than the screen', async () => {
    const page = await opened(language, width, scheme);
    expect(await complaints(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const folder = process.env['REPORT_FOLDER'];
    if (folder !== undefined) {
      for (let part = 0; part < 6; part++) {
        await page.setViewportSize({ width, height: 1500 });
        await page.evaluate(`scrollTo(0, ${part * 1500})`);
        await page.screenshot({ path: `${folder}/${language}-${width}-${scheme}-${part}.png` });
      }
    }
    await page.close();
  });
});

describe('the charts', () => {
  it('have labels on both axes, and a table with the same numbers', async () => {
    const page = await opened('en', 1280, 'light');
    const charts = await page.locator('figure').evaluateAll((figures) =>
      figures.map((figure) => ({
        name: figure.querySelector('svg')?.getAttribute('aria-label') ?? '',
        y: figure.querySelectorAll('.y span').length,
        x: figure.querySelectorAll('.x span').length,
        height: figure.querySelector('svg')?.getBoundingClientRect().height ?? 0,
        drawn: [...figure.querySelectorAll('path:not(.grid)')].filter((path) => path.getAttribute('d') !== '').length,
        table: figure.querySelector('a')?.getAttribute('href') ?? '',
      })),
    );
    expect(charts).toHaveLength(6);
    for (const { name, y, x, height, drawn, table } of charts) {
      expect(name.length).toBeGreaterThan(20);
      expect([y > 3, x > 3, height > 100, drawn > 1, table]).toEqual([true, true, true, true, '#numbers']);
    }
    const rows = await page.locator('#numbers tbody tr').count();
    expect(rows).toBeGreaterThan(40);
    expect(rows).toBeLessThanOrEqual(120);
    await page.close();
  });

  it('print in black on white, in a system that is dark', async () => {
    const page = await opened('ko', 1280, 'dark');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const colours = await page.evaluate(
      '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]',
    );
    expect(colours).toEqual(['rgb(255, 255, 255)', 'rgb(26, 31, 43)']);
    const folder = process.env['REPORT_FOLDER'];
    if (folder !== undefined) await page.pdf({ path: `${folder}/ko.pdf`, format: 'A4' });
    await page.close();
  });
});
