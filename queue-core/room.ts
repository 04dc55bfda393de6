// The words of the queue as types: what an operator sets, what a room remembers, what is remembered of an admitted
// visitor. All of a room's state is one `RoomDocument` plus one `SessionRecord` for each claimed position; for people
// who wait, nothing is kept.

import type { AuditHead } from './audit.ts';
import type { HistoryBucket, OpenBucket } from './history.ts';

/** Milliseconds since 1970-01-01T00:00Z by the store's clock. */
export type EpochMs = number;

/**
 * What visitors are told of a room.
 * scheduled: too early even for an entry; prequeue: entries are given; drawing: the opening has come, the draw's
 * randomness has not; paused: nobody is called; soldOut: the origin reports nothing left; closed: over.
 */
export type RoomState = 'scheduled' | 'prequeue' | 'drawing' | 'open' | 'paused' | 'soldOut' | 'closed';

/**
 * Whether the operator lets the line move.
 * `paused`: nobody further is called, those already called may still enter. Pro: no promise is taken back. Con: the
 * origin may still see as many newcomers as there are calls outstanding.
 * `held`: nobody is called and nobody enters. Pro: newcomers stop at once. Con: people who read "your turn" wait again.
 * In both, claim windows stand still and admitted visitors go on.
 */
export type Flow = 'running' | 'paused' | 'held';

export interface Policy {
  /** Hard limit of admissions; slots are granted one by one at this rate. Unit: visitors per minute. */
  newUsersPerMinute: number;
  /** Hard limit of sessions alive at once. */
  totalActiveUsers: number;
  /** Length of a session, from its slot on. */
  sessionMs: number;
  /**
   * Whether activity in the second half of a session extends it by a full length.
   * Pro: nobody is thrown out while filling in a form. Con: places come free later, the line moves more slowly.
   */
  sessionRenewal: boolean;
  /** How long a call waits for its visitor before the place lapses. */
  claimWindowMs: number;
  /**
   * HTTP status of the waiting page. 200: what every client and cache understands. 202: says "not yet" to machines.
   * 429: keeps robots away, but some proxies replace the body.
   */
  queueingStatusCode: 200 | 202 | 429;
}

export interface Schedule {
  /** From when on visitors get an entry for the draw; null: from the moment of scheduling. */
  prequeueAt: EpochMs | null;
  opensAt: EpochMs;
  /** null: until an operator closes the room. */
  closesAt: EpochMs | null;
  /** The public randomness that the draw waits for; null: the draw rests on the committed secret alone, and says so. */
  beacon: { round: number } | null;
}

export interface Draw {
  /** SHA-256 of the secret, hex; public from scheduling on. */
  commitment: string;
  /** 32 bytes, hex; public once the room has opened. */
  secret: string;
  /** N, the entries that take part; null before the opening. */
  entries: number | null;
  /** 32 bytes, hex: the beacon's randomness, or zeros without one; null until known. */
  beacon: string | null;
  /** SHA-256("fairgate/draw/v1" || secret || beacon || uint64be(N)), hex; null until drawn. */
  seed: string | null;
}

/** Positions up to `upTo` (from the previous sample's on) were called within one grain after `at`. */
export interface CallSample {
  /** By the room's running clock (`runMs`), which stands still while nobody can claim. */
  at: number;
  upTo: number;
  /** How many of the sample's positions have claimed. */
  claimed: number;
}

/** A called visitor who asked and found no free place: first in line for the next one. */
export interface Standby {
  position: number;
  seenAt: EpochMs;
}

export interface Message {
  text: { ko: string; en: string };
  at: EpochMs;
}

export interface Stock {
  remaining: number;
  /** When the origin read it. */
  asOf: EpochMs;
}

/** How many visitors took each way; each only grows within an epoch. */
export interface Totals {
  admitted: number;
  renewed: number;
  completed: number;
  left: number;
  revoked: number;
  expired: number;
  /** Called and did not claim within the window. */
  lapsed: number;
}

/** What is known of one gateway that reads the room. */
export interface GatewaySeen {
  id: string;
  /** Number of its last report. */
  seq: number;
  at: EpochMs;
  /** The version of the room that it had when it reported. */
  version: number;
}

/** An operator's way in, on its way from the console to the site. */
export interface PassGiven {
  sid: string;
  /** Until when it can be taken up. */
  useBy: EpochMs;
}

export interface RoomDocument {
  room: string;
  /** When the room came to be. */
  bornAt: EpochMs;
  /** One opening. Raised by a schedule set after an opening; tokens of another epoch are not valid. */
  epoch: number;
  /** Digest of the settings file last applied, so that a restart changes nothing and an edited file does. */
  settingsDigest: string;
  policy: Policy;
  schedule: Schedule;
  draw: Draw;
  flow: Flow;
  closed: boolean;
  message: Message | null;
  stock: Stock | null;
  /** Since when the origin fails; null while it answers. Nobody is called meanwhile. */
  originFailingSince: EpochMs | null;

  /** Counts operators' changes; whoever changes something says which version it was seen in. */
  version: number;
  changedAt: EpochMs;
  /** Since when the present version is in force on every gateway; null: not yet, or not known to be. */
  inForceAt: EpochMs | null;
  /** Latest changes by the id of their wish. */
  recentChanges: { id: string; version: number; at: EpochMs }[];
  /** The last record of the audit log. */
  audit: AuditHead;
  gateways: GatewaySeen[];

  /** The bucket of the history that is being filled, and the last ones that were. */
  bucket: OpenBucket;
  recent: HistoryBucket[];

  /** Time of the last step. Never moves backwards, whatever the clock does. */
  at: EpochMs;
  /** Running clock in ms: advances while the room is open, flowing and observed. Claim windows are measured by it. */
  runMs: number;

  /** Entries given before the opening. */
  entries: number;
  /** Highest position given (after the opening, entries are positions 1..N). */
  issued: number;
  /** Highest position whose turn has come; never above `issued`. */
  called: number;
  /** Positions up to this one have had their whole claim window. */
  lapsedThrough: number;
  /** Calls earned and not used: a fraction, or up to one second's worth while nobody waits or no place is free. */
  callCredit: number;
  calls: CallSample[];
  /** The last slot granted; the next is at least one emission interval later. null: none yet. */
  lastSlotAt: EpochMs | null;
  /** Since when every call that was earned was made: slots unused before this say nothing about people staying away. */
  callingSince: EpochMs;

  /** Sessions that count against `totalActiveUsers`. */
  active: number;
  /** [end of bucket, sessions], ascending: when active sessions come free by themselves. */
  expiries: [number, number][];
  standby: Standby[];

  /** Number of the last early ending. */
  endingSeq: number;
  /** Endings up to this number have been dropped from the list that gateways read. */
  endingsDroppedTo: number;
  /** Admission tokens issued before this are honoured only after a look at the session's record. */
  renewBefore: EpochMs;
  /** Raised when everybody inside was sent out; sessions of earlier generations are over. */
  generation: number;
  /** When that happened last; 0: never in this epoch. */
  revokedAt: EpochMs;
  recentJoins: string[];
  /** Operators' passes that were given and not taken up. */
  passes: PassGiven[];
  totals: Totals;

  /** Asking around what the store has lost, and until when; null: nothing is known to be lost. */
  recovery: Recovery | null;
  /** Until when sessions may live whose records the store has lost; 0: none ever was. */
  lostUntil: EpochMs;
}

/** While it runs, the gateways that were there before the loss are waited for. */
export interface Recovery {
  since: EpochMs;
  until: EpochMs;
  awaited: string[];
  /** `endingSeq` as far as the endings are there; what lies above it was lost. */
  endings: number;
}

export type EndReason = 'completed' | 'left' | 'revoked';

/** What is kept of one claimed position. */
export interface SessionRecord {
  epoch: number;
  generation: number;
  visitor: string;
  sid: string;
  /** When its slot opens: `nbf` of the admission token. */
  admitAt: EpochMs;
  expiresAt: EpochMs;
  /** Until when it counts against the active limit: `expiresAt`, rounded up to a bucket of `expiries`. */
  countsUntil: EpochMs;
  ended: { reason: EndReason; at: EpochMs } | null;
}
