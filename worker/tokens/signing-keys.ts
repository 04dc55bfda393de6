// The gateway's signing keys: ES256 key pairs as JWKs, each with the time from which it signs. A new key is published
// before it signs and an old one stays published afterwards, so a rotation invalidates no token.

import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import * as z from 'zod';

/** More than a rotation in progress needs; bounds what every verifier loads. */
const KEYS_MAX = 8;

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes of base64url');

const signingKeySchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate,
  /** Seconds since 1970 from which this key signs, until a later key does. */
  signFrom: z.int().nonnegative(),
});

export const signingKeysSchema = z.strictObject({ keys: z.array(signingKeySchema).min(1).max(KEYS_MAX) });

export type SigningKeys = z.output<typeof signingKeysSchema>;
export type SigningKey = SigningKeys['keys'][number];

/** Generates a key pair that signs from the given second on. */
export async function newSigningKey(signFrom: number): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return signingKeySchema.parse({ ...(await privateJwk(privateKey)), signFrom });
}

async function privateJwk(key: CryptoKey) {
  const { kty, crv, x, y, d } = await exportJWK(key);
  return { kty, crv, x, y, d };
}

export interface LoadedKey {
  kid: string;
  signFrom: number;
  privateKey: CryptoKey;
  publicJwk: JWK;
}

/** The RFC 7638 thumbprint: what names a key in tokens, in the JWKS and in sealed secrets. */
export function keyId({ signFrom: _, d: __, ...publicPart }: SigningKey): Promise<string> {
  return calculateJwkThumbprint(publicPart);
}

export function loadKeys({ keys }: SigningKeys): Promise<LoadedKey[]> {
  return Promise.all(
    keys.map(async (key) => {
      const { signFrom, d, ...publicPart } = key;
      const kid = await keyId(key);
      const privateKey = (await importJWK({ ...publicPart, d }, 'ES256')) as CryptoKey;
      return { kid, signFrom, privateKey, publicJwk: { ...publicPart, kid, alg: 'ES256', use: 'sig' } };
    }),
  );
}
