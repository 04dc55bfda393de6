// Cloudflare Access: which assertions authenticate an operator, and how the gateway follows the team's signing keys.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Access, type AccessSettings } from '../../worker/operators/access.ts';
import { type InProcessGateway, NOON } from '../gateway/in-process.ts';
import { ask, startGateway } from './operator-client.ts';

const TEAM = 'https://team.cloudflareaccess.com';
const AUDIENCE = 'a1b2c3';
const ROLES: AccessSettings['roles'] = { 'night@example.org': 'operator', 'Owner@Example.org': 'owner' };

const pairs = new Map<string, CryptoKeyPair>();
let published: string[];
let responds: boolean;
let fetches: number;
let access: Access;

beforeAll(async () => {
  for (const kid of ['one', 'two']) pairs.set(kid, await generateKeyPair('RS256', { extractable: true }));
});

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  [published, responds, fetches] = [['one'], true, 0];
  access = new Access({ teamUrl: TEAM, audience: AUDIENCE, roles: ROLES }, async (url) => {
    fetches++;
    expect(url).toBe(`${TEAM}/cdn-cgi/access/certs`);
    if (!responds) return new Response('', { status: 500 });
    const jwks = published.map(async (kid) => ({ ...(await exportJWK(pairOf(kid).publicKey)), kid, alg: 'RS256' }));
    return Response.json({ keys: await Promise.all(jwks) });
  });
});

function pairOf(kid: string): CryptoKeyPair {
  const pair = pairs.get(kid);
  if (pair === undefined) throw new TypeError(`There is no key "${kid}".`);
  return pair;
}

interface Claims {
  email?: string;
  iss?: string;
  aud?: string;
  iat?: number;
  exp?: number;
}

async function assertion(
  { email = 'night@example.org', iss = TEAM, aud = AUDIENCE, iat = NOON / 1000, exp = iat + 600 }: Claims = {},
  key: CryptoKey | Uint8Array = pairOf('one').privateKey,
  { alg = 'RS256', kid = 'one' } = {},
): Promise<string> {
  return new SignJWT({ email })
    .setProtectedHeader({ alg, kid })
    .setIssuer(iss)
    .setAudience(aud)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(key);
}

describe('an assertion', () => {
  let gateway: InProcessGateway;
  const session = async (token: string) => ask(gateway, 'session', { headers: { 'Cf-Access-Jwt-Assertion': token } });

  beforeEach(async () => {
    gateway = await startGateway({ access });
  });

  it('gives an address its role from the settings, in upper or lower case', async () => {
    expect((await session(await assertion())).document).toMatchObject({
      operator: { role: 'operator' },
      expiresAt: null,
    });
    const owner = await session(await assertion({ email: 'owner@example.org' }));
    expect(owner.document).toMatchObject({ operator: { name: 'owner@example.org', role: 'owner' } });
    expect(fetches).toBe(1);
  });

  it.each<[string, () => Promise<string>]>([
    ['of an address without a role', () => assertion({ email: 'visitor@example.org' })],
    ['for another application', () => assertion({ aud: 'another' })],
    ['of another team', () => assertion({ iss: 'https://evil.cloudflareaccess.com' })],
    ['that has expired', () => assertion({ exp: NOON / 1000 - 60 })],
    ['signed by another key', () => assertion({}, pairOf('two').privateKey)],
    ['signed with a secret', () => assertion({}, new TextEncoder().encode('s'.repeat(64)), { alg: 'HS256' })],
    ['without a signature', async () => 'eyJhbGciOiJub25lIn0.e30.'],
  ])('%s does not authenticate', async (_, make) => {
    expect((await session(await make())).status).toBe(401);
  });

  it('does not authenticate a change from another site, or from a browser that does not name the site', async () => {
    const headers = { 'Cf-Access-Jwt-Assertion': await assertion() };
    expect((await ask(gateway, 'pause', { headers })).status).toBe(403);
    const evil = { ...headers, Origin: 'https://evil.example' };
    expect((await ask(gateway, 'pause', { headers: evil })).status).toBe(403);
  });

  it('does not authenticate while the team’s keys cannot be fetched', async () => {
    responds = false;
    expect(await access.operator(await assertion(), NOON)).toBeNull();
  });
});

describe('the team’s signing keys', () => {
  /** Whether an assertion issued at some moment, signed with `key` and naming `kid`, authenticates. */
  const isAccepted = async (key: string, at: number, kid = key): Promise<boolean> => {
    const iat = Math.floor(at / 1000);
    const token = await assertion({ iat, exp: iat + 60 }, pairOf(key).privateKey, { kid });
    return (await access.operator(token, at)) !== null;
  };

  it('a new key is accepted at once, with one more fetch', async () => {
    expect(await isAccepted('one', NOON)).toBe(true);
    published = ['two', 'one'];
    expect(await isAccepted('two', NOON + 60_000)).toBe(true);
    expect(await isAccepted('one', NOON + 60_000)).toBe(true);
    expect(fetches).toBe(2);
  });

  it('a key that is no longer published is refused once the cached keys have expired', async () => {
    expect(await isAccepted('one', NOON)).toBe(true);
    published = ['two'];
    expect(await isAccepted('one', NOON + 11 * 60_000)).toBe(false);
  });

  it('unknown key ids trigger one fetch in half a minute and keep no operator out', async () => {
    expect(await isAccepted('one', NOON)).toBe(true);
    for (let second = 0; second < 60; second++) {
      expect(await isAccepted('two', NOON + 1_000 * second, `unknown-${second}`)).toBe(false);
      expect(await isAccepted('one', NOON + 1_000 * second)).toBe(true);
    }
    expect(fetches).toBe(2);
  });

  it('the cached keys remain in use while new ones cannot be fetched', async () => {
    expect(await isAccepted('one', NOON)).toBe(true);
    published = ['three'];
    expect(await isAccepted('two', NOON + 60_000)).toBe(false);
    expect(await isAccepted('one', NOON + 60_001)).toBe(true);
  });
});
