// What the gateway checks before a handler of the operators' API runs, in this order: the directory is known, the operator is
// authenticated and has the role, the version and the input are valid, the room exists. A failed check ends the request.

import type { MiddlewareHandler } from 'hono';
import type { DirectoryView } from '../../queue-core/directory/directory-document.ts';
import { type Operation, type OperationName, reachOf } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { isBrowser, networkOf } from '../http/request-client.ts';
import type { Background } from '../http/request-env.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { roomConfigOf } from '../views/room-directory.ts';
import {
  type Authentication,
  type AuthGateway,
  authenticate,
  authorize,
  credentialsProblem,
  isChange,
  isCrossSiteChange,
  type Needed,
  type Principal,
} from './auth.ts';
import type { OperatorEnv } from './operation-context.ts';
import { inputCheck } from './request-input.ts';
import { changeBase, readIfMatch, versionsOf } from './versions.ts';

type Check = MiddlewareHandler<OperatorEnv>;
type CheckGateway = AuthGateway & Pick<Gateway, 'directory' | 'keyUses' | 'randomId' | 'views'>;

/** Operations that create a secret or end the caller's session: repeating one is another change. */
const NEVER_REPEATED: readonly OperationName[] = [
  ...(['givePass', 'addKey', 'signOut', 'addAlarmTarget', 'rotateAlarmTarget', 'testAlarmTarget'] as const),
];

export function checksOf(gateway: CheckGateway, name: OperationName, operation: Operation): [Check, ...Check[]] {
  return [
    authentication(gateway, { role: operation.role, about: reachOf(operation) }),
    ifMatchPresence(operation.ifMatch),
    inputCheck(operation),
    ...(reachOf(operation) === 'room' ? [roomLookup(gateway)] : []),
    ...(operation.ifMatch === undefined ? [] : [ifMatchCheck]),
    ...(operation.method === 'GET' ? [] : [changeNaming(gateway, name)]),
  ];
}

/** Authenticates and checks role and room; requests to addresses that do not exist are also authenticated. */
export function authentication(gateway: CheckGateway, needed: Needed, reading: 'watch' | 'scrape' = 'watch'): Check {
  return async (c, next) => {
    const request = c.req.raw;
    const directory = await gateway.directory.forOperators(c.var.background, isChange(request) ? 'change' : reading);
    if (directory === null) return operatorProblem('store-unreachable');
    c.set('directory', directory);
    const result =
      needed.role === null ? withoutRole(gateway, request) : await authenticate(gateway, directory, request);
    if (result.kind !== 'accepted') return credentialsProblem(result);
    c.set('principal', result.principal);
    if (result.principal !== null) tellKeyUse(gateway, directory, result.principal, c.var.background);
    switch (authorize(result.principal, needed, c.req.param('room'))) {
      case 'allowed':
        return next();
      case 'unauthenticated':
        return operatorProblem('operator-key', { 'WWW-Authenticate': 'Bearer realm="fairgate operators"' });
      case 'forbidden':
        return operatorProblem('role-too-small');
      case 'otherRoom':
        return operatorProblem('other-room');
    }
  };
}

/** Tells the directory in the background. What cannot be told now is told in some minutes. */
function tellKeyUse(
  { keyUses, ownTime, store }: Pick<Gateway, 'keyUses' | 'ownTime' | 'store'>,
  { keys }: DirectoryView,
  { actor }: Principal,
  background: Background,
): void {
  if (!keys.some(({ id }) => id === actor.id) || !keyUses.isDue(actor.id, ownTime())) return;
  const use = { kind: 'useKey', key: actor.id, from: networkOf(actor.address) } as const;
  background(
    store.directory.apply([use]).then(
      () => {},
      (error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error;
      },
    ),
  );
}

/** A browser may sign in only from the console's own page; other clients send neither header and no cookies. */
function withoutRole(gateway: CheckGateway, request: Request): Authentication {
  return isBrowser(request) && isCrossSiteChange(request, gateway)
    ? { kind: 'crossSite' }
    : { kind: 'accepted', principal: null };
}

function ifMatchPresence(needed: Operation['ifMatch']): Check {
  return async (c, next) => {
    if (needed === true && c.req.header('If-Match') === undefined) return operatorProblem('if-match-needed');
    c.set('ifMatch', null);
    return next();
  };
}

/** The field is evaluated last (RFC 9110, 13.2.1): a request that would fail without it fails the same way with it. */
const ifMatchCheck: Check = async (c, next) => {
  const field = c.req.header('If-Match');
  const { room } = c.var;
  if (field !== undefined && room !== undefined) {
    const base = changeBase(readIfMatch(field), room.versions);
    if (base === null) return operatorProblem('changed-meanwhile');
    c.set('ifMatch', base);
  }
  return next();
};

function roomLookup({ views }: Pick<Gateway, 'views'>): Check {
  return async (c, next) => {
    const entry = c.var.directory.rooms.find(({ id }) => id === c.req.param('room'));
    if (entry === undefined) return operatorProblem('not-found');
    const config = roomConfigOf(entry);
    const snapshot = await views.read(config, c.var.background);
    if (snapshot === null) return operatorProblem('store-unreachable');
    c.set('room', { entry, config, snapshot, versions: versionsOf(entry.version, snapshot) });
    return next();
  };
}

/**
 * A change that carries an `Idempotency-Key` is applied once, however often it is sent; others get a random id. The id is
 * derived from the operator, the address and the content, so that a key used again for something else is another change.
 */
function changeNaming({ digest, randomId }: Pick<Gateway, 'digest' | 'randomId'>, name: OperationName): Check {
  return (c, next) => {
    const key = c.req.header('Idempotency-Key');
    const { principal, body } = c.var;
    const content = [
      principal?.actor.id,
      c.req.method,
      c.req.path,
      c.req.header('If-Match') ?? null,
      body ?? null,
      key,
    ];
    const isRepeatable = key !== undefined && !NEVER_REPEATED.includes(name);
    c.set('changeId', isRepeatable ? digest(JSON.stringify(content)).slice(0, 32) : randomId(16));
    return next();
  };
}
