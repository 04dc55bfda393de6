// The event report in the console: beside the log of a room, about the last opening or a range of time in the room's zone.

import { expect } from 'vitest';
import { complaints } from '../axe.ts';
import { consoleTests, ROOM } from './console-page.ts';

const consoleTest = consoleTests();

consoleTest('the event report of the last opening is downloaded from the log, also by a viewer', async ({ open }) => {
  const page = await open({ route: `${ROOM}/log`, role: 'viewer', language: 'ko' });
  const downloaded = page.waitForEvent('download');
  await page.getByRole('link', { name: '보고서 받기' }).click();
  const { pathname, search } = new URL((await downloaded).url());
  expect([pathname, search]).toEqual(['/_fairgate/operator/rooms/vaccine/report', '?language=ko']);
  expect(await complaints(page)).toEqual([]);
});

consoleTest('a range of time is that of the room’s clocks, and needs an end after its beginning', async ({ open }) => {
  const page = await open({ route: `${ROOM}/log`, role: 'viewer', language: 'en' });
  await page.getByLabel('About').selectOption('range');
  await page.getByText('Enter a beginning and a later end, as clocks in Asia/Seoul show them.').waitFor();
  expect(await page.getByRole('link', { name: 'Download report' }).count()).toBe(0);
  await page.getByLabel('From', { exact: true }).fill('2027-08-05T20:00');
  await page.getByLabel('To', { exact: true }).fill('2027-08-05T23:30');
  await page.getByLabel('Language').selectOption('ko');
  const addresses = await Promise.all(
    ['Download report', 'Minutes as CSV', 'Acts as CSV'].map(async (name) => {
      const href = await page.getByRole('link', { name }).getAttribute('href');
      return new URL(href ?? '', 'http://console.test');
    }),
  );
  expect(addresses.map(({ pathname }) => pathname.split('/').slice(5).join('/'))).toEqual([
    'report',
    'report/minutes.csv',
    'report/acts.csv',
  ]);
  for (const { searchParams } of addresses) {
    expect(Object.fromEntries(searchParams)).toEqual({
      language: 'ko',
      from: '2027-08-05T20:00:00+09:00',
      to: '2027-08-05T23:30:00+09:00',
    });
  }
  expect(await complaints(page)).toEqual([]);
  const folder = process.env['REPORT_FOLDER'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/console-1280.png` });
  await page.setViewportSize({ width: 390, height: 1200 });
  if (folder !== undefined) await page.screenshot({ path: `${folder}/console-390.png` });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
});

consoleTest('the log of rooms and keys offers no event report', async ({ open }) => {
  const page = await open({ route: '#/log', role: 'owner', language: 'en' });
  await page.getByRole('link', { name: 'Download JSON' }).waitFor();
  expect(await page.getByRole('link', { name: 'Download report' }).count()).toBe(0);
});
