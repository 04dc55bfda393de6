// Cloudflare Access as another way for operators to be known: its signed assertion, checked against the team's public keys,
// and a list of who is what. Whoever is not on the list is nobody here, whatever Access let through.

import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Actor } from '../../queue-core/audit.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { roleSchema } from '../contract/operators.ts';

/** Keys are fetched anew after this; Access rotates them every six weeks and publishes the next one beside. */
const KEYS_MS = 10 * 60_000;

/** Wait after keys could not be had. */
const RETRY_MS = 5_000;

const FETCH_MS_MAX = 3_000;

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
    const { teamUrl, audience, roles } = this.#settings;
    try {
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(await this.#keySet(now)), {
        algorithms: ['RS256'],
        issuer: teamUrl,
        audience,
        currentDate: new Date(now),
        requiredClaims: ['exp', 'iat', 'email'],
      });
      const email = z.email().parse(payload['email']).toLowerCase();
      const role = Object.entries(roles).find(([name]) => name.toLowerCase() === email)?.[1];
      return role === undefined ? null : { id: `access:${email}`, name: email, role };
    } catch (error) {
      // Not genuine, of another application, run out, without a mail address; or the keys could not be had.
      console.error('An assertion of Cloudflare Access was refused:', error instanceof Error ? error.message : error);
      return null;
    }
  }

  /** Each request fetches by itself: a promise shared between requests does not survive the first one's end. */
  async #keySet(now: EpochMs): Promise<JSONWebKeySet> {
    if (this.#keys !== null && now - this.#keys.at < KEYS_MS) return this.#keys.set;
    if (now - this.#failedAt < RETRY_MS) throw new Error('its keys could not be fetched');
    try {
      const url = `${this.#settings.teamUrl}/cdn-cgi/access/certs`;
      const answer = await this.#fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX), redirect: 'error' });
      if (!answer.ok) throw new Error(`its keys: status ${answer.status}`);
      this.#keys = { set: await answer.json(), at: now };
      return this.#keys.set;
    } catch (error) {
      this.#failedAt = now;
      throw error;
    }
  }
}
