// The server's time in a browser, computed from the server's timestamps and the browser's monotonic clock. The device's
// wall clock is not used, so changing it has no effect.

interface ServerClock {
  /** Records a `serverTime` (RFC 3339) that has just arrived. */
  sync(serverTime: string): void;
  /** Epoch milliseconds; 0 before the first timestamp. */
  now(): number;
}

/**
 * A timestamp is never ahead of the server's time, only behind it, by network latency and by the time a cache held it; the
 * most recent of the last few is closest. The window is short so that a wrong timestamp drops out soon.
 */
const TIMESTAMPS_MAX = 8;

export function serverClock(monotonicMs: () => number): ServerClock {
  let offsets: number[] = [];
  let last = '';
  return {
    sync(serverTime) {
      // A cache delivered the same document again: it says nothing about the current time.
      if (serverTime === last) return;
      last = serverTime;
      const offset = Date.parse(serverTime) - monotonicMs();
      if (!Number.isNaN(offset)) offsets = [...offsets, offset].slice(-TIMESTAMPS_MAX);
    },
    now: () => (offsets.length === 0 ? 0 : Math.max(...offsets) + monotonicMs()),
  };
}
