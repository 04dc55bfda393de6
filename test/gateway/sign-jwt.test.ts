// Every token that the gateway signs is accepted by libraries that do not share its code, with exactly its claims: jose, which
// the origin package uses, and jsonwebtoken over OpenSSL.

import { createPublicKey, type webcrypto } from 'node:crypto';
import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { expect, test } from 'vitest';
import { signJwt } from '../../worker/tokens/sign-jwt.ts';
import { loadKeys, newSigningKey } from '../../worker/tokens/signing-keys.ts';

const keys = await loadKeys({ keys: [await newSigningKey(0), await newSigningKey(1)] });
const keySet = createLocalJWKSet({ keys: keys.map(({ publicJwk }) => publicJwk) });

/** Any text, as rooms and operators' ids are made of; never a time that is over. */
const claims = fc.record({
  iss: fc.webUrl(),
  aud: fc.string({ unit: 'grapheme', minLength: 1 }),
  sub: fc.string({ unit: 'binary', minLength: 1 }),
  epoch: fc.maxSafeNat(),
  // Slots have milliseconds.
  nbf: fc.integer({ min: 0, max: 2 ** 41 }).map((ms) => ms / 1_000),
  exp: fc.integer({ min: 2 ** 32, max: 2 ** 40 }),
});
const typ = fc.constantFrom('queue+jwt', 'admission+jwt', 'operator+jwt');
const whichKey = fc.integer({ min: 0, max: keys.length - 1 });

test('jose and jsonwebtoken accept every signed token, and read the claims that were signed', async () => {
  await fc.assert(
    fc.asyncProperty(claims, typ, whichKey, async (signed, type, which) => {
      const key = keys[which];
      if (key === undefined) throw new TypeError('No such key.');
      const token = await signJwt(key, type, signed);
      const currentDate = new Date(Math.ceil(signed.nbf) * 1_000);
      const verified = await jwtVerify(token, keySet, { algorithms: ['ES256'], typ: type, currentDate });
      expect(verified.payload).toEqual(signed);
      expect(verified.protectedHeader).toEqual({ alg: 'ES256', typ: type, kid: key.kid });
      const publicKey = createPublicKey({ key: key.publicJwk as webcrypto.JsonWebKey, format: 'jwk' });
      const clockTimestamp = Math.ceil(signed.nbf);
      const foreign = jsonwebtoken.verify(token, publicKey, { algorithms: ['ES256'], clockTimestamp, complete: true });
      expect(foreign).toMatchObject({ payload: signed });
    }),
  );
});

test('a token has three parts of base64url without padding, and no bit of it can be changed', async () => {
  const [key] = keys;
  if (key === undefined) throw new TypeError('No key.');
  await fc.assert(
    fc.asyncProperty(claims, typ, fc.nat(), async (signed, type, at) => {
      const token = await signJwt(key, type, signed);
      expect(token).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/);
      // The last character of a part also has bits that mean nothing.
      const index = at % (token.length - 1);
      if ('.' === token[index] || '.' === token[index + 1]) return;
      const forged = `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`;
      const currentDate = new Date(Math.ceil(signed.nbf) * 1_000);
      await expect(jwtVerify(forged, keySet, { algorithms: ['ES256'], currentDate })).rejects.toThrow();
    }),
  );
});

test('a claim that JSON cannot express is refused instead of left out', async () => {
  const [key] = keys;
  if (key === undefined) throw new TypeError('No key.');
  for (const exp of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    await expect(signJwt(key, 'queue+jwt', { sub: 'visitor', exp })).rejects.toThrow('Claim "exp" is');
  }
});
