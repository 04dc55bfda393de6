// A signed JWT (RFC 7515, compact serialization; ES256 of RFC 7518, 3.4). A gateway signs a token for each arrival of a rush, with
// one of few keys and few types, so the protected header is encoded once. jose verifies what this signs.

import type { LoadedKey } from './signing-keys.ts';

const ES256 = { name: 'ECDSA', hash: 'SHA-256' };

const encoder = new TextEncoder();

/** Encoded protected headers of a key, by `typ`. */
const headers = new WeakMap<LoadedKey, Map<string, string>>();

/** @throws RangeError for a number that JSON cannot express: the claim would be missing */
export async function signJwt(
  key: LoadedKey,
  typ: string,
  claims: Record<string, string | number | readonly number[]>,
): Promise<string> {
  for (const [name, value] of Object.entries(claims)) {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`Claim "${name}" is ${value}.`);
  }
  return signCompact(key, typ, encoder.encode(JSON.stringify(claims)));
}

/** @returns a JWS in compact serialization. @param typ what is signed; no two kinds of content have the same */
export async function signCompact(key: LoadedKey, typ: string, payload: Uint8Array): Promise<string> {
  const input = `${encodedHeader(key, typ)}.${base64url(payload)}`;
  // WebCrypto's signature is the concatenation of R and S that ES256 asks for.
  const signature = await crypto.subtle.sign(ES256, key.privateKey, encoder.encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

function encodedHeader(key: LoadedKey, typ: string): string {
  const ofKey = headers.get(key) ?? new Map<string, string>();
  headers.set(key, ofKey);
  const known = ofKey.get(typ);
  if (known !== undefined) return known;
  const encoded = base64url(encoder.encode(JSON.stringify({ alg: 'ES256', typ, kid: key.kid })));
  ofKey.set(typ, encoded);
  return encoded;
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}
