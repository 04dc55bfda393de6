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
  ended: { reason: EndReason; at: EpochMs } | null;
}

/** An early ending: the session, and until when a token of it could still look valid. */
export interface Ending {
  seq: number;
  sid: string;
  until: EpochMs;
}
