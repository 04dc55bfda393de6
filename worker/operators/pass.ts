// An operator's own way past the line: a short signed token for one room, recorded before it is given. A script gets the token.
// A browser gets an address of the site, which may be another host than the console's: the code in it is worth nothing but one
// exchange, within seconds, for the token in a cookie that no script reads. Whatever is in doubt leads nowhere.

import { PASS_USE_MS } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { allows, OPERATIONS } from '../contract/operator-api.ts';
import type { Background, Gateway } from '../gateway.ts';
import { clientAddress, isPrefetch, responseFormat } from '../http/request-client.ts';
import { returnAddress } from '../http/request-target.ts';
import { refusal } from '../http/responses.ts';
import type { RoomConfig } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { OPERATOR_PASS_POSITION, type OperatorToken } from '../tokens/tokens.ts';
import { operatorNamed } from './auth.ts';

/** Long enough to look at one page of the site, too short to hand on. */
export const PASS_MS = 10 * 60_000;

/** Names the space of codes for one room: neither a session of an operator nor another room's code is of it. */
const audienceOf = (room: string) => `urn:fairgate:pass:${room}`;

/** @param issuedAt when the pass was given: sending everybody out ends it, also where it was not taken up yet */
export function passToken(
  { tokens, randomId }: Gateway,
  { id, audience }: RoomConfig,
  epoch: number,
  { sid, issuedAt }: Pick<OperatorToken, 'sid' | 'issuedAt'>,
): Promise<string> {
  const session = { issuedAt, admitAt: issuedAt, expiresAt: issuedAt + PASS_MS };
  return tokens.issueAdmission(
    { room: id, visitor: randomId(16), epoch, position: OPERATOR_PASS_POSITION, sid, ...session },
    audience,
  );
}

/** The address on the room's own host at which a pass is taken up. */
export async function passLink(
  { tokens, publicUrl }: Gateway,
  { id, hosts }: RoomConfig,
  operator: string,
  sid: string,
  now: EpochMs,
): Promise<{ address: string; useBy: string }> {
  const useBy = now + PASS_USE_MS;
  const code = await tokens.issueOperator({ key: operator, sid, issuedAt: now, expiresAt: useBy }, audienceOf(id));
  const address = new URL(`/_fairgate/rooms/${id}/pass`, publicUrl);
  const [host] = hosts;
  if (host !== undefined && !hosts.includes('*') && !hosts.includes(address.hostname)) address.hostname = host;
  address.searchParams.set('code', code);
  return { address: address.href, useBy: rfc3339(useBy) };
}

/** Exchanges the code of an address for the pass and goes on to the site. Only for a person who went there. */
export async function usePass(
  gateway: Gateway,
  request: Request,
  room: RoomConfig,
  background: Background,
): Promise<Response> {
  if (request.method !== 'GET' || responseFormat(request) !== 'page' || isPrefetch(request))
    return refusal('no-admission', request, false);
  try {
    return (await takeUp(gateway, request, room, background)) ?? refusal('pass-spent', request, true);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    // Whether it was taken up is not known, so it counts as spent: another one costs one click.
    console.error(...error.logArguments);
    return refusal('pass-spent', request, true);
  }
}

async function takeUp(
  gateway: Gateway,
  request: Request,
  room: RoomConfig,
  background: Background,
): Promise<Response | null> {
  const code = new URL(request.url).searchParams.get('code') ?? '';
  const seen = await gateway.views.read(room, background);
  if (seen === null) return null;
  const read = await gateway.tokens.readOperator(code, audienceOf(room.id), seen.now);
  if (read.kind !== 'valid') return null;
  const { key: id, sid, issuedAt } = read.token;
  const operator = await operatorNamed(gateway, id, background);
  if (operator === null || !allows(operator.role, OPERATIONS.givePass.role)) return null;

  const by = { ...operator, address: clientAddress(request) };
  const wish = {
    kind: 'change',
    id: gateway.randomId(16),
    by,
    ifVersion: null,
    change: { kind: 'usePass', sid },
  } as const;
  const [reply] = await gateway.metrics.operation('change', gateway.store.apply(room.id, [wish]));
  if (reply.kind !== 'changed') return null;
  gateway.metrics.count('fairgate_requests_total', { decision: 'operatorPass', reason: 'used' });
  const token = await passToken(gateway, room, seen.view.board.epoch, { sid, issuedAt });
  return new Response(null, {
    status: 303,
    headers: {
      Location: returnAddress(room.paths[0]),
      'Set-Cookie': gateway.cookies.setAdmission(room.id, token, seen.now, issuedAt + PASS_MS),
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
    },
  });
}
