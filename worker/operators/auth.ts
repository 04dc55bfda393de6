// Authenticates operators: by a key in the header, by Cloudflare Access, or by a session that a key or a sign-in with the
// identity provider was exchanged for. An unauthenticated request has no principal. What a role may do is in the contract.

import type { Actor } from '../../queue-core/audit.ts';
import { type DirectoryView, type KnownOperator, OWNER_KEY_ID } from '../../queue-core/directory/directory-document.ts';
import { hasExpired } from '../../queue-core/directory/operator-keys.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { allows, type Reach, type Role } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { networkOf } from '../http/request-client.ts';
import type { Background } from '../http/request-env.ts';
import { presentedKey } from './sign-in-limit.ts';

/** An authenticated operator. */
export interface Principal {
  actor: Actor;
  /** The rooms that it is about; null: all, and what is nobody's room. */
  rooms: readonly string[] | null;
  /** The session that a sign-out ends; null: authenticated by a key in the header or by Access. */
  session: { sid: string; expiresAt: EpochMs } | null;
}

/** `principal` is null without credentials, or with a session or an assertion that is not valid now. */
export type Authentication = { kind: 'accepted'; principal: Principal | null } | CredentialsRefusal;

export type CredentialsRefusal =
  | { kind: 'wrongKey'; waitSeconds: number }
  /** The key was not compared: too many wrong ones came before it. */
  | { kind: 'tooManyTries'; waitSeconds: number }
  /** It is right, and no longer valid. */
  | { kind: 'keyExpired' }
  /** A sign-in that the log cannot record is refused. */
  | { kind: 'logFull' }
  /** Valid, but attached by a browser to another site's request. */
  | { kind: 'crossSite' };

export type AuthGateway = Pick<
  Gateway,
  'access' | 'consoleUrl' | 'cookies' | 'digest' | 'oidc' | 'ownTime' | 'proxies' | 'signIns' | 'store' | 'tokens'
>;

/** Audience of the tokens of operators' sessions; no room can have it. */
export const OPERATORS_AUDIENCE = 'urn:fairgate:operators';

export async function authenticate(
  gateway: AuthGateway,
  directory: DirectoryView,
  request: Request,
): Promise<Authentication> {
  const address = gateway.proxies.clientAddress(request);
  const key = /^Bearer +([!-~]{1,200})$/i.exec(request.headers.get('Authorization') ?? '')?.[1];
  if (key !== undefined) return byKey(gateway, directory, key, address);
  const principal =
    (await byAccess(gateway, request, address)) ?? (await bySession(gateway, directory, request, address));
  return principal !== null && (isCrossSiteChange(request, gateway) || isCrossSiteRead(request))
    ? { kind: 'crossSite' }
    : { kind: 'accepted', principal };
}

/** What an operation needs of an operator. */
export interface Needed {
  /** null: nothing. */
  role: Role | null;
  about: Reach;
}

export type Authorization = 'allowed' | 'unauthenticated' | 'forbidden' | 'otherRoom';

/** @param room the one that the request names */
export function authorize(
  principal: Principal | null,
  { role, about }: Needed,
  room: string | undefined,
): Authorization {
  if (role === null) return 'allowed';
  if (principal === null) return 'unauthenticated';
  if (!allows(principal.actor.role, role)) return 'forbidden';
  const { rooms } = principal;
  if (rooms === null || about === 'each') return 'allowed';
  return about === 'room' && room !== undefined && rooms.includes(room) ? 'allowed' : 'otherRoom';
}

export function credentialsProblem(refusal: CredentialsRefusal): Response {
  switch (refusal.kind) {
    case 'wrongKey':
      return operatorProblem('wrong-key', { 'Retry-After': String(refusal.waitSeconds) });
    case 'tooManyTries':
      return operatorProblem('too-many-requests', { 'Retry-After': String(refusal.waitSeconds) });
    case 'keyExpired':
      return operatorProblem('key-expired');
    case 'logFull':
      return operatorProblem('log-full');
    case 'crossSite':
      return operatorProblem('cross-site-request');
  }
}

/** @returns the operator with this id as of now, and when their key ends; null: removed, or the directory cannot be read */
export async function findOperator(
  gateway: Pick<Gateway, 'access' | 'directory' | 'oidc' | 'ownTime'>,
  id: string,
  background: Background,
): Promise<(Omit<Actor, 'address'> & { endsAt: EpochMs | null }) | null> {
  const directory = await gateway.directory.forOperators(background, 'change');
  if (directory === null) return null;
  const key = directory.keys.find((candidate) => candidate.id === id);
  if (key !== undefined) {
    const { name, role, expiresAt: endsAt } = key;
    return hasExpired(key, gateway.ownTime()) ? null : { id, name, role, endsAt };
  }
  const operator = gateway.access?.named(id) ?? gateway.oidc?.named(id) ?? null;
  return operator === null ? null : { ...operator, endsAt: null };
}

interface KeyCheck {
  key: string;
  address: string | null;
  /** A session is signed in by the store and recorded. */
  purpose: 'session' | 'request';
}

/**
 * Decides whether the key is compared at all, then compares it: for a request from where the key was used before with this
 * gateway's copy of the directory, else in the directory itself, which counts wrong keys for every gateway.
 */
export async function checkKey(
  { digest, ownTime, signIns, store }: Pick<Gateway, 'digest' | 'ownTime' | 'signIns' | 'store'>,
  directory: DirectoryView,
  { key: text, address, purpose }: KeyCheck,
): Promise<{ kind: 'signedIn'; key: KnownOperator; at: EpochMs } | CredentialsRefusal> {
  const [presented, from] = [presentedKey(text, digest), networkOf(address)];
  const attempt = signIns.attempt(directory, presented, from);
  if (attempt.waitSeconds > 0) return { kind: 'tooManyTries', waitSeconds: attempt.waitSeconds };
  const right = attempt.known?.digest === presented.digest ? attempt.known : null;
  if (right !== null && hasExpired(right, ownTime())) return { kind: 'keyExpired' };
  if (right !== null && purpose === 'request') return { kind: 'signedIn', key: right, at: right.signInsFrom };
  const limitedSeconds = right === null ? attempt.secondsUntilStore() : 0;
  if (limitedSeconds > 0) return { kind: 'tooManyTries', waitSeconds: limitedSeconds };
  const [reply] = await store.directory.apply([{ kind: 'signIn', key: presented, purpose, address, from }]);
  switch (reply.kind) {
    case 'signedIn':
      signIns.accepted(reply.key.id, from);
      return reply;
    case 'wrongKey':
    case 'mustWait': {
      attempt.wait(reply.waitMs);
      const waitSeconds = Math.ceil(reply.waitMs / 1000);
      return { kind: reply.kind === 'wrongKey' ? 'wrongKey' : 'tooManyTries', waitSeconds };
    }
    case 'refused':
      return { kind: reply.reason === 'keyExpired' ? 'keyExpired' : 'logFull' };
  }
}

async function byKey(
  gateway: AuthGateway,
  directory: DirectoryView,
  key: string,
  address: string | null,
): Promise<Authentication> {
  const check = await checkKey(gateway, directory, { key, address, purpose: 'request' });
  return check.kind === 'signedIn'
    ? { kind: 'accepted', principal: principalOf(check.key, check.key.rooms, address) }
    : check;
}

async function byAccess(gateway: AuthGateway, request: Request, address: string | null): Promise<Principal | null> {
  const assertion = request.headers.get('Cf-Access-Jwt-Assertion');
  if (assertion === null || gateway.access === null) return null;
  const operator = await gateway.access.operator(assertion, gateway.ownTime());
  return operator === null ? null : principalOf(operator, null, address);
}

async function bySession(
  gateway: AuthGateway,
  { keys, endedSignIns }: DirectoryView,
  request: Request,
  address: string | null,
): Promise<Principal | null> {
  const now = gateway.ownTime();
  for (const token of gateway.cookies.operatorTokens(request.headers)) {
    const read = await gateway.tokens.readOperator(token, OPERATORS_AUDIENCE, now);
    if (read.kind !== 'valid') continue;
    const { key: id, sid, issuedAt, expiresAt } = read.token;
    const key = keys.find((candidate) => candidate.id === id);
    const operator = key ?? gateway.oidc?.named(id) ?? null;
    // What ends the sign-ins of every key ends those with the provider too.
    const signInsFrom = (key ?? keys.find((candidate) => candidate.id === OWNER_KEY_ID))?.signInsFrom;
    const isSignedOut = endedSignIns.some((ended) => ended.sid === sid);
    // Tokens are readable for some seconds after their end because clocks differ, but a sign-out is remembered only until then.
    const isExpired = expiresAt <= now;
    // `issuedAt` is in whole seconds.
    if (operator === null || signInsFrom === undefined || isSignedOut || isExpired) continue;
    if (issuedAt + 1_000 <= signInsFrom || (key !== undefined && hasExpired(key, now))) continue;
    return principalOf(operator, key?.rooms ?? null, address, { sid, expiresAt });
  }
  return null;
}

function principalOf(
  { id, name, role }: Omit<Actor, 'address'>,
  rooms: Principal['rooms'],
  address: string | null,
  session: Principal['session'] = null,
): Principal {
  return { actor: { id, name, role, address }, rooms, session };
}

/**
 * Browsers attach cookies and Access assertions to requests of every site. A change is accepted only where the browser states
 * that it comes from the console's own origin (Fetch metadata, RFC 6454).
 */
export function isCrossSiteChange(request: Request, { consoleUrl }: Pick<Gateway, 'consoleUrl'>): boolean {
  if (!isChange(request)) return false;
  const site = request.headers.get('Sec-Fetch-Site');
  const origin = request.headers.get('Origin');
  if (site === null && origin === null) return true;
  if (site !== null && site !== 'same-origin') return true;
  if (origin === null) return false;
  // The scheme of the console's address, not of the request: behind a TLS proxy the latter is always http.
  const from = URL.parse(origin);
  const isOwnHost = from?.host === request.headers.get('Host')?.toLowerCase();
  return !isOwnHost || from?.protocol !== new URL(consoleUrl).protocol;
}

/** What another origin's page embeds or fetches is not read with the operator's session either; links to the API work. */
function isCrossSiteRead({ headers }: Request): boolean {
  const site = headers.get('Sec-Fetch-Site') ?? 'none';
  return site !== 'same-origin' && site !== 'none' && headers.get('Sec-Fetch-Mode') !== 'navigate';
}

export function isChange({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD';
}
