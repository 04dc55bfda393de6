// The admission check: is this token authentic, issued for this site, and valid now? Always returns a verdict with a reason,
// never a boolean and never an exception; only `admitted` lets a request in. Follows RFC 8725 and, rule by rule, the list in
// docs/origin.md, which the verifiers in other languages follow too. Leaves responses to refusal.ts and reading requests to the
// adapters.

import { decodeBase64url, decodeJsonObject, webCrypto } from './encoding.ts';
import { ALGORITHM, createKeySource, type KeySource } from './key-source.ts';
import type { AdmissionClaims, Refusal, RefusalReason, Verdict } from './verdict.ts';
import { type ResolvedOptions, resolveOptions, type VerifierOptions } from './verifier-options.ts';

/** Request header with the admission token. The gateway sets it and removes any such header that a client sent. */
export const ADMISSION_HEADER = 'Fairgate-Admission';

/** Explicit type, so that a queue token signed with the same key is never accepted as an admission (RFC 8725, 3.11). */
const TOKEN_TYPE = 'admission+jwt';

/** A real token has about 600 characters. Longer ones are refused before they cost a signature check. */
const TOKEN_LENGTH_MAX = 4_096;

/** Compact serialization (RFC 7515, 3.1). Another algorithm's signature may have any length. */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/;

/** R and S, 32 bytes each (RFC 7518, 3.4). */
const SIGNATURE_BYTES = 64;

/** Ids of visitors, sessions and rooms: visible ASCII, short enough to be keys of a site's own tables. */
const ID = /^[!-~]{1,200}$/;

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
  if (token.length > TOKEN_LENGTH_MAX) return refused('malformed');
  const [, header = '', payload = '', signature = ''] = COMPACT.exec(token) ?? [];
  // Read before the key is looked up: what is not a token must not cause a fetch.
  const keyId = readKeyId(header);
  if (keyId.kind === 'refused') return keyId;
  const found = await findKey(keyId.value);
  if (found.kind === 'unavailable') return found;
  if (found.kind === 'unknown') return refused('key');
  if (!(await isSigned(`${header}.${payload}`, signature, found.key))) return refused('signature');
  return judge(payload, options);
}

function readKeyId(text: string): { kind: 'keyId'; value: string } | { kind: 'refused'; reason: RefusalReason } {
  const header = decodeObject(text);
  // `crit` names extensions that must be understood, and there are none (RFC 7515, 4.1.11).
  if (header === null || 'crit' in header) return refused('malformed');
  const { alg, typ, kid } = header;
  if (alg !== ALGORITHM) return refused('algorithm');
  if (typ !== TOKEN_TYPE) return refused('type');
  if (!isId(kid)) return refused('key');
  return { kind: 'keyId', value: kid };
}

async function isSigned(input: string, signature: string, key: CryptoKey): Promise<boolean> {
  const bytes = decodeBase64url(signature);
  if (bytes === null || bytes.byteLength !== SIGNATURE_BYTES) return false;
  const { subtle } = await webCrypto();
  return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, bytes, new TextEncoder().encode(input));
}

/** What an authentic token says. */
function judge(payload: string, options: ResolvedOptions): Verdict {
  const claims = readClaims(decodeObject(payload));
  if (claims === null) return refused('malformed');
  if (claims.iss !== options.issuer) return refused('issuer');
  if (claims.aud !== options.audience) return refused('audience');
  if (options.room !== null && claims.room !== options.room) return refused('room');
  const nowSeconds = options.now() / 1000;
  // A clock that says NaN admits no request.
  if (!(claims.nbf <= nowSeconds + options.clockToleranceSeconds)) return refused('early');
  if (!(claims.exp > nowSeconds - options.clockToleranceSeconds)) return refused('expired');
  return { kind: 'admitted', claims };
}

function decodeObject(text: string): Record<string, unknown> | null {
  const bytes = decodeBase64url(text);
  return bytes === null ? null : decodeJsonObject(bytes);
}

/** null: a claim is missing or has the wrong type. */
function readClaims(payload: Record<string, unknown> | null): AdmissionClaims | null {
  if (payload === null) return null;
  const { iss, aud, sub, room, epoch, position, iat, nbf, exp, sid } = payload;
  // A single audience, as the gateway issues it: a token for several sites could be replayed from one at another.
  if (typeof iss !== 'string' || typeof aud !== 'string') return null;
  if (!isId(sub) || !isId(room) || !isId(sid)) return null;
  if (!isCount(epoch) || !isCount(position)) return null;
  if (!isTime(iat) || !isTime(nbf) || !isTime(exp)) return null;
  return { iss, aud, sub, room, epoch, position, iat, nbf, exp, sid };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON numbers can overflow to Infinity (1e999): a token with such an `exp` would never expire. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
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
