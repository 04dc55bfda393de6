// The promises as numbered checks over what a room remembers. Written without the step's own arithmetic, so that a
// fault there shows here. Tests, the simulator and the check of a stored room all use these.

import { CALL_SAMPLES_MAX, PASSES_MAX, RECENT_JOINS_MAX, STANDBY_MAX } from './limits.ts';
import { stateOf } from './opening.ts';
import type { RoomDocument, SessionRecord } from './room.ts';

export interface Invariant {
  number: number;
  says: string;
}

export const INVARIANTS = [
  { number: 1, says: 'nobody is called who has no position: called <= issued' },
  { number: 2, says: 'only the called are admitted, each position once' },
  { number: 3, says: 'no two visitors share a position, no two positions share a session' },
  { number: 4, says: 'admissions keep their distance: one emission interval between two slots' },
  { number: 5, says: 'people at once never exceed the limit in force when the last of them was admitted' },
  { number: 6, says: 'active counts exactly the sessions that hold a place; after a loss of the store, no fewer' },
  { number: 7, says: 'nothing moves backwards within an epoch: time, issued, called, lapsed, endings' },
  { number: 8, says: 'nobody is called or admitted before the opening, or before the draw' },
  { number: 9, says: 'the draw is frozen once made' },
  { number: 10, says: 'every list of the document keeps its bound' },
  {
    number: 11,
    says: 'calls are accounted for: every called position has claimed, lapsed or is outstanding (until a loss)',
  },
  { number: 12, says: 'every change is recorded: version and log only grow, and never one without the other' },
] as const satisfies Invariant[];

type Sessions = ReadonlyMap<number, SessionRecord>;

/** Numbers of the invariants that one state breaks; sessions are those of the room's epoch. */
export function brokenIn(room: RoomDocument, sessions: Sessions): number[] {
  const all = [...sessions];
  const living = all.filter(
    ([, { ended, countsUntil, generation }]) =>
      ended === null && countsUntil > room.at && generation === room.generation,
  );
  const slots = all.map(([, { admitAt }]) => admitAt).sort((a, b) => a - b);
  const outstanding = room.calls.reduce((sum, { claimed }) => sum - claimed, room.called - room.lapsedThrough);
  const checks: [number, boolean][] = [
    [1, room.called <= room.issued],
    [2, all.every(([position]) => position >= 1 && position <= room.called)],
    [3, new Set(all.map(([, { sid }]) => sid)).size === all.length],
    [6, room.at < room.lostUntil ? room.active >= living.length : room.active === living.length],
    [6, room.active === room.expiries.reduce((sum, [, count]) => sum + count, 0)],
    [8, stateOf(room, room.at) !== 'prequeue' || (room.called === 0 && all.length === 0)],
    [8, slots.every((slot) => slot >= room.schedule.opensAt)],
    [10, room.standby.length <= STANDBY_MAX && room.calls.length <= CALL_SAMPLES_MAX],
    [10, room.recentJoins.length <= RECENT_JOINS_MAX && room.passes.length <= PASSES_MAX],
    [
      11,
      room.lostUntil > 0 ||
        (outstanding >= 0 && room.totals.admitted + room.totals.lapsed + outstanding === room.called),
    ],
  ];
  return checks.filter(([, holds]) => !holds).map(([number]) => number);
}

/** Numbers of the invariants that the way from one state to the next breaks. */
export function brokenBetween(
  before: { room: RoomDocument; sessions: Sessions },
  after: { room: RoomDocument; sessions: Sessions },
): number[] {
  const [a, b] = [before.room, after.room];
  const recorded = b.version >= a.version && b.version - a.version <= b.audit.seq - a.audit.seq;
  if (a.epoch !== b.epoch) return [...(b.epoch > a.epoch ? [] : [7]), ...(recorded ? [] : [12])];
  const admitted = [...after.sessions].filter(([position]) => !before.sessions.has(position));
  const slotsBefore = [...before.sessions.values()].map(({ admitAt }) => admitAt);
  const slots = admitted.map(([, { admitAt }]) => admitAt).sort((x, y) => x - y);
  const interval = 60_000 / a.policy.newUsersPerMinute;
  const line = slotsBefore.length === 0 ? slots : [Math.max(...slotsBefore), ...slots];
  const checks: [number, boolean][] = [
    [3, [...before.sessions].every(([position, { visitor }]) => after.sessions.get(position)?.visitor === visitor)],
    [4, line.every((slot, index) => index === 0 || slot - (line[index - 1] ?? 0) >= interval - SLOT_ROUNDING_MS)],
    [5, admitted.length === 0 || b.active <= Math.max(a.policy.totalActiveUsers, b.policy.totalActiveUsers)],
    [7, b.at >= a.at && b.issued >= a.issued && b.called >= a.called && b.runMs >= a.runMs],
    [7, b.lapsedThrough >= a.lapsedThrough && b.endingSeq >= a.endingSeq && b.entries >= a.entries],
    [12, recorded],
    [9, a.draw.entries === null || a.draw.entries === b.draw.entries],
    [9, a.draw.seed === null || a.draw.seed === b.draw.seed],
    [9, a.draw.commitment === b.draw.commitment],
  ];
  return checks.filter(([, holds]) => !holds).map(([number]) => number);
}

/** Slots are sums of a fraction of milliseconds; a sum of many may be off by this. */
const SLOT_ROUNDING_MS = 0.001;
