// The wait that visitors are told, and the wait that they have; how much of a room is used; how evenly the line moves.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paceOf } from '../../queue-core/pacing.ts';
import { waitSeconds } from '../../queue-core/wait.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, configure, join, policy, settings, T0 } from './sample-rooms.ts';
import { arrivals, visit } from './visiting-line.ts';
import { CASES, crowd, figuresOf, STAYS } from './wait-cases.ts';

/** Half of a first session, the share of those who come, a stay: what has not happened yet is not known. */
const UNKNOWN_MAX = { rate: 0.06, slow: 0.3, bursts: 0.06, places: 0.6 };

/** Shares of visits are of chance, so the runs are the same each time. `FC_SEED=…` tries others. */
const RUNS = { numRuns: 6, seed: Number(process.env['FC_SEED'] ?? 20_210_712), endOnFailure: true };

describe('told waits', () => {
  test.each(CASES)('hold, are narrow and use the room: $name', (one) => {
    const { told, inside, widthMax, frontMax, unknown, slotsUsed, placesUsed } = figuresOf(one);
    expect(told).toBeGreaterThan(500);
    expect(inside).toBeGreaterThanOrEqual(0.9);
    expect(widthMax).toBeLessThanOrEqual(2);
    expect(frontMax).toBeLessThanOrEqual(3.2);
    expect(unknown).toBeLessThanOrEqual(UNKNOWN_MAX[one.limit]);
    if (one.limit === 'rate') expect(slotsUsed).toBeGreaterThanOrEqual(0.99);
    if (one.limit === 'places') expect(placesUsed).toBeGreaterThanOrEqual(0.95);
  });

  test('hold whatever share comes, at whatever rate', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.4, max: 1, noNaN: true }),
        fc.integer({ min: 10, max: 60 }),
        fc.nat(1_000),
        (share, perSecond, seed) => {
          const visitors = crowd(Math.ceil((perSecond * 150) / share), 1_000, { share, seed });
          const night = { policy: { newUsersPerMinute: perSecond * 60, totalActiveUsers: 1_000_000 }, recorded: 500 };
          const { inside, widthMax, unknown } = figuresOf({ name: '', limit: 'rate', visitors, night });
          expect(inside).toBeGreaterThanOrEqual(0.9);
          expect(widthMax).toBeLessThanOrEqual(2);
          expect(unknown).toBeLessThanOrEqual(0.1);
        },
      ),
      RUNS,
    );
  });

  test('hold in a full room however long visitors stay', () => {
    const pooled = { told: 0, inside: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...STAYS),
        fc.integer({ min: 30, max: 200 }),
        fc.integer({ min: 60, max: 200 }),
        fc.double({ min: 0.5, max: 1, noNaN: true }),
        fc.nat(1_000),
        (stay, staySeconds, places, share, seed) => {
          const meanMs = staySeconds * 1_000;
          const visitors = crowd(Math.ceil((places * 8) / share), 5_000, { stay, meanMs, share, seed });
          const night = { policy: { newUsersPerMinute: 1_200, totalActiveUsers: places }, recorded: 300 };
          const { told, inside, widthMax, placesUsed } = figuresOf({ name: '', limit: 'places', visitors, night });
          pooled.told += told;
          pooled.inside += told * inside;
          // A stay of nearly a session that nobody has ended yet is taken for one to its end.
          expect(inside).toBeGreaterThanOrEqual(0.6);
          expect(widthMax).toBeLessThanOrEqual(2);
          expect(placesUsed).toBeGreaterThanOrEqual(0.95);
        },
      ),
      RUNS,
    );
    expect(pooled.inside / pooled.told).toBeGreaterThanOrEqual(0.9);
  });

  test('are unknown while nothing moves: paused, held, or the origin failing', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ newUsersPerMinute: 60 })));
    const joins = Array.from({ length: 500 }, (_, index) => join(`${index}`));
    expect(room.run(T0 + 1_000, joins).broken).toEqual([]);
    const told = () => waitSeconds(300, paceOf(room.document));
    expect(told()).not.toBeNull();
    room.send(T0 + 2_000, { kind: 'reportOverload', forMs: 600_000 });
    expect(told()).toBeNull();
    room.send(T0 + 3_000, { kind: 'reportOverload', forMs: 0 });
    expect(told()).not.toBeNull();
    for (const flow of ['paused', 'held'] as const) {
      room.send(T0 + 4_000, change({ kind: 'setFlow', flow }, room.document.changes.version));
      expect(told()).toBeNull();
    }
  });

  test('follow a change of the rate at once', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ newUsersPerMinute: 1_200, totalActiveUsers: 1_000_000 })));
    room.run(
      T0 + 1_000,
      Array.from({ length: 3_000 }, (_, index) => join(`${index}`)),
    );
    const before = waitSeconds(2_400, paceOf(room.document));
    const { version } = room.document.changes;
    const wanted = policy({ newUsersPerMinute: 300, totalActiveUsers: 1_000_000 });
    room.send(T0 + 1_000, change({ kind: 'setPolicy', policy: wanted }, version));
    const after = waitSeconds(2_400, paceOf(room.document));
    expect(before?.high).toBeLessThan(200);
    expect(after?.low).toBeGreaterThan(200);
  });
});

test('a longer line never has a shorter wait, and no wait ends before it begins', () => {
  const ahead = fc.nat(500_000);
  const point = fc.tuple(fc.nat(2_000), fc.nat(2_000), fc.nat(2_000));
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 16 }), ahead, ahead, (steps, a, b) => {
      const pace: [number, number, number][] = [[0, 0, 0]];
      for (const [positions, low, more] of steps) {
        const [to, from, until] = pace.at(-1) ?? [0, 0, 0];
        pace.push([to + positions + 1, from + low, Math.max(until, from + low) + more]);
      }
      const [near, far] = [waitSeconds(Math.min(a, b), pace), waitSeconds(Math.max(a, b), pace)];
      if (far === null) return;
      expect(near).not.toBeNull();
      expect(near?.low).toBeLessThanOrEqual(far.low);
      expect(near?.high).toBeLessThanOrEqual(far.high);
      expect(far.low).toBeLessThanOrEqual(far.high);
    }),
  );
});

const RATE = 1_200;

test('the line moves evenly when every visitor comes: no five seconds without a call, and never more than six seconds at once', () => {
  const { calledAt } = visit(
    arrivals(2_000, 1_000, () => true),
    RATE,
  );
  const steps = calledAt.filter(({ called }) => called > 0 && called < 2_000);
  for (const [index, { called }] of steps.entries()) {
    const before = steps[index - 10];
    if (before === undefined) continue;
    expect(called - before.called).toBeGreaterThan(0);
    expect(called - before.called).toBeLessThanOrEqual((RATE / 60) * 6);
  }
});
