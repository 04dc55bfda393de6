// Alarms in Chromium against a fake gateway: who knows of one, whom it was told, and the webhooks that hear of them.

import { expect } from 'vitest';
import { button, consoleTests, text } from './console-page.ts';
import { sampleRaised, sampleTargets } from './sample-data.ts';

const consoleTest = consoleTests();

consoleTest(
  'an alarm says since when, who knows of it, and whom it was told and was not',
  async ({ gateway, open }) => {
    const room = gateway.room('vaccine');
    room.alarms = [
      { kind: 'originStopped', since: new Date().toISOString(), cause: { kind: 'errors', percent: 63 } },
      { kind: 'limitReached', active: 12_000 },
    ];
    room.raised = sampleRaised();
    const page = await open({ language: 'en' });
    await text(page, /since \d\d:\d\d:\d\d · acknowledged by 이서연 at \d\d:\d\d:\d\d · told to 당직 채널/);
    await text(page, 'Did not reach On-call pager: it answered 503.');
    // What is known is not to be acknowledged again.
    expect(await button(page, 'Acknowledge').count()).toBe(1);
    await button(page, 'Acknowledge').click();
    await text(page, /acknowledged by 이서연 at .* · being told to 당직 채널/);
    await expect.poll(() => button(page, 'Acknowledge').count()).toBe(0);
    expect(room.records.at(-1)).toMatchObject({ action: 'acknowledgeAlarm', to: { alarm: 'limitReached' } });
  },
);

consoleTest('a viewer is told why an alarm cannot be acknowledged', async ({ gateway, open }) => {
  const room = gateway.room('vaccine');
  room.alarms = [{ kind: 'limitReached', active: 12_000 }];
  room.raised = sampleRaised().slice(1);
  const page = await open({ role: 'viewer', language: 'en' });
  await button(page, 'Acknowledge').click({ force: true });
  await text(page, 'Your key has the role viewer, which does not allow this.');
  expect(room.raised[0]?.acknowledged).toBeNull();
});

consoleTest('a webhook is added, its secret shown once, tried, changed and removed', async ({ gateway, open }) => {
  const page = await open({ route: '#/alarms', role: 'owner', language: 'en' });
  await text(page, 'Alarms are shown in the console only.');
  await page.getByLabel('Name', { exact: true }).fill('Night shift');
  await page.getByLabel('Webhook address').fill('http://hooks.example/x');
  await button(page, 'Add webhook').click();
  await text(page, /public https addresses only/);
  await page.getByLabel('Webhook address').fill('https://hooks.example/T0/secret-path');
  await button(page, 'Add webhook').click();
  const dialog = page.getByRole('dialog', { name: 'Secret of Night shift' });
  await dialog.getByText('whsec_t1').waitFor();
  await dialog.getByRole('button', { name: 'I have stored it' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain('whsec_t1');
  expect(await page.content()).not.toContain('secret-path');

  const entry = page.getByRole('listitem').filter({ hasText: 'Night shift' });
  await entry.getByRole('button', { name: 'Send a test' }).click();
  await entry.getByText('Delivered: answered 204 after 48 ms.').waitFor();
  gateway.alarmTest = { isDelivered: false, status: 404, fault: null, ms: 12 };
  await entry.getByRole('button', { name: 'Send a test' }).click();
  await entry.getByText('Not delivered: answered 404. Check the address.').waitFor();

  await entry.getByRole('button', { name: 'Change' }).click();
  await page.getByLabel(/^Urgent only/).check();
  await page.getByRole('checkbox', { name: 'All rooms' }).uncheck();
  await button(page, 'Save').click();
  await text(page, 'Choose at least one room.');
  await page.getByLabel('vaccine').check();
  await button(page, 'Save').click();
  await entry.getByText(/Urgent only · vaccine/).waitFor();
  expect(gateway.alarmTargets).toMatchObject([
    { severityMin: 'critical', rooms: ['vaccine'], host: 'https://hooks.example' },
  ]);

  await entry.getByRole('button', { name: 'New secret' }).click();
  await page.getByRole('dialog').getByText('whsec_rotated').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'I have stored it' }).click();
  await entry.getByRole('button', { name: 'Remove' }).hover();
  await page.mouse.down();
  await entry.waitFor({ state: 'detached' });
  await page.mouse.up();
});

consoleTest('only owners find the webhooks', async ({ gateway, open }) => {
  gateway.alarmTargets = sampleTargets();
  const page = await open({ route: '#/rooms', role: 'operator', language: 'en' });
  await page.locator('.room').first().waitFor();
  expect(await page.getByRole('link', { name: 'Alarms' }).count()).toBe(0);
});
