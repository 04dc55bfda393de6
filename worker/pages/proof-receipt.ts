// A queue token as its visitor's receipt: whether the gateway signed it, and what it says. ES256 alone (RFC 7518, 3.4). The curve is
// @noble/curves', because browsers have WebCrypto on secure pages only, and this page has no origin of its own.

import { p256 } from '@noble/curves/nist.js';
import type { PublicKey } from './proof-model.ts';

/** The gateway's tokens have about 500 characters (worker/tokens/tokens.ts reads no longer ones). */
export const RECEIPT_CHARS_MAX = 2_048;

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
  const token = jwt.trim();
  const parts = token.split('.');
  const [header, payload] = [jsonOf(parts[0]), jsonOf(parts[1])];
  const signature = bytesOf(parts[2]);
  const claims = payload && claimsOf(payload);
  const isReceipt = header?.['alg'] === 'ES256' && header['typ'] === 'queue+jwt' && parts.length === 3;
  if (token.length > RECEIPT_CHARS_MAX || !isReceipt || signature === null || claims === null) {
    return { kind: 'unreadable' };
  }
  const key = keys.find(({ kid }) => kid === header['kid']);
  if (key === undefined) return { kind: 'unknownKey', claims };
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  return isSigned(signature, signed, key) ? { kind: 'genuine', claims, key } : { kind: 'forged', claims };
}

function isSigned(signature: Uint8Array, signed: Uint8Array, { x, y }: PublicKey): boolean {
  const [xBytes, yBytes] = [bytesOf(x), bytesOf(y)];
  if (xBytes?.length !== 32 || yBytes?.length !== 32) return false;
  try {
    // WebCrypto signs with either of the two values of s.
    return p256.verify(signature, signed, Uint8Array.of(4, ...xBytes, ...yBytes), { lowS: false });
  } catch {
    return false; // Error: wrong length, or no point of the curve
  }
}

function claimsOf(payload: Record<string, unknown>): ReceiptClaims | null {
  const { aud, epoch, draw, iat, entry, position } = payload;
  const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
  // One place: an entry or a position.
  if ((entry === undefined) === (position === undefined)) return null;
  const number = entry ?? position;
  if (typeof aud !== 'string' || typeof draw !== 'string' || !isNumber(epoch) || !isNumber(number)) return null;
  // Beyond this no date exists.
  if (typeof iat !== 'number' || !(iat >= 0 && iat < 253_402_300_800)) return null;
  const place = { kind: entry === undefined ? ('position' as const) : ('entry' as const), number };
  return { room: aud, epoch, commitment: draw, issuedAt: iat, place };
}

function jsonOf(part: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(part) ?? undefined));
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null; // SyntaxError or TypeError: no JSON in UTF-8
  }
}

/** @returns null: not base64url */
function bytesOf(part = ''): Uint8Array | null {
  if (!/^[\w-]+$/.test(part) || part.length % 4 === 1) return null;
  const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
