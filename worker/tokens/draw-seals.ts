// Secrets of draws, sealed: reading the store before the opening tells nothing of the draw, and every gateway can make it.

import { bytesToHex } from '@noble/hashes/utils.js';
import { commitTo, type SealedSecret } from '../../queue-core/draw.ts';
import type { SealingKeys } from './sealing-keys.ts';

const INFO = 'fairgate/draw-secret/v1';

export class DrawSeals {
  readonly #keys: SealingKeys;

  constructor(keys: SealingKeys) {
    this.#keys = keys;
  }

  /** A new secret, of which only the commitment can be read. */
  seal(): SealedSecret {
    const sealed = this.#keys.seal();
    const secret = this.open(sealed);
    if (secret === null) throw new TypeError('The present key is not among the keys.');
    return { commitment: commitTo(secret), sealed };
  }

  /** Whether the key that sealed it is here. */
  canOpen(sealed: string): boolean {
    return this.#keys.canOpen(sealed);
  }

  /** @returns 32 bytes, hex; null where the key that sealed it is not here */
  open(sealed: string): string | null {
    const secret = this.#keys.open(sealed, INFO);
    return secret === null ? null : bytesToHex(secret);
  }
}
