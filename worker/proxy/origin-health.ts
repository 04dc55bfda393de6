// Whether the origin answers, as this gateway sees it. When it fails, the store is told and nobody is called; while it
// fails, it is asked for a sign of life now and then, so that the line moves on by itself.

import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { forwardToOrigin, type OriginFetch } from './forward.ts';

/** One lost connection is chance, three in a row are not. */
const FAILURES_MIN = 3;

/** Pause between two signs of life asked for while the origin fails. */
const PROBE_MS = 2_000;

interface Known {
  failures: number;
  probedAt: number;
}

export class OriginHealth {
  readonly #store: RoomStore;
  readonly #fetchOrigin: OriginFetch;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();

  constructor(store: RoomStore, fetchOrigin: OriginFetch, now: () => number) {
    this.#store = store;
    this.#fetchOrigin = fetchOrigin;
    this.#now = now;
  }

  /** Notes an answer; tells the store when the room's word has to change. */
  async note(room: RoomConfig, answered: boolean, seen: RoomSnapshot | null): Promise<void> {
    const known = this.#knownOf(room.id);
    known.failures = answered ? 0 : known.failures + 1;
    const failing = seen?.view.originFailing ?? false;
    if (answered ? failing : known.failures === FAILURES_MIN && !failing) await this.#report(room, answered);
  }

  /** While the room's origin counts as failing, asks it for a sign of life, at most once in `PROBE_MS`. */
  async probe(room: RoomConfig, seen: RoomSnapshot): Promise<void> {
    const known = this.#knownOf(room.id);
    if (!seen.view.originFailing || this.#now() - known.probedAt < PROBE_MS) return;
    known.probedAt = this.#now();
    if (await this.#answers(room)) await this.#report(room, true);
  }

  async #answers(room: RoomConfig): Promise<boolean> {
    const target = { publicOrigin: room.origin, host: new URL(room.origin).hostname, path: '/', query: '' };
    const passage = { origin: room.origin, target, admission: null, ownBearer: false, clientAddress: null };
    try {
      const { response } = await forwardToOrigin(
        new Request(room.origin, { method: 'HEAD' }),
        passage,
        this.#fetchOrigin,
      );
      return response.status < 500;
    } catch {
      return false; // OriginUnreachable: still no sign of life
    }
  }

  async #report(room: RoomConfig, healthy: boolean): Promise<void> {
    try {
      await this.#store.apply(room.id, [{ kind: 'reportOrigin', healthy }]);
    } catch (error) {
      console.error(`The health of room "${room.id}"'s origin could not be reported:`, error);
    }
  }

  #knownOf(room: string): Known {
    const known = this.#known.get(room) ?? { failures: 0, probedAt: 0 };
    this.#known.set(room, known);
    return known;
  }
}
