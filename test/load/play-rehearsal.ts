// The rehearsal's crowd for the load tests: people who join, wait, enter and leave, and nothing else. Whoever is asked about
// afterwards joins beforehand, so that the test holds their cookies, and is played from there.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { History } from '../../scripts/rehearsal/event-log.ts';
import type { Mix, VisitorPlan } from '../../scripts/rehearsal/plan.ts';
import { meet, rehearse } from '../../scripts/rehearsal/rehearsal.ts';
import { checkTarget } from '../../scripts/rehearsal/rehearsal-target.ts';
import { TestVisitor } from '../running-gateway.ts';

/** No losses, tabs or attempts: what a load test counts is the line. The seed is fixed, so that a failure comes again. */
export const LINE_ONLY: Mix = {
  visitors: 1,
  seed: 20_210_714,
  overMs: 1_000,
  before: 0,
  noShow: 0,
  leaveLine: 0,
  losses: 0,
  doubleTabs: 0,
  deepLinks: 0,
  attempts: 0,
  stayMs: 50,
  runOut: 0,
  path: '/',
  deepLink: '/book',
};

/** Everybody to the end of their visit; a line that does not end fails by its bound. */
export const PLAYED_MS_MAX = 200_000;

/** Joins in flight together. */
const JOINS_AT_ONCE = 50;

const ASKED_AGAIN_MS = 1_000;

const QUEUE_COOKIE = 'fairgate-queue-demo';

/** So many people with a place each, before any of them looks at the line. */
export async function gather(url: string, visitors: number): Promise<TestVisitor[]> {
  const crowd = Array.from({ length: visitors }, () => new TestVisitor(url));
  for (let from = 0; from < visitors; from += JOINS_AT_ONCE) {
    await Promise.all(crowd.slice(from, from + JOINS_AT_ONCE).map(join));
  }
  return crowd;
}

/** As a page does it: what was not answered is asked again under the same key, and brings the same place. */
async function join(visitor: TestVisitor): Promise<void> {
  const headers = { 'Idempotency-Key': randomUUID() };
  while (!(await visitor.wish('join', { headers })).ok) await pause(ASKED_AGAIN_MS);
}

/** The plans for people who have their places already, one each in the same order. */
export function withPlaces(plans: readonly VisitorPlan[], crowd: readonly TestVisitor[]): VisitorPlan[] {
  return plans.map((plan, index) => ({
    ...plan,
    cookies: { [QUEUE_COOKIE]: crowd[index]?.jar.get(QUEUE_COOKIE) ?? '' },
  }));
}

export async function play(url: string, plans: readonly VisitorPlan[]): Promise<History> {
  const checked = checkTarget('--url', url, []);
  if (checked.kind === 'refused') throw new Error(checked.sentence);
  const met = await meet({
    target: checked.target,
    originTarget: null,
    room: 'demo',
    otherRoom: null,
    asHost: null,
    path: LINE_ONLY.path,
    deepLink: LINE_ONLY.deepLink,
    connections: 256,
    msMax: PLAYED_MS_MAX,
  });
  return rehearse(met, plans, new AbortController().signal, () => {});
}
