// What is stored of each claimed position, and of each session that ended early.

import type { EpochMs } from '../time.ts';

export type EndReason = 'completed' | 'left' | 'revoked';

/** The session of one claimed position. */
export interface SessionRecord {
  epoch: number;
  generation: number;
  visitor: string;
  sid: string;
  /** When its slot opens, in whole ms: `nbf` of the admission token. */
  admitAt: EpochMs;
  expiresAt: EpochMs;
  /** Granted in one request with its place, and not presented since: it counts until then. null: for its whole length. */
  presentBy: EpochMs | null;
  /** Until when it counts against the active limit: its end or `presentBy`, rounded up to a bucket of `expiries`. */
  countsUntil: EpochMs;
  ended: Ended | null;
  /** The session is over, and the origin has given its visitor the turn back: the next claim gets another session. */
  readmitted: boolean;
  /** Codes of the hand-off issued up to then are used; null: none is. */
  codeUsedAt: EpochMs | null;
  /** The origin's last calls about it, latest last, so that none is obeyed twice. */
  calls: readonly CallMark[];
}

export interface Ended {
  reason: EndReason;
  at: EpochMs;
  /** What the origin calls that which was completed; null: it did not say. */
  reference: string | null;
}

/** A call of the origin, as it is known again. */
export interface CallMark {
  id: string;
  /** When the origin signed it. */
  at: EpochMs;
}

/** An early ending: the session, and until when a token of it could still look valid. */
export interface Ending {
  seq: number;
  sid: string;
  until: EpochMs;
}

/** Who says something for the origin: the key of a call, or null for the header of a response to an admitted visitor. */
export type OriginKeyId = string | null;
