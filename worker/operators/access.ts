// Authenticates operators by Cloudflare Access: verifies its signed assertion with the team's public keys and looks the mail
// address up in the settings. An address without a role there is no operator, even if Access admitted it.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Actor } from '../../queue-core/audit.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { roleSchema } from '../contract/operator-api.ts';

/** Keys are fetched again after this; Access rotates them every six weeks and publishes the next key in advance. */
const KEYS_MS = 10 * 60_000;

/** An assertion with an unknown key id triggers a fetch at most this often: anyone can send invented key ids. */
const UNKNOWN_KEY_MS = 30_000;

/** Wait after a failed fetch. */
const RETRY_MS = 5_000;

const FETCH_MS_MAX = 3_000;

/** Prefix of operators' ids; the ids of keys have no colon. */
const ID_PREFIX = 'access:';

export const accessRolesSchema = z.record(z.email(), roleSchema);

export interface AccessSettings {
  /** `https://<team>.cloudflareaccess.com`: issuer of the assertions. */
  teamUrl: string;
  /** The application's audience tag. */
  audience: string;
  roles: z.output<typeof accessRolesSchema>;
}

export class Access {
  readonly #settings: AccessSettings;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>;
  #keys: { set: JSONWebKeySet; at: EpochMs } | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: AccessSettings, fetchKeys: (url: string, init: RequestInit) => Promise<Response>) {
    this.#settings = settings;
    this.#fetch = fetchKeys;
  }

  /** @returns the operator; null: the assertion could not be verified, or its address has no role */
  async operator(assertion: string, now: EpochMs): Promise<Omit<Actor, 'address'> | null> {
    try {
      const payload = await this.#verified(assertion, now);
      const email = z.email().parse(payload['email']).toLowerCase();
      return this.named(`${ID_PREFIX}${email}`);
    } catch (error) {
      // Wrong signature, issuer or audience, expired, no mail address; or the keys could not be fetched.
      console.error('Cloudflare Access assertion rejected:', error instanceof Error ? error.message : error);
      return null;
    }
  }

  /** @returns the operator with this id; null: the address has no role */
  named(id: string): Omit<Actor, 'address'> | null {
    const email = id.startsWith(ID_PREFIX) ? id.slice(ID_PREFIX.length) : null;
    const role = Object.entries(this.#settings.roles).find(([name]) => name.toLowerCase() === email)?.[1];
    return email === null || role === undefined ? null : { id, name: email, role };
  }

  /** Verifies with the cached keys, and once more with new ones if the key id is unknown. */
  async #verified(assertion: string, now: EpochMs): Promise<JWTPayload> {
    const keys = await this.#keySet(now, KEYS_MS);
    try {
      return await this.#verifiedBy(keys, assertion, now);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const fresh = await this.#keySet(now, UNKNOWN_KEY_MS);
      if (fresh === keys) throw error;
      return this.#verifiedBy(fresh, assertion, now);
    }
  }

  async #verifiedBy(keys: JSONWebKeySet, assertion: string, now: EpochMs): Promise<JWTPayload> {
    const { teamUrl, audience } = this.#settings;
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(keys), {
      algorithms: ['RS256'],
      issuer: teamUrl,
      audience,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'iat', 'email'],
    });
    return payload;
  }

  /** Each request fetches for itself: a promise shared between requests does not survive the end of the first. */
  async #keySet(now: EpochMs, msMax: number): Promise<JSONWebKeySet> {
    if (this.#keys !== null && now - this.#keys.at < msMax) return this.#keys.set;
    const url = `${this.#settings.teamUrl}/cdn-cgi/access/certs`;
    if (now - this.#failedAt < RETRY_MS) throw new Error(`${url} failed less than ${RETRY_MS / 1000} s ago`);
    try {
      // A redirect fails by its status; the runtime does not support the mode "error".
      const response = await this.#fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX), redirect: 'manual' });
      if (!response.ok) throw new Error(`${url} responded with status ${response.status}`);
      this.#keys = { set: await response.json(), at: now };
      return this.#keys.set;
    } catch (error) {
      this.#failedAt = now;
      throw error;
    }
  }
}
