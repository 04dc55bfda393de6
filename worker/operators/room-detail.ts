// All rooms in summary, and the settings of one room in the form in which an editor sends them back.

import { waitingIn } from '../../queue-core/board.ts';
import type { DirectoryRoom } from '../../queue-core/directory/directory-document.ts';
import type { Schedule } from '../../queue-core/policy.ts';
import type { RoomDetail, RoomSummary } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { json } from '../http/responses.ts';
import { roomConfigOf } from '../views/room-directory.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { rfc3339OrNull } from './document-parts.ts';
import type { CurrentRoom, Handlers } from './operation-context.ts';
import { etagOf, taggedJson } from './versions.ts';

export function roomHandlers({ views }: Pick<Gateway, 'views'>): Handlers<'rooms' | 'room'> {
  return {
    async rooms(c) {
      const { directory, background, principal } = c.var;
      const seen = directory.rooms.filter(({ id }) => principal.rooms === null || principal.rooms.includes(id));
      const summaries = seen.map(async (entry) => summaryOf(entry, await views.read(roomConfigOf(entry), background)));
      const rooms = await Promise.all(summaries);
      return json({ rooms: rooms.toSorted((a, b) => Number(a.archivedAt !== null) - Number(b.archivedAt !== null)) });
    },

    room: (c) => taggedJson(detailOf(c.var.room)),
  };
}

function summaryOf({ id, site, archivedAt }: DirectoryRoom, snapshot: RoomSnapshot | null): RoomSummary {
  const board = snapshot?.view.board;
  return {
    id,
    title: site.title,
    state: board?.state ?? null,
    opensAt: board?.opensAt ?? null,
    waiting: board === undefined ? null : waitingIn(board),
    active: board?.active ?? null,
    archivedAt: rfc3339OrNull(archivedAt),
  };
}

/** The choice as `setSchedule` takes it. */
function beaconOf({ beacon }: Schedule): RoomDetail['schedule']['beacon'] {
  return beacon && { deadlineSeconds: beacon.deadlineMs / 1_000, afterDeadline: beacon.afterDeadline };
}

function detailOf({ config, entry, snapshot, versions }: CurrentRoom): RoomDetail {
  const { id: _, queue: __, version: ___, template: ____, ...site } = config;
  const { board, live } = snapshot.view;
  const { policy } = live;
  return {
    id: config.id,
    site,
    policy: {
      newUsersPerMinute: policy.newUsersPerMinute,
      totalActiveUsers: policy.totalActiveUsers,
      sessionMinutes: policy.sessionMs / 60_000,
      sessionRenewal: policy.sessionRenewal,
      sessionTotalMinutes: policy.sessionTotalMsMax / 60_000,
      claimWindowMinutes: policy.claimWindowMs / 60_000,
      queueingStatusCode: policy.queueingStatusCode,
      stock: policy.stock,
      health: policy.health,
    },
    schedule: {
      prequeueAt: rfc3339OrNull(live.schedule.prequeueAt),
      opensAt: board.opensAt,
      closesAt: board.closesAt,
      beacon: beaconOf(live.schedule),
    },
    hasOpened: live.opening.hasOpened,
    epoch: board.epoch,
    state: board.state,
    flow: live.flow,
    message: board.message,
    hasTemplate: config.template !== null,
    archivedAt: rfc3339OrNull(entry.archivedAt),
    etag: etagOf(versions),
  };
}
