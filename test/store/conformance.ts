// What every room store promises, told once. A store passes by one line in its own test file; `reload` makes it forget
// what it holds in memory (eviction, restart), where it has such a thing.

import { describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import { ENDINGS_PER_VIEW_MAX } from '../../queue-core/limits.ts';
import { type RoomStore, UnknownRoom } from '../../worker/store/room-store.ts';
import { change, claim, configure, join, OTHER_SECRET, settings, T0 } from '../core/rooms.ts';

export interface StoreUnderTest {
  store: RoomStore;
  /** The store's clock. */
  clock: { now: number };
  reload(room: string): Promise<void>;
}

/** A look that reports nothing. */
const since = (endingsAfter: number) => ({ endingsAfter, report: null });

export function conformance(name: string, start: () => StoreUnderTest): void {
  let rooms = 0;

  /** A fresh room of its own, open since T0. */
  async function opened(changes: Parameters<typeof settings>[0] = {}) {
    const { store, clock, reload } = start();
    const room = `${name}-${++rooms}`;
    clock.now = T0;
    await store.apply(room, [configure(settings(changes))]);
    clock.now = T0 + 1_000;
    const one = async (command: Command) => (await store.apply(room, [command]))[0];
    return { store, clock, room, one, reload: () => reload(room) };
  }

  describe(`room store: ${name}`, () => {
    test('a room that was never configured is unknown, to apply and to view', async () => {
      const { store } = start();
      await expect(store.apply(`${name}-unknown`, [{ kind: 'tick' }])).rejects.toThrow(UnknownRoom);
      await expect(store.view(`${name}-unknown`, since(0))).rejects.toThrow(UnknownRoom);
    });

    test('configuring again with the same settings changes nothing, the secret included', async () => {
      const { store, room, one } = await opened();
      await one(join('a'));
      const before = await store.view(room, since(0));
      await one(configure(settings(), 'first', OTHER_SECRET));
      expect((await store.view(room, since(0))).board).toEqual(before.board);
    });

    test('an edited settings file changes the policy and keeps everybody', async () => {
      const { store, room, one } = await opened();
      await one(join('a'));
      await one(configure(settings({ newUsersPerMinute: 77 }), 'second', OTHER_SECRET));
      const { board } = await store.view(room, since(0));
      expect(board).toMatchObject({ newUsersPerMinute: 77, issued: 1, epoch: 1 });
    });

    test('a list is one act at one moment, answered in order', async () => {
      const { store, room } = await opened();
      const replies = await store.apply(room, [join('a', true), join('b', true), claim(1, 'a')]);
      expect(replies[0]).toMatchObject({ place: { number: 1 }, claim: { kind: 'admitted', admitAt: T0 + 1_000 } });
      expect(replies[1]).toMatchObject({ place: { number: 2 }, claim: { kind: 'admitted', admitAt: T0 + 1_100 } });
      expect(replies[2]).toEqual(replies[0].kind === 'joined' ? replies[0].claim : null);
    });

    test('many at once get each their own place, without a gap', async () => {
      const { store, room } = await opened();
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, index) => store.apply(room, [join(`${index}`)])),
      );
      const numbers = replies.map(([reply]) => (reply.kind === 'joined' ? reply.place.number : 0));
      expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    });

    test('of many claims at once for one position exactly one session comes', async () => {
      const { store, room, one } = await opened();
      await one(join('a'));
      const claims = Array.from({ length: 20 }, (_, index) => ({ ...claim(1, 'a'), sid: `sid-${index}` }) as const);
      const replies = await Promise.all(claims.map((wish) => store.apply(room, [wish])));
      const sids = new Set(replies.map(([reply]) => (reply.kind === 'admitted' ? reply.sid : reply.kind)));
      expect(sids.size).toBe(1);
      expect((await store.view(room, since(0))).board.active).toBe(1);
    });

    test('many claims at once never exceed the places', async () => {
      const { store, room } = await opened({ totalActiveUsers: 10, newUsersPerMinute: 60_000 });
      const wishes = Array.from({ length: 64 }, (_, index) => store.apply(room, [join(`${index}`, true)]));
      const replies = (await Promise.all(wishes)).map(([reply]) => reply);
      const inside = replies.filter((reply) => reply.kind === 'joined' && reply.claim?.kind === 'admitted');
      expect(inside).toHaveLength(10);
    });

    test('a repeated join or claim gets the same answer, also after the store forgot what it held in memory', async () => {
      const { one, reload } = await opened();
      const joined = await one(join('a'));
      await reload();
      expect(await one(join('a'))).toEqual(joined);
      const claimed = await one(claim(1, 'a'));
      expect(claimed.kind).toBe('admitted');
      await reload();
      expect(await one({ ...claim(1, 'a'), sid: 'another' } as Command)).toEqual(claimed);
    });

    test('everything survives eviction and restart: places, calls, sessions, endings, clock', async () => {
      const { store, clock, room, one, reload } = await opened({ totalActiveUsers: 2 });
      for (const name of ['a', 'b', 'c']) await one(join(name, true));
      clock.now += 5_000;
      await one({ kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
      const before = await store.view(room, since(0));
      await reload();
      expect(await store.view(room, since(0))).toEqual(before);
      await reload();
      expect(await one(claim(1, 'a'))).toEqual({ kind: 'ended', reason: 'left' });
    });

    test('what was shown as called stays called after a crash', async () => {
      const { store, clock, room, one, reload } = await opened({ newUsersPerMinute: 60 });
      for (let index = 0; index < 30; index++) await one(join(`${index}`));
      clock.now += 4_000;
      const { called } = (await store.view(room, since(0))).board;
      expect(called).toBeGreaterThan(0);
      await reload();
      expect((await store.view(room, since(0))).board.called).toBeGreaterThanOrEqual(called);
    });

    test('a clock that jumps back moves nothing back', async () => {
      const { store, clock, room, one } = await opened();
      await one(join('a', true));
      const before = await store.view(room, since(0));
      clock.now -= 60_000;
      expect(await store.view(room, since(0))).toEqual(before);
    });

    test('endings are told once each, in order, from any number on', async () => {
      const { store, clock, room, one } = await opened();
      for (const name of ['a', 'b', 'c']) await one(join(name, true));
      for (const [index, name] of ['a', 'b', 'c'].entries()) {
        clock.now += 1_000;
        await one({ kind: 'end', epoch: 1, position: index + 1, sid: `sid-${name}`, reason: 'completed' });
      }
      const { endings, endingSeq } = await store.view(room, since(0));
      expect(endings.map(({ sid }) => sid)).toEqual(['sid-a', 'sid-b', 'sid-c']);
      expect((await store.view(room, since(endings[0]?.seq ?? 0))).endings.map(({ sid }) => sid)).toEqual([
        'sid-b',
        'sid-c',
      ]);
      expect((await store.view(room, since(endingSeq))).endings).toEqual([]);
      clock.now += 30 * 60_000;
      expect((await store.view(room, since(0))).endings).toEqual([]);
      expect(endings.length).toBeLessThanOrEqual(ENDINGS_PER_VIEW_MAX);
    });

    test('a new epoch forgets the sessions of the last, and their positions are free again', async () => {
      const { clock, one } = await opened();
      await one(join('a', true));
      clock.now += 1_000;
      const schedule = { prequeueAt: null, opensAt: clock.now + 1_000, closesAt: null, beacon: null };
      await one(change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }));
      await one(join('b'));
      clock.now += 3_000;
      expect(await one(claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
      expect(await one(claim(1, 'b', 2))).toMatchObject({ kind: 'admitted', position: 1 });
    });

    test('rooms know nothing of each other', async () => {
      const first = await opened();
      await first.one(join('a', true));
      const second = await opened();
      expect((await second.store.view(second.room, since(0))).board).toMatchObject({ issued: 0, active: 0 });
    });
  });
}
