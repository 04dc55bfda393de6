// The evidence pack in the console: offered beside the log of a room, as a file.

import { expect } from 'vitest';
import { consoleTests, ROOM } from './console-page.ts';

const consoleTest = consoleTests();

consoleTest('the evidence pack of a room is downloaded from its log, also by a viewer', async ({ open }) => {
  const page = await open({ route: `${ROOM}/log`, role: 'viewer', language: 'ko' });
  const link = page.getByRole('link', { name: '증빙 자료 받기' });
  const downloaded = page.waitForEvent('download');
  await link.click();
  expect(new URL((await downloaded).url()).pathname).toBe('/_fairgate/operator/rooms/vaccine/evidence');
});

consoleTest('the log of rooms and keys offers no evidence pack: there is one for each room', async ({ open }) => {
  const page = await open({ route: '#/log', role: 'owner', language: 'en' });
  await page.getByRole('link', { name: 'Download JSON' }).waitFor();
  expect(await page.getByRole('link', { name: 'Download evidence' }).count()).toBe(0);
});
