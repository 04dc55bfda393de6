// Keys of Cloudflare Access that change: the new one counts as soon as an assertion names it, the old one no longer than
// the team publishes it, and made-up names do not have the team asked by every request.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Access } from '../../worker/operators/access.ts';

const TEAM = 'https://team.cloudflareaccess.com';
const AUDIENCE = 'application-tag';
const NOON = Date.parse('2027-08-05T12:00:00.000Z');

const pairs = new Map<string, CryptoKeyPair>();
let published: string[];
let fetches: number;
let access: Access;

beforeAll(async () => {
  for (const kid of ['one', 'two']) pairs.set(kid, await generateKeyPair('RS256', { extractable: true }));
});

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  [published, fetches] = [['one'], 0];
  const roles = { 'night@example.org': 'operator' } as const;
  access = new Access({ teamUrl: TEAM, audience: AUDIENCE, roles }, async () => {
    fetches++;
    return Response.json({
      keys: await Promise.all(published.map(async (kid) => ({ ...(await publicJwk(kid)), kid }))),
    });
  });
});

async function publicJwk(kid: string) {
  const pair = pairs.get(kid);
  if (pair === undefined) throw new TypeError(`There is no key "${kid}".`);
  return exportJWK(pair.publicKey);
}

/** Whether an assertion of some moment, signed with `key` and naming `kid`, makes anybody an operator. */
async function counts(key: string, at: number, kid = key): Promise<boolean> {
  const assertion = await new SignJWT({ email: 'night@example.org' })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(TEAM)
    .setAudience(AUDIENCE)
    .setIssuedAt(Math.floor(at / 1000))
    .setExpirationTime(Math.floor(at / 1000) + 60)
    .sign(pairs.get(key)?.privateKey as CryptoKey);
  return (await access.operator(assertion, at)) !== null;
}

it('a key that the team has just begun to use counts at once, for one more fetch', async () => {
  expect(await counts('one', NOON)).toBe(true);
  published = ['two', 'one'];
  expect(await counts('two', NOON + 60_000)).toBe(true);
  expect(await counts('one', NOON + 60_000)).toBe(true);
  expect(fetches).toBe(2);
});

it('a key that is published no more counts no longer than the keys are kept', async () => {
  expect(await counts('one', NOON)).toBe(true);
  published = ['two'];
  expect(await counts('one', NOON + 11 * 60_000)).toBe(false);
});

it('names that nobody published have the keys fetched once in half a minute, and keep nobody out', async () => {
  expect(await counts('one', NOON)).toBe(true);
  for (let second = 0; second < 60; second++) {
    expect(await counts('two', NOON + 1_000 * second, `made-up-${second}`)).toBe(false);
    expect(await counts('one', NOON + 1_000 * second)).toBe(true);
  }
  expect(fetches).toBe(2);
});

it('while fresh keys cannot be had, the ones at hand still tell who is known', async () => {
  expect(await counts('one', NOON)).toBe(true);
  published = ['three'];
  expect(await counts('two', NOON + 60_000)).toBe(false);
  expect(await counts('one', NOON + 60_001)).toBe(true);
});
