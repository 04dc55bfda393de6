// Who is asking: an operator's key in the header, a session that a key was exchanged for, or Cloudflare Access. Without one
// of them nothing of the operators' is answered. What a role may do is the contract's to say.

import type { Actor } from '../../queue-core/audit.ts';
import type { DirectoryView } from '../../queue-core/directory.ts';
import { SIGN_IN_MS } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import type { Background, Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { clientAddress, networkOf } from '../http/request-client.ts';

export type Principal = {
  actor: Actor;
  /** The session that ends with a sign-out; null: a key in the header, or Access. */
  session: { sid: string; expiresAt: EpochMs } | null;
};

/** Names the space of operators' tokens: no room's audience can be this. */
export const OPERATORS_AUDIENCE = 'urn:fairgate:operators';

/** @returns the operator, or the answer to whoever is none */
export async function authenticate(
  gateway: Gateway,
  request: Request,
  background: Background,
): Promise<Principal | Response> {
  const directory = await directoryFor(gateway, request, background);
  if (directory instanceof Response) return directory;
  const address = clientAddress(request);
  const key = /^Bearer +([!-~]{1,200})$/i.exec(request.headers.get('Authorization') ?? '')?.[1];
  if (key !== undefined) return byKey(gateway, directory, key, address);
  const who = (await byAccess(gateway, request, address)) ?? (await bySession(gateway, directory, request, address));
  if (who instanceof Response) return who;
  return changesFromElsewhere(request, gateway) ? operatorProblem('cross-site-request') : who;
}

/** The directory as it has to be known for this request, or the answer where it is not. */
export async function directoryFor(
  gateway: Pick<Gateway, 'directory'>,
  request: Request,
  background: Background,
): Promise<DirectoryView | Response> {
  const directory = await gateway.directory.forOperators(background, isChange(request) ? 'change' : 'watch');
  return directory ?? operatorProblem('store-unreachable');
}

async function byAccess(gateway: Gateway, request: Request, address: string | null): Promise<Principal | null> {
  const assertion = request.headers.get('Cf-Access-Jwt-Assertion');
  if (assertion === null || gateway.access === null) return null;
  const found = await gateway.access.operator(assertion, gateway.ownTime());
  return found === null ? null : { actor: { ...found, address }, session: null };
}

/** @returns the operator of this id as they are known now, or null: gone, or the store does not answer */
export async function operatorNamed(
  gateway: Gateway,
  id: string,
  background: Background,
): Promise<Omit<Actor, 'address'> | null> {
  const directory = await gateway.directory.forOperators(background, 'change');
  if (directory === null) return null;
  const key = directory.keys.find((one) => one.id === id);
  if (key !== undefined) return { id, name: key.name, role: key.role };
  return gateway.access?.named(id) ?? null;
}

/** Exchanges a key for a session. @returns the session's token, or the answer to a wrong key */
export async function signIn(
  gateway: Gateway,
  key: string,
  request: Request,
  background: Background,
): Promise<{ token: string; who: Principal } | Response> {
  const directory = await directoryFor(gateway, request, background);
  if (directory instanceof Response) return directory;
  const address = clientAddress(request);
  const reply = await tryKey(gateway, gateway.digest(key), address);
  if (reply instanceof Response) return reply;
  const { id, name, role } = reply.key;
  const session = { sid: gateway.randomId(12), expiresAt: reply.at + SIGN_IN_MS };
  const token = await gateway.tokens.issueOperator({ key: id, issuedAt: reply.at, ...session }, OPERATORS_AUDIENCE);
  return { token, who: { actor: { id, name, role, address }, session } };
}

/** A key in the header is looked at in the gateway's copy first; one that is not there is a try like any other. */
async function byKey(
  gateway: Gateway,
  { keys }: DirectoryView,
  key: string,
  address: string | null,
): Promise<Principal | Response> {
  const digest = gateway.digest(key);
  const known = keys.find((one) => one.digest === digest);
  if (known !== undefined)
    return { actor: { id: known.id, name: known.name, role: known.role, address }, session: null };
  const reply = await tryKey(gateway, digest, address);
  return reply instanceof Response ? reply : { actor: { ...reply.key, address }, session: null };
}

/** Asks the directory whose key it is, no more often than one network may. */
async function tryKey({ signIns, store }: Gateway, digest: string, address: string | null) {
  const from = networkOf(address);
  const seconds = signIns.secondsToWait(from);
  if (seconds > 0) return operatorProblem('too-many-requests', { 'Retry-After': String(seconds) });
  const [reply] = await store.directory.apply([{ kind: 'signIn', digest, address, from }]);
  switch (reply.kind) {
    case 'signedIn':
      return reply;
    case 'wrongKey':
      return operatorProblem('wrong-key', { 'Retry-After': String(Math.ceil(reply.waitMs / 1000)) });
    case 'refused':
      return operatorProblem('log-full');
  }
}

async function bySession(
  gateway: Gateway,
  { keys, endedSignIns }: DirectoryView,
  request: Request,
  address: string | null,
): Promise<Principal | Response> {
  const token = gateway.cookies.operatorToken(request.headers);
  const read = token === null ? null : await gateway.tokens.readOperator(token, OPERATORS_AUDIENCE, gateway.ownTime());
  if (read?.kind !== 'valid')
    return operatorProblem('operator-key', { 'WWW-Authenticate': 'Bearer realm="fairgate operators"' });
  const { key: id, sid, issuedAt, expiresAt } = read.token;
  const key = keys.find((one) => one.id === id);
  const over = endedSignIns.some((ended) => ended.sid === sid);
  // A token may be read a little beyond its end, where clocks differ; a sign-out is remembered only up to it.
  const runOut = expiresAt <= gateway.ownTime();
  // Tokens count their time of issue in whole seconds.
  const former = key !== undefined && issuedAt + 1_000 <= key.signInsFrom;
  if (key === undefined || over || runOut || former) return operatorProblem('operator-key');
  return { actor: { id: key.id, name: key.name, role: key.role, address }, session: { sid, expiresAt } };
}

/**
 * Cookies and Access come along with whatever a browser sends, also at another site's wish. A change counts only where the
 * browser says that it comes from this origin (Fetch metadata, RFC 6454).
 */
export function changesFromElsewhere(request: Request, { consoleUrl }: Pick<Gateway, 'consoleUrl'>): boolean {
  if (!isChange(request)) return false;
  const site = request.headers.get('Sec-Fetch-Site');
  const origin = request.headers.get('Origin');
  if (site === null && origin === null) return true;
  if (site !== null && site !== 'same-origin') return true;
  if (origin === null) return false;
  // The console's scheme, not the request's: where TLS ends before the gateway, that is always http.
  const from = URL.parse(origin);
  const isOwnHost = from?.host === request.headers.get('Host')?.toLowerCase();
  return !isOwnHost || from?.protocol !== new URL(consoleUrl).protocol;
}

function isChange({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD';
}
