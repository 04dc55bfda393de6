// The dashboard in Chromium against a fake gateway: signing in, steering a room, irreversible actions, messages, and every state
// in which something is wrong.

import { describe, expect } from 'vitest';
import { en } from '../../admin-ui/strings-en.ts';
import { complaints } from '../axe.ts';
import { button, consoleTests, hold, openMenu, polls, ROOM, roomState, text } from './console-page.ts';
import { rfc3339 } from './fake-gateway.ts';
import { problem } from './fake-gateway-server.ts';
import { SAMPLE_KEYS, sampleGateway } from './sample-data.ts';

const consoleTest = consoleTests();

describe('signing in', () => {
  consoleTest(
    'counts down after a wrong key and stores no key where a script can read it',
    async ({ gateway, open }) => {
      const page = await open({ role: null, route: ROOM });
      await page.getByLabel('Key', { exact: true }).fill('not-a-key');
      await button(page, 'Sign in').click();
      await text(page, /Try again in 1 s/);
      await page.waitForFunction(
        () => document.querySelector('[type=submit]')?.getAttribute('aria-disabled') === 'false',
      );
      await page.getByLabel('Key', { exact: true }).fill(SAMPLE_KEYS.operator);
      await page.getByLabel('Key', { exact: true }).press('Enter');
      await roomState(page, 'Open');
      expect(page.url()).toContain(ROOM);
      const stored = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
      );
      expect(stored).not.toContain(SAMPLE_KEYS.operator);
      expect(stored).not.toContain('fairgate-operator');
      await openMenu(page);
      await button(page, 'Sign out').click();
      await page.getByRole('heading', { name: 'Operator console' }).waitFor();
      expect(gateway.signedIn).toBe(null);
    },
  );

  consoleTest('again after the session expired keeps everything that was typed', async ({ gateway, open }) => {
    const page = await open();
    await page.getByLabel('People per minute', { exact: true }).fill('2500');
    gateway.signedIn = null;
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.getByRole('dialog').getByLabel('Key', { exact: true }).fill(SAMPLE_KEYS.operator);
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.getByLabel('People per minute', { exact: true }).inputValue()).toBe('2500');
    await button(page, 'Apply').click();
    await text(page, /Changed people per minute 2,000 → 2,500/);
  });
});

describe('the dashboard', () => {
  consoleTest('shows state, clock and four numbers, and creates each chart once', async ({ gateway, open }) => {
    const page = await open();
    await roomState(page, 'Open');
    expect(await page.locator('.tile h2').allTextContents()).toEqual([
      'Waiting',
      'Admitted per minute',
      'Inside',
      'Arrived',
    ]);
    const live = gateway.live('vaccine');
    await text(page, live.waiting.toLocaleString('en'));
    expect(await page.getByRole('timer').textContent()).toMatch(/Since the opening00:1[34]:\d\d/);
    await page.waitForFunction(() => document.querySelectorAll('.uplot').length === 7);
    await polls(page, 2);
    const chartsPerPlot = await page
      .locator('.plot')
      .evaluateAll((plots) => plots.map((plot) => plot.querySelectorAll('.uplot').length));
    expect(chartsPerPlot).toEqual(Array(7).fill(1));
    expect(await page.locator('.flag').count()).toBe(4);
    await page.locator('.flag').first().focus();
    await text(page, /이서연 · Speed and sessions: people per minute 1,200 → 2,000/);
  });

  consoleTest('shows what is left by lots, none of it once it is too old, and how many may be inside', async (t) => {
    const asOf = rfc3339(t.gateway.now() - 4_000);
    const lot = (id: string, ko: string, en: string, remaining: number | null) => {
      return { id, name: { ko, en }, remaining, asOf, price: null };
    };
    const lots = [
      lot('a', '강남구', 'Gangnam', 1_208),
      lot('b', '서초구', 'Seocho', 0),
      lot('c', '송파구', 'Songpa', null),
    ];
    const room = t.gateway.room('vaccine');
    room.numbers.stock = { remaining: 1_208, asOf, freshSeconds: 60, lots };
    room.numbers.inForce = { newUsersPerMinute: 2_000, totalActiveUsers: 1_208 };
    const page = await t.open();
    const panel = page.getByRole('region', { name: en.stock.title });
    await panel.getByText(en.stock.people('1,208')).waitFor();
    const rows = await panel
      .locator('tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].slice(0, 2).map((cell) => cell.textContent)));
    expect(rows).toEqual([
      ['Gangnam', '1,208'],
      ['Seocho', 'none left'],
      ['Songpa', 'being checked'],
    ]);
    expect(await complaints(page)).toEqual([]);
  });

  consoleTest('counts down by the gateway’s clock where the machine’s clock is wrong', async ({ gateway, open }) => {
    Object.assign(gateway, sampleGateway(-14));
    const page = await open();
    await page.clock.install({ time: Date.now() + 400 * 86_400_000 });
    await page.reload();
    await roomState(page, 'Taking entries');
    expect(await page.getByRole('timer').textContent()).toMatch(/Until the opening00:1[34]:\d\d/);
  });

  consoleTest('pauses and undoes by keyboard alone and shows the rollout', async ({ gateway, open }) => {
    const page = await open();
    await roomState(page, 'Open');
    await page.keyboard.press('p');
    await roomState(page, 'Paused');
    await text(page, /Paused at \d\d:\d\d:\d\d by you\./);
    await text(page, /Rolling out; everywhere by/);
    gateway.room('vaccine').inForceAt = Date.now();
    await text(page, /In force everywhere since/);
    const undo = button(page, 'Undo');
    for (let tabs = 0; tabs < 80 && !(await undo.evaluate((one) => one === document.activeElement)); tabs++) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await roomState(page, 'Open');
    const changes = gateway.room('vaccine').records.slice(-2);
    expect(changes.map(({ to }) => to)).toEqual([{ flow: 'paused' }, { flow: 'running' }]);
    // Undo by shortcut returns to the previous flow, which is not the first one.
    await page.keyboard.press('h');
    await roomState(page, 'Held');
    await page.keyboard.press('p');
    await roomState(page, 'Paused');
    await page.keyboard.press('z');
    await roomState(page, 'Held');
  });

  consoleTest('ignores shortcuts in a field, in a dialog, and when they are off', async ({ open, requestCount }) => {
    const page = await open();
    const shortcuts = page.getByRole('switch', { name: 'Single-key shortcuts' });
    await page.getByLabel('Position', { exact: true }).press('p');
    await page.getByLabel('Position', { exact: true }).blur();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Shortcuts and help' }).waitFor();
    await page.keyboard.press('p');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await openMenu(page);
    await shortcuts.click();
    await shortcuts.blur();
    await page.keyboard.press('p');
    await page.keyboard.press('?');
    await shortcuts.click();
    await shortcuts.blur();
    expect(requestCount('POST /rooms/vaccine/pause')).toBe(0);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('p');
    await roomState(page, 'Paused');
  });

  consoleTest('takes shortcuts by key position under a Korean input method', async ({ open }) => {
    const page = await open({ language: 'ko' });
    await roomState(page, '진행 중');
    await page.evaluate(() =>
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㅔ', code: 'KeyP', bubbles: true })),
    );
    await roomState(page, '호출 일시정지');
  });

  consoleTest(
    'shows the effect of typed limits before they are applied, and undoes them',
    async ({ gateway, open }) => {
      const page = await open();
      const rate = page.getByLabel('People per minute', { exact: true });
      await rate.fill('0');
      await text(page, 'A whole number from 1 to 1,000,000.');
      await rate.fill('4,000');
      await page.locator('.forecast').getByText('Wait if you join now').waitFor();
      await text(page, 'up to 4,000 per minute');
      await text(page, 'limited by the speed');
      expect(gateway.room('vaccine').detail.policy.newUsersPerMinute).toBe(2_000);
      await button(page, 'Apply').click();
      await text(page, /Changed people per minute 2,000 → 4,000 at/);
      expect(gateway.room('vaccine').detail.policy.newUsersPerMinute).toBe(4_000);
      await page.keyboard.press('Escape');
      await button(page, 'Undo').click();
      await text(page, /Undone: Changed people per minute 4,000 → 2,000/);
      expect(gateway.room('vaccine').detail.policy.newUsersPerMinute).toBe(2_000);
    },
  );

  const holdBeforeResume = (gateway: ReturnType<typeof sampleGateway>, by: 'another operator' | 'this operator') => {
    gateway.overrides.set('resume', () => {
      gateway.overrides.delete('resume');
      const id = by === 'this operator' ? (gateway.signedIn?.id ?? '') : '김도윤';
      gateway.changeBy(id, 'vaccine', 'setFlow', { flow: 'paused' }, { flow: 'held' }, (room) => {
        room.flow = 'held';
      });
      return problem(412, 'changed-meanwhile');
    });
  };

  consoleTest(
    'names the operator whose change caused a conflict, and retries on request',
    async ({ gateway, open }) => {
      const page = await open();
      await roomState(page, 'Open');
      await page.keyboard.press('p');
      await roomState(page, 'Paused');
      holdBeforeResume(gateway, 'another operator');
      await page.keyboard.press('r');
      await text(page, 'Not done: the room changed first.');
      await text(page, /김도윤 at .*: held/);
      await roomState(page, 'Held');
      await button(page, 'Do it anyway').click();
      await roomState(page, 'Open');
    },
  );

  consoleTest('says "You" of a conflict with the operator’s own change elsewhere', async ({ gateway, open }) => {
    const page = await open();
    await roomState(page, 'Open');
    await page.keyboard.press('p');
    await roomState(page, 'Paused');
    holdBeforeResume(gateway, 'this operator');
    await page.keyboard.press('r');
    await text(page, /You, in another window, at .*: held/);
  });

  consoleTest('claims neither success nor failure of a change without a response', async ({ gateway, open }) => {
    const page = await open();
    await roomState(page, 'Open');
    gateway.overrides.set('hold', () => new Response('Bad gateway', { status: 502 }));
    await page.keyboard.press('h');
    await text(page, 'No response. The change may have been made');
    gateway.overrides.clear();
    await button(page, 'Try again').last().click();
    await roomState(page, 'Held');
  });
});

describe('an irreversible action', () => {
  consoleTest('runs after a second of pressing with the pointer', async ({ open, requestCount }) => {
    const page = await open();
    await roomState(page, 'Open');
    await button(page, 'Close room').click();
    await text(page, 'Keep it pressed for one second.');
    expect(requestCount('POST /rooms/vaccine/close')).toBe(0);
    await hold(page, 'Close room');
    await roomState(page, 'Closed');
    await text(page, 'Cannot be undone.');
    expect(requestCount('POST /rooms/vaccine/close')).toBe(1);
  });

  consoleTest('runs after a second of pressing with the keyboard', async ({ open, requestCount }) => {
    const page = await open();
    const send = button(page, 'Send everyone out');
    await send.focus();
    await page.keyboard.press('Enter');
    await text(page, 'Keep it pressed for one second.');
    expect(requestCount('POST /rooms/vaccine/sessions/revoke')).toBe(0);
    await page.keyboard.down('Space');
    await text(page, /Everyone inside was sent out at/);
    await page.keyboard.up('Space');
    expect(requestCount('POST /rooms/vaccine/sessions/revoke')).toBe(1);
  });

  consoleTest('asks for confirmation after a click without a duration', async ({ open, requestCount }) => {
    const page = await open();
    await roomState(page, 'Open');
    // A screen reader clicks without a pointer.
    const click = () => button(page, 'Close room').evaluate((one) => (one as HTMLButtonElement).click());
    await click();
    const dialog = page.getByRole('dialog', { name: 'Close room?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(requestCount('POST /rooms/vaccine/close')).toBe(0);
    await click();
    await dialog.getByRole('button', { name: 'Close room', exact: true }).click();
    await roomState(page, 'Closed');
  });
});

consoleTest('a session ends by its position, and a pass opens the site', async ({ open }) => {
  const page = await open();
  await page.getByLabel('Position', { exact: true }).fill('999');
  await hold(page, 'End one session');
  await text(page, /No visitor with this position is inside/);
  await page.getByLabel('Position', { exact: true }).fill('1,041');
  await hold(page, 'End one session');
  await text(page, /Session of position 1,041 ended at/);
  await button(page, 'Get a pass').click();
  await page.getByRole('link', { name: 'Open the site' }).waitFor();
});

describe('a message', () => {
  consoleTest('is previewed, posted in both languages, removed, and restored by undo', async ({ gateway, open }) => {
    gateway.room('vaccine').message = null;
    const page = await open();
    await roomState(page, 'Open');
    await page.keyboard.press('m');
    const dialog = page.getByRole('dialog', { name: 'Message to waiting visitors' });
    await dialog.getByLabel('Korean').fill('10분만 기다려 주세요.');
    await dialog.getByText('Write it in both languages').waitFor();
    await dialog.getByLabel('English').fill('x'.repeat(281));
    await dialog.getByText('1 character too many').waitFor();
    await dialog.getByLabel('English').fill('Please wait ten minutes.');
    await page.frameLocator('iframe').getByText('Please wait ten minutes.').waitFor();
    await dialog.getByRole('button', { name: 'Post' }).click();
    await text(page, /Message posted at/);
    expect(gateway.room('vaccine').message?.text).toEqual({
      ko: '10분만 기다려 주세요.',
      en: 'Please wait ten minutes.',
    });
    await button(page, 'Remove message').click();
    await text(page, 'No message is shown.');
    await button(page, 'Undo').click();
    await page.getByRole('blockquote').getByText('Please wait ten minutes.').waitFor();
  });

  consoleTest('is shown with its line breaks', async ({ gateway, open }) => {
    const message = { ko: '첫 줄\n둘째 줄', en: 'First line\nSecond line' };
    gateway.room('vaccine').message = { text: message, at: new Date().toISOString() };
    const page = await open();
    const shown = page.getByRole('blockquote').locator('p');
    expect(await shown.textContent()).toBe(message.en);
    expect(await shown.evaluate((element) => getComputedStyle(element).whiteSpace)).toBe('pre-line');
  });

  consoleTest('does not replace one that another operator posted meanwhile', async (t) => {
    const page = await t.open();
    await roomState(page, 'Open');
    await page.keyboard.press('m');
    const dialog = page.getByRole('dialog', { name: 'Message to waiting visitors' });
    await dialog.getByLabel('Korean').fill('10분만 기다려 주세요.');
    await dialog.getByLabel('English').fill('Please wait ten minutes.');
    const theirs = { text: { ko: '접수를 마쳤습니다.', en: 'We are full.' }, at: new Date().toISOString() };
    t.gateway.changeBy('김도윤', 'vaccine', 'setMessage', { text: null }, { text: theirs.text }, (room) => {
      room.message = theirs;
    });
    await page.getByText('We are full.').first().waitFor({ state: 'attached' });
    await dialog.getByRole('button', { name: 'Post' }).click();
    await text(page, 'Not done: the room changed first.');
    expect(t.gateway.room('vaccine').message).toEqual(theirs);
    await button(page, 'Do it anyway').click();
    await text(page, /Message posted at/);
    expect(t.requestCount('PUT /rooms/vaccine/message')).toBe(2);
  });
});

describe('trouble', () => {
  consoleTest('old numbers show their age', async ({ gateway, open }) => {
    gateway.room('vaccine').ageMs = 9_000;
    const page = await open();
    await text(page, /Numbers are (9|10) s old/);
    gateway.room('vaccine').ageMs = 300;
    await page.getByText(/Numbers are/).waitFor({ state: 'detached' });
  });

  consoleTest('a lost connection keeps the numbers, shows their time, and recovers by itself', async (t) => {
    const page = await t.open();
    await roomState(page, 'Open');
    t.gateway.isDown = true;
    await text(page, 'No connection to the gateway');
    await text(page, /Showing data as of \d\d:\d\d:\d\d/);
    await roomState(page, 'Open');
    t.gateway.isDown = false;
    await page.getByText('No connection to the gateway').waitFor({ state: 'detached' });
  });

  consoleTest('a new alarm is announced once, counted in the title, and gone with its cause', async (t) => {
    const page = await t.open();
    await roomState(page, 'Open');
    await page.waitForFunction(() => document.title === 'Open · Vaccination pre-registration');
    t.gateway.room('vaccine').alarms = [{ kind: 'originSlow', latencyMs: 4_100, usualMs: 300 }];
    await text(page, 'The site responds in 4.1 s, usually 0.3 s.');
    await page.waitForFunction(() => document.title.startsWith('(1) Open'));
    const alert = page.locator('[role=alert]');
    expect(await alert.textContent()).toContain('4.1 s');
    await page.evaluate(() => {
      const counter = globalThis as unknown as { changes: number };
      counter.changes = 0;
      new MutationObserver(() => counter.changes++).observe(document.querySelector('[role=alert]') as Node, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await polls(page, 3);
    expect(await page.evaluate(() => (globalThis as unknown as { changes: number }).changes)).toBe(0);
    t.gateway.room('vaccine').alarms = [];
    await page.waitForFunction(() => document.title.startsWith('Open'));
  });

  consoleTest('a missing room, no rooms, and a newer gateway each have a screen', async ({ gateway, open }) => {
    const page = await open({ route: '#/rooms/nowhere' });
    await page.getByRole('heading', { name: 'This room does not exist' }).waitFor();
    gateway.rooms.clear();
    await page.getByRole('main').getByRole('link', { name: 'All rooms' }).click();
    await page.getByRole('heading', { name: 'There are no rooms yet' }).waitFor();
    Object.assign(gateway, sampleGateway());
    gateway.signedIn = gateway.keys[1] ?? null;
    gateway.overrides.set('live', () => Response.json({ another: 'version' }));
    await page.getByRole('link', { name: /Vaccination/ }).click();
    await page.getByRole('heading', { name: /The gateway was updated/ }).waitFor();
  });

  consoleTest('a viewer reads why the controls are disabled, and pressing them sends nothing', async (t) => {
    const page = await t.open({ role: 'viewer' });
    await roomState(page, 'Open');
    await text(page, 'Your key has the role viewer, which does not allow this.');
    const controls = ['Pause', 'Hold', 'Edit', 'Remove message', 'Get a pass', 'Close room', 'Send everyone out'];
    for (const name of controls) {
      const control = button(page, new RegExp(`^${name}`)).first();
      expect(await control.getAttribute('aria-disabled'), name).toBe('true');
      await control.click({ force: true });
    }
    await page.keyboard.press('p');
    await page.keyboard.press('m');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(t.gateway.requests.filter((line) => !line.startsWith('GET'))).toEqual([]);
  });
});
