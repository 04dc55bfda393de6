// What other limits would do to the line: for whoever would join now, how long until the call. An estimate from what the
// room has just seen, given as a range; nothing in the queue depends on it.

import { type RoomView, waitingIn } from './board.ts';
import { departuresPerMinute } from './history.ts';
import type { Policy } from './room.ts';
import { paceRange, waitSeconds } from './wait.ts';

export interface Forecast {
  /**
   * Time until the call for whoever would join now, counted from when the line moves where it is stopped; null: nothing
   * honest can be said.
   */
  waitSeconds: { low: number; high: number } | null;
  /** Visitors a minute who can enter in the long run. */
  admissionsPerMinute: number;
  /** Whether the rate limits them, or the places that come free. */
  limitedBy: 'rate' | 'places';
}

/** The outlook under a policy, the room's own or another one that is only thought of. */
export function forecast({ at, board, live }: RoomView, policy: Policy): Forecast {
  const leavingPerMinute = departuresPerMinute(live.buckets.slice(0, -1));
  // Little's law; while nobody has left yet, everybody is taken to stay to the end.
  const stayMinutes = leavingPerMinute === 0 ? policy.sessionMs / 60_000 : board.active / leavingPerMinute;
  const turnover = stayMinutes === 0 ? Number.POSITIVE_INFINITY : policy.totalActiveUsers / stayMinutes;
  const admissionsPerMinute = Math.min(policy.newUsersPerMinute, turnover);
  const limitedBy = turnover < policy.newUsersPerMinute ? 'places' : 'rate';
  if (board.state === 'closed' || board.state === 'soldOut') {
    return { waitSeconds: null, admissionsPerMinute, limitedBy };
  }
  const wait = waitSeconds(waitingIn(board), paceRange(admissionsPerMinute, live.showShare));
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
