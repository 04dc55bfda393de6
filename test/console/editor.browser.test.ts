// Settings, new rooms, the log, keys and previews in Chromium against a fake gateway.

import { describe, expect } from 'vitest';
import { en } from '../../admin-ui/strings-en.ts';
import { PREVIEW_KINDS } from '../../worker/contract/operator-api.ts';
import { complaints } from '../axe.ts';
import { button, consoleTests, hold, ROOM, text } from './console-page.ts';
import { type FakeGateway, rfc3339 } from './fake-gateway.ts';
import { sampleGateway } from './sample-data.ts';

const consoleTest = consoleTests();

describe('settings', () => {
  const settings = `${ROOM}/settings`;

  consoleTest('are sent only once valid, each group by its own button', async ({ gateway, open, requestCount }) => {
    const page = await open({ route: settings, role: 'owner' });
    await page.getByLabel('Session, minutes').fill('45');
    await page.getByLabel('Hosts', { exact: true }).fill('Booking.Example');
    const policy = page.getByRole('form', { name: 'Speed and sessions' });
    await policy.getByRole('button', { name: 'Save' }).click();
    await policy.getByText('From 1 to 30.').waitFor();
    expect(await page.getByLabel('Session, minutes').getAttribute('aria-invalid')).toBe('true');
    expect(requestCount('PUT /rooms/vaccine/policy')).toBe(0);
    await page.getByLabel('Session, minutes').fill('15');
    await policy.getByRole('button', { name: 'Save' }).click();
    await text(page, /Speed and sessions changed at/);
    expect(gateway.room('vaccine').detail.policy.sessionMinutes).toBe(15);
    // The draft of the other group is still there.
    expect(await page.getByLabel('Hosts', { exact: true }).inputValue()).toBe('Booking.Example');
    const before = gateway.room('vaccine').detail.site;
    await page.getByLabel('Hosts', { exact: true }).fill('booking.example');
    const site = page.getByRole('form', { name: 'Protected site' });
    await site.getByRole('button', { name: 'Save' }).click();
    await text(page, /Site changed at/);
    expect(gateway.room('vaccine').detail.site).toEqual({ ...before, hosts: ['booking.example'] });
  });

  const changePolicy = (gateway: FakeGateway, changes: object) =>
    gateway.changeBy('김도윤', 'vaccine', 'setPolicy', {}, {}, (room) => {
      room.detail = { ...room.detail, policy: { ...room.detail.policy, ...changes } };
    });

  consoleTest('with a conflict show both values and save the chosen one, keeping other changes', async (t) => {
    const page = await t.open({ route: settings });
    await page.locator('#policy-rate').fill('2500');
    await page.getByLabel('Session, minutes').fill('12');
    changePolicy(t.gateway, { newUsersPerMinute: 1_500, claimWindowMinutes: 7 });
    const conflict = page.getByRole('region', { name: /Changed while you were editing/ });
    await conflict.getByRole('row', { name: 'People per minute 1,500 2500' }).waitFor();
    await conflict.getByText(/^김도윤 at /).waitFor();
    await conflict.getByRole('button', { name: 'Use what is in force' }).click();
    expect(await page.locator('#policy-rate').inputValue()).toBe('1,500');
    expect(await page.getByLabel('Session, minutes').inputValue()).toBe('12');
    await page.locator('#policy-rate').fill('2600');
    changePolicy(t.gateway, { newUsersPerMinute: 1_600 });
    await conflict.getByRole('button', { name: 'Save what I typed' }).click();
    await text(page, /Changed people per minute 1,600 → 2,600/);
    expect(t.gateway.room('vaccine').detail.policy).toMatchObject({
      ...{ newUsersPerMinute: 2_600, sessionMinutes: 12, claimWindowMinutes: 7 },
    });
  });

  consoleTest('saved after a conflict leave the other operator’s fields unchanged', async ({ gateway, open }) => {
    const page = await open({ route: settings });
    await page.locator('#policy-rate').fill('2500');
    changePolicy(gateway, { newUsersPerMinute: 1_500, claimWindowMinutes: 7 });
    const form = page.getByRole('form', { name: 'Speed and sessions' });
    await form.getByRole('row', { name: 'People per minute 1,500 2500' }).waitFor();
    const save = form.getByRole('button', { name: 'Save', exact: true });
    await save.click();
    await form.getByRole('alert').getByText('Changed while you were editing').waitFor();
    await save.click();
    await text(page, /Changed people per minute 1,500 → 2,500/);
    expect(gateway.room('vaccine').detail.policy).toMatchObject({ newUsersPerMinute: 2_500, claimWindowMinutes: 7 });
  });

  consoleTest('without a conflicting field are merged and saved at once', async ({ gateway, open, requestCount }) => {
    const page = await open({ route: settings });
    await page.getByLabel('Session, minutes').fill('12');
    // The console has not seen the change when it saves; it learns of it from the gateway's reply.
    gateway.overrides.set('live', () => new Response(null, { status: 502 }));
    changePolicy(gateway, { newUsersPerMinute: 1_500 });
    await page.getByRole('form', { name: 'Speed and sessions' }).getByRole('button', { name: 'Save' }).click();
    await text(page, /Speed and sessions changed at|Changed people/);
    expect(gateway.room('vaccine').detail.policy).toMatchObject({ newUsersPerMinute: 1_500, sessionMinutes: 12 });
    expect(requestCount('PUT /rooms/vaccine/policy')).toBe(2);
  });

  consoleTest('show times in the room’s zone, and undo a moved opening before it opens', async ({ gateway, open }) => {
    Object.assign(gateway, sampleGateway(-60));
    const page = await open({ route: settings, timezoneId: 'Europe/Berlin' });
    await page.getByLabel('Opening', { exact: true }).fill('2027-08-05T20:00:00');
    await text(page, /your time .*13:00:00 · UTC .*11:00:00/);
    await page.getByRole('form', { name: 'Schedule' }).getByRole('button', { name: 'Save' }).click();
    await text(page, /Schedule changed at/);
    expect(gateway.room('vaccine').detail.schedule.opensAt).toBe('2027-08-05T11:00:00.000Z');
    const before = gateway.room('vaccine').records.at(-1)?.from as { opensAt: string };
    await button(page, 'Undo').click();
    await text(page, /Undone: Schedule changed/);
    expect(gateway.room('vaccine').detail.schedule.opensAt).toBe(before.opensAt);
  });

  consoleTest('move the closing after the opening, and offer to undo it', async ({ open, requestCount }) => {
    const page = await open({ route: settings });
    await page.getByLabel('Closing', { exact: true }).fill('2030-08-05T20:00:00');
    const form = page.getByRole('form', { name: 'Schedule' });
    await form.getByText('To change only the closing').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => requestCount('PUT /rooms/vaccine/schedule')).toBe(1);
    await text(page, /Schedule changed at/);
    await page.getByRole('button', { name: /^Undo/ }).first().waitFor();
  });

  consoleTest('need a second of pressing where a new opening starts a new round', async ({ open, requestCount }) => {
    const page = await open({ route: settings });
    await page.getByLabel('Opening', { exact: true }).fill('2030-08-05T20:00:00');
    const form = page.getByRole('form', { name: 'Schedule' });
    await form
      .getByText(/Starts a new round: ends the sessions of [\d,]+ people, and [\d,]+ people who wait lose/)
      .waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    expect(requestCount('PUT /rooms/vaccine/schedule')).toBe(0);
    await hold(page, 'Save');
    await text(page, /New opening scheduled at/);
    await text(page, 'Cannot be undone.');
  });

  consoleTest('upload and remove a custom waiting page, and archive a closed room', async ({ gateway, open }) => {
    gateway.room('vaccine').state = 'closed';
    const page = await open({ route: settings, role: 'owner' });
    const file = { name: 'wait.html', mimeType: 'text/html', buffer: Buffer.from('<h1>{{waitTime}}</h1>') };
    await page.locator('input[type=file]').setInputFiles(file);
    await button(page, 'Upload').click();
    await text(page, 'Visitors see your custom page.');
    await hold(page, 'Use Fairgate’s pages');
    await text(page, 'Visitors see Fairgate’s pages.');
    await hold(page, 'Archive room');
    await text(page, 'This room is archived. You can still read its log.');
  });

  consoleTest('of a new room show the gateway’s errors at their fields', async ({ gateway, open }) => {
    const page = await open({ route: '#/new', role: 'owner' });
    await button(page, 'Check').click();
    const summary = page.getByRole('alert').filter({ hasText: 'Not saved: some values are not valid.' });
    await summary.waitFor();
    await summary.getByRole('button', { name: 'Site address' }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('origin');
    await page.getByLabel('Hosts', { exact: true }).fill('booking.example');
    await page.getByLabel('ID', { exact: true }).fill('booking');
    await page.getByLabel('Title in Korean').fill('예약');
    await page.getByLabel('Title in English').fill('Booking');
    await page.getByLabel('Protected paths').fill('/taken');
    await page.getByLabel('Site address').fill('https://origin.example');
    await page.getByLabel('Opening', { exact: true }).fill('2030-08-05T20:00:00');
    await page.locator('.relays .good').waitFor();
    await button(page, 'Check').click();
    await text(page, en.editor.fieldErrors.overlap('vaccine', '*/taken'));
    await page.getByLabel('Protected paths').fill('/book');
    await button(page, 'Check').click();
    await text(page, en.editor.siteAnswer({ kind: 'answered', status: 200, ms: 42 }));
    await text(page, en.editor.takesNothing);
    expect(gateway.rooms.has('booking')).toBe(false);
    await button(page, en.editor.create).click();
    await text(page, en.editor.planNote);
    expect(gateway.room('booking')).toMatchObject({ state: 'closed', isPlan: true });
    expect(gateway.room('booking').detail.schedule.opensAt).toBe('2030-08-05T11:00:00.000Z');
    await button(page, en.editor.announcePlan).click();
    await text(page, /Schedule changed at/);
    expect(gateway.room('booking').state).toBe('prequeue');
  });
});

consoleTest(
  'below the log of a room stands what its site said, and whether it was obeyed',
  async ({ gateway, open }) => {
    const said = { at: rfc3339(gateway.now()), epoch: 1 };
    const lots = [{ id: 'a', name: { ko: '강남구', en: 'Gangnam' }, remaining: 3, asOf: said.at, price: null }];
    gateway.room('vaccine').calls = [
      { ...said, seq: 1, by: null, kind: 'stock', remaining: 12, asOf: said.at, lots },
      { ...said, seq: 2, by: 'site-1', kind: 'complete', position: 1_204, refused: null },
      { ...said, seq: 3, by: 'site-1', kind: 'readmit', position: 1_204, refused: 'completed' },
      { ...said, seq: 4, by: 'site-1', kind: 'overload', forMs: 60_000 },
    ];
    const page = await open({ route: `${ROOM}/log` });
    const panel = page.getByRole('region', { name: en.siteCalls.title });
    await panel.getByText('#4').waitFor();
    const rows = await panel
      .locator('li')
      .evaluateAll((all) =>
        all.map((row) => [row.querySelector('.by')?.textContent, row.querySelector('.change')?.textContent]),
      );
    expect(rows).toEqual([
      ['key site-1', 'Asks for no more visitors for 60 s'],
      ['key site-1', 'Turn given back: position 1,204 · not done: completed already'],
      ['key site-1', 'Completed: position 1,204'],
      ['in a response', '12 left · Gangnam 3'],
    ]);
    expect(await complaints(page)).toEqual([]);
  },
);

consoleTest('the log describes changes, filters them, and reports an altered record', async ({ gateway, open }) => {
  const page = await open({ route: `${ROOM}/log`, language: 'ko' });
  await text(page, '속도·이용 시간');
  const entry = page.getByRole('listitem').filter({ hasText: '속도·이용 시간' });
  expect((await entry.textContent())?.replaceAll(/\s+/g, ' ')).toContain('분당 입장이전 1,200→이후 2,000');
  await page.getByLabel('검색').fill('김도윤');
  await page.getByLabel('종류').selectOption('message');
  expect(await page.locator('.log > li').count()).toBe(1);
  await page.getByLabel('검색').fill('아무것도');
  await text(page, '조건에 맞는 기록이 없습니다.');
  await button(page, '위변조 검사').click();
  await text(page, /기록 5건: 누락·위변조 없음/);
  const [first] = gateway.room('vaccine').records;
  if (first !== undefined) first.action = 'close';
  await button(page, '위변조 검사').click();
  await text(page, '누락되거나 위변조된 기록이 있습니다.');
  expect(await page.getByRole('link', { name: 'CSV 내려받기' }).getAttribute('href')).toBe(
    '/_fairgate/operator/rooms/vaccine/audit.csv',
  );
});

consoleTest('a created key is shown once and can be removed', async ({ open }) => {
  const page = await open({ route: '#/keys', role: 'owner' });
  await page.getByLabel('Name', { exact: true }).fill('Park');
  await page.getByLabel(/^operator/).check();
  await button(page, 'Create key').click();
  const dialog = page.getByRole('dialog', { name: 'Key for Park' });
  await dialog.getByText('created-key-3').waitFor();
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'I have handed it over' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain('created-key-3');
  const entry = page.getByRole('listitem').filter({ hasText: 'Park' });
  await entry.getByRole('button', { name: 'Remove' }).hover();
  await page.mouse.down();
  await entry.waitFor({ state: 'detached' });
  await page.mouse.up();
});

consoleTest(
  'a key for one room until a day is made, and shows its bounds and its last use',
  async ({ open, gateway }) => {
    const [, second] = gateway.keys;
    if (second !== undefined) {
      second.lastUse = { at: '2026-05-03T10:00:00.000Z', from: '203.0.113.7' };
      second.expiresAt = '2026-05-04T10:00:00.000Z';
    }
    const page = await open({ route: '#/keys', role: 'owner' });
    const expired = page.locator('.key-list [data-expired=true]');
    expect(await expired.textContent()).toMatch(/expired .*last used .* from 203\.0\.113\.7/s);
    await page.getByLabel('Name', { exact: true }).fill('Park');
    await page.getByRole('checkbox', { name: 'All rooms' }).uncheck();
    await button(page, 'Create key').click();
    await page.getByText('Choose at least one room, or all.').waitFor();
    await page.getByLabel('marathon').check();
    await page.getByLabel('Valid until the end of').fill('2020-01-01');
    await button(page, 'Create key').click();
    await page.getByText('Set a day that is not over, or none.').waitFor();
    await page.getByLabel('Valid until the end of').fill('2031-03-02');
    await button(page, 'Create key').click();
    await page.getByRole('button', { name: 'I have handed it over' }).click();
    const entry = page.getByRole('listitem').filter({ hasText: 'Park' });
    expect(await entry.textContent()).toMatch(/marathon.*until .*not used yet/s);
    expect(gateway.keys.at(-1)).toMatchObject({
      rooms: ['marathon'],
      expiresAt: expect.stringMatching(/^2031-03-0[23]T\d\d:59:59/),
    });
  },
);

consoleTest('says who else has the room on the console, and nothing of oneself', async ({ open, gateway }) => {
  const since = '2026-05-03T10:00:00.000Z';
  gateway.operators = [
    { name: 'Me', role: 'operator', since, isYou: true },
    { name: 'Kim', role: 'owner', since, isYou: false },
  ];
  const page = await open({ route: ROOM });
  await text(page, 'Also on this room: Kim (owner)');
  gateway.operators = [{ name: 'Me', role: 'operator', since, isYou: true }];
  await page.locator('.others').waitFor({ state: 'detached' });
});

consoleTest('an operator of one room sees that room, and no way to anything else', async ({ open, gateway }) => {
  for (const key of gateway.keys) if (key.role === 'operator') key.rooms = ['vaccine'];
  const page = await open({ route: '#/rooms', role: 'operator' });
  await page.locator('.room').first().waitFor();
  const links = await page.locator('header nav a').allTextContents();
  expect(links).toEqual(['Rooms']);
  await page.locator('.room', { hasText: 'vaccine' }).click();
  await page.locator('.uplot').first().waitFor();
  await page.keyboard.press('m');
  await page.getByRole('dialog').waitFor();
  expect(gateway.requests.filter((request) => request.includes('/messages'))).toEqual([]);
});

consoleTest('visitor pages are previewed in every state and both languages, without scripts', async ({ open }) => {
  const page = await open({ route: `${ROOM}/preview` });
  await page.frameLocator('iframe').getByRole('heading', { name: 'waiting en' }).waitFor();
  await button(page, '한국어').click();
  await button(page, 'Turn missed').click();
  await page.frameLocator('iframe').getByRole('heading', { name: 'lapsed ko' }).waitFor();
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await page.waitForFunction((count) => document.querySelectorAll('iframe').length === count, PREVIEW_KINDS.length);
  expect(
    await page.locator('iframe').evaluateAll((frames) => frames.map((frame) => frame.getAttribute('sandbox'))),
  ).toEqual(Array(PREVIEW_KINDS.length).fill(''));
});
