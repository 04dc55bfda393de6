// The draw, checked against an independent implementation of its shuffle and against what it promises.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitTo, drawnPosition, drawSeed, NO_BEACON } from '../../queue-core/draw.ts';

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

/** SHUFFLE_ROUND_COUNT of the Ethereum consensus specification, a parameter of the independent implementation. */
const ROUNDS = 90;

function drawnPositions(entries: number, seed: string): number[] {
  return Array.from({ length: entries }, (_, index) => drawnPosition(index + 1, entries, seed));
}

describe('draw', () => {
  test('an entry outside of the draw throws a RangeError', () => {
    for (const entry of [0, 11, -1, 1.5, Number.NaN])
      expect(() => drawnPosition(entry, 10, NO_BEACON)).toThrow(RangeError);
  });

  test('drawn positions are those of an independent implementation of the swap-or-not shuffle', () => {
    const isSame = (seed: string, entries: number) => {
      const indices = Uint32Array.from({ length: entries }, (_, index) => index);
      const expected = unshuffleList(indices, Buffer.from(seed, 'hex'), ROUNDS);
      expect(drawnPositions(entries, seed)).toEqual(Array.from(expected, (index) => index + 1));
    };
    fc.assert(fc.property(hex32, fc.integer({ min: 1, max: 100 }), isSame), { numRuns: 12 });
    // One hash decides for 256 entries: sizes that need two and three hashes in a round.
    const [seed = ''] = fc.sample(hex32, 1);
    for (const entries of [257, 520]) isSame(seed, entries);
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
