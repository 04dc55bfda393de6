// An operator's own way in ends when everybody is sent out, although no record of it can be looked at.

import { expect, it } from 'vitest';
import { newSigningKey } from '../../worker/signing-keys.ts';
import { ask, withKey } from '../operators/asking.ts';
import { NOON, PlayedClock, playGateway } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

it('a pass given within the second in which everybody was sent out leads nowhere; a later one does', async () => {
  const clock = new PlayedClock();
  const played = await playGateway({ keys: { keys: [await newSigningKey(0)] }, clock });
  const givenPass = async () =>
    ((await ask(played, 'givePass', { headers: withKey() })).document as { admissionToken: string }).admissionToken;
  const leadsIn = async (pass: string) =>
    (await (await played.ask('/', { headers: { Authorization: `Bearer ${pass}` } })).text()) === MARKER;
  clock.at = NOON + 5_200;
  const pass = await givenPass();
  expect(await leadsIn(pass)).toBe(true);
  const { headers } = await ask(played, 'room', { headers: withKey() });
  clock.at = NOON + 5_500;
  const revoked = await ask(played, 'revokeAll', { headers: { ...withKey(), 'If-Match': headers.get('ETag') ?? '' } });
  expect(revoked.status).toBe(200);
  clock.at = NOON + 5_700;
  expect(await leadsIn(pass)).toBe(false);
  clock.at = NOON + 6_100;
  expect(await leadsIn(await givenPass())).toBe(true);
});
