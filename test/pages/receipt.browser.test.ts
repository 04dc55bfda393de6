// The page with a receipt in a real Chromium: the visitor's own and its code as a phone reads it, and the check of a receipt by a stranger,
// on line, from a file, and without the receipt ever reaching a server.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import type { Language } from '../../worker/pages/model.ts';
import type { ReceiptModel } from '../../worker/pages/receipt-model.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { Tokens } from '../../worker/tokens/tokens.ts';
import { complaints } from '../axe.ts';
import { scanned } from '../scanned-code.ts';
import { keysOf } from './built-proof.ts';
import { bundled } from './bundle.ts';

type ReceiptRender = typeof import('../../worker/pages/receipt-render.tsx');

const TIMEOUT_MS = 20_000;
const PUBLIC_URL = 'https://booking.example.go.kr';
const ADDRESS = '/_fairgate/rooms/vaccine/receipt';
const AT = Date.parse('2027-08-05T11:07:31.000Z');
/** The longest that a site can give: the largest code. */
const REFERENCE = `2027-${'ABCDEFGH-'.repeat(6)}12345`;
const VISIT = { room: 'vaccine', epoch: 3, position: 51_204, completedAt: AT, reference: REFERENCE };

const folder = mkdtempSync(join(tmpdir(), 'fairgate-receipt-'));
let render: ReceiptRender;
let browser: Browser;
let server: Server;
let url: string;
let tokens: Tokens;
let receipt: string;
let requests: string[];
let errors: string[];
let model: ReceiptModel;
const open: Page[] = [];

beforeAll(async () => {
  [render, browser] = await Promise.all([bundled<ReceiptRender>('receipt-render.tsx'), launchChromium()]);
  tokens = await Tokens.load(PUBLIC_URL, { keys: [await newSigningKey(0), await newSigningKey(0)] });
  receipt = await tokens.issueReceipt(VISIT, AT);
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    if (!request.url?.startsWith(ADDRESS)) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': render.receiptPolicy })
      .end(documentOf(model));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${ADDRESS}`;
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  [requests, errors] = [[], []];
  model = modelOf('en', true);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((page) => page.context().close()));
  expect(errors).toEqual([]);
});

function modelOf(language: Language, isOwn: boolean): ReceiptModel {
  return {
    language,
    languages: ['ko', 'en'],
    room: {
      id: 'vaccine',
      title: { ko: '예방접종 사전예약', en: 'Vaccination pre-registration' },
      timeZone: 'Asia/Seoul',
    },
    issuer: { issuer: PUBLIC_URL, keys: keysOf({ keys: tokens.jwks }) },
    own: isOwn ? { visit: VISIT, url: `${PUBLIC_URL}${ADDRESS}#${receipt}` } : null,
    address: `${ADDRESS}?return=%2Fbook`,
    joinFor: '/book',
  };
}

function documentOf(given: ReceiptModel): string {
  const { opening, rest } = render.receiptParts(given);
  return opening.join('') + rest;
}

async function visit(address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
  page.setDefaultTimeout(TIMEOUT_MS);
  open.push(page);
  await page.goto(address);
  return page;
}

const heading = (page: Page, text: string) => page.getByRole('heading', { level: 1, name: text }).waitFor();
const edited = () => `${receipt.slice(0, -12)}${receipt.at(-12) === 'A' ? 'B' : 'A'}${receipt.slice(-11)}`;

describe.each(['ko', 'en'] as const)('the visitor’s own receipt in %s', (language) => {
  test.each(['light', 'dark'] as const)(
    'has a code that a phone reads in the %s theme, and that the public keys verify',
    async (colorScheme) => {
      model = modelOf(language, true);
      const page = await visit(url, { colorScheme, deviceScaleFactor: 2 });
      const address = new URL((await scanned(page)) ?? '');
      expect(`${address.origin}${address.pathname}`).toBe(`${PUBLIC_URL}${ADDRESS}`);
      const { payload } = await jwtVerify(address.hash.slice(1), createLocalJWKSet(tokens.jwks), {
        algorithms: ['ES256'],
        typ: 'receipt+jwt',
        issuer: PUBLIC_URL,
        audience: 'vaccine',
      });
      expect(payload).toMatchObject({ position: 51_204, reference: REFERENCE, iat: AT / 1_000 });
      expect(await complaints(page)).toEqual([]);
    },
  );

  test('stands there without a script, in the room’s time, and fits the narrowest phone', async () => {
    model = modelOf(language, true);
    const page = await visit(url, {
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
      deviceScaleFactor: 2,
    });
    const text = await page.locator('main').textContent();
    for (const shown of language === 'ko'
      ? ['예약이 접수되었습니다', '2027년 8월 5일', '20:07:31']
      : ['Your booking was recorded', '5 August 2027', '20:07:31']) {
      expect(text).toContain(shown);
    }
    expect(text).toContain(REFERENCE);
    expect(text).toContain('51,204');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(await scanned(page)).toContain(receipt);
  });
});

describe('a stranger who scans a code', () => {
  beforeEach(() => {
    model = modelOf('en', false);
  });

  test('reads that it is valid, and what it says; the receipt reaches no server', async () => {
    const page = await visit(`${url}#${receipt}`);
    await heading(page, 'This receipt is valid');
    const text = await page.locator('#checked').textContent();
    for (const shown of [REFERENCE, '5 August 2027', '20:07:31', '51,204', 'Vaccination pre-registration']) {
      expect(text).toContain(shown);
    }
    expect(await page.locator('#announcements').textContent()).toBe('This receipt is valid');
    expect(await page.title()).toContain('This receipt is valid');
    expect(await complaints(page)).toEqual([]);
    expect(requests.filter((line) => !line.includes('favicon'))).toHaveLength(1);
    expect(requests.join()).not.toContain(receipt.slice(0, 40));
  });

  test.each([
    ['an edited one', () => edited(), 'Not valid: it was changed'],
    ['text', () => 'hello', 'Not valid: this is not a receipt'],
  ])('reads of %s that it is not valid, and nothing of what it says', async (_what, text, title) => {
    const page = await visit(`${url}#${text()}`);
    await heading(page, title);
    expect(await page.locator('#checked').textContent()).not.toContain(REFERENCE);
    expect(await complaints(page)).toEqual([]);
  });

  test('scans the next one into the field, or by another address in the same tab', async () => {
    const page = await visit(`${url}#${receipt}`);
    await heading(page, 'This receipt is valid');
    await page.getByLabel('Receipt', { exact: true }).fill(edited());
    await page.keyboard.press('Enter');
    await heading(page, 'Not valid: it was changed');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.getByLabel('Receipt', { exact: true }).fill(`${PUBLIC_URL}${ADDRESS}#${receipt}`);
    await page.keyboard.press('Enter');
    await heading(page, 'This receipt is valid');
    await page.evaluate(() => {
      location.hash = 'x';
    });
    await heading(page, 'Not valid: this is not a receipt');
  });

  test('can save the page, and check with it without a network; what was checked before does not count', async () => {
    const page = await visit(`${url}#${receipt}`);
    await heading(page, 'This receipt is valid');
    // As a browser saves a page: with what its script drew.
    const file = join(folder, 'saved.html');
    writeFileSync(file, `<!doctype html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
    requests = [];
    const saved = await visit(pathToFileURL(file).href, { offline: true });
    await heading(saved, 'There is no receipt in this browser');
    expect(await saved.locator('#checked').isVisible()).toBe(false);
    const again = await visit(`${pathToFileURL(file).href}#${receipt}`, { offline: true });
    await heading(again, 'This receipt is valid');
    const forged = await visit(`${pathToFileURL(file).href}#${edited()}`, { offline: true });
    await heading(forged, 'Not valid: it was changed');
    expect(requests).toEqual([]);
  });

  test('without a receipt reads how to get or check one, and without a script that nothing was checked', async () => {
    const page = await visit(url);
    await heading(page, 'There is no receipt in this browser');
    expect(await complaints(page)).toEqual([]);
    await page.getByText('Check another receipt').click();
    await page.getByLabel('Receipt', { exact: true }).fill(receipt);
    await page.getByRole('button', { name: 'Check' }).click();
    await heading(page, 'This receipt is valid');
    const plain = await visit(`${url}#${receipt}`, { javaScriptEnabled: false });
    expect(await plain.locator('main').textContent()).toContain('Nothing was checked.');
  });

  test('keeps the receipt over a change of the language', async () => {
    const page = await visit(`${url}#${receipt}`);
    expect(await page.getByRole('link', { name: '한국어' }).getAttribute('href')).toMatch(new RegExp(`#${receipt}$`));
  });
});
