// A visitor's times: a range for the wait and the moment of the next poll. Shared by the board, the status and the
// visitor's browser, so that all three show the same.

/** How far calls run ahead of slots: it keeps the wait between call and entry within seconds. */
export const SLOT_BACKLOG_MS = 4_000;

/** Seconds between two polls: far from the turn, next to it, and the share by which clients spread themselves. */
export const POLL_SECONDS_MAX = 30;
export const POLL_SECONDS_MIN = 1;
export const POLL_JITTER = 0.2;

/**
 * When a visitor with so many people ahead can enter, from now on: the soonest and the latest, in seconds, at positions that
 * ascend. Between two of them both ends are straight. It is unknown before the first, beyond the last, and where `low` is
 * above `high`.
 */
export type Pace = readonly (readonly [ahead: number, low: number, high: number])[];

/** People between a waiting position and the number now called; they are called first. */
export function aheadOf(position: number, called: number): number {
  return Math.max(0, position - called - 1);
}

/**
 * Range of the time until a visitor with `ahead` people before them can enter, in seconds; null: unknown. Never shrinks when
 * `ahead` grows, and `low <= high`.
 */
export function waitSeconds(ahead: number, pace: Pace | null): { low: number; high: number } | null {
  const next = pace?.findIndex(([to]) => to > ahead) ?? 0;
  const [a, b] = [pace?.[next - 1], pace?.[next]];
  if (!a || !b) return null;
  const at = (end: 1 | 2) => a[end] + ((b[end] - a[end]) * (ahead - a[0])) / (b[0] - a[0]);
  const [low, high] = [Math.floor(at(1)), Math.ceil(at(2))];
  return low > high ? null : { low, high };
}

/** Where a room says what is left, as many polls a second at most are made so that people hear of it soon. */
const STOCK_POLLS_PER_SECOND = 10_000;

/** What a room's numbers say of its stock and its line. */
export interface Reported {
  /** null: the room says nothing of what is left. */
  stock: unknown;
  issued: number;
  called: number;
}

/**
 * Seconds until a poll can show something new: a tenth of the shortest wait, between 1 and 30; of what the rate allows, should
 * people leave a full room earlier than expected; and no later than what is left is worth reading. Clients add jitter of `POLL_JITTER`
 * so that they do not come in step. Polling earlier gains nothing.
 */
export function pollSeconds(ahead: number, board: Reported & { pace: Pace | null; newUsersPerMinute: number }): number {
  const byRate = (ahead * 60) / board.newUsersPerMinute;
  const soonest = Math.min(byRate, waitSeconds(ahead, board.pace)?.low ?? byRate);
  return pollSecondsForStock(board, withinBounds(Math.round(soonest / 10)));
}

/**
 * `seconds`, or fewer where the room says what is left: that nothing is left, or something again, reaches people within seconds, as far
 * as all who wait can ask so often.
 */
export function pollSecondsForStock({ stock, issued, called }: Reported, seconds: number): number {
  if (stock === null) return seconds;
  return Math.min(seconds, withinBounds(Math.ceil((issued - called) / STOCK_POLLS_PER_SECOND)));
}

/** Seconds until a poll is due before the opening: relaxed while it is far, exact when it comes. */
export function pollSecondsBeforeOpening(msUntilOpening: number): number {
  const seconds = msUntilOpening / 1000;
  return withinBounds(Math.ceil(seconds / 4));
}

function withinBounds(seconds: number): number {
  return Math.min(POLL_SECONDS_MAX, Math.max(POLL_SECONDS_MIN, seconds));
}
