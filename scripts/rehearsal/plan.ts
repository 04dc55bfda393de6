// When each visitor arrives and what they will do: decided in advance from the seed, with exact numbers, so that "30 % do not
// come back" is 30 %. The plan does not depend on what the gateway responds.

import type { AttemptKind, VisitorRecord } from './event-log.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

export interface Mix {
  visitors: number;
  seed: number;
  /** Time over which visitors arrive: half of it before the opening, half after. */
  overMs: number;
  /** Share that arrives before the opening. */
  before: number;
  /** Shares of all visitors. These do nothing else. */
  noShow: number;
  leaveLine: number;
  /** Share that loses the network while joining, and as many while claiming. */
  losses: number;
  doubleTabs: number;
  /** Share that arrives at `deepLink` instead of `path`. */
  deepLinks: number;
  /** Share that tries to bypass the line. */
  attempts: number;
  /** Mean time inside; each visitor stays between half and one and a half times as long. */
  stayMs: number;
  /** Share of visitors inside who never send `leave`. */
  runOut: number;
  path: string;
  deepLink: string;
}

export interface VisitorPlan {
  number: number;
  /** Relative to the opening. */
  arrivesMs: number;
  path: string;
  intent: VisitorRecord['intent'];
  /** From the arrival until a no-show closes the page, or until a visitor leaves the line. */
  patienceMs: number;
  losesJoins: number;
  losesClaims: number;
  tabs: 1 | 2;
  stayMs: number;
  /** Lets the session expire instead of leaving. */
  runsOut: boolean;
  attempts: AttemptKind[];
  random: SeededRandom;
  /** A place that the visitor already has. */
  cookies: Record<string, string>;
}

/** No-shows close the page after about this share of the whole time. */
const PATIENCE_SHARE = 0.15;

/** Arrivals decay exponentially on both sides of the opening, with this share of each half as the time constant. */
const RUSH_SHARE = 0.35;

/** Of the late arrivals, this share comes within the first twentieth of its half: those who watched the clock. */
const ON_THE_DOT = 0.2;

export function planVisitors(mix: Mix, kinds: readonly AttemptKind[]): VisitorPlan[] {
  const random = seededRandom(mix.seed);
  const numbers = Array.from({ length: mix.visitors }, (_, index) => index + 1);
  const pick = (from: readonly number[], share: number) =>
    new Set(random.shuffled(from).slice(0, Math.round(share * mix.visitors)));
  const early = pick(numbers, mix.before);
  const noShows = pick(numbers, mix.noShow);
  const leavers = pick(
    numbers.filter((number) => !noShows.has(number)),
    mix.leaveLine,
  );
  const steady = numbers.filter((number) => !noShows.has(number) && !leavers.has(number));
  const losesJoin = pick(steady, mix.losses);
  const losesClaim = pick(steady, mix.losses);
  const inTwoTabs = pick(steady, mix.doubleTabs);
  const byDeepLink = pick(numbers, mix.deepLinks);
  const runsOut = pick(steady, (mix.runOut * steady.length) / mix.visitors);
  const attempts = planAttempts(random, steady, early, mix, kinds);

  return numbers.map((number) => {
    const own = random.fork(number);
    const patience = PATIENCE_SHARE * mix.overMs * -Math.log(1 - own.next());
    return {
      number,
      arrivesMs: early.has(number) ? -inTheRush(own, mix.overMs / 2) : arrivesAfter(own, mix.overMs / 2),
      path: byDeepLink.has(number) ? mix.deepLink : mix.path,
      intent: noShows.has(number) ? 'noShow' : leavers.has(number) ? 'leaveLine' : 'visit',
      patienceMs: 1_000 + patience,
      losesJoins: losesJoin.has(number) ? 1 + Math.floor(own.next() * 2) : 0,
      losesClaims: losesClaim.has(number) ? 1 : 0,
      tabs: inTwoTabs.has(number) ? 2 : 1,
      stayMs: mix.stayMs * own.between(0.5, 1.5),
      runsOut: runsOut.has(number),
      attempts: attempts.get(number) ?? [],
      random: own,
      cookies: {},
    };
  });
}

function arrivesAfter(random: SeededRandom, halfMs: number): number {
  return random.next() < ON_THE_DOT ? random.next() * 0.05 * halfMs : inTheRush(random, halfMs);
}

/** Distance from the opening: exponential, cut off at the end of the half. */
function inTheRush(random: SeededRandom, halfMs: number): number {
  const inside = 1 - Math.exp(-1 / RUSH_SHARE);
  return -Math.log(1 - random.next() * inside) * RUSH_SHARE * halfMs;
}

/** Every kind at least once where there are visitors for it; kinds before the opening go to early visitors. */
function planAttempts(
  random: SeededRandom,
  steady: readonly number[],
  early: ReadonlySet<number>,
  mix: Mix,
  kinds: readonly AttemptKind[],
): Map<number, AttemptKind[]> {
  const planned = new Map<number, AttemptKind[]>();
  if (mix.attempts === 0 || kinds.length === 0) return planned;
  const before = random.shuffled(steady.filter((number) => early.has(number)));
  const any = random.shuffled(steady);
  const rounds = Math.ceil((mix.attempts * mix.visitors) / kinds.length);
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const candidates = kind === 'deepLinkBefore' || kind === 'postBefore' ? before : any;
      const number = candidates.pop();
      if (number !== undefined) planned.set(number, [...(planned.get(number) ?? []), kind]);
    }
  }
  return planned;
}
