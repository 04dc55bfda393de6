// What a store keeps for one of the core's state machines: one document, and tables of rows keyed by whole numbers. A
// machine says what to write as effects; a store writes them in the same transaction as the document and knows no rule.

import type { AuditRecord } from './audit.ts';
import type { HistoryBucket } from './document/history-state.ts';
import type { MinuteBucket } from './document/minute-state.ts';
import type { OriginRecord } from './document/origin-record.ts';
import type { Ending, SessionRecord } from './document/session-record.ts';
import type { PastDraw } from './past-draw.ts';
import type { EpochMs } from './time.ts';

/** Every table with the row it holds. */
export interface Rows {
  /** By position: who claimed it. */
  session: SessionRecord;
  /** By number: sessions that ended early. */
  ending: Ending;
  /** By start of the bucket, in buckets since 1970. */
  history: HistoryBucket;
  /** By start of the minute, in minutes since 1970; only those in which something happened. */
  minute: MinuteBucket;
  /** By number from 1 on, without a gap. */
  audit: AuditRecord;
  /** By epoch: draws of openings that are over. */
  draw: PastDraw;
  /** By number from 1 on: what the origin said. */
  origin: OriginRecord;
  /** By number: the HTML of an operator's own waiting page. */
  template: { html: string };
}

export type Table = keyof Rows;

export type Effect =
  | { [T in Table]: { kind: 'put'; table: T; key: number; row: Rows[T] } }[Table]
  /** Deletes rows with keys from `from` to `upTo`. */
  | { kind: 'drop'; table: Table; from: number; upTo: number }
  | { kind: 'clear'; table: Table };

export type Put = Extract<Effect, { kind: 'put' }>;

/** What a client of a store last saw there, in case the store comes back older. */
export interface Witness<Document> {
  document: Document;
  /**
   * How what was seen relates to what is stored. `after`: what was seen continues what is stored; `before`: what is stored
   * continues what was seen; `diverged`: another client went on from before the loss, and each side has what the other has
   * not.
   */
  relation: 'after' | 'before' | 'diverged';
  /** Rows that this client wrote and that the store does not have any more, the last of each key. */
  rows: readonly Put[];
}

/** Sessions that a machine may look up while it runs. */
export interface Sessions {
  get(position: number): SessionRecord | undefined;
}

/** What the handlers of one step work with, besides the draft of the document. */
export interface StepContext {
  /** The store's time, never before the document's. */
  now: EpochMs;
  sessions: Sessions;
  /** What is to be written besides the document; handlers append. */
  effects: Effect[];
}

/** A part of a table in ascending order of keys. */
export interface Page {
  /** Key of the last row the caller has; 0: from the beginning. */
  after: number;
  /** At most `ROWS_PER_PAGE_MAX`. */
  limit: number;
}

export interface Run<Document, Reply> {
  document: Document;
  replies: Reply[];
  effects: Effect[];
}

/** A pure state machine that a store can run: a room, or the directory of rooms and operators. */
export interface Machine<Document, Command, Reply> {
  /** The document as text that carries the version of its format. */
  encode(document: Document): string;
  /**
   * Reads a stored document: parses it, migrates it to the present format and checks its invariants.
   * @throws CoreError `invalidStoredState`, `newerSchema` or `brokenInvariant`; the message names the field
   */
  decode(text: string): Document;
  /** Whether the command creates the document; any other needs one that exists. */
  begins(command: Command): boolean;
  /** The position whose session the command will look up for certain, or null: a store can load these ahead. */
  sessionNeeded(command: Command): number | null;
  /**
   * Applies commands in order as one act at the store's time `now`.
   * @throws CoreError `brokenInvariant` where the document is damaged before or after; nothing may be written then
   */
  run(document: Document | null, sessions: Sessions, commands: readonly Command[], now: EpochMs): Run<Document, Reply>;
  /**
   * Moves a store that came back older past everything that its client saw acknowledged. With `witness` null the client only knows that
   * writes are missing.
   * @returns null where there is nothing to recover
   */
  recover(
    stored: Document | null,
    witness: Witness<Document> | null,
    sessions: Sessions,
    now: EpochMs,
  ): { document: Document; effects: Effect[] } | null;
  /** Whether the document gives nothing for the moment, because it is finding out what was lost. */
  isRecovering(document: Document, now: EpochMs): boolean;
}
