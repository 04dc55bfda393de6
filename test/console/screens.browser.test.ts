// The console in a real Chromium against the double: what an operator does in a night, with the states in which it goes wrong.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { en } from '../../admin-ui/strings-en.ts';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { CONSOLE_PATH } from '../../worker/contract/operator-api.ts';
import { complaints } from '../axe.ts';
import { buildShell, type Shell } from './built-shell.ts';
import { type GatewayDouble, problem, startDouble } from './fake-gateway.ts';
import { evening, KEYS } from './sample-night.ts';

/** Long enough for a busy machine; every wait ends as soon as what it waits for is there. */
const PATIENCE_MS = 20_000;
const ROOM = '#/rooms/vaccine';

let shell: Shell;
let browser: Browser;

beforeAll(async () => {
  shell = await buildShell();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
});

interface Visit extends BrowserContextOptions {
  route?: string;
  role?: keyof typeof KEYS | null;
  language?: 'ko' | 'en';
  theme?: 'dark' | 'light';
}

/** One evening: a gateway of its own, and one browser that visits it. */
interface Stage {
  gateway: GatewayDouble;
  url: string;
  visit(options?: Visit): Promise<Page>;
  /** How often this was asked, as `GET /rooms/vaccine/live`. */
  told(call: string): number;
}

/** Most of an evening is waiting for the next second; several are played at a time. */
function night(name: string, play: (stage: Stage) => Promise<void>): void {
  test.concurrent(name, async () => {
    const double = await startDouble(shell, evening());
    const { gateway, url } = double;
    const errors: string[] = [];
    const contexts: BrowserContext[] = [];
    const visit = async (options: Visit = {}) => {
      const page = await visitTo(url, gateway, options, errors);
      contexts.push(page.context());
      return page;
    };
    try {
      await play({ gateway, url, visit, told: (call) => gateway.asked.filter((line) => line === call).length });
    } finally {
      for (const context of contexts) await context.close();
      double.stop();
    }
    expect(errors).toEqual([]);
  });
}

async function visitTo(
  url: string,
  gateway: GatewayDouble,
  { route = ROOM, role = 'operator', language = 'en', theme = 'dark', ...options }: Visit,
  errors: string[],
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'Asia/Seoul',
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    ...options,
  });
  if (role !== null) {
    gateway.signedIn = gateway.keys.find(({ key }) => key === KEYS[role]) ?? null;
    await context.addCookies([{ name: 'fairgate-operator', value: '1', url, httpOnly: true }]);
  }
  await context.addInitScript((kept) => {
    try {
      if (localStorage.getItem('fairgate-console') === null) localStorage.setItem('fairgate-console', kept);
    } catch {
      // A sandboxed frame has no storage.
    }
  }, JSON.stringify({ language, theme }));
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => {
    // So says a sandboxed frame of the script above.
    if (!message.includes('sandboxed')) errors.push(message);
  });
  page.on('console', (line) => {
    // The browser itself writes a line for every answer that is no 2xx; those are the stories' own.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) errors.push(line.text());
  });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${url}${CONSOLE_PATH}${route}`);
  return page;
}

const shows = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
const state = (page: Page, word: string) => page.getByRole('heading', { level: 1, name: word, exact: true }).waitFor();
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

/** Until the console has looked at the room so many times more, and drawn what it saw. */
async function looks(page: Page, times: number): Promise<void> {
  for (let look = 0; look < times; look++) await page.waitForResponse((response) => response.url().endsWith('/live'));
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

/** Presses it for a whole second, with the pointer. */
async function hold(page: Page, name: string): Promise<void> {
  const target = button(page, name);
  await target.scrollIntoViewIfNeeded();
  await target.hover();
  await page.mouse.down();
  await page.waitForFunction(() => document.querySelector('.holding') === null);
  await page.mouse.up();
}

// The longest first: the others are played beside it.
describe.concurrent('every screen', () => {
  interface Screen {
    name: string;
    route: string;
    /** There when the screen is. */
    ready: string;
    story?(gateway: GatewayDouble): void;
    act?(page: Page, gateway: GatewayDouble): Promise<unknown>;
  }
  const screens: Screen[] = [
    { name: 'rooms', route: '#/rooms', ready: '.room' },
    { name: 'night', route: ROOM, ready: '.uplot' },
    {
      name: 'alarms, a deed and typed limits',
      route: ROOM,
      ready: '.alarms',
      story: (gateway) => {
        gateway.room('vaccine').alarms = [
          { kind: 'originFailing', since: new Date().toISOString() },
          { kind: 'limitReached', active: 12_000 },
        ];
      },
      act: async (page) => {
        await page.locator('#newUsersPerMinute').fill('3000');
        await page.locator('.flow-button.paused').click();
        await page.locator('.button.undo').waitFor();
        await page.locator('.sides').waitFor();
      },
    },
    {
      name: 'stale',
      route: ROOM,
      ready: '.notice',
      story: (gateway) => {
        gateway.room('vaccine').age = 20_000;
      },
    },
    { name: 'message', route: ROOM, ready: '.uplot', act: (page) => page.locator('.message .button').first().click() },
    { name: 'log', route: `${ROOM}/log`, ready: '.log' },
    {
      name: 'settings with faults and a conflict',
      route: `${ROOM}/settings`,
      ready: '.section',
      act: async (page, gateway) => {
        await page.locator('#policy-rate').fill('');
        await page.getByRole('form').nth(1).locator('[type=submit]').click();
        gateway.changeBy('김도윤', 'vaccine', 'setPolicy', {}, {}, (room) => {
          room.detail = { ...room.detail, policy: { ...room.detail.policy, newUsersPerMinute: 7 } };
        });
        await page.locator('.conflict').waitFor();
      },
    },
    { name: 'preview', route: `${ROOM}/preview`, ready: 'iframe' },
    { name: 'keys', route: '#/keys', ready: '.key-list' },
    { name: 'directory log', route: '#/log', ready: '.page' },
    { name: 'new room', route: '#/new', ready: '.section' },
    { name: 'sign-in', route: ROOM, ready: '.sign-in' },
  ];
  const appearances = [
    { language: 'ko', theme: 'dark', widths: [1280, 360] },
    { language: 'en', theme: 'light', widths: [360, 1920] },
  ] as const;
  const TARGETS =
    'button:visible, a:visible, summary:visible, select:visible, input:visible:not([type=radio], [type=checkbox], [type=file])';

  for (const { language, theme, widths } of appearances) {
    night(
      `in ${language}, ${theme} has no fault that axe knows and scrolls nowhere sideways`,
      async ({ gateway, visit }) => {
        const page = await visit({ route: '#/rooms', role: 'owner', language, theme });
        const { signedIn } = gateway;
        for (const { name, route, ready, story, act } of screens) {
          Object.assign(gateway, evening(), { signedIn });
          story?.(gateway);
          await page.setViewportSize({ width: widths[0], height: 800 });
          if (name === 'sign-in') await page.context().clearCookies();
          // A dialog goes with its screen; a session that has ended is met at the door.
          if (name === 'sign-in') await page.reload();
          else {
            await page.evaluate((hash) => {
              location.hash = hash;
            }, route);
          }
          await page.locator(ready).first().waitFor();
          await act?.(page, gateway);
          expect(await complaints(page), name).toEqual([]);
          for (const width of widths) {
            await page.setViewportSize({ width, height: 800 });
            const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            expect(overhang, `${name} at ${width} px`).toBeLessThanOrEqual(0);
          }
          const small = await page
            .locator(TARGETS)
            .evaluateAll((targets) =>
              targets
                .filter((target) => target.isConnected && target.getBoundingClientRect().height < 43.5)
                .map(({ outerHTML }) => outerHTML),
            );
          expect(small, `${name}: lower than 44 px`).toEqual([]);
        }
      },
    );
  }
});

describe.concurrent('signing in', () => {
  night(
    'a wrong key is told with the seconds to wait, a right one leads on, and no script ever holds it',
    async ({ gateway, visit }) => {
      const page = await visit({ role: null, route: ROOM });
      await page.getByLabel('Key', { exact: true }).fill('not-a-key');
      await button(page, 'Sign in').click();
      await shows(page, /The next try is taken in 1 s/);
      await page.waitForFunction(
        () => document.querySelector('[type=submit]')?.getAttribute('aria-disabled') === 'false',
      );
      await page.getByLabel('Key', { exact: true }).fill(KEYS.operator);
      await page.getByLabel('Key', { exact: true }).press('Enter');
      await state(page, 'Open');
      expect(page.url()).toContain(ROOM);
      const kept = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
      );
      expect(kept).not.toContain(KEYS.operator);
      expect(kept).not.toContain('fairgate-operator');
      await page.getByText('이서연', { exact: true }).first().click();
      await button(page, 'Sign out').click();
      await page.getByRole('heading', { name: 'Operators’ console' }).waitFor();
      expect(gateway.signedIn).toBe(null);
    },
  );

  night(
    'a session that ends meanwhile asks for the key and loses nothing that was typed',
    async ({ gateway, visit }) => {
      const page = await visit();
      await page.getByLabel('People a minute', { exact: true }).fill('2500');
      gateway.signedIn = null;
      await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
      await page.getByRole('dialog').getByLabel('Key', { exact: true }).fill(KEYS.operator);
      await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await page.getByLabel('People a minute', { exact: true }).inputValue()).toBe('2500');
      await button(page, 'Apply').click();
      await shows(page, /Changed people a minute 2000 → 2500/);
    },
  );
});

describe.concurrent('the night', () => {
  night(
    'shows the state, the clock, four numbers and one chart each, and asks once a second',
    async ({ gateway, visit }) => {
      const page = await visit();
      await state(page, 'Open');
      expect(await page.locator('.figure h2').allTextContents()).toEqual([
        'Waiting',
        'Admitted a minute',
        'Inside',
        'Arrived',
      ]);
      const live = gateway.live('vaccine');
      await shows(page, live.waiting.toLocaleString('en'));
      expect(await page.getByRole('timer').textContent()).toMatch(/Since the opening00:1[34]:\d\d/);
      await page.waitForFunction(() => document.querySelectorAll('.uplot').length === 7);
      await looks(page, 2);
      // However often it is drawn, a chart is made once.
      expect(
        await page.locator('.plot').evaluateAll((plots) => plots.map((plot) => plot.querySelectorAll('.uplot').length)),
      ).toEqual(Array(7).fill(1));
      expect(await page.locator('.flag').count()).toBe(4);
      await page.locator('.flag').first().focus();
      await shows(page, /이서연 · Speed and sessions: People a minute 1,200 → 2,000/);
    },
  );

  night(
    'before the opening counts down in the gateway’s time, whatever the machine’s clock says',
    async ({ gateway, visit }) => {
      Object.assign(gateway, evening(-14));
      const page = await visit();
      await page.clock.install({ time: Date.now() + 400 * 86_400_000 });
      await page.reload();
      await state(page, 'Taking entries');
      expect(await page.getByRole('timer').textContent()).toMatch(/Until the opening00:1[34]:\d\d/);
    },
  );

  night(
    'pauses and undoes with the keyboard alone, and says when it is in force everywhere',
    async ({ gateway, visit }) => {
      const page = await visit();
      await state(page, 'Open');
      await page.keyboard.press('p');
      await state(page, 'Paused');
      await shows(page, /Paused at \d\d:\d\d:\d\d by you\./);
      await shows(page, /Being spread; on all gateways by/);
      gateway.room('vaccine').inForceAt = Date.now();
      await shows(page, /In force everywhere since/);
      const undo = button(page, 'Undo');
      for (let tabs = 0; tabs < 80 && !(await undo.evaluate((one) => one === document.activeElement)); tabs++) {
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press('Enter');
      await state(page, 'Open');
      expect(
        gateway
          .room('vaccine')
          .records.slice(-2)
          .map(({ to }) => to),
      ).toEqual([{ flow: 'paused' }, { flow: 'running' }]);
      // The same without leaving the keys, over a state that is not the one at the beginning.
      await page.keyboard.press('h');
      await state(page, 'Held');
      await page.keyboard.press('p');
      await state(page, 'Paused');
      await page.keyboard.press('z');
      await state(page, 'Held');
    },
  );

  night(
    'single keys act neither in a field nor in a dialog nor when they are switched off',
    async ({ visit, told }) => {
      const page = await visit();
      await page.getByLabel('Position', { exact: true }).press('p');
      await page.getByLabel('Position', { exact: true }).blur();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys and help' }).waitFor();
      await page.keyboard.press('p');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.getByText('이서연', { exact: true }).first().click();
      await page.getByRole('switch', { name: 'Single-key shortcuts' }).click();
      await page.getByRole('switch', { name: 'Single-key shortcuts' }).blur();
      await page.keyboard.press('p');
      await page.keyboard.press('?');
      await page.getByRole('switch', { name: 'Single-key shortcuts' }).click();
      await page.getByRole('switch', { name: 'Single-key shortcuts' }).blur();
      expect(told('POST /rooms/vaccine/pause')).toBe(0);
      expect(await page.getByRole('dialog').count()).toBe(0);
      await page.keyboard.press('p');
      await state(page, 'Paused');
    },
  );

  night('a key of the Korean input method is the key that it is', async ({ visit }) => {
    const page = await visit({ language: 'ko' });
    await state(page, '진행 중');
    await page.evaluate(() =>
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㅔ', code: 'KeyP', bubbles: true })),
    );
    await state(page, '호출 멈춤');
  });

  night(
    'shows what other limits would do before they are applied, and puts the former back',
    async ({ gateway, visit }) => {
      const page = await visit();
      const rate = page.getByLabel('People a minute', { exact: true });
      await rate.fill('0');
      await shows(page, 'A whole number from 1 to 1,000,000.');
      await rate.fill('4,000');
      await shows(page, 'Wait for whoever comes now');
      await shows(page, 'at most 4,000 a minute');
      await shows(page, 'limited by the speed');
      expect(gateway.room('vaccine').detail.policy.newUsersPerMinute).toBe(2_000);
      await button(page, 'Apply').click();
      await shows(page, /Changed people a minute 2000 → 4000 at/);
      expect(gateway.room('vaccine').detail.policy.newUsersPerMinute).toBe(4_000);
      await page.keyboard.press('Escape');
      await button(page, 'Undo').click();
      await shows(page, /Put back: Changed people a minute 4000 → 2000/);
      expect(gateway.room('vaccine').detail.policy.newUsersPerMinute).toBe(2_000);
    },
  );

  night('what somebody else changed meanwhile is shown before anything is done over it', async ({ gateway, visit }) => {
    const page = await visit();
    await state(page, 'Open');
    await page.keyboard.press('p');
    await state(page, 'Paused');
    gateway.instead.set('resume', () => {
      gateway.instead.delete('resume');
      gateway.changeBy('김도윤', 'vaccine', 'setFlow', { flow: 'paused' }, { flow: 'held' }, (room) => {
        room.flow = 'held';
      });
      return problem(412, 'changed-meanwhile');
    });
    await page.keyboard.press('r');
    await shows(page, 'Not done: somebody changed the room first.');
    await shows(page, /김도윤 at .*: held/);
    await state(page, 'Held');
    await button(page, 'Do it anyway').click();
    await state(page, 'Open');
  });

  night('a change whose answer is lost is not claimed to be done or undone', async ({ gateway, visit }) => {
    const page = await visit();
    await state(page, 'Open');
    gateway.instead.set('hold', () => new Response('Bad gateway', { status: 502 }));
    await page.keyboard.press('h');
    await shows(page, 'No answer came. It may have been done or not');
    gateway.instead.clear();
    await button(page, 'Try again').last().click();
    await state(page, 'Held');
  });
});

describe.concurrent('what cannot be undone', () => {
  night('is done by pressing for a second, with the pointer', async ({ visit, told }) => {
    const page = await visit();
    await state(page, 'Open');
    await button(page, 'Close').click();
    await shows(page, 'Keep it pressed for one second.');
    expect(told('POST /rooms/vaccine/close')).toBe(0);
    await hold(page, 'Close');
    await state(page, 'Closed');
    await shows(page, 'Cannot be undone.');
    expect(told('POST /rooms/vaccine/close')).toBe(1);
  });

  night('is done by pressing for a second, with the keyboard', async ({ visit, told }) => {
    const page = await visit();
    const send = button(page, 'Send everybody out');
    await send.focus();
    await page.keyboard.press('Enter');
    await shows(page, 'Keep it pressed for one second.');
    expect(told('POST /rooms/vaccine/sessions/revoke')).toBe(0);
    await page.keyboard.down('Space');
    await shows(page, /Everybody inside was sent out at/);
    await page.keyboard.up('Space');
    expect(told('POST /rooms/vaccine/sessions/revoke')).toBe(1);
  });

  night('is asked in words where a press has no length', async ({ visit, told }) => {
    const page = await visit();
    await state(page, 'Open');
    // As a screen reader clicks: without a pointer.
    await button(page, 'Close').evaluate((one) => (one as HTMLButtonElement).click());
    const dialog = page.getByRole('dialog', { name: 'Close?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(told('POST /rooms/vaccine/close')).toBe(0);
    await button(page, 'Close').evaluate((one) => (one as HTMLButtonElement).click());
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    await state(page, 'Closed');
  });

  night('one session ends by its position, and a pass opens the site for the operator', async ({ visit }) => {
    const page = await visit();
    await page.getByLabel('Position', { exact: true }).fill('999');
    await hold(page, 'End one session');
    await shows(page, /Nobody is inside with that position/);
    await page.getByLabel('Position', { exact: true }).fill('41');
    await hold(page, 'End one session');
    await shows(page, /Session of position 41 ended at/);
    await button(page, 'Give me a pass').click();
    await page.getByRole('link', { name: 'Open the site' }).waitFor();
  });
});

night(
  'a message is written in both languages, seen as visitors will see it, put up, taken away and put back',
  async ({ gateway, visit }) => {
    gateway.room('vaccine').message = null;
    const page = await visit();
    await state(page, 'Open');
    await page.keyboard.press('m');
    const dialog = page.getByRole('dialog', { name: 'Message to those waiting' });
    await dialog.getByLabel('In Korean').fill('10분만 기다려 주세요.');
    await dialog.getByText('Write it in both languages').waitFor();
    await dialog.getByLabel('In English').fill('x'.repeat(281));
    await dialog.getByText('1 characters too many').waitFor();
    await dialog.getByLabel('In English').fill('Please wait ten minutes.');
    await page.frameLocator('iframe').getByText('Please wait ten minutes.').waitFor();
    await dialog.getByRole('button', { name: 'Put up' }).click();
    await shows(page, /Message put up at/);
    expect(gateway.room('vaccine').message?.text).toEqual({
      ko: '10분만 기다려 주세요.',
      en: 'Please wait ten minutes.',
    });
    await button(page, 'Take away').click();
    await shows(page, 'No message is up.');
    await button(page, 'Undo').click();
    await page.getByRole('blockquote').getByText('Please wait ten minutes.').waitFor();
  },
);

night(
  'a message is not put up over one that somebody else put up while it was written',
  async ({ gateway, visit, told }) => {
    const page = await visit();
    await state(page, 'Open');
    await page.keyboard.press('m');
    const dialog = page.getByRole('dialog', { name: 'Message to those waiting' });
    await dialog.getByLabel('In Korean').fill('10분만 기다려 주세요.');
    await dialog.getByLabel('In English').fill('Please wait ten minutes.');
    const theirs = { text: { ko: '접수를 마쳤습니다.', en: 'We are full.' }, at: new Date().toISOString() };
    gateway.changeBy('김도윤', 'vaccine', 'setMessage', { text: null }, { text: theirs.text }, (room) => {
      room.message = theirs;
    });
    await page.getByText('We are full.').first().waitFor({ state: 'attached' });
    await dialog.getByRole('button', { name: 'Put up' }).click();
    await shows(page, 'Not done: somebody changed the room first.');
    expect(gateway.room('vaccine').message).toEqual(theirs);
    await button(page, 'Do it anyway').click();
    await shows(page, /Message put up at/);
    expect(told('PUT /rooms/vaccine/message')).toBe(2);
  },
);

describe.concurrent('when something is wrong', () => {
  night('old numbers say how old they are', async ({ gateway, visit }) => {
    gateway.room('vaccine').age = 9_000;
    const page = await visit();
    await shows(page, /Numbers are (9|10) s old/);
    gateway.room('vaccine').age = 300;
    await page.getByText(/Numbers are/).waitFor({ state: 'detached' });
  });

  night(
    'a lost connection keeps what was seen, says from when it is, and is over by itself',
    async ({ gateway, visit }) => {
      const page = await visit();
      await state(page, 'Open');
      gateway.isDown = true;
      await shows(page, 'No connection to the gateway');
      await shows(page, /What you see is from \d\d:\d\d:\d\d/);
      await state(page, 'Open');
      gateway.isDown = false;
      await page.getByText('No connection to the gateway').waitFor({ state: 'detached' });
    },
  );

  night('a new alarm is said once, stands in the title, and goes with its cause', async ({ gateway, visit }) => {
    const page = await visit();
    await state(page, 'Open');
    await page.waitForFunction(() => document.title === 'Open · Vaccination pre-registration');
    gateway.room('vaccine').alarms = [{ kind: 'originSlow', latencyMs: 4_100, usualMs: 300 }];
    await shows(page, 'The site answers in 4.1 s, usually 0.3 s.');
    await page.waitForFunction(() => document.title.startsWith('(1) Open'));
    const alert = page.locator('[role=alert]');
    expect(await alert.textContent()).toContain('4.1 s');
    await page.evaluate(() => {
      const said = document.querySelector('[role=alert]');
      const seen = globalThis as unknown as { changes: number };
      seen.changes = 0;
      new MutationObserver(() => seen.changes++).observe(said as Node, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await looks(page, 3);
    expect(await page.evaluate(() => (globalThis as unknown as { changes: number }).changes)).toBe(0);
    gateway.room('vaccine').alarms = [];
    await page.waitForFunction(() => document.title.startsWith('Open'));
  });

  night(
    'a room that is not there, no room at all and a gateway of another version each say so',
    async ({ gateway, visit }) => {
      const page = await visit({ route: '#/rooms/nowhere' });
      await page.getByRole('heading', { name: 'There is no such room' }).waitFor();
      gateway.rooms.clear();
      await page.getByRole('main').getByRole('link', { name: 'All rooms' }).click();
      await page.getByRole('heading', { name: 'There are no rooms yet' }).waitFor();
      Object.assign(gateway, evening());
      gateway.signedIn = gateway.keys[1] ?? null;
      gateway.instead.set('live', () => Response.json({ another: 'version' }));
      await page.getByRole('link', { name: /Vaccination/ }).click();
      await page.getByRole('heading', { name: /The gateway was updated/ }).waitFor();
    },
  );

  night('a viewer sees everything, changes nothing, and reads why', async ({ gateway, visit }) => {
    const page = await visit({ role: 'viewer' });
    await state(page, 'Open');
    await shows(page, 'Your key is a viewer’s. Ask somebody whose role allows this.');
    for (const name of ['Pause', 'Hold', 'Change', 'Take away', 'Give me a pass', 'Close', 'Send everybody out']) {
      const one = button(page, new RegExp(`^${name}`)).first();
      expect(await one.getAttribute('aria-disabled'), name).toBe('true');
      // As somebody does who does not see that it is off.
      await one.click({ force: true });
    }
    await page.keyboard.press('p');
    await page.keyboard.press('m');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(gateway.asked.filter((line) => !line.startsWith('GET'))).toEqual([]);
  });
});

describe.concurrent('settings', () => {
  const settings = `${ROOM}/settings`;

  night('say at each field what is wrong and send nothing until it is right', async ({ gateway, visit, told }) => {
    const page = await visit({ route: settings, role: 'owner' });
    await page.getByLabel('Session, minutes').fill('45');
    await page.getByLabel('Hosts', { exact: true }).fill('Booking.Example');
    const policy = page.getByRole('form', { name: 'How the line moves' });
    await policy.getByRole('button', { name: 'Save' }).click();
    await policy.getByText('From 1 to 30.').waitFor();
    expect(await page.getByLabel('Session, minutes').getAttribute('aria-invalid')).toBe('true');
    expect(told('PUT /rooms/vaccine/policy')).toBe(0);
    await page.getByLabel('Session, minutes').fill('15');
    await policy.getByRole('button', { name: 'Save' }).click();
    await shows(page, /Policy changed at/);
    expect(gateway.room('vaccine').detail.policy.sessionMinutes).toBe(15);
    // What was typed into another group is still there, and only it is sent with its own button.
    expect(await page.getByLabel('Hosts', { exact: true }).inputValue()).toBe('Booking.Example');
    const before = gateway.room('vaccine').detail.site;
    const site = page.getByRole('form', { name: 'What it protects' });
    await page.getByLabel('Hosts', { exact: true }).fill('booking.example');
    await site.getByRole('button', { name: 'Save' }).click();
    await shows(page, /Site changed at/);
    expect(gateway.room('vaccine').detail.site).toEqual({
      ...before,
      hosts: ['booking.example'],
    });
  });

  const changePolicy = (gateway: GatewayDouble, changes: object) =>
    gateway.changeBy('김도윤', 'vaccine', 'setPolicy', {}, {}, (room) => {
      room.detail = { ...room.detail, policy: { ...room.detail.policy, ...changes } };
    });

  night(
    'where two typed into the same field, one of both is chosen and the rest is kept',
    async ({ gateway, visit }) => {
      const page = await visit({ route: settings });
      await page.locator('#policy-rate').fill('2500');
      await page.getByLabel('Session, minutes').fill('12');
      changePolicy(gateway, { newUsersPerMinute: 1_500, claimWindowMinutes: 7 });
      const conflict = page.getByRole('region', { name: /Somebody changed it meanwhile/ });
      await conflict.getByRole('row', { name: 'People a minute 1500 2500' }).waitFor();
      await conflict.getByRole('button', { name: 'Take theirs' }).click();
      expect(await page.locator('#policy-rate').inputValue()).toBe('1500');
      expect(await page.getByLabel('Session, minutes').inputValue()).toBe('12');
      await page.locator('#policy-rate').fill('2600');
      changePolicy(gateway, { newUsersPerMinute: 1_600 });
      await conflict.getByRole('button', { name: 'Save mine over it' }).click();
      await shows(page, /Changed people a minute 1600 → 2600/);
      expect(gateway.room('vaccine').detail.policy).toMatchObject({
        ...{ newUsersPerMinute: 2_600, sessionMinutes: 12, claimWindowMinutes: 7 },
      });
    },
  );

  night('saved over theirs, one field takes nothing else of theirs along', async ({ gateway, visit }) => {
    const page = await visit({ route: settings });
    await page.locator('#policy-rate').fill('2500');
    changePolicy(gateway, { newUsersPerMinute: 1_500, claimWindowMinutes: 7 });
    const form = page.getByRole('form', { name: 'How the line moves' });
    await form.getByRole('row', { name: 'People a minute 1500 2500' }).waitFor();
    const save = form.getByRole('button', { name: 'Save', exact: true });
    await save.click();
    await form.getByRole('status').getByText('Somebody changed it meanwhile').waitFor();
    await save.click();
    await shows(page, /Changed people a minute 1500 → 2500/);
    expect(gateway.room('vaccine').detail.policy).toMatchObject({ newUsersPerMinute: 2_500, claimWindowMinutes: 7 });
  });

  night('what only one of both changed needs no choice', async ({ gateway, visit, told }) => {
    const page = await visit({ route: settings });
    await page.getByLabel('Session, minutes').fill('12');
    // Not seen yet when it is saved: the gateway says so, and the console looks for itself.
    gateway.instead.set('live', () => new Response(null, { status: 502 }));
    changePolicy(gateway, { newUsersPerMinute: 1_500 });
    await page.getByRole('form', { name: 'How the line moves' }).getByRole('button', { name: 'Save' }).click();
    await shows(page, /Policy changed at|Changed people/);
    expect(gateway.room('vaccine').detail.policy).toMatchObject({ newUsersPerMinute: 1_500, sessionMinutes: 12 });
    expect(told('PUT /rooms/vaccine/policy')).toBe(2);
  });

  night('times are the room’s; before the opening they move and can be put back', async ({ gateway, visit }) => {
    Object.assign(gateway, evening(-60));
    const page = await visit({ route: settings, timezoneId: 'Europe/Berlin' });
    await page.getByLabel('Opening', { exact: true }).fill('2027-08-05T20:00:00');
    await shows(page, /here .*13:00:00 · UTC .*11:00:00/);
    await page.getByRole('form', { name: 'When it opens' }).getByRole('button', { name: 'Save' }).click();
    await shows(page, /Opening moved at/);
    expect(gateway.room('vaccine').detail.schedule.opensAt).toBe('2027-08-05T11:00:00.000Z');
    const before = gateway.room('vaccine').records.at(-1)?.from as { opensAt: string };
    await button(page, 'Undo').click();
    await shows(page, /Put back: Opening moved/);
    expect(gateway.room('vaccine').detail.schedule.opensAt).toBe(before.opensAt);
  });

  night('after the opening the closing moves and can be put back', async ({ visit, told }) => {
    const page = await visit({ route: settings });
    await page.getByLabel('Closing', { exact: true }).fill('2030-08-05T20:00:00');
    const form = page.getByRole('form', { name: 'When it opens' });
    await form.getByText('only the closing moves').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => told('PUT /rooms/vaccine/schedule')).toBe(1);
    await shows(page, /Opening moved at/);
    await page.getByRole('button', { name: /^Undo/ }).first().waitFor();
  });

  night('after the opening another one begins anew, which is pressed for a second', async ({ visit, told }) => {
    const page = await visit({ route: settings });
    await page.getByLabel('Opening', { exact: true }).fill('2030-08-05T20:00:00');
    const form = page.getByRole('form', { name: 'When it opens' });
    await form.getByText('places of the last one are no longer valid').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    expect(told('PUT /rooms/vaccine/schedule')).toBe(0);
    await hold(page, 'Save');
    await shows(page, /New opening scheduled at/);
    await shows(page, 'Cannot be undone.');
  });

  night('an own waiting page is put up and taken away; only a closed room is archived', async ({ gateway, visit }) => {
    gateway.room('vaccine').state = 'closed';
    const page = await visit({ route: settings, role: 'owner' });
    const file = { name: 'wait.html', mimeType: 'text/html', buffer: Buffer.from('<h1>{{waitTime}}</h1>') };
    await page.locator('input[type=file]').setInputFiles(file);
    await button(page, 'Put it up').click();
    await shows(page, 'The room shows its own page.');
    await hold(page, 'Back to Fairgate’s pages');
    await shows(page, 'The room shows Fairgate’s pages.');
    await hold(page, 'Archive');
    await shows(page, 'This room is archived. Its log and history stay readable.');
  });

  night('a new room is made, with what the gateway alone can know said at its field', async ({ gateway, visit }) => {
    const page = await visit({ route: '#/new', role: 'owner' });
    await button(page, 'Make the room').click();
    await shows(page, 'Something in it is not right. Each field says what.');
    await page.getByLabel('Id', { exact: true }).fill('booking');
    await page.getByLabel('Title in Korean').fill('예약');
    await page.getByLabel('Title in English').fill('Booking');
    await page.getByLabel('Protected paths').fill('/taken');
    await page.getByLabel('Site behind the line').fill('https://origin.example');
    await page.getByLabel('Opening', { exact: true }).fill('2030-08-05T20:00:00');
    await button(page, 'Make the room').click();
    await shows(page, en.editor.fields.overlap('vaccine', '*/taken'));
    await page.getByLabel('Protected paths').fill('/book');
    await button(page, 'Make the room').click();
    await state(page, 'Taking entries');
    expect(gateway.room('booking').detail.schedule.opensAt).toBe('2030-08-05T11:00:00.000Z');
  });
});

night('the log tells changes in words, finds them, and says whether it is whole', async ({ gateway, visit }) => {
  const page = await visit({ route: `${ROOM}/log`, language: 'ko' });
  await shows(page, '속도·이용 시간');
  const entry = page.getByRole('listitem').filter({ hasText: '속도·이용 시간' });
  expect((await entry.textContent())?.replaceAll(/\s+/g, ' ')).toContain('분당 입장이전 1,200→이후 2,000');
  await page.getByLabel('찾기').fill('김도윤');
  await page.getByLabel('종류').selectOption('message');
  expect(await page.locator('.log > li').count()).toBe(1);
  await page.getByLabel('찾기').fill('아무것도');
  await shows(page, '맞는 기록이 없습니다.');
  await button(page, '이어짐 확인').click();
  await shows(page, /기록 5건이 빠짐없이 이어집니다/);
  const [first] = gateway.room('vaccine').records;
  if (first !== undefined) first.action = 'close';
  await button(page, '이어짐 확인').click();
  await shows(page, '기록이 이어지지 않습니다.');
  expect(await page.getByRole('link', { name: 'CSV로 받기' }).getAttribute('href')).toBe(
    '/_fairgate/operator/rooms/vaccine/audit.csv',
  );
});

night('a key is made, shown once, and taken away', async ({ visit }) => {
  const page = await visit({ route: '#/keys', role: 'owner' });
  await page.getByLabel('Name', { exact: true }).fill('Park');
  await page.getByLabel(/^operator/).check();
  await button(page, 'Make a key').click();
  const dialog = page.getByRole('dialog', { name: 'Key for Park' });
  await dialog.getByText('made-key-3').waitFor();
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'I have handed it over' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain('made-key-3');
  const entry = page.getByRole('listitem').filter({ hasText: 'Park' });
  await entry.getByRole('button', { name: 'Remove' }).hover();
  await page.mouse.down();
  await entry.waitFor({ state: 'detached' });
  await page.mouse.up();
});

night('visitors’ pages are shown in every state and both languages, without scripts', async ({ visit }) => {
  const page = await visit({ route: `${ROOM}/preview` });
  await page.frameLocator('iframe').getByRole('heading', { name: 'waiting en' }).waitFor();
  await button(page, '한국어').click();
  await button(page, 'Turn missed').click();
  await page.frameLocator('iframe').getByRole('heading', { name: 'lapsed ko' }).waitFor();
  await button(page, 'All at once').click();
  await page.waitForFunction(() => document.querySelectorAll('iframe').length === 13);
  expect(
    await page.locator('iframe').evaluateAll((frames) => frames.map((frame) => frame.getAttribute('sandbox'))),
  ).toEqual(Array(13).fill(''));
});

night('the language and the light of the screen are remembered', async ({ visit }) => {
  const page = await visit();
  await state(page, 'Open');
  await page.getByText('이서연', { exact: true }).first().click();
  await page.getByRole('switch', { name: 'Light screen' }).click();
  await button(page, '한국어').click();
  await state(page, '진행 중');
  expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset['theme']])).toEqual(
    ['ko', 'light'],
  );
  expect(await page.evaluate(() => localStorage.getItem('fairgate-console'))).toContain(
    '"language":"ko","theme":"light"',
  );
});
