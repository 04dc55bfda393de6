// What would open, end or wipe something says how many people it touches and takes a second of pressing; no undo and no shortcut does
// it; and what the console says of an action leaves when it is not so any more. In Chromium against a fake gateway.

import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { en } from '../../admin-ui/strings-en.ts';
import { complaints } from '../axe.ts';
import { button, consoleTests, hold, polls, ROOM, roomState, text } from './console-page.ts';
import { type FakeGateway, rfc3339 } from './fake-gateway.ts';
import { sampleGateway } from './sample-data.ts';

const consoleTest = consoleTests();
const SETTINGS = `${ROOM}/settings`;
const SET = 'PUT /rooms/vaccine/schedule';

const schedule = (page: Page) => page.getByRole('form', { name: 'Schedule' });
const opening = (page: Page) => page.getByLabel('Opening', { exact: true });
const save = (page: Page) => schedule(page).getByRole('button', { name: 'Save' });

function beforeOpening(gateway: FakeGateway, entries = 500): void {
  Object.assign(gateway, sampleGateway(-60));
  const room = gateway.room('vaccine');
  room.numbers = { ...room.numbers, waiting: entries, entries, active: 0, outstanding: 0 };
}

describe('a schedule', () => {
  consoleTest('with a time in the past says that it opens now, and is not saved by a click', async (t) => {
    beforeOpening(t.gateway);
    const page = await t.open({ route: SETTINGS });
    await page.getByLabel('Entries from').fill('');
    await opening(page).fill('2020-08-05T08:36:00');
    await schedule(page).getByText('Opens NOW for 500 people: entries close and the order is drawn.').waitFor();
    await save(page).click();
    await polls(page, 1);
    expect(t.requestCount(SET)).toBe(0);
    // Enter in a field saves no more than a click does.
    await opening(page).press('Enter');
    await polls(page, 1);
    expect(t.requestCount(SET)).toBe(0);
    expect(await complaints(page)).toEqual([]);
    await hold(page, 'Save');
    await text(page, /Schedule changed at/);
    expect(t.gateway.room('vaccine').state).toBe('open');
    // What it did cannot be undone, by the button or by the key.
    expect(await page.getByRole('button', { name: /^Undo/ }).count()).toBe(0);
    await page.goto(page.url().replace('/settings', ''));
    await roomState(page, 'Open');
    await page.keyboard.press('z');
    await polls(page, 1);
    expect(t.requestCount(SET)).toBe(1);
  });

  consoleTest('that the gateway finds to do more is shown with what it does, before it is done', async (t) => {
    beforeOpening(t.gateway);
    const page = await t.open({ route: SETTINGS });
    await opening(page).fill('2031-08-05T20:00:00');
    // The room opens meanwhile, and this console does not hear of it.
    t.gateway.overrides.set('live', () => new Response(null, { status: 502 }));
    t.gateway.room('vaccine').state = 'open';
    t.gateway.room('vaccine').numbers = { ...t.gateway.room('vaccine').numbers, waiting: 1_204, active: 212 };
    await save(page).click();
    await schedule(page)
      .getByText('Starts a new round: ends the sessions of 212 people, and 1,204 people who wait lose their numbers.')
      .first()
      .waitFor();
    expect(t.gateway.room('vaccine').state).toBe('open');
    await hold(page, 'Save');
    await expect.poll(() => t.requestCount(SET)).toBe(2);
  });

  consoleTest('is moved and undone by no shortcut', async (t) => {
    beforeOpening(t.gateway);
    const page = await t.open({ route: SETTINGS });
    await opening(page).fill('2031-08-05T20:00:00');
    await save(page).click();
    await text(page, /Schedule changed at/);
    const moved = t.gateway.room('vaccine').detail.schedule.opensAt;
    expect(await page.getByRole('button', { name: 'Undo' }).getAttribute('aria-keyshortcuts')).toBeNull();
    await page.goto(page.url().replace('/settings', ''));
    await roomState(page, 'Taking entries');
    await page.keyboard.press('z');
    await text(page, en.actionLog.undoByButton);
    expect(t.gateway.room('vaccine').detail.schedule.opensAt).toBe(moved);
    await button(page, 'Undo').click();
    await text(page, /Undone: Schedule changed/);
    expect(t.gateway.room('vaccine').detail.schedule.opensAt).not.toBe(moved);
  });
});

describe('an opening', () => {
  consoleTest('is cancelled by a second of pressing, and announced again by an undo', async ({ gateway, open }) => {
    beforeOpening(gateway);
    const page = await open();
    await text(page, /500 people in the draw keep their entries for another opening\. You can undo this\./);
    await hold(page, 'Cancel the opening');
    await roomState(page, 'Closed');
    await text(page, en.stateNotes.cancelled);
    expect(await complaints(page)).toEqual([]);
    await button(page, 'Undo').click();
    await roomState(page, 'Taking entries');
    expect(gateway.room('vaccine').state).toBe('prequeue');
  });

  consoleTest('that was moved shows from when, until the room opens', async ({ gateway, open }) => {
    beforeOpening(gateway);
    gateway.room('vaccine').moved = { was: '2027-08-05T11:00:00.000Z', at: rfc3339(Date.now()) };
    const page = await open();
    await text(page, /moved, was /);
  });

  consoleTest('by hand, and closing, say for how many people', async ({ gateway, open }) => {
    beforeOpening(gateway, 1);
    const page = await open();
    await text(page, 'Opens NOW for 1 person: entries close and the order is drawn.');
    const room = gateway.room('vaccine');
    Object.assign(room, { state: 'open', numbers: { ...room.numbers, waiting: 1_204, active: 212 } });
    await text(page, /^1,204 people who wait can no longer enter; 212 people inside may stay/);
    room.state = 'closed';
    await text(
      page,
      /^Starts a new round: ends the sessions of 212 people, and 1,204 people who wait lose their numbers\./,
    );
  });
});

describe('a room', () => {
  const fill = async (page: Page) => {
    await page.getByLabel('ID', { exact: true }).fill('event');
    await page.getByLabel('Title in Korean').fill('행사');
    await page.getByLabel('Title in English').fill('Event');
    await page.getByLabel('Hosts', { exact: true }).fill('localhost');
    await page.getByLabel('Protected paths').fill('/');
    await page.getByLabel('Site address').fill('https://origin.example');
    await opening(page).fill('2030-08-05T20:00:00');
    await page.locator('.relays .good').waitFor();
  };

  consoleTest('that takes addresses says from whom and how many are there, and is made by pressing', async (t) => {
    const takesFrom = [
      { room: 'demo', title: { ko: '데모', en: 'Demo' }, routes: ['localhost/'], waiting: 400, active: 12 },
    ];
    t.gateway.roomPreview = { ...t.gateway.roomPreview, takesFrom, siteAnswer: { kind: 'unreachable' } };
    const page = await t.open({ route: '#/new', role: 'owner' });
    await fill(page);
    await button(page, 'Check').click();
    await text(page, 'Takes localhost/ from room demo: 412 people there.');
    await text(page, en.editor.siteAnswer({ kind: 'unreachable' }));
    expect(await complaints(page)).toEqual([]);
    await button(page, en.editor.create).click();
    expect(t.requestCount('POST /rooms')).toBe(0);
    // Another value needs another check.
    await page.getByLabel('Title in English').fill('Events');
    await button(page, 'Check').click();
    await text(page, 'Takes localhost/ from room demo: 412 people there.');
    await hold(page, en.editor.create);
    await text(page, en.editor.planNote);
    expect(t.gateway.room('event').state).toBe('closed');
  });

  consoleTest('whose site is changed so that it takes addresses asks first', async (t) => {
    const takesFrom = [
      { room: 'demo', title: { ko: '데모', en: 'Demo' }, routes: ['new.example/'], waiting: null, active: null },
    ];
    t.gateway.roomPreview = { ...t.gateway.roomPreview, takesFrom };
    const page = await t.open({ route: SETTINGS, role: 'owner' });
    await page.getByLabel('Hosts', { exact: true }).fill('new.example');
    const site = page.getByRole('form', { name: 'Protected site' });
    await site.getByRole('button', { name: 'Save' }).click();
    await site.getByText('Takes new.example/ from room demo: how many people are there is not known.').waitFor();
    expect(t.gateway.room('vaccine').detail.site.hosts).toEqual(['*']);
    await hold(page, 'Save');
    await text(page, /Site changed at/);
    expect(t.gateway.room('vaccine').detail.site.hosts).toEqual(['new.example']);
  });

  consoleTest('is duplicated but for its id, hosts, schedule and state', async ({ gateway, open }) => {
    gateway.room('vaccine').detail = { ...gateway.room('vaccine').detail, hasTemplate: true };
    const page = await open({ route: SETTINGS, role: 'owner' });
    await button(page, 'Duplicate').click();
    await page.getByRole('heading', { name: 'New room like vaccine' }).waitFor();
    const value = (name: string) => page.getByLabel(name, { exact: true }).inputValue();
    expect([await value('ID'), await value('Hosts'), await value('Opening')]).toEqual(['', '', '']);
    expect([await value('Title in Korean'), await value('Exempt requests')]).toEqual(['예방접종 사전예약', '/static']);
    await page.getByLabel('ID', { exact: true }).fill('copy');
    await page.getByLabel('Hosts', { exact: true }).fill('copy.example');
    await opening(page).fill('2030-08-05T20:00:00');
    await button(page, 'Check').click();
    await button(page, en.editor.create).click();
    await text(page, en.editor.planNote);
    const { policy, site, hasTemplate } = gateway.room('copy').detail;
    const original = gateway.room('vaccine').detail;
    expect([policy, site, hasTemplate]).toEqual([original.policy, { ...original.site, hosts: ['copy.example'] }, true]);
  });
});

describe('messages', () => {
  consoleTest('are picked, edited, kept for others and removed', async ({ gateway, open }) => {
    const page = await open();
    // The shortcut is for a room that is on the screen.
    await roomState(page, 'Open');
    await page.keyboard.press('m');
    const dialog = page.getByRole('dialog', { name: 'Message to waiting visitors' });
    await dialog.getByLabel('Begin with').selectOption({ label: 'Entry is paused' });
    const english = dialog.getByLabel('English', { exact: true });
    expect(await english.inputValue()).toContain('Entry is paused while we check the site.');
    await english.fill('Entry is paused for ten minutes.');
    await dialog.getByRole('button', { name: 'Keep for later' }).click();
    await expect.poll(() => gateway.messages.length).toBe(1);
    expect(await complaints(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Post', exact: true }).click();
    await text(page, /Message posted at/);
    expect(gateway.room('vaccine').message?.text.en).toBe('Entry is paused for ten minutes.');
    await page.keyboard.press('m');
    await dialog.getByLabel('Begin with').selectOption({ label: 'Entry is paused for ten minutes.' });
    await dialog.getByRole('button', { name: 'Remove from the kept ones' }).click();
    await expect.poll(() => gateway.messages.length).toBe(0);
  });
});

describe('what the console says of an action', () => {
  consoleTest('leaves when another operator has changed the same thing since', async ({ gateway, open }) => {
    const page = await open();
    await page.locator('.flow-button.paused').click();
    const said = page.getByText(/^Paused at .* by you\.$/);
    await said.waitFor();
    gateway.changeBy('김도윤', 'vaccine', 'setMessage', { text: null }, { text: null }, () => {});
    await polls(page, 2);
    expect(await said.count()).toBe(1);
    gateway.changeBy('김도윤', 'vaccine', 'setFlow', { flow: 'paused' }, { flow: 'running' }, (room) => {
      Object.assign(room, { flow: 'running', state: 'open' });
    });
    await said.waitFor({ state: 'detached' });
  });

  consoleTest('leaves after a minute, but not from under the pointer', async ({ gateway, open }) => {
    const page = await open();
    await page.locator('.flow-button.paused').click();
    const said = page.getByText(/^Paused at .* by you\.$/);
    await said.waitFor();
    await page.locator('.actions').hover();
    gateway.now = () => Date.now() + 70_000;
    await polls(page, 2);
    expect(await said.count()).toBe(1);
    await page.mouse.move(5, 5);
    await said.waitFor({ state: 'detached' });
  });

  consoleTest('of a change that failed leaves once the next one settles it', async ({ gateway, open }) => {
    const page = await open();
    gateway.overrides.set('pause', () => new Response(null, { status: 502 }));
    await page.locator('.flow-button.paused').click();
    await text(page, en.unanswered);
    gateway.overrides.delete('pause');
    await page.locator('.flow-button.paused').click();
    await text(page, /^Paused at .* by you\.$/);
    expect(await page.locator('.actions').getByText(en.unanswered).count()).toBe(0);
  });
});
