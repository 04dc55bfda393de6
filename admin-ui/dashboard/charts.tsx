// The timeline: small charts over one time axis with one cursor, every change shown on all of them, and the
// same numbers as a table for readers who cannot see lines.

import { useState } from 'hono/jsx/dom';
import type { AuditRecord } from '../../worker/contract/operator-api.ts';
import { since } from '../buckets.ts';
import { kindOf } from '../changes.ts';
import type { ConsoleState } from '../console-state.ts';
import { formatCount } from '../number-format.ts';
import { useEffect } from '../parts/effect.ts';
import { type Column, type Columns, columnsOf, isAllZero, REASONS, type Reason } from '../series.ts';
import type { RoomSnapshot } from '../watch.ts';
import { ChangeMarkers } from './change-markers.tsx';
import { Chart, type ChartProps, type Line, latencyLabel } from './chart.tsx';
import { HistoryTable } from './history-table.tsx';

const RANGES = { quarter: 15 * 60_000, hour: 3_600_000, sixHours: 6 * 3_600_000, all: 48 * 3_600_000 } as const;
type Range = keyof typeof RANGES;

/** About the pixels across a chart: the axis does not move in smaller steps than one can see. */
const STEPS = 900;

/** The axis is never shorter. */
const SPAN_SECONDS_MIN = 120;

export function Charts({ state, snapshot }: { state: ConsoleState; snapshot: RoomSnapshot }) {
  const t = state.strings.charts;
  const range = state.draft<Range>('charts/range', 'quarter');
  const [cursor, setCursor] = useState<number | null>(null);
  const asOf = Date.parse(snapshot.live?.asOf ?? '') || 0;
  const stepSeconds = RANGES[range] / 1000 / STEPS;
  const to = Math.ceil(Math.max(asOf, state.now) / 1000 / stepSeconds) * stepSeconds;
  // A history shorter than the range fills the charts nevertheless.
  const first = Date.parse(snapshot.buckets[0]?.at ?? '') / 1000;
  const rangeFrom = to - RANGES[range] / 1000;
  const from = first > rangeFrom ? Math.min(first, to - SPAN_SECONDS_MIN) : rangeFrom;
  const columns = columnsOf(since(snapshot.buckets, from * 1000 - 10_000), snapshot.latencyBoundsMs, asOf);
  const changes = snapshot.records.filter((record) => isMarked(record) && Date.parse(record.at) >= from * 1000);

  useEffect(() => {
    void state.watch?.loadHistorySince(asOf - RANGES[range]);
  }, [range, asOf === 0]);

  const span: [number, number] = [from, to];
  const shared = {
    ...{ state, cursor, onCursor: setCursor, span, times: columns.at },
    changeTimes: changes.map(({ at }) => Date.parse(at) / 1000),
    opening: Date.parse(snapshot.live?.opensAt ?? '') / 1000,
  };
  const isLoaded = snapshot.historyFromMs !== null && snapshot.historyFromMs <= from * 1000 + 60_000;
  const isEmpty = columns.at.length < 2;
  return (
    <section class="card charts" aria-labelledby="charts-title" key="charts">
      <div class="charts-head">
        <h2 id="charts-title">{t.title}</h2>
        <fieldset class="choice" aria-label={t.range}>
          {(Object.keys(RANGES) as Range[]).map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={one === range ? 'true' : 'false'}
              onClick={() => state.setDraft('charts/range', one)}
            >
              {t.ranges[one]}
            </button>
          ))}
        </fieldset>
      </div>
      {isLoaded ? null : (
        <p class="note" key="loading">
          {t.loading}
        </p>
      )}
      {isEmpty ? (
        <p class="note" key="empty">
          {t.empty}
        </p>
      ) : (
        <div key="plots">
          <ChangeMarkers state={state} changes={changes} span={span} />
          {plotsOf(state, columns, snapshot.latencyBoundsMs).map(({ key, ...plot }) => (
            <Chart {...shared} {...plot} key={key} isLast={key === 'errors'} />
          ))}
        </div>
      )}
      {isEmpty ? null : <HistoryTable state={state} columns={columns} />}
    </section>
  );
}

/** Changes that move the lines; signing in, for example, does not. */
function isMarked({ action }: AuditRecord): boolean {
  const kind = kindOf(action);
  return kind === 'flow' || kind === 'limits' || kind === 'schedule' || kind === 'message' || action === 'revokeAll';
}

type Plot = { key: string } & Pick<ChartProps, 'title' | 'unit' | 'kind' | 'lines' | 'formatValue'>;

const REASON_STYLES: Record<Reason, Pick<Line, 'colour' | 'dash'>> = {
  noAdmission: { colour: '--c-stop', dash: [] },
  badToken: { colour: '--c-wait', dash: [8, 3] },
  prefetch: { colour: '--c-soft', dash: [2, 3] },
  tooOften: { colour: '--c-calm', dash: [5, 2] },
  crossSite: { colour: '--c-violet', dash: [10, 3, 2, 3] },
};

function plotsOf(state: ConsoleState, columns: Columns, boundsMs: readonly number[]): Plot[] {
  const { charts: t, numbers } = state.strings;
  const count = (value: number) => formatCount(Math.round(value));
  const lastMs = boundsMs.at(-1) ?? 0;
  const latency = (ms: number) => (ms > lastMs ? t.beyond(latencyLabel(lastMs)) : t.within(latencyLabel(ms)));
  const line = (name: string, colour: string, values: Column, dash: number[] = []): Line => ({
    ...{ name, colour, values, dash, isLimit: false },
  });
  const limit = (values: Column): Line => ({ ...line(t.limit, '--c-limit', values, [5, 4]), isLimit: true });
  const plot = (key: string, title: string, kind: Plot['kind'], unit: string, lines: Line[]): Plot => ({
    ...{ key, title, kind, unit, lines, formatValue: kind === 'steps' ? latency : count },
  });
  const reasons = REASONS.filter((reason) => !isAllZero(columns.refused[reason]));
  return [
    plot('arrived', numbers.arrived, 'area', t.per10, [line(numbers.arrived, '--c-calm', columns.arrived)]),
    plot('admitted', t.admitted, 'area', t.per10, [
      line(t.admitted, '--c-go', columns.admitted),
      limit(columns.rateLimit),
    ]),
    plot('waiting', numbers.waiting, 'area', '', [line(numbers.waiting, '--c-violet', columns.waiting)]),
    plot('active', numbers.inside, 'area', '', [
      line(numbers.inside, '--c-go', columns.active),
      limit(columns.activeLimit),
    ]),
    plot(
      ...(['refused', t.refused, 'line', t.per10] as const),
      reasons.map((reason) => ({
        ...{ name: t.reasons[reason], values: columns.refused[reason], isLimit: false },
        ...REASON_STYLES[reason],
      })),
    ),
    plot(
      ...(['latency', t.latency, 'steps', ''] as const),
      isAllZero(columns.median)
        ? []
        : [line(t.median, '--c-go', columns.median), line(t.p95, '--c-wait', columns.p95, [6, 3])],
    ),
    // Only gateways that share a store have these. Conflicts are usual there; retries are worth a look.
    ...(isAllZero(columns.conflicts, columns.retries)
      ? []
      : [
          plot('store', t.store, 'line', t.per10, [
            line(t.conflicts, '--c-soft', columns.conflicts),
            line(t.retries, '--c-wait', columns.retries, [6, 3]),
          ]),
        ]),
    plot(
      ...(['errors', t.errors, 'line', t.per10] as const),
      isAllZero(columns.errors, columns.unreachable)
        ? []
        : [line(t.errors, '--c-stop', columns.errors), line(t.unreachable, '--c-wait', columns.unreachable, [6, 3])],
    ),
  ];
}
