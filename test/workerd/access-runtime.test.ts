// The way to Cloudflare Access's keys inside the production runtime, whose fetch knows less than Node's.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test, vi } from 'vitest';
import { Access } from '../../worker/operators/access.ts';

const TEAM = 'https://team.cloudflareaccess.com';
const AUDIENCE = 'application-tag';
const NOW = 1_626_260_400_000;

async function asked(answer: (keys: object) => Response) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] };
  const roles = { 'night@example.org': 'operator' } as const;
  const access = new Access({ teamUrl: TEAM, audience: AUDIENCE, roles }, async (url, init) => {
    new Request(url, init); // Throws where the runtime takes no such request.
    return answer(keys);
  });
  const assertion = await new SignJWT({ email: 'night@example.org' })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setIssuer(TEAM)
    .setAudience(AUDIENCE)
    .setIssuedAt(NOW / 1000)
    .setExpirationTime(NOW / 1000 + 60)
    .sign(privateKey);
  return access.operator(assertion, NOW);
}

test('keys are asked for in a way that the runtime takes', async () => {
  expect(await asked((keys) => Response.json(keys))).toMatchObject({ name: 'night@example.org', role: 'operator' });
});

test('keys that are said to be elsewhere are not had', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(await asked((keys) => Response.json(keys, { status: 302, headers: { Location: '/login' } }))).toBeNull();
});
