// Whether a beacon, of whatever form, is the one that a chain made for a round. Never on a visitor's request.

import { isRandomnessOf } from '../../queue-core/draw.ts';
import { type DrandBeacon, type DrandChain, drandBeaconSchema } from '../contract/draw-schema.ts';
import { signatureFault } from './bls-signature.ts';

const SCHEME = 'bls-unchained-g1-rfc9380';

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
  if (!isRandomnessOf(parsed.data)) return refused('randomness');
  const fault = signatureFault(publicKey, round, signature);
  if (fault !== null) return refused(fault);
  return { kind: 'genuine', beacon: { round, randomness, signature } };
}
