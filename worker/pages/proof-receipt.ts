// A queue token as its visitor's receipt for a place: whether the gateway signed it, and what it says.

import { isNumber, isSeconds, type PublicKey, readToken } from './signed-token.ts';

export interface ReceiptClaims {
  room: string;
  epoch: number;
  commitment: string;
  /** Seconds since 1970. */
  issuedAt: number;
  place: { kind: 'entry' | 'position'; number: number };
}

export type ReceiptReading =
  /** Not a queue token at all. */
  | { kind: 'unreadable' }
  /** No key of that name is known: the receipt is of another gateway, or the keys were changed. */
  | { kind: 'unknownKey'; claims: ReceiptClaims }
  /** The signature is not the key's: it was edited. */
  | { kind: 'forged'; claims: ReceiptClaims }
  | { kind: 'genuine'; claims: ReceiptClaims; key: PublicKey };

export function readReceipt(jwt: string, keys: readonly PublicKey[]): ReceiptReading {
  const read = readToken(jwt, 'queue+jwt', keys);
  const claims = read.kind === 'unreadable' ? null : claimsOf(read.payload);
  if (read.kind === 'unreadable' || claims === null) return { kind: 'unreadable' };
  return read.kind === 'genuine' ? { kind: read.kind, claims, key: read.key } : { kind: read.kind, claims };
}

function claimsOf(payload: Record<string, unknown>): ReceiptClaims | null {
  const { aud, epoch, draw, iat, entry, position } = payload;
  // One place: an entry or a position.
  if ((entry === undefined) === (position === undefined)) return null;
  const number = entry ?? position;
  if (typeof aud !== 'string' || typeof draw !== 'string' || !isNumber(epoch) || !isNumber(number)) return null;
  if (!isSeconds(iat)) return null;
  const place = { kind: entry === undefined ? ('position' as const) : ('entry' as const), number };
  return { room: aud, epoch, commitment: draw, issuedAt: iat, place };
}
