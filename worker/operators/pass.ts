// An operator's pass: an admission token of ten minutes for one room, past the line; the log has it before it exists. A script
// receives the token. A browser receives an address on the site, whose host may differ from the console's: its code can be
// exchanged once, within seconds, for the token in an HttpOnly cookie. A code that cannot be verified is refused.

import { PASS_USE_MS } from '../../queue-core/limits.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import { allows, OPERATIONS } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { visitorAddress } from '../http/public-address.ts';
import { isBrowser, isPrefetch, responseFormat } from '../http/request-client.ts';
import type { Background } from '../http/request-env.ts';
import { roomAddress } from '../http/request-target.ts';
import { json, refusal } from '../http/responses.ts';
import type { RoomConfig } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { OPERATOR_PASS_POSITION, type OperatorToken } from '../tokens/tokens.ts';
import { findOperator } from './auth.ts';
import type { Handlers } from './operation-context.ts';
import { changeRoom, type RoomChangeGateway } from './room-changes.ts';

/** Long enough to check the site, too short to share. */
const PASS_MS = 10 * 60_000;

type Pass = Pick<OperatorToken, 'sid' | 'issuedAt'>;
type UseGateway = Pick<
  Gateway,
  | 'access'
  | 'cookies'
  | 'directory'
  | 'metrics'
  | 'oidc'
  | 'ownTime'
  | 'proxies'
  | 'randomId'
  | 'store'
  | 'tokens'
  | 'views'
>;

/** Audience of the codes of one room; neither a session of an operator nor the code of another room has it. */
const audienceOf = (room: string) => `urn:fairgate:pass:${room}`;

type IssueGateway = RoomChangeGateway & Pick<Gateway, 'publicUrl' | 'randomId' | 'tokens'>;

export function passHandlers(gateway: IssueGateway): Handlers<'givePass'> {
  return {
    async givePass(c) {
      const { config, snapshot } = c.var.room;
      const [sid, issuedAt] = [gateway.randomId(12), snapshot.now];
      const key = c.var.directory.keys.find(({ id }) => id === c.var.principal.actor.id);
      const expiresAt = passEnd(issuedAt, key?.expiresAt ?? null);
      const useBy = isBrowser(c.req.raw) ? issuedAt + PASS_USE_MS : null;
      const outcome = await changeRoom(gateway, c.var, { kind: 'givePass', sid, expiresAt, useBy });
      if (outcome.kind === 'refused') return outcome.response;
      gateway.metrics.count('fairgate_requests_total', { decision: 'operatorPass', reason: 'given' });
      const pass = { sid, issuedAt };
      if (useBy === null) {
        const admissionToken = await passToken(gateway, config, snapshot.view.board.epoch, pass, expiresAt);
        return json({ expiresAt: rfc3339(expiresAt), admissionToken });
      }
      const link = await passLink(gateway, config, c.var.principal.actor.id, pass);
      return json({ expiresAt: rfc3339(expiresAt), link });
    },
  };
}

/** A pass does not outlive the key of its operator. */
function passEnd(issuedAt: EpochMs, keyEnd: EpochMs | null): EpochMs {
  return Math.min(issuedAt + PASS_MS, keyEnd ?? Number.POSITIVE_INFINITY);
}

/** @param issuedAt when the pass was given: revoking all sessions afterwards ends it, even if it was not used yet */
function passToken(
  { tokens, randomId }: Pick<Gateway, 'randomId' | 'tokens'>,
  { id, audience }: RoomConfig,
  epoch: number,
  { sid, issuedAt }: Pass,
  expiresAt: EpochMs,
): Promise<string> {
  const session = { issuedAt, admitAt: issuedAt, expiresAt, presentBy: null };
  return tokens.issueAdmission(
    { room: id, visitor: randomId(16), epoch, position: OPERATOR_PASS_POSITION, sid, ...session },
    audience,
  );
}

/** The address on the room's host that sets the pass as a cookie. */
async function passLink(
  { tokens, publicUrl }: Pick<Gateway, 'publicUrl' | 'tokens'>,
  { id, ...site }: RoomConfig,
  operator: string,
  pass: Pass,
): Promise<{ address: string; useBy: string }> {
  const useBy = pass.issuedAt + PASS_USE_MS;
  const code = await tokens.issueOperator({ key: operator, ...pass, expiresAt: useBy }, audienceOf(id));
  const address = new URL(visitorAddress(`/_fairgate/rooms/${id}/pass`, publicUrl, site));
  address.searchParams.set('code', code);
  return { address: address.href, useBy: rfc3339(useBy) };
}

/** Exchanges the code in the address for the pass and redirects to the site. Prefetches and scripts are refused. */
export async function usePass(
  gateway: UseGateway,
  request: Request,
  room: RoomConfig,
  background: Background,
): Promise<Response> {
  if (request.method !== 'GET' || responseFormat(request) !== 'page' || isPrefetch(request))
    return refusal('no-admission', request, false);
  try {
    return (await redeem(gateway, request, room, background)) ?? refusal('pass-spent', request, true);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    // The store may have recorded the use, so the pass counts as used; the operator gets another with one click.
    console.error(...error.logArguments);
    return refusal('pass-spent', request, true);
  }
}

/** @returns null: the code is not valid, was used, or cannot be verified */
async function redeem(
  gateway: UseGateway,
  request: Request,
  room: RoomConfig,
  background: Background,
): Promise<Response | null> {
  const code = new URL(request.url).searchParams.get('code') ?? '';
  const snapshot = await gateway.views.read(room, background);
  if (snapshot === null) return null;
  const read = await gateway.tokens.readOperator(code, audienceOf(room.id), snapshot.now);
  if (read.kind !== 'valid') return null;
  const { key: id, sid, issuedAt } = read.token;
  const operator = await findOperator(gateway, id, background);
  if (operator === null || !allows(operator.role, OPERATIONS.givePass.role)) return null;

  const { endsAt, ...person } = operator;
  const expiresAt = passEnd(issuedAt, endsAt);
  const by = { ...person, address: gateway.proxies.clientAddress(request) };
  const command = {
    kind: 'change',
    id: gateway.randomId(16),
    by,
    ifVersion: null,
    change: { kind: 'usePass', sid },
  } as const;
  const [reply] = await gateway.metrics.operation('change', gateway.store.apply(room.id, [command]));
  if (reply.kind !== 'changed') return null;
  gateway.metrics.count('fairgate_requests_total', { decision: 'operatorPass', reason: 'used' });
  const token = await passToken(gateway, room, snapshot.view.board.epoch, { sid, issuedAt }, expiresAt);
  return new Response(null, {
    status: 303,
    headers: {
      Location: roomAddress(room),
      'Set-Cookie': gateway.cookies.setAdmission(room.id, token, snapshot.now, expiresAt),
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
    },
  });
}
