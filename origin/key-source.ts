// The gateway's public keys for the admission check: fetched from its JWK set (RFC 7517), cached, and refreshed in the
// background. Guarantees a bounded number of fetches under any load and during outages, and never returns a key that the
// gateway does not publish. Leaves the tokens to verify.ts.

import { createRemoteJWKSet, customFetch, errors } from 'jose';

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

/** Finds the key with this id. Never rejects. */
export type KeySource = (kid: string) => Promise<KeyLookup>;

type KeyLookup =
  | { kind: 'key'; key: CryptoKey }
  /** The gateway publishes no key with this id. */
  | { kind: 'unknown' }
  | { kind: 'unavailable'; cause: unknown };

interface KeySourceOptions {
  jwksUrl: URL;
  fetchKeys: typeof fetch;
  /** Milliseconds since 1970. */
  now: () => number;
}

export function createKeySource({ jwksUrl, fetchKeys, now }: KeySourceOptions): KeySource {
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  const keys = createRemoteJWKSet(jwksUrl, {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    cacheMaxAge: KEYS_AGE_MS_MAX,
    [customFetch]: async (url, init) => {
      if (isWithin(failedAt, KEYS_RETRY_MS, now())) throw failure;
      triedAt = now();
      try {
        const response = await fetchKeys(url, init);
        const text = await readBounded(response, KEYS_BYTES_MAX);
        if (response.status !== 200)
          throw new Error(`${jwksUrl} returned status ${response.status} instead of a key set.`);
        fetchedAt = now();
        return new Response(text);
      } catch (error) {
        failedAt = now();
        failure = error;
        throw error;
      }
    },
  });

  function refreshIfDue(): void {
    const due = !isWithin(fetchedAt, KEYS_REFRESH_MS, now()) && !isWithin(triedAt, KEYS_COOLDOWN_MS, now());
    // The cached keys stay valid until their maximum age; a failure is reported then.
    if (due) keys.reload().catch(() => undefined);
  }

  return async (kid) => {
    try {
      const key = await keys({ alg: ALGORITHM, kid });
      refreshIfDue();
      return { kind: 'key', key };
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey) return { kind: 'unknown' };
      // Unreachable, timed out, not status 200, not a JWK set, two keys with one id, or an invalid key.
      return { kind: 'unavailable', cause };
    }
  };
}

/** False for a time in the future: a clock that was set back must not extend a pause. */
function isWithin(since: number, durationMs: number, now: number): boolean {
  return now >= since && now < since + durationMs;
}

async function readBounded(response: Response, bytesMax: number): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel();
      throw new Error(`The key set is larger than ${bytesMax} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
