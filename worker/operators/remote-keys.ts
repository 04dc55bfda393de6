// The public keys of an identity provider, fetched from its address and cached: Cloudflare Access and OpenID Connect. A token
// with an unknown key id causes one more fetch, so that a rotation of keys keeps nobody out.

import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import type { EpochMs } from '../../queue-core/time.ts';
import { boundedBody } from '../http/bounded-body.ts';

/** Keys are fetched again after this; providers rotate them every few weeks and publish the next key in advance. */
const KEYS_MS = 10 * 60_000;

/** A token with an unknown key id triggers a fetch at most this often: anyone can send invented key ids. */
const UNKNOWN_KEY_MS = 30_000;

/** Wait after a failed fetch. */
const RETRY_MS = 5_000;

const FETCH_MS_MAX = 3_000;

/** Large providers publish a dozen keys with certificates, about 20 KB. */
const KEYS_BYTES_MAX = 256 * 1024;

export class RemoteKeys {
  readonly #url: string;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>;
  #keys: { set: JSONWebKeySet; at: EpochMs } | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(url: string, fetchKeys: (url: string, init: RequestInit) => Promise<Response>) {
    this.#url = url;
    this.#fetch = fetchKeys;
  }

  /** Verifies with the cached keys, and once more with new ones if the key id is unknown. @throws JOSEError, or where no keys can be had */
  async verify(token: string, now: EpochMs, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
    const dated = { ...options, currentDate: new Date(now) };
    const keys = await this.#keySet(now, KEYS_MS);
    try {
      return await jwtVerify(token, createLocalJWKSet(keys), dated);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const fresh = await this.#keySet(now, UNKNOWN_KEY_MS);
      if (fresh === keys) throw error;
      return jwtVerify(token, createLocalJWKSet(fresh), dated);
    }
  }

  /** Each request fetches for itself: a promise shared between requests does not survive the end of the first. */
  async #keySet(now: EpochMs, msMax: number): Promise<JSONWebKeySet> {
    if (this.#keys !== null && now - this.#keys.at < msMax) return this.#keys.set;
    const url = this.#url;
    if (now - this.#failedAt < RETRY_MS) throw new Error(`${url} failed less than ${RETRY_MS / 1000} s ago`);
    try {
      // A redirect fails by its status; the runtime does not support the mode "error".
      const response = await this.#fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX), redirect: 'manual' });
      if (!response.ok) throw new Error(`${url} responded with status ${response.status}`);
      const bytes = await boundedBody(response, KEYS_BYTES_MAX);
      if (bytes === null) throw new Error(`${url} responded with more than ${KEYS_BYTES_MAX} bytes`);
      const set = JSON.parse(new TextDecoder().decode(bytes));
      createLocalJWKSet(set); // Throws for what is no key set, which must not replace one.
      this.#keys = { set, at: now };
      return set;
    } catch (error) {
      this.#failedAt = now;
      throw error;
    }
  }
}
