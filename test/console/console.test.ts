// The console in a real Chromium against the running gateway: what operators do in a night, each flow as a person does it.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/chromium.ts';
import { complaints } from '../axe.ts';
import { OPERATOR_KEY, type Running, startFairgate, TestVisitor } from '../running.ts';

/** Long enough for a busy machine; every wait ends as soon as what it waits for is there. */
const PATIENCE_MS = 20_000;
const API = '/_fairgate/operator';
const AS_OWNER = { Authorization: `Bearer ${OPERATOR_KEY}`, 'Content-Type': 'application/json' };

let browser: Browser;
let fairgate: Running;

beforeAll(async () => {
  browser = await launchChromium();
  fairgate = await startFairgate({
    room: { policy: { newUsersPerMinute: 6_000, totalActiveUsers: 3 }, expectedVisitors: 2 },
    moreRooms: (origin) => [
      {
        id: 'later',
        title: { ko: '내일 예약', en: 'Tomorrow' },
        hosts: ['later.test'],
        origin,
        schedule: { opensAt: '+1h' },
        policy: { newUsersPerMinute: 60, totalActiveUsers: 100, sessionMinutes: 5 },
      },
    ],
  });
  // Three are inside, five wait: the room is full.
  for (let index = 0; index < 8; index++) await new TestVisitor(fairgate.url).page();
});
afterAll(async () => {
  await browser?.close();
  await fairgate?.stop();
});

async function opened(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(`${fairgate.url}/_fairgate/console/`);
  return page;
}

async function signedIn(key = OPERATOR_KEY, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await opened(options);
  await page.locator('#key').fill(key);
  await page.locator('form button').click();
  await page.locator('.rooms a').first().waitFor();
  return page;
}

async function inRoom(room: string, key = OPERATOR_KEY, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await signedIn(key, options);
  await page.goto(`${fairgate.url}/_fairgate/console/#/room/${room}`);
  await page.locator('.numbers').waitFor();
  return page;
}

const api = async (path: string, init: RequestInit = {}) =>
  (await fetch(`${fairgate.url}${API}${path}`, { headers: AS_OWNER, ...init })).json();

async function fitsTheWidth(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth <= innerWidth');
}

describe('signing in', () => {
  test('takes a key, keeps it nowhere, and says honestly what a wrong one costs', async () => {
    const page = await opened();
    await page.locator('#key').fill('this-is-nobodys-key-at-all');
    await page.locator('form button').click();
    await expect.poll(() => page.locator('.said').textContent()).toMatch(/not known.*\d+ s/);
    expect(await complaints(page)).toEqual([]);
    await expect
      .poll(
        async () => {
          const key = page.locator('#key');
          if (await key.isVisible()) {
            await key.fill(OPERATOR_KEY, { timeout: 500 }).catch(() => {});
            await page
              .locator('form button')
              .click({ timeout: 500 })
              .catch(() => {}); // TimeoutError: it is gone, we are in
          }
          return page.locator('.rooms a').count();
        },
        { timeout: PATIENCE_MS, interval: 700 },
      )
      .toBeGreaterThan(0);
    const kept = await page.evaluate(
      'JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie',
    );
    expect(kept).not.toContain(OPERATOR_KEY);
    expect(kept).not.toContain('operator');
    await page.locator('nav button').last().click();
    await page.locator('#key').waitFor();
    await page.context().close();
  });
});

describe('the night', () => {
  test('a pause and its undo take one press each, by keyboard alone, and are in the log', async () => {
    const page = await inRoom('demo');
    await page.keyboard.press('p');
    await page.locator('.done', { hasText: 'Pause' }).waitFor();
    await page.locator('.now[data-state="paused"]').waitFor();
    expect((await api('/rooms/demo')).flow).toBe('paused');
    await page.locator('.done button').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.now[data-state="open"]').waitFor();
    await page.locator('.now', { hasText: 'In force' }).waitFor();
    const { records } = await api('/rooms/demo/audit');
    expect(records.slice(-2).map(({ to }: { to: unknown }) => to)).toEqual([{ flow: 'paused' }, { flow: 'running' }]);
    await expect.poll(() => page.locator('.records li').count()).toBeGreaterThanOrEqual(3);
    await page.context().close();
  });

  test('what a limit does is shown before it is applied, and can be taken back', async () => {
    const page = await inRoom('demo');
    await page.locator('input[name="places"]').fill('4');
    await page.locator('.outlook', { hasText: 'With this' }).waitFor();
    expect((await api('/rooms/demo')).policy.totalActiveUsers).toBe(3);
    await page.locator('.fields.two button').click();
    await expect.poll(async () => (await api('/rooms/demo')).policy.totalActiveUsers).toBe(4);
    await page.locator('.done button').first().click();
    await expect.poll(async () => (await api('/rooms/demo')).policy.totalActiveUsers).toBe(3);
    await page.context().close();
  });

  test('a message is seen before it is said, is on the visitors’ board, and is taken away', async () => {
    const page = await inRoom('demo');
    await page.locator('textarea[name="message-ko"]').fill('잠시만 기다려 주세요.');
    await page.locator('textarea[name="message-en"]').fill('One moment, please.');
    const section = page.getByRole('region', { name: 'Message to those waiting' });
    await section.getByRole('button', { name: 'How it looks' }).click();
    await expect
      .poll(() => page.frameLocator('iframe').nth(1).locator('body').textContent())
      .toContain('One moment, please.');
    await section.getByRole('button', { name: 'Show it' }).click();
    const board = async () => (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json();
    await expect.poll(async () => (await board()).message?.text.en, { timeout: 5_000 }).toBe('One moment, please.');
    await section.getByRole('button', { name: 'Take it away' }).click();
    await expect.poll(async () => (await board()).message, { timeout: 5_000 }).toBeNull();
    await page.context().close();
  });

  test('alarms are sentences with a next step, and the title counts them', async () => {
    const page = await inRoom('demo');
    await page.locator('.alarms li', { hasText: 'were expected' }).waitFor();
    await page.locator('.alarms li', { hasText: 'places are taken' }).waitFor();
    await expect.poll(() => page.title()).toMatch(/^\(\d\) \d waiting/);
    await page.context().close();
  });

  test('what cannot be undone is held for a second: a press alone does nothing', async () => {
    const page = await inRoom('later');
    const button = page.locator('button.danger', { hasText: 'Open now' });
    await button.hover();
    await page.mouse.down();
    await page.mouse.up();
    expect((await api('/rooms/later')).state).toBe('prequeue');
    await button.focus();
    await page.keyboard.down(' ');
    await expect.poll(async () => (await api('/rooms/later')).state, { timeout: 5_000 }).toBe('open');
    await page.keyboard.up(' ');
    await page.context().close();
  });

  test('without the gateway the numbers stay, say from when they are, and go on by themselves', async () => {
    const page = await inRoom('demo');
    await page.context().setOffline(true);
    await page.locator('.banner', { hasText: 'No connection' }).waitFor();
    await page.locator('.stale').waitFor();
    expect(await page.locator('.numbers').textContent()).toContain('waiting');
    await page.context().setOffline(false);
    await expect.poll(() => page.locator('.banner').count()).toBe(0);
    await page.context().close();
  });
});

describe('the room editor', () => {
  test('two operators at once: the second is told, loses nothing, and decides', async () => {
    const page = await signedIn();
    await page.goto(`${fairgate.url}/_fairgate/console/#/room/demo/edit`);
    const session = page.locator('input[name="sessionMinutes"]');
    await session.fill('7');
    const { policy, etag } = await api('/rooms/demo');
    await fetch(`${fairgate.url}${API}/rooms/demo/policy`, {
      method: 'PUT',
      headers: { ...AS_OWNER, 'If-Match': etag },
      body: JSON.stringify({ ...policy, claimWindowMinutes: 9 }),
    });
    await page.locator('form', { has: session }).locator('button[type="submit"]').click();
    await page.locator('.said', { hasText: 'meanwhile' }).waitFor();
    expect(await session.inputValue()).toBe('7');
    expect((await api('/rooms/demo')).policy).toMatchObject({ sessionMinutes: 5, claimWindowMinutes: 9 });
    await page.getByRole('button', { name: 'Put mine over it' }).click();
    await expect.poll(async () => (await api('/rooms/demo')).policy.sessionMinutes).toBe(7);
    await page.context().close();
  });

  test('makes a room from one form, with times in the room’s zone and errors beside what is wrong', async () => {
    const page = await signedIn();
    await page.goto(`${fairgate.url}/_fairgate/console/#/new`);
    const field = (name: string) => page.locator(`[name="${name}"]`);
    await field('id').fill('spring');
    await field('titleKo').fill('봄 예약');
    await field('titleEn').fill('Spring');
    await field('hosts').fill('Not A Host');
    await field('origin').fill('https://origin.spring.example');
    await field('opensAt').fill('2031-03-02T20:00:00');
    await page.locator('form button[type="submit"]').click();
    await page.locator('.said li', { hasText: 'hosts' }).first().waitFor();
    await field('hosts').fill('spring.example');
    await page.locator('form button[type="submit"]').click();
    await page.locator('.numbers').waitFor();
    expect((await api('/rooms/spring')).schedule.opensAt).toBe('2031-03-02T11:00:00.000Z');
    await page.context().close();
  });
});

describe('roles', () => {
  test('a viewer sees everything and can press nothing that changes', async () => {
    const { key } = await api('/keys', { method: 'POST', body: JSON.stringify({ name: 'Watcher', role: 'viewer' }) });
    const page = await inRoom('demo', key);
    for (const name of ['Pause', 'Hold', 'Apply', 'Show it']) {
      expect(await page.getByRole('button', { name, exact: true }).isDisabled()).toBe(true);
    }
    await page.keyboard.press('h');
    await page.goto(`${fairgate.url}/_fairgate/console/#/keys`);
    await page.locator('.rooms a').first().waitFor();
    expect((await api('/rooms/demo')).flow).toBe('running');
    await page.context().close();
  });
});

describe.each([
  ['en-GB', 'dark', 1280],
  ['ko-KR', 'light', 1280],
  ['ko-KR', 'dark', 360],
] as const)('%s, %s, %i px wide', (locale, theme, width) => {
  test('every screen is without a fault that axe knows and fits the width', async () => {
    const page = await inRoom('demo', OPERATOR_KEY, { locale, viewport: { width, height: 800 } });
    if (theme === 'light') await page.locator('nav button').first().click();
    for (const place of ['#/', '#/room/demo', '#/room/demo/edit', '#/new', '#/keys']) {
      await page.goto(`${fairgate.url}/_fairgate/console/${place}`);
      await page.locator('main').waitFor();
      await page.waitForLoadState('networkidle').catch(() => {});
      expect(await complaints(page), place).toEqual([]);
      expect(await fitsTheWidth(page), place).toBe(true);
    }
    await page.context().close();
  });
});
