// The course of the evening: small charts over one time axis with one cursor, and the moments of every change marked on all
// of them. For whoever cannot see lines, the same numbers stand in a table.

import { useRef, useState } from 'hono/jsx/dom';
import type { AuditRecord } from '../../worker/contract/operator-api.ts';
import { since } from '../buckets.ts';
import { kindOf, tellShort } from '../changes.ts';
import type { Desk } from '../console-state.ts';
import { useEffect } from '../parts/effect.ts';
import { type Column, type Columns, columnsOf, isSilent, REASONS } from '../series.ts';
import type { Watched } from '../watch.ts';
import { AXIS_WIDTH_REM, Chart, type Line, milliseconds } from './chart.tsx';

const RANGES = { quarter: 15 * 60_000, hour: 3_600_000, sixHours: 6 * 3_600_000, all: 48 * 3_600_000 } as const;
type Range = keyof typeof RANGES;

/** About as many as a chart has pixels across: more often than this nothing would look different. */
const STEPS = 900;

/** Less than this is no course yet. */
const SPAN_SECONDS_MIN = 120;

/** Marks closer than this to the one before are drawn with it: their numbers would lie on each other. */
const MARKS_APART_PX = 26;

/** Before it has been drawn once. */
const RAIL_AT_FIRST_PX = 600;

/** Rows of the table: five minutes. */
const TABLE_ROWS = 30;

export function Charts({ desk, seen }: { desk: Desk; seen: Watched }) {
  const w = desk.words.charts;
  const range = desk.draft<Range>('charts/range', 'quarter');
  const [at, setAt] = useState<number | null>(null);
  const asOf = Date.parse(seen.live?.asOf ?? '') || 0;
  // Moved on by what can be seen: a second on a quarter of an hour, minutes on two days.
  const grain = RANGES[range] / 1000 / STEPS;
  const to = Math.ceil(Math.max(asOf, desk.now) / 1000 / grain) * grain;
  // A history that is shorter than the time asked for fills the charts nevertheless.
  const first = Date.parse(seen.buckets[0]?.at ?? '') / 1000;
  const whole = to - RANGES[range] / 1000;
  const from = first > whole ? Math.min(first, to - SPAN_SECONDS_MIN) : whole;
  const buckets = since(seen.buckets, from * 1000 - 10_000);
  const columns = columnsOf(buckets, seen.boundsMs, asOf);
  const records = seen.records.filter((record) => isMark(record) && Date.parse(record.at) >= from * 1000);

  useEffect(() => {
    void desk.watch?.reachBack(asOf - RANGES[range]);
  }, [range, asOf === 0]);

  const span: [number, number] = [from, to];
  const opening = Date.parse(seen.live?.opensAt ?? '') / 1000;
  const shared = { desk, at, onAt: setAt, span, marks: records.map((record) => Date.parse(record.at) / 1000), opening };
  const isRead = seen.historyFromMs !== null && seen.historyFromMs <= from * 1000 + 60_000;
  return (
    <section class="card charts" aria-labelledby="charts-title" key="charts">
      <div class="charts-head">
        <h2 id="charts-title">{w.title}</h2>
        <fieldset class="choice" aria-label={w.range}>
          {(Object.keys(RANGES) as Range[]).map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={one === range ? 'true' : 'false'}
              onClick={() => desk.type('charts/range', one)}
            >
              {w.ranges[one]}
            </button>
          ))}
        </fieldset>
      </div>
      {isRead ? null : (
        <p class="note" key="reading">
          {w.reading}
        </p>
      )}
      {columns.at.length < 2 ? (
        <p class="note" key="empty">
          {w.empty}
        </p>
      ) : (
        <div class="plots" key="plots">
          <Marks desk={desk} records={records} span={span} />
          {plots(desk, columns, seen.boundsMs).map(({ key, title, unit, lines, kind, format }) => (
            <Chart
              {...shared}
              {...{ title, unit, lines, kind, format }}
              key={key}
              times={columns.at}
              isLast={key === 'errors'}
            />
          ))}
        </div>
      )}
      {columns.at.length < 2 ? null : <Table desk={desk} columns={columns} />}
    </section>
  );
}

interface Plot {
  key: string;
  title: string;
  unit: string;
  kind: 'area' | 'line' | 'steps';
  lines: Line[];
  format(value: number): string;
}

function plots(desk: Desk, columns: Columns, boundsMs: readonly number[]): Plot[] {
  const w = desk.words.charts;
  const count = (value: number) => desk.figures.count(Math.round(value));
  const lastMs = boundsMs.at(-1) ?? 0;
  const within = (ms: number) => (ms > lastMs ? w.beyond(milliseconds(lastMs)) : w.within(milliseconds(ms)));
  const line = (name: string, colour: string, values: Column, more: Partial<Line> = {}): Line => ({
    ...{ name, colour, values, isLimit: false, dash: [] },
    ...more,
  });
  const limit = (values: Column) => line(w.limit, '--c-limit', values, { isLimit: true, dash: [5, 4] });
  const DASHES = { noAdmission: [], badToken: [8, 3], prefetch: [2, 3], tooOften: [5, 2], crossSite: [10, 3, 2, 3] };
  const COLOURS = {
    noAdmission: '--c-stop',
    badToken: '--c-wait',
    prefetch: '--c-soft',
    tooOften: '--c-calm',
    crossSite: '--c-violet',
  };
  // Only where rooms lie in a store that gateways share; meeting there is usual, asking again is worth a look.
  const store: Plot = {
    ...{ key: 'store', title: w.store, unit: w.per10, kind: 'line', format: count },
    lines: [
      line(w.conflicts, '--c-soft', columns.conflicts),
      line(w.retries, '--c-wait', columns.retries, { dash: [6, 3] }),
    ],
  };
  const refused = REASONS.filter((reason) => !isSilent(columns.refused[reason]));
  return [
    {
      key: 'arrived',
      title: w.arrived,
      unit: w.per10,
      kind: 'area',
      format: count,
      lines: [line(w.arrived, '--c-calm', columns.arrived)],
    },
    {
      ...{ key: 'admitted', title: w.admitted, unit: w.per10, kind: 'area', format: count },
      lines: [line(w.admitted, '--c-go', columns.admitted), limit(columns.rateLimit)],
    },
    {
      key: 'waiting',
      title: w.waiting,
      unit: '',
      kind: 'area',
      format: count,
      lines: [line(w.waiting, '--c-violet', columns.waiting)],
    },
    {
      ...{ key: 'active', title: w.active, unit: '', kind: 'area', format: count },
      lines: [line(w.active, '--c-go', columns.active), limit(columns.activeLimit)],
    },
    {
      ...{ key: 'refused', title: w.refused, unit: w.per10, kind: 'line', format: count },
      lines: refused.map((reason) =>
        line(w.reasons[reason], COLOURS[reason], columns.refused[reason], { dash: DASHES[reason] }),
      ),
    },
    {
      ...{ key: 'latency', title: w.latency, unit: '', kind: 'steps', format: within },
      lines: isSilent(columns.median)
        ? []
        : [line(w.median, '--c-go', columns.median), line(w.p95, '--c-wait', columns.p95, { dash: [6, 3] })],
    },
    ...(isSilent(columns.conflicts, columns.retries) ? [] : [store]),
    {
      ...{ key: 'errors', title: w.errors, unit: w.per10, kind: 'line', format: count },
      lines: isSilent(columns.errors, columns.unreachable)
        ? []
        : [
            line(w.errors, '--c-stop', columns.errors),
            line(w.unreachable, '--c-wait', columns.unreachable, { dash: [6, 3] }),
          ],
    },
  ];
}

/** What moves the lines; signing in and looking at the site do not. */
function isMark({ action }: AuditRecord): boolean {
  const kind = kindOf(action);
  return kind === 'flow' || kind === 'limits' || kind === 'schedule' || kind === 'message' || action === 'revokeAll';
}

/** The changes above the charts: a flag at its moment, and what it says when it is pointed at or reached by keyboard. */
function Marks({ desk, records, span }: { desk: Desk; records: AuditRecord[]; span: [number, number] }) {
  const w = desk.words.charts;
  const rail = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const width = rail.current?.clientWidth || RAIL_AT_FIRST_PX;
  const [from, to] = span;
  const flags: { x: number; records: AuditRecord[] }[] = [];
  for (const record of records) {
    // The gateway may be a moment ahead of the last numbers.
    const x = Math.min(1, (Date.parse(record.at) / 1000 - from) / (to - from)) * width;
    const last = flags.at(-1);
    if (last !== undefined && x - last.x < MARKS_APART_PX) last.records.push(record);
    else flags.push({ x, records: [record] });
  }
  const said = flags.find(({ records: [first] }) => first?.seq === chosen) ?? flags.at(-1);
  const tell = (record: AuditRecord) =>
    w.mark(
      desk.figures.second(Date.parse(record.at)),
      `${record.by.name} · ${tellShort(record, desk.words, desk.figures)}`,
    );
  return (
    <div class="marks">
      <p class="marks-said">{said === undefined ? '' : tell(said.records.at(-1) as AuditRecord)}</p>
      <div class="rail" ref={rail} style={{ 'margin-inline-start': `${AXIS_WIDTH_REM}rem` }}>
        {flags.map((flag) => {
          const seq = flag.records[0]?.seq ?? 0;
          return (
            <button
              type="button"
              class={said === flag ? 'flag chosen' : 'flag'}
              key={String(seq)}
              style={{ left: `${((flag.x / width) * 100).toFixed(2)}%` }}
              aria-label={flag.records.map(tell).join('; ')}
              onMouseEnter={() => setChosen(seq)}
              onFocus={() => setChosen(seq)}
              onClick={() => setChosen(seq)}
            >
              <span data-count={flag.records.length > 1 ? String(flag.records.length) : ''} />
            </button>
          );
        })}
      </div>
    </div>
  );
}

function Table({ desk, columns }: { desk: Desk; columns: Columns }) {
  const w = desk.words.charts;
  const rows = columns.at.map((_, index) => index).filter((index) => columns.waiting[index] != null);
  const cell = (column: Column, index: number) => {
    const value = column[index];
    return <td>{value == null ? '' : desk.figures.count(value)}</td>;
  };
  return (
    <details class="table" key="table">
      <summary>{w.table}</summary>
      <section class="scroll" tabindex={0} aria-label={w.table}>
        <table>
          <thead>
            <tr>
              {[w.time, w.arrived, w.admitted, w.waiting, w.active, w.errors].map((name) => (
                <th scope="col" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows
              .slice(-TABLE_ROWS)
              .reverse()
              .map((index) => (
                <tr key={String(columns.at[index])}>
                  <th scope="row">{desk.figures.second((columns.at[index] ?? 0) * 1000)}</th>
                  {cell(columns.arrived, index)}
                  {cell(columns.admitted, index)}
                  {cell(columns.waiting, index)}
                  {cell(columns.active, index)}
                  {cell(columns.errors, index)}
                </tr>
              ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
