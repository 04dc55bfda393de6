// The secrets with which messages about alarms are signed, one for each target. The store has none of them.

import type { SealingKeys } from './sealing-keys.ts';

const INFO = 'fairgate/alarm-target/v1';

export class AlarmSecrets {
  readonly #keys: SealingKeys;

  constructor(keys: SealingKeys) {
    this.#keys = keys;
  }

  /** What is stored of a new secret. */
  seal(): string {
    return this.#keys.seal();
  }

  /** @returns null where the key that sealed it is not here */
  open(sealed: string): Uint8Array | null {
    return this.#keys.open(sealed, INFO);
  }

  /** As Standard Webhooks writes a secret, for the receiver. */
  text(sealed: string): string | null {
    const secret = this.open(sealed);
    return secret === null ? null : `whsec_${secret.toBase64()}`;
  }
}
