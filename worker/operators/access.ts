// Cloudflare Access as another way for operators to be known: its signed assertion, checked against the team's public keys,
// and a list of who is what. Whoever is not on the list is nobody here, whatever Access let through.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Actor } from '../../queue-core/audit.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { roleSchema } from '../contract/operator-api.ts';

/** Keys are fetched anew after this; Access rotates them every six weeks and publishes the next one beside. */
const KEYS_MS = 10 * 60_000;

/**
 * An assertion that names a key which is not among them has them fetched anew, but no more often than this: anybody can
 * make up names.
 */
const UNKNOWN_KEY_MS = 30_000;

/** Wait after keys could not be had. */
const RETRY_MS = 5_000;

const FETCH_MS_MAX = 3_000;

/** Of operators' ids: no key's has a colon. */
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

  /** @returns the operator of a genuine assertion, or null: in doubt nobody */
  async operator(assertion: string, now: EpochMs): Promise<Omit<Actor, 'address'> | null> {
    try {
      const payload = await this.#verified(assertion, now);
      const email = z.email().parse(payload['email']).toLowerCase();
      return this.named(`${ID_PREFIX}${email}`);
    } catch (error) {
      // Not genuine, of another application, run out, without a mail address; or the keys could not be had.
      console.error('An assertion of Cloudflare Access was refused:', error instanceof Error ? error.message : error);
      return null;
    }
  }

  /** @returns the operator whose id this is, as the list has them now */
  named(id: string): Omit<Actor, 'address'> | null {
    const email = id.startsWith(ID_PREFIX) ? id.slice(ID_PREFIX.length) : null;
    const role = Object.entries(this.#settings.roles).find(([name]) => name.toLowerCase() === email)?.[1];
    return email === null || role === undefined ? null : { id, name: email, role };
  }

  /** Verifies with the keys at hand, and once more with fresh ones where those do not have the one it names. */
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

  /** Each request fetches by itself: a promise shared between requests does not survive the first one's end. */
  async #keySet(now: EpochMs, msMax: number): Promise<JSONWebKeySet> {
    if (this.#keys !== null && now - this.#keys.at < msMax) return this.#keys.set;
    if (now - this.#failedAt < RETRY_MS) throw new Error('its keys could not be fetched');
    try {
      const url = `${this.#settings.teamUrl}/cdn-cgi/access/certs`;
      // A redirect counts as a failure by its status; "error" is a mode that the runtime does not know.
      const answer = await this.#fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX), redirect: 'manual' });
      if (!answer.ok) throw new Error(`its keys: status ${answer.status}`);
      this.#keys = { set: await answer.json(), at: now };
      return this.#keys.set;
    } catch (error) {
      this.#failedAt = now;
      throw error;
    }
  }
}
