// The swap-or-not shuffle of one index, without a list (Ethereum consensus specification, phase 0, "compute_shuffled_index").
// What depends on the seed alone is kept: the pivot of each round, and the hashes that decide, each for 256 neighbouring indices.
// A shuffle is a pure function of its size and seed, so what is kept changes no result, and may be dropped at any time.

import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes } from '@noble/hashes/utils.js';

/** SHUFFLE_ROUND_COUNT of the specification. */
const ROUNDS = 90;

/** Indices that one hash decides for. */
const INDICES_PER_HASH = 256;
const HASH_BYTES = 32;

/** Shuffles that are kept: a gateway serves few rooms at once whose draw was lately. */
export const SHUFFLES_MAX = 8;

/** Hashes of all kept shuffles together: those of two million entries. Beyond it a round is hashed each time. */
export const HASHES_BYTES_MAX = 24 * 1024 * 1024;

/** A shuffle gives way to another one once this many indices were asked of others since it was used. */
export const IDLE_USES = 1_000;

export class Shuffle {
  /** What the kept hashes take, at most. */
  readonly bytes: number;
  readonly #count: number;
  readonly #seed: Uint8Array;
  readonly #pivots: Float64Array;
  /** Rounds whose hashes are kept, from the first one on. */
  readonly #keptRounds: number;
  readonly #hashesPerRound: number;
  readonly #hashes: Uint8Array;
  /** 1: the hash is there. */
  readonly #isHashed: Uint8Array;
  readonly #input = new Uint8Array(HASH_BYTES + 5);
  readonly #view = new DataView(this.#input.buffer);

  /** @param bytesMax for hashes that are kept; 0: none is */
  constructor(count: number, seed: string, bytesMax: number) {
    this.#count = count;
    this.#seed = hexToBytes(seed);
    this.#hashesPerRound = Math.ceil(count / INDICES_PER_HASH);
    const bytesPerRound = this.#hashesPerRound * (HASH_BYTES + 1);
    this.#keptRounds = Math.min(ROUNDS, Math.floor(bytesMax / bytesPerRound));
    this.#hashes = new Uint8Array(this.#keptRounds * this.#hashesPerRound * HASH_BYTES);
    this.#isHashed = new Uint8Array(this.#keptRounds * this.#hashesPerRound);
    this.bytes = this.#hashes.length + this.#isHashed.length;
    this.#input.set(this.#seed);
    this.#pivots = Float64Array.from({ length: ROUNDS }, (_, round) => this.#pivot(round));
  }

  /** @param first from 0 to the size of the shuffle, exclusive */
  shuffledIndex(first: number): number {
    const count = this.#count;
    let index = first;
    for (let round = 0; round < ROUNDS; round++) {
      const flip = ((this.#pivots[round] ?? 0) + count - index) % count;
      const higher = Math.max(index, flip);
      if ((this.#decidingByte(round, higher) >> (higher % 8)) & 1) index = flip;
    }
    return index;
  }

  #decidingByte(round: number, higher: number): number {
    const number = Math.floor(higher / INDICES_PER_HASH);
    const byteInHash = Math.floor((higher % INDICES_PER_HASH) / 8);
    if (round >= this.#keptRounds) return this.#hash(round, number)[byteInHash] ?? 0;
    const slot = round * this.#hashesPerRound + number;
    if (this.#isHashed[slot] === 0) {
      this.#hashes.set(this.#hash(round, number), slot * HASH_BYTES);
      this.#isHashed[slot] = 1;
    }
    return this.#hashes[slot * HASH_BYTES + byteInHash] ?? 0;
  }

  #hash(round: number, number: number): Uint8Array {
    this.#input[HASH_BYTES] = round;
    this.#view.setUint32(HASH_BYTES + 1, number, true);
    return sha256(this.#input);
  }

  #pivot(round: number): number {
    this.#input[HASH_BYTES] = round;
    const { buffer, byteOffset } = sha256(this.#input.subarray(0, HASH_BYTES + 1));
    return Number(new DataView(buffer, byteOffset).getBigUint64(0, true) % BigInt(this.#count));
  }
}

interface Kept {
  shuffle: Shuffle;
  /** Count of uses of all shuffles when this one was used last. */
  usedAt: number;
}

/** Shuffles by size and seed. */
export class KeptShuffles {
  readonly #kept = new Map<string, Kept>();
  readonly #bytesMax: number;
  #uses = 0;

  constructor(bytesMax = HASHES_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** What is kept takes so much. */
  get bytes(): number {
    return [...this.#kept.values()].reduce((sum, { shuffle }) => sum + shuffle.bytes, 0);
  }

  get size(): number {
    return this.#kept.size;
  }

  of(count: number, seed: string): Shuffle {
    const key = `${count} ${seed}`;
    this.#uses++;
    const found = this.#kept.get(key);
    if (found !== undefined) {
      found.usedAt = this.#uses;
      return found.shuffle;
    }
    // One that is in use stays: shuffles that drive each other out would be made again for each index.
    for (const [other, { usedAt }] of this.#kept) if (this.#uses - usedAt > IDLE_USES) this.#kept.delete(other);
    if (this.#kept.size >= SHUFFLES_MAX) return new Shuffle(count, seed, 0);
    const shuffle = new Shuffle(count, seed, this.#bytesMax - this.bytes);
    this.#kept.set(key, { shuffle, usedAt: this.#uses });
    return shuffle;
  }
}

const kept = new KeptShuffles();

/** The shuffle of this size and seed, kept from the last time where possible. */
export function shuffleOf(count: number, seed: string): Shuffle {
  return kept.of(count, seed);
}
