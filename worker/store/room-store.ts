// The port behind which a room lives. Stores load, run the core's step and save; none of them knows a rule of the queue.

import type { RoomView } from '../../queue-core/board.ts';
import type { Command, ReplyTo } from '../../queue-core/command.ts';

export type Replies<C extends readonly Command[]> = { [K in keyof C]: ReplyTo<C[K]> };

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
   * Reads the room as it is now. What has been shown as called stays called, whatever happens to the store's process.
   * @param endingsAfter number of the last early ending the caller knows; 0: none
   */
  view(room: string, endingsAfter: number): Promise<RoomView>;
}

/** The store does not answer, or answers that it cannot. Whoever waits, waits on; nobody is let in. */
export class StoreUnavailable extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(`The store did not answer: ${what}`, options);
    this.name = 'StoreUnavailable';
  }
}

/** A store that does not know the room (yet, or any more) cannot let anybody in either; it is configured anew. */
export class UnknownRoom extends StoreUnavailable {
  constructor(room: string) {
    super(`room "${room}" is not configured there`);
    this.name = 'UnknownRoom';
  }
}
