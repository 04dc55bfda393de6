// The numbers of rooms in the Prometheus text format. Every gateway has the same ones, up to a second old: of many gateways the largest
// counts (max), never the sum. Only what a gateway itself holds (`fairgate_gateway_…`) adds up.

import { gatewaysIn, waitingIn } from '../queue-core/board.ts';
import { SEVERITY_OF } from '../queue-core/document/alarms-state.ts';
import { SHARE_WHOLE } from '../queue-core/document/origin-state.ts';
import { epochMs } from '../queue-core/time.ts';
import type { Alarm } from './contract/operator-api.ts';
import type { RoomSnapshot } from './views/room-views.ts';

export interface MeasuredRoom {
  snapshot: RoomSnapshot;
  /** Alarms that are raised or that this gateway sees. */
  alarms: readonly Alarm['kind'][];
  /** Numbers that this gateway has leased and not given yet. */
  leased: number;
}

/** A value with its labels beside the room; null: unknown, and no series. */
type Reading = readonly [labels: Record<string, string>, value: number | null];

interface RoomMetric {
  help: string;
  type: 'gauge' | 'counter';
  read(room: MeasuredRoom): readonly Reading[];
}

const gauge = (help: string, value: (room: RoomSnapshot) => number | null): RoomMetric => ({
  help,
  type: 'gauge',
  read: ({ snapshot }) => [[{}, value(snapshot)]],
});

const counter = (help: string, value: (room: RoomSnapshot) => number): RoomMetric => ({
  help: `${help} since the room was created.`,
  type: 'counter',
  read: ({ snapshot }) => [[{}, value(snapshot)]],
});

/** A limit as operators set it, and as it is in force. */
const limit = (help: string, name: 'newUsersPerMinute' | 'totalActiveUsers'): RoomMetric => ({
  help,
  type: 'gauge',
  read: ({ snapshot: { view } }) => [
    [{ limit: 'configured' }, view.live.policy[name]],
    [{ limit: 'in_force' }, view.policy[name]],
  ],
});

const ROOM_METRICS: Record<string, RoomMetric> = {
  fairgate_room_state: {
    help: '1 for the state that the room is in.',
    type: 'gauge',
    read: ({ snapshot }) => [[{ state: snapshot.view.board.state }, 1]],
  },
  fairgate_room_entries: gauge('Entries in the draw.', ({ view }) => view.board.entries),
  fairgate_room_issued: gauge('Highest position issued in this opening.', ({ view }) => view.board.issued),
  fairgate_room_called: gauge('Highest position called in this opening.', ({ view }) => view.board.called),
  fairgate_room_waiting: gauge('Visitors who wait to be called.', ({ view }) => waitingIn(view.board)),
  fairgate_room_outstanding: gauge(
    'Visitors who were called, and neither came nor lapsed yet.',
    ({ view }) => view.live.outstanding,
  ),
  fairgate_room_standby: gauge(
    'Visitors who came when called, and wait for a free place.',
    ({ view }) => view.live.standby,
  ),
  fairgate_room_active: gauge('Active sessions.', ({ view }) => view.board.active),
  fairgate_room_new_users_per_minute: limit('Limit of admissions a minute.', 'newUsersPerMinute'),
  fairgate_room_total_active_users: limit('Limit of active sessions.', 'totalActiveUsers'),
  fairgate_room_show_ratio: gauge('Share of those called lately who came.', ({ view }) => view.live.showShare),
  fairgate_room_arrived_total: counter('Places given', ({ view }) => view.live.lifetime.arrived),
  fairgate_room_called_total: counter('Positions called', ({ view }) => view.live.lifetime.called),
  fairgate_room_admitted_total: counter('Visitors admitted', ({ view }) => view.live.lifetime.admitted),
  fairgate_room_readmitted_total: counter('Turns that the site gave back', ({ view }) => view.live.lifetime.readmitted),
  fairgate_room_lapsed_total: counter(
    'Called visitors who did not come in time',
    ({ view }) => view.live.lifetime.lapsed,
  ),
  fairgate_room_completed_total: counter('Visits completed', ({ view }) => view.live.lifetime.completed),
  fairgate_room_left_total: counter('Sessions that visitors ended', ({ view }) => view.live.lifetime.left),
  fairgate_room_revoked_total: counter('Sessions revoked', ({ view }) => view.live.lifetime.revoked),
  fairgate_room_expired_total: counter('Sessions that ran out', ({ view }) => view.live.lifetime.expired),
  fairgate_room_opens_at_seconds: gauge(
    'When the room opens or opened, in seconds since 1970.',
    ({ view }) => epochMs(view.board.opensAt) / 1_000,
  ),
  fairgate_room_stock_remaining: gauge(
    'What the site says is left; no series where that is unknown or too old.',
    ({ view }) => view.board.stock?.remaining ?? null,
  ),
  fairgate_room_stock_age_seconds: gauge('How long ago the site read what is left.', ({ view, now }) => {
    const { stock } = view.board;
    return stock === null ? null : Math.max(0, now - epochMs(stock.asOf)) / 1_000;
  }),
  fairgate_room_health_stage: {
    help: '1 for what the room does about the health of its site: steady, slowed or stopped.',
    type: 'gauge',
    read: ({ snapshot }) => [[{ stage: snapshot.view.live.health.stage }, 1]],
  },
  fairgate_room_health_ratio: gauge('Part of the configured rate that the site’s health allows.', ({ view }) => {
    const { stage, share } = view.live.health;
    return stage === 'stopped' ? 0 : share / SHARE_WHOLE;
  }),
  fairgate_alarm: {
    help: '1 for each alarm that is raised.',
    type: 'gauge',
    read: ({ alarms }) => alarms.map((kind) => [{ kind, severity: SEVERITY_OF[kind] }, 1]),
  },
  fairgate_room_gateways: gauge('Gateways that reported in the last ten seconds.', ({ view }) => gatewaysIn(view)),
  fairgate_room_log_records: gauge('Records in the room’s log.', ({ view }) => view.live.audit.seq),
  fairgate_room_view_age_seconds: gauge(
    'Age of the numbers of the room on this gateway.',
    ({ view, now }) => (now - view.at) / 1_000,
  ),
  fairgate_gateway_leased_numbers: {
    help: 'Numbers that this gateway has leased and not given out yet.',
    type: 'gauge',
    read: ({ leased }) => [[{}, leased]],
  },
};

export function roomLines(rooms: readonly MeasuredRoom[]): string[] {
  return Object.entries(ROOM_METRICS).flatMap(([name, { help, type, read }]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...rooms.flatMap((room) => {
      const own = `room="${room.snapshot.view.board.room}"`;
      return read(room).flatMap(([labels, value]) => {
        const others = Object.entries(labels).map(([label, text]) => `,${label}="${text}"`);
        return value === null ? [] : [`${name}{${own}${others.join('')}} ${value}`];
      });
    }),
  ]);
}
