// When a key was last used, as the directory is to know it: told by each gateway at most every few minutes for each key, so that no
// request waits for it or costs a write.

import { KEY_USE_MS, OPERATOR_KEYS_MAX } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/time.ts';

export class KeyUses {
  /** When this gateway told it, by the key's id; of operators without a key nothing. */
  readonly #told = new Map<string, EpochMs>();

  /** Whether to tell it now; it counts as told. */
  isDue(key: string, now: EpochMs): boolean {
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < KEY_USE_MS) return false;
    this.#told.delete(key);
    this.#told.set(key, now);
    const [oldest] = this.#told.keys();
    if (this.#told.size > OPERATOR_KEYS_MAX && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }
}
