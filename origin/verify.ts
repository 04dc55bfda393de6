// The admission check: is this token authentic, issued for this site, and valid now? Always returns a verdict with a reason,
// never a boolean and never an exception; only `admitted` lets a request in. Follows RFC 8725: algorithm, type, issuer,
// audience and every claim are required, and keys come only from the configured key set. Leaves responses to refusal.ts
// and reading requests to hono.ts and node.ts.

import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { ALGORITHM, createKeySource, type KeySource } from './key-source.ts';
import type { AdmissionClaims, Refusal, RefusalReason, Verdict } from './verdict.ts';
import { type ResolvedOptions, resolveOptions, type VerifierOptions } from './verifier-options.ts';

/** Request header with the admission token. The gateway sets it and removes any such header that a client sent. */
export const ADMISSION_HEADER = 'Fairgate-Admission';

/** Explicit type, so that a queue token signed with the same key is never accepted as an admission (RFC 8725, 3.11). */
const TOKEN_TYPE = 'admission+jwt';

const REQUIRED_CLAIMS = ['iss', 'aud', 'sub', 'room', 'epoch', 'position', 'iat', 'nbf', 'exp', 'sid'];

/** A real token has about 600 characters. Longer ones are refused before they cost a signature check. */
const TOKEN_LENGTH_MAX = 4_096;

/** Ids of visitors, sessions and rooms are short; the bound keeps them usable as keys of a site's own tables. */
const ID_LENGTH_MAX = 200;

/** @param header value of the request header `Fairgate-Admission`; null or undefined if absent. Never rejects. */
export type Verifier = (header: string | null | undefined) => Promise<Verdict>;

/**
 * Creates the check. Create one per site and reuse it: it caches the keys.
 * @throws VerifierOptionsError
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const resolved = resolveOptions(options);
  const findKey = createKeySource(resolved);
  return async (header) => {
    // No known error ends in this catch; an unknown one is a defect of this code, and a defect admits no request.
    const verdict = await check(header, resolved, findKey).catch((cause): Verdict => ({ kind: 'unavailable', cause }));
    if (verdict.kind !== 'admitted') report(verdict, resolved);
    return verdict;
  };
}

async function check(token: string | null | undefined, options: ResolvedOptions, findKey: KeySource): Promise<Verdict> {
  if (token === null || token === undefined || token === '') return refused('missing');
  // Read before the key is looked up: what is not a token must not cause a fetch.
  const keyId = readKeyId(token);
  if (keyId.kind === 'refused') return keyId;
  const found = await findKey(keyId.value);
  switch (found.kind) {
    case 'key':
      return verify(token, found.key, options);
    case 'unknown':
      return refused('key');
    case 'unavailable':
      return found;
  }
}

function readKeyId(token: string): { kind: 'keyId'; value: string } | { kind: 'refused'; reason: RefusalReason } {
  if (token.length > TOKEN_LENGTH_MAX) return refused('malformed');
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    // Not base64url, not JSON, not an object, or two headers joined by a comma.
    return refused('malformed');
  }
  if (header.alg !== ALGORITHM) return refused('algorithm');
  if (header.typ !== TOKEN_TYPE) return refused('type');
  if (!isId(header.kid)) return refused('key');
  return { kind: 'keyId', value: header.kid };
}

async function verify(token: string, key: CryptoKey, options: ResolvedOptions): Promise<Verdict> {
  const nowMs = options.now();
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      typ: TOKEN_TYPE,
      issuer: options.issuer,
      audience: options.audience,
      requiredClaims: REQUIRED_CLAIMS,
      currentDate: new Date(nowMs),
      // jose compares whole seconds: one more here, and the exact comparison follows.
      clockTolerance: options.clockToleranceSeconds + 1,
    });
    const claims = readClaims(payload);
    if (claims === null) return refused('malformed');
    if (options.room !== null && claims.room !== options.room) return refused('room');
    const nowSeconds = nowMs / 1000;
    if (claims.nbf > nowSeconds + options.clockToleranceSeconds) return refused('early');
    if (claims.exp <= nowSeconds - options.clockToleranceSeconds) return refused('expired');
    return { kind: 'admitted', claims };
  } catch (error) {
    return refused(reasonOf(error));
  }
}

/** jose checks that the claims are present; this checks their types. null: a claim has the wrong type. */
function readClaims(payload: Record<string, unknown>): AdmissionClaims | null {
  const { iss, aud, sub, room, epoch, position, iat, nbf, exp, sid } = payload;
  // A single audience, as the gateway issues it: a token for several sites could be replayed from one at another.
  if (typeof iss !== 'string' || typeof aud !== 'string') return null;
  if (!isId(sub) || !isId(room) || !isId(sid)) return null;
  if (!isCount(epoch) || !isCount(position)) return null;
  if (!isTime(iat) || !isTime(nbf) || !isTime(exp)) return null;
  return { iss, aud, sub, room, epoch, position, iat, nbf, exp, sid };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= ID_LENGTH_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON numbers can overflow to Infinity (1e999): a token with such an `exp` would never expire. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed') {
    if (error.claim === 'iss') return 'issuer';
    if (error.claim === 'aud') return 'audience';
    if (error.claim === 'nbf') return 'early';
  }
  // A missing claim, a claim of the wrong type, or an unsupported critical header ("crit", RFC 7515, 4.1.11).
  return 'malformed';
}

function refused(reason: RefusalReason): { kind: 'refused'; reason: RefusalReason } {
  return { kind: 'refused', reason };
}

function report(refusal: Refusal, { onRefusal }: ResolvedOptions): void {
  try {
    onRefusal?.(refusal);
  } catch {
    // The site's log failed. The refusal stands, and the visitor still gets the response.
  }
}
