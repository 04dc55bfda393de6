// Secrets of draws, sealed: the store keeps a random number, and the secret is what that gives with a signing key, which the store does
// not have (HKDF, RFC 5869). So reading the store before the opening tells nothing of the draw, and every gateway can make it.

import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { commitTo, type SealedSecret } from '../../queue-core/draw.ts';
import { keyId, type SigningKeys } from './signing-keys.ts';

const INFO = utf8ToBytes('fairgate/draw-secret/v1');

export class DrawSeals {
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
  static async load({ keys }: SigningKeys, randomId: (bytes: number) => string): Promise<DrawSeals> {
    const loaded = await Promise.all(
      keys.map(async (key) => {
        const bytes = Uint8Array.fromBase64(key.d, { alphabet: 'base64url' });
        return { kid: await keyId(key), signFrom: key.signFrom, bytes };
      }),
    );
    const latest = loaded.reduce((a, b) => (b.signFrom > a.signFrom ? b : a));
    return new DrawSeals(new Map(loaded.map(({ kid, bytes }) => [kid, bytes])), latest.kid, randomId);
  }

  /** A new secret, of which only the commitment can be read. */
  seal(): SealedSecret {
    const sealed = `${this.#current}.${this.#randomId(32)}`;
    const secret = this.open(sealed);
    if (secret === null) throw new TypeError('The present key is not among the keys.');
    return { commitment: commitTo(secret), sealed };
  }

  /** Whether the key that sealed it is here. */
  canOpen(sealed: string): boolean {
    return this.#keys.has(sealingKey(sealed));
  }

  /** @returns 32 bytes, hex; null where the key that sealed it is not here */
  open(sealed: string): string | null {
    const [, salt = ''] = sealed.split('.');
    const key = this.#keys.get(sealingKey(sealed));
    return key === undefined ? null : bytesToHex(hkdf(sha256, key, utf8ToBytes(salt), INFO, 32));
  }
}

/** The id of the key that sealed it. */
export function sealingKey(sealed: string): string {
  return sealed.split('.')[0] ?? '';
}
