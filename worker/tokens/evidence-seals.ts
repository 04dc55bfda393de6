// Seals of logs in evidence packs. A pack has no names, and no hash of a record that has any: a name, a role and an address are few
// enough to be guessed from it. The seal commits to the original log all the same, for those who are shown that log later.

import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { EpochMs } from '../../queue-core/time.ts';
import type { SigningKeys } from './signing-keys.ts';

const INFO = utf8ToBytes('fairgate/evidence-seal/v1');

export class EvidenceSeals {
  readonly #keys: SigningKeys['keys'];

  constructor({ keys }: SigningKeys) {
    this.#keys = keys.toSorted((a, b) => a.signFrom - b.signFrom);
  }

  /**
   * @param head hash of the last original record
   * @param madeAt of the pack: each has a key of its own (HKDF, RFC 5869), which can be given away without the others
   */
  seal(head: string, room: string, madeAt: EpochMs): string {
    const key = this.#keys.findLast(({ signFrom }) => signFrom * 1000 <= madeAt) ?? this.#keys[0];
    if (key === undefined) throw new TypeError('No signing key; the settings schema requires at least one.');
    return sealOf(head, sealKey(key.d, room, madeAt));
  }
}

/** @param d the private part of the signing key, base64url */
export function sealKey(d: string, room: string, madeAt: EpochMs): Uint8Array {
  const secret = Uint8Array.fromBase64(d, { alphabet: 'base64url' });
  return hkdf(sha256, secret, utf8ToBytes(`${madeAt} ${room}`), INFO, 32);
}

/** HMAC-SHA-256 (RFC 2104), hex. */
export function sealOf(head: string, key: Uint8Array): string {
  return bytesToHex(hmac(sha256, key, hexToBytes(head)));
}
