// The gateway's public keys, for the admission check: fetched from its key set, cached, renewed beside the requests.
// Guarantees that no flood and no outage causes more than a bounded number of fetches, and that a key it cannot have is
// never guessed. Leaves the tokens to verify.ts.

import { createRemoteJWKSet, customFetch, errors } from 'jose';

/** The one algorithm: nothing is negotiated with whoever sends the token (RFC 8725, 3.1). */
export const ALGORITHM = 'ES256';

/** The gateway is near. A key set that takes longer is an outage, and a visitor's request hangs on it. */
const KEYS_TIMEOUT_MS = 3_000;

/** A key that is withdrawn is believed for at most this long. */
const KEYS_AGE_MS_MAX = 600_000;

/** Halfway through their age keys are fetched again beside the requests, so that a gateway's restart is not noticed. */
const KEYS_REFRESH_MS = 300_000;

/** After a fetch, tokens with unknown key ids cause no other for this long: a flood of them costs one fetch in 5 s. */
const KEYS_COOLDOWN_MS = 5_000;

/** After a failed fetch no other is tried for this long: an outage is not made worse by everybody who is refused. */
const KEYS_RETRY_MS = 1_000;

/** A set of a few P-256 keys has about 1 kB. */
const KEYS_BYTES_MAX = 65_536;

/** Finds the key that a token names. Never rejects. */
export type KeySource = (kid: string) => Promise<KeyAnswer>;

export type KeyAnswer =
  | { kind: 'key'; key: CryptoKey }
  /** The gateway publishes no such key. */
  | { kind: 'unknown' }
  | { kind: 'unavailable'; cause: unknown };

export interface KeySourceOptions {
  jwksUrl: URL;
  fetchKeys: typeof fetch;
  now: () => number;
}

/** The gateway's published keys, cached by jose, with the bounds above around its fetches. */
export function createKeySource({ jwksUrl, fetchKeys, now }: KeySourceOptions): KeySource {
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  const keys = createRemoteJWKSet(jwksUrl, {
    timeoutDuration: KEYS_TIMEOUT_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    cacheMaxAge: KEYS_AGE_MS_MAX,
    [customFetch]: async (url, init) => {
      if (isWithin(failedAt, KEYS_RETRY_MS, now())) throw failure;
      triedAt = now();
      try {
        const answer = await fetchKeys(url, init);
        const text = await readBounded(answer, KEYS_BYTES_MAX);
        if (answer.status !== 200) throw new Error(`The key set answered with status ${answer.status}.`);
        fetchedAt = now();
        return new Response(text);
      } catch (error) {
        failedAt = now();
        failure = error;
        throw error;
      }
    },
  });

  function refreshBeside(): void {
    const due = !isWithin(fetchedAt, KEYS_REFRESH_MS, now()) && !isWithin(triedAt, KEYS_COOLDOWN_MS, now());
    if (due) keys.reload().catch(() => undefined); // The keys at hand are good until their age is up; then it is told.
  }

  return async (kid) => {
    try {
      const key = await keys({ alg: ALGORITHM, kid });
      refreshBeside();
      return { kind: 'key', key };
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey) return { kind: 'unknown' };
      // Unreachable, slow, not 200, not a key set, two keys under one id, a key that is none.
      return { kind: 'unavailable', cause };
    }
  };
}

/** A clock that was set back must not stretch a wait: a time that lies ahead counts as long ago. */
function isWithin(since: number, durationMs: number, now: number): boolean {
  return now >= since && now < since + durationMs;
}

async function readBounded(answer: Response, bytesMax: number): Promise<string> {
  if (answer.body === null) return '';
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel();
      throw new Error(`The key set is longer than ${bytesMax} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
