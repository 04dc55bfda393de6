// The numbers of a rehearsal, worked out once from its history: the terminal and the page print the same ones.

import {
  type Admission,
  admissionsOf,
  audit,
  type Finding,
  fullestMoment,
  fullestWindow,
  heldUntil,
  type Limits,
  mostOvertaken,
  placesNobodyHolds,
} from './auditor.ts';
import {
  ATTEMPTS,
  type AttemptKind,
  type History,
  REQUESTS,
  type RequestKind,
  type VisitorEnd,
  type VisitorHistory,
} from './event-log.ts';

export interface Figures {
  findings: Finding[];
  verdict: 'kept' | 'broken' | 'unproven';
  opensAt: number;
  endedAt: number;
  ended: History['ended'];
  people: {
    planned: number;
    arrivedBefore: number;
    arrivedAfter: number;
    ends: Record<VisitorEnd, number>;
    lostJoining: number;
    lostClaiming: number;
    twoTabs: number;
    entered: number;
    placesNobodyHolds: number;
  };
  limits: {
    newUsersPerMinute: number;
    /** Whether the limit was told to the rehearsal or read from the boards. */
    toldRate: boolean;
    totalActiveUsers: number | null;
    tenSeconds: { most: number; limit: number } | null;
    minute: { most: number; limit: number } | null;
    mostAtOnce: number;
    /** Admissions beyond any of the limits; 0 where nobody was admitted. */
    overshoot: number;
    /** Share of the rate that was used while people waited; null where nobody ever waited. */
    rateUsed: number | null;
    /** Share of that time during which nearly all places were taken, so that not the rate was the limit. */
    placesFull: number | null;
  };
  order: { admitted: number; mostOvertakenBy: number };
  waits: {
    /** First range told against the call. */
    promised: PromisedWait[];
    inRange: number;
    sooner: number;
    later: number;
    /** Longest time told divided by the shortest, the median: 1 is a promise, 10 is hardly one. */
    width: number;
    calledToInside: { median: number; high: number } | null;
  };
  attempts: { kind: AttemptKind; tried: number; refused: number; through: number; unanswered: number; turns: number }[];
  requests: RequestRow[];
  /** The longest time in which the gateway answered nothing at all. */
  silentMs: number;
  series: Series;
  generator: { onTime: boolean; sentence: string };
}

export interface PromisedWait {
  /** When it was told. */
  at: number;
  low: number;
  high: number;
  /** Seconds until the number was called. */
  real: number;
}

export interface RequestRow {
  kind: RequestKind;
  answers: number;
  median: number | null;
  high: number | null;
  serverErrors: number;
  tooMany: number;
  unexpected: number;
  noAnswer: number;
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
  /** Numbers given and not yet called, and people inside, as the boards said. */
  boards: { at: number; uncalled: number; active: number }[];
  latency: { at: number; median: number; high: number }[];
}

/** A range is given in whole seconds and read from a board up to two seconds old; nobody minds being off by this. */
const PROMISE_SLACK_SECONDS = 5;

/** The last places are kept for people who have been called and are on their way. */
const NEARLY_FULL = 0.95;

/** Bins over the whole time: fine enough to see the rush, few enough for a table. */
const BIN_LENGTHS_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000];
const BINS_MAX = 90;

/** The player counts as on time within this: less than the shortest time between two polls. */
const LATE_MS_MAX = 500;

export function figuresOf(history: History, limits: Limits): Figures {
  const { visitors, boards } = history;
  const findings = audit(history, limits);
  const admissions = admissionsOf(visitors);
  const opensAt = boards.at(-1)?.opensAt ?? history.startedAt;
  return {
    findings,
    verdict: findings.some(({ verdict }) => verdict === 'broken')
      ? 'broken'
      : findings.some(({ verdict }) => verdict === 'unproven')
        ? 'unproven'
        : 'kept',
    opensAt,
    endedAt: history.endedAt,
    ended: history.ended,
    people: peopleOf(history, opensAt),
    limits: limitsOf(history, admissions, limits),
    order: { admitted: admissions.length, mostOvertakenBy: mostOvertaken(admissions, 'all')?.by ?? 0 },
    waits: waitsOf(history),
    attempts: attemptsOf(history),
    requests: requestsOf(history),
    silentMs: history.traffic.silentMs,
    series: seriesOf(history, admissions),
    generator: generatorOf(history),
  };
}

function peopleOf(history: History, opensAt: number): Figures['people'] {
  const { visitors } = history;
  const ends: Record<VisitorEnd, number> = {
    notArrived: 0,
    neverCameBack: 0,
    leftLine: 0,
    visited: 0,
    ranOut: 0,
    lapsed: 0,
    turnedAway: 0,
    unanswered: 0,
    waiting: 0,
    inside: 0,
  };
  for (const { end } of visitors) ends[end]++;
  const count = (holds: (visitor: VisitorHistory) => boolean) => visitors.filter(holds).length;
  return {
    planned: visitors.length,
    arrivedBefore: count(({ arrivedAt }) => arrivedAt !== null && arrivedAt < opensAt),
    arrivedAfter: count(({ arrivedAt }) => arrivedAt !== null && arrivedAt >= opensAt),
    ends,
    lostJoining: count(({ lostJoins }) => lostJoins > 0),
    lostClaiming: count(({ lostClaims }) => lostClaims > 0),
    twoTabs: count(({ tabs, places }) => tabs === 2 && places.length > 0),
    entered: count(({ insideAt }) => insideAt !== null),
    placesNobodyHolds: placesNobodyHolds(history),
  };
}

function limitsOf(history: History, admissions: readonly Admission[], limits: Limits): Figures['limits'] {
  const { boards, clockAccuracyMs } = history;
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
    toldRate: limits.newUsersPerMinute !== null,
    totalActiveUsers,
    tenSeconds: tenSeconds && { most: tenSeconds.count, limit: tenSeconds.limit },
    minute: minute && { most: minute.count, limit: minute.limit },
    mostAtOnce,
    overshoot: Math.max(0, ...over),
    ...useOf(history, admissions, limits),
  };
}

/** The rate that was used between boards on which numbers were still uncalled. */
function useOf({ boards }: History, admissions: readonly Admission[], { totalActiveUsers }: Limits) {
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
  if (possible < 1) return { rateUsed: null, placesFull: null };
  return { rateUsed: used / possible, placesFull: totalActiveUsers === null ? null : fullMs / ms };
}

function waitsOf({ visitors, boards }: History): Figures['waits'] {
  const promised: PromisedWait[] = [];
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
    const { told, insideAt, arrivedAt } = visitor;
    if (told !== null) {
      promised.push({ at: told.at, low: told.low, high: told.high, real: Math.max(0, board.asOf - told.at) / 1000 });
    }
    if (insideAt !== null) toInside.push(Math.max(0, insideAt - Math.max(board.asOf, arrivedAt ?? 0)) / 1000);
  }
  toInside.sort((a, b) => a - b);
  const widths = promised.map(({ low, high }) => high / Math.max(1, low)).sort((a, b) => a - b);
  const sooner = promised.filter(({ low, real }) => real < low - PROMISE_SLACK_SECONDS).length;
  const later = promised.filter(({ high, real }) => real > high + PROMISE_SLACK_SECONDS).length;
  const at = (share: number) => toInside[Math.min(toInside.length - 1, Math.floor(toInside.length * share))] ?? 0;
  return {
    promised,
    inRange: promised.length - sooner - later,
    sooner,
    later,
    width: widths[widths.length >> 1] ?? 1,
    calledToInside: toInside.length === 0 ? null : { median: at(0.5), high: at(0.99) },
  };
}

function attemptsOf({ attempts }: History): Figures['attempts'] {
  return (Object.keys(ATTEMPTS) as AttemptKind[]).flatMap((kind) => {
    const made = attempts.filter((attempt) => attempt.kind === kind);
    const count = (outcome: (typeof made)[number]['outcome']) => made.filter((one) => one.outcome === outcome).length;
    if (made.length === 0) return [];
    const turns = count('turn');
    const [refused, through, unanswered] = [count('refused'), count('through'), count('unanswered')];
    return [{ kind, tried: made.length - turns, refused, through, unanswered, turns }];
  });
}

function requestsOf({ traffic }: History): RequestRow[] {
  return (Object.keys(REQUESTS) as RequestKind[]).map((kind) => {
    const { answers, ...troubles } = traffic.kinds[kind];
    const [median, high] = [answers.percentile(0.5), answers.percentile(0.99)];
    return { kind, answers: answers.count, median, high, ...troubles };
  });
}

function seriesOf(history: History, admissions: readonly Admission[]): Series {
  const { visitors, boards, traffic, endedAt, clockAccuracyMs } = history;
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
  const add = (at: number, word: keyof (typeof bins)[number], by: number) => {
    const bin = binAt(at);
    if (bin !== undefined) bin[word] += by;
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
    const until = heldUntil(admission, clockAccuracyMs);
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
      const [median, high] = [slice.percentile(0.5), slice.percentile(0.99)];
      const at = history.startedAt + (index + 0.5) * traffic.sliceMs;
      return median === null || high === null || at < from ? [] : [{ at: Math.min(at, endedAt), median, high }];
    }),
  };
}

function generatorOf({ generator }: History): Figures['generator'] {
  const { arrivalsLate, timersLate, socketWait, connections } = generator;
  const worstMs = Math.max(arrivalsLate.maxMs, timersLate.maxMs);
  const usualMs = Math.max(arrivalsLate.percentile(0.99) ?? 0, timersLate.percentile(0.99) ?? 0);
  const socketMs = socketWait.percentile(0.99) ?? 0;
  const onTime = worstMs <= LATE_MS_MAX && socketMs <= LATE_MS_MAX;
  const shown = (ms: number) => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
  const figures =
    `99 % of its acts at most ${shown(usualMs)} late, the latest ${shown(worstMs)}; ` +
    `99 % of its requests waited at most ${shown(socketMs)} for one of its ${connections} connections`;
  return {
    onTime,
    sentence: onTime
      ? `The player kept to its schedule: ${figures}.`
      : `The player itself fell behind: ${figures}. Waiting and answering times here include that lateness; play fewer ` +
        'visitors, or play from another machine.',
  };
}
