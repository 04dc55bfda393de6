// Alarms about a room: what an operator has to look at now. "Recent" is the last twenty seconds, "before" the buckets that the
// room's view carries from before them. docs/operators.md lists the thresholds.

import type { HistoryBucket } from '../../queue-core/document/history-state.ts';
import type { HealthCause } from '../../queue-core/document/origin-state.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Alarm } from '../contract/operator-api.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** With fewer responses or calls than this, a share of them says nothing. */
const SAMPLES_MIN = 20;
const ERROR_SHARE_ALARM = 0.1;
/** The origin is slow when its mean response time is this many times the usual one, and at least `SLOW_MS_MIN`. */
const SLOW_FACTOR = 4;
const SLOW_MS_MIN = 800;
/** Fall of the share of called visitors who come, as a difference of shares. */
const SHOW_SHARE_FALL_ALARM = 0.25;
const RECENT_BUCKETS = 2;

/** @param ofDraw alarms of the draw. @returns the most urgent alarm first */
export function alarmsOf(
  { expectedVisitors }: RoomConfig,
  { view, now, unreachable }: RoomSnapshot,
  ofDraw: readonly Alarm[],
): Alarm[] {
  const { board, live, policy } = view;
  const closed = live.buckets.slice(0, -1);
  const recent = closed.slice(-RECENT_BUCKETS);
  const before = closed.slice(0, -RECENT_BUCKETS);
  const arrived = Math.max(board.entries, board.issued);
  // On standby are visitors who were called while the limit was higher.
  const visitorsWait = board.issued > board.called || live.standby > 0;
  const alarms: (Alarm | null)[] = [
    unreachable ? { kind: 'storeUnreachable', ageSeconds: Math.round((now - view.at) / 1000) } : null,
    live.clockLeap === null
      ? null
      : { kind: 'clockLeapt', from: rfc3339(live.clockLeap.from), to: rfc3339(live.clockLeap.to) },
    ...ofDraw,
    ...(live.health.cause === null
      ? [errorAlarm(recent), slowAlarm(recent, live.health.usualMicros)]
      : [healthAlarm(live.health.cause, view)]),
    expectedVisitors !== null && arrived > expectedVisitors
      ? { kind: 'arrivalsAbovePlan', arrived, expected: expectedVisitors }
      : null,
    showAlarm(recent, before),
    board.state === 'open' && board.active >= policy.totalActiveUsers && visitorsWait
      ? { kind: 'limitReached', active: board.active }
      : null,
  ];
  return alarms.filter((alarm) => alarm !== null);
}

function errorAlarm(recent: HistoryBucket[]): Alarm | null {
  const answers = total(recent, ({ origin }) => origin.answers + origin.unreachable);
  const share = total(recent, ({ origin }) => origin.errors + origin.unreachable) / Math.max(1, answers);
  if (answers < SAMPLES_MIN || share < ERROR_SHARE_ALARM) return null;
  return { kind: 'originErrors', sharePercent: Math.round(share * 100) };
}

/** Admissions follow the origin's health by themselves; the operator is told from when on, and why. */
function healthAlarm(cause: HealthCause, { live: { health }, policy }: RoomSnapshot['view']): Alarm {
  const told = { since: rfc3339(health.since), cause };
  if (health.stage === 'stopped') return { kind: 'originStopped', ...told };
  const { newUsersPerMinute, totalActiveUsers } = policy;
  return { kind: 'originSlowed', ...told, newUsersPerMinute, totalActiveUsers };
}

/** Compared with the calm before the crowd, which the room remembers: with a minute ago, a slow site would soon be usual. */
function slowAlarm(recent: HistoryBucket[], usualMicros: number | null): Alarm | null {
  const timed = total(recent, ({ health }) => health?.timed ?? 0);
  if (timed < SAMPLES_MIN || usualMicros === null) return null;
  const latencyMs = Math.round(total(recent, ({ health }) => health?.totalMs ?? 0) / timed);
  const usualMs = Math.round(usualMicros / 1_000);
  return latencyMs < SLOW_MS_MIN || latencyMs < usualMs * SLOW_FACTOR
    ? null
    : { kind: 'originSlow', latencyMs, usualMs };
}

function showAlarm(recent: HistoryBucket[], before: HistoryBucket[]): Alarm | null {
  const shares = [recent, before].map((buckets) => {
    const called = total(buckets, (bucket) => bucket.called);
    return called < SAMPLES_MIN ? null : Math.min(1, total(buckets, (bucket) => bucket.admitted) / called);
  });
  const [share, earlier] = shares;
  if (share == null || earlier == null || earlier - share < SHOW_SHARE_FALL_ALARM) return null;
  return { kind: 'showShareFalling', sharePercent: Math.round(share * 100), beforePercent: Math.round(earlier * 100) };
}

function total(buckets: HistoryBucket[], count: (bucket: HistoryBucket) => number): number {
  return buckets.reduce((sum, bucket) => sum + count(bucket), 0);
}
