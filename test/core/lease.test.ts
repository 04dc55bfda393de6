// Leases of numbers: gateways that hold blocks, give some of their numbers to visitors, and return what is left. A ledger beside
// the core knows who holds which number.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import {
  ENTRY_LEASE_MS,
  FREE_RANGES_MAX,
  LEASE_NUMBERS_MAX,
  LEASES_MAX,
  POSITION_LEASE_MS,
  SESSION_TOTAL_MS_DEFAULT,
} from '../../queue-core/limits.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, configure, join, lease, numbersOf, OTHER_SECRET, settings, T0 } from './sample-rooms.ts';

const OPENS_IN_MS = 20_000;

/** One gateway asks for numbers, gives the first `used` of them out, and returns the rest with its next lease. */
const asked = fc.record({
  kind: fc.constant('lease' as const),
  gateway: fc.nat(3),
  count: fc.integer({ min: 1, max: 12 }),
  used: fc.nat(12),
  returns: fc.nat(2),
  afterMs: fc.nat(900),
});
const steps = fc.array(
  fc.oneof({ weight: 5, arbitrary: asked }, { weight: 1, arbitrary: fc.constant({ kind: 'join' as const }) }),
  {
    minLength: 1,
    maxLength: 80,
  },
);

describe('leases', () => {
  test('every number is given, returned or void, and none of them twice; before the opening and after it', () => {
    fc.assert(
      fc.property(steps, (wanted) => {
        const room = new CheckedRoom();
        room.send(T0, configure(settings({}, { opensInMs: OPENS_IN_MS })));
        const held = new Map<number, string>();
        const repeated: Command[] = [];
        const blocks = new Map<number, { lease: number; from: number; end: number }>();
        let now = T0;
        const give = (number: number, holder: string) => {
          expect(held.has(number), `${number} twice`).toBe(false);
          held.set(number, holder);
        };
        for (const [index, one] of wanted.entries()) {
          if (one.kind === 'join') {
            for (const number of numbersOf(room.send(now, join(`${index}`)))) give(number, 'join');
            continue;
          }
          now += one.afterMs;
          const isBeforeOpening = now < T0 + OPENS_IN_MS;
          const block = blocks.get(one.gateway);
          blocks.delete(one.gateway);
          if (block !== undefined) {
            const { lease, from, end } = block;
            const back = { kind: 'returnLease', epoch: 1, lease, first: from, count: end - from } as const;
            // A response may be lost, and the return repeated at any time.
            for (let times = 0; times < one.returns; times++) room.send(now, back);
            if (isBeforeOpening && one.returns > 0) for (let number = from; number < end; number++) held.delete(number);
            if (one.returns > 0) repeated.push(back);
          }
          const reply = room.send(now, lease(one.count));
          if (reply.kind !== 'leased') throw new Error(`refused: ${JSON.stringify(reply)}`);
          expect(reply.places).toBe(isBeforeOpening ? 'entry' : 'position');
          expect(now + reply.forMs).toBeLessThanOrEqual(isBeforeOpening ? T0 + OPENS_IN_MS : now + POSITION_LEASE_MS);
          for (const number of numbersOf(reply)) give(number, `gateway ${one.gateway}`);
          if (block !== undefined && one.returns > 0) {
            for (const old of repeated) room.send(now, old);
          }
          const used = Math.min(one.used, reply.count);
          const end = reply.first + reply.count;
          if (isBeforeOpening) blocks.set(one.gateway, { lease: reply.lease, from: reply.first + used, end });
        }
        const { line } = room.document;
        const free = line.free.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index));
        expect(free.filter((number) => held.has(number))).toEqual([]);
        const highest = Math.max(line.entries, line.issued);
        expect(new Set([...free, ...held.keys()]).size).toBeLessThanOrEqual(highest);
        expect(Math.max(0, ...held.keys())).toBeLessThanOrEqual(highest);
      }),
      { numRuns: 300 },
    );
  });

  test('returned entries are leased again, once, however often they are returned', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: OPENS_IN_MS })));
    room.send(T0, lease(10));
    const back = { kind: 'returnLease', epoch: 1, lease: 1, first: 4, count: 7 } as const;
    room.send(T0 + 100, back);
    expect(room.send(T0 + 100, lease(9))).toMatchObject({ first: 4, count: 7, lease: 2 });
    const wrongs = [
      back,
      { ...back, epoch: 2 },
      { ...back, lease: 7 },
      { ...back, lease: 2, first: 11 },
      { ...back, lease: 2, count: 8 },
      { ...back, lease: 2, count: 0 },
    ];
    for (const wrong of wrongs) room.send(T0 + 200, wrong);
    expect(room.document.line).toMatchObject({ entries: 10, free: [] });
  });

  test('parts of a lease come back one by one, and stand together again', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: OPENS_IN_MS })));
    room.send(T0, lease(12));
    const part = (first: number, count: number) => ({ kind: 'returnLease', epoch: 1, lease: 1, first, count }) as const;
    for (const [first, count] of [
      [9, 2],
      [3, 3],
      [6, 3],
      [4, 6],
      [11, 2],
    ] as const)
      room.send(T0, part(first, count));
    expect(room.document.line).toMatchObject({ free: [[3, 10]], leases: [[1, [1, 2]]] });
  });

  test('a free range that is too short for a lease waits for a smaller one', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: OPENS_IN_MS })));
    room.send(T0, lease(10));
    room.send(T0, { kind: 'returnLease', epoch: 1, lease: 1, first: 9, count: 2 });
    expect(room.send(T0, lease(5))).toMatchObject({ first: 11, count: 5 });
    expect(room.send(T0, lease(4))).toMatchObject({ first: 9, count: 2 });
  });

  test('more returned ranges and leases than a room remembers: the shortest and the oldest are given to nobody', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: OPENS_IN_MS })));
    for (let index = 1; index <= 2 * LEASES_MAX; index++) room.send(T0 + index, lease(1 + (index % 7)));
    expect(room.document.line.leases).toHaveLength(LEASES_MAX);
    for (let name = 1; name <= 2 * LEASES_MAX; name += 2) {
      const [, [first, count] = [1, 1]] = room.document.line.leases.find(([one]) => one === name) ?? [];
      room.send(T0 + 1_000, { kind: 'returnLease', epoch: 1, lease: name, first, count });
      expect(room.document.line.free.length).toBeLessThanOrEqual(FREE_RANGES_MAX);
    }
    expect(room.document.line.free).toHaveLength(FREE_RANGES_MAX);
  });

  test('a lease is no longer than the time to the opening, and no larger than its bound', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: OPENS_IN_MS })));
    expect(room.send(T0, lease(1_000_000))).toMatchObject({ count: LEASE_NUMBERS_MAX, forMs: ENTRY_LEASE_MS });
    const last = room.send(T0 + OPENS_IN_MS - 30, lease(5));
    expect(last).toMatchObject({ places: 'entry', forMs: 30 });
    const first = room.send(T0 + OPENS_IN_MS, lease(5));
    expect(first).toMatchObject({ places: 'position', first: LEASE_NUMBERS_MAX + 6, forMs: POSITION_LEASE_MS });
  });

  test('whatever counts are asked for or returned, the room gives whole numbers that nobody has', () => {
    const odd = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 0.5, -0.5, 2 ** 53),
      fc.double({ min: -5, max: 30 }),
    );
    const asked = fc.record({ count: odd, ahead: odd, first: odd, returned: odd, isOpen: fc.boolean() });
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 20 }), (all) => {
        const room = new CheckedRoom();
        room.send(T0, configure(settings({}, { opensInMs: OPENS_IN_MS })));
        const given = new Set<number>();
        let now = T0;
        for (const { count, ahead, first, returned, isOpen } of all) {
          if (isOpen) now = T0 + OPENS_IN_MS;
          const reply = room.send(now, { kind: 'lease', count, ahead });
          if (reply.kind !== 'leased') throw new Error(reply.kind);
          expect(Number.isSafeInteger(reply.first) && Number.isSafeInteger(reply.count)).toBe(true);
          expect(reply.count).toBeGreaterThanOrEqual(1);
          expect(reply.count).toBeLessThanOrEqual(LEASE_NUMBERS_MAX);
          for (const number of numbersOf(reply)) {
            expect(given.has(number)).toBe(false);
            given.add(number);
          }
          const back = { kind: 'returnLease', epoch: 1, lease: reply.lease, first: reply.first + first } as const;
          room.send(now, { ...back, count: returned });
          const { free } = room.document.line;
          for (const [from, length] of free) {
            expect(Number.isSafeInteger(from) && Number.isSafeInteger(length)).toBe(true);
            for (let number = from; number < from + length; number++) given.delete(number);
          }
        }
      }),
    );
  });

  test('an opening that is set to now waits until no gateway gives out entries any more', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: SESSION_TOTAL_MS_DEFAULT })));
    room.send(T0 + 1_000, lease(5));
    room.send(T0 + 1_500, change({ kind: 'openNow', secret: OTHER_SECRET }));
    expect(room.send(T0 + 2_900, lease(1))).toMatchObject({ places: 'entry', forMs: 100 });
    expect(room.send(T0 + 3_000, lease(1))).toMatchObject({ places: 'position', first: 7 });
    expect(room.document.draw.entries).toBe(6);
  });

  test('a room that gives no places leases none', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { prequeueAt: T0 + 1_000, opensInMs: OPENS_IN_MS })));
    expect(room.send(T0, lease(5))).toEqual({ kind: 'refused', reason: 'tooEarly' });
    room.send(T0 + 2_000, change({ kind: 'close' }));
    expect(room.send(T0 + 2_000, lease(5))).toEqual({ kind: 'refused', reason: 'closed' });
  });
});
