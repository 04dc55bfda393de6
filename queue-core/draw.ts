// The draw: visitors who joined before the opening get positions that no one could have steered and anyone can recompute.
// Commit to a secret, freeze N, mix in public randomness, shuffle without a list. All byte strings travel as hex.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { shuffleOf } from './shuffle.ts';
import type { EpochMs } from './time.ts';

const SEED_DOMAIN = 'fairgate/draw/v1';

/** Takes the beacon's place where a room was scheduled without one. */
export const NO_BEACON = '00'.repeat(32);

/** From the opening to the beacon's round, at least: nobody knows the randomness while N can still change. */
export const ROUND_AFTER_OPENING_MS = 3_000;

/** A drand chain as its relays publish it (`/info`); its hash follows from the other parameters. */
export interface DrandChain {
  hash: string;
  /** A point of G2, 96 bytes, hex. */
  publicKey: string;
  scheme: 'bls-unchained-g1-rfc9380';
  /** When round 1 came, in seconds since 1970. */
  genesisTime: number;
  /** Seconds between two rounds. */
  period: number;
  groupHash: string;
  beaconId: string;
}

/** One round of a drand chain. */
export interface Beacon {
  round: number;
  /** SHA-256 of the signature, hex. */
  randomness: string;
  /** A point of G1, 48 bytes, hex. */
  signature: string;
}

/** What a room knows of a draw's secret before it is revealed. */
export interface SealedSecret {
  /** SHA-256 of the secret, hex. */
  commitment: string;
  /** With it a gateway, which has the keys that the store does not have, finds the secret again. */
  sealed: string;
}

/** A secret in the open, 32 bytes in hex, is drawn with as soon as the room opens; who reads the store knows it before. */
export type DrawSecret = string | SealedSecret;

/**
 * The round of a draw: the first one that is due `ROUND_AFTER_OPENING_MS` after the opening or later, to the millisecond. One that is
 * due exactly then counts; where the chain begins later, it is round 1.
 */
export function roundAfter(
  { genesisTime, period }: Pick<DrandChain, 'genesisTime' | 'period'>,
  opensAt: EpochMs,
): number {
  if (!Number.isSafeInteger(opensAt)) throw new RangeError(`The opening ${opensAt} is no time in whole milliseconds.`);
  const sinceFirst = opensAt + ROUND_AFTER_OPENING_MS - genesisTime * 1_000;
  return Math.max(0, Math.ceil(sinceFirst / (period * 1_000))) + 1;
}

/** When a round is due: `genesisTime + (round - 1) * period`. It comes a moment later. */
export function roundTime({ genesisTime, period }: Pick<DrandChain, 'genesisTime' | 'period'>, round: number): EpochMs {
  if (!Number.isSafeInteger(round) || round < 1)
    throw new RangeError(`Round ${round} does not exist; the first one is 1.`);
  return (genesisTime + (round - 1) * period) * 1000;
}

/** Whether the randomness is that of the signature. That the chain signed it is checked before (worker/beacon). */
export function isRandomnessOf({ randomness, signature }: Beacon): boolean {
  return /^(?:[0-9a-f]{2})+$/.test(signature) && bytesToHex(sha256(hexToBytes(signature))) === randomness;
}

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
