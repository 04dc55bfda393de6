// Signed places that the room does not know: proof that its store has lost what it had acknowledged. A place is younger than
// the view for a moment after each join; one that a later view still does not know is told to the room, which then goes on
// above it, so that nobody else gets the number. Costs the store nothing as long as nothing is lost.

import type { Place } from '../../queue-core/command.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { QueueToken } from '../tokens/tokens.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** Views get older than this only where the store is lost altogether. */
const KNOWN_AFTER_MS = 5_000;

interface Unknown {
  epoch: number;
  place: Place;
  /** The store's time of the view that did not know it first. */
  since: EpochMs;
}

export class PlaceRestore {
  readonly #store: RoomStore;
  readonly #unknown = new Map<string, Unknown>();

  constructor(store: RoomStore) {
    this.#store = store;
  }

  /** Compares a visitor's place with the view. @returns work to be done in the background, or null */
  check(room: RoomConfig, { view }: RoomSnapshot, { epoch, place }: QueueToken): Promise<unknown> | null {
    if (epoch !== view.board.epoch || place.number <= knownUpTo(view, place)) return null;
    const noted = this.#unknown.get(room.id);
    const stillUnknown =
      noted !== undefined && noted.epoch === epoch && noted.place.number > knownUpTo(view, noted.place);
    if (!stillUnknown || noted.place.kind !== place.kind) {
      this.#unknown.set(room.id, { epoch, place, since: view.at });
      return null;
    }
    if (place.number > noted.place.number) noted.place = place;
    if (view.at - noted.since < KNOWN_AFTER_MS) return null;
    this.#unknown.delete(room.id);
    return this.#store.apply(room.id, [{ kind: 'restorePlace', epoch, place: noted.place }]);
  }
}

function knownUpTo({ board }: RoomSnapshot['view'], { kind }: Place): number {
  return kind === 'entry' ? board.entries : Math.max(board.issued, board.entries);
}
