// Numbers as people read them, in texts of both languages, which group digits alike.

const grouped = new Intl.NumberFormat('en-GB');

/** 482,113 */
export function formatCount(value: number): string {
  return grouped.format(value);
}

/** 4.1, without the unit. */
export function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
