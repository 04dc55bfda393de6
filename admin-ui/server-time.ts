// The gateway's time in this browser: its stamps, carried forward by the browser's monotonic counter. The clock of the
// operator's machine is never asked, so that a countdown is right on a laptop that is not.

export interface ServerTime {
  /** Takes note of a stamp that has just arrived. */
  read(serverTime: string): void;
  /** Milliseconds since 1970; null before the first stamp. */
  now(): number | null;
}

/** A stamp is only ever late, by its way here; the least late of a few is nearest, and one wrong one is soon forgotten. */
const STAMPS_MAX = 8;

export function serverTime(monotonicMs: () => number): ServerTime {
  let offsets: number[] = [];
  return {
    read(stamp) {
      const offset = Date.parse(stamp) - monotonicMs();
      if (!Number.isNaN(offset)) offsets = [...offsets, offset].slice(-STAMPS_MAX);
    },
    now: () => (offsets.length === 0 ? null : Math.max(...offsets) + monotonicMs()),
  };
}
