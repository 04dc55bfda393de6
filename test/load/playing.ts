// The rehearsal's crowd for the load tests: people who join, wait, enter and leave, and nothing else.

import type { History } from '../../scripts/rehearsal/history.ts';
import type { Mix, VisitorPlan } from '../../scripts/rehearsal/plan.ts';
import { meet, rehearse } from '../../scripts/rehearsal/rehearsal.ts';
import { checkTarget } from '../../scripts/rehearsal/target.ts';

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
const PLAYED_MS_MAX = 200_000;

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
