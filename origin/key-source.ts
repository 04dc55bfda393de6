// The gateway's public keys for the admission check: fetched from its JWK set (RFC 7517), cached, and refreshed in the
// background. Guarantees a bounded number of fetches under any load and during outages, and never returns a key that the
// gateway does not publish. Leaves the tokens to verify.ts.

import { boundedFetch } from './bounded-fetch.ts';
import { decodeBase64url, webCrypto } from './encoding.ts';

/** The only algorithm. It is not negotiated with the sender of a token (RFC 8725, 3.1). */
export const ALGORITHM = 'ES256';

/** A visitor's request waits for this fetch, and the gateway is near: a slower response is an outage. */
const FETCH_TIMEOUT_MS = 3_000;

/** A key that the gateway withdrew is accepted for at most this long. */
const KEYS_AGE_MS_MAX = 600_000;

/** Halfway to the maximum age the keys are refreshed in the background, so that a restart of the gateway goes unnoticed. */
const KEYS_REFRESH_MS = 300_000;

/** After a fetch, unknown key ids cause no further fetch for this long: a flood of them costs one fetch in 5 s. */
const KEYS_COOLDOWN_MS = 5_000;

/** After a failed fetch, none is tried for this long, so that refused visitors do not add load to an outage. */
const KEYS_RETRY_MS = 1_000;

/** A set of a few P-256 keys has about 1 kB. */
const KEYS_BYTES_MAX = 65_536;

/** A coordinate of P-256 has 32 bytes (RFC 7518, 6.2.1.2). */
const COORDINATE_BYTES = 32;

/** Finds the key with this id. Never rejects, unless `now` throws. */
export type KeySource = (kid: string) => Promise<KeyLookup>;

type KeyLookup =
  | { kind: 'key'; key: CryptoKey }
  /** The gateway publishes no key with this id. */
  | { kind: 'unknown' }
  | { kind: 'unavailable'; cause: unknown };

type KeySet = ReadonlyMap<string, CryptoKey>;

interface KeySourceOptions {
  jwksUrl: URL;
  fetchKeys: typeof fetch;
  /** Milliseconds since 1970. */
  now: () => number;
}

export function createKeySource({ jwksUrl, fetchKeys, now }: KeySourceOptions): KeySource {
  let keys: KeySet = new Map();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failure: { at: number; cause: unknown } | null = null;
  let pending: Promise<KeyLookup | null> | null = null;

  /** @returns null: the keys are there */
  async function refresh(): Promise<KeyLookup | null> {
    triedAt = now();
    try {
      keys = await fetchKeySet(jwksUrl, fetchKeys);
      fetchedAt = now();
      failure = null;
      return null;
    } catch (cause) {
      // Unreachable, too slow, not status 200, too large, or not a key set.
      failure = { at: now(), cause };
      return { kind: 'unavailable', cause };
    } finally {
      pending = null;
    }
  }

  function refreshOnce(): Promise<KeyLookup | null> {
    if (pending !== null && sharesPromises()) return pending;
    pending = refresh();
    return pending;
  }

  return async (kid) => {
    const isFresh = isWithin(fetchedAt, KEYS_AGE_MS_MAX, now());
    const known = isFresh ? keys.get(kid) : undefined;
    if (known !== undefined) {
      const isDue = !isWithin(fetchedAt, KEYS_REFRESH_MS, now()) && !isWithin(triedAt, KEYS_COOLDOWN_MS, now());
      // The cached keys stay valid until their maximum age; a failure is reported then.
      if (isDue) refreshOnce().catch(() => undefined);
      return { kind: 'key', key: known };
    }
    if (failure !== null && isWithin(failure.at, KEYS_RETRY_MS, now())) {
      return { kind: 'unavailable', cause: failure.cause };
    }
    const askedAt = sharesPromises() ? fetchedAt : triedAt;
    if (isFresh && isWithin(askedAt, KEYS_COOLDOWN_MS, now())) return { kind: 'unknown' };
    const failed = await refreshOnce();
    if (failed !== null) return failed;
    const found = keys.get(kid);
    return found === undefined ? { kind: 'unknown' } : { kind: 'key', key: found };
  };
}

/**
 * On Workers and in other edge runtimes a request may not await the fetch of another one, which ends with its own request: there
 * each request fetches the first keys, until a response is there; a key that is unknown then is looked for by one request alone.
 */
function sharesPromises(): boolean {
  return !('EdgeRuntime' in globalThis) && globalThis.navigator?.userAgent !== 'Cloudflare-Workers';
}

/** False for a time in the future: a clock that was set back must not extend a pause. */
function isWithin(since: number, durationMs: number, now: number): boolean {
  return now >= since && now < since + durationMs;
}

/** @throws unless the gateway returns a key set in time */
async function fetchKeySet(url: URL, fetchKeys: typeof fetch): Promise<KeySet> {
  const init = { headers: { Accept: 'application/json' } };
  const bounds = { timeoutMs: FETCH_TIMEOUT_MS, bytesMax: KEYS_BYTES_MAX };
  const { status, text } = await boundedFetch(fetchKeys, url.href, init, bounds);
  if (status !== 200) throw new Error(`${url} returned status ${status} instead of a key set.`);
  const set: unknown = JSON.parse(text);
  if (!isRecord(set) || !Array.isArray(set['keys'])) throw new Error(`${url} returned no JWK set.`);
  const keys = new Map<string, CryptoKey>();
  for (const jwk of set['keys']) {
    const read = await readKey(jwk);
    if (read === null) continue;
    if (keys.has(read.kid)) throw new Error(`${url} returned two keys with the id ${JSON.stringify(read.kid)}.`);
    keys.set(read.kid, read.key);
  }
  return keys;
}

/** null: not a key that signs admission tokens. Such keys are ignored, so that the gateway may publish others beside them. */
async function readKey(jwk: unknown): Promise<{ kid: string; key: CryptoKey } | null> {
  if (!isRecord(jwk)) return null;
  const { kty, crv, kid, x, y, alg = ALGORITHM, use = 'sig' } = jwk;
  if (kty !== 'EC' || crv !== 'P-256' || alg !== ALGORITHM || use !== 'sig' || typeof kid !== 'string') return null;
  if (!isCoordinate(x) || !isCoordinate(y)) return null;
  try {
    const { subtle } = await webCrypto();
    const curve = { name: 'ECDSA', namedCurve: 'P-256' };
    return { kid, key: await subtle.importKey('jwk', { kty, crv, x, y }, curve, false, ['verify']) };
  } catch {
    return null; // Not a point of the curve.
  }
}

function isCoordinate(value: unknown): value is string {
  return typeof value === 'string' && decodeBase64url(value)?.byteLength === COORDINATE_BYTES;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
