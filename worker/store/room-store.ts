// The port behind which rooms and their directory live. Stores load, run the core's machines and save; they know no rule of
// the queue.

import type { RoomView, ViewRequest } from '../../queue-core/board.ts';
import type { Command, Reply, ReplyTo } from '../../queue-core/command.ts';
import type {
  DirectoryCommand,
  DirectoryReplyTo,
  DirectoryView,
} from '../../queue-core/directory/directory-document.ts';
import type { Page, Rows } from '../../queue-core/machine.ts';

export type Replies<C extends readonly Command[]> = { [K in keyof C]: ReplyTo<C[K]> };
export type DirectoryReplies<C extends readonly DirectoryCommand[]> = { [K in keyof C]: DirectoryReplyTo<C[K]> };

/** Tables of a room that are read in pages. */
export type PagedTable = 'history' | 'minute' | 'audit' | 'draw' | 'origin';

export interface RoomStore {
  /**
   * Applies a batch of commands in order, atomically, at one moment of the store's clock. Concurrent batches are applied one
   * after the other; replies are returned only when what they say is durable. Safe to retry: a repeated command gets the
   * same reply and changes nothing more, but for a join and a lease, which take other numbers.
   * @throws StoreUnavailable when it is unknown whether the batch was applied, or known that it was not; retry it
   * @throws UnknownRoom when the room was never configured; nothing was applied
   */
  apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>>;

  /**
   * Applies the gateway's report, if there is one, and reads the room as it is now. A position that a view shows as called
   * stays called, whatever happens to the store's process.
   */
  view(room: string, request: ViewRequest): Promise<RoomView>;

  /** Rows of one table, ascending. Rows of a log never change once written. */
  rows<T extends PagedTable>(room: string, table: T, page: Page): Promise<Rows[T][]>;

  readonly directory: DirectoryStore;
}

export interface DirectoryStore {
  /**
   * As `RoomStore.apply`, for the one directory of a deployment.
   * @throws UnknownDirectory when it was never seeded
   */
  apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>>;

  /** @param known the version that the caller has; null is returned where it is still current. @throws UnknownDirectory */
  view(known: number | null): Promise<DirectoryView | null>;

  /** Rows of the directory's log, ascending. @throws UnknownDirectory */
  rows(table: 'audit', page: Page): Promise<Rows['audit'][]>;

  /** An operator's own waiting page; null where another one has replaced it. */
  template(number: number): Promise<string | null>;
}

/** The store is unreachable or refuses. Waiting visitors keep waiting; no visitor is admitted. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }

  /** Arguments for the gateway's log. */
  get logArguments(): unknown[] {
    return this.cause === undefined ? [this.message] : [this.message, this.cause];
  }
}

/** The store does not know the room (yet, or any more); the gateway configures it from the directory. */
export class UnknownRoom extends StoreUnavailable {
  constructor(room: string) {
    super(`Room "${room}" is not configured in this store`);
    this.name = 'UnknownRoom';
  }
}

/** The store has no directory; the gateway seeds it from the settings. */
export class UnknownDirectory extends StoreUnavailable {
  constructor() {
    super('This store has no directory of rooms');
    this.name = 'UnknownDirectory';
  }
}

/** @throws StoreUnavailable while the room is recovering from a loss of its store; the caller retries */
export function requireRecovered(replies: readonly Reply[]): readonly Reply[] {
  if (replies.some(({ kind }) => kind === 'recovering')) {
    throw new StoreUnavailable('The store came back older than it was; the room is recovering and applies nothing yet');
  }
  return replies;
}
