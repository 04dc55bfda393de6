// A visitor's times: a range for the wait and the moment of the next poll. Shared by the board, the status and the
// visitor's browser, so that all three show the same.

import { POLL_SECONDS_MAX, POLL_SECONDS_MIN } from './limits.ts';

/** Positions a minute that the line moves, as a range. */
export type Pace = { low: number; high: number };

/** While no share is known: half of those called might not come. */
const SHOW_SHARE_UNKNOWN_MIN = 0.5;

/**
 * Positions a minute, as a range, where so many visitors a minute may enter: between "every called visitor comes" and "as
 * many stay away as lately".
 */
export function paceRange(admissionsPerMinute: number, showShare: number | null): Pace {
  if (showShare === null) return { low: 0.9 * admissionsPerMinute, high: admissionsPerMinute / SHOW_SHARE_UNKNOWN_MIN };
  const low = Math.max(0.9 * admissionsPerMinute, (0.75 * admissionsPerMinute) / showShare);
  return { low, high: (1.25 * admissionsPerMinute) / showShare };
}

/** People between a waiting position and the number now called; they are called first. */
export function aheadOf(position: number, called: number): number {
  return Math.max(0, position - called - 1);
}

/**
 * Range of the time until the call for a visitor with `ahead` people before them, in seconds; null: unknown.
 * Never shrinks when `ahead` grows, and `low <= high`.
 */
export function waitSeconds(ahead: number, pace: Pace | null): { low: number; high: number } | null {
  if (pace === null || pace.low <= 0) return null;
  const calls = ahead + 1;
  return { low: Math.floor((calls * 60) / pace.high), high: Math.ceil((calls * 60) / pace.low) };
}

/**
 * Seconds until a poll can show something new: a tenth of the shortest possible wait, between 1 and 30. Where the pace
 * is unknown, the rate tells how soon it could be. Clients add jitter of `POLL_JITTER` so that they do not come in step.
 * Polling earlier gains nothing.
 */
export function pollSeconds(ahead: number, board: { pace: Pace | null; newUsersPerMinute: number }): number {
  const soonest = (ahead * 60) / (board.pace?.high ?? board.newUsersPerMinute);
  return Math.min(POLL_SECONDS_MAX, Math.max(POLL_SECONDS_MIN, Math.round(soonest / 10)));
}

/** Seconds until a poll is due before the opening: relaxed while it is far, exact when it comes. */
export function pollSecondsBeforeOpening(msUntilOpening: number): number {
  const seconds = msUntilOpening / 1000;
  if (seconds <= 0) return POLL_SECONDS_MIN;
  return Math.min(POLL_SECONDS_MAX, Math.max(POLL_SECONDS_MIN, Math.ceil(seconds / 4)));
}
