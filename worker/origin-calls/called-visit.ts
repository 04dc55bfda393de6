// The visit that a call is about, and what the room does with it.

import type { ClaimReply, OriginCall, ReadmitReply, StockReport, Visit } from '../../queue-core/command.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { applyToSession } from '../gate/session-commands.ts';
import type { Gateway } from '../gateway.ts';
import type { RoomConfig } from '../settings.ts';
import { type AdmissionToken, OPERATOR_PASS_POSITION } from '../tokens/tokens.ts';

export type VisitAction =
  | { kind: 'end'; reason: 'completed'; reference: string | null }
  | { kind: 'end'; reason: 'revoked' }
  | { kind: 'readmit' };

/** As a call names it. */
export interface NamedVisit {
  admission?: string | undefined;
  visit?: Visit | undefined;
}

export interface CalledVisit {
  visit: Visit;
  /** It restores a session that the store has lost; null: the call does not have it. */
  token: AdmissionToken | null;
}

type Parts = Pick<Gateway, 'metrics' | 'store' | 'views'>;

/** @returns null: the token is none of a visitor of this room */
export async function calledVisit(
  { tokens }: Pick<Gateway, 'tokens'>,
  room: RoomConfig,
  { admission, visit }: NamedVisit,
  now: EpochMs,
): Promise<CalledVisit | null> {
  if (admission === undefined) return visit === undefined ? null : { visit, token: null };
  const read = await tokens.readAdmission(admission, room.audience, now);
  if (read.kind === 'invalid') return null;
  const { token } = read;
  if (token.room !== room.id || token.position === OPERATOR_PASS_POSITION) return null;
  const { epoch, position, visitor } = token;
  return { visit: { epoch, position, visitor }, token };
}

/**
 * Applies a call about a visit. Where it ends a session, this gateway refuses that from now on, and every other within 3 s.
 * @param before what the call says besides, in one act with it
 * @throws StoreUnavailable
 */
export async function applyToVisit(
  gateway: Parts,
  room: RoomConfig,
  { visit, token }: CalledVisit,
  action: VisitAction,
  call: OriginCall,
  before: readonly StockReport[],
): Promise<ClaimReply | ReadmitReply> {
  const command = { ...action, ...visit, call };
  const lookUp = { kind: 'lookUp', ...visit } as const;
  const [found, reply] = await applyToSession(gateway, room.id, [lookUp, command], { proof: token, before });
  if (found.kind === 'admitted' && reply.kind === 'ended') gateway.views.addEnding(room, found.sid, found.expiresAt);
  return reply;
}
