// The numbers of a rehearsal, computed once from its event log: the terminal and the HTML report print the same ones.

import { median } from '../lib/median.ts';
import {
  type Admission,
  admissionsOf,
  audit,
  type Finding,
  fullestMoment,
  fullestWindow,
  type Limits,
  mostOvertaken,
  occupiedUntil,
  unownedPlaces,
} from './auditor.ts';
import { auditTextsEn } from './auditor-texts-en.ts';
import {
  ATTEMPTS,
  type Attempt,
  type AttemptKind,
  type EventLog,
  REQUESTS,
  type RequestKind,
  type VisitorEnd,
  type VisitorRecord,
} from './event-log.ts';

export interface Figures {
  findings: Finding[];
  /** Of the whole rehearsal: the worst of its findings. */
  verdict: Finding['verdict'];
  opensAt: number;
  endedAt: number;
  ended: EventLog['ended'];
  visitors: {
    planned: number;
    arrivedBefore: number;
    arrivedAfter: number;
    ends: Record<VisitorEnd, number>;
    lostJoining: number;
    lostClaiming: number;
    twoTabs: number;
    entered: number;
    unownedPlaces: number;
  };
  limits: {
    newUsersPerMinute: number;
    /** Whether the rate limit came from the command line; otherwise from the boards. */
    isRateGiven: boolean;
    totalActiveUsers: number | null;
    tenSeconds: { most: number; limit: number } | null;
    minute: { most: number; limit: number } | null;
    mostAtOnce: number;
    /** Admissions beyond any of the limits; 0 without admissions. */
    overshoot: number;
    /** Share of the rate that was used while visitors waited; null where no visitor waited. */
    rateUsed: number | null;
    /** Share of that time in which nearly all capacity was occupied, so that it and not the rate was the limit. */
    timeFull: number | null;
  };
  order: { admitted: number; mostOvertakenBy: number };
  waits: {
    /** The first waiting time that each visitor was shown, and the actual one. */
    estimates: WaitEstimate[];
    inRange: number;
    sooner: number;
    later: number;
    /** Upper bound of the estimate divided by its lower bound, the median: 1 is exact, 10 says little. */
    width: number;
    calledToInside: { median: number; p99: number } | null;
  };
  attempts: AttemptRow[];
  requests: RequestRow[];
  /** The longest time without any response of the gateway. */
  silentMs: number;
  series: Series;
  /** How well the rehearsal itself kept up. */
  generator: { isOnTime: boolean; usualMs: number; worstMs: number; socketMs: number; connections: number };
}

export interface WaitEstimate {
  /** When it was shown. */
  at: number;
  low: number;
  high: number;
  /** Seconds until the position was called. */
  actual: number;
}

export interface AttemptRow {
  kind: AttemptKind;
  tried: number;
  refused: number;
  bypassed: number;
  noResponse: number;
  /** Not counted as tried: the gateway had just called the visitor. */
  admitted: number;
}

export interface RequestRow {
  kind: RequestKind;
  responses: number;
  median: number | null;
  p99: number | null;
  serverErrors: number;
  rateLimited: number;
  unexpected: number;
  noResponse: number;
}

export interface Series {
  from: number;
  binMs: number;
  bins: {
    arrivals: number;
    admissions: number;
    /** At the end of the bin. */
    waiting: number;
    inside: number;
  }[];
  /** Positions issued and not yet called, and sessions, as the boards showed them. */
  boards: { at: number; uncalled: number; active: number }[];
  latency: { at: number; median: number; p99: number }[];
}

/** An estimate is in whole seconds and comes from a board up to two seconds old; this much difference does not count. */
export const ESTIMATE_TOLERANCE_SECONDS = 5;

/** The last vacancies belong to visitors who are called and have not claimed yet. */
const NEARLY_FULL = 0.95;

/** Bins over the whole time: fine enough to see the rush, few enough for a table. */
const BIN_LENGTHS_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000];
const BINS_MAX = 90;

/** The load generator counts as on time within this: less than the shortest time between two polls. */
const LATE_MS_MAX = 500;

export function figuresOf(log: EventLog, limits: Limits, says = auditTextsEn): Figures {
  const { visitors, boards } = log;
  const findings = audit(log, limits, says);
  const admissions = admissionsOf(visitors);
  const opensAt = boards.at(-1)?.opensAt ?? log.startedAt;
  return {
    findings,
    verdict: worstVerdict(findings),
    opensAt,
    endedAt: log.endedAt,
    ended: log.ended,
    visitors: visitorsOf(log, opensAt),
    limits: limitsOf(log, admissions, limits),
    order: { admitted: admissions.length, mostOvertakenBy: mostOvertaken(admissions, 'all')?.by ?? 0 },
    waits: waitsOf(log),
    attempts: attemptsOf(log),
    requests: requestsOf(log),
    silentMs: log.traffic.silentMs,
    series: seriesOf(log, admissions),
    generator: generatorOf(log),
  };
}

function worstVerdict(findings: readonly Finding[]): Finding['verdict'] {
  const order = ['failed', 'inconclusive'] as const;
  return order.find((worst) => findings.some(({ verdict }) => verdict === worst)) ?? 'passed';
}

function visitorsOf(log: EventLog, opensAt: number): Figures['visitors'] {
  const { visitors } = log;
  const ends: Record<VisitorEnd, number> = {
    notArrived: 0,
    neverCameBack: 0,
    leftLine: 0,
    visited: 0,
    expired: 0,
    lapsed: 0,
    turnedAway: 0,
    noResponse: 0,
    waiting: 0,
    inside: 0,
  };
  for (const { end } of visitors) ends[end]++;
  const count = (isCounted: (visitor: VisitorRecord) => boolean) => visitors.filter(isCounted).length;
  return {
    planned: visitors.length,
    arrivedBefore: count(({ arrivedAt }) => arrivedAt !== null && arrivedAt < opensAt),
    arrivedAfter: count(({ arrivedAt }) => arrivedAt !== null && arrivedAt >= opensAt),
    ends,
    lostJoining: count(({ lostJoins }) => lostJoins > 0),
    lostClaiming: count(({ lostClaims }) => lostClaims > 0),
    twoTabs: count(({ tabs, places }) => tabs === 2 && places.length > 0),
    entered: count(({ insideAt }) => insideAt !== null),
    unownedPlaces: unownedPlaces(log),
  };
}

function limitsOf(log: EventLog, admissions: readonly Admission[], limits: Limits): Figures['limits'] {
  const { boards, clockAccuracyMs } = log;
  const newUsersPerMinute = limits.newUsersPerMinute ?? boards.at(-1)?.newUsersPerMinute ?? 0;
  const tenSeconds = fullestWindow(admissions, 10_000, boards, limits);
  const minute = fullestWindow(admissions, 60_000, boards, limits);
  const mostAtOnce = fullestMoment(admissions, clockAccuracyMs)?.count ?? 0;
  const { totalActiveUsers } = limits;
  const over = [
    tenSeconds === null ? 0 : tenSeconds.count - tenSeconds.limit,
    minute === null ? 0 : minute.count - minute.limit,
    totalActiveUsers === null ? 0 : mostAtOnce - totalActiveUsers,
  ];
  return {
    newUsersPerMinute,
    isRateGiven: limits.newUsersPerMinute !== null,
    totalActiveUsers,
    tenSeconds: tenSeconds && { most: tenSeconds.count, limit: tenSeconds.limit },
    minute: minute && { most: minute.count, limit: minute.limit },
    mostAtOnce,
    overshoot: Math.max(0, ...over),
    ...utilizationOf(log, admissions, limits),
  };
}

/** The use of the rate between boards that showed positions not yet called. */
function utilizationOf({ boards }: EventLog, admissions: readonly Admission[], { totalActiveUsers }: Limits) {
  let possible = 0;
  let used = 0;
  let ms = 0;
  let fullMs = 0;
  let next = 0;
  for (const [index, board] of boards.entries()) {
    const after = boards[index + 1];
    if (after === undefined) break;
    while (next < admissions.length && (admissions[next]?.admitAt ?? 0) < board.asOf) next++;
    if (board.state !== 'open' || board.issued <= board.called || after.issued <= after.called) continue;
    const stretch = after.asOf - board.asOf;
    ms += stretch;
    possible += (stretch * board.newUsersPerMinute) / 60_000;
    if (totalActiveUsers !== null && board.active >= NEARLY_FULL * totalActiveUsers) fullMs += stretch;
    for (; next < admissions.length && (admissions[next]?.admitAt ?? 0) < after.asOf; next++) used++;
  }
  if (possible < 1) return { rateUsed: null, timeFull: null };
  return { rateUsed: used / possible, timeFull: totalActiveUsers === null ? null : fullMs / ms };
}

function waitsOf({ visitors, boards }: EventLog): Figures['waits'] {
  const estimates: WaitEstimate[] = [];
  const toInside: number[] = [];
  const positions = visitors
    .flatMap((visitor) => {
      const position = visitor.sessions[0]?.position ?? visitor.places.findLast((place) => place.position)?.position;
      return position == null ? [] : [{ visitor, position }];
    })
    .sort((a, b) => a.position - b.position);
  let next = 0;
  for (const { visitor, position } of positions) {
    while (next < boards.length && (boards[next]?.called ?? 0) < position) next++;
    const board = boards[next];
    if (board === undefined) break;
    const { estimate, insideAt, arrivedAt } = visitor;
    if (estimate !== null) estimates.push({ ...estimate, actual: Math.max(0, board.asOf - estimate.at) / 1000 });
    if (insideAt !== null) toInside.push(Math.max(0, insideAt - Math.max(board.asOf, arrivedAt ?? 0)) / 1000);
  }
  toInside.sort((a, b) => a - b);
  const sooner = estimates.filter(({ low, actual }) => actual < low - ESTIMATE_TOLERANCE_SECONDS).length;
  const later = estimates.filter(({ high, actual }) => actual > high + ESTIMATE_TOLERANCE_SECONDS).length;
  const at = (share: number) => toInside[Math.min(toInside.length - 1, Math.floor(toInside.length * share))] ?? 0;
  return {
    estimates,
    inRange: estimates.length - sooner - later,
    sooner,
    later,
    width: estimates.length === 0 ? 1 : median(estimates.map(({ low, high }) => high / Math.max(1, low))),
    calledToInside: toInside.length === 0 ? null : { median: at(0.5), p99: at(0.99) },
  };
}

function attemptsOf({ attempts }: EventLog): AttemptRow[] {
  return (Object.keys(ATTEMPTS) as AttemptKind[]).flatMap((kind) => {
    const made = attempts.filter((attempt) => attempt.kind === kind);
    const count = (outcome: Attempt['outcome']) => made.filter((attempt) => attempt.outcome === outcome).length;
    if (made.length === 0) return [];
    const admitted = count('admitted');
    const counts = { refused: count('refused'), bypassed: count('bypassed'), noResponse: count('noResponse') };
    return [{ kind, tried: made.length - admitted, ...counts, admitted }];
  });
}

function requestsOf({ traffic }: EventLog): RequestRow[] {
  return (Object.keys(REQUESTS) as RequestKind[]).map((kind) => {
    const { responses, ...failures } = traffic.kinds[kind];
    const [p50, p99] = [responses.percentile(0.5), responses.percentile(0.99)];
    return { kind, responses: responses.count, median: p50, p99, ...failures };
  });
}

function seriesOf(log: EventLog, admissions: readonly Admission[]): Series {
  const { visitors, boards, traffic, endedAt, clockAccuracyMs } = log;
  const arrivals = visitors.flatMap(({ arrivedAt }) => (arrivedAt === null ? [] : [arrivedAt]));
  const from = Math.floor(Math.min(endedAt, ...arrivals) / 1_000) * 1_000;
  const length = Math.max(1_000, endedAt - from);
  const binMs = BIN_LENGTHS_MS.find((ms) => length / ms <= BINS_MAX) ?? Math.ceil(length / BINS_MAX);
  const bins = Array.from({ length: Math.ceil(length / binMs) }, () => ({
    arrivals: 0,
    admissions: 0,
    waiting: 0,
    inside: 0,
  }));
  const binAt = (at: number) => bins[Math.min(bins.length - 1, Math.max(0, Math.floor((at - from) / binMs)))];
  const add = (at: number, field: keyof (typeof bins)[number], by: number) => {
    const bin = binAt(at);
    if (bin !== undefined) bin[field] += by;
  };
  for (const { arrivedAt, insideAt, endedAt: goneAt } of visitors) {
    if (arrivedAt === null) continue;
    add(arrivedAt, 'arrivals', 1);
    add(arrivedAt, 'waiting', 1);
    const until = insideAt ?? goneAt;
    if (until !== null) add(until, 'waiting', -1);
  }
  for (const admission of admissions) {
    if (admission.admitAt >= from && admission.admitAt <= endedAt) add(admission.admitAt, 'admissions', 1);
    const until = occupiedUntil(admission, clockAccuracyMs);
    add(admission.admitAt, 'inside', 1);
    if (until < endedAt) add(until, 'inside', -1);
  }
  for (const [index, bin] of bins.entries()) {
    bin.waiting += bins[index - 1]?.waiting ?? 0;
    bin.inside += bins[index - 1]?.inside ?? 0;
  }
  return {
    from,
    binMs,
    bins,
    boards: boards
      .filter(({ asOf }) => asOf >= from && asOf <= endedAt)
      .map(({ asOf, state, issued, called, entries, active }) => {
        const before = state === 'prequeue' || state === 'scheduled' || state === 'drawing';
        return { at: asOf, uncalled: (before ? entries : issued) - called, active };
      }),
    latency: traffic.slices.flatMap((slice, index) => {
      const [p50, p99] = [slice.percentile(0.5), slice.percentile(0.99)];
      const at = log.startedAt + (index + 0.5) * traffic.sliceMs;
      return p50 === null || p99 === null || at < from ? [] : [{ at: Math.min(at, endedAt), median: p50, p99 }];
    }),
  };
}

function generatorOf({ generator }: EventLog): Figures['generator'] {
  const { arrivalsLate, timersLate, socketWait, connections } = generator;
  const worstMs = Math.max(arrivalsLate.maxMs, timersLate.maxMs);
  const usualMs = Math.max(arrivalsLate.percentile(0.99) ?? 0, timersLate.percentile(0.99) ?? 0);
  const socketMs = socketWait.percentile(0.99) ?? 0;
  const isOnTime = worstMs <= LATE_MS_MAX && socketMs <= LATE_MS_MAX;
  return { isOnTime, usualMs, worstMs, socketMs, connections };
}
