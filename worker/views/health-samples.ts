// What admitted visitors meet at their origin, as samples for the room's health: each visitor once in a few seconds, so that one
// who asks for a broken page again and again does not speak for the site; and requests that wait for a response too long, which
// would otherwise be known only when they end.

import type { ObservedHealth } from '../../queue-core/document/history-state.ts';

/** One sample of each visitor in this time, at one gateway. */
const SAMPLE_MS = 5_000;

/** Visitors sampled in that time; what further ones meet is not counted. About 2 MB. */
const VISITORS_MAX = 20_000;

interface RoomSamples {
  visitors: Set<string>;
  /** When `visitors` was emptied last. */
  since: number;
  /** Requests on their way, oldest first. */
  waiting: Set<{ startedAt: number }>;
  observed: ObservedHealth;
}

export interface Sample {
  answered(status: number, now: number): void;
  failed(): void;
  /** Its visitor did not wait for the response. */
  abandoned(): void;
}

const nothing = (): ObservedHealth => ({ requests: 0, failures: 0, timed: 0, totalMs: 0 });

export class HealthSamples {
  readonly #rooms = new Map<string, RoomSamples>();

  /**
   * A request of this session is sent to the origin. Times in ms, of one clock.
   * @returns null: its visitor was sampled lately
   * @param hasBody a visitor can send it slowly or not to its end, so neither its time nor its failure says anything
   */
  begin(room: string, sid: string, hasBody: boolean, now: number): Sample | null {
    const samples = this.#samplesOf(room, now);
    const { visitors, waiting } = samples;
    if (visitors.has(sid) || visitors.size >= VISITORS_MAX) return null;
    visitors.add(sid);
    const request = { startedAt: now };
    if (!hasBody) waiting.add(request);
    let isOver = false;
    const end = (seen: Partial<ObservedHealth>) => {
      // What counts as stalled is counted already.
      if (isOver || (!hasBody && !waiting.delete(request))) return;
      isOver = true;
      add(samples.observed, seen);
    };
    return {
      answered(status, at) {
        if (status >= 500) end({ requests: 1, failures: 1 });
        else end(hasBody ? { requests: 1 } : { requests: 1, timed: 1, totalMs: Math.max(0, Math.round(at - now)) });
      },
      failed: () => end(hasBody ? {} : { requests: 1, failures: 1 }),
      abandoned: () => void waiting.delete(request),
    };
  }

  /** Everything since the last call. @param stalledMs how long a response may take; undefined: nothing was seen */
  take(room: string, now: number, stalledMs: number): ObservedHealth | undefined {
    const samples = this.#rooms.get(room);
    if (samples === undefined) return undefined;
    for (const request of samples.waiting) {
      if (now - request.startedAt < stalledMs) break;
      add(samples.observed, { requests: 1, failures: 1 });
      samples.waiting.delete(request);
    }
    const { observed } = samples;
    samples.observed = nothing();
    return observed.requests === 0 ? undefined : observed;
  }

  #samplesOf(room: string, now: number): RoomSamples {
    const known = this.#rooms.get(room);
    if (known === undefined) {
      const samples = {
        visitors: new Set<string>(),
        since: now,
        waiting: new Set<{ startedAt: number }>(),
        observed: nothing(),
      };
      this.#rooms.set(room, samples);
      return samples;
    }
    if (Math.abs(now - known.since) >= SAMPLE_MS) {
      known.visitors.clear();
      known.since = now;
    }
    return known;
  }
}

function add(to: ObservedHealth, seen: Partial<ObservedHealth>): void {
  to.requests += seen.requests ?? 0;
  to.failures += seen.failures ?? 0;
  to.timed += seen.timed ?? 0;
  to.totalMs += seen.totalMs ?? 0;
}
