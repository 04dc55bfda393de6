// The console's view of a room's history: merged buckets, counts per minute, latency quantiles, columns for the charts.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKET_MS, BUCKETS_MAX, isGapBefore, mergeBuckets, perMinute, since } from '../../admin-ui/buckets.ts';
import { quantile } from '../../admin-ui/latency-quantile.ts';
import { columnsOf, isAllZero } from '../../admin-ui/series.ts';
import type { Bucket } from '../../worker/contract/operator-api.ts';

const BOUNDS = [50, 100, 200];
const START = Date.parse('2027-08-05T11:00:00.000Z');
const at = (index: number) => START + index * BUCKET_MS;

function bucket(index: number, changes: Partial<Bucket> = {}): Bucket {
  return {
    at: new Date(at(index)).toISOString(),
    epoch: 1,
    state: 'open',
    ...{ arrived: 0, called: 0, admitted: 0, completed: 0, left: 0, revoked: 0, expired: 0, lapsed: 0 },
    ...{ waiting: 0, active: 0, newUsersPerMinute: 60, totalActiveUsers: 100 },
    refused: {},
    origin: { answers: 0, errors: 0, unreachable: 0, latency: [] },
    ...changes,
  };
}

const indices = fc
  .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 })
  .map((all) => all.sort((a, b) => a - b));

describe('mergeBuckets', () => {
  test('returns every bucket once, in order, and prefers the fresh one', () => {
    fc.assert(
      fc.property(indices, indices, (known, fresh) => {
        const merged = mergeBuckets(
          known.map((index) => bucket(index, { arrived: 1 })),
          fresh.map((index) => bucket(index, { arrived: 2 })),
        );
        const wanted = [...new Set([...known, ...fresh])].sort((a, b) => a - b);
        expect(merged.map((one) => Date.parse(one.at))).toEqual(wanted.map(at));
        for (const one of merged) {
          const index = (Date.parse(one.at) - START) / BUCKET_MS;
          expect(one.arrived).toBe(fresh.includes(index) ? 2 : 1);
        }
      }),
    );
  });

  test('drops the oldest buckets beyond the bound', () => {
    const known = Array.from({ length: BUCKETS_MAX }, (_, index) => bucket(index));
    const merged = mergeBuckets(known, [bucket(BUCKETS_MAX), bucket(BUCKETS_MAX + 1)]);
    expect(merged).toHaveLength(BUCKETS_MAX);
    expect(merged[0]?.at).toBe(known[2]?.at);
  });
});

test('isGapBefore reports a gap where the last known bucket is not among the fresh ones', () => {
  expect(isGapBefore([bucket(1)], [bucket(1), bucket(2)])).toBe(false);
  expect(isGapBefore([bucket(1)], [bucket(2), bucket(3)])).toBe(true);
  expect(isGapBefore([], [bucket(2)])).toBe(false);
});

describe('perMinute', () => {
  test('sums the last six closed buckets and leaves the open one out', () => {
    const buckets = Array.from({ length: 9 }, (_, index) => bucket(index, { admitted: index === 8 ? 1000 : 10 }));
    expect(perMinute(buckets, 'admitted', at(8) + 4_000)).toBe(60);
  });

  test('scales a history shorter than a minute up to one', () => {
    const buckets = [bucket(0, { admitted: 5 }), bucket(1, { admitted: 5 }), bucket(2, { admitted: 99 })];
    expect(perMinute(buckets, 'admitted', at(2) + 1_000)).toBe(30);
  });

  test('is 0 for a minute without buckets and null before the first closed bucket', () => {
    expect(perMinute([bucket(0, { admitted: 50 })], 'admitted', at(40))).toBe(0);
    expect(perMinute([bucket(0, { admitted: 50 })], 'admitted', at(0) + 500)).toBe(null);
    expect(perMinute([], 'admitted', at(3))).toBe(null);
  });
});

test('since returns exactly the buckets from a moment on', () => {
  fc.assert(
    fc.property(indices, fc.integer({ min: -1, max: 61 }), (all, from) => {
      const found = since(
        all.map((index) => bucket(index)),
        at(from),
      );
      expect(found.map((one) => Date.parse(one.at))).toEqual(all.filter((index) => index >= from).map(at));
    }),
  );
});

describe('a latency quantile', () => {
  test('is the upper bound of its class', () => {
    expect(quantile([1, 1, 1, 1], BOUNDS, 0.5)).toEqual({ ms: 100, isBeyond: false });
    expect(quantile([10, 0, 0, 0], BOUNDS, 0.95)).toEqual({ ms: 50, isBeyond: false });
  });

  test('beyond the last class sets isBeyond, and is null without responses', () => {
    expect(quantile([0, 0, 0, 3], BOUNDS, 0.5)).toEqual({ ms: 200, isBeyond: true });
    expect(quantile([0, 0, 0, 0], BOUNDS, 0.5)).toBe(null);
    expect(quantile([], BOUNDS, 0.5)).toBe(null);
  });

  test('beyond the last class is drawn above the last bound', () => {
    const origin = { answers: 3, errors: 0, unreachable: 0, latency: [2, 0, 0, 1] };
    const { median, p95 } = columnsOf([bucket(0, { origin })], BOUNDS, at(9));
    expect(median).toEqual([BOUNDS[0]]);
    expect(p95[0]).toBeGreaterThan(BOUNDS.at(-1) ?? 0);
  });
});

describe('chart columns', () => {
  test('have one row per bucket at its end, and a break where buckets are missing', () => {
    const columns = columnsOf([bucket(0, { waiting: 3 }), bucket(1), bucket(5)], BOUNDS, at(9));
    expect(columns.at).toEqual([at(1), at(2), at(3), at(6)].map((ms) => ms / 1000));
    expect(columns.waiting).toEqual([3, 0, null, 0]);
  });

  test('leave out the counts of the open bucket but show its levels and limits', () => {
    const columns = columnsOf(
      [bucket(0, { arrived: 7 }), bucket(1, { arrived: 2, waiting: 9 })],
      BOUNDS,
      at(1) + 3_000,
    );
    expect(columns.at).toEqual([at(1), at(1) + 3_000].map((ms) => ms / 1000));
    expect(columns.arrived).toEqual([7, null]);
    expect(columns.waiting).toEqual([0, 9]);
    expect(columns.rateLimit).toEqual([10, 10]);
  });

  test('of store conflicts and retries are all zero where gateways share no store', () => {
    const store = { conflicts: 4, retries: 1 };
    const shared = columnsOf([bucket(0, { store }), bucket(1)], BOUNDS, at(9));
    expect([shared.conflicts, shared.retries]).toEqual([
      [4, 0],
      [1, 0],
    ]);
    const own = columnsOf([bucket(0), bucket(1)], BOUNDS, at(9));
    expect(isAllZero(own.conflicts, own.retries)).toBe(true);
  });

  test('count as all zero when they hold only zeros and breaks', () => {
    expect(isAllZero([0, null, 0])).toBe(true);
    expect(isAllZero([0, null], [0, 1])).toBe(false);
  });
});
