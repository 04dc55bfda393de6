// The test vectors of docs/draw.md, by other code than the gateway's: Node's SHA-256, and the shuffle of another project.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import type { PublishedDraw } from '../worker/contract/draw-schema.ts';
import { REAL_BEACON } from './fixtures/drand-beacons.ts';

const SECRET = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const ZEROS = '00'.repeat(32);
/** SHUFFLE_ROUND_COUNT of the specification. */
const ROUNDS = 90;
export const SIZES = [1, 2, 3, 255, 256, 257, 1_000, 100_000, 1_000_000];

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
const bytesOf = (hex: string) => Buffer.from(hex, 'hex');

export function commitmentOf(secret: string): string {
  return sha256(bytesOf(secret));
}

export function seedOf(secret: string, beacon: string, entries: number): string {
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(entries));
  return sha256(Buffer.from('fairgate/draw/v1', 'ascii'), bytesOf(secret), bytesOf(beacon), count);
}

/** Positions of the entries from 1 on. */
export function positionsOf(entries: number, seed: string): Uint32Array {
  const indices = Uint32Array.from({ length: entries }, (_, index) => index);
  return unshuffleList(indices, bytesOf(seed), ROUNDS).map((index) => index + 1);
}

/** A draw of ten entries whose opening has round 1000 of quicknet. */
export function exampleDraw(): PublishedDraw {
  const { chain, beacon } = REAL_BEACON;
  return {
    format: 'fairgate/draw/v1',
    room: 'demo',
    epoch: 1,
    state: 'drawn',
    commitments: [{ commitment: commitmentOf(SECRET), at: '2023-08-20T00:00:00.000Z' }],
    opensAt: '2023-08-23T15:59:21.000Z',
    beacon: { chain, ...beacon, deadline: '2023-08-23T16:04:24.000Z', afterDeadline: 'wait' },
    entries: 10,
    secret: SECRET,
    seed: seedOf(SECRET, beacon.randomness, 10),
  };
}

export function sizeVectors() {
  return SIZES.map((entries) => {
    const seed = seedOf(SECRET, ZEROS, entries);
    const positions = positionsOf(entries, seed);
    const all = Buffer.alloc(4 * entries);
    for (const [index, position] of positions.entries()) all.writeUInt32BE(position, 4 * index);
    return { entries, seed, first: positions[0], last: positions[entries - 1], all: sha256(all) };
  });
}

/** What each marked block of the document has to say. */
export function drawVectors(): Record<'example' | 'positions' | 'sizes', unknown> {
  const example = exampleDraw();
  const positions = [...positionsOf(example.entries ?? 0, example.seed ?? '')];
  return { example, positions, sizes: sizeVectors() };
}
