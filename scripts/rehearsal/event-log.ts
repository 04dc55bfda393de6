// What a rehearsal writes down, as plain values: the only thing that the auditor and the reports read. All moments are
// milliseconds since 1970 by the gateway's clock, as well as the player could tell it.

import type { Latencies } from './latency-samples.ts';

export interface History {
  /** How the rehearsal ended: everybody done, its own bound in time, or Ctrl-C. */
  ended: 'complete' | 'timeBound' | 'interrupted';
  startedAt: number;
  endedAt: number;
  /** How far off the player's idea of the gateway's clock may be. */
  clockAccuracyMs: number;
  /** Every different board that any visitor read, oldest first. */
  boards: BoardSeen[];
  visitors: VisitorHistory[];
  attempts: Attempt[];
  traffic: Traffic;
  generator: GeneratorFigures;
}

export interface BoardSeen {
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
  /** Had not come yet when the rehearsal ended. */
  | 'notArrived'
  | 'neverCameBack'
  | 'leftLine'
  /** Was inside and left. */
  | 'visited'
  /** Was inside and let the session run out. */
  | 'ranOut'
  /** Was called, wanted to come, and was too late. */
  | 'lapsed'
  /** The room was sold out or closed. */
  | 'turnedAway'
  /** No place and no page when the rehearsal ended. */
  | 'unanswered'
  /** In line when the rehearsal ended. */
  | 'waiting'
  /** Inside when the rehearsal ended. */
  | 'inside';

export interface VisitorHistory {
  number: number;
  arrivedAt: number | null;
  intent: 'visit' | 'noShow' | 'leaveLine';
  /** Requests broken off on purpose. */
  lostJoins: number;
  lostClaims: number;
  /** The longest that this visitor's page waited for an answer, or for one that never came. */
  slowestMs: number;
  tabs: 1 | 2;
  places: PlaceSeen[];
  /** The first waiting time told, in seconds. */
  told: { at: number; low: number; high: number } | null;
  sessions: SessionSeen[];
  /** The origin's first answer. */
  insideAt: number | null;
  /** First asked to leave. */
  leaveAskedAt: number | null;
  endedAt: number | null;
  end: VisitorEnd;
}

/** A place as a token or a status told it; only what differs from the last one is noted. */
export interface PlaceSeen {
  at: number;
  epoch: number;
  /** From the token; null where a status told it. */
  visitorId: string | null;
  commitment: string | null;
  entry: number | null;
  position: number | null;
}

/** From an admission token. */
export interface SessionSeen {
  receivedAt: number;
  visitorId: string;
  epoch: number;
  position: number;
  sid: string;
  /** `nbf`: when its slot opens. */
  admitAt: number;
  expiresAt: number;
}

export const ATTEMPTS = {
  deepLinkBefore: 'deep link before the opening',
  postBefore: 'direct POST before the opening',
  deepLinkWaiting: 'deep link while waiting',
  postWaiting: 'direct POST while waiting',
  claimEarly: 'claim before the turn',
  forgedSignature: 'admission token with a forged signature',
  unsigned: 'admission token without a signature',
  queueAsAdmission: 'queue token in place of an admission token',
  ownHeader: 'the gateway’s own header sent from outside',
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
   * turn: the gateway let the visitor in by a session of their own; whether its time had come is checked like every other's.
   * unanswered: no answer, or a failure; nobody got through.
   */
  outcome: 'refused' | 'through' | 'turn' | 'unanswered';
  /** Status and media type of the answer, or why there was none. */
  answer: string;
}

export const REQUESTS = {
  page: 'first visit (page)',
  board: 'board',
  status: 'status',
  join: 'join',
  claim: 'claim',
  enter: 'through to the origin',
  leave: 'leave',
  attempt: 'attempt to get around',
} as const;

export type RequestKind = keyof typeof REQUESTS;

export interface RequestFigures {
  answers: Latencies;
  /** Answers 500 and above. */
  serverErrors: number;
  tooMany: number;
  /** Other answers that a page does not expect. */
  unexpected: number;
  /** No answer, where the visitor had not broken the request off on purpose. */
  noAnswer: number;
}

export interface Traffic {
  kinds: Record<RequestKind, RequestFigures>;
  /** All kinds together, one for each stretch of `sliceMs` from `startedAt` on. */
  sliceMs: number;
  slices: Latencies[];
  /** The longest stretch in which nothing at all was answered; the player asks for the board every second. */
  silentMs: number;
}

export interface GeneratorFigures {
  connections: number;
  /** How late arrivals began, against the plan. */
  arrivalsLate: Latencies;
  /** How late the player's own timers ran. */
  timersLate: Latencies;
  /** How long requests waited for one of the player's connections. */
  socketWait: Latencies;
}
