// A room that somebody has just opened is not archived by somebody else, who still sees it closed.

import { expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { playBeside, playGateway } from '../gateway/in-process.ts';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { ask, etag, problemIn, withKey } from './operator-client.ts';

/** A closed room at two gateways, with the tag under which the second one sees it. */
async function closedAtBoth() {
  const first = await playGateway({ keys: { keys: [await newSigningKey(0)] } });
  const second = await playBeside(first);
  await ask(first, 'close', { headers: { ...withKey(), 'If-Match': await etag(first) } });
  first.clock.advance(2_500);
  return { first, second, closed: await etag(second) };
}

it('archiving a room that was opened meanwhile, at another gateway, is a conflict', async () => {
  const { first, second, closed } = await closedAtBoth();
  const opened = await ask(first, 'openNow', { headers: { ...withKey(), 'If-Match': await etag(first) } });
  expect(opened.status).toBe(200);
  const archived = await ask(second, 'archiveRoom', { headers: { ...withKey(), 'If-Match': closed } });
  expect(archived.status).toBe(412);
  expect((await first.ask('/', { headers: AS_PAGE })).status).toBe(200);

  await ask(first, 'close', { headers: { ...withKey(), 'If-Match': await etag(first) } });
  const again = await ask(first, 'archiveRoom', { headers: { ...withKey(), 'If-Match': await etag(first) } });
  expect(again.status).toBe(200);
});

it('archiving a room that cannot be looked at now is refused: somebody may just have opened it', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const { first, second, closed } = await closedAtBoth();
  await ask(first, 'openNow', { headers: { ...withKey(), 'If-Match': await etag(first) } });
  // The room's own object is out of reach of this gateway; the directory's is not.
  second.store.view = async () => Promise.reject(new StoreUnavailable('told to fail'));
  const archived = await ask(second, 'archiveRoom', { headers: { ...withKey(), 'If-Match': closed } });
  expect([archived.status, problemIn(archived)]).toEqual([503, 'store-unreachable']);
  expect((await ask(first, 'room', { headers: withKey() })).document).toMatchObject({ archivedAt: null });
});
