// When the line will have moved by how many positions: a projection of slots and vacancies from what was observed, in two
// variants between which the truth is expected. What cannot be told to within a factor of two is not told.

import type { Policy } from './policy.ts';
import { ageOf, classBegin, classOf, type Stays } from './stays.ts';
import type { Pace } from './wait.ts';

/** What is observed of a room, for an estimate of its pace; seconds are counted from now. */
export interface ObservedLine extends Stays {
  at: number;
  /** Positions that are not called. */
  waiting: number;
  /** Called visitors who have not entered and are still expected; on standby too. */
  expected: number;
  /** Of those called lately: how many had the time to come, and how many did. */
  shown: { called: number; come: number };
  /** Until the next slot. */
  nextSlotSeconds: number;
  /** Sessions that were extended: staying does not end with the first session. */
  renewed: number;
}

/** A vacancy is used when a visitor has been called, has polled and has claimed. */
const REACTION_SECONDS = 0.7;
/** Steps of a projection: they resolve a stay, and reach beyond the last visitor or over enough stays to go on evenly. */
const STEPS = 192;
const STEPS_PER_STAY = 16;
const STEP_SECONDS_MIN = 0.5;
/** Newcomers who join behind the line until the next read of the board are told a wait too. */
const JOINING_SHARE = 1.25;
const JOINING_MIN = 50;

/** Around the projection: changes in who comes and in how long they stay. */
const BY_SLOTS = { low: 0.86, high: 1.14 };
const WIDE_ALREADY = { low: 1, high: 1.02 };
const BY_PLACES = { low: 0.8, high: 1.2 };
/** Next to the turn chance counts: the deviation of as many independent departures. */
const CHANCE = 1.2;
const CHANCE_UP_TO = 100;
/** From the call to the entry. */
const ENTRY_SECONDS = 3;
/** Widest range that is told, as a factor, at the front and behind it; the first seconds are free: no page shows them. */
const WIDTH_MAX = 1.9;
const WIDTH_MAX_FRONT = 3;
const FRONT = 100;
const WIDTH_FREE_SECONDS = 20;
/** A share of visitors who come that is less certain is not used. */
const SHARE_WIDTH_MAX = 1.4;

/** Fewer ended sessions say nothing about the length of stays. */
const ENDED_MIN = 20;
/** Nobody has left for this share of a session: they stay to its end. */
const TO_THE_END_SHARE = 0.65;
/**
 * Beyond the longest stay seen, people leave faster or more slowly by these factors; where nobody has left, after this share of
 * what is left of the session.
 */
interface Unseen {
  hazard: number;
  restOfSession: number;
}
const FASTER: Unseen = { hazard: 1.3, restOfSession: 0.8 };
const SLOWER: Unseen = { hazard: 0.8, restOfSession: 0.98 };
/** Fewer than this share stay so long: nothing is known of those who do. */
const SHARE_LEFT_MIN = 0.001;
/** A room with so much to spare, at its rate, does not get full. */
const ROOMY_SHARE = 0.05;

/** Points of the range over positions, and how far between them it may differ from what was computed. */
const RUN_POINTS_MAX = 6;
const RUNS_MAX = 4;
/** Low above high. */
const UNKNOWN = [1, 0] as const;
const GRID = 64;
const TOLERANCE = 0.03;

/** A room in which nobody is called has no pace, and neither has one of which too little is known: null. */
export function paceFrom(line: ObservedLine, policy: Policy): Pace | null {
  const share = shareOf(line.shown);
  if (share === null) return null;
  const positions = Math.ceil(line.waiting * JOINING_SHARE) + JOINING_MIN;
  const neededFor = (position: number, share: number) => line.expected + share * (position + 1);
  const projected = (unseen: Unseen) =>
    project(line, policy, neededFor(positions, share.most), survivalOf(line, policy, unseen));
  const [soonest, latest] = [projected(FASTER), projected(SLOWER)];
  const isFull =
    latest(neededFor(positions, share.most)) > 1.05 * bySlots(line, policy)(neededFor(positions, share.most));
  const margin = !share.isKnown ? WIDE_ALREADY : isFull ? BY_PLACES : BY_SLOTS;
  const ranges: Range[] = [];
  for (const position of gridUpTo(positions)) {
    const [fewest, most] = [neededFor(position, share.fewest), neededFor(position, share.most)];
    const [low, high] = [
      Math.floor(margin.low * soonest(fewest - Math.min(fewest / 2, chanceOf(fewest)))),
      Math.ceil(margin.high * latest(most + chanceOf(most)) + ENTRY_SECONDS),
    ];
    const before = ranges.at(-1);
    ranges.push([position, Math.max(low, before?.[1] ?? 0), Math.max(high, before?.[2] ?? 0)]);
  }
  return withGaps(toldRuns(ranges));
}

/** By how many it may differ how many come, or leave, beside the margins of the range. */
function chanceOf(visitors: number): number {
  return Math.max(0, CHANCE * (Math.sqrt(visitors) - visitors / Math.sqrt(CHANCE_UP_TO)));
}

type Range = readonly [position: number, low: number, high: number];

/** Positions at which the range is computed: dense at the front, where a person counts. */
function gridUpTo(positions: number): number[] {
  const grid = Array.from({ length: GRID + 1 }, (_, index) => Math.round(positions * (index / GRID) ** 2));
  return [...new Set([...grid, FRONT])].sort((a, b) => a - b);
}

/** Stretches of positions whose ranges are narrow enough. The front, whose ranges may be wider, is a stretch of its own. */
function toldRuns(ranges: readonly Range[]): Range[][] {
  const runs: Range[][] = [[]];
  for (const range of ranges) {
    const [position, , high] = range;
    const told = Number.isFinite(high) && (isNarrow(range) || isSoon(range));
    const before = told ? runs.at(-1)?.at(-1) : undefined;
    // Between a range that is told because it is soon and one that is not, a straight one would be too wide.
    if (before !== undefined && !(isNarrow(before) && isNarrow(range)) && !(isSoon(before) && isSoon(range))) {
      const lastSoon = soonUntil(before, range);
      if (lastSoon !== null) runs.at(-1)?.push(lastSoon);
      runs.push([]);
    }
    if (told) runs.at(-1)?.push(range);
    if (!told || position === FRONT) runs.push(told ? [range] : []);
  }
  return runs.filter((run) => run.length > 0);
}

function isNarrow([position, low, high]: Range): boolean {
  return high <= low * (position < FRONT ? WIDTH_MAX_FRONT : WIDTH_MAX);
}

function isSoon([, , high]: Range): boolean {
  return high <= WIDTH_FREE_SECONDS;
}

/** The last range on the way from one to the other that is soon; null: there is none between them. */
function soonUntil(a: Range, b: Range): Range | null {
  const position = a[0] + Math.floor(((WIDTH_FREE_SECONDS - a[2]) * (b[0] - a[0])) / (b[2] - a[2]));
  if (!isSoon(a) || position <= a[0]) return null;
  const at = (end: 1 | 2) => a[end] + ((b[end] - a[end]) * (position - a[0])) / (b[0] - a[0]);
  return [position, Math.floor(at(1)), Math.floor(at(2))];
}

/** Joins the stretches; between two that do not meet, the wait is unknown. */
function withGaps(runs: readonly Range[][]): Pace | null {
  const longest = runs.toSorted((a, b) => b.length - a.length).slice(0, RUNS_MAX);
  const points: Range[] = [];
  for (const run of runs.filter((one) => longest.includes(one))) {
    const [before, [first]] = [points.at(-1)?.[0], run[0] ?? [0]];
    if (before !== undefined && before + 1 < first) points.push([before + 1, ...UNKNOWN]);
    if (before !== undefined && before + 2 < first) points.push([first - 1, ...UNKNOWN]);
    points.push(...simplified(run).slice(before === first ? 1 : 0));
  }
  return points.length === 0 ? null : points;
}

/** As few points as describe the ranges: between two of them both ends are nearly straight. */
function simplified(ranges: readonly Range[]): Range[] {
  for (let tolerance = TOLERANCE; ; tolerance *= 1.5) {
    const points: Range[] = ranges.slice(0, 1);
    for (let from = 0; from + 1 < ranges.length; ) {
      let to = from + 1;
      while (to + 1 < ranges.length && isStraight(ranges, from, to + 1, tolerance)) to++;
      points.push(ranges[to] as Range);
      from = to;
    }
    if (points.length <= RUN_POINTS_MAX) return points;
  }
}

function isStraight(ranges: readonly Range[], from: number, to: number, tolerance: number): boolean {
  const [a, b] = [ranges[from], ranges[to]];
  if (a === undefined || b === undefined) return false;
  return ranges.slice(from + 1, to).every((range) =>
    ([1, 2] as const).every((end) => {
      const straight = a[end] + ((b[end] - a[end]) * (range[0] - a[0])) / (b[0] - a[0]);
      return Math.abs(straight - range[end]) <= 1 + tolerance * range[end];
    }),
  );
}

/**
 * Share of called visitors who come, as the room may turn out to move, and how far the wait may differ from what follows. By
 * chance it may be a deviation more or less (Wilson's interval); where that is too far: all come, or hardly more than half; null where it
 * was fewer so far.
 */
function shareOf({ called, come }: ObservedLine['shown']): Share | null {
  if (called === 0) return UNKNOWN_SHARE;
  const share = come / called;
  const middle = share + 1 / (2 * called);
  const half = Math.sqrt((share * (1 - share)) / called + (1 / (2 * called)) ** 2);
  const [fewest, most] = [(middle - half) / (1 + 1 / called), (middle + half) / (1 + 1 / called)];
  const width = most / fewest;
  if (width <= SHARE_WIDTH_MAX) return { fewest, most, isKnown: true };
  if (share >= UNKNOWN_SHARE.fewest) return UNKNOWN_SHARE;
  return width <= UNKNOWN_SHARE.most / UNKNOWN_SHARE.fewest ? { ...UNKNOWN_SHARE, fewest, most } : null;
}

interface Share {
  fewest: number;
  most: number;
  isKnown: boolean;
}

const UNKNOWN_SHARE: Share = { fewest: 0.55, most: 1, isKnown: false };

/** The share of visitors who stay for so many seconds, and for how long on average. */
interface Survival {
  at: (seconds: number) => number;
  meanSeconds: number;
}

/**
 * From the lengths of stays that are over, and how long those inside have stayed so far (Kaplan and Meier). Beyond the longest,
 * people leave as they did lately, times `unseen`, and at the end of a session. null: unknown.
 */
function survivalOf(line: ObservedLine, policy: Policy, unseen: Unseen): Survival | null {
  const { at, cohorts, stayed, renewed } = line;
  const extended = policy.sessionRenewal && renewed > 0;
  const sessionEnd = (extended ? policy.sessionTotalMsMax : policy.sessionMs) / 1_000;
  const ended = stayed.reduce((sum, count) => sum + count, 0);
  const longest = Math.max(classBegin(stayed.length), (at - (cohorts[0]?.[0][0] ?? at)) / 1_000);
  const staysToTheEnd = !extended && longest >= TO_THE_END_SHARE * sessionEnd;
  if (ended < ENDED_MIN && !staysToTheEnd) return null;
  const rest = Math.max(0, sessionEnd - longest);
  const end = ended < ENDED_MIN ? longest + unseen.restOfSession * rest : sessionEnd;

  const open = new Array<number>(classOf(longest) + 1).fill(0);
  for (const [[from, to], present] of cohorts) {
    const [youngest, oldest] = [Math.max(0, (at - to) / 1_000), Math.max(0, (at - from) / 1_000)];
    const [first, last] = [classOf(youngest), classOf(oldest)];
    for (let index = first; index <= last; index++) {
      const overlap = Math.min(oldest, classBegin(index + 1)) - Math.max(youngest, classBegin(index));
      const share = first === last ? 1 : overlap / (oldest - youngest);
      open[index] = (open[index] ?? 0) + present * share;
    }
  }
  let left = ended + open.reduce((sum, present) => sum + present, 0);
  const points: [age: number, share: number][] = [[0, 1]];
  let share = 1;
  for (const [index, present] of open.entries()) {
    // Visitors who stay until nearly the end of a session are taken to stay to its end.
    const gone = classBegin(index + 1) >= sessionEnd ? 0 : (stayed[index] ?? 0);
    share *= left <= 0 ? 1 : 1 - gone / Math.max(gone, left - present / 2);
    left -= gone + present;
    points.push([Math.min(end, classBegin(index + 1)), share]);
    if (classBegin(index + 1) >= end) break;
  }
  const oldest = points.at(-1) ?? [0, 1];
  const before = points.findLast(([age]) => age <= oldest[0] / 2) ?? [0, 1];
  const hazard = oldest[1] <= 0 ? 0 : Math.log(before[1] / oldest[1]) / Math.max(1, oldest[0] - before[0]);
  const rate = unseen.hazard * hazard;
  const survives = (seconds: number): number => {
    if (seconds >= end) return 0;
    if (seconds >= oldest[0]) return oldest[1] * Math.exp(-rate * (seconds - oldest[0]));
    const index = classOf(seconds);
    const [a, b] = [points[index] ?? oldest, points[index + 1] ?? oldest];
    return a[1] + ((b[1] - a[1]) * (seconds - a[0])) / (b[0] - a[0]);
  };
  // The trapezoidal rule over what was seen, and what lies beyond.
  let meanSeconds = 0;
  for (const [index, [age, share]] of points.entries()) {
    const last = points[index - 1] ?? [0, 1];
    meanSeconds += ((age - last[0]) * (share + last[1])) / 2;
  }
  const beyond = Math.max(0, end - oldest[0]);
  meanSeconds += rate === 0 ? oldest[1] * beyond : (oldest[1] * (1 - Math.exp(-rate * beyond))) / rate;
  return { at: survives, meanSeconds: Math.max(1, meanSeconds) };
}

/** After how many seconds the n-th visitor from now enters. Infinity: not foreseeable. */
type Projection = (admission: number) => number;

/** As slots alone allow. */
function bySlots(line: ObservedLine, { newUsersPerMinute }: Policy): Projection {
  return (admission) => line.nextSlotSeconds + (Math.max(0, admission - 1) * 60) / newUsersPerMinute;
}

/**
 * Lets the room go on in steps: slots by the rate, vacancies as people leave. A room that does not get full is not stepped
 * through.
 */
function project(line: ObservedLine, policy: Policy, admissions: number, survival: Survival | null): Projection {
  const perSecond = policy.newUsersPerMinute / 60;
  const capacity = policy.totalActiveUsers;
  const vacancies = capacity - line.active;
  const slot = bySlots(line, policy);
  if (admissions <= vacancies) return slot;
  if (survival === null) return (admission) => (admission <= vacancies ? slot(admission) : Number.POSITIVE_INFINITY);
  const { meanSeconds } = survival;
  if (vacancies > ROOMY_SHARE * capacity && (meanSeconds + REACTION_SECONDS) * perSecond < (1 - ROOMY_SHARE) * capacity)
    return slot;

  const span = Math.max(slot(admissions), ((admissions - vacancies) * meanSeconds) / capacity);
  const step = Math.min(meanSeconds / STEPS_PER_STAY, Math.max(STEP_SECONDS_MIN, (1.1 * span) / STEPS));
  const freed = departures(line, survival, step);
  const shares = Array.from({ length: STEPS + 1 }, (_, index) => survival.at(index * step));
  const reaction = Math.round(REACTION_SECONDS / step);
  const entered = [0];
  let free = vacancies;
  for (let index = 0; index < STEPS; index++) {
    free += index < reaction ? 0 : (freed[index - reaction] ?? 0);
    const slots = perSecond * Math.min(step, Math.max(0, (index + 1) * step - line.nextSlotSeconds));
    const admitted = Math.min(slots, Math.max(0, free));
    free -= admitted;
    entered.push((entered[index] ?? 0) + admitted);
    for (let age = 0; index + age + 1 < STEPS && admitted > 0; age++) {
      freed[index + age + 1] = (freed[index + age + 1] ?? 0) + admitted * ((shares[age] ?? 0) - (shares[age + 1] ?? 0));
    }
  }
  const total = entered[STEPS] ?? 0;
  const lately = (total - (entered[STEPS / 2] ?? 0)) / (STEPS / 2);
  return (admission) => {
    if (admission > total)
      return lately <= 0 ? Number.POSITIVE_INFINITY : (STEPS + (admission - total) / lately) * step;
    const index = entered.findIndex((count) => count >= admission);
    const [a, b] = [entered[index - 1] ?? 0, entered[index] ?? 0];
    return Math.max(slot(admission), (index - (b - admission) / (b - a)) * step);
  };
}

/** How many of those who are inside now leave in each step. Those whose beginning is not known are like the average. */
function departures({ at, active, cohorts }: ObservedLine, { at: survives, meanSeconds }: Survival, step: number) {
  const left = new Array<number>(STEPS).fill(0);
  const leave = (sessions: number, stillThere: (seconds: number) => number) => {
    let before = 1;
    for (let index = 0; index < STEPS; index++) {
      const after = stillThere((index + 1) * step);
      left[index] = (left[index] ?? 0) + sessions * (before - after);
      before = after;
    }
  };
  let unknown = active;
  for (const cohort of cohorts) {
    const present = cohort[1];
    unknown -= present;
    const age = ageOf(cohort, at);
    const share = survives(Math.max(0, age));
    // Longer than anybody was expected to stay.
    if (share < SHARE_LEFT_MIN) leave(present, (seconds) => Math.exp((-4 * seconds) / meanSeconds));
    else leave(present, (seconds) => survives(Math.max(0, age + seconds)) / share);
  }
  if (unknown > 0) leave(unknown, (seconds) => Math.exp(-seconds / meanSeconds));
  return left;
}
