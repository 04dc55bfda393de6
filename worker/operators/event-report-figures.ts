// The numbers of an event report, added up minute by minute while the rows are read: what is held grows neither with the length of the
// period nor with the people who came. Minutes without a row are those in which nothing happened, so levels go on through them.

import {
  type FlowCounts,
  LATENCY_BOUNDS_MS,
  REFUSAL_REASONS,
  type RefusalReason,
} from '../../queue-core/document/history-state.ts';
import { type MinuteBucket, NO_WAITS, type Waits } from '../../queue-core/document/minute-state.ts';
import { MINUTE_MS } from '../../queue-core/limits.ts';
import { countIn, highestLimits, sumOfClasses } from '../../queue-core/minutes.ts';
import type { RoomState } from '../../queue-core/policy.ts';
import type { EpochMs } from '../../queue-core/time.ts';

export const FLOW_NAMES = [
  ...(['arrived', 'called', 'admitted', 'completed', 'left', 'expired', 'revoked', 'lapsed'] as const),
] satisfies (keyof FlowCounts)[];

/** The most of something, and when. */
export interface Peak {
  at: EpochMs;
  count: number;
  /** Of admissions and people inside: the limit that was in force for them. */
  limit: number;
}

/** One step of the charts: a minute, or several. */
export interface ReportBin {
  at: EpochMs;
  /** Minutes with a row. */
  minutes: number;
  arrived: number;
  admitted: number;
  lapsed: number;
  completed: number;
  /** Most within the step. */
  waitingMax: number;
  activeMax: number;
  /** Most admissions of one minute, and the highest limit of any. */
  admittedMax: number;
  rateLimit: number;
  peopleLimit: number;
  answers: number;
  failures: number;
  /** Answers that took longer than `SLOW_MS`. */
  slow: number;
  /** At the end; null: the site said nothing. */
  stock: number | null;
}

/** A response slower than this is one that people notice; the end of a latency class. */
export const SLOW_MS = 1_600;
const SLOW_FROM = LATENCY_BOUNDS_MS.indexOf(SLOW_MS) + 1;

/** Lengths of a step, in minutes; each is a multiple of the one before. */
const STEP_MINUTES = [1, 5, 10, 30, 60, 180, 360, 720, 1_440, 10_080] as const;
/** Steps of a chart: as fine as a page shows, and a table that can still be read. */
export const BINS_MAX = 120;

/** Changes of the room's state that are listed; a room that flaps more often has them in the minutes' file. */
const STATES_MAX = 200;

/** Openings whose entries are added up; more in one period were not held for people. */
const EPOCHS_MAX = 1_000;

export interface OriginSums {
  answers: number;
  errors: number;
  unreachable: number;
  latency: readonly number[];
}

export class ReportFigures {
  readonly flow: Record<(typeof FLOW_NAMES)[number], number> = {
    ...{ arrived: 0, called: 0, admitted: 0, completed: 0 },
    ...{ left: 0, expired: 0, revoked: 0, lapsed: 0 },
  };
  readonly refused: Record<RefusalReason, number> = {
    ...{ noAdmission: 0, badToken: 0, prefetch: 0, tooOften: 0, crossSite: 0 },
  };
  exempt = 0;
  origin: OriginSums = { answers: 0, errors: 0, unreachable: 0, latency: [] };
  waits: Waits = NO_WAITS;
  /** Minutes with a row. */
  minutes = 0;
  first: EpochMs | null = null;
  last: EpochMs | null = null;
  arrivedMost: Peak | null = null;
  waitingMost: Peak | null = null;
  admittedMost: Peak | null = null;
  activeMost: Peak | null = null;
  /** Minutes with more admissions than the highest limit in force for them, and by how many the worst exceeded it. */
  overRate = { minutes: 0, most: 0 };
  /** Minutes in which people inside grew above the highest limit in force. */
  overPeople = { minutes: 0, most: 0 };
  /** People inside above a limit that was lowered while they were there. */
  aboveLowered = 0;
  readonly states: { at: EpochMs; state: RoomState }[] = [];
  stock: { first: number; last: number; least: number } | null = null;
  /** At the end of the period. */
  active = 0;
  waiting = 0;
  #bins: ReportBin[] = [];
  #step = 0;
  readonly #entries = new Map<number, number>();
  readonly #isCharted: (at: EpochMs) => boolean;
  readonly #zoneMs: number;

  /**
   * @param isCharted whether a minute belongs to the part of the period that the charts show
   * @param zoneMs how far the clocks of the room's zone are ahead of UTC: days begin at their midnight
   */
  constructor(isCharted: (at: EpochMs) => boolean, zoneMs: number) {
    this.#isCharted = isCharted;
    this.#zoneMs = zoneMs;
  }

  /** Entries of the openings of the period. */
  get entries(): number {
    return [...this.#entries.values()].reduce((sum, count) => sum + count, 0);
  }

  get binMs(): number {
    return (STEP_MINUTES[this.#step] ?? 1) * MINUTE_MS;
  }

  /** Steps without a gap, from the first minute that was charted to the last. */
  get bins(): readonly ReportBin[] {
    return this.#bins;
  }

  /** Minutes come in the order of time. */
  add(minute: MinuteBucket): void {
    const { at, epoch } = minute;
    this.minutes++;
    this.first ??= at;
    this.last = at;
    for (const name of FLOW_NAMES) this.flow[name] += countIn(minute, name);
    for (const reason of REFUSAL_REASONS) this.refused[reason] += minute.refused?.[reason] ?? 0;
    this.exempt += countIn(minute, 'exempt');
    this.#addOrigin(minute);
    this.#addWaits(minute.waits);
    this.#addPeaks(minute);
    this.#addStock(minute);
    if (this.#entries.size < EPOCHS_MAX || this.#entries.has(epoch)) {
      this.#entries.set(epoch, Math.max(this.#entries.get(epoch) ?? 0, countIn(minute, 'entries')));
    }
    if (this.states.at(-1)?.state !== minute.state && this.states.length < STATES_MAX) {
      this.states.push({ at, state: minute.state });
    }
    if (this.#isCharted(at)) this.#addToBin(minute);
    this.active = countIn(minute, 'active');
    this.waiting = countIn(minute, 'waiting');
  }

  #addOrigin({ origin }: MinuteBucket): void {
    if (origin === undefined) return;
    const { answers, errors, unreachable, latency } = this.origin;
    this.origin = {
      answers: answers + origin.answers,
      errors: errors + origin.errors,
      unreachable: unreachable + origin.unreachable,
      latency: sumOfClasses(latency, origin.latency),
    };
  }

  #addWaits(waits: Waits | undefined): void {
    if (waits === undefined) return;
    const { real, toldLow, toldHigh, within, sooner, later } = this.waits;
    this.waits = {
      real: sumOfClasses(real, waits.real),
      toldLow: sumOfClasses(toldLow, waits.toldLow),
      toldHigh: sumOfClasses(toldHigh, waits.toldHigh),
      within: within + waits.within,
      sooner: sooner + waits.sooner,
      later: later + waits.later,
    };
  }

  #addPeaks(minute: MinuteBucket): void {
    const { at } = minute;
    const limits = highestLimits(minute);
    const admitted = countIn(minute, 'admitted');
    const active = countIn(minute, 'activeMax');
    this.arrivedMost = higher(this.arrivedMost, { at, count: countIn(minute, 'arrived'), limit: 0 });
    this.waitingMost = higher(this.waitingMost, { at, count: countIn(minute, 'waitingMax'), limit: 0 });
    this.admittedMost = higher(this.admittedMost, { at, count: admitted, limit: limits.newUsersPerMinute });
    this.activeMost = higher(this.activeMost, { at, count: active, limit: limits.totalActiveUsers });
    this.overRate = over(this.overRate, admitted - limits.newUsersPerMinute);
    // Who was inside when the limit was lowered leaves by themselves; nobody else may have come.
    this.overPeople = over(this.overPeople, active - Math.max(limits.totalActiveUsers, this.active));
    this.aboveLowered = Math.max(this.aboveLowered, Math.min(active, this.active) - limits.totalActiveUsers);
  }

  #addStock({ stock }: MinuteBucket): void {
    if (stock === undefined) return;
    const { first, least } = this.stock ?? { first: stock, least: stock };
    this.stock = { first, last: stock, least: Math.min(least, stock) };
  }

  #addToBin(minute: MinuteBucket): void {
    this.#reach(minute.at);
    const bin = this.#bins.at(-1);
    if (bin === undefined) return;
    addMinute(bin, minute);
  }

  /** Makes room for a minute: empty steps up to its own, and coarser steps where there are too many. */
  #reach(at: EpochMs): void {
    const first = this.#bins[0]?.at ?? at;
    while (this.#step < STEP_MINUTES.length - 1 && (at - this.#startOf(first)) / this.binMs >= BINS_MAX) {
      this.#step++;
      this.#coarsen();
    }
    if (this.#bins.length === 0) this.#bins.push(emptyBin(this.#startOf(at), null));
    for (let last = this.#bins.at(-1); last !== undefined && last.at + this.binMs <= at; last = this.#bins.at(-1)) {
      if (this.#bins.length >= BINS_MAX) return;
      this.#bins.push(emptyBin(last.at + this.binMs, { before: last, waiting: this.waiting, active: this.active }));
    }
  }

  #coarsen(): void {
    const coarse = new Map<EpochMs, ReportBin>();
    for (const bin of this.#bins) {
      const at = this.#startOf(bin.at);
      const known = coarse.get(at);
      coarse.set(at, known === undefined ? { ...bin, at } : merged(known, bin));
    }
    this.#bins = [...coarse.values()];
  }

  #startOf(at: EpochMs): EpochMs {
    return Math.floor((at + this.#zoneMs) / this.binMs) * this.binMs - this.#zoneMs;
  }
}

function higher(known: Peak | null, found: Peak): Peak | null {
  if (found.count <= 0) return known;
  return known === null || found.count > known.count ? found : known;
}

function over(known: { minutes: number; most: number }, by: number): { minutes: number; most: number } {
  return by <= 0 ? known : { minutes: known.minutes + 1, most: Math.max(known.most, by) };
}

/** @param after what goes on where nothing happens */
function emptyBin(at: EpochMs, after: { before: ReportBin; waiting: number; active: number } | null): ReportBin {
  return {
    at,
    minutes: 0,
    ...{ arrived: 0, admitted: 0, lapsed: 0, completed: 0, admittedMax: 0, answers: 0, failures: 0, slow: 0 },
    waitingMax: after?.waiting ?? 0,
    activeMax: after?.active ?? 0,
    rateLimit: after?.before.rateLimit ?? 0,
    peopleLimit: after?.before.peopleLimit ?? 0,
    stock: after?.before.stock ?? null,
  };
}

function addMinute(bin: ReportBin, minute: MinuteBucket): void {
  const { newUsersPerMinute, totalActiveUsers } = highestLimits(minute);
  const { origin } = minute;
  for (const name of ['arrived', 'admitted', 'lapsed', 'completed'] as const) bin[name] += countIn(minute, name);
  bin.waitingMax = Math.max(bin.waitingMax, countIn(minute, 'waitingMax'));
  bin.activeMax = Math.max(bin.activeMax, countIn(minute, 'activeMax'));
  bin.admittedMax = Math.max(bin.admittedMax, countIn(minute, 'admitted'));
  // What went on from the step before is in force no more.
  bin.rateLimit = Math.max(bin.minutes === 0 ? 0 : bin.rateLimit, newUsersPerMinute);
  bin.peopleLimit = Math.max(bin.minutes === 0 ? 0 : bin.peopleLimit, totalActiveUsers);
  bin.minutes++;
  bin.stock = minute.stock ?? bin.stock;
  if (origin === undefined) return;
  bin.answers += origin.answers;
  bin.failures += origin.errors + origin.unreachable;
  bin.slow += origin.latency.slice(SLOW_FROM).reduce((sum, count) => sum + count, 0);
}

function merged(a: ReportBin, b: ReportBin): ReportBin {
  const sum = (name: 'minutes' | 'arrived' | 'admitted' | 'lapsed' | 'completed' | 'answers' | 'failures' | 'slow') =>
    a[name] + b[name];
  const most = (name: 'waitingMax' | 'activeMax' | 'admittedMax' | 'rateLimit' | 'peopleLimit') =>
    Math.max(a[name], b[name]);
  return {
    at: a.at,
    minutes: sum('minutes'),
    ...{ arrived: sum('arrived'), admitted: sum('admitted'), lapsed: sum('lapsed'), completed: sum('completed') },
    ...{ answers: sum('answers'), failures: sum('failures'), slow: sum('slow') },
    ...{ waitingMax: most('waitingMax'), activeMax: most('activeMax'), admittedMax: most('admittedMax') },
    ...{ rateLimit: most('rateLimit'), peopleLimit: most('peopleLimit') },
    stock: b.stock ?? a.stock,
  };
}

/** The class in which a share of the counted lies; null: nothing was counted. */
export function quantileClass(classes: readonly number[], share: number): number | null {
  const all = classes.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  let upTo = 0;
  for (const [index, count] of classes.entries()) {
    upTo += count;
    if (upTo >= share * all) return index;
  }
  return classes.length - 1;
}
