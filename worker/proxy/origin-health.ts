// Whether the origin responds, as this gateway observes it. A failing origin is reported to the store, which then calls no
// visitor. While it fails it is probed, so that calling resumes by itself.

import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { forwardToOrigin, type OriginFetch } from './forward.ts';

/** Failures in a row that are reported: a single lost connection is chance. */
const FAILURES_MIN = 3;

/** Pause between two probes of a failing origin. */
const PROBE_INTERVAL_MS = 2_000;

/** A report is repeated after this, until the room's view shows it: a reply, or the report itself, may have been lost. */
const REPORT_INTERVAL_MS = 2_000;

interface OriginState {
  failures: number;
  probedAt: number;
  reported: { healthy: boolean; at: number } | null;
}

export class OriginHealth {
  readonly #store: RoomStore;
  readonly #fetchOrigin: OriginFetch;
  readonly #now: () => number;
  readonly #states = new Map<string, OriginState>();

  constructor(store: RoomStore, fetchOrigin: OriginFetch, now: () => number) {
    this.#store = store;
    this.#fetchOrigin = fetchOrigin;
    this.#now = now;
  }

  /**
   * Records the outcome of an admitted visitor's request.
   * @returns the report on its way, where the room's state of its origin is outdated; null: there is nothing to report
   */
  record(room: RoomConfig, responded: boolean, snapshot: RoomSnapshot | null): Promise<void> | null {
    const state = this.#stateOf(room.id);
    state.failures = responded ? 0 : state.failures + 1;
    const isFailing = snapshot?.view.originFailing ?? false;
    if (responded ? !isFailing : isFailing || state.failures < FAILURES_MIN) return null;
    const { reported } = state;
    if (reported?.healthy === responded && this.#now() - reported.at < REPORT_INTERVAL_MS) return null;
    return this.#report(room, responded);
  }

  /** Probes the room's origin if it counts as failing, at most once in `PROBE_INTERVAL_MS`. */
  async probe(room: RoomConfig, { view }: RoomSnapshot): Promise<void> {
    const state = this.#stateOf(room.id);
    if (!view.originFailing || this.#now() - state.probedAt < PROBE_INTERVAL_MS) return;
    state.probedAt = this.#now();
    if (!(await this.#responds(room))) return;
    state.failures = 0;
    await this.#report(room, true);
  }

  async #responds(room: RoomConfig): Promise<boolean> {
    const target = { publicOrigin: room.origin, path: '/', query: '' };
    const options = { site: room, target, admission: null, byMethod: false };
    const strangers = { ownBearer: false, clientAddress: null };
    try {
      const request = new Request(room.origin, { method: 'HEAD' });
      const { response } = await forwardToOrigin(request, { ...options, ...strangers }, this.#fetchOrigin);
      return response.status < 500;
    } catch {
      return false; // OriginUnreachable
    }
  }

  async #report(room: RoomConfig, healthy: boolean): Promise<void> {
    this.#stateOf(room.id).reported = { healthy, at: this.#now() };
    try {
      await this.#store.apply(room.id, [{ kind: 'reportOrigin', healthy }]);
    } catch (error) {
      console.error(
        `Reporting origin ${room.origin} of room "${room.id}" as ${healthy ? 'healthy' : 'failing'} failed:`,
        error,
      );
    }
  }

  #stateOf(room: string): OriginState {
    const state = this.#states.get(room) ?? { failures: 0, probedAt: 0, reported: null };
    this.#states.set(room, state);
    return state;
  }
}
