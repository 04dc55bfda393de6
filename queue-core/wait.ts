// A visitor's times: a range for the wait and the moment of the next poll. Shared by the board, the status and the
// visitor's browser, so that all three show the same.

/** How far calls run ahead of slots: it keeps the wait between call and entry within seconds. */
export const SLOT_BACKLOG_MS = 4_000;

/** Seconds between two polls: far from the turn, next to it, and the share by which clients spread themselves. */
export const POLL_SECONDS_MAX = 30;
export const POLL_SECONDS_MIN = 1;
export const POLL_JITTER = 0.2;

/** Positions a minute that the line moves, as a range. */
export type Pace = { low: number; high: number };

/**
 * Positions a minute, as a range, where so many visitors a minute may enter: between "every called visitor comes" and "as
 * many stay away as lately".
 */
export function paceRange(admissionsPerMinute: number, showShare: number | null): Pace {
  // While no share is known: all come, or hardly more than half.
  if (showShare === null) return { low: 0.95 * admissionsPerMinute, high: 1.9 * admissionsPerMinute };
  const low = Math.max(0.9 * admissionsPerMinute, (0.75 * admissionsPerMinute) / showShare);
  return { low, high: (1.25 * admissionsPerMinute) / showShare };
}

/** People between a waiting position and the number now called; they are called first. */
export function aheadOf(position: number, called: number): number {
  return Math.max(0, position - called - 1);
}

/**
 * Range of the time until a visitor with `ahead` people before them can enter, in seconds; null: unknown. At most it is
 * the time until the call and then until the slot.
 * Never shrinks when `ahead` grows, and `low <= high`.
 */
export function waitSeconds(ahead: number, pace: Pace | null): { low: number; high: number } | null {
  if (pace === null || pace.low <= 0) return null;
  const calls = ahead + 1;
  return {
    low: Math.floor((calls * 60) / pace.high),
    high: Math.ceil((calls * 60) / pace.low + SLOT_BACKLOG_MS / 1_000),
  };
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
