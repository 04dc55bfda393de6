// The hand-off in a real Chromium: a site on localhost, the gateway on 127.0.0.1, which are two sites to a browser. With and without
// scripts a visitor comes back to the address that they asked for, and no address or referrer but one has the code.

import { createServer, type Server } from 'node:http';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { handOff } from '../../origin/node.ts';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { freePort, listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { GateVisitor, until } from '../gateway/visitor-client.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { ONE_AT_A_TIME } from './two-sites.ts';

const TIMEOUT_MS = 30_000;

/** Another room on the gateway's host. */
const FULL = {
  id: 'full',
  title: { ko: '예약', en: 'Booking' },
  hosts: ['127.0.0.1'],
  paths: ['/full'],
  schedule: { opensAt: '+0s' },
  ...ONE_AT_A_TIME,
};

let browser: Browser;
let fairgate: Running;
let server: Server;
let site: string;
let context: BrowserContext | null = null;
/** Requests to the site: address and referrer. */
let received: { url: string; referrer: string }[] = [];

beforeAll(async () => {
  const port = await freePort();
  site = `http://localhost:${port}`;
  [browser, fairgate] = await Promise.all([
    launchChromium(),
    startFairgate({
      room: { hosts: ['127.0.0.1'], handOff: [site] },
      moreRooms: (origin) => [{ ...FULL, origin, handOff: [`${site}/full`] }],
    }),
  ]);
  const rooms = ['demo', 'full'].map((room) => handOff({ gateway: fairgate.url, room, site }));
  server = createServer((request, response) => {
    received.push({ url: request.url ?? '', referrer: request.headers.referer ?? '' });
    if (request.url === '/style.css') {
      response.writeHead(200, { 'Content-Type': 'text/css' }).end('h1 { color: green }');
      return;
    }
    rooms[request.url?.startsWith('/full') ? 1 : 0]?.(request, response, () => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(
        `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"><h1>Inside</h1>`,
      );
    });
  });
  await listenOnLoopback(server, port);
});

afterEach(async () => {
  await context?.close();
  received = [];
});

afterAll(async () => {
  await browser?.close();
  server.close();
  server.closeAllConnections();
  await fairgate?.stop();
});

function expectNoLeak(): void {
  const withCode = received.filter(({ url }) => url.includes('fairgate_code'));
  expect(withCode).toHaveLength(1);
  expect(received.map(({ referrer }) => referrer).filter((referrer) => /fairgate|challenge/.test(referrer))).toEqual(
    [],
  );
}

describe('a visitor of a site that no gateway stands before', () => {
  test(
    'waits in the room, and comes back to the address and fragment that they asked for',
    async () => {
      const occupant = new GateVisitor(Number(new URL(fairgate.url).port), 'full', '127.0.0.1');
      await until(
        () => occupant.act('join'),
        ({ text }) => text.includes('"outcome":"admitted"'),
      );
      context = await browser.newContext({ locale: 'en-US' });
      const page = await context.newPage();
      await page.goto(`${site}/full?day=2#seats`);
      expect(new URL(page.url()).origin).toBe(fairgate.url);
      await page.waitForFunction(() => document.querySelector('article')?.getAttribute('data-kind') !== 'newcomer');
      await occupant.act('leave');
      await page.waitForURL(`${site}/full?day=2#seats`, { timeout: TIMEOUT_MS });
      expect(await page.textContent('h1')).toBe('Inside');
      const cookies = await context.cookies(site);
      expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
        ['site-admission-full', true, 'Lax'],
      ]);
      expect(await page.evaluate(() => [document.cookie, document.referrer.includes('fairgate_code')])).toEqual([
        '',
        false,
      ]);
      await page.reload();
      expect(await page.textContent('h1')).toBe('Inside');
      expectNoLeak();
    },
    TIMEOUT_MS * 2,
  );

  test(
    'comes back without a script: the button of the page leads to the site',
    async () => {
      context = await browser.newContext({ locale: 'en-US', javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(`${site}/book`);
      expect(new URL(page.url()).pathname).toBe('/_fairgate/rooms/demo/enter');
      await page.click('button[type=submit]');
      await page.waitForURL(`${site}/book`, { timeout: TIMEOUT_MS });
      expect(await page.textContent('h1')).toBe('Inside');
      expectNoLeak();
    },
    TIMEOUT_MS * 2,
  );
});
