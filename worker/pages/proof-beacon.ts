// Whether a drand chain signed a round, for the browser: BLS on G1 under a key on G2 of SHA-256(uint64be(round)). The gateway's own check
// is worker/beacon/verify-beacon.ts. Takes some tenths of a second on a phone.

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import type { DrandChain } from '../../queue-core/draw.ts';

/** drand's documentation, "Chained and unchained randomness": the scheme that follows RFC 9380. */
const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';

/** The one chain that the page trusts: quicknet of the League of Entropy. Anybody can make a chain, and knows its randomness beforehand. */
export const QUICKNET: Omit<DrandChain, 'groupHash' | 'scheme'> = {
  hash: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451' +
    '0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  genesisTime: 1_692_803_367,
  period: 3,
  beaconId: 'quicknet',
};

export type TrustedChain = typeof QUICKNET;

export function isSignedByChain({ publicKey }: TrustedChain, round: number, signature: string): boolean {
  const { G2, shortSignatures } = bls12_381;
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(round));
  try {
    const message = shortSignatures.hash(sha256(number), DOMAIN);
    const point = shortSignatures.Signature.fromBytes(hexToBytes(signature));
    return shortSignatures.verify(point, message, G2.Point.fromHex(publicKey));
  } catch {
    return false; // Error of a decoder: no point of the group
  }
}
