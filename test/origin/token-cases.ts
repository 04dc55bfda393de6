// One table of tokens for every verifier, good and bad, in the order of the rules of docs/origin.md ("What a verifier must check").
// The gateway's own signer makes them, so that each is right in everything but what its row says.

import { createHmac, createPublicKey } from 'node:crypto';
import type { RefusalReason } from '../../origin/verdict.ts';
import { signJwt } from '../../worker/tokens/sign-jwt.ts';
import { type LoadedKey, loadKeys, newSigningKey, type SigningKey } from '../../worker/tokens/signing-keys.ts';
import { Tokens } from '../../worker/tokens/tokens.ts';
import { encode, ISSUER } from './issuer.ts';

/** As in the examples of docs/origin.md. */
export const SITE = 'urn:fairgate:origin:booking';
export const ROOM = 'booking';
export const VISITOR = 'dmlzaXRvci1vZi10aGUtMQ';

/** Order of P-256's base point (SEC 2, 2.4.2). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export interface TokenCase {
  name: string;
  /** Number in docs/origin.md; 0: none is broken. */
  rule: number;
  /** Header fields with the token; several: more than one field. */
  fields: string[];
  expected: 'admitted' | RefusalReason;
  /** Has an object with a member twice. */
  hasTwins?: true;
}

export interface CaseIssuer {
  key: LoadedKey;
  /** The key as the gateway's setting has it. */
  signing: SigningKey;
  /** Published beside it, for other purposes. */
  otherJwks: unknown[];
  jwks(): { keys: unknown[] };
  claims(changes?: Record<string, unknown>): Record<string, unknown>;
  /** Signed by the gateway's key over any header and payload. */
  sign(header: unknown, payload: unknown): Promise<string>;
  /** A token that is valid but for these claims. */
  token(changes?: Record<string, unknown>): Promise<string>;
}

export async function createCaseIssuer(): Promise<CaseIssuer> {
  const signing = await newSigningKey(0);
  const key = await loaded(signing);
  const other = await loaded(await newSigningKey(0));
  const rsa = { kty: 'RSA', n: 'AQAB'.repeat(86), e: 'AQAB', alg: 'RS256', use: 'sig', kid: 'rsa-key' };
  const offCurve = { ...other.publicJwk, y: other.publicJwk.x, kid: 'off-the-curve' };
  const otherJwks = [
    rsa,
    { ...rsa, alg: 'ES256', kid: 'rsa-as-es256' },
    offCurve,
    { ...other.publicJwk, use: 'enc', kid: 'for-encryption' },
    7,
    null,
  ];
  const issuer: CaseIssuer = {
    key,
    signing,
    otherJwks,
    jwks: () => ({ keys: [...otherJwks, key.publicJwk] }),
    claims: (changes = {}) => {
      const now = Date.now() / 1000;
      const times = { iat: Math.floor(now), nbf: now - 1.25, exp: Math.floor(now) + 3_000 };
      const place = { epoch: 1_637_000_000_000, position: 412 };
      return { room: ROOM, ...place, sid: 'c2Vzc2lvbi0x', aud: SITE, sub: VISITOR, ...times, iss: ISSUER, ...changes };
    },
    sign: async (header, payload) => {
      const input = `${encode(header)}.${encode(payload)}`;
      return `${input}.${await signature(input, key.privateKey)}`;
    },
    token: (changes) => signJwt(key, 'admission+jwt', issuer.claims(changes) as Record<string, string | number>),
  };
  return issuer;
}

async function loaded(signing: SigningKey): Promise<LoadedKey> {
  const [key] = await loadKeys({ keys: [signing] });
  if (key === undefined) throw new TypeError('No key.');
  return key;
}

async function signature(input: string, key: CryptoKey): Promise<string> {
  const bytes = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, new TextEncoder().encode(input));
  return Buffer.from(bytes).toString('base64url');
}

/** The other signature that ECDSA accepts: R and n − S. */
export function otherSpelling(token: string): string {
  const [header, payload, signed = ''] = token.split('.');
  const bytes = Buffer.from(signed, 'base64url');
  const s = N - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return `${header}.${payload}.${other.toString('base64url')}`;
}

export async function tokenCases(issuer: CaseIssuer): Promise<TokenCase[]> {
  const { key, sign, claims, token } = issuer;
  const header = { alg: 'ES256', typ: 'admission+jwt', kid: key.kid };
  const good = await token();
  const [goodHeader = '', goodPayload = '', goodSignature = ''] = good.split('.');
  const { privateKey: foreignKey, kid: foreignKid } = await loaded(await newSigningKey(0));
  const signedBy = async (fields: object, by: CryptoKey) => {
    const input = `${encode(fields)}.${goodPayload}`;
    return `${input}.${await signature(input, by)}`;
  };
  const hmac = (secret: string | Buffer) => {
    const input = `${encode({ ...header, alg: 'HS256' })}.${goodPayload}`;
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  };
  const publicKey = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' });
  const tokens = await Tokens.load(ISSUER, { keys: [issuer.signing] });
  const now = Date.now() / 1000;
  const text = (changes: Record<string, unknown> = {}) => JSON.stringify(claims(changes));

  const fields = (rule: number, expected: TokenCase['expected'], name: string, values: string[]): TokenCase => {
    return { name, rule, expected, fields: values };
  };
  const one = async (rule: number, expected: TokenCase['expected'], name: string, made: string | Promise<string>) =>
    fields(rule, expected, name, [await made]);
  const twins = async (made: Promise<TokenCase>): Promise<TokenCase> => ({ ...(await made), hasTwins: true });
  const withSignature = (bytes: Buffer) => `${goodHeader}.${goodPayload}.${bytes.toString('base64url')}`;
  const big = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
  const wrongTypes: [string, unknown][] = [
    ...['iss', 'aud'].flatMap((name): [string, unknown][] => [
      [name, undefined],
      [name, 7],
      [name, null],
      [name, [claims()[name]]],
    ]),
    ...['sub', 'room', 'sid'].flatMap((name): [string, unknown][] => [
      [name, undefined],
      [name, ''],
      [name, 7],
      [name, null],
      [name, true],
      [name, [ROOM]],
      [name, 'x'.repeat(201)],
      [name, 'a b'],
      [name, 'a\n'],
      [name, '예약'],
    ]),
    ...['epoch', 'position'].flatMap((name): [string, unknown][] => [
      [name, undefined],
      [name, '3'],
      [name, 1.5],
      [name, -1],
      [name, 2 ** 53],
      [name, true],
      [name, null],
    ]),
    ...['iat', 'nbf', 'exp'].flatMap((name): [string, unknown][] => [
      [name, undefined],
      [name, String(claims()[name])],
      [name, true],
      [name, null],
      [name, [claims()[name]]],
    ]),
  ];

  return Promise.all([
    one(0, 'admitted', 'a token of the gateway', admissionOf(tokens)),
    one(
      0,
      'admitted',
      'a provisional token of the gateway, which has another claim',
      admissionOf(tokens, Date.now() + 5_000),
    ),
    one(0, 'admitted', "an operator's pass, whose position is 0", token({ position: 0 })),
    one(
      0,
      'admitted',
      'JSON with white space and escapes',
      sign(header, ` ${text({ sid: 'a' }).replace('"a"', '"\\u0061"')}\n`),
    ),
    one(
      0,
      'admitted',
      'a whole number with a point',
      sign(header, text().replace('"position":412', '"position":412.0')),
    ),
    one(0, 'admitted', 'the largest numbers', token({ epoch: 2 ** 53 - 1, position: 2 ** 53 - 1 })),
    one(0, 'admitted', 'a claim that nobody knows', sign(header, claims({ a: { b: [null, true, 'ü', 1e300] } }))),
    one(0, 'admitted', 'a signature with n − s', otherSpelling(good)),

    // 1. One header.
    fields(1, 'missing', 'no token', []),
    one(1, 'missing', 'an empty field', ''),
    fields(1, 'malformed', 'two fields with good tokens', [good, await token()]),
    fields(1, 'malformed', 'the same good token twice', [good, good]),
    fields(1, 'malformed', 'a good token after a bad one', ['x', good]),
    one(1, 'malformed', 'two tokens in one field', `${good}, ${good}`),
    one(
      1,
      'malformed',
      'a good token of 4,097 characters and more',
      sign(header, claims({ padding: 'x'.repeat(4_000) })),
    ),
    one(1, 'malformed', '8,000 characters', 'a'.repeat(8_000)),

    // 2. Form.
    one(2, 'malformed', 'a text', 'let me in'),
    one(2, 'malformed', 'dots', '..'),
    one(2, 'malformed', 'three parts that are not JSON', 'a.b.c'),
    one(2, 'malformed', 'with a scheme', `Bearer ${good}`),
    one(2, 'malformed', 'in quotes', `"${good}"`),
    one(2, 'malformed', 'two parts', `${goodHeader}.${goodPayload}`),
    one(2, 'malformed', 'four parts', `${good}.${goodSignature}`),
    one(2, 'malformed', 'five parts, as encrypted tokens have', `${goodHeader}....${goodSignature}`),
    one(2, 'malformed', 'a space inside', good.replace('.', '. ')),
    one(2, 'malformed', 'padding', `${good}==`),
    one(2, 'malformed', 'percent-encoding', good.replace('.', '%2E')),
    one(2, 'malformed', 'the other alphabet of base64', good.replace(/\.[^.]*$/, '.a+/a')),
    one(2, 'malformed', 'unused bits in the header', `${nonCanonical(header)}.${goodPayload}.${goodSignature}`),
    one(2, 'malformed', 'a header that is a list', `${encode([header])}.${goodPayload}.${goodSignature}`),
    one(2, 'malformed', 'a header that is a text', `${encode('"ES256"')}.${goodPayload}.${goodSignature}`),
    one(2, 'malformed', 'a header that is null', `${encode('null')}.${goodPayload}.${goodSignature}`),
    one(
      2,
      'malformed',
      'a header that is not UTF-8',
      `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${goodPayload}.${goodSignature}`,
    ),
    one(2, 'malformed', 'a header with a byte order mark', sign(`\ufeff${JSON.stringify(header)}`, claims())),
    one(
      2,
      'malformed',
      'a header of 1,500 open brackets',
      `${encode('['.repeat(1_500))}.${goodPayload}.${goodSignature}`,
    ),
    one(2, 'malformed', 'a critical extension', sign({ ...header, crit: ['b64'], b64: true }, claims())),
    one(2, 'malformed', 'an empty list of critical extensions', sign({ ...header, crit: [] }, claims())),
    one(2, 'malformed', 'a critical extension that is null', sign({ ...header, crit: null }, claims())),
    twins(
      one(
        0,
        'admitted',
        'a claim twice, the last one right',
        sign(header, text().replace('{', '{"aud":"https://other.example",')),
      ),
    ),
    twins(
      one(
        8,
        'audience',
        'a claim twice, the last one wrong',
        sign(header, text().replace(/}$/, ',"aud":"https://other.example"}')),
      ),
    ),
    twins(
      one(
        3,
        'algorithm',
        'alg twice, the last one none',
        sign(`{"alg":"ES256",${JSON.stringify({ ...header, alg: 'none' }).slice(1)}`, claims()),
      ),
    ),

    // 3. Algorithm.
    one(3, 'algorithm', 'alg none, unsigned', `${encode({ ...header, alg: 'none' })}.${goodPayload}.`),
    one(3, 'algorithm', 'alg None, unsigned', `${encode({ ...header, alg: 'None' })}.${goodPayload}.`),
    one(3, 'algorithm', 'alg none, with a good signature', sign({ ...header, alg: 'none' }, claims())),
    one(
      3,
      'algorithm',
      'HS256 with the public key as PEM',
      hmac(publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    ),
    one(3, 'algorithm', 'HS256 with the public key as DER', hmac(publicKey.export({ type: 'spki', format: 'der' }))),
    one(3, 'algorithm', 'HS256 with the public key as JWK', hmac(JSON.stringify(key.publicJwk))),
    one(3, 'algorithm', 'HS256 with an empty secret', hmac('')),
    one(3, 'algorithm', 'ES384', sign({ ...header, alg: 'ES384' }, claims())),
    one(3, 'algorithm', 'EdDSA', sign({ ...header, alg: 'EdDSA' }, claims())),
    one(3, 'algorithm', 'es256', sign({ ...header, alg: 'es256' }, claims())),
    one(3, 'algorithm', 'no alg', sign({ typ: header.typ, kid: header.kid }, claims())),
    one(3, 'algorithm', 'alg as a list', sign({ ...header, alg: ['ES256'] }, claims())),

    // 4. Type.
    one(4, 'type', 'a queue token of the gateway', queueTokenOf(tokens)),
    one(
      4,
      'type',
      'the claims of an admission in a queue token',
      signJwt(key, 'queue+jwt', claims() as Record<string, string>),
    ),
    one(4, 'type', "an operator's token", signJwt(key, 'operator+jwt', claims() as Record<string, string>)),
    one(4, 'type', 'JWT', sign({ ...header, typ: 'JWT' }, claims())),
    one(4, 'type', 'no typ', sign({ alg: header.alg, kid: header.kid }, claims())),
    one(4, 'type', 'application/admission+jwt', sign({ ...header, typ: 'application/admission+jwt' }, claims())),
    one(4, 'type', 'ADMISSION+JWT', sign({ ...header, typ: 'ADMISSION+JWT' }, claims())),

    // 5. Key.
    one(5, 'key', 'a key that the gateway does not publish', signedBy({ ...header, kid: foreignKid }, foreignKey)),
    one(5, 'key', 'no kid', sign({ alg: header.alg, typ: header.typ }, claims())),
    one(5, 'key', 'an empty kid', sign({ ...header, kid: '' }, claims())),
    one(5, 'key', 'a kid that is a number', sign({ ...header, kid: 7 }, claims())),
    one(5, 'key', 'a kid that is a list', sign({ ...header, kid: [key.kid] }, claims())),
    one(5, 'key', 'a kid that is a path', sign({ ...header, kid: '../../../../etc/passwd' }, claims())),
    one(5, 'key', 'a kid that is an address', sign({ ...header, kid: 'http://127.0.0.1:9/jwks.json' }, claims())),
    one(5, 'key', 'a kid that is a query', sign({ ...header, kid: "' OR 1=1 --" }, claims())),
    one(5, 'key', 'a kid that is a name of the language', sign({ ...header, kid: '__proto__' }, claims())),
    one(5, 'key', 'a kid that is another name of the language', sign({ ...header, kid: 'constructor' }, claims())),
    one(5, 'key', 'a kid with a zero byte', sign({ ...header, kid: `${key.kid}\u0000` }, claims())),
    one(5, 'key', 'a kid of 201 characters', sign({ ...header, kid: 'k'.repeat(201) }, claims())),
    one(5, 'key', 'a kid in other letters', sign({ ...header, kid: `${key.kid.toLowerCase()}X` }, claims())),
    one(5, 'key', 'the kid of an RSA key', sign({ ...header, kid: 'rsa-key' }, claims())),
    one(
      5,
      'key',
      'the kid of an RSA key that is said to be for ES256',
      sign({ ...header, kid: 'rsa-as-es256' }, claims()),
    ),
    one(5, 'key', 'the kid of a point beside the curve', sign({ ...header, kid: 'off-the-curve' }, claims())),
    one(5, 'key', 'the kid of a key for encryption', sign({ ...header, kid: 'for-encryption' }, claims())),
    one(
      5,
      'key',
      'a key of its own in jwk and jku',
      signedBy(
        { ...header, kid: foreignKid, jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, jku: 'http://127.0.0.1:9/' },
        foreignKey,
      ),
    ),

    // 6. Signature.
    one(6, 'signature', 'a foreign key under a published kid', signedBy(header, foreignKey)),
    one(6, 'signature', 'other claims', `${goodHeader}.${encode(claims({ position: 1 }))}.${goodSignature}`),
    one(
      6,
      'signature',
      'a header with a member more',
      `${encode({ ...header, x: 1 })}.${goodPayload}.${goodSignature}`,
    ),
    one(6, 'signature', 'no signature', `${goodHeader}.${goodPayload}.`),
    one(6, 'signature', 'R and S zero', withSignature(Buffer.alloc(64))),
    one(6, 'signature', 'R and S one', withSignature(Buffer.concat([big(1n), big(1n)]))),
    one(6, 'signature', 'R and S the order of the curve', withSignature(Buffer.concat([big(N), big(N)]))),
    one(6, 'signature', 'R and S all ones', withSignature(Buffer.alloc(64, 0xff))),
    one(
      6,
      'signature',
      'S zero',
      withSignature(Buffer.concat([Buffer.from(goodSignature, 'base64url').subarray(0, 32), big(0n)])),
    ),
    one(
      6,
      'signature',
      'R and S exchanged',
      withSignature(
        Buffer.concat([
          Buffer.from(goodSignature, 'base64url').subarray(32),
          Buffer.from(goodSignature, 'base64url').subarray(0, 32),
        ]),
      ),
    ),
    one(
      6,
      'signature',
      'a byte more',
      withSignature(Buffer.concat([Buffer.from(goodSignature, 'base64url'), Buffer.alloc(1)])),
    ),
    one(6, 'signature', 'a byte less', withSignature(Buffer.from(goodSignature, 'base64url').subarray(0, 63))),
    one(6, 'signature', 'a signature in DER', withSignature(derOf(Buffer.from(goodSignature, 'base64url')))),
    one(
      6,
      'signature',
      'unused bits in the signature',
      `${good.slice(0, -1)}${String.fromCharCode(good.charCodeAt(good.length - 1) + 1)}`,
    ),

    // 7. Claims.
    one(7, 'malformed', 'claims that are a list', sign(header, [claims()])),
    one(7, 'malformed', 'claims that are null', sign(header, 'null')),
    one(7, 'malformed', 'claims that are a text', sign(header, '"claims"')),
    one(7, 'malformed', 'claims that are not JSON', sign(header, 'exp=9999999999')),
    one(7, 'malformed', 'claims with something behind them', sign(header, `${text()}{}`)),
    one(7, 'malformed', 'claims in UTF-16', sign(header, Buffer.from(text(), 'utf16le').toString('latin1'))),
    one(7, 'malformed', 'claims with a byte order mark', sign(header, `\ufeff${text()}`)),
    one(7, 'malformed', 'an end that is infinite', sign(header, text().replace(/"exp":\d+/, '"exp":1e999'))),
    one(7, 'malformed', 'an end that is NaN', sign(header, text().replace(/"exp":\d+/, '"exp":NaN'))),
    one(
      7,
      'malformed',
      'a beginning that is minus infinity',
      sign(header, text().replace(/"nbf":[\d.]+/, '"nbf":-1e999')),
    ),
    ...wrongTypes.map(([name, value]) =>
      one(
        7,
        'malformed',
        `${name} ${value === undefined ? 'missing' : JSON.stringify(value).slice(0, 20)}`,
        sign(header, claims({ [name]: value })),
      ),
    ),

    // 8. Issuer, site, room.
    one(8, 'issuer', 'another gateway', token({ iss: 'https://other.example' })),
    one(8, 'issuer', 'the gateway with a slash', token({ iss: `${ISSUER}/` })),
    one(8, 'issuer', 'a gateway whose name begins alike', token({ iss: `${ISSUER}.evil.example` })),
    one(8, 'issuer', 'an empty issuer', token({ iss: '' })),
    one(8, 'audience', 'another site', token({ aud: 'urn:fairgate:origin:other' })),
    one(8, 'audience', 'a site whose name begins alike', token({ aud: `${SITE}2` })),
    one(8, 'audience', 'the site in capitals', token({ aud: SITE.toUpperCase() })),
    one(8, 'audience', 'an empty audience', token({ aud: '' })),
    one(8, 'room', 'another room of the same site', token({ room: 'concert' })),
    one(8, 'room', 'the room in capitals', token({ room: ROOM.toUpperCase() })),

    // 9. Time: far enough from the tolerance of 30 s for a slow machine.
    one(0, 'admitted', 'a slot that starts within the tolerance', token({ nbf: now + 29.5 })),
    one(9, 'early', 'a slot that starts beyond the tolerance', token({ nbf: now + 900.5 })),
    one(9, 'early', 'a slot in milliseconds', token({ nbf: Date.now() })),
    one(9, 'expired', 'an end beyond the tolerance', token({ exp: Math.floor(now) - 31 })),
    one(9, 'expired', 'an end at zero', token({ exp: 0 })),
    one(9, 'expired', 'a negative end', token({ exp: -1 })),
    one(9, 'early', 'a slot at the end of time', token({ nbf: 1e300 })),
  ]);
}

function admissionOf(tokens: Tokens, presentBy: number | null = null): Promise<string> {
  const now = Date.now();
  const times = { issuedAt: now, admitAt: now - 1_250, expiresAt: now + 3_000_000, presentBy };
  const visit = { room: ROOM, visitor: VISITOR, epoch: 3, position: 7, sid: 'c2Vzc2lvbi0y' };
  return tokens.issueAdmission({ ...visit, ...times }, SITE);
}

function queueTokenOf(tokens: Tokens): Promise<string> {
  const now = Date.now();
  const place = { kind: 'position', number: 7 } as const;
  const token = { room: ROOM, visitor: VISITOR, epoch: 3, place, commitment: '0'.repeat(64), issuedAt: now };
  return tokens.issueQueue(token, now);
}

/** The header with a member that makes its length leave unused bits, one of which is set. */
function nonCanonical(header: object): string {
  for (let length = 0; ; length++) {
    const encoded = encode({ ...header, x: 'x'.repeat(length) });
    if (encoded.length % 4 === 2)
      return `${encoded.slice(0, -1)}${String.fromCharCode(encoded.charCodeAt(encoded.length - 1) + 1)}`;
  }
}

function derOf(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), bytes]);
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]);
}
