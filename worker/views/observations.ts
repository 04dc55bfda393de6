// What this gateway observes of each room between two reads of the store: refused and exempt requests, the origin's responses and
// contention in a shared store. The next read reports it, so that observing costs no store operation of its own.

import {
  type GatewayStarts,
  LATENCY_BOUNDS_MS,
  NOTHING_OBSERVED,
  type Observed,
  type RefusalReason,
} from '../../queue-core/document/history-state.ts';
import { sum } from '../../queue-core/history.ts';
import { HealthSamples, type Sample } from './health-samples.ts';

const LATENCY_CLASSES = LATENCY_BOUNDS_MS.length + 1;

export class Observations {
  readonly #health = new HealthSamples();
  readonly #rooms = new Map<string, Observed>();
  readonly #start: GatewayStarts | null;
  /** Rooms that were told of the start. */
  readonly #told = new Set<string>();

  /** @param start of this gateway, which every room hears of once; null: nobody watches over its process */
  constructor(start: GatewayStarts | null = null) {
    this.#start = start;
  }

  refused(room: string, reason: RefusalReason): void {
    this.#add(room, { ...NOTHING_OBSERVED, refused: { [reason]: 1 } });
  }

  exempted(room: string): void {
    this.#add(room, { ...NOTHING_OBSERVED, exempt: 1 });
  }

  /** @param latencyMs until the response's header arrived */
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

  /** Commits to a shared store that conflicted with another gateway's, or were retried. */
  storeContended(room: string, { conflicts, retries }: { conflicts: number; retries: number }): void {
    if (conflicts + retries > 0) this.#add(room, { ...NOTHING_OBSERVED, store: { conflicts, retries } });
  }

  /** A request of an admitted visitor is sent to the origin; its end is told to the sample, if it is one. */
  sample(room: string, sid: string, hasBody: boolean, now: number): Sample | null {
    return this.#health.begin(room, sid, hasBody, now);
  }

  /** Everything since the last call. @param stalledMs how long a response of the origin may take */
  take(room: string, now: number, stalledMs: number): Observed {
    if (this.#start !== null && !this.#told.has(room)) {
      this.#told.add(room);
      this.#add(room, { ...NOTHING_OBSERVED, starts: this.#start });
    }
    const observed = this.#rooms.get(room) ?? NOTHING_OBSERVED;
    this.#rooms.delete(room);
    const health = this.#health.take(room, now, stalledMs);
    return health === undefined ? observed : { ...observed, health };
  }

  #add(room: string, observed: Observed): void {
    this.#rooms.set(room, sum(this.#rooms.get(room) ?? NOTHING_OBSERVED, observed));
  }
}
