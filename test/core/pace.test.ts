// The pace of a line, whatever was observed of it: what is told is never too wide, at no position between the points that are told
// either, and grows with the number of people ahead.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cohort } from '../../queue-core/document/sessions-state.ts';
import type { ObservedLine } from '../../queue-core/pace.ts';
import { paceFrom } from '../../queue-core/pace.ts';
import type { Policy } from '../../queue-core/policy.ts';
import { pollSeconds, waitSeconds } from '../../queue-core/wait.ts';
import { healthPolicy, NO_STOCK, T0 } from './sample-rooms.ts';

const count = (most: number) => fc.oneof(fc.nat(3), fc.nat(2_000), fc.nat(most));
const share = fc.double({ min: 0, max: 1, noNaN: true });

const cohort = fc.record({
  endedAgoMs: fc.integer({ min: -700_000, max: 90_000_000 }),
  spanMs: fc.nat(100_000),
  present: fc.integer({ min: 1, max: 100_000 }),
});

const observed: fc.Arbitrary<ObservedLine> = fc.record({
  at: fc.constant(T0),
  waiting: count(20_000_000),
  expected: count(100_000),
  active: count(10_000_000),
  shown: fc.tuple(count(100_000), share).map(([called, came]) => ({ called, come: Math.floor(called * came) })),
  nextSlotSeconds: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 100_000, noNaN: true })),
  renewed: fc.nat(3),
  cohorts: fc
    .array(cohort, { maxLength: 64 })
    .map((all) =>
      all
        .map(({ endedAgoMs, spanMs, present }): Cohort => [[T0 - endedAgoMs - spanMs, T0 - endedAgoMs], present])
        .sort(([[a]], [[b]]) => a - b),
    ),
  stayed: fc.array(fc.oneof(fc.constant(0), count(1_000_000)), { maxLength: 98 }),
});

const policy: fc.Arbitrary<Policy> = fc.record({
  newUsersPerMinute: fc.oneof(fc.constantFrom(1, 1_000_000), fc.integer({ min: 1, max: 10_000 })),
  totalActiveUsers: fc.oneof(fc.constantFrom(1, 2, 10_000_000), fc.integer({ min: 1, max: 10_000 })),
  sessionMs: fc.integer({ min: 60_000, max: 1_800_000 }),
  sessionRenewal: fc.boolean(),
  sessionTotalMsMax: fc.integer({ min: 1_800_000, max: 86_400_000 }),
  claimWindowMs: fc.constant(60_000),
  queueingStatusCode: fc.constant(200 as const),
  stock: fc.constant(NO_STOCK),
  health: fc.constant(healthPolicy()),
});

/** Waits of less are not told as a range. */
const SOON_SECONDS = 20;

test('is never wider than a factor of two (three within the first 100) and its rounding, beyond the first seconds', () => {
  fc.assert(
    fc.property(observed, policy, fc.array(share, { minLength: 20, maxLength: 20 }), (line, limits, between) => {
      const pace = paceFrom(line, limits);
      if (pace === null) return;
      expect(pace.length).toBeLessThanOrEqual(30);
      for (const [index, point] of pace.entries()) {
        expect(point.every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true);
        expect(point[0]).toBeGreaterThan(pace[index - 1]?.[0] ?? -1);
      }
      const last = pace.at(-1)?.[0] ?? 0;
      const positions = [...pace.flatMap(([at]) => [at, at + 1]), ...between.map((part) => Math.floor(part * last))];
      let before = { low: 0, high: 0 };
      for (const ahead of positions.sort((a, b) => a - b)) {
        const told = waitSeconds(ahead, pace);
        const poll = pollSeconds(ahead, {
          pace,
          newUsersPerMinute: limits.newUsersPerMinute,
          stock: null,
          issued: 0,
          called: 0,
        });
        expect(poll >= 1 && poll <= 30).toBe(true);
        if (told === null) continue;
        const factor = ahead < 100 ? 3 : 2;
        const rounded = factor * (told.low + 1) + 1;
        expect(told.high, `${JSON.stringify(told)} with ${ahead} ahead`).toBeLessThanOrEqual(
          Math.max(SOON_SECONDS, rounded),
        );
        expect(told.low).toBeGreaterThanOrEqual(before.low);
        expect(told.high).toBeGreaterThanOrEqual(before.high);
        before = told;
      }
    }),
    { numRuns: 4_000, endOnFailure: true },
  );
});

test('where a wait of seconds grows into one of minutes, nothing too wide is told on the way', () => {
  const line: ObservedLine = {
    ...{ at: T0, waiting: 14_705, expected: 1, active: 0, shown: { called: 107, come: 103 } },
    ...{ nextSlotSeconds: 0, renewed: 0, cohorts: [[[T0 - 39_000, T0 - 16_795], 1]], stayed: [] },
  };
  const limits: Policy = {
    ...{ newUsersPerMinute: 14, totalActiveUsers: 13, sessionMs: 60_000, sessionRenewal: false },
    ...{
      sessionTotalMsMax: 1_800_000,
      claimWindowMs: 60_000,
      queueingStatusCode: 200,
      stock: NO_STOCK,
      health: healthPolicy(),
    },
  };
  const pace = paceFrom(line, limits);
  for (let ahead = 0; ahead < 20; ahead++) {
    const told = waitSeconds(ahead, pace);
    if (told !== null) expect(told.high).toBeLessThanOrEqual(Math.max(SOON_SECONDS, 3 * (told.low + 1) + 1));
  }
  expect(waitSeconds(0, pace)).not.toBeNull();
});
