// Secrets that the store alone cannot tell: it keeps a random number, and the secret is what that gives with a signing key, which the
// store does not have (HKDF, RFC 5869). Every gateway with the key gets the same.

import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { keyId, type SigningKeys } from './signing-keys.ts';

export class SealingKeys {
  /** By thumbprint. */
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  /** Thumbprint of the key that seals: the latest one, which stays the longest. */
  readonly #current: string;
  readonly #randomId: (bytes: number) => string;

  private constructor(keys: ReadonlyMap<string, Uint8Array>, current: string, randomId: (bytes: number) => string) {
    this.#keys = keys;
    this.#current = current;
    this.#randomId = randomId;
  }

  /** @param randomId random bytes as base64url */
  static async load({ keys }: SigningKeys, randomId: (bytes: number) => string): Promise<SealingKeys> {
    const loaded = await Promise.all(
      keys.map(async (key) => {
        const bytes = Uint8Array.fromBase64(key.d, { alphabet: 'base64url' });
        return { kid: await keyId(key), signFrom: key.signFrom, bytes };
      }),
    );
    const latest = loaded.reduce((a, b) => (b.signFrom > a.signFrom ? b : a));
    return new SealingKeys(new Map(loaded.map(({ kid, bytes }) => [kid, bytes])), latest.kid, randomId);
  }

  /** What is stored of a new secret: the id of the key, and a random number. */
  seal(): string {
    return `${this.#current}.${this.#randomId(32)}`;
  }

  /** Whether the key that sealed it is here. */
  canOpen(sealed: string): boolean {
    return this.#keys.has(sealingKey(sealed));
  }

  /** @param info names the use (RFC 5869, 3.2) @returns 32 bytes; null where the key that sealed it is not here */
  open(sealed: string, info: string): Uint8Array | null {
    const [, salt = ''] = sealed.split('.');
    const key = this.#keys.get(sealingKey(sealed));
    return key === undefined ? null : hkdf(sha256, key, utf8ToBytes(salt), utf8ToBytes(info), 32);
  }
}

/** The id of the key that sealed it. */
export function sealingKey(sealed: string): string {
  return sealed.split('.')[0] ?? '';
}
