// How often this gateway compares operators' keys. The directory counts wrong keys for all gateways (queue-core's sign-in.ts);
// this repeats its answers from memory, so that a wait costs the store nothing, and bounds how many keys reach it.

import type { DirectoryView, OperatorKey, PresentedKey } from '../../queue-core/directory/directory-document.ts';
import { isUsedFrom } from '../../queue-core/directory/sign-in.ts';
import { KEY_PREFIX_CHARS } from '../../queue-core/limits.ts';
import { type Rate, RateLimit } from '../http/rate-limit.ts';

/** Keys from one network, or that name one key where it was used, that reach the store. */
export const SIGN_IN_RATE: Rate = { burst: 10, perSecond: 0.5 };

/** Waits in memory. Beyond it the oldest is dropped, and the directory is asked again. */
const WAITS_MAX = 4_096;

/** Keys and networks in memory, added by right keys only. Beyond it the oldest is dropped, and the directory is asked again. */
const USES_MAX = 1_024;

/** One key that somebody presents, before it is compared. */
export interface Attempt {
  /** 0: it may be compared. */
  waitSeconds: number;
  /** The key that it names, where that was accepted from this network before. */
  known: OperatorKey | null;
  /** Counts a key that goes to the store. @returns 0 if it may, else the whole seconds until one may */
  secondsUntilStore(): number;
  /** The directory's answer to a wrong key. */
  wait(ms: number): void;
}

export class SignInLimit {
  readonly #now: () => number;
  readonly #rate: RateLimit;
  readonly #waits = new Map<string, number>();
  readonly #uses = new Set<string>();

  constructor(now: () => number, rate: Rate = SIGN_IN_RATE) {
    this.#now = now;
    this.#rate = new RateLimit(rate, now);
  }

  attempt({ keys, keyNetworks }: DirectoryView, { prefix }: PresentedKey, from: string): Attempt {
    const named = keys.find((key) => key.prefix === prefix);
    const isKnown =
      named !== undefined && (isUsedFrom(keyNetworks, named.id, from) || this.#uses.has(`${named.id} ${from}`));
    const counter = isKnown ? `${named.id} ${from}` : from;
    return {
      waitSeconds: Math.max(0, Math.ceil(((this.#waits.get(counter) ?? 0) - this.#now()) / 1000)),
      known: isKnown ? named : null,
      secondsUntilStore: () => this.#rate.secondsToWait(counter),
      wait: (ms) => {
        this.#waits.delete(counter);
        this.#waits.set(counter, this.#now() + ms);
        dropOldest(this.#waits, WAITS_MAX);
      },
    };
  }

  /** A key was accepted from a network; the directory's copy shows it only later. */
  accepted(key: string, from: string): void {
    this.#uses.delete(`${key} ${from}`);
    this.#uses.add(`${key} ${from}`);
    dropOldest(this.#uses, USES_MAX);
  }
}

/** What a key shows of itself outside of the request that presents it. */
export function presentedKey(key: string, digest: (text: string) => string): PresentedKey {
  return { prefix: key.slice(0, KEY_PREFIX_CHARS), digest: digest(key) };
}

function dropOldest(entries: Map<string, unknown> | Set<string>, max: number): void {
  if (entries.size <= max) return;
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    return;
  }
}
