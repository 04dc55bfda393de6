// Authenticates operators by Cloudflare Access: verifies its signed assertion with the team's public keys and looks the mail
// address up in the settings. An address without a role there is no operator, even if Access admitted it.

import * as z from 'zod';
import type { Actor } from '../../queue-core/audit.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { roleSchema } from '../contract/operator-api.ts';
import { RemoteKeys } from './remote-keys.ts';

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
  readonly #keys: RemoteKeys;

  constructor(settings: AccessSettings, fetchKeys: (url: string, init: RequestInit) => Promise<Response>) {
    this.#settings = settings;
    this.#keys = new RemoteKeys(`${settings.teamUrl}/cdn-cgi/access/certs`, fetchKeys);
  }

  /** @returns the operator; null: the assertion could not be verified, or its address has no role */
  async operator(assertion: string, now: EpochMs): Promise<Omit<Actor, 'address'> | null> {
    try {
      const { teamUrl: issuer, audience } = this.#settings;
      const requiredClaims = ['exp', 'iat', 'email'];
      const options = { algorithms: ['RS256'], issuer, audience, requiredClaims };
      const { payload } = await this.#keys.verify(assertion, now, options);
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
}
