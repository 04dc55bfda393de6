// What a rehearsal records, as plain values: the only input of the auditor and the reports. Times are milliseconds since 1970
// by the gateway's clock, as accurately as the rehearsal knows it.

import type { LatencySamples } from './latency-samples.ts';

export interface EventLog {
  /** Why the rehearsal ended: every visitor was done, its time limit, or Ctrl-C. */
  ended: 'complete' | 'timeLimit' | 'interrupted';
  startedAt: number;
  endedAt: number;
  /** Upper bound of the difference between the gateway's clock and the times in this log. */
  clockAccuracyMs: number;
  /** The room's zone, or that of this machine where it is not known. */
  timeZone: string;
  /** Whether one gateway that was never restarted answered everything; null: unknown. */
  gateways: 'one' | 'several' | null;
  /** Every different board that any visitor read, oldest first. */
  boards: ObservedBoard[];
  visitors: VisitorRecord[];
  attempts: Attempt[];
  traffic: Traffic;
  generator: GeneratorFigures;
}

export interface ObservedBoard {
  asOf: number;
  epoch: number;
  state: string;
  opensAt: number;
  entries: number;
  issued: number;
  called: number;
  newUsersPerMinute: number;
  active: number;
  commitment: string;
  proof: { secret: string; beacon: string; entries: number; seed: string } | null;
}

export type VisitorEnd =
  /** Had not arrived when the rehearsal ended. */
  | 'notArrived'
  | 'neverCameBack'
  | 'leftLine'
  /** Was inside and left. */
  | 'visited'
  /** Was inside and let the session expire. */
  | 'expired'
  /** Was called and claimed too late, although the page polled as required. */
  | 'lapsed'
  /** The room was sold out or closed. */
  | 'turnedAway'
  /** Had neither a place nor a page when the rehearsal ended. */
  | 'noResponse'
  /** In line when the rehearsal ended. */
  | 'waiting'
  /** Inside when the rehearsal ended. */
  | 'inside';

export interface VisitorRecord {
  number: number;
  arrivedAt: number | null;
  intent: 'visit' | 'noShow' | 'leaveLine';
  /** Requests cut off on purpose, or whose answer the visitor did not get on purpose. */
  lostJoins: number;
  lostClaims: number;
  /** Places in answers that the visitor did not get. */
  withheldPlaces: ObservedPlace[];
  /** The longest that this visitor's page waited for a response, or for one that never came. */
  slowestMs: number;
  tabs: 1 | 2;
  places: ObservedPlace[];
  /** What the page showed, where it differs from before. */
  shown: ShownAhead[];
  /** The first waiting time that the visitor was shown, in seconds. */
  estimate: { at: number; low: number; high: number } | null;
  sessions: ObservedSession[];
  /** The origin's first response. */
  insideAt: number | null;
  /** When the first `leave` was sent. */
  leaveSentAt: number | null;
  endedAt: number | null;
  end: VisitorEnd;
}

/** A place as a token or a status showed it; recorded only where it differs from the last one. */
export interface ObservedPlace {
  at: number;
  epoch: number;
  /** From the token; null where a status showed the place. */
  visitorId: string | null;
  commitment: string | null;
  entry: number | null;
  position: number | null;
}

/** The place in line on the visitor's page. */
export interface ShownAhead {
  at: number;
  /** Each shows what it read last: one may be behind the other. */
  tab: number;
  epoch: number;
  position: number;
  ahead: number;
}

/** From an admission token. */
export interface ObservedSession {
  receivedAt: number;
  visitorId: string;
  epoch: number;
  position: number;
  sid: string;
  /** `nbf`: when its slot opens. */
  admitAt: number;
  expiresAt: number;
}

/** The ways around the line that visitors try. */
export const ATTEMPTS = {
  deepLinkBefore: 'deep link before the opening',
  postBefore: 'direct POST before the opening',
  deepLinkWaiting: 'deep link while waiting',
  postWaiting: 'direct POST while waiting',
  claimEarly: 'claim before being called',
  forgedSignature: 'admission token with a forged signature',
  unsigned: 'admission token without a signature',
  queueAsAdmission: 'queue token instead of an admission token',
  ownHeader: 'Fairgate-Admission header sent by the client',
  endedSession: 'session used again after leaving',
  otherRoom: 'token of another room',
  originBare: 'the origin’s own address',
  originForged: 'the origin’s own address with a forged token',
} as const;

export type AttemptKind = keyof typeof ATTEMPTS;

export interface Attempt {
  at: number;
  visitor: number;
  kind: AttemptKind;
  /**
   * admitted: the gateway gave the visitor a session of their own, which is checked like every other.
   * noResponse: no response, or a failure; the attempt did not succeed.
   */
  outcome: 'refused' | 'bypassed' | 'admitted' | 'noResponse';
  /** Status and media type of the response, or why there was none. */
  response: string;
}

export const REQUESTS = {
  page: 'first visit (page)',
  board: 'board',
  status: 'status',
  join: 'join',
  claim: 'claim',
  enter: 'forwarded to the origin',
  leave: 'leave',
  attempt: 'bypass attempt',
} as const;

export type RequestKind = keyof typeof REQUESTS;

export interface RequestFigures {
  responses: LatencySamples;
  /** Status 500 and above. */
  serverErrors: number;
  /** Status 429. */
  rateLimited: number;
  /** Other statuses that a page does not expect. */
  unexpected: number;
  /** No response, where the visitor did not cut the request off on purpose. */
  noResponse: number;
}

export interface Traffic {
  kinds: Record<RequestKind, RequestFigures>;
  /** All kinds together, one for each `sliceMs` from `startedAt` on. */
  sliceMs: number;
  slices: LatencySamples[];
  /** The longest time without any response; the rehearsal requests the board every second. */
  silentMs: number;
}

/** How well the rehearsal itself kept up. */
interface GeneratorFigures {
  connections: number;
  /** How late visitors arrived, against the plan. */
  arrivalsLate: LatencySamples;
  /** How late timers fired. */
  timersLate: LatencySamples;
  /** How long requests waited for a connection. */
  socketWait: LatencySamples;
}
