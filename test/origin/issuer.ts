// The issuing part of a gateway for tests: signing keys, a key set on loopback, and tokens that are valid except for what a
// test changes.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export const ISSUER = 'https://gate.example';
export const AUDIENCE = 'https://site.example';

export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  publicJwk: JWK;
}

export async function makeKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, publicKey, publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } };
}

interface MintOptions {
  header?: Record<string, unknown>;
  /** Claims to replace; `undefined` removes one. */
  claims?: Record<string, unknown>;
  key?: SigningKey;
  now?: number;
}

export interface Issuer {
  jwksUrl: string;
  key: SigningKey;
  /** Number of requests for the key set. */
  fetches(): number;
  publish(...keys: SigningKey[]): void;
  /** Response to the next requests in place of the key set; null: the key set again. */
  respondWith(response: { status: number; body: string } | null): void;
  mint(options?: MintOptions): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  const key = await makeKey();
  let published: SigningKey[] = [key];
  let override: { status: number; body: string } | null = null;
  let fetches = 0;
  const server = createServer((_, response) => {
    fetches++;
    response.writeHead(override?.status ?? 200, { 'Content-Type': 'application/json', Connection: 'close' });
    response.end(override?.body ?? JSON.stringify({ keys: published.map(({ publicJwk }) => publicJwk) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`,
    key,
    fetches: () => fetches,
    publish: (...keys) => {
      published = keys;
    },
    respondWith: (response) => {
      override = response;
    },
    mint: (options = {}) => mint({ key, ...options }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function claimsAt(now: number): Record<string, unknown> {
  const seconds = Math.floor(now / 1000);
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'visitor-1',
    room: 'vaccine',
    epoch: 3,
    position: 412,
    iat: seconds,
    nbf: now / 1000 - 1.25,
    exp: seconds + 300,
    sid: 'session-1',
  };
}

export function mint({
  header = {},
  claims = {},
  key,
  now = Date.now(),
}: MintOptions & { key: SigningKey }): Promise<string> {
  const all = Object.entries({ ...claimsAt(now), ...claims }).filter(([, value]) => value !== undefined);
  return new SignJWT(Object.fromEntries(all))
    .setProtectedHeader({ alg: 'ES256', typ: 'admission+jwt', kid: key.kid, ...header })
    .sign(key.privateKey);
}

/** Base64url of a JSON value or a text, for tokens that no library would create. */
export function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}
