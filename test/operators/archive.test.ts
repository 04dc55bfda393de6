// A room that somebody has just opened is not archived by somebody else, who still sees it closed.

import { expect, it } from 'vitest';
import { newSigningKey } from '../../worker/signing-keys.ts';
import { AS_PAGE } from '../gateway/asking.ts';
import { playBeside, playGateway } from '../gateway/in-process.ts';
import { ask, withKey } from './asking.ts';

it('archiving a room that was opened meanwhile, at another gateway, is a conflict', async () => {
  const first = await playGateway({ keys: { keys: [await newSigningKey(0)] } });
  const second = await playBeside(first);
  const seenAt = async (played: typeof first) =>
    (await ask(played, 'room', { headers: withKey() })).headers.get('ETag') ?? '';
  await ask(first, 'close', { headers: { ...withKey(), 'If-Match': await seenAt(first) } });
  first.clock.advance(2_500);
  const closed = await seenAt(second);
  const opened = await ask(first, 'openNow', { headers: { ...withKey(), 'If-Match': await seenAt(first) } });
  expect(opened.status).toBe(200);
  const archived = await ask(second, 'archiveRoom', { headers: { ...withKey(), 'If-Match': closed } });
  expect(archived.status).toBe(412);
  expect((await first.ask('/', { headers: AS_PAGE })).status).toBe(200);

  await ask(first, 'close', { headers: { ...withKey(), 'If-Match': await seenAt(first) } });
  const again = await ask(first, 'archiveRoom', { headers: { ...withKey(), 'If-Match': await seenAt(first) } });
  expect(again.status).toBe(200);
});
