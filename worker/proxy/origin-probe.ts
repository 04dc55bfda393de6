// Asks a room's origin whether it responds, while nobody is admitted there or what visitors met says too little. What follows
// from the answer is the room's (queue-core/health.ts).

import { gatewaysIn } from '../../queue-core/board.ts';
import { stalledMs } from '../../queue-core/health.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { askOrigin } from './ask-origin.ts';
import type { OriginFetch } from './forward.ts';

/** Pause between two probes of one gateway. */
export const PROBE_INTERVAL_MS = 2_000;

/** Gateways that probe in one interval, on average: of a thousand, not all. */
export const PROBERS = 3;

interface ProbeParts {
  store: RoomStore;
  fetchOrigin: OriginFetch;
  now: () => number;
  /** From 0 to 1. */
  random: () => number;
}

export class OriginProbe {
  readonly #parts: ProbeParts;
  readonly #probedAt = new Map<string, number>();

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  /** @returns the probe on its way; null: none is due */
  probeIfDue(room: RoomConfig, { view }: RoomSnapshot): Promise<void> | null {
    const { now, random } = this.#parts;
    if (!view.probe || now() - (this.#probedAt.get(room.id) ?? Number.NEGATIVE_INFINITY) < PROBE_INTERVAL_MS)
      return null;
    this.#probedAt.set(room.id, now());
    return random() * gatewaysIn(view) < PROBERS ? this.#probe(room, view) : null;
  }

  async #probe(room: RoomConfig, { live }: RoomSnapshot['view']): Promise<void> {
    const { health } = live.policy;
    const good = await this.#responds(room, health.probePath, stalledMs(health, live.health.usualMicros));
    try {
      await this.#parts.store.apply(room.id, [{ kind: 'reportProbe', good }]);
    } catch (error) {
      console.error(`The probe of ${room.origin} for room "${room.id}" could not be reported:`, error);
    }
  }

  async #responds(room: RoomConfig, path: string, withinMs: number): Promise<boolean> {
    const answer = await askOrigin(room, path, withinMs, this.#parts.fetchOrigin);
    return answer.kind === 'answered' && answer.status < 500;
  }
}
