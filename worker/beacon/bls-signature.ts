// Whether a drand chain signed a round (scheme bls-unchained-g1-rfc9380): a BLS signature on G1, under a public key on G2, of
// SHA-256(uint64be(round)). There is one such signature for each round, so nobody can choose among several. The gateway and the
// visitor's browser run the same check; it costs the time of two pairings (docs/draw.md has the figures).

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes } from '@noble/hashes/utils.js';

/** BLS signatures, draft-irtf-cfrg-bls-signature, 4.2.1, as drand uses it since the scheme follows RFC 9380. */
const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';

/** Hex of any length. @returns what is wrong with it; null: the chain with this key signed this round */
export function signatureFault(
  publicKey: string,
  round: number,
  signature: string,
): 'publicKey' | 'point' | 'signature' | null {
  const { G2, shortSignatures } = bls12_381;
  const key = pointOf(() => G2.Point.fromHex(publicKey));
  if (key === null) return 'publicKey';
  const point = pointOf(() => shortSignatures.Signature.fromBytes(hexToBytes(signature)));
  if (point === null) return 'point';
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(round));
  return shortSignatures.verify(point, shortSignatures.hash(sha256(number), DOMAIN), key) ? null : 'signature';
}

/** @returns null: not the encoding of a point on the curve and in the subgroup, which the decoders check, or the identity */
function pointOf<P extends { is0(): boolean }>(decode: () => P): P | null {
  try {
    const point = decode();
    return point.is0() ? null : point;
  } catch {
    return null; // Error of the decoder: wrong length or flags, no such point, or outside of the subgroup
  }
}
