// Tokens of the gateway as a page checks them: what they say, and whether the gateway signed it. ES256 alone (RFC 7518, 3.4). The curve is
// @noble/curves', because browsers have WebCrypto on secure pages only: not on plain http, and not everywhere on a page of a file.

import { p256 } from '@noble/curves/nist.js';

/** A public key of the gateway (RFC 7517), as `/.well-known/jwks.json` has it. */
export interface PublicKey {
  kid: string;
  /** Coordinates of a point of P-256, 32 bytes in base64url. */
  x: string;
  y: string;
}

/** The gateway's tokens have about 500 characters (worker/tokens/tokens.ts reads no longer ones). */
export const TOKEN_CHARS_MAX = 2_048;

/** Beyond this, in seconds since 1970, no date exists. */
const SECONDS_MAX = 253_402_300_800;

type Payload = Record<string, unknown>;

export type TokenReading =
  /** Not a token of this type at all. */
  | { kind: 'unreadable' }
  /** No key of that name is known: the token is of another gateway, or the keys were changed. */
  | { kind: 'unknownKey'; payload: Payload }
  /** The signature is not the key's: it was edited. */
  | { kind: 'forged'; payload: Payload }
  | { kind: 'genuine'; payload: Payload; key: PublicKey };

export function readToken(jwt: string, typ: string, keys: readonly PublicKey[]): TokenReading {
  const token = jwt.trim();
  const parts = token.split('.');
  if (token.length > TOKEN_CHARS_MAX || parts.length !== 3) return { kind: 'unreadable' };
  const [header, payload] = [jsonOf(parts[0]), jsonOf(parts[1])];
  const signature = bytesOf(parts[2]);
  const isOfType = header?.['alg'] === 'ES256' && header['typ'] === typ;
  if (!isOfType || signature === null || payload === null) return { kind: 'unreadable' };
  const key = keys.find(({ kid }) => kid === header['kid']);
  if (key === undefined) return { kind: 'unknownKey', payload };
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  return isSigned(signature, signed, key) ? { kind: 'genuine', payload, key } : { kind: 'forged', payload };
}

export function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

export function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < SECONDS_MAX;
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

function jsonOf(part: string | undefined): Payload | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(part) ?? undefined));
    return typeof value === 'object' ? (value as Payload | null) : null;
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
