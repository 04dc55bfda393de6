// The admission check, refusals first: the attacks that RFC 8725 names, then changed and unavailable keys. Each token is a
// valid one with one thing changed.

import { createHmac } from 'node:crypto';
import { CompactSign, exportSPKI, SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Verdict } from '../../origin/verdict.ts';
import { type VerifierOptions, VerifierOptionsError } from '../../origin/verifier-options.ts';
import { createVerifier } from '../../origin/verify.ts';
import {
  AUDIENCE,
  claimsAt,
  encode,
  ISSUER,
  type Issuer,
  makeKey,
  mint,
  type SigningKey,
  startIssuer,
} from './issuer.ts';

let issuer: Issuer;
let unpublishedKey: SigningKey;

beforeAll(async () => {
  unpublishedKey = await makeKey();
});

beforeEach(async () => {
  issuer = await startIssuer();
});

afterEach(async () => {
  vi.useRealTimers();
  await issuer.close();
});

function verifier(options: Partial<VerifierOptions> = {}) {
  return createVerifier({ jwksUrl: issuer.jwksUrl, issuer: ISSUER, audience: AUDIENCE, ...options });
}

function reasonIn(verdict: Verdict): string {
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind;
}

/** A token signed by the gateway's real key over exactly this payload text. */
function signRaw(payload: string, header: Record<string, unknown> = {}): Promise<string> {
  return new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: 'ES256', typ: 'admission+jwt', kid: issuer.key.kid, ...header })
    .sign(issuer.key.privateKey, { crit: { 'https://example/ext': true } });
}

function signHmac(secret: string | Uint8Array, kid: string): string {
  const input = `${encode({ alg: 'HS256', typ: 'admission+jwt', kid })}.${encode(claimsAt(Date.now()))}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

describe('a token is refused', () => {
  const refusals: [string, string, () => string | undefined | Promise<string>][] = [
    ['when it is absent', 'missing', () => undefined],
    ['when it is empty', 'missing', () => ''],
    ['when it is not a token', 'malformed', () => 'let me in'],
    ['when its three parts are not JSON', 'malformed', () => 'a.b.c'],
    ['with a Bearer prefix', 'malformed', async () => `Bearer ${await issuer.mint()}`],
    ['when there are two', 'malformed', async () => `${await issuer.mint()}, ${await issuer.mint()}`],
    [
      'when it is longer than 4,096 characters',
      'malformed',
      () => issuer.mint({ claims: { padding: 'x'.repeat(4_096) } }),
    ],
    [
      'unsigned: alg none',
      'algorithm',
      () => `${encode({ alg: 'none', typ: 'admission+jwt' })}.${encode(claimsAt(Date.now()))}.`,
    ],
    [
      'unsigned, with the kid of a real key',
      'algorithm',
      () => `${encode({ alg: 'none', typ: 'admission+jwt', kid: issuer.key.kid })}.${encode(claimsAt(Date.now()))}.`,
    ],
    [
      'signed HS256 with the public key as the secret (PEM)',
      'algorithm',
      async () => signHmac(await exportSPKI(issuer.key.publicKey), issuer.key.kid),
    ],
    [
      'signed HS256 with the public key as the secret (JWK)',
      'algorithm',
      () => signHmac(JSON.stringify(issuer.key.publicJwk), issuer.key.kid),
    ],
    ['signed with an unpublished key', 'key', () => mint({ key: unpublishedKey })],
    [
      'signed with an unpublished key under a published kid',
      'signature',
      () => mint({ key: unpublishedKey, header: { kid: issuer.key.kid } }),
    ],
    [
      'signed with a key from its own header',
      'key',
      () =>
        mint({ key: unpublishedKey, header: { jwk: unpublishedKey.publicJwk, jku: 'https://evil.example/jwks.json' } }),
    ],
    ['without a kid', 'key', () => issuer.mint({ header: { kid: undefined } })],
    ['with a kid that is not a string', 'key', () => signRaw(JSON.stringify(claimsAt(Date.now())), { kid: 7 })],
    ['as a queue token', 'type', () => issuer.mint({ header: { typ: 'queue+jwt' } })],
    ['as a plain JWT', 'type', () => issuer.mint({ header: { typ: 'JWT' } })],
    ['without a type', 'type', () => issuer.mint({ header: { typ: undefined } })],
    [
      'with an unknown critical header',
      'malformed',
      () => signRaw(JSON.stringify(claimsAt(Date.now())), { crit: ['https://example/ext'], 'https://example/ext': 1 }),
    ],
    ['from another issuer', 'issuer', () => issuer.mint({ claims: { iss: 'https://other.example' } })],
    ['issued for another site', 'audience', () => issuer.mint({ claims: { aud: 'https://other.example' } })],
    ['issued for several sites', 'malformed', () => issuer.mint({ claims: { aud: [AUDIENCE, 'https://b.example'] } })],
    ['after its end', 'expired', () => issuer.mint({ claims: { exp: Date.now() / 1000 - 31 } })],
    ['before its slot', 'early', () => issuer.mint({ claims: { nbf: Date.now() / 1000 + 32 } })],
    [
      'when its end is infinite',
      'malformed',
      () => signRaw(JSON.stringify(claimsAt(Date.now())).replace(/"exp":\d+/, '"exp":1e999')),
    ],
    ['when its claims are an array', 'malformed', () => signRaw('[]')],
    ['when its claims are not JSON', 'malformed', () => signRaw('exp=9999999999')],
    [
      'when its claims were changed',
      'signature',
      async () => {
        const [header, , signature] = (await issuer.mint()).split('.');
        return `${header}.${encode({ ...claimsAt(Date.now()), position: 1 })}.${signature}`;
      },
    ],
  ];

  test.each(refusals)('%s', async (_, reason, make) => {
    expect(reasonIn(await verifier()(await make()))).toBe(reason);
  });

  test.each(Object.keys(claimsAt(0)))('without the claim %s', async (claim) => {
    expect(reasonIn(await verifier()(await issuer.mint({ claims: { [claim]: undefined } })))).toBe('malformed');
  });

  test.each([
    ['sub', ''],
    ['sub', 7],
    ['sub', 'x'.repeat(201)],
    ['room', ''],
    ['room', ['vaccine']],
    ['sid', ''],
    ['sid', null],
    ['epoch', '3'],
    ['epoch', 1.5],
    ['epoch', -1],
    ['position', -1],
    ['position', null],
    ['iat', 'now'],
    ['nbf', '0'],
    ['exp', '9999999999'],
    ['exp', null],
  ])('when %s is %j', async (claim, value) => {
    const token = await signRaw(JSON.stringify({ ...claimsAt(Date.now()), [claim]: value }));
    expect(reasonIn(await verifier()(token))).toBe('malformed');
  });

  test('from another room than the configured one', async () => {
    const token = await issuer.mint({ claims: { room: 'concert' } });
    expect(reasonIn(await verifier({ room: 'vaccine' })(token))).toBe('room');
  });

  test('when the published key with its kid is an RSA key', async () => {
    const rsa = { kty: 'RSA', n: 'AQAB'.repeat(86), e: 'AQAB', kid: issuer.key.kid, alg: 'ES256' };
    issuer.respondWith({ status: 200, body: JSON.stringify({ keys: [rsa] }) });
    expect(reasonIn(await verifier()(await issuer.mint()))).toBe('key');
  });
});

describe('time', () => {
  const now = 1_637_000_000_400;

  test.each([
    ['nbf exactly at the tolerance', { nbf: now / 1000 + 30 }, 'admitted'],
    ['nbf 1 ms beyond the tolerance', { nbf: now / 1000 + 30.001 }, 'early'],
    ['exp 1 ms within the tolerance', { exp: now / 1000 - 29.999 }, 'admitted'],
    ['exp exactly at the tolerance', { exp: now / 1000 - 30 }, 'expired'],
  ])('is compared with fractions: %s', async (_, claims, expected) => {
    expect(reasonIn(await verifier({ now: () => now })(await issuer.mint({ now, claims })))).toBe(expected);
  });

  test('without tolerance, a slot counts to the millisecond', async () => {
    const verify = verifier({ now: () => now, clockToleranceSeconds: 0 });
    expect(reasonIn(await verify(await issuer.mint({ now, claims: { nbf: now / 1000 - 0.001 } })))).toBe('admitted');
    expect(reasonIn(await verify(await issuer.mint({ now, claims: { nbf: now / 1000 + 0.001 } })))).toBe('early');
  });
});

describe('a visitor is admitted', () => {
  test('with a valid token, and the verdict has the claims', async () => {
    const verdict = await verifier()(await issuer.mint());
    expect(verdict).toMatchObject({
      kind: 'admitted',
      claims: { sub: 'visitor-1', room: 'vaccine', epoch: 3, position: 412 },
    });
  });

  test("with an operator's pass, whose position is 0", async () => {
    expect(reasonIn(await verifier()(await issuer.mint({ claims: { position: 0 } })))).toBe('admitted');
  });

  test('from the configured room, and from any room if none is configured', async () => {
    expect(reasonIn(await verifier({ room: 'vaccine' })(await issuer.mint()))).toBe('admitted');
    expect(reasonIn(await verifier()(await issuer.mint({ claims: { room: 'concert' } })))).toBe('admitted');
  });
});

describe('keys', () => {
  test('are rotated without a restart and without refusing tokens of either key', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verify = verifier();
    const next = await makeKey();
    const before = await issuer.mint();
    expect(reasonIn(await verify(before))).toBe('admitted');

    issuer.publish(issuer.key, next);
    vi.setSystemTime(Date.now() + 5_001);
    expect(reasonIn(await verify(await mint({ key: next })))).toBe('admitted');
    expect(reasonIn(await verify(before))).toBe('admitted');
    expect(issuer.fetches()).toBe(2);
  });

  test('that were withdrawn are accepted for ten minutes at most', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verify = verifier();
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');
    issuer.publish(await makeKey());
    vi.setSystemTime(Date.now() + 600_001);
    expect(reasonIn(await verify(await issuer.mint()))).toBe('key');
  });

  test('are fetched once for many requests, also with unknown key ids', async () => {
    const verify = verifier();
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, i) => mint({ key: unpublishedKey, header: { kid: `k${i}` } })),
    );
    const verdicts = await Promise.all([...tokens, await issuer.mint()].map((token) => verify(token)));
    expect(verdicts.map(reasonIn)).toEqual([...tokens.map(() => 'key'), 'admitted']);
    expect(issuer.fetches()).toBe(1);
  });

  test('are not fetched for a text that is no token', async () => {
    const verify = verifier();
    for (const invalid of ['x', 'a.b.c', `${encode({ alg: 'none' })}.${encode({})}.`]) await verify(invalid);
    expect(issuer.fetches()).toBe(0);
  });

  test.each([
    ['returns an error', { status: 500, body: '' }],
    ['redirects', { status: 302, body: '' }],
    ['returns HTML', { status: 200, body: '<html>' }],
    ['returns other JSON', { status: 200, body: '{"keys":7}' }],
    ['returns more than 64 KiB', { status: 200, body: JSON.stringify({ keys: [], padding: 'x'.repeat(65_536) }) }],
  ])('are unavailable, and no request is admitted, if the gateway %s', async (_, response) => {
    const refusals: string[] = [];
    issuer.respondWith(response);
    const verify = verifier({ onRefusal: (verdict) => refusals.push(verdict.kind) });
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
    expect(refusals).toEqual(['unavailable']);
  });

  test('are unavailable, and no request is admitted, if the gateway does not listen', async () => {
    const verify = verifier();
    await issuer.close();
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
  });

  test('are unavailable, and no request is admitted, if fetch rejects', async () => {
    const verify = verifier({ fetch: () => Promise.reject(new DOMException('too slow', 'TimeoutError')) });
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
  });

  test('are used from the cache for ten minutes of an outage, then fetched at most once a second', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verify = verifier();
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');
    issuer.respondWith({ status: 503, body: '' });
    vi.setSystemTime(Date.now() + 599_000);
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');

    vi.setSystemTime(Date.now() + 2_000);
    const before = issuer.fetches();
    for (let i = 0; i < 5; i++) expect((await verify(await issuer.mint())).kind).toBe('unavailable');
    expect(issuer.fetches() - before).toBeLessThanOrEqual(1);

    issuer.respondWith(null);
    vi.setSystemTime(Date.now() + 1_001);
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');
  });

  test('are refreshed in the background after five minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verify = verifier();
    await verify(await issuer.mint());
    vi.setSystemTime(Date.now() + 300_001);
    await verify(await issuer.mint());
    await vi.waitFor(() => expect(issuer.fetches()).toBe(2));
  });
});

describe('the check never throws', () => {
  test('when onRefusal throws', async () => {
    const verify = verifier({
      onRefusal: () => {
        throw new Error('disk full');
      },
    });
    expect(reasonIn(await verify(undefined))).toBe('missing');
  });

  test('when now throws', async () => {
    const verify = verifier({
      now: () => {
        throw new Error('no clock');
      },
    });
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
  });
});

describe('createVerifier throws', () => {
  const valid = { jwksUrl: 'https://gate.example/.well-known/jwks.json', issuer: ISSUER, audience: AUDIENCE };

  test.each([
    ['jwksUrl', { jwksUrl: '' }],
    ['jwksUrl', { jwksUrl: '/.well-known/jwks.json' }],
    ['jwksUrl', { jwksUrl: 'http://gate.example/.well-known/jwks.json' }],
    ['jwksUrl', { jwksUrl: 'http://127.0.0.1.example/jwks.json' }],
    ['jwksUrl', { jwksUrl: 'file:///etc/keys.json', allowPlainHttp: true }],
    ['issuer', { issuer: '' }],
    ['issuer', { issuer: undefined }],
    ['audience', { audience: ' ' }],
    ['room', { room: '' }],
    ['room', { room: undefined }],
    ['clockToleranceSeconds', { clockToleranceSeconds: -1 }],
    ['clockToleranceSeconds', { clockToleranceSeconds: Number.NaN }],
    ['clockToleranceSeconds', { clockToleranceSeconds: 86_400 }],
    ['rooom', { rooom: 'vaccine' }],
  ])('for option %s in %j, and names it', (option, wrong) => {
    const start = () => createVerifier({ ...valid, ...wrong } as VerifierOptions);
    expect(start).toThrow(VerifierOptionsError);
    expect(start).toThrow(`"${option}"`);
  });

  test('not for plain HTTP on loopback, nor elsewhere with allowPlainHttp', () => {
    createVerifier({ ...valid, jwksUrl: 'http://localhost:8787/jwks.json' });
    createVerifier({ ...valid, jwksUrl: 'http://[::1]:8787/jwks.json' });
    createVerifier({ ...valid, jwksUrl: 'http://gateway:8787/jwks.json', allowPlainHttp: true });
  });
});

test('a token signed with another library is admitted', async () => {
  const { default: jsonwebtoken } = await import('jsonwebtoken');
  const { exportPKCS8 } = await import('jose');
  const token = jsonwebtoken.sign(claimsAt(Date.now()), await exportPKCS8(issuer.key.privateKey), {
    algorithm: 'ES256',
    header: { alg: 'ES256', typ: 'admission+jwt', kid: issuer.key.kid },
  });
  expect(reasonIn(await verifier()(token))).toBe('admitted');
});

test('a token with iat but without nbf and exp is refused', async () => {
  const token = await new SignJWT({ sub: 'visitor-1' })
    .setProtectedHeader({ alg: 'ES256', typ: 'admission+jwt', kid: issuer.key.kid })
    .setIssuedAt()
    .sign(issuer.key.privateKey);
  expect(reasonIn(await verifier()(token))).toBe('malformed');
});
