// How often people ask in a room that says what is left: soon enough to hear of it, and never so often that all of them are too many.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boardAt } from '../../queue-core/board-at.ts';
import { POLL_SECONDS_MAX, pollSeconds, pollSecondsForStock } from '../../queue-core/wait.ts';
import { board } from '../pages/built-pages.ts';

const stock = { remaining: 3, asOf: '2027-08-05T11:03:08.000Z', freshSeconds: 60, lots: [] };
const line = fc
  .record({ called: fc.nat(9_000_000), waiting: fc.nat(9_000_000), rate: fc.integer({ min: 1, max: 1_000_000 }) })
  .map(({ called, waiting, rate }) => ({ called, issued: called + waiting, newUsersPerMinute: rate, pace: null }));

describe('a room that says what is left', () => {
  test('is asked at most 10,000 times a second by all who wait, and by each at least every 30 s', () => {
    fc.assert(
      fc.property(line, fc.integer({ min: 1, max: 30 }), (room, seconds) => {
        const interval = pollSecondsForStock({ ...room, stock }, seconds);
        expect(Number.isInteger(interval) && interval >= 1 && interval <= POLL_SECONDS_MAX).toBe(true);
        const waiting = room.issued - room.called;
        if (interval < Math.min(seconds, POLL_SECONDS_MAX)) expect(waiting / interval).toBeLessThanOrEqual(10_000);
        // No slower than needed.
        if (interval > 1) expect(waiting / (interval - 1)).toBeGreaterThan(10_000);
      }),
    );
  });

  test('is never asked later than one that says nothing, and that one no sooner than before', () => {
    fc.assert(
      fc.property(line, fc.nat(9_000_000), (room, ahead) => {
        const without = pollSeconds(ahead, { ...room, stock: null });
        expect(pollSeconds(ahead, { ...room, stock })).toBeLessThanOrEqual(without);
        expect(pollSecondsForStock({ ...room, stock: null }, 30)).toBe(30);
      }),
    );
  });

  test('tells twenty thousand people within the jitter of two seconds', () => {
    expect(pollSecondsForStock({ stock, issued: 20_000, called: 0 }, 30)).toBe(2);
    expect(pollSecondsForStock({ stock, issued: 0, called: 0 }, 30)).toBe(1);
  });
});

test('a board carried forward hides exactly the numbers that are older than the room lets count, each by its own time', () => {
  const at = Date.parse(stock.asOf);
  fc.assert(
    fc.property(
      fc.array(fc.nat(200_000), { maxLength: 5 }),
      fc.integer({ min: 5, max: 120 }),
      fc.nat(400_000),
      (ages, freshSeconds, later) => {
        const lots = ages.map((age, index) => ({
          id: `${index}`,
          name: { ko: '', en: '' },
          remaining: index,
          asOf: new Date(at - age).toISOString(),
          price: null,
        }));
        const carried = boardAt(board({ stock: { ...stock, freshSeconds, lots } }), at + later).stock;
        expect(carried?.remaining).toBe(later > freshSeconds * 1_000 ? null : 3);
        expect(carried?.lots.map(({ remaining }) => remaining)).toEqual(
          ages.map((age, index) => (age + later > freshSeconds * 1_000 ? null : index)),
        );
      },
    ),
  );
});
