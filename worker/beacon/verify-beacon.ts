// Whether a beacon is the one that a chain signed for a round (drand, scheme bls-unchained-g1-rfc9380): a BLS signature on G1,
// under a public key on G2, of SHA-256(uint64be(round)). There is one such signature for each round, so nobody can choose among
// several. One check costs the time of two pairings: docs/draw.md has the figures. Never on a visitor's request.

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { type DrandBeacon, type DrandChain, drandBeaconSchema } from '../contract/draw-schema.ts';

/** BLS signatures, draft-irtf-cfrg-bls-signature, 4.2.1, as drand uses it since the scheme follows RFC 9380. */
const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';

const SCHEME = 'bls-unchained-g1-rfc9380';

const { G2, shortSignatures } = bls12_381;

/** Why a beacon is refused; in the order in which it is checked. */
export type BeaconFault = 'scheme' | 'form' | 'randomness' | 'publicKey' | 'point' | 'signature';

export const BEACON_FAULTS: Record<BeaconFault, string> = {
  scheme: `the chain has another scheme than ${SCHEME}`,
  form: 'round, randomness or signature is not of the right form or length',
  randomness: 'the randomness is not the SHA-256 of the signature',
  publicKey: 'the chain’s public key is no point of G2 that can sign',
  point: 'the signature is no point of G1 that a key can have made',
  signature: 'the signature is not the chain’s for this round',
};

export type BeaconCheck = { kind: 'genuine'; beacon: DrandBeacon } | { kind: 'refused'; fault: BeaconFault };

type Signer = Pick<DrandChain, 'publicKey' | 'scheme'>;

/** @param given anything: a document of a relay, of a store, of a stranger */
export function verifyBeacon({ publicKey, scheme }: Signer, given: unknown): BeaconCheck {
  const refused = (fault: BeaconFault): BeaconCheck => ({ kind: 'refused', fault });
  if (scheme !== SCHEME) return refused('scheme');
  const parsed = drandBeaconSchema.safeParse(given);
  if (!parsed.success) return refused('form');
  const { round, randomness, signature } = parsed.data;
  const signatureBytes = hexToBytes(signature);
  if (bytesToHex(sha256(signatureBytes)) !== randomness) return refused('randomness');
  const key = pointOf(() => G2.Point.fromHex(publicKey));
  if (key === null) return refused('publicKey');
  const point = pointOf(() => shortSignatures.Signature.fromBytes(signatureBytes));
  if (point === null) return refused('point');
  const message = shortSignatures.hash(sha256(uint64be(round)), DOMAIN);
  if (!shortSignatures.verify(point, message, key)) return refused('signature');
  return { kind: 'genuine', beacon: { round, randomness, signature } };
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

function uint64be(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
