// The console in Chromium against the real gateway: each flow as an operator goes through it. States that the real gateway
// rarely shows are tested against a fake one, in the files beside this.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { complaints } from '../axe.ts';
import { OPERATOR_KEY, type Running, startFairgate, TestVisitor } from '../running-gateway.ts';

/** Enough for a busy machine; every wait ends as soon as its condition holds. */
const TIMEOUT_MS = 20_000;
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
  // Three visitors are inside and five wait: the room is full.
  for (let index = 0; index < 8; index++) await new TestVisitor(fairgate.url).page();
});
afterAll(async () => {
  await browser?.close();
  await fairgate?.stop();
});

async function openConsole(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  await page.goto(`${fairgate.url}/_fairgate/console/`);
  return page;
}

async function openSignedIn(key = OPERATOR_KEY, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openConsole(options);
  await page.locator('#key').fill(key);
  await page.locator('form [type=submit]').click();
  await page.locator('.room').first().waitFor();
  return page;
}

async function openRoom(room: string, key = OPERATOR_KEY, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openSignedIn(key, options);
  await page.goto(`${fairgate.url}/_fairgate/console/#/rooms/${room}`);
  await page.locator('.numbers').waitFor();
  return page;
}

const api = async (path: string, init: RequestInit = {}) =>
  (await fetch(`${fairgate.url}${API}${path}`, { headers: AS_OWNER, ...init })).json();
const board = async () => (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json();

describe('signing in', () => {
  test('stores no key in the browser, and a wrong key shows the seconds to wait', async () => {
    const page = await openConsole();
    await page.locator('#key').fill('this-key-does-not-exist');
    await page.locator('form [type=submit]').click();
    await page.getByText(/Try again in \d+ s/).waitFor();
    await page.locator('[type=submit][aria-disabled=false]').waitFor();
    await page.locator('#key').fill(OPERATOR_KEY);
    await page.locator('form [type=submit]').click();
    await page.locator('.room').first().waitFor();
    const stored = await page.evaluate(
      'JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie',
    );
    expect(stored).not.toContain(OPERATOR_KEY);
    expect(stored).not.toContain('operator');
    await page.locator('.menu summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('#key').waitFor();
    await page.context().close();
  });
});

describe('the dashboard', () => {
  test('pauses and undoes with one press each, by keyboard alone, and logs both', async () => {
    const page = await openRoom('demo');
    await page.keyboard.press('p');
    await page.locator('.band[data-state="paused"]').waitFor();
    expect((await api('/rooms/demo')).flow).toBe('paused');
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.band[data-state="open"]').waitFor();
    await page.locator('.band', { hasText: 'In force everywhere since' }).waitFor();
    const { records } = await api('/rooms/demo/audit');
    expect(records.slice(-2).map(({ to }: { to: unknown }) => to)).toEqual([{ flow: 'paused' }, { flow: 'running' }]);
    await page.getByRole('link', { name: 'Log' }).first().click();
    await page.locator('.log > li').nth(2).waitFor();
    await page.getByRole('button', { name: 'Check for tampering' }).click();
    await page.getByText(/\d+ records: none missing or altered/).waitFor();
    await page.context().close();
  });

  test('shows a forecast of a limit before it is applied, and undoes it', async () => {
    const page = await openRoom('demo');
    await page.locator('#totalActiveUsers').fill('4');
    await page.locator('.sides').waitFor();
    expect((await api('/rooms/demo')).policy.totalActiveUsers).toBe(3);
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect.poll(async () => (await api('/rooms/demo')).policy.totalActiveUsers).toBe(4);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(async () => (await api('/rooms/demo')).policy.totalActiveUsers).toBe(3);
    await page.context().close();
  });

  test('previews a message, posts it to the visitors’ board, and removes it', async () => {
    const page = await openRoom('demo');
    await page.keyboard.press('m');
    const dialog = page.getByRole('dialog', { name: 'Message to waiting visitors' });
    await dialog.getByLabel('Korean').fill('잠시만 기다려 주세요.');
    await dialog.getByLabel('English').fill('One moment, please.');
    await page.frameLocator('iframe').getByText('One moment, please.').waitFor();
    await dialog.getByRole('button', { name: 'Post' }).click();
    await expect.poll(async () => (await board()).message?.text.en, { timeout: 5_000 }).toBe('One moment, please.');
    await page.getByRole('button', { name: 'Remove message' }).click();
    await expect.poll(async () => (await board()).message, { timeout: 5_000 }).toBeNull();
    await page.context().close();
  });

  test('shows alarms with a next step, and counts them in the title', async () => {
    const page = await openRoom('demo');
    await page.locator('.alarms li', { hasText: 'were expected' }).waitFor();
    await page.locator('.alarms li', { hasText: 'places are taken' }).waitFor();
    await expect.poll(() => page.title()).toMatch(/^\(\d\) Open/);
    await page.context().close();
  });

  test('opens a room only after a second of pressing', async () => {
    const page = await openRoom('later');
    const button = page.locator('button.danger', { hasText: 'Open now' });
    await button.hover();
    await page.mouse.down();
    await page.mouse.up();
    await page.getByText('Keep it pressed for one second.').waitFor();
    expect((await api('/rooms/later')).state).toBe('prequeue');
    await button.focus();
    await page.keyboard.down(' ');
    await expect.poll(async () => (await api('/rooms/later')).state, { timeout: 5_000 }).toBe('open');
    await page.keyboard.up(' ');
    await page.context().close();
  });

  test('issues a pass that opens the site once, and ends the session of one position', async () => {
    const page = await openRoom('demo');
    await page.getByRole('button', { name: 'Get a pass' }).click();
    const [site] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Open the site' }).click(),
    ]);
    await site.waitForLoadState();
    expect(new URL(site.url()).search).toBe('');
    expect(await site.content()).not.toContain('id="fairgate"');
    await site.close();
    // The address works once: afterwards only the expiry of the pass is shown.
    await page.getByText(/Your pass is valid until/).waitFor();
    await page.getByRole('link', { name: 'Open the site' }).waitFor({ state: 'detached' });
    const before = (await api('/rooms/demo/live')).totals.revoked;
    await page.getByLabel('Position', { exact: true }).fill('1');
    const button = page.locator('button.danger', { hasText: 'End one session' });
    await button.focus();
    await page.keyboard.down('Enter');
    await page.getByText(/Session of position 1 ended at/).waitFor();
    await page.keyboard.up('Enter');
    await expect.poll(async () => (await api('/rooms/demo/live')).totals.revoked, { timeout: 5_000 }).toBe(before + 1);
    await page.context().close();
  });

  test('keeps the numbers while the gateway is unreachable, and recovers by itself', async () => {
    const page = await openRoom('demo');
    await page.context().setOffline(true);
    await page.locator('.notice', { hasText: 'No connection' }).waitFor();
    await page.locator('.numbers.stale').waitFor();
    expect(await page.locator('.numbers').textContent()).toContain('Waiting');
    await page.context().setOffline(false);
    await page.locator('.notice').waitFor({ state: 'detached' });
    await page.context().close();
  });
});

describe('the room editor', () => {
  test('shows a field that two operators changed at once, and saves the choice of the second', async () => {
    const page = await openSignedIn();
    await page.goto(`${fairgate.url}/_fairgate/console/#/rooms/demo/settings`);
    const session = page.getByLabel('Session, minutes');
    await session.fill('7');
    const { policy, etag } = await api('/rooms/demo');
    await fetch(`${fairgate.url}${API}/rooms/demo/policy`, {
      method: 'PUT',
      headers: { ...AS_OWNER, 'If-Match': etag },
      body: JSON.stringify({ ...policy, sessionMinutes: 6, claimWindowMinutes: 9 }),
    });
    const conflict = page.locator('.conflict');
    await conflict.getByRole('row', { name: 'Session 6 7' }).waitFor();
    expect(await session.inputValue()).toBe('7');
    expect((await api('/rooms/demo')).policy).toMatchObject({ sessionMinutes: 6, claimWindowMinutes: 9 });
    await conflict.getByRole('button', { name: 'Save what I typed' }).click();
    await expect.poll(async () => (await api('/rooms/demo')).policy.sessionMinutes).toBe(7);
    expect((await api('/rooms/demo')).policy.claimWindowMinutes).toBe(9);
    await page.context().close();
  });

  test('creates a room with times in its own zone, and shows errors at their fields', async () => {
    const page = await openSignedIn(OPERATOR_KEY, { timezoneId: 'Asia/Seoul' });
    await page.goto(`${fairgate.url}/_fairgate/console/#/new`);
    const field = (name: string) => page.getByLabel(name, { exact: true });
    const check = page.getByRole('button', { name: 'Check', exact: true });
    // Nothing is there that could take visitors from a room that runs.
    expect([await field('Hosts').inputValue(), await page.getByLabel('Protected paths').inputValue()]).toEqual([
      '',
      '',
    ]);
    await field('ID').fill('spring');
    await page.getByLabel('Protected paths').fill('/');
    await field('Title in Korean').fill('봄 예약');
    await field('Title in English').fill('Spring');
    await field('Hosts').fill('Not A Host');
    await field('Site address').fill(fairgate.origin.url);
    await field('Opening').fill('2031-03-02T20:00:00');
    await check.click();
    await page.getByText('Enter a host name in lower case without a port, or *.').waitFor();
    // Only the gateway knows what other rooms protect.
    await field('Hosts').fill('later.test');
    await check.click();
    await page.getByText(/already protects later\.test\//).waitFor();
    await field('Hosts').fill('spring.example');
    await check.click();
    await page.getByText(/^The site answered in \d+ ms/).waitFor();
    await page.getByText(/^Takes spring\.example\/ from room demo: [\d,]+ (person|people) there\.$/).waitFor();
    const create = page.getByRole('button', { name: 'Create room, closed' });
    await create.hover();
    await page.mouse.down();
    await page.getByText('This room is closed. Its opening counts once you announce it').waitFor();
    await page.mouse.up();
    const spring = await api('/rooms/spring');
    expect([spring.schedule.opensAt, spring.state]).toEqual(['2031-03-02T11:00:00.000Z', 'closed']);
    await page.context().close();
  });
});

describe('a viewer', () => {
  test('sees everything and changes nothing', async () => {
    const { key } = await api('/keys', { method: 'POST', body: JSON.stringify({ name: 'Watcher', role: 'viewer' }) });
    const page = await openRoom('demo', key);
    for (const name of ['Pause', 'Hold', 'Write', 'Close room']) {
      const button = page.getByRole('button', { name: new RegExp(`^${name}`) }).first();
      expect(await button.getAttribute('aria-disabled'), name).toBe('true');
    }
    await page.keyboard.press('h');
    await page.goto(`${fairgate.url}/_fairgate/console/#/keys`);
    await page.getByText('Your role does not allow this').waitFor();
    expect((await api('/rooms/demo')).flow).toBe('running');
    await page.context().close();
  });
});

test('every screen passes axe and never scrolls sideways on a phone', async () => {
  const page = await openRoom('demo', OPERATOR_KEY, { locale: 'ko-KR', viewport: { width: 390, height: 844 } });
  const problems: string[] = [];
  page.on('pageerror', ({ message }) => problems.push(message));
  for (const place of ['#/rooms', '#/rooms/demo', '#/rooms/demo/log', '#/rooms/demo/settings', '#/keys', '#/log']) {
    await page.goto(`${fairgate.url}/_fairgate/console/${place}`);
    await page.locator('.room, .uplot, .log, .section, .key-list').first().waitFor();
    expect(await complaints(page), place).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), place).toBeLessThanOrEqual(0);
  }
  expect(problems).toEqual([]);
  await page.context().close();
});
