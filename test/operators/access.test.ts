// Cloudflare Access: its assertions are believed when they are genuine, for this application, and of somebody on the list.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Access } from '../../worker/operators/access.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { NOON, type Played, playGateway } from '../gateway/in-process.ts';
import { ask } from './operator-client.ts';

const TEAM = 'https://team.cloudflareaccess.com';
const AUDIENCE = 'a1b2c3';

let own: CryptoKeyPair;
let foreign: CryptoKeyPair;
let played: Played;
let answersKeys = true;
let fetches = 0;

beforeAll(async () => {
  own = await generateKeyPair('RS256', { extractable: true });
  foreign = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'one', alg: 'RS256' };
  const roles = { 'night@example.org': 'operator', 'Owner@Example.org': 'owner' } as const;
  const access = new Access({ teamUrl: TEAM, audience: AUDIENCE, roles }, async (url) => {
    fetches++;
    expect(url).toBe(`${TEAM}/cdn-cgi/access/certs`);
    return answersKeys ? Response.json({ keys: [jwk] }) : new Response('', { status: 500 });
  });
  played = await playGateway({ keys: { keys: [await newSigningKey(0)] }, access });
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

interface Claims {
  email?: string;
  iss?: string;
  aud?: string;
  exp?: number;
}

async function assertion(claims: Claims = {}, key: CryptoKey | Uint8Array = own.privateKey, alg = 'RS256') {
  const { email = 'night@example.org', iss = TEAM, aud = AUDIENCE, exp = NOON / 1000 + 600 } = claims;
  return new SignJWT({ email })
    .setProtectedHeader({ alg, kid: 'one' })
    .setIssuer(iss)
    .setAudience(aud)
    .setIssuedAt(NOON / 1000)
    .setExpirationTime(exp)
    .sign(key);
}

const session = async (token: string) => ask(played, 'session', { headers: { 'Cf-Access-Jwt-Assertion': token } });

describe('an assertion', () => {
  it('of somebody on the list brings their role, however their address is written', async () => {
    expect((await session(await assertion())).document).toMatchObject({
      operator: { role: 'operator' },
      expiresAt: null,
    });
    const owner = await session(await assertion({ email: 'owner@example.org' }));
    expect(owner.document).toMatchObject({ operator: { name: 'owner@example.org', role: 'owner' } });
    expect(fetches).toBe(1);
  });

  it.each<[string, () => Promise<string>]>([
    ['of somebody else', () => assertion({ email: 'visitor@example.org' })],
    ['for another application', () => assertion({ aud: 'another' })],
    ['of another team', () => assertion({ iss: 'https://evil.cloudflareaccess.com' })],
    ['that has run out', () => assertion({ exp: NOON / 1000 - 60 })],
    ['signed by another key', () => assertion({}, foreign.privateKey)],
    ['signed with a secret', () => assertion({}, new TextEncoder().encode('s'.repeat(64)), 'HS256')],
    ['that is none', async () => 'eyJhbGciOiJub25lIn0.e30.'],
  ])('%s is nobody', async (_, make) => {
    expect((await session(await make())).status).toBe(401);
  });

  it('changes nothing at another site’s wish', async () => {
    const headers = { 'Cf-Access-Jwt-Assertion': await assertion() };
    expect((await ask(played, 'pause', { headers })).status).toBe(403);
    const evil = { ...headers, Origin: 'https://evil.example' };
    expect((await ask(played, 'pause', { headers: evil })).status).toBe(403);
  });

  it('is not believed while the team’s keys cannot be had', async () => {
    answersKeys = false;
    const empty = new Access(
      { teamUrl: TEAM, audience: AUDIENCE, roles: {} },
      async () => new Response('', { status: 500 }),
    );
    expect(await empty.operator(await assertion(), NOON)).toBeNull();
  });
});
