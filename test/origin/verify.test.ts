// The laws of the admission check, refusals first: every confusion that RFC 8725 names, then what happens when keys
// change or cannot be had. The tokens are real ones, wrong in one thing each.

import { createHmac } from 'node:crypto';
import { CompactSign, exportSPKI, SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createVerifier, type Verdict, type VerifierOptions, VerifierOptionsError } from '../../origin/verify.ts';
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
let stranger: SigningKey;

beforeAll(async () => {
  stranger = await makeKey();
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
    ['where there is none', 'missing', () => undefined],
    ['when it is empty', 'missing', () => ''],
    ['when it is not a token', 'malformed', () => 'let me in'],
    ['when it has three parts of nothing', 'malformed', () => 'a.b.c'],
    ['as Authorization writes it', 'malformed', async () => `Bearer ${await issuer.mint()}`],
    ['when two came', 'malformed', async () => `${await issuer.mint()}, ${await issuer.mint()}`],
    ['when it is longer than any real one', 'malformed', () => issuer.mint({ claims: { padding: 'x'.repeat(4_096) } })],
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
    ['signed by a stranger under his own kid', 'key', () => mint({ key: stranger })],
    ['signed by a stranger under our kid', 'signature', () => mint({ key: stranger, header: { kid: issuer.key.kid } })],
    [
      'signed by a stranger who brings the key along',
      'key',
      () => mint({ key: stranger, header: { jwk: stranger.publicJwk, jku: 'https://evil.example/jwks.json' } }),
    ],
    ['without a kid', 'key', () => issuer.mint({ header: { kid: undefined } })],
    ['with a kid that is not a text', 'key', () => signRaw(JSON.stringify(claimsAt(Date.now())), { kid: 7 })],
    ['as a queue token', 'type', () => issuer.mint({ header: { typ: 'queue+jwt' } })],
    ['as a plain JWT', 'type', () => issuer.mint({ header: { typ: 'JWT' } })],
    ['without a type', 'type', () => issuer.mint({ header: { typ: undefined } })],
    [
      'with an extension that must be understood',
      'malformed',
      () => signRaw(JSON.stringify(claimsAt(Date.now())), { crit: ['https://example/ext'], 'https://example/ext': 1 }),
    ],
    ['from another issuer', 'issuer', () => issuer.mint({ claims: { iss: 'https://other.example' } })],
    ['made out for another site', 'audience', () => issuer.mint({ claims: { aud: 'https://other.example' } })],
    [
      'made out for several sites',
      'malformed',
      () => issuer.mint({ claims: { aud: [AUDIENCE, 'https://b.example'] } }),
    ],
    ['when its time is over', 'expired', () => issuer.mint({ claims: { exp: Date.now() / 1000 - 31 } })],
    ['before its slot', 'early', () => issuer.mint({ claims: { nbf: Date.now() / 1000 + 32 } })],
    [
      'when it would never end',
      'malformed',
      () => signRaw(JSON.stringify(claimsAt(Date.now())).replace(/"exp":\d+/, '"exp":1e999')),
    ],
    ['when its claims are a list', 'malformed', () => signRaw('[]')],
    ['when its claims are not JSON', 'malformed', () => signRaw('exp=9999999999')],
    [
      'when one character of its claims was changed',
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

  test('from another room, where the site named its room', async () => {
    const token = await issuer.mint({ claims: { room: 'concert' } });
    expect(reasonIn(await verifier({ room: 'vaccine' })(token))).toBe('room');
  });

  test('when an RSA key is published under its kid', async () => {
    const rsa = { kty: 'RSA', n: 'AQAB'.repeat(86), e: 'AQAB', kid: issuer.key.kid, alg: 'ES256' };
    issuer.breakWith({ status: 200, body: JSON.stringify({ keys: [rsa] }) });
    expect(reasonIn(await verifier()(await issuer.mint()))).toBe('key');
  });
});

describe('time', () => {
  const now = 1_637_000_000_400;

  test.each([
    ['nbf a hair within the tolerance', { nbf: now / 1000 + 30 }, 'admitted'],
    ['nbf a hair beyond the tolerance', { nbf: now / 1000 + 30.001 }, 'early'],
    ['exp a hair within the tolerance', { exp: now / 1000 - 29.999 }, 'admitted'],
    ['exp exactly the tolerance ago', { exp: now / 1000 - 30 }, 'expired'],
  ])('is compared with fractions: %s', async (_, claims, expected) => {
    expect(reasonIn(await verifier({ now: () => now })(await issuer.mint({ now, claims })))).toBe(expected);
  });

  test('without tolerance, a slot that opened a moment ago is open', async () => {
    const verify = verifier({ now: () => now, clockToleranceSeconds: 0 });
    expect(reasonIn(await verify(await issuer.mint({ now, claims: { nbf: now / 1000 - 0.001 } })))).toBe('admitted');
    expect(reasonIn(await verify(await issuer.mint({ now, claims: { nbf: now / 1000 + 0.001 } })))).toBe('early');
  });
});

describe('a visitor is admitted', () => {
  test('with a token from the line, and the site reads who it is', async () => {
    const verdict = await verifier()(await issuer.mint());
    expect(verdict).toMatchObject({
      kind: 'admitted',
      claims: { sub: 'visitor-1', room: 'vaccine', epoch: 3, position: 412 },
    });
  });

  test("by an operator's own way in, which has no place in the line", async () => {
    expect(reasonIn(await verifier()(await issuer.mint({ claims: { position: 0 } })))).toBe('admitted');
  });

  test('to the room that the site named, and to any where it named none', async () => {
    expect(reasonIn(await verifier({ room: 'vaccine' })(await issuer.mint()))).toBe('admitted');
    expect(reasonIn(await verifier()(await issuer.mint({ claims: { room: 'concert' } })))).toBe('admitted');
  });
});

describe('keys', () => {
  test('change without a restart and without locking anybody out', async () => {
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

  test('that were withdrawn are believed for ten minutes at most', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verify = verifier();
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');
    issuer.publish(await makeKey());
    vi.setSystemTime(Date.now() + 600_001);
    expect(reasonIn(await verify(await issuer.mint()))).toBe('key');
  });

  test('are fetched once for everybody, and once for a flood of unknown ids', async () => {
    const verify = verifier();
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, i) => mint({ key: stranger, header: { kid: `k${i}` } })),
    );
    const verdicts = await Promise.all([...tokens, await issuer.mint()].map((token) => verify(token)));
    expect(verdicts.map(reasonIn)).toEqual([...tokens.map(() => 'key'), 'admitted']);
    expect(issuer.fetches()).toBe(1);
  });

  test('are not asked for by what cannot be a token', async () => {
    const verify = verifier();
    for (const nonsense of ['x', 'a.b.c', `${encode({ alg: 'none' })}.${encode({})}.`]) await verify(nonsense);
    expect(issuer.fetches()).toBe(0);
  });

  test.each([
    ['answers with an error', { status: 500, body: '' }],
    ['sends elsewhere', { status: 302, body: '' }],
    ['answers with a page', { status: 200, body: '<html>' }],
    ['answers with something else', { status: 200, body: '{"keys":7}' }],
    ['answers without end', { status: 200, body: JSON.stringify({ keys: [], padding: 'x'.repeat(65_536) }) }],
  ])('that cannot be had admit nobody: the gateway %s', async (_, answer) => {
    const heard: string[] = [];
    issuer.breakWith(answer);
    const verify = verifier({ onRefusal: (verdict) => heard.push(verdict.kind) });
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
    expect(heard).toEqual(['unavailable']);
  });

  test('that cannot be had admit nobody: the gateway is not there', async () => {
    const verify = verifier();
    await issuer.close();
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
  });

  test('that cannot be had admit nobody: the fetch fails in its own way', async () => {
    const verify = verifier({ fetch: () => Promise.reject(new DOMException('too slow', 'TimeoutError')) });
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
  });

  test('at hand carry the site through an outage until their age is up, and no outage is asked more than once a second', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verify = verifier();
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');
    issuer.breakWith({ status: 503, body: '' });
    vi.setSystemTime(Date.now() + 599_000);
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');

    vi.setSystemTime(Date.now() + 2_000);
    const before = issuer.fetches();
    for (let i = 0; i < 5; i++) expect((await verify(await issuer.mint())).kind).toBe('unavailable');
    expect(issuer.fetches() - before).toBeLessThanOrEqual(1);

    issuer.breakWith(null);
    vi.setSystemTime(Date.now() + 1_001);
    expect(reasonIn(await verify(await issuer.mint()))).toBe('admitted');
  });

  test('are renewed beside the requests before their age is up', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verify = verifier();
    await verify(await issuer.mint());
    vi.setSystemTime(Date.now() + 300_001);
    await verify(await issuer.mint());
    await vi.waitFor(() => expect(issuer.fetches()).toBe(2));
  });
});

describe('the check never throws', () => {
  test('when the log of the site does', async () => {
    const verify = verifier({
      onRefusal: () => {
        throw new Error('disk full');
      },
    });
    expect(reasonIn(await verify(undefined))).toBe('missing');
  });

  test('when the clock does', async () => {
    const verify = verifier({
      now: () => {
        throw new Error('no clock');
      },
    });
    expect((await verify(await issuer.mint())).kind).toBe('unavailable');
  });
});

describe('a dangerous set-up does not start', () => {
  const right = { jwksUrl: 'https://gate.example/.well-known/jwks.json', issuer: ISSUER, audience: AUDIENCE };

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
  ])('and says that it is %s: %j', (option, wrong) => {
    const start = () => createVerifier({ ...right, ...wrong } as VerifierOptions);
    expect(start).toThrow(VerifierOptionsError);
    expect(start).toThrow(`"${option}"`);
  });

  test('but plain HTTP does on loopback, and elsewhere where the site says that the network is its own', () => {
    createVerifier({ ...right, jwksUrl: 'http://localhost:8787/jwks.json' });
    createVerifier({ ...right, jwksUrl: 'http://[::1]:8787/jwks.json' });
    createVerifier({ ...right, jwksUrl: 'http://gateway:8787/jwks.json', allowPlainHttp: true });
  });
});

test('a token made with another library is read the same', async () => {
  const { default: jsonwebtoken } = await import('jsonwebtoken');
  const { exportPKCS8 } = await import('jose');
  const token = jsonwebtoken.sign(claimsAt(Date.now()), await exportPKCS8(issuer.key.privateKey), {
    algorithm: 'ES256',
    header: { alg: 'ES256', typ: 'admission+jwt', kid: issuer.key.kid },
  });
  expect(reasonIn(await verifier()(token))).toBe('admitted');
});

test('a token says its times in its own words: iat alone proves nothing', async () => {
  const token = await new SignJWT({ sub: 'visitor-1' })
    .setProtectedHeader({ alg: 'ES256', typ: 'admission+jwt', kid: issuer.key.kid })
    .setIssuedAt()
    .sign(issuer.key.privateKey);
  expect(reasonIn(await verifier()(token))).toBe('malformed');
});
