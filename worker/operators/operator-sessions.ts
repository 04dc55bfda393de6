// Sessions of operators: a key, or a sign-in with the identity provider, is exchanged for a signed token in a cookie, which ends at its
// time, by a sign-out, or with its key or role.

import { SIGN_IN_MS } from '../../queue-core/limits.ts';
import type { Session } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { json } from '../http/responses.ts';
import type { OperatorToken } from '../tokens/tokens.ts';
import { checkKey, credentialsProblem, OPERATORS_AUDIENCE, type Principal } from './auth.ts';
import { noContent } from './change-response.ts';
import { changeDirectory } from './directory-changes.ts';
import { rfc3339OrNull } from './document-parts.ts';
import type { Handlers } from './operation-context.ts';

type SignInGateway = Pick<
  Gateway,
  'cookies' | 'digest' | 'directory' | 'ownTime' | 'proxies' | 'randomId' | 'signIns' | 'store' | 'tokens'
>;

export function sessionHandlers(gateway: SignInGateway): Handlers<'signIn' | 'session' | 'signOut'> {
  const { cookies, proxies } = gateway;
  return {
    async signIn(c) {
      const address = proxies.clientAddress(c.req.raw);
      const check = await checkKey(gateway, c.var.directory, { key: c.var.body.key, address, purpose: 'session' });
      if (check.kind !== 'signedIn') return credentialsProblem(check);
      const { key, at } = check;
      const session = {
        sid: gateway.randomId(12),
        expiresAt: Math.min(at + SIGN_IN_MS, key.expiresAt ?? Number.POSITIVE_INFINITY),
      };
      const response = json(sessionOf({ actor: { ...key, address }, rooms: key.rooms, session }));
      await setSession(gateway, response, { key: key.id, issuedAt: at, ...session });
      return response;
    },

    session: (c) => json(sessionOf(c.var.principal)),

    async signOut(c) {
      const { session } = c.var.principal;
      if (session !== null) {
        const { sid, expiresAt } = session;
        const outcome = await changeDirectory(gateway, c.var, { kind: 'signOut', sid, until: expiresAt });
        if (outcome.kind === 'refused') return outcome.response;
      }
      const response = noContent();
      response.headers.append('Set-Cookie', cookies.setOperator('', 0));
      return response;
    },
  };
}

/** Puts the session's token into a cookie of the response. */
export async function setSession(
  { cookies, ownTime, tokens }: Pick<Gateway, 'cookies' | 'ownTime' | 'tokens'>,
  response: Response,
  session: OperatorToken,
): Promise<void> {
  const token = await tokens.issueOperator(session, OPERATORS_AUDIENCE);
  const secondsLeft = (session.expiresAt - ownTime()) / 1000;
  response.headers.append('Set-Cookie', cookies.setOperator(token, secondsLeft));
}

function sessionOf({ actor: { id, name, role }, rooms, session }: Principal): Session {
  return {
    operator: { id, name, role, rooms: rooms === null ? null : [...rooms] },
    expiresAt: rfc3339OrNull(session?.expiresAt ?? null),
  };
}
