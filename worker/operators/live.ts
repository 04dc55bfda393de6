// The room as consoles and scripts see it: the gateway's view in the contract's words, with what needs somebody's eyes.

import { waitingIn } from '../../queue-core/board.ts';
import { type HistoryBucket, LATENCY_BOUNDS_MS } from '../../queue-core/history.ts';
import { HISTORY_BUCKET_MS } from '../../queue-core/limits.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { waitSeconds } from '../../queue-core/wait.ts';
import type { Alarm, Bucket, Live } from '../contract/operator-api.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** Fewer answers or calls than this say nothing about a share. */
const SAMPLES_MIN = 20;
const ERROR_SHARE_ALARM = 0.1;
/** The origin is slow when half of its answers take this many times as long as usual, and at least this long. */
const SLOW_TIMES = 4;
const SLOW_MS_MIN = 800;
/** Fall of the share of those called who come that is worth a look. */
const SHOW_FALL_ALARM = 0.25;
/** Closed buckets that "now" is made of; the ones before are "usual". */
const NOW_BUCKETS = 2;

export function liveOf(room: RoomConfig, { view, now, unreachable }: RoomSnapshot, etag: string): Live {
  const { board, live, policy } = view;
  const { totals, schedule } = live;
  const moment = (at: number | null) => (at === null ? null : rfc3339(at));
  return {
    room: board.room,
    epoch: board.epoch,
    state: board.state,
    flow: live.flow,
    serverTime: rfc3339(now),
    asOf: board.asOf,
    storeReachable: !unreachable,
    opensAt: board.opensAt,
    prequeueAt: moment(schedule.prequeueAt),
    closesAt: board.closesAt,
    etag,
    changedAt: rfc3339(live.changedAt),
    inForceAt: moment(live.inForceAt),
    gateways: live.gateways.filter(({ at }) => view.at - at <= HISTORY_BUCKET_MS).length,
    arrived: Math.max(board.entries, board.issued),
    entries: board.entries,
    waiting: waitingIn(board),
    issued: board.issued,
    called: board.called,
    outstanding: live.outstanding,
    standby: live.standby,
    active: board.active,
    totals,
    newUsersPerMinute: policy.newUsersPerMinute,
    totalActiveUsers: policy.totalActiveUsers,
    sessionMinutes: policy.sessionMs / 60_000,
    waitSeconds: waitSeconds(board.issued - board.called, board.pace),
    showShare: live.showShare,
    expectedVisitors: room.expectedVisitors,
    message: board.message,
    stock: board.stock,
    buckets: live.buckets.map(bucketInWords),
    alarms: alarmsOf(room, { view, now, unreachable }),
    audit: live.audit,
  };
}

export function bucketInWords(bucket: HistoryBucket): Bucket {
  return { ...bucket, at: rfc3339(bucket.at) };
}

function alarmsOf(
  room: RoomConfig,
  { view, now, unreachable }: Pick<RoomSnapshot, 'view' | 'now' | 'unreachable'>,
): Alarm[] {
  const { board, live, policy } = view;
  const closed = live.buckets.slice(0, -1);
  const recent = closed.slice(-NOW_BUCKETS);
  const before = closed.slice(0, -NOW_BUCKETS);
  const arrived = Math.max(board.entries, board.issued);
  // Also at the door: those who were called while there were more places.
  const someoneWaits = board.issued > board.called || live.standby > 0;
  const alarms: (Alarm | null)[] = [
    unreachable ? { kind: 'storeUnreachable', ageSeconds: Math.round((now - view.at) / 1000) } : null,
    live.originFailingSince === null ? null : { kind: 'originFailing', since: rfc3339(live.originFailingSince) },
    errorAlarm(recent),
    slowAlarm(recent, before),
    room.expectedVisitors !== null && arrived > room.expectedVisitors
      ? { kind: 'arrivalsAbovePlan', arrived, expected: room.expectedVisitors }
      : null,
    showAlarm(recent, before),
    board.state === 'open' && board.active >= policy.totalActiveUsers && someoneWaits
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

function slowAlarm(recent: HistoryBucket[], before: HistoryBucket[]): Alarm | null {
  const [latencyMs, usualMs] = [medianLatencyMs(recent), medianLatencyMs(before)];
  if (latencyMs === null || usualMs === null || latencyMs < SLOW_MS_MIN || latencyMs < usualMs * SLOW_TIMES)
    return null;
  return { kind: 'originSlow', latencyMs, usualMs };
}

function showAlarm(recent: HistoryBucket[], before: HistoryBucket[]): Alarm | null {
  const shares = [recent, before].map((buckets) => {
    const called = total(buckets, (bucket) => bucket.called);
    return called < SAMPLES_MIN ? null : Math.min(1, total(buckets, (bucket) => bucket.admitted) / called);
  });
  const [share, earlier] = shares;
  if (share == null || earlier == null || earlier - share < SHOW_FALL_ALARM) return null;
  return { kind: 'showShareFalling', sharePercent: Math.round(share * 100), beforePercent: Math.round(earlier * 100) };
}

/** Upper end of the class in which the median answer lies; null: too few answers to say. */
function medianLatencyMs(buckets: HistoryBucket[]): number | null {
  const answers = total(buckets, ({ origin }) => origin.answers);
  if (answers < SAMPLES_MIN) return null;
  let seen = 0;
  for (const [index, bound] of LATENCY_BOUNDS_MS.entries()) {
    seen += total(buckets, ({ origin }) => origin.latency[index] ?? 0);
    if (seen * 2 >= answers) return bound;
  }
  return 2 * (LATENCY_BOUNDS_MS.at(-1) ?? 0);
}

function total(buckets: HistoryBucket[], count: (bucket: HistoryBucket) => number): number {
  return buckets.reduce((sum, bucket) => sum + count(bucket), 0);
}
