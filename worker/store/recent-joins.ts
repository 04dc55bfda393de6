// Joins that a store's process has answered, beyond the few that a room itself remembers: whoever lost the answer in a rush
// and asks again some seconds later gets the same place. Kept in memory alone; what is lost with the process costs the
// repeated wish its old place, and nobody else anything.

import type { Command, Place, Reply } from '../../queue-core/command.ts';

/** Ten seconds of 3,000 joins each: as long as a page waits for its answer. About 4 MB. */
const KNOWN_JOINS_MAX = 32_768;

export class RecentJoins {
  readonly #places = new Map<string, { epoch: number; place: Place }>();

  /** The commands with the place of each join that was answered before. */
  withPreviousPlaces(commands: readonly Command[]): readonly Command[] {
    return commands.map((command) => {
      const previous = command.kind === 'join' ? this.#places.get(command.id) : undefined;
      return previous === undefined ? command : { ...command, previous };
    });
  }

  /** Takes what was answered; only what is certain to have been carried out. */
  remember(commands: readonly Command[], replies: readonly Reply[]): void {
    for (const [index, command] of commands.entries()) {
      const reply = replies[index];
      if (command.kind !== 'join' || reply?.kind !== 'joined') continue;
      this.#places.set(command.id, { epoch: reply.epoch, place: reply.place });
    }
    for (const id of this.#places.keys()) {
      if (this.#places.size <= KNOWN_JOINS_MAX) return;
      this.#places.delete(id);
    }
  }
}
