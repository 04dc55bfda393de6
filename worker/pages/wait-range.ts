// The estimated wait as a range of minutes that people use. Rounds outwards, so that the displayed range always contains
// the computed one; past two hours there is only "more than".

/** Minutes at which a range may start or end; a finer step near an hour would change no plans. */
const STEPS_MINUTES = [1, 2, 3, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120] as const;

/** Beyond this an estimate depends more on future changes of the rate than on the visitor's position. */
export const WAIT_MINUTES_MAX = 120;

/** In minutes; `low: 0` is "less than", `high: null` is "more than two hours". */
export type WaitRange = { low: number; high: number | null };

/**
 * Rounds `low` down and `high` up to a step; neither end shrinks when the seconds grow. null: the range would reach from
 * under a minute to over two hours, which is no estimate.
 */
export function waitRange(seconds: { low: number; high: number }): WaitRange | null {
  const low = STEPS_MINUTES.findLast((minutes) => minutes * 60 <= seconds.low) ?? 0;
  const high = STEPS_MINUTES.find((minutes) => minutes * 60 >= seconds.high) ?? null;
  return low === 0 && high === null ? null : { low, high };
}
