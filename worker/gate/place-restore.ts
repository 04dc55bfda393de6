// Signed places that the room does not know: proof that its store lost what it had acknowledged. A place is unknown for a
// moment after each join, so only one that later views still do not know is restored; the room then continues above it, and
// no other visitor gets the number. Where newcomers were given the number before its visitor came again, the room knows it, but
// had not when this gateway first read the room: that proves the loss too. Without a loss this costs the store nothing.

import type { Board } from '../../queue-core/board.ts';
import type { Place } from '../../queue-core/command.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** Every view that is not stale includes the joins of this long ago, so a place that is still unknown was lost. */
const KNOWN_AFTER_MS = 5_000;

/** Tokens count the time of their issue in whole seconds. */
const ISSUED_GRAIN_MS = 1_000;

/** A place as a signed token proves it. */
export interface ProvenPlace {
  epoch: number;
  place: Place;
  issuedAt: EpochMs;
}

type Numbers = Pick<Board, 'entries' | 'issued'>;

/** The first view of an opening: it knows every place that was given some seconds before. */
interface FirstView {
  epoch: number;
  at: EpochMs;
  board: Numbers;
  /** A place that it should have known was reported. */
  isProvenOld: boolean;
}

interface UnknownPlace {
  epoch: number;
  place: Place;
  /** The store's time of the first view that did not know it. */
  since: EpochMs;
}

export class PlaceRestore {
  readonly #store: Pick<RoomStore, 'apply'>;
  readonly #unknown = new Map<string, UnknownPlace>();
  readonly #first = new Map<string, FirstView>();

  constructor(store: Pick<RoomStore, 'apply'>) {
    this.#store = store;
  }

  /** Remembers what the room knew before this gateway gave places in it. For every request, also of visitors without a place. */
  observe(room: RoomConfig, { view: { at, board } }: RoomSnapshot): void {
    if (this.#first.get(room.id)?.epoch === board.epoch) return;
    const { epoch, entries, issued } = board;
    this.#first.set(room.id, { epoch, at, board: { entries, issued }, isProvenOld: false });
  }

  /** Compares a visitor's place with the view. @returns the running restoration of a lost place, or null */
  check(room: RoomConfig, { view }: RoomSnapshot, proven: ProvenPlace): Promise<unknown> | null {
    const { epoch, place } = proven;
    if (epoch !== view.board.epoch) return null;
    if (place.number <= highestKnown(view.board, place)) return this.#checkFirst(room, proven);
    // Of entries the room may never know more, and positions do not wait for them.
    const key = `${room.id} ${place.kind}`;
    const unknown = this.#unknown.get(key);
    const isStillUnknown =
      unknown !== undefined &&
      unknown.epoch === epoch &&
      unknown.place.number > highestKnown(view.board, unknown.place);
    if (!isStillUnknown) {
      this.#unknown.set(key, { epoch, place, since: view.at });
      return null;
    }
    if (place.number > unknown.place.number) unknown.place = place;
    if (view.at - unknown.since < KNOWN_AFTER_MS) return null;
    this.#unknown.delete(key);
    return this.#store.apply(room.id, [{ kind: 'restorePlace', epoch, place: unknown.place }]);
  }

  /** One such place says of the whole room that its numbers were given again. */
  #checkFirst(room: RoomConfig, { epoch, place, issuedAt }: ProvenPlace): Promise<unknown> | null {
    const first = this.#first.get(room.id);
    if (first === undefined || first.epoch !== epoch || first.isProvenOld) return null;
    if (place.number <= highestKnown(first.board, place)) return null;
    if (issuedAt + ISSUED_GRAIN_MS + KNOWN_AFTER_MS > first.at) return null;
    first.isProvenOld = true;
    return this.#store.apply(room.id, [{ kind: 'restorePlace', epoch, place, givenAgain: true }]).catch((error) => {
      first.isProvenOld = false;
      throw error;
    });
  }
}

function highestKnown({ entries, issued }: Numbers, { kind }: Place): number {
  return kind === 'entry' ? entries : Math.max(issued, entries);
}
