// The swap-or-not shuffle of a whole list, written from the Ethereum consensus specification (phase 0, "compute_shuffled_index")
// alone: for machines for which the other project has no binary, and without any code of the gateway.

import { createHash } from 'node:crypto';

/** SHUFFLE_ROUND_COUNT. */
const ROUNDS = 90;

/** One hash decides for so many indices. */
const INDICES_PER_HASH = 256;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** `compute_shuffled_index(index, count, seed)` of every index from 0 on. @param seed 32 bytes */
export function shuffledIndices(count: number, seed: Uint8Array): Uint32Array {
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  if (count === 0) return indices;
  const hashes = Math.ceil(count / INDICES_PER_HASH);
  const source = Buffer.alloc(hashes * 32);
  const input = Buffer.concat([seed, Buffer.alloc(5)]);
  for (let round = 0; round < ROUNDS; round++) {
    input[32] = round;
    const pivot = Number(sha256(input.subarray(0, 33)).readBigUInt64LE() % BigInt(count));
    for (let hash = 0; hash < hashes; hash++) {
      input.writeUInt32LE(hash, 33);
      sha256(input).copy(source, hash * 32);
    }
    for (let at = 0; at < count; at++) {
      const index = indices[at] ?? 0;
      const flip = (pivot + count - index) % count;
      const position = Math.max(index, flip);
      if (((source[position >> 3] ?? 0) >> (position & 7)) & 1) indices[at] = flip;
    }
  }
  return indices;
}
