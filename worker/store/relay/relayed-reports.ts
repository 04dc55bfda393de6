// The reports of a relay's gateways as one report: what they saw is added up, and the version of the room is the oldest that any
// of them may still answer from.

import type { Command } from '../../../queue-core/command.ts';
import type { SeenAlarm } from '../../../queue-core/document/alarms-state.ts';
import type { SeenOperator } from '../../../queue-core/document/changes-state.ts';
import { NOTHING_OBSERVED, type Observed } from '../../../queue-core/document/history-state.ts';
import { sum } from '../../../queue-core/history.ts';
import { HISTORY_BUCKET_MS, VIEW_STALE_MS_MAX } from '../../../queue-core/limits.ts';

type Report = Extract<Command, { kind: 'report' }>;

/** Gateways of one relay whose last report is remembered; with more, a repeated report of the oldest counts twice. */
const GATEWAYS_MAX = 4_096;

interface Known {
  seq: number;
  version: number;
  at: number;
}

export class RelayedReports {
  readonly #id: string;
  readonly #stopwatch: () => number;
  readonly #gateways = new Map<string, Known>();
  #observed: Observed = NOTHING_OBSERVED;
  /** What any gateway has seen since the last report, by kind; null: none could tell. */
  #alarms: Map<string, SeenAlarm> | null = null;
  /** Who has the room on a console since the last report, by their ids. */
  #operators = new Map<string, SeenOperator>();
  #seq = 0;
  /** A report that the room has not acknowledged: it is sent again under its number, so that it counts once. */
  #pending: Report | null = null;
  #arrivedAt: number | null = null;

  constructor(id: string, stopwatch: () => number) {
    this.#id = id;
    this.#stopwatch = stopwatch;
  }

  /** A repeated report, whose response was lost, counts once. */
  take({ gateway, seq, version, observed, alarms, operators = [] }: Report): void {
    const known = this.#gateways.get(gateway);
    if (known === undefined || seq > known.seq) this.#observed = sum(this.#observed, observed);
    else if (seq < known.seq) return;
    if (alarms !== undefined) {
      this.#alarms ??= new Map();
      for (const alarm of alarms) this.#alarms.set(alarm.kind, alarm);
    }
    for (const operator of operators) this.#operators.set(operator.id, operator);
    // Set again, so that the order is that of the last reports.
    this.#gateways.delete(gateway);
    this.#gateways.set(gateway, { seq, version, at: this.#stopwatch() });
    if (this.#gateways.size <= GATEWAYS_MAX) return;
    for (const oldest of this.#gateways.keys()) {
      this.#gateways.delete(oldest);
      return;
    }
  }

  /** The report for the next read of the room; null: no gateway has reported lately, and nothing is to be told. */
  next(): Report | null {
    const now = this.#stopwatch();
    const elapsed = this.#arrivedAt === null ? {} : { elapsedMs: Math.round(now - this.#arrivedAt) };
    const within = (ms: number) => [...this.#gateways.values()].filter(({ at }) => now - at <= ms);
    const gateways = within(HISTORY_BUCKET_MS).length;
    const answering = within(VIEW_STALE_MS_MAX);
    const version = Math.min(...answering.map((known) => known.version));
    if (answering.length === 0) return null;
    if (this.#pending === null) {
      this.#seq++;
      this.#pending = {
        kind: 'report',
        gateway: this.#id,
        seq: this.#seq,
        version,
        gateways,
        observed: this.#observed,
        ...(this.#alarms === null ? {} : { alarms: [...this.#alarms.values()] }),
        ...(this.#operators.size === 0 ? {} : { operators: [...this.#operators.values()] }),
      };
      this.#alarms = null;
      this.#operators = new Map();
      this.#observed = NOTHING_OBSERVED;
    }
    return { ...this.#pending, version, gateways, ...elapsed };
  }

  /** @param sentAt when the report was sent that has arrived */
  arrived(sentAt: number): void {
    this.#pending = null;
    this.#arrivedAt = sentAt;
  }
}
