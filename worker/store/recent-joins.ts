// Replies to joins beyond the few that a room itself remembers: a visitor who lost the reply in a rush and retries some
// seconds later gets the same place. Held in memory only; losing it costs a retrying visitor their first place, and no other
// visitor anything.

import type { Command, Place, Reply } from '../../queue-core/command.ts';

/** Ten seconds of 3,000 joins each: as long as a page waits for a reply. About 4 MB. */
const RECENT_JOINS_MAX = 32_768;

export class RecentJoins {
  readonly #places = new Map<string, { epoch: number; place: Place }>();

  /** The commands, each repeated join with the place that it got before. */
  withPreviousPlaces(commands: readonly Command[]): readonly Command[] {
    return commands.map((command) => {
      const previous = command.kind === 'join' ? this.#places.get(command.id) : undefined;
      return previous === undefined ? command : { ...command, previous };
    });
  }

  /** Remembers the places in these replies. Only for commands that are certainly committed. */
  remember(commands: readonly Command[], replies: readonly Reply[]): void {
    for (const [index, command] of commands.entries()) {
      const reply = replies[index];
      if (command.kind !== 'join' || reply?.kind !== 'joined') continue;
      this.#places.set(command.id, { epoch: reply.epoch, place: reply.place });
    }
    for (const id of this.#places.keys()) {
      if (this.#places.size <= RECENT_JOINS_MAX) return;
      this.#places.delete(id);
    }
  }
}
