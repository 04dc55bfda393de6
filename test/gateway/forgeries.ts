// Forged admission tokens: each is genuine but for one detail, which its name says.

import { createPublicKey } from 'node:crypto';
import { generateKeyPair } from 'jose';
import {
  admissionToken,
  encode,
  payloadOf,
  publicJwkOf,
  queueToken,
  type Signer,
  type TokenChanges,
} from './forged-tokens.ts';

export async function forgeries(signer: Signer, room: string, audience: string): Promise<[string, string][]> {
  const jwk = await publicJwkOf(signer.key);
  const { kid } = jwk;
  const genuine = await admissionToken(signer, room, audience);
  const [header = '', payload = '', signature = ''] = genuine.split('.');
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const foreignJwk = await crypto.subtle.exportKey('jwk', publicKey as CryptoKey);
  const publicPart = createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: jwk.x ?? '', y: jwk.y ?? '' },
    format: 'jwk',
  });
  const der = new Uint8Array(publicPart.export({ type: 'spki', format: 'der' }));
  const pem = new TextEncoder().encode(String(publicPart.export({ type: 'spki', format: 'pem' })));
  const jwkText = new TextEncoder().encode(JSON.stringify(jwk));
  const withChanges = (changes: TokenChanges) => admissionToken(signer, room, audience, changes);
  const none = encode({ alg: 'none', typ: 'admission+jwt', kid });
  const flipped = Buffer.from(signature, 'base64url');
  flipped[10] = (flipped[10] ?? 0) ^ 1;
  const past = Math.floor(Date.now() / 1000) - 60;
  return [
    ['alg none, no signature', `${none}.${payload}.`],
    ['alg none, with a signature', `${none}.${payload}.${signature}`],
    ['alg None in other letters', `${encode({ alg: 'nOnE', typ: 'admission+jwt', kid })}.${payload}.`],
    ['no alg', `${encode({ typ: 'admission+jwt', kid })}.${payload}.${signature}`],
    ['HS256 with the public key (DER)', await withChanges({ header: { alg: 'HS256' }, signWith: der })],
    ['HS256 with the public key (PEM)', await withChanges({ header: { alg: 'HS256' }, signWith: pem })],
    ['HS256 with the public key (JWK)', await withChanges({ header: { alg: 'HS256' }, signWith: jwkText })],
    ['another key under the gateway’s kid', await withChanges({ signWith: privateKey })],
    ['another key under its own kid', await withChanges({ signWith: privateKey, header: { kid: 'other' } })],
    ['another key without kid', await withChanges({ signWith: privateKey, header: { kid: undefined } })],
    ['another key in the header', await withChanges({ signWith: privateKey, header: { jwk: foreignJwk } })],
    [
      'another key at an address in the header',
      await withChanges({ signWith: privateKey, header: { jku: 'http://evil.example/jwks' } }),
    ],
    ['a kid that is a path', await withChanges({ signWith: privateKey, header: { kid: '../../../dev/null' } })],
    ['the gateway’s key under another kid', await withChanges({ header: { kid: 'other' } })],
    ['another typ', await withChanges({ header: { typ: 'JWT' } })],
    ['no typ', await withChanges({ header: { typ: undefined } })],
    ['the typ of a queue token', await withChanges({ header: { typ: 'queue+jwt' } })],
    [
      'an unknown critical extension',
      await withChanges({ header: { crit: ['exp'], exp: 1 } }).catch(() => `${header}.x.y`),
    ],
    ['another issuer', await withChanges({ claims: { iss: 'http://evil.example' } })],
    ['no issuer', await withChanges({ claims: { iss: undefined } })],
    ['another audience', await withChanges({ claims: { aud: 'urn:fairgate:origin:other' } })],
    ['no audience', await withChanges({ claims: { aud: undefined } })],
    ['no subject', await withChanges({ claims: { sub: undefined } })],
    ['no session', await withChanges({ claims: { sid: undefined } })],
    ['no expiry', await withChanges({ claims: { exp: undefined } })],
    ['an infinite expiry', `${header}.${Buffer.from('{"exp":1e999}').toString('base64url')}.${signature}`],
    ['an expiry that is text', await withChanges({ claims: { exp: '9999999999' } })],
    ['an expiry in the past', await withChanges({ claims: { exp: past } })],
    ['a slot in the future', await withChanges({ claims: { nbf: past + 3_600, exp: past + 7_200 } })],
    ['no position', await withChanges({ claims: { position: undefined } })],
    ['a position that is text', await withChanges({ claims: { position: '7' } })],
    ['a negative position', await withChanges({ claims: { position: -1 } })],
    ['a queue token', await queueToken(signer, room)],
    [
      'a queue token with all claims of an admission token',
      await queueToken(signer, room, { claims: payloadOf(genuine) }),
    ],
    ['a changed payload', `${header}.${encode({ ...payloadOf(genuine), position: 1 })}.${signature}`],
    ['a changed signature', `${header}.${payload}.${flipped.toString('base64url')}`],
    ['a signature of zeros', `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`],
    ['half a signature', `${header}.${payload}.${signature.slice(0, 43)}`],
    ['no signature', `${header}.${payload}.`],
    ['two parts', `${header}.${payload}`],
    ['five parts', `${header}.${payload}.${signature}.${payload}.${signature}`],
    ['not a token', 'true'],
    ['a token of 12,000 characters', `${header}.${'A'.repeat(100_000)}.${signature}`.slice(0, 12_000)],
  ];
}
