// Counters of this gateway and the rooms' last numbers, in the Prometheus text format (version 0.0.4). Names follow the
// format's conventions; nothing in them belongs to one visitor.

import { BATCH_SIZE_BOUNDS, type StoreCounts } from './store/store-stats.ts';
import type { RoomSnapshot } from './views/room-views.ts';

const COUNTERS = {
  fairgate_requests_total: 'Requests by what was decided and why.',
  fairgate_store_operations_total: 'Operations asked of the room store, by kind and outcome.',
  fairgate_origin_responses_total: 'Answers of the origin by status class; "unreachable" where none came.',
  fairgate_redis_round_trips_total: 'Requests to Redis.',
  fairgate_redis_conflicts_total: 'Commits that found that somebody else had written first.',
  fairgate_redis_retries_total: 'Tries again after an answer that was none, or a refusal that may pass.',
  fairgate_redis_losses_total: 'Times that Redis had come back older than it was.',
  fairgate_redis_troubles_total: 'Answers of Redis that were none or a refusal, by kind.',
} as const;

const GAUGES = {
  fairgate_room_state: 'The room’s state: 1 for the one it is in.',
  fairgate_room_entries: 'Entries for the draw.',
  fairgate_room_issued: 'Highest position given.',
  fairgate_room_called: 'Highest position called.',
  fairgate_room_active: 'Sessions that hold a place.',
  fairgate_room_view_age_seconds: 'Age of the numbers above on this gateway.',
} as const;

const BATCHES = 'fairgate_redis_list_commands';
const BATCHES_HELP = 'Commands that were carried out as one act.';

export class Metrics {
  readonly #counts = new Map<string, number>();
  readonly #batches = new Map<string, Pick<StoreCounts, 'batches' | 'commands' | 'batchSizes'>>();

  count(name: keyof typeof COUNTERS, labels: Record<string, string>, by = 1): void {
    const series = `${name}${labelled(labels)}`;
    this.#counts.set(series, (this.#counts.get(series) ?? 0) + by);
  }

  /** Adds what Redis was asked for one ledger, a room or the directory. */
  tallied(ledger: string, { roundTrips, conflicts, retries, losses, failures, ...more }: StoreCounts): void {
    if (roundTrips === 0 && more.batches === 0) return;
    this.count('fairgate_redis_round_trips_total', { ledger }, roundTrips);
    this.count('fairgate_redis_conflicts_total', { ledger }, conflicts);
    this.count('fairgate_redis_retries_total', { ledger }, retries);
    this.count('fairgate_redis_losses_total', { ledger }, losses);
    for (const [kind, times] of Object.entries(failures)) {
      this.count('fairgate_redis_troubles_total', { ledger, kind }, times);
    }
    const known = this.#batches.get(ledger);
    this.#batches.set(ledger, {
      batches: more.batches + (known?.batches ?? 0),
      commands: more.commands + (known?.commands ?? 0),
      batchSizes: more.batchSizes.map((count, index) => count + (known?.batchSizes[index] ?? 0)),
    });
  }

  /** Counts an operation of the store and passes its outcome on. */
  async operation<T>(kind: string, work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      this.count('fairgate_store_operations_total', { kind, outcome: 'answered' });
      return result;
    } catch (error) {
      this.count('fairgate_store_operations_total', { kind, outcome: 'failed' });
      throw error;
    }
  }

  text(rooms: readonly RoomSnapshot[]): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(COUNTERS)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
      for (const [series, value] of this.#counts) if (series.startsWith(`${name}{`)) lines.push(`${series} ${value}`);
    }
    lines.push(`# HELP ${BATCHES} ${BATCHES_HELP}`, `# TYPE ${BATCHES} histogram`);
    for (const [ledger, { batches, commands, batchSizes }] of this.#batches) {
      let upTo = 0;
      for (const [index, bound] of BATCH_SIZE_BOUNDS.entries()) {
        upTo += batchSizes[index] ?? 0;
        lines.push(`${BATCHES}_bucket${labelled({ ledger, le: String(bound) })} ${upTo}`);
      }
      lines.push(`${BATCHES}_bucket${labelled({ ledger, le: '+Inf' })} ${batches}`);
      lines.push(
        `${BATCHES}_sum${labelled({ ledger })} ${commands}`,
        `${BATCHES}_count${labelled({ ledger })} ${batches}`,
      );
    }
    for (const [name, help] of Object.entries(GAUGES)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`);
      for (const seen of rooms) {
        const { labels, value } = gauge(name as keyof typeof GAUGES, seen);
        lines.push(`${name}${labelled(labels)} ${value}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
}

function gauge(
  name: keyof typeof GAUGES,
  { view, now }: RoomSnapshot,
): { labels: Record<string, string>; value: number } {
  const { room, state, entries, issued, called, active } = view.board;
  switch (name) {
    case 'fairgate_room_state':
      return { labels: { room, state }, value: 1 };
    case 'fairgate_room_entries':
      return { labels: { room }, value: entries };
    case 'fairgate_room_issued':
      return { labels: { room }, value: issued };
    case 'fairgate_room_called':
      return { labels: { room }, value: called };
    case 'fairgate_room_active':
      return { labels: { room }, value: active };
    case 'fairgate_room_view_age_seconds':
      return { labels: { room }, value: (now - view.at) / 1000 };
  }
}

/** Label values are words of closed lists or room ids; none needs escaping. */
function labelled(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return `{${pairs.join(',')}}`;
}
