// Openings in virtual time, and what visitors were told in each: how often the real wait lay within the told range, how wide the
// ranges were, how often the wait was unknown, and how much of the room was used. `npm exec -- node test/core/wait-cases.ts`
// prints the table.

import { resolve } from 'node:path';
import { arrivals, type Night, spendNight, type Told, type Visitor, type Visits } from './visiting-line.ts';

export interface WaitCase {
  name: string;
  visitors: readonly Visitor[];
  night: Night;
  /** What limits the line while people wait: `slow` is a rate of slots that are seconds apart, `bursts` one with pauses. */
  limit: 'rate' | 'slow' | 'bursts' | 'places';
  /** Waits told before this moment and not over at it are not judged: nobody could foresee what happens then. */
  surpriseAt?: number;
}

export interface WaitFigures {
  told: number;
  /** Share of the time of waiting in which the wait was shown as unknown. */
  unknown: number;
  /** Of the others: the share within which the real wait lay. */
  inside: number;
  /** Told too short, which is what visitors are angry about. */
  late: number;
  /** Beyond the front 100 people: the longer end divided by the shorter one, of waits of a minute and more. */
  widthMedian: number;
  widthMax: number;
  /** The widest range at the front, of waits of a minute and more. */
  frontMax: number;
  /** Share of slots used, from the first to the last at which people waited. */
  slotsUsed: number;
  /** Share of places used, from when hardly one is left for the first time. */
  placesUsed: number;
}

/** The page polls every second at most and rounds to minutes; what is told between two polls is the same. */
const TOLERANCE_SECONDS = 1.5;
const FRONT = 100;
const NEARLY_FULL = 0.97;
/** The page says "less than a minute" for less. */
const WIDTH_FROM_SECONDS = 60;

/** Deterministic numbers from 0 to 1. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Stay = 'fixed' | 'exponential' | 'longTail' | 'toTheEnd';

/** Lengths of stays with the given mean. */
export function stays(kind: Stay, meanMs: number, random: () => number): () => number {
  switch (kind) {
    case 'fixed':
      return () => meanMs;
    case 'exponential':
      return () => -meanMs * Math.log(1 - random());
    case 'longTail': {
      // Pareto with the exponent 1.8: a third of the mean at least, and some stay to the end of the session.
      const exponent = 1.8;
      return () => (meanMs * (exponent - 1)) / exponent / (1 - random()) ** (1 / exponent);
    }
    case 'toTheEnd':
      return () => Number.POSITIVE_INFINITY;
  }
}

export function crowd(
  count: number,
  overMs: number,
  options: { share?: number; fromMs?: number; stay?: Stay; meanMs?: number; seed?: number },
): Visitor[] {
  const { share = 1, fromMs = 0, stay = 'exponential', meanMs = 60_000, seed = 1 } = options;
  const random = sequence(seed);
  const stayMs = stays(stay, meanMs, random);
  return arrivals(count, overMs, () => random() < share, fromMs, stayMs);
}

export function figuresOf({ visitors, night, surpriseAt }: WaitCase): WaitFigures {
  const visits = spendNight(visitors, night);
  const judged = visits.told.filter(
    ({ at, real }) => surpriseAt === undefined || at >= surpriseAt || at + real * 1_000 < surpriseAt,
  );
  const known = judged.filter((one): one is Told & { wait: NonNullable<Told['wait']> } => one.wait !== null);
  const share = (fits: (one: (typeof known)[number]) => boolean) =>
    known.length === 0 ? 1 : known.filter(fits).length / known.length;
  const long = known.filter(({ wait }) => wait.high > WIDTH_FROM_SECONDS);
  const width = ({ wait }: (typeof known)[number]) => wait.high / Math.max(1, wait.low);
  const behind = long
    .filter(({ ahead }) => ahead >= FRONT)
    .map(width)
    .sort((a, b) => a - b);
  const front = long.filter(({ ahead }) => ahead < FRONT).map(width);
  return {
    told: judged.length,
    unknown: 1 - shownSeconds(known) / Math.max(1, shownSeconds(judged)),
    inside: share(({ wait, real }) => real >= wait.low - TOLERANCE_SECONDS && real <= wait.high + TOLERANCE_SECONDS),
    late: share(({ wait, real }) => real > wait.high + TOLERANCE_SECONDS),
    widthMedian: behind[Math.floor(behind.length / 2)] ?? 1,
    widthMax: behind.at(-1) ?? 1,
    frontMax: front.reduce((most, one) => Math.max(most, one), 1),
    ...usedOf(visits, night),
  };
}

function shownSeconds(told: readonly Told[]): number {
  return told.reduce((sum, { shownFor }) => sum + shownFor, 0);
}

function usedOf({ admittedAt, activeAt }: Visits, night: Night): Pick<WaitFigures, 'slotsUsed' | 'placesUsed'> {
  const { newUsersPerMinute = 0, totalActiveUsers = 0 } = night.policy;
  const waited = activeAt.filter(({ at }) => at < (night.changes?.[0]?.at ?? Number.POSITIVE_INFINITY));
  const until = waited.at(-1)?.at ?? 0;
  const [from = 0] = admittedAt;
  const slots = admittedAt.filter((at) => at <= until);
  const slotsUsed = (slots.length * 60_000) / newUsersPerMinute / Math.max(1, until - from);
  const fullFrom = waited.findIndex(({ active }) => active >= NEARLY_FULL * totalActiveUsers);
  const full = fullFrom === -1 ? [] : waited.slice(fullFrom);
  const placesUsed = full.reduce((sum, { active }) => sum + active, 0) / Math.max(1, full.length) / totalActiveUsers;
  return { slotsUsed, placesUsed };
}

const MINUTE = 60_000;
const UNLIMITED = 1_000_000;

function opening(
  name: string,
  limit: WaitCase['limit'],
  [newUsersPerMinute, totalActiveUsers]: readonly [number, number],
  visitors: Visitor[],
  more: Partial<Omit<Night, 'policy'>> = {},
): WaitCase {
  const night = { policy: { newUsersPerMinute, totalActiveUsers }, recorded: 1_500, ...more };
  return { name, limit, visitors, night };
}

export const STAYS = ['fixed', 'exponential', 'longTail', 'toTheEnd'] as const;

export const CASES: readonly WaitCase[] = [
  opening('4,000 at once', 'rate', [1_200, UNLIMITED], crowd(4_000, 5_000, {})),
  opening('100,000 in a minute', 'rate', [6_000, UNLIMITED], crowd(100_000, MINUTE, {})),
  ...[0.2, 0.4, 0.6].map((never) =>
    opening(
      `6,000 before the opening, ${100 * never} % never come`,
      'rate',
      [1_200, UNLIMITED],
      crowd(6_000, MINUTE, { fromMs: -MINUTE, share: 1 - never }),
    ),
  ),
  opening('arrivals at 1.2 times the rate', 'rate', [1_200, UNLIMITED], crowd(7_200, 5 * MINUTE, {})),
  opening(
    '1,500 at once, three times',
    'bursts',
    [600, UNLIMITED],
    [
      ...crowd(1_500, 5_000, {}),
      ...crowd(1_500, 5_000, { fromMs: 3 * MINUTE, seed: 2 }),
      ...crowd(1_500, 5_000, { fromMs: 6 * MINUTE, seed: 3 }),
    ],
  ),
  opening(
    '2,000 in a minute, 600 ghosts in two seconds',
    'bursts',
    [1_200, UNLIMITED],
    [...crowd(2_000, MINUTE, {}), ...crowd(600, 1_800, { share: 0 })],
  ),
  opening('100 at once, 20 % never come, 10 a minute', 'slow', [10, UNLIMITED], crowd(100, 5_000, { share: 0.8 })),
  ...STAYS.flatMap((stay) => [
    opening(`100 places, ${stay} 1 min`, 'places', [1_200, 100], crowd(1_200, 5_000, { stay })),
    opening(
      `100 places, ${stay} 4 min, 40 % never come`,
      'places',
      [1_200, 100],
      crowd(1_000, 5_000, { stay, meanMs: 4 * MINUTE, share: 0.6 }),
    ),
    opening(
      `2,000 places that fill in 2 min, ${stay} 4 min`,
      'places',
      [1_000, 2_000],
      crowd(10_000, 20_000, { stay, meanMs: 4 * MINUTE }),
    ),
  ]),
  opening(
    '100 places, exponential 20 s, 40 % never come',
    'places',
    [1_200, 100],
    crowd(2_000, 5_000, { meanMs: 20_000, share: 0.6 }),
  ),
  opening('1,000 places, exponential 20 s', 'places', [12_000, 1_000], crowd(20_000, 5_000, { meanMs: 20_000 })),
  opening(
    '100,000 places that fill in 2 min, exponential 2 min',
    'places',
    [60_000, 100_000],
    crowd(220_000, 30_000, { meanMs: 2 * MINUTE }),
    { recorded: 2_000, untilMs: 5 * MINUTE },
  ),
  {
    ...opening('rate halved after two minutes', 'bursts', [1_200, UNLIMITED], crowd(4_000, 5_000, {}), {
      changes: [{ at: 2 * MINUTE, policy: { newUsersPerMinute: 600 } }],
    }),
    surpriseAt: 2 * MINUTE,
  },
  {
    ...opening(
      '200 places made 400 after five minutes',
      'places',
      [1_200, 200],
      crowd(3_000, 5_000, { meanMs: 2 * MINUTE }),
      {
        changes: [{ at: 5 * MINUTE, policy: { totalActiveUsers: 400 } }],
      },
    ),
    surpriseAt: 5 * MINUTE,
  },
];

if (process.argv[1] === resolve(import.meta.filename)) {
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`.padStart(8);
  console.log(`${'case'.padEnd(64)}    told  unknown   inside     late  width/max  front     slots   places`);
  for (const one of CASES) {
    if (process.argv[2] !== undefined && !one.name.includes(process.argv[2])) continue;
    const start = performance.now();
    const f = figuresOf(one);
    const widths = `${f.widthMedian.toFixed(2)} ${f.widthMax.toFixed(2)}  ${f.frontMax.toFixed(2).padStart(5)}`;
    console.log(
      `${one.name.padEnd(64)} ${String(f.told).padStart(7)} ${percent(f.unknown)} ${percent(f.inside)} ${percent(f.late)}  ${widths}  ${percent(f.slotsUsed)} ${percent(f.placesUsed)}  ${Math.round(performance.now() - start)} ms`,
    );
  }
}
