// The draw at the sizes where its hashes begin and end, and at the size of a rush, against an independent implementation; and
// that no entry is favoured. The seeds of the statistics are fixed, so they come out the same each time.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawnPosition } from '../../queue-core/draw.ts';
import { Shuffle } from '../../queue-core/shuffle.ts';
import { positionsOf, SIZES } from '../draw-vectors.ts';

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

describe('drawn positions', () => {
  test.each(SIZES)('are those of an independent implementation for N = %i', (entries) => {
    const some = fc.array(fc.integer({ min: 1, max: entries }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(hex32, some, (seed, chosen) => {
        const expected = positionsOf(entries, seed);
        for (const entry of [1, entries, ...chosen]) {
          expect(drawnPosition(entry, entries, seed)).toBe(expected[entry - 1]);
        }
      }),
      // The independent one shuffles the whole list each time.
      { numRuns: entries > 1_000 ? 2 : 20 },
    );
  });
});

/** Pearson's statistic for equally probable cells. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Enough for all hashes of a small draw, which serve all of its entries. */
const BYTES_MAX = 10_000;

const seedOf = (draw: number) => createHash('sha256').update(`uniformity ${draw}`).digest('hex');

describe('no entry is favoured', () => {
  test('every entry gets every position equally often', () => {
    const entries = 10;
    const counts = new Array<number>(entries * entries).fill(0);
    for (let draw = 0; draw < 2_000; draw++) {
      const shuffle = new Shuffle(entries, seedOf(draw), BYTES_MAX);
      for (let index = 0; index < entries; index++) {
        const cell = index * entries + shuffle.shuffledIndex(index);
        counts[cell] = (counts[cell] ?? 0) + 1;
      }
    }
    // 81 degrees of freedom: beyond 126.1 in one of a thousand fair samples.
    expect(chiSquare(counts)).toBeLessThan(126.1);
  });

  test('every order of four entries is equally frequent', () => {
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 2_400; draw++) {
      const shuffle = new Shuffle(4, seedOf(draw), BYTES_MAX);
      const order = [0, 1, 2, 3].map((index) => shuffle.shuffledIndex(index)).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 23 degrees of freedom.
    expect(chiSquare([...counts.values()])).toBeLessThan(49.7);
  });

  test('the statistic finds a draw that favours an entry', () => {
    const fair = [100, 100, 100, 100];
    expect(chiSquare(fair)).toBe(0);
    // 3 degrees of freedom: beyond 16.3 in one of a thousand.
    expect(chiSquare([140, 90, 85, 85])).toBeGreaterThan(16.3);
  });
});
