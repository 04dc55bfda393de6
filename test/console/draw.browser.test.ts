// The draw in the console, in Chromium against a fake gateway: how an opening is drawn, whether the relays answer, what is seen
// while the room draws, and the button that seals the draw again.

import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import type { Schedule } from '../../admin-ui/actions.ts';
import { en } from '../../admin-ui/strings-en.ts';
import { button, consoleTests, hold, polls, ROOM, roomState, text } from './console-page.ts';
import { type FakeGateway, rfc3339 } from './fake-gateway.ts';
import { problem } from './fake-gateway-server.ts';
import { sampleGateway } from './sample-data.ts';

const consoleTest = consoleTests();
const SETTINGS = `${ROOM}/settings`;
const TEST = 'POST /beacon/test';

const schedule = (page: Page) => page.getByRole('form', { name: 'Schedule' });
const choice = (page: Page, name: keyof typeof en.editor.beaconChoices) =>
  page.getByRole('radio', { name: en.editor.beaconChoices[name].label });
const relays = (page: Page) => page.getByRole('region', { name: 'Relays of public randomness' });

function setSchedule(gateway: FakeGateway, changes: Partial<Schedule>): void {
  const room = gateway.room('vaccine');
  room.detail = { ...room.detail, schedule: { ...room.detail.schedule, ...changes } };
}

function beforeOpening(gateway: FakeGateway, beacon: Schedule['beacon'] = null): void {
  Object.assign(gateway, sampleGateway(-60));
  setSchedule(gateway, { beacon });
}

describe('the schedule of an opening', () => {
  consoleTest('tests the relays once it is edited, and sends the choice with its deadline', async (t) => {
    beforeOpening(t.gateway);
    const page = await t.open({ route: SETTINGS });
    await choice(page, 'without').waitFor();
    expect(await choice(page, 'without').isChecked()).toBe(true);
    expect(t.requestCount(TEST)).toBe(0);
    await choice(page, 'with').check();
    await relays(page).getByText('api.drand.sh answered in 84 ms with number 27,946,612').waitFor();
    await relays(page).getByText('drand.cloudflare.com did not answer within 5 s').waitFor();
    expect(t.requestCount(TEST)).toBe(1);
    await schedule(page).getByLabel('Wait for it at most (s)').fill('20');
    await schedule(page).getByRole('button', { name: 'Save' }).click();
    await schedule(page).getByText('From 30 to 86,400.').waitFor();
    await schedule(page).getByLabel('Wait for it at most (s)').fill('600');
    await page.getByRole('radio', { name: 'Draw without it' }).check();
    await schedule(page).getByRole('button', { name: 'Save' }).click();
    await text(page, /Schedule changed at/);
    expect(t.gateway.room('vaccine').detail.schedule.beacon).toEqual({
      ...{ deadlineSeconds: 600, afterDeadline: 'withoutBeacon' },
    });
    await page.getByRole('button', { name: /^Undo/ }).first().click();
    await text(page, /Undone: Schedule changed/);
    expect(t.gateway.room('vaccine').detail.schedule.beacon).toBeNull();
  });

  consoleTest('says second by second what will happen', async ({ gateway, open }) => {
    beforeOpening(gateway, { deadlineSeconds: 300, afterDeadline: 'wait' });
    const page = await open({ route: SETTINGS });
    const steps = page.getByRole('region', { name: 'What happens at the opening' });
    await page.getByLabel('Opening', { exact: true }).fill('2031-08-05T20:00:00');
    await relays(page).getByText('answered in').waitFor();
    // Rounds are due at every multiple of 3 s, so one is due exactly 3 s after the opening.
    expect(
      (await steps.getByRole('listitem').allTextContents()).map((line) => line.split(' ').slice(0, 3).join(' ')),
    ).toEqual(['20:00:00 Entries close,', '20:00:03 Public random', 'About 20:00:04 The', '20:05:00 If no']);
    await choice(page, 'without').check();
    await steps.getByText('20:00:00 Entries close, and within two seconds').waitFor();
    expect(await steps.getByRole('listitem').count()).toBe(1);
  });

  consoleTest('warns where no relay answers and public randomness is chosen', async ({ gateway, open }) => {
    beforeOpening(gateway, { deadlineSeconds: 300, afterDeadline: 'wait' });
    gateway.relays = gateway.relays.map((relay) => ({ ...relay, fault: 'unreachable' as const }));
    const page = await open({ route: SETTINGS });
    await button(page, 'Test the relays').click();
    await text(page, en.editor.relays.noneButChosen);
    // What is in force stays chosen: only the operator changes it.
    expect(await choice(page, 'with').isChecked()).toBe(true);
  });

  consoleTest('waits for a test that somebody else has begun, and says why one failed', async (t) => {
    beforeOpening(t.gateway);
    let refusals = 2;
    t.gateway.overrides.set('testBeacon', () =>
      refusals-- > 0 ? problem(429, 'too-many-requests', {}, { 'Retry-After': '0' }) : null,
    );
    const page = await t.open({ route: SETTINGS });
    await button(page, 'Test the relays').click();
    await relays(page).getByText('api.drand.sh answered').waitFor();
    expect(t.requestCount(TEST)).toBe(3);
    t.gateway.overrides.set('testBeacon', () => problem(503, 'store-unreachable'));
    await button(page, 'Test again').click();
    await relays(page).getByText('The relays could not be tested. The store is not responding').waitFor();
  });

  consoleTest('cannot be drawn in another way once it has opened, but a new opening can', async ({ gateway, open }) => {
    setSchedule(gateway, { beacon: { deadlineSeconds: 300, afterDeadline: 'wait' } });
    const page = await open({ route: SETTINGS });
    await text(page, en.editor.beaconFixed);
    expect(await choice(page, 'without').isDisabled()).toBe(true);
    expect(await relays(page).count()).toBe(0);
    await page.getByLabel('Opening', { exact: true }).fill('2031-08-05T20:00:00');
    await choice(page, 'without').check();
    await hold(page, 'Save');
    await text(page, /New opening scheduled at/);
    expect(gateway.room('vaccine').detail.schedule.beacon).toBeNull();
  });

  consoleTest('is only shown to a viewer', async ({ gateway, open, requestCount }) => {
    beforeOpening(gateway, { deadlineSeconds: 300, afterDeadline: 'wait' });
    const page = await open({ route: SETTINGS, role: 'viewer' });
    await choice(page, 'with').waitFor();
    expect(await choice(page, 'without').isDisabled()).toBe(true);
    await button(page, 'Test the relays').click({ force: true });
    await polls(page, 1);
    expect(requestCount(TEST)).toBe(0);
  });
});

describe('a new room', () => {
  consoleTest('is drawn with public randomness where a relay answers', async ({ open }) => {
    const page = await open({ route: '#/new', role: 'owner' });
    await relays(page).getByText('api.drand.sh answered').waitFor();
    expect(await choice(page, 'with').isChecked()).toBe(true);
    expect(await page.getByLabel('Wait for it at most (s)').inputValue()).toBe('300');
    expect(await page.getByRole('radio', { name: 'Wait on' }).isChecked()).toBe(true);
  });

  consoleTest(
    'is drawn without it where none does, and says why, until the operator chooses',
    async ({ gateway, open }) => {
      gateway.relays = gateway.relays.map((relay) => ({ ...relay, fault: 'noAnswer' as const }));
      const page = await open({ route: '#/new', role: 'owner' });
      await relays(page).getByText(en.editor.relays.suggestsWithout).waitFor();
      expect(await choice(page, 'without').isChecked()).toBe(true);
      await choice(page, 'with').check();
      await relays(page).getByText(en.editor.relays.noneButChosen).waitFor();
      await button(page, 'Test again').click();
      await isTested(page);
      expect(await choice(page, 'with').isChecked()).toBe(true);
    },
  );
});

/** Lets the page draw what it has received. */
async function isTested(page: Page): Promise<void> {
  await button(page, 'Test again').and(page.locator('[aria-disabled=false]')).waitFor();
}

describe('the dashboard', () => {
  consoleTest('has the seal, the round and the addresses of the proof', async ({ gateway, open }) => {
    beforeOpening(gateway, { deadlineSeconds: 300, afterDeadline: 'wait' });
    const page = await open();
    const panel = page.getByRole('region', { name: 'Draw', exact: true });
    await panel.getByText('Sealed. The order is drawn at the opening.').waitFor();
    await panel.getByText(/number 39,155,756, due /).waitFor();
    await panel.getByText('630dcd2966c4…').waitFor();
    const link = panel.getByRole('link', { name: 'Proof page' });
    expect(await link.getAttribute('href')).toBe('https://booking.example/_fairgate/rooms/vaccine/proof');
    expect(await link.getAttribute('rel')).toBe('noreferrer');
  });

  consoleTest('copies the whole seal, or shows it where the browser does not allow that', async ({ open }) => {
    const page = await open();
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error()) } });
    });
    await button(page, 'Copy: Seal').click();
    await text(page, /^630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd$/);
  });

  consoleTest(
    'counts down to the order while the room draws, and then says how late it is',
    async ({ gateway, open }) => {
      const opensAt = Date.now() - 1_000;
      setSchedule(gateway, {
        opensAt: rfc3339(opensAt),
        beacon: { deadlineSeconds: 300, afterDeadline: 'withoutBeacon' },
      });
      gateway.room('vaccine').state = 'drawing';
      const page = await open();
      await roomState(page, 'Drawing');
      await text(page, /The order is expected in [1-6] s\./);
      setSchedule(gateway, { opensAt: rfc3339(opensAt - 60_000) });
      await text(page, /The public random number is \d+ s late\. At [\d:]+ the room draws without it\./);
      setSchedule(gateway, { beacon: { deadlineSeconds: 300, afterDeadline: 'wait' } });
      await text(page, /s late\. The room waits until a relay has it\./);
      gateway.room('vaccine').state = 'open';
      await text(page, /Drawn among 312,408 entries\./);
    },
  );

  consoleTest('lets an owner seal the draw again before the opening, by a second of pressing', async (t) => {
    beforeOpening(t.gateway);
    const page = await t.open({ role: 'owner' });
    await text(page, en.danger.recommitNote);
    await button(page, /^Seal the draw again/).click();
    expect(t.requestCount('POST /rooms/vaccine/recommit')).toBe(0);
    await hold(page, 'Seal the draw again');
    await text(page, /Draw sealed again at/);
    await text(page, 'Cannot be undone.');
    expect(t.requestCount('POST /rooms/vaccine/recommit')).toBe(1);
  });

  consoleTest('offers that to no one else, and not after the opening', async ({ gateway, open, requestCount }) => {
    const owner = await open({ role: 'owner' });
    await roomState(owner, 'Open');
    expect(await button(owner, /^Seal the draw again/).count()).toBe(0);
    beforeOpening(gateway);
    const page = await open({ role: 'operator' });
    const seal = button(page, /^Seal the draw again/);
    await seal.waitFor();
    expect(await seal.getAttribute('aria-disabled')).toBe('true');
    await seal.hover();
    await page.mouse.down();
    await polls(page, 2);
    await page.mouse.up();
    expect(requestCount('POST /rooms/vaccine/recommit')).toBe(0);
  });
});
