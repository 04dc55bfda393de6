// The title of the tab: the number of alarms, then the room's state, for a glance along a row of tabs.

import type { ConsoleState } from './console-state.ts';

export function titleOf({ room, signInState, snapshot, strings: t }: ConsoleState): string {
  const live = room !== null && signInState === 'signedIn' ? snapshot?.live : null;
  if (live == null) return t.product;
  const alarms = live.alarms.length > 0 ? `(${live.alarms.length}) ` : '';
  const name = snapshot?.detail?.site.title[t.language] ?? live.room;
  return `${alarms}${t.stateOf(live.state, live.flow)} · ${name}`;
}
