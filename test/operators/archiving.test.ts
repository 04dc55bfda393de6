// Archiving a room: only once it is closed, as every gateway knows it.

import { expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { startBeside } from '../gateway/in-process.ts';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { ask, etag, logLength, onCurrentVersion, problemIn, startGateway, withKey } from './operator-client.ts';

/** A closed room at two gateways, with the ETag that the second one has for it. */
async function closedAtBoth() {
  const first = await startGateway();
  const second = await startBeside(first);
  await ask(first, 'close', { headers: await onCurrentVersion(first) });
  first.clock.advance(2_500);
  return { first, second, closed: await etag(second) };
}

it('an open room cannot be archived; an archived room is not routed and keeps its log', async () => {
  const gateway = await startGateway();
  const archive = async () => ask(gateway, 'archiveRoom', { headers: await onCurrentVersion(gateway) });
  expect(problemIn(await archive())).toBe('not-closed');
  await ask(gateway, 'close', { headers: await onCurrentVersion(gateway) });
  expect((await archive()).status).toBe(200);
  expect((await gateway.request('/', { headers: AS_PAGE })).status).toBe(404);
  expect(await logLength(gateway)).toBe(2);
});

it('archiving a room that another gateway has opened meanwhile is refused with 412', async () => {
  const { first, second, closed } = await closedAtBoth();
  const opened = await ask(first, 'openNow', { headers: await onCurrentVersion(first) });
  expect(opened.status).toBe(200);
  const archived = await ask(second, 'archiveRoom', { headers: { ...withKey(), 'If-Match': closed } });
  expect(archived.status).toBe(412);
  expect((await first.request('/', { headers: AS_PAGE })).status).toBe(200);

  await ask(first, 'close', { headers: await onCurrentVersion(first) });
  const again = await ask(first, 'archiveRoom', { headers: await onCurrentVersion(first) });
  expect(again.status).toBe(200);
});

it('archiving a room whose state cannot be read is refused with 503', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const { first, second, closed } = await closedAtBoth();
  await ask(first, 'openNow', { headers: await onCurrentVersion(first) });
  // This gateway reaches the directory, but not the room.
  second.store.view = async () => Promise.reject(new StoreUnavailable('unreachable in this test'));
  const archived = await ask(second, 'archiveRoom', { headers: { ...withKey(), 'If-Match': closed } });
  expect([archived.status, problemIn(archived)]).toEqual([503, 'store-unreachable']);
  expect((await ask(first, 'room', { headers: withKey() })).document).toMatchObject({ archivedAt: null });
});
