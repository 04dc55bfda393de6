// This gateway's own counters in the Prometheus text format (version 0.0.4), with the rooms' numbers behind them (room-metrics.ts). No
// series identifies a visitor. What this gateway has counted adds up over gateways.

import type { EpochMs } from '../queue-core/time.ts';
import { Histogram } from './histogram.ts';
import { type MeasuredRoom, roomLines } from './room-metrics.ts';
import { BATCH_SIZE_BOUNDS, type StoreCounts } from './store/store-stats.ts';
import { VERSION } from './version.ts';

const COUNTERS = {
  fairgate_requests_total: 'Requests by decision and reason.',
  fairgate_joins_total: 'Joins by room and outcome: entry, position, admitted at once, or why there was no place.',
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
  fairgate_alarm_deliveries_total: 'Messages about alarms by room and outcome, each attempt.',
  fairgate_redis_round_trips_total: 'Requests to Redis.',
  fairgate_redis_conflicts_total: 'Commits rejected because another gateway had written first.',
  fairgate_redis_retries_total: 'Retries after a missing response or a temporary refusal.',
  fairgate_redis_losses_total: 'Times that Redis came back with older data.',
  fairgate_redis_troubles_total: 'Failed requests to Redis by kind of failure.',
} as const;

const BATCHES = 'fairgate_redis_list_commands';
const BATCHES_HELP = 'Commands committed in one batch.';

/** What a request is for; the kinds differ in what they cost. */
export type RequestKind = 'visit' | 'board' | 'status' | 'join' | 'claim' | 'verify' | 'operator' | 'other';

export class Metrics {
  readonly #stopwatch: () => number;
  readonly #startedAt: EpochMs;
  readonly #durations = {
    request: new Histogram(
      'fairgate_request_duration_seconds',
      'Time from a request to the header of its response, by kind; of a visit with the time of the origin.',
      'kind',
    ),
    origin: new Histogram(
      'fairgate_origin_duration_seconds',
      'Time until the header of an origin’s response, by room.',
      'room',
    ),
    store: new Histogram(
      'fairgate_store_operation_duration_seconds',
      'Time of operations on the room store, by kind; those that failed too.',
      'kind',
    ),
  };
  readonly #counts = new Map<string, number>();
  readonly #batches = new Map<string, Pick<StoreCounts, 'batches' | 'commands' | 'batchSizes'>>();

  /** @param stopwatch in ms; for durations @param startedAt when this process began to answer */
  constructor(stopwatch: () => number, startedAt: EpochMs) {
    this.#stopwatch = stopwatch;
    this.#startedAt = startedAt;
  }

  requestAnswered(kind: RequestKind, ms: number): void {
    this.#durations.request.observe(kind, ms);
  }

  originAnswered(room: string, ms: number): void {
    this.#durations.origin.observe(room, ms);
  }

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
    const startedAt = this.#stopwatch();
    try {
      const result = await work;
      this.count('fairgate_store_operations_total', { kind, outcome: 'answered' });
      return result;
    } catch (error) {
      this.count('fairgate_store_operations_total', { kind, outcome: 'failed' });
      throw error;
    } finally {
      this.#durations.store.observe(kind, this.#stopwatch() - startedAt);
    }
  }

  /** @param rooms as this gateway knows them */
  text(rooms: readonly MeasuredRoom[]): string {
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
    for (const histogram of Object.values(this.#durations)) lines.push(...histogram.lines());
    lines.push(...this.#processLines(), ...roomLines(rooms));
    return `${lines.join('\n')}\n`;
  }

  #processLines(): string[] {
    return [
      '# HELP fairgate_build_info 1, with the version of this gateway.',
      '# TYPE fairgate_build_info gauge',
      `fairgate_build_info${labelText({ version: VERSION })} 1`,
      '# HELP fairgate_start_time_seconds When this gateway began to answer, in seconds since 1970.',
      '# TYPE fairgate_start_time_seconds gauge',
      `fairgate_start_time_seconds ${this.#startedAt / 1_000}`,
    ];
  }
}

/** Label values are members of closed lists or room ids; none needs escaping. */
function labelText(labels: Record<string, string>): string {
  let pairs = '';
  for (const name in labels) pairs += `${pairs === '' ? '' : ','}${name}="${labels[name]}"`;
  return `{${pairs}}`;
}
