// The store has come back older than it was, and no gateway remembers: visitors' signed tokens do.

import { beforeAll, describe, expect, it } from 'vitest';
import type { RoomDocument } from '../../queue-core/room.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { NOON, type Played, PlayedVisitor, playGateway } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;
beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

function held(played: Played): { document: RoomDocument | null; tables: { session: Map<number, unknown> } } {
  const room = played.store.inner.rooms.get('demo');
  if (room === undefined) throw new TypeError('The room is gone.');
  return room;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a place that the store does not know', () => {
  it('is not given to anybody else, once later views have not known it for five seconds', async () => {
    const played = await playGateway({ keys, room: { policy: { totalActiveUsers: 1 } } });
    for (let visitors = 0; visitors < 2; visitors++) await new PlayedVisitor(played).page();
    played.clock.advance(2_000);
    await played.ask('/_fairgate/rooms/demo/board');
    const before = held(played).document;
    const third = new PlayedVisitor(played);
    await third.page();
    expect((await third.status()).position).toBe(3);
    held(played).document = before;
    for (let seconds = 0; seconds < 9; seconds++) {
      played.clock.advance(1_000);
      await third.status();
      await settle();
    }
    expect(played.store.applied.filter((kind) => kind === 'restorePlace')).toHaveLength(1);
    const fourth = new PlayedVisitor(played);
    await fourth.page();
    expect((await fourth.status()).position).toBe(4);
  });

  it('costs nothing while nothing is lost: a place younger than the view is told to nobody', async () => {
    const played = await playGateway({ keys, room: { policy: { totalActiveUsers: 1 } } });
    for (let visitors = 0; visitors < 20; visitors++) {
      const visitor = new PlayedVisitor(played);
      await visitor.page();
      await visitor.status();
      played.clock.advance(400);
    }
    expect(played.store.applied).not.toContain('restorePlace');
  });

  it('and missed the draw for it gets a new one', async () => {
    const opensAt = new Date(NOON + 20_000).toISOString();
    const played = await playGateway({ keys, room: { schedule: { opensAt } } });
    const kept = new PlayedVisitor(played);
    await kept.page();
    const before = held(played).document;
    const lost = new PlayedVisitor(played);
    await lost.page();
    held(played).document = before;
    played.clock.advance(21_000);
    expect(await (await kept.page()).text()).toBe(MARKER);
    expect(await (await lost.page()).text()).toBe(MARKER);
    expect((await lost.status()).position).toBe(2);
  });
});

describe('a session that the store does not know', () => {
  it('goes on after a loss and is extended; where nothing was lost, its token alone brings nothing back', async () => {
    const played = await playGateway({ keys });
    const inside = new PlayedVisitor(played);
    await inside.page();
    played.clock.advance(2_500);
    await played.ask('/_fairgate/rooms/demo/board');
    expect(await (await inside.page()).text()).toBe(MARKER);
    const room = held(played);
    room.tables.session.clear();
    const { document } = room;
    if (document === null) throw new TypeError('The room is gone.');
    room.document = { ...document, recovery: { ...document.recovery, lostUntil: document.at + 300_000 } };
    played.clock.advance(200_000);
    await played.ask('/_fairgate/rooms/demo/board');
    expect(await (await inside.page()).text()).toBe(MARKER);
    expect(room.tables.session.size).toBe(1);
    room.tables.session.clear();
    room.document = { ...(room.document as RoomDocument), recovery: { running: null, lostUntil: 1 } };
    played.clock.advance(200_000);
    await played.ask('/_fairgate/rooms/demo/board');
    expect(await (await inside.page()).text()).not.toBe(MARKER);
  });
});
