// How old the numbers on the screen are, by the gateway's clock.

import type { ConsoleState } from '../console-state.ts';
import type { RoomSnapshot } from '../watch.ts';

/** Older numbers show their age. */
const STALE_MS = 3_000;

export function ageMs(state: ConsoleState, { live }: RoomSnapshot): number {
  return live === null ? 0 : Math.max(0, state.now - Date.parse(live.asOf));
}

export function isStale(state: ConsoleState, snapshot: RoomSnapshot): boolean {
  return ageMs(state, snapshot) > STALE_MS;
}
