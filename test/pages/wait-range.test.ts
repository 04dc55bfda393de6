import fc from 'fast-check';
import { expect, test } from 'vitest';
import { en } from '../../worker/pages/strings-en.ts';
import { ko } from '../../worker/pages/strings-ko.ts';
import { WAIT_MINUTES_MAX, waitRange } from '../../worker/pages/wait-range.ts';

const seconds = fc.integer({ min: 0, max: 1_000_000 });
const range = fc.tuple(seconds, seconds).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));
const end = (minutes: number | null) => minutes ?? Number.POSITIVE_INFINITY;

test('the range in words holds the range in seconds', () => {
  fc.assert(
    fc.property(range, (given) => {
      const { low, high } = waitRange(given);
      expect(low * 60).toBeLessThanOrEqual(given.low);
      expect(end(high) * 60).toBeGreaterThanOrEqual(given.high);
    }),
  );
});

test('a longer wait is never told as a shorter one', () => {
  fc.assert(
    fc.property(range, seconds, seconds, (given, more, most) => {
      const longer = waitRange({ low: given.low + Math.min(more, most), high: given.high + Math.max(more, most) });
      expect(longer.low).toBeGreaterThanOrEqual(waitRange(given).low);
      expect(end(longer.high)).toBeGreaterThanOrEqual(end(waitRange(given).high));
    }),
  );
});

test('words never speak of seconds, of a hundred hours, or of nothing', () => {
  fc.assert(
    fc.property(range, (given) => {
      for (const words of [ko, en]) {
        const said = words.wait(waitRange(given));
        expect(said).not.toMatch(/초|second|undefined|null|NaN|\d{3}/);
        expect(said).toMatch(/분|시간|minute|hour|알 수 없|not known/);
      }
    }),
  );
});

test.each([
  [{ low: 0, high: 40 }, '1분 이내', 'less than a minute'],
  [{ low: 30, high: 250 }, '5분 이내', 'up to 5 minutes'],
  [{ low: 700, high: 1150 }, '약 10~20분', 'about 10 to 20 minutes'],
  [{ low: 3100, high: 5000 }, '약 50분~1시간 30분', 'about 50 minutes to 1½ hours'],
  [{ low: 300, high: 300 }, '약 5분', 'about 5 minutes'],
  [{ low: 3600, high: 9000 }, '1시간~2시간 이상', '1 hour to more than 2 hours'],
  [{ low: WAIT_MINUTES_MAX * 60, high: 400_000 }, '2시간 이상', 'more than 2 hours'],
  [{ low: 3, high: 400_000 }, '아직 알 수 없습니다', 'not known yet'],
])('%o s is said as "%s" and "%s"', (given, korean, english) => {
  expect(ko.wait(waitRange(given))).toBe(korean);
  expect(en.wait(waitRange(given))).toBe(english);
});

test('an unknown wait is called unknown', () => {
  expect(ko.wait(null)).toBe('아직 알 수 없습니다');
  expect(en.wait(null)).toBe('not known yet');
});
