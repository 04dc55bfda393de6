// This gateway's counters and the rooms' latest numbers in the Prometheus text format (version 0.0.4). No series identifies
// a visitor.

import { BATCH_SIZE_BOUNDS, type StoreCounts } from './store/store-stats.ts';
import type { RoomSnapshot } from './views/room-views.ts';

const COUNTERS = {
  fairgate_requests_total: 'Requests by decision and reason.',
  fairgate_joins_refused_total: 'Joins refused because their network had taken its places of the last minute.',
  fairgate_leased_numbers_total:
    'Numbers by their fate: leased from the room, given to a visitor, returned to the room, void because nobody came in time.',
  fairgate_exempt_requests_total: 'Requests that an exemption let through without an admission.',
  fairgate_store_operations_total: 'Operations on the room store by kind and outcome.',
  fairgate_origin_calls_total:
    'Signed calls of sites by room, key, action and outcome; "unsigned", without room and key, if no key of the room signed it.',
  fairgate_origin_fields_unread_total:
    'Fields of origins for the gateway whose value it could not read, by field: they had no effect.',
  fairgate_origin_responses_total: 'Responses of origins by status class; "unreachable" if none came.',
  fairgate_redis_round_trips_total: 'Requests to Redis.',
  fairgate_redis_conflicts_total: 'Commits rejected because another gateway had written first.',
  fairgate_redis_retries_total: 'Retries after a missing response or a temporary refusal.',
  fairgate_redis_losses_total: 'Times that Redis came back with older data.',
  fairgate_redis_troubles_total: 'Failed requests to Redis by kind of failure.',
} as const;

const GAUGES = {
  fairgate_room_state: '1 for the state that the room is in.',
  fairgate_room_entries: 'Entries in the draw.',
  fairgate_room_issued: 'Highest position issued.',
  fairgate_room_called: 'Highest position called.',
  fairgate_room_active: 'Active sessions.',
  fairgate_room_view_age_seconds: 'Age of the numbers above on this gateway.',
} as const;

const BATCHES = 'fairgate_redis_list_commands';
const BATCHES_HELP = 'Commands committed in one batch.';

export class Metrics {
  readonly #counts = new Map<string, number>();
  readonly #batches = new Map<string, Pick<StoreCounts, 'batches' | 'commands' | 'batchSizes'>>();

  count(name: keyof typeof COUNTERS, labels: Record<string, string>, by = 1): void {
    const series = `${name}${labelText(labels)}`;
    this.#counts.set(series, (this.#counts.get(series) ?? 0) + by);
  }

  /** Adds the counts of one ledger in Redis: of a room or of the directory. */
  addStoreCounts(ledger: string, counts: StoreCounts): void {
    const { roundTrips, conflicts, retries, losses, failures, batches, commands, batchSizes } = counts;
    if (roundTrips === 0 && batches === 0) return;
    this.count('fairgate_redis_round_trips_total', { ledger }, roundTrips);
    this.count('fairgate_redis_conflicts_total', { ledger }, conflicts);
    this.count('fairgate_redis_retries_total', { ledger }, retries);
    this.count('fairgate_redis_losses_total', { ledger }, losses);
    for (const [kind, count] of Object.entries(failures)) {
      this.count('fairgate_redis_troubles_total', { ledger, kind }, count);
    }
    const total = this.#batches.get(ledger);
    this.#batches.set(ledger, {
      batches: batches + (total?.batches ?? 0),
      commands: commands + (total?.commands ?? 0),
      batchSizes: batchSizes.map((count, index) => count + (total?.batchSizes[index] ?? 0)),
    });
  }

  /** Counts an operation on the store by its outcome, and returns its result. */
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
        lines.push(`${BATCHES}_bucket${labelText({ ledger, le: String(bound) })} ${upTo}`);
      }
      lines.push(`${BATCHES}_bucket${labelText({ ledger, le: '+Inf' })} ${batches}`);
      lines.push(
        `${BATCHES}_sum${labelText({ ledger })} ${commands}`,
        `${BATCHES}_count${labelText({ ledger })} ${batches}`,
      );
    }
    for (const [name, help] of Object.entries(GAUGES)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`);
      for (const room of rooms) {
        const { labels, value } = gauge(name as keyof typeof GAUGES, room);
        lines.push(`${name}${labelText(labels)} ${value}`);
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

/** Label values are members of closed lists or room ids; none needs escaping. */
function labelText(labels: Record<string, string>): string {
  let pairs = '';
  for (const name in labels) pairs += `${pairs === '' ? '' : ','}${name}="${labels[name]}"`;
  return `{${pairs}}`;
}
