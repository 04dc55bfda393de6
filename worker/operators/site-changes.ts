// Changes of rooms in the directory: creating and archiving, what a room protects, its custom waiting page. They are on every
// gateway once it has read the directory again.

import type { DirectoryChange } from '../../queue-core/directory/directory-document.ts';
import type { Gateway } from '../gateway.ts';
import { templateFault } from '../http/custom-page.ts';
import { operatorProblem } from '../http/problems.ts';
import { policyOf, siteOf } from '../settings.ts';
import { DIRECTORY_MS_MAX } from '../views/room-directory.ts';
import { type ChangeRequest, changeResponse } from './change-response.ts';
import { changeDirectory, type DirectoryChangeGateway } from './directory-changes.ts';
import type { CurrentRoom, Handlers } from './operation-context.ts';
import { scheduleOf } from './room-changes.ts';
import { type Versions, versionsOf } from './versions.ts';

type SiteOperation = 'createRoom' | 'setSite' | 'setTemplate' | 'removeTemplate' | 'archiveRoom';

export function siteHandlers(gateway: DirectoryChangeGateway & Pick<Gateway, 'views'>): Handlers<SiteOperation> {
  return {
    async createRoom(c) {
      const { id, ...body } = c.var.body;
      const site = siteOf(id, body.site);
      const settings = { room: id, policy: policyOf(body.policy), schedule: scheduleOf(body.schedule) };
      const change = { kind: 'putRoom', room: id, ifVersion: null, site, settings } as const;
      const outcome = await changeDirectory(gateway, c.var, change);
      if (outcome.kind === 'refused') return outcome.response;
      const { version } = outcome.reply;
      const snapshot = await gateway.views.read({ id, ...site, queue: settings, version }, c.var.background);
      const versions: Versions =
        snapshot === null ? { site: version, room: 1, stage: 'ahead' } : versionsOf(version, snapshot);
      return changeResponse(outcome.reply, versions, DIRECTORY_MS_MAX);
    },

    setSite: (c) =>
      changeSite(gateway, c.var, (room, ifVersion) => {
        return { kind: 'putRoom', room, ifVersion, site: siteOf(room, c.var.body), settings: null };
      }),

    setTemplate(c) {
      const html = c.var.body;
      const fault = templateFault(html);
      if (fault === null) return changeTemplate(gateway, c.var, html);
      const cause = { kind: 'template', at: fault.at } as const;
      return operatorProblem('bad-input', {}, { errors: [{ field: 'template', detail: fault.text, cause }] });
    },

    removeTemplate: (c) => changeTemplate(gateway, c.var, null),

    async archiveRoom(c) {
      const { config } = c.var.room;
      // Another gateway may have opened the room since this one read it; the version of the site does not show that.
      gateway.views.invalidate(config);
      const snapshot = await gateway.views.read(config, c.var.background);
      if (snapshot === null || snapshot.unreachable) return operatorProblem('store-unreachable');
      const { board, live } = snapshot.view;
      if (c.var.ifMatch.room !== live.version) return operatorProblem('changed-meanwhile');
      if (board.state !== 'closed') return operatorProblem('not-closed');
      return changeSite(gateway, c.var, (room, ifVersion) => ({ kind: 'archiveRoom', room, ifVersion }));
    },
  };
}

type SiteChangeRequest = ChangeRequest & { room: CurrentRoom; ifMatch: Versions };

function changeTemplate(gateway: DirectoryChangeGateway, request: SiteChangeRequest, html: string | null) {
  return changeSite(gateway, request, (room, ifVersion) => ({ kind: 'setTemplate', room, ifVersion, html }));
}

async function changeSite(
  gateway: DirectoryChangeGateway,
  request: SiteChangeRequest,
  changeOf: (room: string, ifVersion: number) => DirectoryChange,
): Promise<Response> {
  const { room, ifMatch } = request;
  const outcome = await changeDirectory(gateway, request, changeOf(room.config.id, ifMatch.site));
  if (outcome.kind === 'refused') return outcome.response;
  return changeResponse(outcome.reply, { ...room.versions, site: outcome.reply.version }, DIRECTORY_MS_MAX);
}
