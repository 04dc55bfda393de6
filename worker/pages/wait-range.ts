// The waiting time as people say it. Seconds are rounded outwards to the steps that people use, so that the range only
// widens and the truth stays inside; past the last step there is only "more than".

/** Minutes that a range may start or end at; between 50 minutes and an hour nobody plans differently. */
const STEPS_MINUTES = [1, 2, 3, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120] as const;

/** Past this the estimate says more about the rate than about the evening of the person who waits. */
export const WAIT_MINUTES_MAX = 120;

/** Minutes; `low: 0` is "less than", `high: null` is "more than two hours". */
export type WaitRange = { low: number; high: number | null };

/** Rounds low down and high up to a step. Neither end ever shrinks when the seconds grow. */
export function waitRange(seconds: { low: number; high: number }): WaitRange {
  const low = STEPS_MINUTES.findLast((minutes) => minutes * 60 <= seconds.low) ?? 0;
  const high = STEPS_MINUTES.find((minutes) => minutes * 60 >= seconds.high) ?? null;
  return { low, high };
}
