// The appearance of every screen: no axe violation, no sideways scrolling, targets of at least 44 px. In both languages and
// themes, from a small phone to a large display.

import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { complaints } from '../axe.ts';
import { button, consoleTests, openMenu, ROOM, roomState } from './console-page.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { sampleGateway, sampleRaised, sampleTargets } from './sample-data.ts';

const consoleTest = consoleTests();

interface Screen {
  name: string;
  route: string;
  /** Present once the screen is drawn. */
  ready: string;
  prepare?(gateway: FakeGateway): void;
  act?(page: Page, gateway: FakeGateway): Promise<unknown>;
}

const LONG_TITLE = {
  ko: '2031년도 상반기 서울특별시 청소년 예방접종 및 건강검진 통합 사전예약 대기실(추가 모집)',
  en: 'Registration for youth vaccinations and health checks in the first half of 2031',
};

const SCREENS: Screen[] = [
  { name: 'rooms', route: '#/rooms', ready: '.room' },
  { name: 'dashboard', route: ROOM, ready: '.uplot' },
  {
    name: 'dashboard with alarms, an action and typed limits',
    route: ROOM,
    ready: '.alarms',
    prepare: (gateway) => {
      gateway.room('vaccine').alarms = [
        { kind: 'originStopped', since: new Date().toISOString(), cause: { kind: 'errors', percent: 63 } },
        { kind: 'limitReached', active: 12_000 },
      ];
      gateway.room('vaccine').raised = sampleRaised();
    },
    act: async (page) => {
      await page.locator('#newUsersPerMinute').fill('3000');
      await page.locator('.flow-button.paused').click();
      await page.locator('.button.undo').waitFor();
      await page.locator('.sides').waitFor();
    },
  },
  {
    name: 'dashboard with old numbers and a long title',
    route: ROOM,
    ready: '.notice',
    prepare: (gateway) => {
      const room = gateway.room('vaccine');
      room.ageMs = 20_000;
      room.detail = { ...room.detail, site: { ...room.detail.site, title: LONG_TITLE } };
    },
  },
  { name: 'message', route: ROOM, ready: '.uplot', act: (page) => page.locator('.message .button').first().click() },
  { name: 'log', route: `${ROOM}/log`, ready: '.log' },
  {
    name: 'settings with errors and a conflict',
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
  {
    name: 'dashboard while the draw waits',
    route: ROOM,
    ready: '.draw dl',
    prepare: (gateway) => {
      const room = gateway.room('vaccine');
      const beacon = { deadlineSeconds: 300, afterDeadline: 'withoutBeacon' } as const;
      const opensAt = new Date(Date.now() - 30_000).toISOString();
      room.detail = { ...room.detail, schedule: { ...room.detail.schedule, opensAt, beacon } };
      room.state = 'drawing';
      const deadline = new Date(Date.now() + 270_000).toISOString();
      const faults = [{ relay: 'a-relay-with-a-long-name.of-an-organisation.example', fault: 'noAnswer' }] as const;
      room.alarms = [
        { kind: 'drawKeyMissing', key: 'k7mTYmOaVzGrlWsmd3IJGNQLvUh0Tj7vJZbKYvSWkXI', isDrawing: true },
        { kind: 'beaconChainDiffers', chain: 'a'.repeat(64), isDrawing: true },
        { kind: 'beaconLate', round: 39_155_756, dueAt: opensAt, deadline, afterDeadline: 'wait', faults: [...faults] },
      ];
    },
  },
  {
    name: 'schedule with public randomness and no relay',
    route: `${ROOM}/settings`,
    ready: '.beacon',
    prepare: (gateway) => {
      Object.assign(gateway, sampleGateway(-60));
      gateway.relays = gateway.relays.map((relay) => ({ ...relay, fault: 'unreachable' as const }));
    },
    act: async (page) => {
      await page.locator('.beacon [value=with]').check();
      await page.locator('.relays .bad').first().waitFor();
      await page.locator('.relays .warn').waitFor();
    },
  },
  { name: 'preview', route: `${ROOM}/preview`, ready: 'iframe' },
  {
    name: 'keys',
    route: '#/keys',
    ready: '.key-list',
    prepare: (gateway) => {
      const [, bounded, expired] = gateway.keys;
      const lastUse = { at: '2026-05-03T10:00:00.000Z', from: '2001:db8:1:2::/64' };
      if (bounded !== undefined) {
        Object.assign(bounded, { rooms: ['vaccine', 'marathon'], expiresAt: '2031-05-04T14:59:59.000Z', lastUse });
      }
      if (expired !== undefined) expired.expiresAt = '2026-05-04T10:00:00.000Z';
    },
    act: async (page) => {
      await page.locator('form [type=checkbox]').first().click();
      await page.locator('form [type=submit]').click();
      await page.locator('.field.invalid').first().waitFor();
    },
  },
  {
    name: 'targets of alarms',
    route: '#/alarms',
    ready: '.key-list',
    prepare: (gateway) => {
      gateway.alarmTargets = sampleTargets();
    },
    act: async (page) => {
      await page.locator('.key-list .button').first().click();
      await page.locator('.test-outcome[data-good=true]').waitFor();
      await page.locator('form [type=checkbox]').first().click();
      await page.locator('form [type=submit]').click();
      await page.locator('.field.invalid').first().waitFor();
    },
  },
  { name: 'no targets of alarms', route: '#/alarms', ready: 'form' },
  { name: 'directory log', route: '#/log', ready: '.page' },
  { name: 'new room', route: '#/new', ready: '.section' },
  { name: 'sign-in', route: ROOM, ready: '.sign-in' },
];
const APPEARANCES = [
  { language: 'ko', theme: 'dark', widths: [1280, 360] },
  { language: 'en', theme: 'light', widths: [360, 1920] },
] as const;
const TARGETS =
  'button:visible, a:visible, summary:visible, select:visible, input:visible:not([type=radio], [type=checkbox], [type=file])';
const TARGET_PX_MIN = 43.5;

const smallTargets = (page: Page) =>
  page
    .locator(TARGETS)
    .evaluateAll(
      (targets, min) =>
        targets
          .filter((target) => target.isConnected && target.getBoundingClientRect().height < min)
          .map(({ outerHTML }) => outerHTML),
      TARGET_PX_MIN,
    );

describe('appearance', () => {
  for (const { name, route, ready, prepare, act } of SCREENS) {
    consoleTest(
      `screen "${name}" passes axe, never scrolls sideways, and has targets of 44 px`,
      async ({ gateway, open }) => {
        for (const { language, theme, widths } of APPEARANCES) {
          const appearance = `${language}, ${theme}`;
          Object.assign(gateway, sampleGateway());
          prepare?.(gateway);
          const viewport = { width: widths[0], height: 800 };
          const page = await open({ route, role: name === 'sign-in' ? null : 'owner', language, theme, viewport });
          await page.locator(ready).first().waitFor();
          await act?.(page, gateway);
          expect(await complaints(page), appearance).toEqual([]);
          for (const width of widths) {
            await page.setViewportSize({ width, height: 800 });
            const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            expect(overhang, `${appearance} at ${width} px`).toBeLessThanOrEqual(0);
          }
          expect(await smallTargets(page), appearance).toEqual([]);
        }
      },
    );
  }

  consoleTest('a long Korean title is cut in the header and leaves tabs, clock and menu on one line', async (t) => {
    const { detail } = t.gateway.room('vaccine');
    t.gateway.room('vaccine').detail = { ...detail, site: { ...detail.site, title: LONG_TITLE } };
    const page = await t.open({ language: 'ko' });
    await roomState(page, '진행 중');
    const title = page.locator('.top-room b');
    await title.filter({ hasText: LONG_TITLE.ko }).waitFor();
    for (const width of [1280, 1024, 920]) {
      await page.setViewportSize({ width, height: 800 });
      const header = await page.locator('.top').boundingBox();
      expect(header?.height, `${width} px`).toBeLessThan(64);
    }
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      expect((await title.boundingBox())?.width, `${width} px`).toBeGreaterThan(40);
      for (const tab of await page.locator('.top nav a').all()) {
        expect((await tab.boundingBox())?.height, `${width} px`).toBeLessThan(64);
      }
    }
  });

  consoleTest('the menu closes on Escape and on a press outside', async ({ open }) => {
    const page = await open();
    await roomState(page, 'Open');
    const sheet = page.locator('.menu-sheet');
    await openMenu(page);
    await button(page, '한국어').focus();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');
    await openMenu(page);
    await page.locator('.band').click();
    await sheet.waitFor({ state: 'hidden' });
  });

  consoleTest('language and theme are stored for the next visit', async ({ open }) => {
    const page = await open();
    await roomState(page, 'Open');
    await openMenu(page);
    await page.getByRole('switch', { name: 'Light theme' }).click();
    await button(page, '한국어').click();
    await roomState(page, '진행 중');
    const { lang, theme } = await page.evaluate(() => ({
      lang: document.documentElement.lang,
      theme: document.documentElement.dataset['theme'],
    }));
    expect([lang, theme]).toEqual(['ko', 'light']);
    expect(await page.evaluate(() => localStorage.getItem('fairgate-console'))).toContain(
      '"language":"ko","theme":"light"',
    );
  });

  /** What a date and a time with seconds need in the widest of both languages. */
  const TIME_EM_MIN = 13;

  consoleTest('at 200 % and 400 % zoom no date is clipped, and nothing scrolls sideways', async ({ gateway, open }) => {
    Object.assign(gateway, sampleGateway(-60));
    for (const route of [`${ROOM}/settings`, '#/new']) {
      const page = await open({ route, role: 'owner', language: 'ko' });
      const times = page.locator('input[type=datetime-local]');
      await times.first().waitFor();
      // A viewport of half, or a quarter, of the width is what a page has at that zoom.
      for (const width of [1280, 960, 640, 320]) {
        await page.setViewportSize({ width, height: 800 });
        for (const time of await times.all()) {
          const em = await time.evaluate((field) => {
            return field.clientWidth / Number.parseFloat(getComputedStyle(field).fontSize);
          });
          expect(em, `${route} at ${width} px`).toBeGreaterThanOrEqual(TIME_EM_MIN);
        }
        const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overhang, `${route} at ${width} px`).toBeLessThanOrEqual(0);
      }
    }
  });

  consoleTest('every dialog closes on Escape and does nothing', async ({ gateway, open }) => {
    const page = await open({ role: 'owner' });
    await roomState(page, 'Open');
    const dialogs = page.locator('dialog[open]');
    const closes = async () => {
      await dialogs.first().waitFor();
      await page.keyboard.press('Escape');
      await dialogs.first().waitFor({ state: 'detached' });
    };
    for (const key of ['?', 'm']) {
      await page.keyboard.press(key);
      await closes();
    }
    // A press without a duration, as a screen reader makes it, asks in a dialog.
    const changes = () => gateway.requests.filter((line) => !line.startsWith('GET')).length;
    await button(page, /^Close room/).dispatchEvent('click');
    await closes();
    expect(changes()).toBe(0);
  });
});
