// Tells the room that its origin wants no more visitors for a while, or takes them again, as the origin says in its responses to
// admitted visitors: once a second at most, however many responses say it.

import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

const REPORT_INTERVAL_MS = 1_000;

export class OriginOverload {
  readonly #store: RoomStore;
  readonly #now: () => number;
  readonly #reported = new Map<string, { seconds: number; at: number }>();

  constructor(store: RoomStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** @param seconds for which it wants no visitors; 0: it takes them @returns the report on its way; null: there is no news */
  report(room: RoomConfig, seconds: number, { view }: RoomSnapshot): Promise<void> | null {
    const { stage, cause } = view.live.health;
    const isKnown = stage === 'stopped' && cause?.kind === 'signal';
    if (seconds === 0 && !isKnown) return null;
    const last = this.#reported.get(room.id);
    if (last?.seconds === seconds && this.#now() - last.at < REPORT_INTERVAL_MS) return null;
    this.#reported.set(room.id, { seconds, at: this.#now() });
    return this.#send(room, seconds);
  }

  async #send({ id }: RoomConfig, seconds: number): Promise<void> {
    try {
      await this.#store.apply(id, [{ kind: 'reportOverload', forMs: seconds * 1_000 }]);
    } catch (error) {
      // The next response says it again.
      this.#reported.delete(id);
      console.error(`That the origin of room "${id}" wants no visitors for ${seconds} s could not be reported:`, error);
    }
  }
}
