// The four numbers of the dashboard, large enough to read from across the room, each with its limit and its last 15 minutes. A
// number that is not known is not shown.

import type { Bucket, Live } from '../../worker/contract/operator-api.ts';
import { isBeforeOpening } from '../actions.ts';
import { BUCKET_MS, closedOf, perMinute, since } from '../buckets.ts';
import type { ConsoleState } from '../console-state.ts';
import { formatCount, formatPercent, waitSpan } from '../number-format.ts';
import type { RoomSnapshot } from '../watch.ts';
import { isStale } from './snapshot-age.ts';

const TREND_MS = 15 * 60_000;
const BUCKETS_PER_MINUTE = 60_000 / BUCKET_MS;

export function Numbers({ state, snapshot, live }: { state: ConsoleState; snapshot: RoomSnapshot; live: Live }) {
  const t = state.strings.numbers;
  const asOf = Date.parse(live.asOf);
  const rate = (name: 'arrived' | 'called' | 'admitted' | 'exempt') => perMinute(snapshot.buckets, name, asOf);
  const [arrived, called, admitted] = [rate('arrived'), rate('called'), rate('admitted')];
  const exempt = rate('exempt') ?? 0;
  const recent = closedOf(since(snapshot.buckets, asOf - TREND_MS), asOf);
  const trend = (of: (bucket: Bucket) => number) => <Trend state={state} buckets={recent} of={of} />;
  const isBefore = isBeforeOpening(live.state) || live.state === 'drawing';
  const { inForce, health } = live;
  const free = inForce.totalActiveUsers - live.active;
  return (
    <section class={isStale(state, snapshot) ? 'numbers stale' : 'numbers'}>
      <Tile
        kind="waiting"
        label={isBefore ? t.entered : t.waiting}
        value={formatCount(live.waiting)}
        notes={[
          isBefore ? null : t.waitNow(waitSpan(live.waitSeconds)),
          live.stock &&
            t.stock(live.stock.remaining ?? t.stockChecking, state.format.time(Date.parse(live.stock.asOf))),
        ]}
        trend={trend(({ waiting }) => waiting)}
      />
      <Tile
        kind="admitted"
        label={t.admitted}
        value={admitted === null ? null : formatCount(admitted)}
        unknown={t.unknown}
        limit={t.ofLimit(inForce.newUsersPerMinute)}
        share={admitted === null ? null : admitted / inForce.newUsersPerMinute}
        notes={[
          inForce.newUsersPerMinute < live.newUsersPerMinute ? t.setTo(live.newUsersPerMinute) : null,
          called === null || isBefore ? null : t.called(called),
          live.outstanding > 0 ? t.outstanding(live.outstanding) : null,
          live.standby > 0 ? t.standby(live.standby) : null,
          live.showShare === null ? null : t.show(formatPercent(live.showShare)),
        ]}
        trend={trend((bucket) => bucket.admitted * BUCKETS_PER_MINUTE)}
      />
      <Tile
        kind="inside"
        label={t.inside}
        value={formatCount(live.active)}
        limit={t.ofLimit(inForce.totalActiveUsers)}
        share={live.active / inForce.totalActiveUsers}
        notes={[
          free >= 0 ? t.free(free) : t.overLimit(-free),
          health.peopleFound === null || inForce.totalActiveUsers >= live.totalActiveUsers
            ? null
            : t.carries(health.peopleFound),
        ]}
        trend={trend(({ active }) => active)}
      />
      <Tile
        kind="arrived"
        label={t.arrived}
        value={formatCount(live.arrived)}
        notes={[
          live.expectedVisitors === null ? null : t.expected(live.expectedVisitors),
          arrived === null ? null : t.perMinute(arrived),
          exempt === 0 ? null : t.exempt(exempt),
        ]}
        trend={trend((bucket) => bucket.arrived * BUCKETS_PER_MINUTE)}
      />
    </section>
  );
}

interface TileProps {
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

/** The gauge changes colour above this share of a limit. */
const NEAR_LIMIT = 0.95;

function Tile({ kind, label, value, unknown = '', limit = '', share, notes, trend }: TileProps) {
  return (
    <div class="tile" data-kind={kind}>
      <h2>{label}</h2>
      <p class="value">
        {value === null ? <span class="unknown">{unknown}</span> : <b>{value}</b>}
        {limit === '' ? null : <small>{limit}</small>}
      </p>
      {share === undefined ? (
        <div key="no-gauge" class="no-gauge" />
      ) : (
        <div key="gauge" class={(share ?? 0) >= NEAR_LIMIT ? 'gauge near' : 'gauge'}>
          <i style={{ width: `${Math.min(100, (share ?? 0) * 100).toFixed(1)}%` }} />
        </div>
      )}
      {trend}
      <p class="notes">
        {notes
          .filter((note) => note !== null)
          .map((note) => (
            <span key={note}>{note}</span>
          ))}
      </p>
    </div>
  );
}

const TREND_WIDTH = 120;
const TREND_HEIGHT = 28;

interface TrendProps {
  state: ConsoleState;
  buckets: readonly Bucket[];
  of(bucket: Bucket): number;
}

function Trend({ state, buckets, of }: TrendProps) {
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
  return (
    <div class="trend" key="trend">
      <svg
        viewBox={`0 0 ${TREND_WIDTH} ${TREND_HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={state.strings.numbers.trend(of(first), of(last))}
      >
        <path class="under" d={`M0 ${TREND_HEIGHT}L${points.join('L')}L${TREND_WIDTH} ${TREND_HEIGHT}Z`} />
        <path class="line" d={`M${points.join('L')}`} />
      </svg>
    </div>
  );
}
