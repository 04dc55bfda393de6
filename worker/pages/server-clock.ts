// The server's time in a browser, from the server's own stamps and the browser's monotonic counter. The device's clock
// is never asked, so changing it changes nothing.

export interface ServerClock {
  /** Takes note of a `serverTime` that has just arrived. */
  read(serverTime: string): void;
  now(): number;
}

/**
 * A stamp is never ahead of the server's time, only late, by its way here and by what a cache held it back; the least
 * late of the last few is nearest. Few enough that one wrong answer is soon forgotten.
 */
const STAMPS_MAX = 8;

export function serverClock(monotonicMs: () => number): ServerClock {
  let offsets: number[] = [];
  let stamp = '';
  return {
    read(serverTime) {
      // The same document again, out of a cache, says nothing about now.
      if (serverTime === stamp) return;
      stamp = serverTime;
      const offset = Date.parse(serverTime) - monotonicMs();
      if (!Number.isNaN(offset)) offsets = [...offsets, offset].slice(-STAMPS_MAX);
    },
    now: () => (offsets.length === 0 ? 0 : Math.max(...offsets) + monotonicMs()),
  };
}
