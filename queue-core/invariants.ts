// The promises as numbered checks over a room's state, written without the step's own arithmetic, so that a bug there shows
// here. `assertRoom` and `assertDirectory` are the part that is cheap enough to run in production before every write and
// after every read; tests and the check of a stored room run all of them.

import type { DirectoryDocument } from './directory/directory-document.ts';
import { ROOM_ALARM_KINDS } from './document/alarms-state.ts';
import type { DrawState } from './document/draw-state.ts';
import { type Lot, SHARE_WHOLE } from './document/origin-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { SessionRecord } from './document/session-record.ts';
import { CoreError } from './errors.ts';
import {
  CALL_SAMPLES_MAX,
  COHORTS_MAX,
  EXPIRIES_MAX,
  FREE_RANGES_MAX,
  GATEWAYS_MAX,
  HEALTH_CELLS_MAX,
  LEASES_MAX,
  LOTS_MAX,
  NOTICES_MAX,
  PASSES_MAX,
  RECENT_BUCKETS_MAX,
  RECENT_CHANGES_MAX,
  SLOT_BUCKETS_MAX,
  STANDBY_MAX,
  STAY_CLASSES_MAX,
} from './limits.ts';
import { emissionIntervalMicros } from './pacing.ts';
import { limitsInForce, stateOf } from './room-state.ts';
import { SCHEMA_VERSION } from './schema-version.ts';

export interface Invariant {
  number: number;
  says: string;
}

export const INVARIANTS = [
  { number: 1, says: 'no position is called that was not issued: called <= issued' },
  { number: 2, says: 'only the called are admitted, each position once' },
  { number: 3, says: 'no two visitors share a position, no two positions share a session' },
  { number: 4, says: 'admissions keep their distance: one emission interval between two slots' },
  { number: 5, says: 'concurrent sessions never exceed the limit in force when the last of them was admitted' },
  { number: 6, says: 'active counts exactly the living sessions; after a loss of the store, no fewer' },
  { number: 7, says: 'nothing moves backwards within an epoch: time, issued, called, lapsed, endings' },
  { number: 8, says: 'no position is called or admitted before the opening, or before the draw' },
  { number: 9, says: 'the draw is frozen once made' },
  { number: 10, says: 'every list of the document keeps its bound' },
  {
    number: 11,
    says: 'calls are accounted for: every called position has claimed, lapsed or is outstanding (until a loss)',
  },
  { number: 12, says: 'every change is recorded: version and log only grow, and never one without the other' },
  { number: 13, says: 'every number of the document is whole and in its range' },
  { number: 14, says: 'no renewal takes a session past its absolute end' },
  { number: 15, says: 'every entry is leased once or free; none is leased or free once the room has opened' },
  { number: 16, says: 'sessions counted by when they began are sessions that are there, each in one cohort' },
  { number: 17, says: 'what is completed stays so, and another session for one position was given back by the origin' },
  { number: 18, says: 'nobody is admitted while nothing is left, nor beyond what is left lets in' },
] as const satisfies Invariant[];

/**
 * Checks a room's scalars before a write and after a read: O(1), whatever the length of its lists but that of the lots.
 * @throws CoreError `brokenInvariant`; the message names the field
 */
export function assertRoom(room: RoomDocument): void {
  const fault = scalarFault(room);
  if (fault !== null) throw new CoreError('brokenInvariant', `room document "${room.room}": ${fault}`);
}

/** The same for the directory. @throws CoreError `brokenInvariant` */
export function assertDirectory(directory: DirectoryDocument): void {
  const fault = versionFault(directory.schemaVersion) ?? numberFault('', directory);
  if (fault !== null) throw new CoreError('brokenInvariant', `directory document: ${fault}`);
}

/** What is wrong with the scalars of a document, naming the field; null: nothing. */
function scalarFault(room: RoomDocument): string | null {
  const { config, changes, draw, history, line, pacing, sessions, endings } = room;
  return (
    versionFault(room.schemaVersion) ??
    numberFault('', room) ??
    numberFault('config.policy.', config.policy) ??
    numberFault('config.policy.health.', config.policy.health) ??
    numberFault('config.policy.stock.', config.policy.stock) ??
    numberFault('config.schedule.', config.schedule) ??
    numberFault('changes.', changes) ??
    numberFault('changes.audit.', changes.audit) ??
    numberFault('changes.starts.', changes.starts) ??
    numberFault('draw.', draw) ??
    numberFault('origin.health.', room.origin.health) ??
    numberFault('origin.', room.origin) ??
    numberFault('origin.stock.', room.origin.stock ?? {}) ??
    boundFault('origin.stock.lots', room.origin.stock?.lots ?? [], LOTS_MAX) ??
    lotFault(room.origin.stock?.lots ?? []) ??
    numberFault('config.message.', config.message ?? {}) ??
    numberFault('config.leap.', config.leap ?? {}) ??
    numberFault('line.', line) ??
    numberFault('pacing.', pacing) ??
    numberFault('sessions.', sessions) ??
    numberFault('sessions.totals.', sessions.totals) ??
    numberFault('endings.', endings) ??
    numberFault('history.open.', history.open) ??
    numberFault('history.open.flow.', history.open.flow, Number.MIN_SAFE_INTEGER) ??
    numberFault('history.open.counters.', history.open.counters, Number.MIN_SAFE_INTEGER) ??
    numberFault('history.open.observed.origin.', history.open.observed.origin) ??
    numberFault('minute.bucket.', room.minute.bucket, Number.MIN_SAFE_INTEGER) ??
    numberFault('minute.ahead.', room.minute.ahead ?? {}) ??
    numberFault('recovery.', room.recovery) ??
    numberFault('recovery.running.', room.recovery.running ?? {}) ??
    atLeast('epoch', room.epoch, 1) ??
    atLeast('config.policy.newUsersPerMinute', config.policy.newUsersPerMinute, 1) ??
    atLeast('config.policy.totalActiveUsers', config.policy.totalActiveUsers, 1) ??
    atLeast('origin.health.share', room.origin.health.share, 1) ??
    atMost('origin.health.share', room.origin.health.share, SHARE_WHOLE) ??
    atLeast('origin.health.peopleFound', room.origin.health.peopleFound ?? 1, 1) ??
    boundFault('origin.health.cells', room.origin.health.cells, HEALTH_CELLS_MAX) ??
    atLeast('config.policy.sessionMs', config.policy.sessionMs, 1) ??
    atLeast('config.policy.sessionTotalMsMax', config.policy.sessionTotalMsMax, config.policy.sessionMs) ??
    atMost('pacing.called', pacing.called, draw.entries === null ? 0 : line.issued) ??
    atMost('pacing.lapsedThrough', pacing.lapsedThrough, pacing.called) ??
    atMost('pacing.shownCome', pacing.shownCome, pacing.shownCalled) ??
    atMost('draw.entries', draw.entries ?? 0, line.issued) ??
    atMost('endings.droppedTo', endings.droppedTo, endings.seq) ??
    boundFault('changes.recent', changes.recent, RECENT_CHANGES_MAX) ??
    boundFault('changes.gateways', changes.gateways, GATEWAYS_MAX) ??
    boundFault('changes.passes', changes.passes, PASSES_MAX) ??
    boundFault('line.free', line.free, FREE_RANGES_MAX) ??
    boundFault('line.leases', line.leases, LEASES_MAX) ??
    boundFault('pacing.calls', pacing.calls, CALL_SAMPLES_MAX) ??
    boundFault('sessions.standby', sessions.standby, STANDBY_MAX) ??
    boundFault('sessions.expiries', sessions.expiries, EXPIRIES_MAX) ??
    boundFault('sessions.cohorts', sessions.cohorts, COHORTS_MAX) ??
    boundFault('sessions.stayed', sessions.stayed, STAY_CLASSES_MAX) ??
    numberFault('alarms.', room.alarms) ??
    numberFault('lifetime.before.', room.lifetime.before) ??
    boundFault('alarms.raised', room.alarms.raised, ROOM_ALARM_KINDS.length) ??
    boundFault('alarms.notices', room.alarms.notices, NOTICES_MAX) ??
    boundFault('alarms.told', room.alarms.told, ROOM_ALARM_KINDS.length) ??
    boundFault('history.recent', history.recent, RECENT_BUCKETS_MAX) ??
    boundFault('history.open.slots', history.open.slots, SLOT_BUCKETS_MAX)
  );
}

/** Checks every number of one object, whatever its fields are called, and that no field is missing. */
function numberFault(path: string, part: object, min = 0): string | null {
  const fields = part as Record<string, unknown>;
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) return `${path}${name} is missing`;
    if (typeof value !== 'number') continue;
    if (!Number.isSafeInteger(value)) return `${path}${name} must be a whole, finite number, got ${value}`;
    if (value < min) return `${path}${name} must be at least ${min}, got ${value}`;
  }
  return null;
}

function lotFault(lots: readonly Lot[]): string | null {
  for (const [index, lot] of lots.entries()) {
    const fault =
      numberFault(`origin.stock.lots[${index}].`, lot) ??
      numberFault(`origin.stock.lots[${index}].price.`, lot.price ?? {});
    if (fault !== null) return fault;
  }
  return null;
}

function atLeast(field: string, value: number, min: number): string | null {
  return value >= min ? null : `${field} must be at least ${min}, got ${value}`;
}

function atMost(field: string, value: number, max: number): string | null {
  return value <= max ? null : `${field} must be at most ${max}, got ${value}`;
}

function boundFault(field: string, { length }: readonly unknown[], max: number): string | null {
  return length <= max ? null : `${field} must have at most ${max} items, got ${length}`;
}

function versionFault(version: number): string | null {
  return version === SCHEMA_VERSION ? null : `schemaVersion must be ${SCHEMA_VERSION}, got ${version}`;
}

type Sessions = ReadonlyMap<number, SessionRecord>;

/** Numbers of the invariants that one state breaks; sessions are those of the room's epoch. */
export function brokenIn(room: RoomDocument, sessions: Sessions): number[] {
  const { line, pacing, config, recovery, draw } = room;
  const { active, expiries, generation, totals } = room.sessions;
  const all = [...sessions];
  const living = all.filter(
    ([, { ended, countsUntil, ...session }]) =>
      ended === null && countsUntil > room.at && session.generation === generation,
  );
  const slots = all.map(([, { admitAt }]) => admitAt).sort((a, b) => a - b);
  const outstanding = pacing.calls.reduce((sum, { claimed }) => sum - claimed, pacing.called - pacing.lapsedThrough);
  const checks: [number, boolean][] = [
    [1, pacing.called <= line.issued],
    [2, all.every(([position]) => position >= 1 && position <= pacing.called)],
    [3, new Set(all.map(([, { sid }]) => sid)).size === all.length],
    [6, room.at < recovery.lostUntil ? active >= living.length : active === living.length],
    [6, active === expiries.reduce((sum, [, count]) => sum + count, 0)],
    [16, room.sessions.cohorts.every(([[from, to], present]) => from <= to && present > 0)],
    [16, room.sessions.cohorts.reduce((sum, [, present]) => sum + present, 0) <= active],
    [8, stateOf(room, room.at) !== 'prequeue' || (pacing.called === 0 && all.length === 0)],
    [8, slots.every((slot) => slot >= config.schedule.opensAt)],
    [10, room.sessions.standby.length <= STANDBY_MAX && pacing.calls.length <= CALL_SAMPLES_MAX],
    [10, line.free.length <= FREE_RANGES_MAX && room.changes.passes.length <= PASSES_MAX],
    [
      11,
      recovery.lostUntil > 0 || (outstanding >= 0 && totals.admitted + pacing.lapsed + outstanding === pacing.called),
    ],
    [13, scalarFault(room) === null],
    [15, line.free.every(([first, count], index) => count >= 1 && first > endOf(line.free[index - 1]))],
    [15, endOf(line.free.at(-1)) <= (draw.entries === null ? line.entries : 0)],
    [15, draw.entries === null || line.leases.length === 0],
    [15, disjoint([...line.free, ...line.leases.map(([, range]) => range)])],
    [15, line.leasedUntil <= (draw.entries === null ? config.schedule.opensAt : 0)],
  ];
  return checks.filter(([, holds]) => !holds).map(([number]) => number);
}

/** Whether the commitment was replaced, and is still on record. */
function isReplaced({ commitment }: DrawState, { replaced }: DrawState): boolean {
  return replaced.some((one) => one.commitment === commitment);
}

/** Whether no number is in two ranges. */
function disjoint(ranges: readonly (readonly [first: number, count: number])[]): boolean {
  const sorted = ranges.toSorted(([a], [b]) => a - b);
  return sorted.every(([first], index) => first > endOf(sorted[index - 1]));
}

function endOf(range: readonly [first: number, count: number] | undefined): number {
  return range === undefined ? 0 : range[0] + range[1] - 1;
}

/** Numbers of the invariants that the step from one state to the next breaks. */
export function brokenBetween(
  before: { room: RoomDocument; sessions: Sessions },
  after: { room: RoomDocument; sessions: Sessions },
): number[] {
  const [a, b] = [before.room, after.room];
  const version = { before: a.changes.version, after: b.changes.version };
  const isRecorded =
    version.after >= version.before && version.after - version.before <= b.changes.audit.seq - a.changes.audit.seq;
  if (a.epoch !== b.epoch) return [...(b.epoch > a.epoch ? [] : [7]), ...(isRecorded ? [] : [12])];
  const admitted = [...after.sessions].filter(([position, { sid }]) => before.sessions.get(position)?.sid !== sid);
  const kept = [...before.sessions].map(([position, was]) => ({ was, is: after.sessions.get(position) ?? was }));
  const slotsBefore = [...before.sessions.values()].map(({ admitAt }) => admitAt);
  const slots = admitted.map(([, { admitAt }]) => admitAt).sort((x, y) => x - y);
  const line = slotsBefore.length === 0 ? slots : [Math.max(...slotsBefore), ...slots];
  const intervalMs = emissionIntervalMicros(a.config.policy) / 1_000;
  const limit = Math.max(limitsInForce(a).totalActiveUsers, limitsInForce(b).totalActiveUsers);
  const totalMsMax = Math.max(a.config.policy.sessionTotalMsMax, b.config.policy.sessionTotalMsMax);
  const renewed = [...after.sessions].filter(
    ([position, { expiresAt }]) => expiresAt > (before.sessions.get(position)?.expiresAt ?? expiresAt),
  );
  // Provisional sessions that had ceased to count and take a vacancy again.
  const resumed = [...after.sessions].filter(([position, { countsUntil }]) => {
    const countedUntil = before.sessions.get(position)?.countsUntil ?? countsUntil;
    return countedUntil <= a.at && countsUntil > b.at;
  });
  const checks: [number, boolean][] = [
    [3, [...before.sessions].every(([position, { visitor }]) => after.sessions.get(position)?.visitor === visitor)],
    // Slots are granted in microseconds and stored in whole ms, rounded up.
    [4, line.every((slot, index) => index === 0 || slot - (line[index - 1] ?? 0) > intervalMs - 1)],
    [5, (admitted.length === 0 && resumed.length === 0) || b.sessions.active <= limit],
    [7, b.at >= a.at && b.line.issued >= a.line.issued && b.line.entries >= a.line.entries],
    [7, b.pacing.called >= a.pacing.called && b.pacing.lapsedThrough >= a.pacing.lapsedThrough],
    [7, b.pacing.runMs >= a.pacing.runMs && b.endings.seq >= a.endings.seq],
    [12, isRecorded],
    [9, a.draw.entries === null || a.draw.entries === b.draw.entries],
    [15, a.draw.entries !== null || b.draw.entries === null || a.line.leasedUntil <= b.at],
    [9, a.draw.seed === null || a.draw.seed === b.draw.seed],
    [9, a.draw.commitment === b.draw.commitment || (b.draw.entries === null && isReplaced(a.draw, b.draw))],
    [
      17,
      kept.every(
        ({ was, is }) => was.ended?.reason !== 'completed' || (is.sid === was.sid && is.ended?.at === was.ended.at),
      ),
    ],
    [17, kept.every(({ was, is }) => is.sid === was.sid || was.readmitted)],
    [18, admitted.length === 0 || b.origin.stock?.remaining !== 0],
    [14, renewed.every(([, { admitAt, expiresAt }]) => expiresAt - admitAt <= totalMsMax)],
  ];
  return checks.filter(([, holds]) => !holds).map(([number]) => number);
}
