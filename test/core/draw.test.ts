// The draw against an independent implementation and against its own promises.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitTo, drawnPosition, drawSeed, NO_BEACON } from '../../queue-core/draw.ts';

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

/** SHUFFLE_ROUND_COUNT of the Ethereum consensus specification, as the other implementation wants it told. */
const ROUNDS = 90;

describe('the draw', () => {
  test('an entry that did not take part has no position', () => {
    for (const entry of [0, 11, -1, 1.5, Number.NaN])
      expect(() => drawnPosition(entry, 10, NO_BEACON)).toThrow(RangeError);
  });

  test('positions are those of an independent implementation of the swap-or-not shuffle', () => {
    fc.assert(
      fc.property(hex32, fc.integer({ min: 1, max: 700 }), (seed, entries) => {
        const indices = Uint32Array.from({ length: entries }, (_, index) => index);
        const theirs = unshuffleList(indices, Buffer.from(seed, 'hex'), ROUNDS);
        const ours = Array.from({ length: entries }, (_, index) => drawnPosition(index + 1, entries, seed) - 1);
        expect(ours).toEqual([...theirs]);
      }),
      { numRuns: 20 },
    );
  });

  test('every position is drawn exactly once, whatever the seed', () => {
    fc.assert(
      fc.property(hex32, fc.integer({ min: 1, max: 300 }), (seed, entries) => {
        const positions = Array.from({ length: entries }, (_, index) => drawnPosition(index + 1, entries, seed));
        expect(positions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: entries }, (_, index) => index + 1));
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

  test('the commitment is the SHA-256 of the secret and says nothing else', () => {
    fc.assert(
      fc.property(hex32, (secret) => {
        expect(commitTo(secret)).toBe(createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex'));
      }),
    );
  });
});
