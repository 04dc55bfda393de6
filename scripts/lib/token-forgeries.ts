// Admission tokens that the gateway never signed, right in all but the signature: only a check of the signature refuses them. One
// forgery of each kind that verifiers have believed (RFC 8725, sections 2.1 and 3.1).

import { Buffer } from 'node:buffer';
import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface ForgedClaims {
  room: string;
  epoch: number;
  issuer: string;
  audience: string;
  /** The visitor's id; by default a made-up one. */
  subject?: string;
}

/** A key that the gateway publishes, or its id. */
export interface PublishedKey {
  kid: string;
  [member: string]: unknown;
}

export type Forgery = 'ownKey' | 'ownKeyInside' | 'unsigned' | 'publicKeyAsSecret' | 'zeros';

const LIFETIME_SECONDS = 300;
/** A clock that is a little behind must not refuse a forgery before its signature. */
const SECONDS_BEFORE = 5;

const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export function forgedToken(forgery: Forgery, claims: ForgedClaims, key: PublishedKey): string {
  switch (forgery) {
    case 'ownKey':
      return forge({ alg: 'ES256', kid: key.kid }, claims, signedByOwnKey);
    case 'ownKeyInside':
      return forge({ alg: 'ES256', jwk: own.publicKey.export({ format: 'jwk' }) }, claims, signedByOwnKey);
    case 'unsigned':
      return forge({ alg: 'none', kid: key.kid }, claims, () => Buffer.alloc(0));
    case 'publicKeyAsSecret': {
      const secret = JSON.stringify(key);
      return forge({ alg: 'HS256', kid: key.kid }, claims, (text) =>
        createHmac('sha256', secret).update(text).digest(),
      );
    }
    case 'zeros':
      return forge({ alg: 'ES256', kid: key.kid }, claims, () => Buffer.alloc(64));
  }
}

function forge(header: object, claims: ForgedClaims, signature: (text: string) => Buffer): string {
  const { issuer, audience, room, epoch, subject = randomBytes(16).toString('base64url') } = claims;
  const from = Math.floor(Date.now() / 1_000) - SECONDS_BEFORE;
  const times = { iat: from, nbf: from, exp: from + LIFETIME_SECONDS };
  const sid = randomBytes(12).toString('base64url');
  const payload = { iss: issuer, aud: audience, sub: subject, room, epoch, position: 1, sid, ...times };
  const text = `${encoded({ ...header, typ: 'admission+jwt' })}.${encoded(payload)}`;
  return `${text}.${signature(text).toString('base64url')}`;
}

function signedByOwnKey(text: string): Buffer {
  return sign('sha256', Buffer.from(text), { key: own.privateKey, dsaEncoding: 'ieee-p1363' });
}

function encoded(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
