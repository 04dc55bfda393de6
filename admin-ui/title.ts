// The tab's title: alarms first, then what the room does, so that a glance at a row of tabs is enough.

import type { Desk } from './console-state.ts';

export function titleOf(desk: Desk): string {
  const w = desk.words;
  const live = desk.route.screen === 'room' && desk.signIn === 'signedIn' ? desk.seen?.live : null;
  if (live == null) return w.product;
  const alarms = live.alarms.length > 0 ? `(${live.alarms.length}) ` : '';
  const name = desk.seen?.detail?.site.title[w.language] ?? live.room;
  return `${alarms}${w.stateOf(live.state, live.flow)} · ${name}`;
}
