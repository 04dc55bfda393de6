// A room at this moment, and what other limits would change. Both are computed from the gateway's snapshot, so any number of
// consoles costs the store one read a second.

import { gatewaysIn, waitingIn } from '../../queue-core/board.ts';
import type { AlarmTarget } from '../../queue-core/directory/directory-document.ts';
import { ROOM_ALARM_KINDS, SEVERITY_OF } from '../../queue-core/document/alarms-state.ts';
import { forecast } from '../../queue-core/forecast.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { waitSeconds } from '../../queue-core/wait.ts';
import { readAlarm } from '../alarms/alarm-message.ts';
import type { Alarm, Forecast, Live, RaisedAlarm } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { json } from '../http/responses.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { alarmsOf } from './alarm-conditions.ts';
import { bucketDocument, rfc3339OrNull } from './document-parts.ts';
import { type DrawTools, drawAlarms } from './draw-alarms.ts';
import { type DrawGateway, drawStatusOf } from './draw-status.ts';
import type { CurrentRoom, Handlers } from './operation-context.ts';
import { etagOf, taggedJson } from './versions.ts';

export function liveHandlers(gateway: DrawGateway & Pick<Gateway, 'presence'>): Handlers<'live' | 'forecast'> {
  return {
    live(c) {
      const { room, principal, directory } = c.var;
      // A script has no console.
      if (!/^Bearer /i.test(c.req.header('Authorization') ?? '')) gateway.presence.saw(room.config.id, principal.actor);
      return taggedJson(liveOf(gateway, room, directory.alarmTargets, principal.actor.id));
    },

    forecast(c) {
      const { view } = c.var.room.snapshot;
      const { newUsersPerMinute, totalActiveUsers, sessionMinutes } = c.var.query;
      const proposed = { ...view.policy, newUsersPerMinute, totalActiveUsers, sessionMs: sessionMinutes * 60_000 };
      return json({ present: forecast(view, view.policy), proposed: forecast(view, proposed) } satisfies Forecast);
    },
  };
}

/** Alarms that this gateway sees now, and those that the room keeps until they are over, most urgent first. */
export function roomAlarms(gateway: DrawTools, config: RoomConfig, snapshot: RoomSnapshot): Alarm[] {
  const seen = alarmsOf(config, snapshot, drawAlarms(gateway, snapshot));
  const kept = snapshot.view.live.alarms
    .filter(({ kind }) => !seen.some((alarm) => alarm.kind === kind))
    .flatMap(({ kind, figures }) => readAlarm(kind, figures) ?? []);
  const urgency = ({ kind }: Alarm) => ORDER.indexOf(kind);
  return [...seen, ...kept].toSorted((a, b) => urgency(a) - urgency(b));
}

const ORDER: readonly Alarm['kind'][] = ['storeUnreachable', ...ROOM_ALARM_KINDS];

function raisedAlarms({ live }: RoomSnapshot['view'], targets: readonly AlarmTarget[]): RaisedAlarm[] {
  const name = (id: string) => targets.find((target) => target.id === id)?.name ?? id;
  return live.alarms.map(({ kind, number, since, acknowledged }) => ({
    ...{ kind, number, severity: SEVERITY_OF[kind], since: rfc3339(since) },
    acknowledged: acknowledged && { by: acknowledged.by, at: rfc3339(acknowledged.at) },
    deliveries: live.notices
      .filter((notice) => notice.number === number)
      .flatMap(({ event, deliveries }) =>
        (deliveries ?? []).map(({ target, state, attempts, status }) => {
          return { target: name(target), event, state, attempts, status };
        }),
      ),
  }));
}

function liveOf(
  gateway: DrawGateway,
  { config, snapshot, versions }: CurrentRoom,
  targets: readonly AlarmTarget[],
  own: string,
): Live {
  const { view, now, unreachable } = snapshot;
  const { board, live, policy } = view;
  return {
    room: board.room,
    epoch: board.epoch,
    state: board.state,
    flow: live.flow,
    serverTime: rfc3339(now),
    asOf: board.asOf,
    storeReachable: !unreachable,
    opensAt: board.opensAt,
    moved: board.moved,
    hasOpened: live.opening.hasOpened,
    prequeueAt: rfc3339OrNull(live.schedule.prequeueAt),
    closesAt: board.closesAt,
    etag: etagOf(versions),
    changedAt: rfc3339(live.changedAt),
    changedSeq: live.changedSeq,
    inForceAt: rfc3339OrNull(live.inForceAt),
    gateways: gatewaysIn(view),
    operators: live.operators.map(({ id, name, role, since }) => {
      return { name, role, since: rfc3339(since), isYou: id === own };
    }),
    arrived: Math.max(board.entries, board.issued),
    entries: board.entries,
    waiting: waitingIn(board),
    issued: board.issued,
    called: board.called,
    outstanding: live.outstanding,
    standby: live.standby,
    active: board.active,
    totals: live.totals,
    newUsersPerMinute: live.policy.newUsersPerMinute,
    totalActiveUsers: live.policy.totalActiveUsers,
    inForce: { newUsersPerMinute: policy.newUsersPerMinute, totalActiveUsers: policy.totalActiveUsers },
    health: {
      stage: live.health.stage,
      since: rfc3339(live.health.since),
      cause: live.health.cause,
      usualMs: live.health.usualMicros === null ? null : Math.round(live.health.usualMicros / 1_000),
      peopleFound: live.health.peopleFound,
    },
    sessionMinutes: policy.sessionMs / 60_000,
    waitSeconds: waitSeconds(board.issued - board.called, board.pace),
    showShare: live.showShare,
    expectedVisitors: config.expectedVisitors,
    message: board.message,
    stock: board.stock,
    draw: drawStatusOf(gateway, config, snapshot),
    buckets: live.buckets.map(bucketDocument),
    alarms: roomAlarms(gateway, config, snapshot),
    raised: raisedAlarms(view, targets),
    originCalls: live.originRecords,
    audit: live.audit,
  };
}
