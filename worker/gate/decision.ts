// The gate: one decision, with its reason, for every request, as a pure function of what is known about it. No request
// reaches the origin by another way; in doubt it is refused.

import {
  type Board,
  type KnownSession,
  missedTheDraw,
  passesAtOnce,
  positionOf,
  type Status,
  statusOf,
} from '../../queue-core/board.ts';
import { VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import { renewedEnd } from '../../queue-core/sessions.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import type { Problem } from '../http/problem-texts.ts';
import type { ResponseFormat } from '../http/request-client.ts';
import type { Routed } from '../http/request-target.ts';
import { type AdmissionToken, OPERATOR_PASS_POSITION, type QueueToken, type Verified } from '../tokens/tokens.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import type { VisitChoice } from './choice.ts';
import type { RecentRenewal } from './recent-sessions.ts';

export interface GateFacts {
  routed: Routed;
  format: ResponseFormat;
  /** How the visit asks to enter; null: it does not. */
  choice: VisitChoice | null;
  /** A form that another site's page sends. */
  isOtherSitesForm: boolean;
  /** An exemption of every room that the path touches covers the request. */
  exempt: boolean;
  prefetch: boolean;
  /** A browser asks whether a page of a listed origin may send a request (CORS); it never carries an admission. */
  preflight: boolean;
  admission: Verified<AdmissionToken> | null;
  /** The last renewal of the admission token's session by this gateway, as far as it remembers. */
  renewal: RecentRenewal | null;
  /** This gateway has let the admission token's session through before, while the store responded. */
  isKnown: boolean;
  queue: Verified<QueueToken> | null;
  /** null where the store has never been read. */
  snapshot: RoomSnapshot | null;
  /** The gateway's own time, for admission tokens while the store has never been read. */
  ownTime: EpochMs;
}

export type Decision =
  | ForwardDecision
  /** Claim a session for this called position. */
  | { kind: 'claim'; reason: 'called'; position: number }
  /** Join the line; while nobody waits this brings a session at once. */
  | { kind: 'join'; reason: 'newcomer' | 'otherEpoch' | 'invalidToken' }
  /** Tell a browser that a page of a listed origin may send its request. */
  | { kind: 'preflight'; reason: 'listedOrigin' }
  /** Have the browser send another site's form again from this one, with the visitor's cookies. */
  | { kind: 'relay'; reason: 'otherSitesForm' }
  /** Show the visitor their status. */
  | { kind: 'show'; reason: ShowReason }
  | { kind: 'refuse'; reason: RefuseReason; problem: Problem };

/**
 * Send the request to the origin. `renew`: extend the session in the store on the way; `must`: only if that succeeds;
 * `repeat`: it was extended, and the visitor came with the token from before, so issue the newer one again.
 */
export interface ForwardDecision {
  kind: 'forward';
  reason: 'admitted' | 'operator' | 'exempt' | 'outside';
  renew: 'no' | 'repeat' | 'may' | 'must';
}

/** `exp` is cut to whole seconds: a session may end this much later than its token. */
const EXP_CUT_MS = 999;

/**
 * After a try to renew a session, the next one by this gateway comes no earlier: by then the view that decides shows what
 * the store knew, a renewal whose response was lost is tried again, and an old token cannot make it a request each.
 */
const RENEWAL_RETRY_MS = VIEW_STALE_MS_MAX;

export type ShowReason = 'noPlace' | 'waiting' | 'notYetOpen' | 'soldOut' | 'closed' | 'slotAhead' | 'storeUnreachable';
export type RefuseReason = 'nowhere' | 'noAdmission' | 'prefetch';

export function decide(facts: GateFacts): Decision {
  const { routed, format, snapshot } = facts;
  if (routed.kind === 'nowhere') return { kind: 'refuse', reason: 'nowhere', problem: 'not-found' };
  if (routed.kind === 'outside') return { kind: 'forward', reason: 'outside', renew: 'no' };
  if (facts.exempt) return { kind: 'forward', reason: 'exempt', renew: 'no' };

  const byAdmission = decideByAdmission(facts, routed.room.id);
  if (byAdmission !== null) return byAdmission;
  if (facts.preflight) return { kind: 'preflight', reason: 'listedOrigin' };
  if (format === 'other') return { kind: 'refuse', reason: 'noAdmission', problem: 'no-admission' };
  if (facts.prefetch) return { kind: 'refuse', reason: 'prefetch', problem: 'no-admission' };
  const isStranger = isUnknown(facts.queue) && isUnknown(facts.admission);
  if (facts.isOtherSitesForm && isStranger) return { kind: 'relay', reason: 'otherSitesForm' };
  if (snapshot === null || snapshot.unreachable) return { kind: 'show', reason: 'storeUnreachable' };

  const { board } = snapshot.view;
  const token = placeIn(facts.queue, board);
  if (token !== null) {
    const position = positionOf(token.place, board);
    const isTurn = position !== null && position <= board.called;
    if (!isTurn || facts.choice === null) return { kind: 'show', reason: 'waiting' };
    return { kind: 'claim', reason: 'called', position };
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
      if (!takesPlace(facts.choice, snapshot)) return { kind: 'show', reason: 'noPlace' };
      if (facts.queue === null) return { kind: 'join', reason: 'newcomer' };
      return { kind: 'join', reason: facts.queue.kind === 'invalid' ? 'invalidToken' : 'otherEpoch' };
  }
}

/** Opening the page is asking to see it, not to wait: a person who finds a line is asked first. An app has asked. */
function takesPlace(choice: VisitChoice | null, { view }: RoomSnapshot): boolean {
  return choice === 'protocol' || (choice === 'navigation' && passesAtOnce(view));
}

export type AdmissionFacts = Pick<GateFacts, 'admission' | 'isKnown' | 'renewal' | 'snapshot' | 'ownTime'>;

/**
 * The decision that the admission token alone determines; null where it determines none. While the store does not respond,
 * a session may have ended unnoticed: only those go on that this gateway has let through before.
 */
export function decideByAdmission(facts: AdmissionFacts, room: string): Decision | null {
  const { admission, isKnown, renewal, snapshot, ownTime } = facts;
  if (admission?.kind !== 'valid' || admission.token.room !== room) return null;
  const { token } = admission;
  const now = snapshot?.now ?? ownTime;
  if (now >= token.expiresAt) return null;
  if (snapshot !== null && (token.epoch !== snapshot.view.board.epoch || hasEnded(snapshot, token))) return null;
  if ((snapshot === null || snapshot.unreachable) && !isKnown) return { kind: 'show', reason: 'storeUnreachable' };
  if (now < token.admitAt) return { kind: 'show', reason: 'slotAhead' };
  if (token.position === OPERATOR_PASS_POSITION) return { kind: 'forward', reason: 'operator', renew: 'no' };
  if (snapshot === null) return { kind: 'forward', reason: 'admitted', renew: 'no' };
  return { kind: 'forward', reason: 'admitted', renew: renewalDue(token, renewal, snapshot) };
}

/**
 * Whether to renew on the way. A token from before a renewal that this gateway remembers counts as the newer one, which it
 * could have: it stays valid until its own end, and does not renew the session again.
 */
function renewalDue(
  token: AdmissionToken,
  renewal: RecentRenewal | null,
  { view, now, unreachable }: RoomSnapshot,
): ForwardDecision['renew'] {
  const isNewer = renewal !== null && renewal.issuedAt >= token.issuedAt && renewal.expiresAt >= token.expiresAt;
  const newest = isNewer ? renewal : token;
  if (newest.issuedAt < view.renewBefore) return 'must';
  if (token.presentBy !== null && !isNewer && now >= token.presentBy) return 'must';
  const session = { admitAt: Math.round(token.admitAt), expiresAt: newest.expiresAt + EXP_CUT_MS };
  const isDue =
    !unreachable &&
    ((token.presentBy !== null && !isNewer) || renewedEnd(view.policy, view.board.state, session, now) !== null);
  if (isDue && (renewal === null || Math.abs(now - renewal.triedAt) >= RENEWAL_RETRY_MS)) return 'may';
  return isNewer && (newest.expiresAt > token.expiresAt || token.presentBy !== null) ? 'repeat' : 'no';
}

/**
 * Whether the session ended early, alone or by `revokeAll`. `issuedAt` is in whole seconds: in the second of a `revokeAll`
 * a visitor's token is still honoured, because the store's record of the session decides; an operator's pass has no
 * record and is refused.
 */
function hasEnded({ view, endings }: Pick<RoomSnapshot, 'view' | 'endings'>, token: AdmissionToken): boolean {
  const { sid, issuedAt, position } = token;
  return endings.has(sid) || issuedAt + (position === OPERATOR_PASS_POSITION ? 1 : 1_000) <= view.revokedAt;
}

/** Whether a visitor has nothing that the gateway signed for this room. */
export function isUnknown(token: Verified<unknown> | null): boolean {
  return token === null || token.kind === 'invalid';
}

/** The visitor's place in this opening. null: none, one of another epoch, or an entry that took no part in the draw. */
export function placeIn(queue: Verified<QueueToken> | null, board: Board): QueueToken | null {
  if (queue?.kind !== 'valid' || queue.token.epoch !== board.epoch) return null;
  return missedTheDraw(queue.token.place, board) ? null : queue.token;
}

/** The visitor's status, from their tokens and the view alone. */
export function statusFor(
  snapshot: RoomSnapshot,
  queue: Verified<QueueToken> | null,
  admission: Verified<AdmissionToken> | null,
): Status {
  const { view, now } = snapshot;
  const token = placeIn(queue, view.board);
  const session = sessionFrom(snapshot, admission);
  if (token === null) {
    const position = session?.position ?? OPERATOR_PASS_POSITION;
    // The admission token alone shows the place as well.
    const place = position === OPERATOR_PASS_POSITION ? null : ({ kind: 'position', number: position } as const);
    return statusOf(view, place, place === null ? null : session, now);
  }
  // A session of an earlier place says nothing of this one.
  const isOfPlace = session?.position === positionOf(token.place, view.board);
  return statusOf(view, token.place, isOfPlace ? session : null, now);
}

function sessionFrom(
  { view, now, endings }: RoomSnapshot,
  admission: Verified<AdmissionToken> | null,
): (KnownSession & { position: number }) | null {
  if (admission === null || admission.kind === 'invalid' || admission.token.epoch !== view.board.epoch) return null;
  const { kind, token } = admission;
  const over = kind === 'expired' || now >= token.expiresAt || hasEnded({ view, endings }, token);
  return { expiresAt: token.expiresAt, position: token.position, over };
}
