// Loads the data of a screen: when it opens, when the operator has signed in again, on request, and where wanted in intervals.

import { useState } from 'hono/jsx/dom';
import type { ConsoleState } from '../console-state.ts';
import { useEffect } from './effect.ts';

/** @returns loads again */
export function useLoad<T>(
  state: ConsoleState,
  load: () => Promise<T>,
  onLoaded: (value: T) => void,
  intervalMs: number | null = null,
): () => void {
  const [loads, setLoads] = useState(0);
  useEffect(() => {
    let isMounted = true;
    let timer: ReturnType<typeof setTimeout>;
    const run = async () => {
      const value = await load();
      if (!isMounted) return;
      onLoaded(value);
      if (intervalMs !== null) timer = setTimeout(run, intervalMs);
    };
    void run();
    return () => {
      isMounted = false;
      clearTimeout(timer);
    };
  }, [loads, state.isSessionExpired]);
  return () => setLoads((count) => count + 1);
}
