// Random ids, secrets and digests of the gateway, from the runtime's cryptography.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** Random bytes as base64url. */
export function randomId(bytes: number): string {
  return randomBytes(bytes).toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** 32 random bytes, hex. */
export function randomSecret(): string {
  return bytesToHex(randomBytes(32));
}

/** SHA-256, hex. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
