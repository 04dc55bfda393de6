// The store came back with older data, and no gateway has newer: visitors' signed tokens restore what was lost.

import { beforeAll, describe, expect, it } from 'vitest';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, InProcessVisitor, NOON, startBeside, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;
beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

function storedRoom(gateway: InProcessGateway): {
  document: RoomDocument | null;
  tables: { session: Map<number, unknown> };
} {
  const room = gateway.store.inner.rooms.get('demo');
  if (room === undefined) throw new TypeError('The store has no such room.');
  return room;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a place that the store has lost', () => {
  it('is restored once later views have not known it for five seconds, and not issued again', async () => {
    const gateway = await startInProcess({ keys, room: { policy: { totalActiveUsers: 1 } } });
    for (let visitors = 0; visitors < 2; visitors++) await new InProcessVisitor(gateway).page();
    gateway.clock.advance(2_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    const before = storedRoom(gateway).document;
    const third = new InProcessVisitor(gateway);
    await third.page();
    expect((await third.status()).position).toBe(3);
    storedRoom(gateway).document = before;
    for (let seconds = 0; seconds < 9; seconds++) {
      gateway.clock.advance(1_000);
      await third.status();
      await settle();
    }
    expect(gateway.store.applied.filter((kind) => kind === 'restorePlace')).toHaveLength(1);
    const fourth = new InProcessVisitor(gateway);
    await fourth.page();
    expect((await fourth.status()).position).toBe(4);
  });

  it('is distinguished from one that is younger than the view: without a loss nothing is restored', async () => {
    const gateway = await startInProcess({ keys, room: { policy: { totalActiveUsers: 1 } } });
    for (let visitors = 0; visitors < 20; visitors++) {
      const visitor = new InProcessVisitor(gateway);
      await visitor.page();
      await visitor.status();
      gateway.clock.advance(400);
    }
    expect(gateway.store.applied).not.toContain('restorePlace');
  });

  it('is restored also while visitors come whose entries are lost for good', async () => {
    const opensAt = new Date(NOON + 20_000).toISOString();
    const gateway = await startInProcess({ keys, room: { schedule: { opensAt }, policy: { totalActiveUsers: 1 } } });
    await new InProcessVisitor(gateway).page();
    const before = storedRoom(gateway).document;
    const entered = new InProcessVisitor(gateway);
    await entered.page();
    storedRoom(gateway).document = before;
    gateway.clock.advance(21_000);
    await new InProcessVisitor(gateway).page();
    const copy = storedRoom(gateway).document;
    const third = new InProcessVisitor(gateway);
    await third.page();
    const { position } = await third.status();
    storedRoom(gateway).document = copy;
    for (let seconds = 0; seconds < 9; seconds++) {
      gateway.clock.advance(1_000);
      for (const visitor of [third, entered, third]) await visitor.status();
      await settle();
    }
    expect(storedRoom(gateway).document?.line.issued).toBe(position);
  });

  it.each([
    ['by a place', (cookie: string) => cookie.replace(/fairgate-admission-demo=[^;]*;?/, '')],
    ['by a session', (cookie: string) => cookie.replace(/fairgate-queue-demo=[^;]*;?/, '')],
  ])('and given again before its visitor comes back is proven %s: nobody else enters', async (_, shown) => {
    const LIMIT = 4;
    const before = await startInProcess({ keys, room: { policy: { totalActiveUsers: LIMIT } } });
    const early = new InProcessVisitor(before);
    await early.page();
    await early.page();
    const copy = storedRoom(before).document;
    const late = Array.from({ length: 2 }, () => new InProcessVisitor(before));
    for (const visitor of late) {
      before.clock.advance(1_000);
      await visitor.page();
      expect(await (await visitor.page()).text()).toBe(MARKER);
    }
    before.clock.advance(10_000);
    storedRoom(before).document = copy;
    for (const position of [2, 3]) storedRoom(before).tables.session.delete(position);
    const gateway = await startBeside(before);
    const others = Array.from({ length: 2 }, () => new InProcessVisitor(gateway));
    for (const visitor of others) {
      await visitor.page();
      gateway.clock.advance(1_000);
      expect(await (await visitor.page()).text()).toBe(MARKER);
    }
    const [witness] = late;
    const headers = { Cookie: shown(witness?.jar.header ?? '') };
    for (let tries = 0; tries < 3; tries++) {
      await gateway.request('/_fairgate/rooms/demo/status', { headers });
      await settle();
    }
    expect(gateway.store.applied.filter((kind) => kind === 'restorePlace')).toHaveLength(1);
    for (const visitor of others) await visitor.act('leave');
    gateway.clock.advance(1_000);
    const newcomer = new InProcessVisitor(gateway);
    await newcomer.page();
    gateway.clock.advance(1_000);
    expect(await (await newcomer.page()).text()).not.toBe(MARKER);
  });

  it('is no proof where its gateway has read the room before it was given', async () => {
    const gateway = await startInProcess({ keys });
    for (let visitors = 0; visitors < 5; visitors++) {
      const visitor = new InProcessVisitor(gateway);
      await visitor.page();
      gateway.clock.advance(10_000);
      await visitor.page();
      const beside = await startBeside(gateway);
      await beside.request('/_fairgate/rooms/demo/status', { headers: { Cookie: visitor.jar.header } });
      await settle();
      expect([...gateway.store.applied, ...beside.store.applied]).not.toContain('restorePlace');
    }
  });

  it('is replaced by a new place if its entry missed the draw', async () => {
    const opensAt = new Date(NOON + 20_000).toISOString();
    const gateway = await startInProcess({ keys, room: { schedule: { opensAt } } });
    const known = new InProcessVisitor(gateway);
    await known.page();
    const before = storedRoom(gateway).document;
    const lost = new InProcessVisitor(gateway);
    await lost.page();
    storedRoom(gateway).document = before;
    gateway.clock.advance(21_000);
    expect(await (await known.page()).text()).toBe(MARKER);
    expect(await (await lost.page()).text()).toBe(MARKER);
    expect((await lost.status()).position).toBe(2);
  });
});

describe('a session that the store does not know', () => {
  it('is restored from its token and renewed after a loss, and refused where nothing was lost', async () => {
    const gateway = await startInProcess({ keys });
    const inside = new InProcessVisitor(gateway);
    await inside.page();
    gateway.clock.advance(2_500);
    await gateway.request('/_fairgate/rooms/demo/board');
    expect(await (await inside.page()).text()).toBe(MARKER);
    const room = storedRoom(gateway);
    room.tables.session.clear();
    const { document } = room;
    if (document === null) throw new TypeError('The store has no such room.');
    room.document = { ...document, recovery: { ...document.recovery, lostUntil: document.at + 300_000 } };
    gateway.clock.advance(200_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    expect(await (await inside.page()).text()).toBe(MARKER);
    expect(room.tables.session.size).toBe(1);
    room.tables.session.clear();
    room.document = { ...(room.document as RoomDocument), recovery: { running: null, lostUntil: 1 } };
    gateway.clock.advance(200_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    expect(await (await inside.page()).text()).not.toBe(MARKER);
  });
});
