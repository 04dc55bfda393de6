// All positions of a draw, by code that is not the gateway's: another project's where it has a binary for this machine.

import { shuffledIndices } from './spec-shuffle.ts';

/** SHUFFLE_ROUND_COUNT, a parameter of the other project's function. */
const ROUNDS = 90;

export interface AllPositions {
  /** Of entry 1 at 0, and so on. */
  positions: Uint32Array;
  /** What computed them. */
  by: string;
}

export async function allPositions(entries: number, seed: string): Promise<AllPositions> {
  const bytes = Buffer.from(seed, 'hex');
  const shuffle = await otherProject();
  const indices =
    shuffle === null || entries === 0
      ? shuffledIndices(entries, bytes)
      : shuffle(
          Uint32Array.from({ length: entries }, (_, index) => index),
          bytes,
          ROUNDS,
        );
  const by = shuffle === null ? 'scripts/draw/spec-shuffle.ts' : '@chainsafe/swap-or-not-shuffle';
  return { positions: indices.map((index) => index + 1), by };
}

/** @returns null: it is not installed, or has no binary for this machine */
async function otherProject() {
  try {
    const { unshuffleList } = await import('@chainsafe/swap-or-not-shuffle');
    return unshuffleList;
  } catch {
    return null;
  }
}

/** Whether every number from 1 to N occurs once. */
export function isPermutation(positions: Uint32Array): boolean {
  const seen = new Uint8Array(positions.length + 1);
  for (const position of positions) {
    if (position < 1 || position > positions.length || seen[position] === 1) return false;
    seen[position] = 1;
  }
  return true;
}
