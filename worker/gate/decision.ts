// The gate: one decision, with a reason, for every request. It is a pure function of what is known; nobody is let
// through anywhere else. In doubt it is closed.

import {
  type Board,
  type KnownSession,
  missedTheDraw,
  positionOf,
  type Status,
  statusOf,
} from '../../queue-core/board.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import type { Problem } from '../http/problems.ts';
import type { Routed } from '../http/request-target.ts';
import { type AdmissionToken, OPERATOR_PASS_POSITION, type QueueToken, type Verified } from '../tokens/tokens.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** What kind of answer the client can use. */
export type ResponseFormat = 'page' | 'json' | 'other';

export interface GateFacts {
  routed: Routed;
  format: ResponseFormat;
  /** Under an exempt prefix, with GET or HEAD. */
  exempt: boolean;
  /** The browser only guesses that somebody might go there. */
  prefetch: boolean;
  admission: Verified<AdmissionToken> | null;
  queue: Verified<QueueToken> | null;
  /** null where the store has never been read. */
  snapshot: RoomSnapshot | null;
  /** The gateway's own time, for admission tokens while the store has never been read. */
  ownTime: EpochMs;
}

export type Decision =
  /** To the origin. `renew`: ask the store for a longer session on the way; `mustRenew`: not without its yes. */
  | { kind: 'pass'; reason: 'admitted' | 'operator' | 'exempt' | 'outside'; renew: 'no' | 'may' | 'must' }
  /** Ask the store for the session of a called place. */
  | { kind: 'claim'; reason: 'called' }
  /** Ask the store for a place, and for a session at once where nobody waits. */
  | { kind: 'join'; reason: 'newcomer' | 'otherEpoch' | 'invalidToken' }
  /** Tell the visitor where they stand. */
  | { kind: 'show'; reason: ShowReason }
  | { kind: 'refuse'; reason: RefuseReason; problem: Problem };

export type ShowReason = 'waiting' | 'notYetOpen' | 'soldOut' | 'closed' | 'slotAhead' | 'storeUnreachable';
export type RefuseReason = 'nowhere' | 'noAdmission' | 'prefetch';

export function decide(facts: GateFacts): Decision {
  const { routed, format, snapshot } = facts;
  if (routed.kind === 'nowhere') return { kind: 'refuse', reason: 'nowhere', problem: 'not-found' };
  if (routed.kind === 'outside') return { kind: 'pass', reason: 'outside', renew: 'no' };
  if (facts.exempt) return { kind: 'pass', reason: 'exempt', renew: 'no' };

  const admitted = admittedNow(facts, routed.room.id);
  if (admitted !== null) return admitted;
  if (format === 'other') return { kind: 'refuse', reason: 'noAdmission', problem: 'no-admission' };
  if (facts.prefetch) return { kind: 'refuse', reason: 'prefetch', problem: 'no-admission' };
  if (snapshot === null || snapshot.unreachable) return { kind: 'show', reason: 'storeUnreachable' };

  const { board } = snapshot.view;
  const place = placeIn(facts.queue, board);
  if (place !== null) {
    const position = positionOf(place.place, board);
    if (position === null || position > board.called) return { kind: 'show', reason: 'waiting' };
    return { kind: 'claim', reason: 'called' };
  }
  switch (board.state) {
    case 'scheduled':
      return { kind: 'show', reason: 'notYetOpen' };
    case 'soldOut':
    case 'closed':
      return { kind: 'show', reason: board.state };
    case 'prequeue':
    case 'drawing':
    case 'open':
    case 'paused':
      if (facts.queue === null) return { kind: 'join', reason: 'newcomer' };
      return { kind: 'join', reason: facts.queue.kind === 'invalid' ? 'invalidToken' : 'otherEpoch' };
  }
}

/** The decision that an admission token alone brings about, or null. */
function admittedNow({ admission, snapshot, ownTime }: GateFacts, room: string): Decision | null {
  if (admission?.kind !== 'valid' || admission.token.room !== room) return null;
  const { token } = admission;
  const now = snapshot?.now ?? ownTime;
  if (now >= token.expiresAt) return null;
  if (snapshot !== null && (token.epoch !== snapshot.view.board.epoch || isOver(snapshot, token))) return null;
  if (now < token.admitAt) return { kind: 'show', reason: 'slotAhead' };
  if (token.position === OPERATOR_PASS_POSITION) return { kind: 'pass', reason: 'operator', renew: 'no' };
  if (snapshot === null) return { kind: 'pass', reason: 'admitted', renew: 'no' };
  const { policy, renewBefore } = snapshot.view;
  if (token.issuedAt < renewBefore) return { kind: 'pass', reason: 'admitted', renew: 'must' };
  const inSecondHalf = token.expiresAt - now < policy.sessionMs / 2;
  const renew = policy.sessionRenewal && inSecondHalf && !snapshot.unreachable ? 'may' : 'no';
  return { kind: 'pass', reason: 'admitted', renew };
}

/**
 * The session ended early, alone or with everybody's. Tokens count their time of issue in whole seconds; where a visitor's
 * is of the same second its record tells, an operator's own has none and is over in doubt.
 */
function isOver({ view, endings }: Pick<RoomSnapshot, 'view' | 'endings'>, token: AdmissionToken): boolean {
  const { sid, issuedAt, position } = token;
  return endings.has(sid) || issuedAt + (position === OPERATOR_PASS_POSITION ? 1 : 1_000) <= view.revokedAt;
}

/** The visitor's place in this opening, or null: tokens of other epochs say nothing here, nor does an undrawn entry. */
export function placeIn(queue: Verified<QueueToken> | null, board: Board): QueueToken | null {
  if (queue?.kind !== 'valid' || queue.token.epoch !== board.epoch) return null;
  return missedTheDraw(queue.token.place, board) ? null : queue.token;
}

/** The visitor's status from tokens and view alone. */
export function statusFor(
  seen: RoomSnapshot,
  queue: Verified<QueueToken> | null,
  admission: Verified<AdmissionToken> | null,
): Status {
  const { view, now } = seen;
  const place = placeIn(queue, view.board);
  return statusOf(view, place?.place ?? null, sessionFrom(seen, admission), now);
}

function sessionFrom(
  { view, now, endings }: RoomSnapshot,
  admission: Verified<AdmissionToken> | null,
): KnownSession | null {
  if (admission === null || admission.kind === 'invalid' || admission.token.epoch !== view.board.epoch) return null;
  const { expiresAt } = admission.token;
  return {
    expiresAt,
    over: admission.kind === 'expired' || now >= expiresAt || isOver({ view, endings }, admission.token),
  };
}
