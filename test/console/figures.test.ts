// What the console makes of the gateway's documents, without a browser.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clockText, hasGap, latencyMs, mergeBuckets, perMinute } from '../../admin-ui/figures.ts';
import { fieldFromMoment, momentFromField } from '../../admin-ui/look.ts';
import { HISTORY_BUCKET_MS } from '../../queue-core/limits.ts';
import type { Bucket } from '../../worker/contract/operators.ts';

function bucket(index: number, changes: Partial<Bucket> = {}): Bucket {
  const counts = { arrived: 0, called: 0, admitted: 0, completed: 0, left: 0, revoked: 0, expired: 0, lapsed: 0 };
  return {
    at: new Date(1_800_000_000_000 + index * HISTORY_BUCKET_MS).toISOString(),
    epoch: 1,
    state: 'open',
    ...counts,
    waiting: 0,
    active: 0,
    newUsersPerMinute: 60,
    totalActiveUsers: 10,
    refused: {},
    origin: { answers: 0, errors: 0, unreachable: 0, latency: [] },
    ...changes,
  } as Bucket;
}

describe('buckets', () => {
  test('merged in any order and as often as they come stand once each, in order, the later word counting', () => {
    const indexes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(indexes, indexes, (first, second) => {
        const merged = mergeBuckets(
          mergeBuckets(
            [],
            first.map((index) => bucket(index, { arrived: 1 })),
          ),
          second.map((index) => bucket(index, { arrived: 2 })),
        );
        expect(merged.map(({ at }) => at)).toEqual(
          [...new Set([...first, ...second])].sort((a, b) => a - b).map((index) => bucket(index).at),
        );
        for (const one of merged) expect(one.arrived).toBe(second.some((index) => bucket(index).at === one.at) ? 2 : 1);
      }),
    );
  });

  test('that are missing are noticed', () => {
    expect(hasGap([bucket(0)], [bucket(1)])).toBe(false);
    expect(hasGap([bucket(0)], [bucket(2)])).toBe(true);
  });

  test('give a rate that does not count the one still being filled', () => {
    const steady = [0, 1, 2, 3].map((index) => bucket(index, { admitted: index === 3 ? 0 : 10 }));
    expect(perMinute(steady, ({ admitted }) => admitted)).toBe(60);
  });

  test('tell the class in which the median answer lies', () => {
    const origin = { answers: 10, errors: 0, unreachable: 0, latency: [4, 6, 0] };
    expect(latencyMs(bucket(0, { origin }), 0.5, [50, 100, 200])).toBe(100);
    expect(latencyMs(bucket(0), 0.5, [50, 100])).toBeNull();
  });
});

describe('times', () => {
  test('typed in a room’s zone mean the moment that its clock shows then', () => {
    expect(momentFromField('2031-03-02T20:00', 'Asia/Seoul')).toBe('2031-03-02T11:00:00.000Z');
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2024-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
        fc.constantFrom('Asia/Seoul', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'),
        (date, zone) => {
          const moment = new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString();
          const again = momentFromField(fieldFromMoment(moment, zone), zone);
          // In the hour that a clock shows twice, the field cannot say which one is meant.
          expect(fieldFromMoment(again, zone)).toBe(fieldFromMoment(moment, zone));
        },
      ),
    );
  });

  test('of a clock never run below zero', () => {
    expect(clockText(-5)).toBe('00:00');
    expect(clockText(3_723_000)).toBe('1:02:03');
  });
});
