// The port behind which rooms and their directory live. Stores load, run the core's machines and save; none of them knows
// a rule of the queue.

import type { RoomView, ViewRequest } from '../../queue-core/board.ts';
import type { Command, Reply, ReplyTo } from '../../queue-core/command.ts';
import type { DirectoryCommand, DirectoryReplyTo, DirectoryView } from '../../queue-core/directory.ts';
import type { Page, Rows } from '../../queue-core/machine.ts';

export type Replies<C extends readonly Command[]> = { [K in keyof C]: ReplyTo<C[K]> };
export type DirectoryReplies<C extends readonly DirectoryCommand[]> = { [K in keyof C]: DirectoryReplyTo<C[K]> };

export interface RoomStore {
  /**
   * Applies commands in order as one indivisible act at one moment of the store's clock. Under concurrency, lists are
   * applied one after the other; replies are given only once what they say is durable. Safe to repeat: a repeated
   * command gets the same answer and changes nothing more.
   * @throws StoreUnavailable when it is unknown whether the list was applied; repeat it
   * @throws UnknownRoom when the room was never configured; nothing was applied
   */
  apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>>;

  /**
   * Takes the gateway's report, if there is one, and reads the room as it is now. What has been shown as called stays
   * called, whatever happens to the store's process.
   */
  view(room: string, look: ViewRequest): Promise<RoomView>;

  /** Rows of the room's history or log, ascending. Written rows of a log never change. */
  rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page): Promise<Rows[T][]>;

  readonly directory: DirectoryStore;
}

export interface DirectoryStore {
  /**
   * As `RoomStore.apply`, for the one directory of a deployment.
   * @throws UnknownDirectory when nothing was ever seeded
   */
  apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>>;

  /** @param known the version the caller has; null is the answer where it still holds. @throws UnknownDirectory */
  view(known: number | null): Promise<DirectoryView | null>;

  rows(table: 'audit', page: Page): Promise<Rows['audit'][]>;

  /** An operator's own waiting page; null where it has been replaced meanwhile. */
  template(number: number): Promise<string | null>;
}

/** The store does not answer, or answers that it cannot. Whoever waits, waits on; nobody is let in. */
export class StoreUnavailable extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(`The store did not answer: ${what}`, options);
    this.name = 'StoreUnavailable';
  }

  /** As it goes to the gateway's log. */
  get logArguments(): unknown[] {
    return this.cause === undefined ? [this.message] : [this.message, this.cause];
  }
}

/**
 * Replies as they are given to callers.
 * @throws StoreUnavailable while the room asks around what its store has lost: whoever wants something comes again
 */
export function requireRecovered(replies: readonly Reply[]): readonly Reply[] {
  if (replies.some(({ kind }) => kind === 'recovering')) {
    throw new StoreUnavailable('it has come back older than it was, and the room makes sure what is missing');
  }
  return replies;
}

/** A store that does not know the room (yet, or any more) cannot let anybody in either; it is configured anew. */
export class UnknownRoom extends StoreUnavailable {
  constructor(room: string) {
    super(`room "${room}" is not configured there`);
    this.name = 'UnknownRoom';
  }
}

/** A store without a directory; it is seeded from the settings. */
export class UnknownDirectory extends StoreUnavailable {
  constructor() {
    super('it has no directory of rooms');
    this.name = 'UnknownDirectory';
  }
}
