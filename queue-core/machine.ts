// What a store keeps for one of the core's machines: one document, and tables of rows under whole numbers. A machine says
// what to write as effects; a store carries them out in the same indivisible act as the document and knows no rule.

import type { AuditRecord } from './audit.ts';
import type { Ending } from './board.ts';
import type { HistoryBucket } from './history.ts';
import type { EpochMs, SessionRecord } from './room.ts';

/** Every table with the row it holds. */
export interface Rows {
  /** By position: who claimed it. */
  session: SessionRecord;
  /** By number: sessions that ended early. */
  ending: Ending;
  /** By start of the bucket, in buckets since 1970. */
  history: HistoryBucket;
  /** By number from 1 on, without a gap. */
  audit: AuditRecord;
  /** By number: the HTML of an operator's own waiting page. */
  template: { html: string };
}

export type Table = keyof Rows;

export type Effect =
  | { [T in Table]: { kind: 'put'; table: T; key: number; row: Rows[T] } }[Table]
  /** Rows with keys from `from` to `upTo` go. */
  | { kind: 'drop'; table: Table; from: number; upTo: number }
  | { kind: 'clear'; table: Table };

export type Put = Extract<Effect, { kind: 'put' }>;

/** What a client of a store remembers of what it last saw there, in case the store comes back older. */
export interface Witness<Document> {
  document: Document;
  /**
   * Of what was seen, to what is stored: `after`: it goes on from there; `before`: what is stored goes on from it;
   * `parted`: somebody went on from before the loss without knowing of it, and each has what the other has not.
   */
  relation: 'after' | 'before' | 'parted';
  /** Rows that it wrote itself and that the store does not have any more, the last of each key. */
  rows: readonly Put[];
}

/** Rows a machine may look up while it runs. */
export interface Sessions {
  get(position: number): SessionRecord | undefined;
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

/** A pure state machine that a store can run: the room, or the directory of rooms and operators. */
export interface Machine<Document, Command, Reply> {
  /** The document as text that carries the version of its format. */
  encode(document: Document): string;
  /**
   * Reads a stored document: parses it, migrates it to the present format and checks its invariants.
   * @throws CoreError `invalidStoredState`, `newerSchema` or `brokenInvariant`; the message names the field
   */
  decode(text: string): Document;
  /** Whether the command brings a document into being; any other needs one that is there. */
  begins(command: Command): boolean;
  /** The position whose session the command will surely look up, or null: a store that loads ahead begins with these. */
  sessionNeeded(command: Command): number | null;
  /** Applies commands in order as one act at the store's time `now`. */
  run(document: Document | null, sessions: Sessions, commands: readonly Command[], now: EpochMs): Run<Document, Reply>;
  /**
   * Moves a store that came back older past everything its client was told. With `witness` null the client only knows that
   * something is missing.
   * @returns null where there is nothing to move
   */
  recover(
    stored: Document | null,
    witness: Witness<Document> | null,
    sessions: Sessions,
    now: EpochMs,
  ): { document: Document; effects: Effect[] } | null;
  /** Whether the document gives nothing for the moment, because it asks around what was lost. */
  isRecovering(document: Document, now: EpochMs): boolean;
}
