// The draw, checked against an independent implementation of its shuffle and against what it promises.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitTo, drawnPosition, drawSeed, NO_BEACON } from '../../queue-core/draw.ts';
import { IDLE_USES, KeptShuffles, SHUFFLES_MAX } from '../../queue-core/shuffle.ts';

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

/** SHUFFLE_ROUND_COUNT of the Ethereum consensus specification, a parameter of the independent implementation. */
const ROUNDS = 90;

function drawnPositions(entries: number, seed: string): number[] {
  return Array.from({ length: entries }, (_, index) => drawnPosition(index + 1, entries, seed));
}

/** By the independent implementation. */
function foreignPositions(entries: number, seed: string): number[] {
  const indices = Uint32Array.from({ length: entries }, (_, index) => index);
  return Array.from(unshuffleList(indices, Buffer.from(seed, 'hex'), ROUNDS), (index) => index + 1);
}

describe('draw', () => {
  test('an entry outside of the draw throws a RangeError', () => {
    for (const entry of [0, 11, -1, 1.5, Number.NaN])
      expect(() => drawnPosition(entry, 10, NO_BEACON)).toThrow(RangeError);
  });

  test('drawn positions are those of an independent implementation of the swap-or-not shuffle', () => {
    const isSame = (seed: string, entries: number) => {
      expect(drawnPositions(entries, seed)).toEqual(foreignPositions(entries, seed));
    };
    fc.assert(fc.property(hex32, fc.integer({ min: 1, max: 100 }), isSame), { numRuns: 12 });
    // One hash decides for 256 entries: sizes that need two and three hashes in a round.
    const [seed = ''] = fc.sample(hex32, 1);
    for (const entries of [257, 520]) isSame(seed, entries);
  });

  test('draws of several rooms, asked for in any order, do not disturb each other', () => {
    const draw = fc.record({ seed: hex32, entries: fc.integer({ min: 1, max: 600 }) });
    // More than are kept at once; some share their seed or their size.
    const draws = fc.array(draw, { minLength: 2, maxLength: 2 * SHUFFLES_MAX }).chain((drawn) => {
      const [first] = drawn;
      const alike = drawn.map(({ seed, entries }) => ({ seed: first?.seed ?? seed, entries: entries + 1 }));
      return fc.constant([...drawn, ...alike]);
    });
    const asked = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(draws, asked, (drawn, questions) => {
        const expected = drawn.map(({ entries, seed }) => foreignPositions(entries, seed));
        for (const [which, number] of questions) {
          const index = which % drawn.length;
          const { entries = 1, seed = '' } = drawn[index] ?? {};
          const entry = (number % entries) + 1;
          expect(drawnPosition(entry, entries, seed)).toBe(expected[index]?.[entry - 1]);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('positions are the same however few hashes are kept, and no more bytes are kept than the bound', () => {
    const bytesMax = fc.integer({ min: 0, max: 40_000 });
    const sizes = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(bytesMax, hex32, sizes, (bound, seed, all) => {
        const kept = new KeptShuffles(bound);
        for (const entries of all) {
          const expected = foreignPositions(entries, seed);
          for (const index of [0, entries >> 1, entries - 1]) {
            expect(kept.of(entries, seed).shuffledIndex(index) + 1).toBe(expected[index]);
            expect(kept.bytes).toBeLessThanOrEqual(bound);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test('a shuffle in use is kept, one that is not gives way to others', () => {
    const kept = new KeptShuffles();
    const seedOf = (number: number) => number.toString(16).padStart(64, '0');
    const inUse = kept.of(10, seedOf(0));
    for (let other = 1; other <= 2 * SHUFFLES_MAX; other++) {
      kept.of(10, seedOf(other));
      expect(kept.of(10, seedOf(0))).toBe(inUse);
      expect(kept.size).toBeLessThanOrEqual(SHUFFLES_MAX);
    }
    const late = seedOf(2 * SHUFFLES_MAX);
    expect(kept.of(10, late)).not.toBe(kept.of(10, late));
    for (let uses = 0; uses <= IDLE_USES; uses++) kept.of(10, seedOf(0));
    expect(kept.of(10, late)).toBe(kept.of(10, late));
    expect(kept.size).toBe(2);
  });

  test('every position is drawn exactly once, whatever the seed', () => {
    fc.assert(
      fc.property(hex32, fc.integer({ min: 1, max: 50 }), (seed, entries) => {
        const positions = drawnPositions(entries, seed).toSorted((a, b) => a - b);
        expect(positions).toEqual(Array.from({ length: entries }, (_, index) => index + 1));
      }),
      { numRuns: 20 },
    );
  });

  test('the seed is SHA-256("fairgate/draw/v1" || secret || beacon || uint64be(N))', () => {
    fc.assert(
      fc.property(hex32, hex32, fc.integer({ min: 0, max: 2 ** 40 }), (secret, beacon, entries) => {
        const count = Buffer.alloc(8);
        count.writeBigUInt64BE(BigInt(entries));
        const input = [Buffer.from('fairgate/draw/v1'), Buffer.from(secret, 'hex'), Buffer.from(beacon, 'hex'), count];
        expect(drawSeed(secret, beacon, entries)).toBe(createHash('sha256').update(Buffer.concat(input)).digest('hex'));
      }),
    );
  });

  test('the commitment is the SHA-256 of the secret', () => {
    fc.assert(
      fc.property(hex32, (secret) => {
        expect(commitTo(secret)).toBe(createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex'));
      }),
    );
  });
});
