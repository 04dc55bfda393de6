// Who comes when, and what each of them will do: decided in advance from the seed, with exact numbers, so that "30 % stay
// away" is 30 %. Nothing here knows what the gateway will answer.

import type { AttemptKind, VisitorHistory } from './event-log.ts';
import { type Chance, chanceFrom } from './random.ts';

export interface Mix {
  visitors: number;
  seed: number;
  /** Stretch over which people arrive: half of it before the opening, half after. */
  overMs: number;
  /** Share that comes before the opening. */
  before: number;
  /** Shares of all visitors. Those who stay away or leave the line do nothing else. */
  noShow: number;
  leaveLine: number;
  /** Lose the network while joining, and as many while claiming. */
  losses: number;
  doubleTabs: number;
  /** Arrive at `deepLink` instead of `path`. */
  deepLinks: number;
  /** Try a way around the line. */
  attempts: number;
  /** Mean stay inside; each stays between half and one and a half times as long. */
  stayMs: number;
  /** Share of those inside who do not say that they leave. */
  runOut: number;
  path: string;
  deepLink: string;
}

export interface VisitorPlan {
  number: number;
  /** Relative to the opening. */
  arrivesMs: number;
  path: string;
  intent: VisitorHistory['intent'];
  /** From the arrival until somebody who will not be back closes the page or leaves the line. */
  patienceMs: number;
  losesJoins: number;
  losesClaims: number;
  tabs: 1 | 2;
  stayMs: number;
  runsOut: boolean;
  attempts: AttemptKind[];
  chance: Chance;
  /** A place that the visitor has already. */
  cookies: Record<string, string>;
}

/** People who will not be back stay on the page for about this share of the whole stretch. */
const PATIENCE_SHARE = 0.15;

/** Each of the two halves runs off exponentially with this share of its length: a rush around the opening. */
const RUSH_SHARE = 0.35;

/** Of the late arrivals, this share comes within the first twentieth of its half: those who watched the clock. */
const ON_THE_DOT = 0.2;

export function planVisitors(mix: Mix, kinds: readonly AttemptKind[]): VisitorPlan[] {
  const chance = chanceFrom(mix.seed);
  const numbers = Array.from({ length: mix.visitors }, (_, index) => index + 1);
  const pick = (from: readonly number[], share: number) =>
    new Set(chance.shuffled(from).slice(0, Math.round(share * mix.visitors)));
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
  const attempts = attemptsOf(chance, steady, early, mix, kinds);

  return numbers.map((number) => {
    const own = chance.fork(number);
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
      chance: own,
      cookies: {},
    };
  });
}

function arrivesAfter(chance: Chance, halfMs: number): number {
  return chance.next() < ON_THE_DOT ? chance.next() * 0.05 * halfMs : inTheRush(chance, halfMs);
}

/** Distance from the opening: exponential, cut off at the end of the half. */
function inTheRush(chance: Chance, halfMs: number): number {
  const inside = 1 - Math.exp(-1 / RUSH_SHARE);
  return -Math.log(1 - chance.next() * inside) * RUSH_SHARE * halfMs;
}

/** Every kind at least once where there are people for it; before the opening by those who are there before it. */
function attemptsOf(
  chance: Chance,
  steady: readonly number[],
  early: ReadonlySet<number>,
  mix: Mix,
  kinds: readonly AttemptKind[],
): Map<number, AttemptKind[]> {
  const found = new Map<number, AttemptKind[]>();
  if (mix.attempts === 0 || kinds.length === 0) return found;
  const people = {
    before: chance.shuffled(steady.filter((number) => early.has(number))),
    any: chance.shuffled(steady),
  };
  const rounds = Math.ceil((mix.attempts * mix.visitors) / kinds.length);
  for (let turn = 0; turn < rounds; turn++) {
    for (const kind of kinds) {
      const of = kind === 'deepLinkBefore' || kind === 'postBefore' ? people.before : people.any;
      const number = of.pop();
      if (number !== undefined) found.set(number, [...(found.get(number) ?? []), kind]);
    }
  }
  return found;
}
