// A room at this moment, and what other limits would change. Both are computed from the gateway's snapshot, so any number of
// consoles costs the store one read a second.

import { gatewaysIn, waitingIn } from '../../queue-core/board.ts';
import { forecast } from '../../queue-core/forecast.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { waitSeconds } from '../../queue-core/wait.ts';
import type { Forecast, Live } from '../contract/operator-api.ts';
import { json } from '../http/responses.ts';
import { alarmsOf } from './alarms.ts';
import { bucketDocument, rfc3339OrNull } from './document-parts.ts';
import { type DrawGateway, drawAlarms, drawStatusOf } from './draw-status.ts';
import type { CurrentRoom, Handlers } from './operation-context.ts';
import { etagOf, taggedJson } from './versions.ts';

export function liveHandlers(gateway: DrawGateway): Handlers<'live' | 'forecast'> {
  return {
    live: (c) => taggedJson(liveOf(gateway, c.var.room)),

    forecast(c) {
      const { view } = c.var.room.snapshot;
      const { newUsersPerMinute, totalActiveUsers, sessionMinutes } = c.var.query;
      const proposed = { ...view.policy, newUsersPerMinute, totalActiveUsers, sessionMs: sessionMinutes * 60_000 };
      return json({ present: forecast(view, view.policy), proposed: forecast(view, proposed) } satisfies Forecast);
    },
  };
}

function liveOf(gateway: DrawGateway, { config, snapshot, versions }: CurrentRoom): Live {
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
    prequeueAt: rfc3339OrNull(live.schedule.prequeueAt),
    closesAt: board.closesAt,
    etag: etagOf(versions),
    changedAt: rfc3339(live.changedAt),
    inForceAt: rfc3339OrNull(live.inForceAt),
    gateways: gatewaysIn(view),
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
    alarms: alarmsOf(config, snapshot, drawAlarms(gateway, snapshot)),
    originCalls: live.originRecords,
    audit: live.audit,
  };
}
