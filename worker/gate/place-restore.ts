// Signed places that the room does not know: proof that its store lost what it had acknowledged. A place is unknown for a
// moment after each join, so only one that later views still do not know is restored; the room then continues above it, and
// no other visitor gets the number. Without a loss this costs the store nothing.

import type { Place } from '../../queue-core/command.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { QueueToken } from '../tokens/tokens.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** Every view that is not stale includes the joins of this long ago, so a place that is still unknown was lost. */
const KNOWN_AFTER_MS = 5_000;

interface UnknownPlace {
  epoch: number;
  place: Place;
  /** The store's time of the first view that did not know it. */
  since: EpochMs;
}

export class PlaceRestore {
  readonly #store: Pick<RoomStore, 'apply'>;
  readonly #unknown = new Map<string, UnknownPlace>();

  constructor(store: Pick<RoomStore, 'apply'>) {
    this.#store = store;
  }

  /** Compares a visitor's place with the view. @returns the running restoration of a lost place, or null */
  check(room: RoomConfig, { view }: RoomSnapshot, { epoch, place }: QueueToken): Promise<unknown> | null {
    if (epoch !== view.board.epoch || place.number <= highestKnown(view, place)) return null;
    const unknown = this.#unknown.get(room.id);
    const isStillUnknown =
      unknown !== undefined && unknown.epoch === epoch && unknown.place.number > highestKnown(view, unknown.place);
    if (!isStillUnknown || unknown.place.kind !== place.kind) {
      this.#unknown.set(room.id, { epoch, place, since: view.at });
      return null;
    }
    if (place.number > unknown.place.number) unknown.place = place;
    if (view.at - unknown.since < KNOWN_AFTER_MS) return null;
    this.#unknown.delete(room.id);
    return this.#store.apply(room.id, [{ kind: 'restorePlace', epoch, place: unknown.place }]);
  }
}

function highestKnown({ board }: RoomSnapshot['view'], { kind }: Place): number {
  return kind === 'entry' ? board.entries : Math.max(board.issued, board.entries);
}
