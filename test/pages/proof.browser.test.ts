// The page on which a visitor checks the draw, in a real Chromium: every state, both languages, the saved evidence without a network, and
// who can read the receipt on it. Documents come from a small server, which answers with the page's own policy.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import type { PublishedDraw } from '../../worker/contract/draw-schema.ts';
import type { ProofModel } from '../../worker/pages/proof-model.ts';
import { complaints } from '../axe.ts';
import { exampleDraw, positionsOf } from '../draw-vectors.ts';
import { earlierState, type Issuer, newIssuer, reseeded } from '../published-draws.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { buildProofPage, keysOf, proofModel } from './built-proof.ts';

const TIMEOUT_MS = 20_000;
const ENTRY = 7;
/** A real beacon of quicknet, so that the chain that is pinned in the page signs it. */
const DRAW = exampleDraw();
/** With so many entries that the picture shows a sample. */
const LARGE = reseeded({ ...DRAW, entries: 482_113 });

const folder = mkdtempSync(join(tmpdir(), 'fairgate-evidence-'));
let proof: Awaited<ReturnType<typeof buildProofPage>>;
let issuer: Issuer;
let browser: Browser;
let server: Server;
let url: string;
let model: ProofModel;
/** By opening; '' for the present one. A number is a status code. */
let draws: Record<string, PublishedDraw | number | string>;
let requests: string[];
let cookies: (string | undefined)[];

beforeAll(async () => {
  [proof, issuer, browser] = await Promise.all([buildProofPage(), newIssuer(), launchChromium()]);
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    requests.push(`${request.method} ${request.url}`);
    if (pathname.endsWith('/draw')) {
      cookies.push(request.headers.cookie);
      const found = draws[searchParams.get('epoch') ?? ''] ?? 404;
      const status = typeof found === 'number' ? found : 200;
      response.writeHead(status, { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' });
      response.end(typeof found === 'string' ? found : JSON.stringify(found));
    } else if (pathname.endsWith('/proof')) {
      const { opening, rest } = proof.proofParts(model);
      response.writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': proof.proofPolicy,
        'Set-Cookie': 'visitor=1; HttpOnly; Path=/',
      });
      response.end(opening.join('') + rest);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/_fairgate/rooms/demo/proof`;
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true });
});

let errors: string[];
const open: Page[] = [];
beforeEach(async () => {
  [requests, cookies, errors] = [[], [], []];
  const receipt = await issuer.token(DRAW, { kind: 'entry', number: ENTRY });
  model = proofModel({ receipt, keys: keysOf(issuer) });
  draws = { '': DRAW, [String(DRAW.epoch)]: DRAW };
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((page) => page.context().close()));
});

async function visit(address = url, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    acceptDownloads: true,
    ...options,
  });
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) errors.push(line.text());
  });
  page.setDefaultTimeout(TIMEOUT_MS);
  open.push(page);
  await page.goto(address);
  return page;
}

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const outcomes = (page: Page) =>
  page.locator('[data-step]').evaluateAll((steps) => steps.map((step) => step.getAttribute('data-outcome')));
const show = (draw: PublishedDraw | number | string) => {
  draws = { '': draw, [String(DRAW.epoch)]: draw };
};

/** Everything that a click can download, as text. */
async function saved(page: Page, name: string): Promise<{ text: string; file: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  const file = join(folder, download.suggestedFilename());
  await download.saveAs(file);
  return { text: readFileSync(file, 'utf8'), file };
}

describe('a visitor with a receipt', () => {
  test('sees every step of an honest draw as done, their position, and the picture with their own line', async () => {
    const page = await visit();
    await heading(page, 'The draw checks out');
    expect(await outcomes(page)).toEqual(['done', 'done', 'done', 'done', 'done']);
    const position = positionsOf(10, DRAW.seed ?? '')[ENTRY - 1];
    expect(await page.locator('.hero b').textContent()).toBe(String(position));
    expect(await page.locator('.moves .own text').allTextContents()).toEqual([String(ENTRY), String(position)]);
    expect(await page.locator('.moves line').count()).toBe(10);
    expect(await page.title()).toBe('The draw checks out · Vaccination pre-registration');
    expect(errors).toEqual([]);
  });

  test('asks for the opening of the receipt, and sends no cookie with it', async () => {
    await heading(await visit(), 'The draw checks out');
    expect(requests.filter((line) => line.includes('/draw'))).toEqual([
      `GET /_fairgate/rooms/demo/draw?epoch=${DRAW.epoch}`,
    ]);
    expect(cookies).toEqual([undefined]);
  });

  test('is told in step 1 that the secret was exchanged', async () => {
    show(reseeded({ ...DRAW, secret: 'b6'.repeat(32) }));
    const page = await visit();
    await heading(page, 'Something does not check out');
    expect(await outcomes(page)).toEqual(['failed', 'done', 'done', 'done', 'done']);
    await page.getByText('The published secret does not fit the seal. It was exchanged.').waitFor();
    expect(await page.locator('.hero').count()).toBe(0);
  });

  test('follows a draw from before the opening to its end, and is told where the record was changed meanwhile', async () => {
    show(earlierState(DRAW, 'committed'));
    const page = await visit();
    await heading(page, 'The draw is not made yet');
    expect(await outcomes(page)).toEqual(['pending', 'pending', 'pending', 'pending', 'pending']);
    show(earlierState(DRAW, 'drawing'));
    await button(page, 'Check again').click();
    await heading(page, 'The draw is in progress');
    await page.getByText('The record gives 10 entries').waitFor();
    show(DRAW);
    await button(page, 'Check again').click();
    await heading(page, 'The draw checks out');
    await page.getByText('The record agrees with the copy that was seen before.').waitFor();
    show(reseeded({ ...DRAW, entries: 11 }));
    await button(page, 'Check again').click();
    await heading(page, 'Something does not check out');
    await page.getByText('The record differs from an earlier copy of it').waitFor();
  });

  test('of another opening than the address asks for can go to their own', async () => {
    draws = { '2': { ...DRAW, epoch: 2 }, '1': DRAW };
    const page = await visit(`${url}?epoch=2`);
    await heading(page, 'The draw checks out');
    await page.getByText('Your receipt is for another opening').waitFor();
    expect(await outcomes(page)).toEqual(['done', 'done', 'done', 'note', 'done']);
    await page.getByText('Your own entry was not checked').waitFor();
    await button(page, 'Show my opening').click();
    await page.locator('.hero').waitFor();
  });

  test('with a position is told that they came after the opening', async () => {
    model = { ...model, receipt: await issuer.token(DRAW, { kind: 'position', number: 23 }) };
    const page = await visit();
    await heading(page, 'The draw checks out');
    await page.getByText('You came after the opening. Number 23 was given in order of arrival').waitFor();
  });
});

describe('a visitor without a receipt', () => {
  beforeEach(() => {
    model = { ...model, receipt: null };
  });

  test('can paste one that they saved; it is checked and sent nowhere', async () => {
    const page = await visit();
    await page.getByText('There is no receipt in this browser.').waitFor();
    await page.getByText('Check a receipt that I saved').click();
    await page.getByLabel('Receipt').fill(await issuer.token(DRAW, { kind: 'entry', number: 3 }));
    await button(page, 'Check this receipt').click();
    await page.locator('.hero').waitFor();
    expect(requests.filter((line) => !/\/(proof|draw(\?epoch=1)?|favicon\.ico)$/.test(line))).toEqual([]);
    await page.getByText('Check a receipt that I saved').click();
    await page.getByLabel('Receipt').fill('nonsense');
    await button(page, 'Check this receipt').click();
    await heading(page, 'Something does not check out');
  });

  test('whose browser sent one from another site’s link is told where to go', async () => {
    model = { ...model, withheld: true };
    const page = await visit();
    await page.getByText('You came here from another site').waitFor();
    const link = page.getByRole('link', { name: 'Go to the waiting page' });
    expect(await link.getAttribute('href')).toBe('/_fairgate/rooms/demo/wait');
  });
});

describe('a record', () => {
  test.each<[string, PublishedDraw | number | string, string]>([
    ['that the server does not have', 404, 'There is no draw here'],
    ['that the server cannot read', 503, 'The record of the draw cannot be reached'],
    ['that is no JSON', '<html>', 'The record of the draw cannot be read'],
    [
      'of another rule',
      JSON.stringify({ ...DRAW, format: 'fairgate/draw/v2' }),
      'The record of the draw cannot be read',
    ],
    ['of another room', { ...DRAW, room: 'another' }, 'The record of the draw cannot be read'],
    ['of another opening', { ...DRAW, epoch: 9 }, 'The record of the draw cannot be read'],
  ])('%s is no proof, and can be asked for again', async (_what, draw, text) => {
    show(draw);
    const page = await visit();
    await heading(page, text);
    expect(await outcomes(page)).toEqual([]);
    show(DRAW);
    await button(page, 'Check again').click();
    await heading(page, 'The draw checks out');
  });

  test('that cannot be fetched without a network is said to be unreachable', async () => {
    const page = await visit();
    await heading(page, 'The draw checks out');
    await page.context().setOffline(true);
    await button(page, 'Check again').click();
    await heading(page, 'The record of the draw cannot be reached');
  });

  test('without public randomness is weaker, in plain words', async () => {
    show(reseeded({ ...DRAW, beacon: null }));
    const page = await visit();
    await heading(page, 'The calculations are right');
    expect(await outcomes(page)).toEqual(['done', 'done', 'note', 'done', 'done']);
    await page.getByText('it rests on the sealed secret alone').first().waitFor();
    const command = page.getByText(/^npm run verify-draw -- \S+\/draw\?epoch=\d+$/);
    await command.waitFor({ state: 'attached' });
  });

  test('without the script says what to do', async () => {
    const page = await visit(url, { javaScriptEnabled: false });
    await page.getByText('your browser does not run the script of this page').waitFor();
    await page.getByText(`npm run verify-draw -- ${model.drawUrl}`).waitFor();
  });
});

describe('the saved evidence', () => {
  test('is one file that checks everything again without a network', async () => {
    const page = await visit();
    await heading(page, 'The draw checks out');
    const { file } = await saved(page, 'Save my evidence');
    const offline = await visit('about:blank', { offline: true });
    const asked: string[] = [];
    offline.on('request', (request) => asked.push(request.url()));
    await offline.goto(pathToFileURL(file).href);
    await heading(offline, 'The draw checks out');
    expect(await outcomes(offline)).toEqual(['done', 'done', 'done', 'done', 'done']);
    await offline.getByText('This is a saved copy').waitFor();
    expect(await offline.locator('.hero b').textContent()).toBe(await page.locator('.hero b').textContent());
    await offline.getByRole('link', { name: '한국어' }).click();
    await heading(offline, '추첨에 이상이 없습니다');
    expect(asked).toEqual([pathToFileURL(file).href]);
    expect(errors).toEqual([]);
  });

  test('shows what somebody changed in it', async () => {
    const page = await visit();
    await heading(page, 'The draw checks out');
    const { text, file } = await saved(page, 'Save my evidence');
    writeFileSync(file, text.replace(`"entries":${DRAW.entries}`, '"entries":11'));
    await heading(await visit(pathToFileURL(file).href), 'Something does not check out');
  });

  test('as JSON has the receipt and the document', async () => {
    const page = await visit();
    await heading(page, 'The draw checks out');
    expect(JSON.parse((await saved(page, 'Save as JSON')).text)).toMatchObject({ receipt: model.receipt, draw: DRAW });
  });
});

describe.each(['ko', 'en'] as const)('in %s', (language) => {
  const cases: [string, () => PublishedDraw, boolean][] = [
    ['large', () => LARGE, true],
    ['small', () => DRAW, true],
    ['pending', () => earlierState(DRAW, 'drawing'), true],
    ['failed', () => reseeded({ ...DRAW, secret: 'b6'.repeat(32), beacon: null }), true],
    ['stranger', () => reseeded({ ...DRAW, beacon: null }), false],
  ];

  test.each(cases)(
    'the page of a %s draw has no fault of accessibility, light and dark, on a narrow phone and a desktop',
    async (name, draw, hasReceipt) => {
      show(draw());
      const receipt = await issuer.token(LARGE, { kind: 'entry', number: name === 'large' ? 123_456 : ENTRY });
      model = { ...model, language, receipt: hasReceipt ? receipt : null };
      for (const [colorScheme, width] of [
        ['light', 320],
        ['dark', 390],
        ['dark', 1280],
        ['light', 1280],
      ] as const) {
        const page = await visit(url, { colorScheme, viewport: { width, height: 900 } });
        await page.locator('[data-step]').first().waitFor();
        for (const summary of await page.locator('summary').all()) await summary.click();
        expect(await complaints(page), `${colorScheme} ${width}`).toEqual([]);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, `${colorScheme} ${width}`).toBeLessThanOrEqual(0);
        const screens = process.env['PROOF_SCREENS'];
        if (screens !== undefined)
          await page.screenshot({
            path: join(screens, `${language}-${name}-${colorScheme}-${width}.png`),
            fullPage: true,
          });
        await page.context().close();
      }
      expect(errors).toEqual([]);
    },
  );

  test('the switch leads to the other language without a request, and keeps the receipt', async () => {
    model = { ...model, language };
    const page = await visit();
    await page.locator('.hero').waitFor();
    const before = requests.length;
    await page.getByRole('link', { name: language === 'ko' ? 'English' : '한국어' }).click();
    await heading(page, language === 'ko' ? 'The draw checks out' : '추첨에 이상이 없습니다');
    expect(await page.locator('html').getAttribute('lang')).toBe(language === 'ko' ? 'en' : 'ko');
    expect(await page.locator('.hero').count()).toBe(1);
    expect(requests).toHaveLength(before);
  });
});

describe('the receipt on the page of a running gateway', () => {
  let fairgate: Running;
  let page: Page;
  const proofUrl = () => `${fairgate.url}/_fairgate/rooms/demo/proof`;
  const receiptOn = (shown: Page) =>
    shown.evaluate(() => (JSON.parse(document.getElementById('fairgate')?.textContent ?? '{}') as ProofModel).receipt);

  beforeAll(async () => {
    fairgate = await startFairgate({ room: { schedule: { opensAt: new Date(Date.now() + 3_600_000).toISOString() } } });
  });
  afterAll(() => fairgate?.stop());
  beforeEach(async () => {
    page = await visit(`${fairgate.url}/`);
    await page.locator('[data-kind="entered"]').waitFor();
  });

  test('is there by its address, after a reload, and by a link of this site', async () => {
    await page.goto(proofUrl());
    const receipt = await receiptOn(page);
    expect(receipt).toMatch(/^eyJ/);
    await page.reload();
    expect(await receiptOn(page)).toBe(receipt);
    await page.goto(`${fairgate.url}/`);
    await Promise.all([
      page.waitForURL(proofUrl()),
      page.evaluate((address) => {
        const link = document.createElement('a');
        link.href = address;
        document.body.append(link);
        link.click();
      }, proofUrl()),
    ]);
    expect(await receiptOn(page)).toBe(receipt);
  });

  test('reaches no script of the site: by fetch, by a frame, or in a window that it opens', async () => {
    // A page of the site without a policy of its own.
    await page.goto(`${fairgate.url}/_fairgate/healthz`);
    const fetched = await page.evaluate(async (address) => (await fetch(address)).text(), proofUrl());
    expect(fetched).toContain('"receipt":null');

    const [popup] = await Promise.all([
      page.context().waitForEvent('page'),
      page.evaluate((address) => {
        Object.assign(self, { opened: window.open(address) });
      }, proofUrl()),
    ]);
    await popup.locator('#fairgate').waitFor({ state: 'attached' });
    expect(await receiptOn(popup)).toMatch(/^eyJ/);
    const read = await page.evaluate(() => {
      try {
        return (self as unknown as { opened: Window }).opened.document.documentElement.outerHTML;
      } catch (error) {
        return (error as Error).name;
      }
    });
    expect(read).toBe('SecurityError');

    const [framed] = await Promise.all([
      page.waitForRequest((request) => request.url() === proofUrl()),
      page.evaluate((address) => {
        const frame = document.createElement('iframe');
        frame.src = address;
        document.body.append(frame);
      }, proofUrl()),
    ]);
    // What such a request is answered with: test/gateway/proof-page.test.ts.
    expect((await framed.allHeaders())['sec-fetch-dest']).toBe('iframe');
  });

  test('comes with a script that asks this gateway, and tells a refusal from a lost network', async () => {
    await page.goto(`${proofUrl()}?epoch=999`);
    await page.getByRole('heading', { level: 1, name: /There is no draw here|추첨 기록이 없습니다/ }).waitFor();
  });

  test('is withheld where another site’s link leads', async () => {
    const other = await page.context().newPage();
    await other.goto(url);
    const elsewhere = fairgate.url.replace('127.0.0.1', 'localhost');
    await other.goto(`${elsewhere}/_fairgate/healthz`);
    await Promise.all([
      other.waitForURL(proofUrl()),
      other.evaluate((address) => {
        location.href = address;
      }, proofUrl()),
    ]);
    expect(await receiptOn(other)).toBeNull();
    await other
      .getByText('다른 사이트를 거쳐 오셔서')
      .or(other.getByText('You came here from another site'))
      .first()
      .waitFor();
  });
});
