// What this gateway sees of each room between two reads of its store: requests turned away, and the origin's answers. It is
// told to the store along with the next read, so that watching costs no operation of its own.

import {
  LATENCY_BOUNDS_MS,
  NOTHING_OBSERVED,
  type Observed,
  type RefusalReason,
  sum,
} from '../../queue-core/history.ts';

const LATENCY_CLASSES = LATENCY_BOUNDS_MS.length + 1;

export class Observations {
  readonly #rooms = new Map<string, Observed>();

  refused(room: string, reason: RefusalReason): void {
    this.#add(room, { ...NOTHING_OBSERVED, refused: { [reason]: 1 } });
  }

  /** @param latencyMs until the header of the answer had come */
  originAnswered(room: string, status: number, latencyMs: number): void {
    const index = LATENCY_BOUNDS_MS.findIndex((bound) => latencyMs <= bound);
    const latency = new Array<number>(LATENCY_CLASSES).fill(0);
    latency[index === -1 ? LATENCY_CLASSES - 1 : index] = 1;
    const origin = { answers: 1, errors: status >= 500 ? 1 : 0, unreachable: 0, latency };
    this.#add(room, { ...NOTHING_OBSERVED, origin });
  }

  originUnreachable(room: string): void {
    this.#add(room, { ...NOTHING_OBSERVED, origin: { ...NOTHING_OBSERVED.origin, unreachable: 1 } });
  }

  /** Gateways got in each other's way at a shared store, or it had to be asked again. */
  storeContended(room: string, { conflicts, retries }: { conflicts: number; retries: number }): void {
    if (conflicts + retries > 0) this.#add(room, { ...NOTHING_OBSERVED, store: { conflicts, retries } });
  }

  /** Everything since the last time. */
  take(room: string): Observed {
    const taken = this.#rooms.get(room) ?? NOTHING_OBSERVED;
    this.#rooms.delete(room);
    return taken;
  }

  #add(room: string, seen: Observed): void {
    this.#rooms.set(room, sum(this.#rooms.get(room) ?? NOTHING_OBSERVED, seen));
  }
}
