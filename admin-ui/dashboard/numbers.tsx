// The four numbers that matter, large enough to be read from across the room, each with where it comes from and where it
// goes. A number that is not known is not shown.

import type { Bucket, Live } from '../../worker/contract/operator-api.ts';
import { BUCKET_MS, closedOf, perMinute, since } from '../buckets.ts';
import type { Desk } from '../console-state.ts';
import { waitSpan } from '../number-format.ts';
import type { Watched } from '../watch.ts';
import { isStale } from './dashboard.tsx';

const TREND_MS = 15 * 60_000;

export function Numbers({ desk, seen, live }: { desk: Desk; seen: Watched; live: Live }) {
  const w = desk.words.numbers;
  const { figures } = desk;
  const asOf = Date.parse(live.asOf);
  const rate = (name: 'arrived' | 'called' | 'admitted') => perMinute(seen.buckets, name, asOf);
  const [arrived, called, admitted] = [rate('arrived'), rate('called'), rate('admitted')];
  const recent = closedOf(since(seen.buckets, asOf - TREND_MS), asOf);
  const isBefore = live.state === 'scheduled' || live.state === 'prequeue' || live.state === 'drawing';
  const free = live.totalActiveUsers - live.active;
  const span = waitSpan(live.waitSeconds);
  const wait = isBefore ? null : span.kind === 'unknown' ? w.waitUnknown : w.waitNow(desk.words.wait(span));
  return (
    <section class={isStale(desk, seen) ? 'numbers stale' : 'numbers'}>
      <Figure
        kind="waiting"
        label={isBefore ? w.entered : w.waiting}
        value={figures.count(live.waiting)}
        notes={[
          wait,
          live.stock && w.stock(figures.count(live.stock.remaining), figures.second(Date.parse(live.stock.asOf))),
        ]}
        trend={<Trend desk={desk} buckets={recent} of={({ waiting }) => waiting} />}
      />
      <Figure
        kind="admitted"
        label={w.admitted}
        value={admitted === null ? null : figures.count(admitted)}
        unknown={w.unknown}
        limit={w.ofLimit(figures.count(live.newUsersPerMinute))}
        share={admitted === null ? null : admitted / live.newUsersPerMinute}
        notes={[
          called === null || isBefore ? null : w.called(figures.count(called)),
          live.outstanding > 0 ? w.outstanding(figures.count(live.outstanding)) : null,
          live.standby > 0 ? w.standby(figures.count(live.standby)) : null,
          live.showShare === null ? null : w.show(figures.percent(live.showShare)),
        ]}
        trend={<Trend desk={desk} buckets={recent} of={(bucket) => bucket.admitted * (60_000 / BUCKET_MS)} />}
      />
      <Figure
        kind="inside"
        label={w.inside}
        value={figures.count(live.active)}
        limit={w.ofLimit(figures.count(live.totalActiveUsers))}
        share={live.active / live.totalActiveUsers}
        notes={[free >= 0 ? w.places(figures.count(free)) : w.overLimit(figures.count(-free))]}
        trend={<Trend desk={desk} buckets={recent} of={({ active }) => active} />}
      />
      <Figure
        kind="arrived"
        label={w.arrived}
        value={figures.count(live.arrived)}
        notes={[
          live.expectedVisitors === null ? null : w.expected(figures.count(live.expectedVisitors)),
          arrived === null ? null : w.perMinute(figures.count(arrived)),
        ]}
        trend={<Trend desk={desk} buckets={recent} of={(bucket) => bucket.arrived * (60_000 / BUCKET_MS)} />}
      />
    </section>
  );
}

interface FigureProps {
  kind: string;
  label: string;
  /** null: not known. */
  value: string | null;
  unknown?: string;
  limit?: string;
  /** Of the limit; null: not known. */
  share?: number | null;
  notes: (string | null)[];
  trend: unknown;
}

/** Above this share a limit is close enough to be seen at a glance. */
const NEAR = 0.95;

function Figure({ kind, label, value, unknown = '', limit = '', share, notes, trend }: FigureProps) {
  const said = notes.filter((note) => note !== null);
  return (
    <div class="figure" data-kind={kind}>
      <h2>{label}</h2>
      <p class="value">
        {value === null ? <span class="unknown">{unknown}</span> : <b>{value}</b>}
        {limit === '' ? null : <small>{limit}</small>}
      </p>
      {share === undefined ? (
        <div key="rule" class="rule" />
      ) : (
        <div key="gauge" class={(share ?? 0) >= NEAR ? 'gauge near' : 'gauge'}>
          <i style={{ width: `${Math.min(100, (share ?? 0) * 100).toFixed(1)}%` }} />
        </div>
      )}
      {trend}
      <p class="notes">
        {said.map((note) => (
          <span key={note}>{note}</span>
        ))}
      </p>
    </div>
  );
}

const TREND_WIDTH = 120;
const TREND_HEIGHT = 28;

function Trend({ desk, buckets, of }: { desk: Desk; buckets: readonly Bucket[]; of(bucket: Bucket): number }) {
  const w = desk.words.numbers;
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined || buckets.length < 2) return <div class="trend" key="none" />;
  const values = buckets.map(of);
  const top = Math.max(1, ...values);
  const from = Date.parse(first.at);
  const span = Math.max(1, Date.parse(last.at) - from);
  const points = buckets.map((bucket, index) => {
    const x = ((Date.parse(bucket.at) - from) / span) * TREND_WIDTH;
    const y = TREND_HEIGHT - 1 - ((values[index] ?? 0) / top) * (TREND_HEIGHT - 2);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  const text = w.fromTo(desk.figures.count(values[0] ?? 0), desk.figures.count(values.at(-1) ?? 0));
  return (
    <div class="trend" key="trend">
      <svg
        viewBox={`0 0 ${TREND_WIDTH} ${TREND_HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={w.trend(text)}
      >
        <path class="under" d={`M0 ${TREND_HEIGHT}L${points.join('L')}L${TREND_WIDTH} ${TREND_HEIGHT}Z`} />
        <path class="line" d={`M${points.join('L')}`} />
      </svg>
    </div>
  );
}
