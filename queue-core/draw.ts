// The draw: visitors who joined before the opening get positions that no one could have steered and anyone can recompute.
// Commit to a secret, freeze N, mix in public randomness, shuffle without a list. All byte strings travel as hex.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { shuffleOf } from './shuffle.ts';

const SEED_DOMAIN = 'fairgate/draw/v1';

/** Takes the beacon's place where a room was scheduled without one. */
export const NO_BEACON = '00'.repeat(32);

/** What is published when the room is scheduled: SHA-256 of the secret. */
export function commitTo(secret: string): string {
  return bytesToHex(sha256(hexToBytes(secret)));
}

/** `SHA-256("fairgate/draw/v1" || secret || beacon || uint64be(N))`. */
export function drawSeed(secret: string, beacon: string, entries: number): string {
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(entries));
  return bytesToHex(sha256(concatBytes(utf8ToBytes(SEED_DOMAIN), hexToBytes(secret), hexToBytes(beacon), count)));
}

/**
 * The position (1..N) of an entry (1..N): `compute_shuffled_index(entry - 1, N, seed) + 1`.
 * Source: Ethereum consensus specification, phase 0, "compute_shuffled_index" (swap-or-not, Hoang, Morris, Rogaway 2012).
 * No list. About 0.1 ms the first time; what is hashed for one entry serves its neighbours too, and is kept (shuffle.ts).
 */
export function drawnPosition(entry: number, entries: number, seed: string): number {
  if (!Number.isInteger(entry) || entry < 1 || entry > entries) {
    throw new RangeError(
      `Entry ${entry} did not take part in a draw of ${entries}; use a number from 1 to ${entries}.`,
    );
  }
  return shuffleOf(entries, seed).shuffledIndex(entry - 1) + 1;
}
