// Genuine and forged tokens. The tests hold the gateway's key, so a forgery can be right in everything but one detail.

import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose';
import { requestAsHost } from '../../scripts/lib/host-request.ts';
import type { SigningKey, SigningKeys } from '../../worker/tokens/signing-keys.ts';

export interface Signer {
  issuer: string;
  /** Where the gateway listens. */
  url: string;
  key: SigningKey;
}

export interface TokenChanges {
  header?: Record<string, unknown>;
  /** `undefined` removes a claim. */
  claims?: Record<string, unknown>;
  /** Signs instead of the gateway's key. */
  signWith?: CryptoKey | Uint8Array;
}

/** The gateway's own signer. */
export function signerOf({ url, keys }: { url: string; keys: SigningKeys }): Signer {
  const [key] = keys.keys;
  if (key === undefined) throw new TypeError('The gateway has no signing key.');
  return { issuer: url, url, key };
}

export async function publicJwkOf({ kty, crv, x, y }: SigningKey): Promise<JWK & { kid: string }> {
  const jwk = { kty, crv, x, y };
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) };
}

/** The number of the room's opening, as its board says. */
async function epochOf({ url }: Signer, room: string): Promise<number> {
  const { body } = await requestAsHost(room === 'demo' ? '*' : `${room}.test`, `${url}/_fairgate/rooms/${room}/board`);
  return (JSON.parse(body) as { epoch: number }).epoch;
}

const id = (bytes: number) => randomBytes(bytes).toString('base64url');

/** A session of the room's present opening, position 7, for five minutes. */
export async function admissionToken(
  signer: Signer,
  room: string,
  audience: string,
  changes: TokenChanges = {},
): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const epoch = await epochOf(signer, room);
  const claims = { aud: audience, room, epoch, position: 7, sid: id(12), nbf: seconds - 5, exp: seconds + 300 };
  return sign(signer, { ...claims, ...changes.claims }, { typ: 'admission+jwt', ...changes.header }, changes.signWith);
}

/** Position 7 of the room's present opening. */
export async function queueToken(signer: Signer, room: string, changes: TokenChanges = {}): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const epoch = await epochOf(signer, room);
  const claims = { aud: room, epoch, position: 7, draw: '0'.repeat(64), exp: seconds + 3_600 };
  return sign(signer, { ...claims, ...changes.claims }, { typ: 'queue+jwt', ...changes.header }, changes.signWith);
}

async function sign(
  { issuer, key }: Signer,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
  signWith?: CryptoKey | Uint8Array,
): Promise<string> {
  const { kty, crv, x, y, d } = key;
  const { kid } = await publicJwkOf(key);
  const all = { iss: issuer, sub: id(16), iat: Math.floor(Date.now() / 1000), ...claims };
  const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const fields = Object.fromEntries(
    Object.entries({ alg: 'ES256', kid, ...header }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(payload)
    .setProtectedHeader(fields as { alg: string })
    .sign(signWith ?? ((await importJWK({ kty, crv, x, y, d }, 'ES256')) as CryptoKey));
}

/** Base64url of a JSON value, for tokens that no library would produce. */
export function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

export function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
