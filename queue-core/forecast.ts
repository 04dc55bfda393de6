// What other limits would do to the line: how long a visitor who joined now would wait. An estimate from what the room has
// just seen, given as a range; no rule of the queue depends on it.

import { type RoomView, waitingIn } from './board.ts';
import { departuresPerMinute } from './history.ts';
import { paceFrom } from './pace.ts';
import type { Policy } from './policy.ts';
import { type Pace, waitSeconds } from './wait.ts';

export interface Forecast {
  /**
   * Time until a visitor who joined now can enter, counted from when the line moves again where it is stopped; null: no
   * honest estimate.
   */
  waitSeconds: { low: number; high: number } | null;
  /** Visitors a minute who can enter in the long run. */
  admissionsPerMinute: number;
  /** Whether the rate limits them, or the vacancies. */
  limitedBy: 'rate' | 'places';
}

/** The forecast under a policy: the room's own or a proposed one. */
export function forecast({ at, board, live }: RoomView, policy: Policy): Forecast {
  const leavingPerMinute = departuresPerMinute(live.buckets.slice(0, -1));
  // Little's law; until the first visitor has left, all are assumed to stay to the end.
  const stayMinutes = leavingPerMinute === 0 ? policy.sessionMs / 60_000 : board.active / leavingPerMinute;
  const turnover = stayMinutes === 0 ? Number.POSITIVE_INFINITY : policy.totalActiveUsers / stayMinutes;
  const admissionsPerMinute = Math.min(policy.newUsersPerMinute, turnover);
  const limitedBy = turnover < policy.newUsersPerMinute ? 'places' : 'rate';
  if (board.state === 'closed' || board.state === 'soldOut') {
    return { waitSeconds: null, admissionsPerMinute, limitedBy };
  }
  const waiting = waitingIn(board);
  const pace =
    live.line.shown.called === 0
      ? paceWithoutCalls(waiting, admissionsPerMinute)
      : paceFrom({ ...live.line, waiting }, policy);
  const wait = waitSeconds(waiting, pace);
  const tooMany = Math.max(0, board.active - policy.totalActiveUsers);
  const firstSeconds = Math.round(tooMany === 0 ? 0 : (60 * tooMany) / Math.max(leavingPerMinute, 1 / stayMinutes));
  const openingSeconds = Math.max(0, Math.round((live.schedule.opensAt - at) / 1000));
  const later = firstSeconds + openingSeconds;
  return {
    waitSeconds: wait === null ? null : { low: wait.low + later, high: wait.high + later },
    admissionsPerMinute,
    limitedBy,
  };
}

/** Before anybody was called: all come, or hardly more than half. */
function paceWithoutCalls(waiting: number, perMinute: number): Pace {
  const seconds = ((waiting + 1) * 60) / perMinute;
  return [
    [0, 0, 0],
    [waiting + 1, seconds / 1.9, seconds / 0.95],
  ];
}
