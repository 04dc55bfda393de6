// Fetching Cloudflare Access's keys inside the production runtime, whose fetch supports less than Node's.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test, vi } from 'vitest';
import { Access } from '../../worker/operators/access.ts';

const TEAM = 'https://team.cloudflareaccess.com';
const AUDIENCE = 'application-tag';
const NOW = 1_626_260_400_000;

/** The operator of a valid assertion, where Access's key address responds like this. */
async function operatorWith(response: (keys: object) => Response) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] };
  const roles = { 'operator@example.org': 'operator' } as const;
  const access = new Access({ teamUrl: TEAM, audience: AUDIENCE, roles }, async (url, init) => {
    new Request(url, init); // Throws where the runtime does not support such a request.
    return response(keys);
  });
  const assertion = await new SignJWT({ email: 'operator@example.org' })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setIssuer(TEAM)
    .setAudience(AUDIENCE)
    .setIssuedAt(NOW / 1000)
    .setExpirationTime(NOW / 1000 + 60)
    .sign(privateKey);
  return access.operator(assertion, NOW);
}

test('keys are fetched with options that the runtime supports', async () => {
  expect(await operatorWith((keys) => Response.json(keys))).toMatchObject({
    name: 'operator@example.org',
    role: 'operator',
  });
});

test('a redirect of the key address is not followed: the operator is unknown', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(
    await operatorWith((keys) => Response.json(keys, { status: 302, headers: { Location: '/login' } })),
  ).toBeNull();
});
