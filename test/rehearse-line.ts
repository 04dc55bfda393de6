// Rehearsals for the load tests: visitors who join, wait, enter and leave, and do nothing else. Where a test needs a visitor's
// cookies afterwards, the visitor joins beforehand and the simulation continues from there.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog } from '../scripts/rehearsal/event-log.ts';
import type { Mix, VisitorPlan } from '../scripts/rehearsal/plan.ts';
import { prepareRehearsal, runRehearsal } from '../scripts/rehearsal/rehearsal.ts';
import { checkTarget } from '../scripts/rehearsal/rehearsal-target.ts';
import { TestVisitor } from './running-gateway.ts';

/** No losses, second tabs or attempts: a load test measures the line. The seed is fixed, so that a failure can be repeated. */
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

/** Every visitor comes to the end of the visit; a line that does not end fails by this. */
export const REHEARSAL_MS_MAX = 200_000;

/** Joins in flight together. */
const JOINS_AT_ONCE = 50;

const RETRY_MS = 1_000;

const QUEUE_COOKIE = 'fairgate-queue-demo';

/** Joins so many visitors, before any of them opens a page. */
export async function joinVisitors(url: string, visitors: number): Promise<TestVisitor[]> {
  const joined = Array.from({ length: visitors }, () => new TestVisitor(url));
  for (let from = 0; from < visitors; from += JOINS_AT_ONCE) {
    await Promise.all(joined.slice(from, from + JOINS_AT_ONCE).map(join));
  }
  return joined;
}

/** Retries like a page, with the same idempotency key, so that a lost response cannot cost a second place. */
async function join(visitor: TestVisitor): Promise<void> {
  const headers = { 'Idempotency-Key': randomUUID() };
  while (!(await visitor.act('join', { headers })).ok) await pause(RETRY_MS);
}

/** The plans for visitors who already have a place, in the same order. */
export function withPlaces(plans: readonly VisitorPlan[], joined: readonly TestVisitor[]): VisitorPlan[] {
  return plans.map((plan, index) => ({
    ...plan,
    cookies: { [QUEUE_COOKIE]: joined[index]?.jar.get(QUEUE_COOKIE) ?? '' },
  }));
}

export async function rehearseLine(url: string, plans: readonly VisitorPlan[]): Promise<EventLog> {
  const checked = checkTarget('--url', url, []);
  if (checked.kind === 'refused') throw new Error(checked.sentence);
  const prepared = await prepareRehearsal({
    target: checked.target,
    originTarget: null,
    room: 'demo',
    otherRoom: null,
    asHost: null,
    path: LINE_ONLY.path,
    deepLink: LINE_ONLY.deepLink,
    connections: 256,
    msMax: REHEARSAL_MS_MAX,
  });
  return runRehearsal(prepared, plans, new AbortController().signal, () => {}, 'UTC');
}
