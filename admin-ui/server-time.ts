// The gateway's clock in this browser: its timestamps, carried forward by the browser's monotonic counter. The clock of the
// operator's machine is never read, so that a countdown is right even where that clock is wrong.

export interface ServerTime {
  /** Takes a timestamp that has just arrived. */
  observe(timestamp: string): void;
  /** Milliseconds since 1970; null before the first timestamp. */
  now(): number | null;
}

/** A timestamp arrives late, never early: the largest of a few offsets is the nearest, and an outlier soon drops out. */
const OFFSETS_MAX = 8;

export function serverTime(monotonicMs: () => number): ServerTime {
  let offsets: number[] = [];
  return {
    observe(timestamp) {
      const offset = Date.parse(timestamp) - monotonicMs();
      if (!Number.isNaN(offset)) offsets = [...offsets, offset].slice(-OFFSETS_MAX);
    },
    now: () => (offsets.length === 0 ? null : Math.max(...offsets) + monotonicMs()),
  };
}
