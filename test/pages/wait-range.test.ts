// The estimated wait as a visitor reads it: the displayed range contains the computed one, in minutes and hours only.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { en } from '../../worker/pages/strings-en.ts';
import { ko } from '../../worker/pages/strings-ko.ts';
import { WAIT_MINUTES_MAX, waitRange } from '../../worker/pages/wait-range.ts';

const seconds = fc.integer({ min: 0, max: 1_000_000 });
const range = fc.tuple(seconds, seconds).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));

/** An unknown wait may be anything. */
function minutesOf(given: { low: number; high: number }): { low: number; high: number } {
  const { low, high } = waitRange(given) ?? { low: 0, high: null };
  return { low, high: high ?? Number.POSITIVE_INFINITY };
}

test('the range in minutes contains the range in seconds', () => {
  fc.assert(
    fc.property(range, (given) => {
      const { low, high } = minutesOf(given);
      expect(low * 60).toBeLessThanOrEqual(given.low);
      expect(high * 60).toBeGreaterThanOrEqual(given.high);
    }),
  );
});

test('neither end of the range shrinks when the wait grows', () => {
  fc.assert(
    fc.property(range, seconds, seconds, (given, more, most) => {
      const longer = { low: given.low + Math.min(more, most), high: given.high + Math.max(more, most) };
      expect(minutesOf(longer).low).toBeGreaterThanOrEqual(minutesOf(given).low);
      expect(minutesOf(longer).high).toBeGreaterThanOrEqual(minutesOf(given).high);
    }),
  );
});

test('the text has minutes or hours, no seconds and no number of three digits', () => {
  fc.assert(
    fc.property(range, (given) => {
      const rounded = waitRange(given);
      fc.pre(rounded !== null);
      for (const { wait } of [ko, en]) {
        expect(wait(rounded)).not.toMatch(/초|second|undefined|null|NaN|\d{3}/);
        expect(wait(rounded)).toMatch(/분|시간|minute|hour/);
      }
    }),
  );
});

test.each([
  [{ low: 0, high: 40 }, '1분 이내', 'less than a minute'],
  [{ low: 30, high: 250 }, '5분 이내', 'up to 5 minutes'],
  [{ low: 700, high: 1150 }, '약 10~20분', 'about 10 to 20 minutes'],
  [{ low: 3100, high: 5000 }, '약 50분~1시간 30분', 'about 50 minutes to 1½ hours'],
  [{ low: 60, high: 60 }, '약 1분', 'about 1 minute'],
  [{ low: 300, high: 300 }, '약 5분', 'about 5 minutes'],
  [{ low: 3600, high: 9000 }, '1시간~2시간 이상', '1 hour to more than 2 hours'],
  [{ low: WAIT_MINUTES_MAX * 60, high: 400_000 }, '2시간 이상', 'more than 2 hours'],
])('%o seconds read "%s" in Korean and "%s" in English', (given, korean, english) => {
  const rounded = waitRange(given);
  expect(rounded && ko.wait(rounded)).toBe(korean);
  expect(rounded && en.wait(rounded)).toBe(english);
});

test('a range from under a minute to over two hours is unknown', () => {
  expect(waitRange({ low: 3, high: 400_000 })).toBeNull();
});
