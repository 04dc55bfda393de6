// Changes of rooms in the directory: creating and archiving, what a room protects, its custom waiting page. They are on every
// gateway once it has read the directory again.

import type { Actor } from '../../queue-core/audit.ts';
import type { DirectoryChange, RoomConsequences } from '../../queue-core/directory/directory-document.ts';
import type { Gateway } from '../gateway.ts';
import { templateFault } from '../http/custom-page.ts';
import { operatorProblem } from '../http/problems.ts';
import type { OwnAddresses } from '../proxy/loops.ts';
import { policyOf, type RoomConfig, siteOf } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { DIRECTORY_MS_MAX } from '../views/room-directory.ts';
import { toldConsequences } from './change-previews.ts';
import { type ChangeRequest, changeResponse, confirmationNeeded } from './change-response.ts';
import { changeDirectory, type DirectoryChangeGateway } from './directory-changes.ts';
import type { CurrentRoom, Handlers, OperatorVariables } from './operation-context.ts';
import { scheduleOf } from './room-changes.ts';
import { loopFault } from './site-faults.ts';
import { type ChangeBase, type Versions, versionsOf } from './versions.ts';

type SiteOperation = 'createRoom' | 'setSite' | 'setTemplate' | 'removeTemplate' | 'archiveRoom';

export function siteHandlers(
  gateway: DirectoryChangeGateway & OwnAddresses & Pick<Gateway, 'beaconChain' | 'configure' | 'views'>,
): Handlers<SiteOperation> {
  return {
    async createRoom(c) {
      const { id, pageOf, confirm, closed, ...body } = c.var.body;
      const site = siteOf(id, body.site);
      const fault = loopFault(gateway, c.var.directory, { id, site }, 'site.');
      if (fault !== null) return fault;
      const schedule = scheduleOf(body.schedule, gateway.beaconChain);
      const settings = {
        room: id,
        policy: policyOf(body.policy),
        schedule: { ...schedule, beacon: schedule.beacon ?? null },
        ...(closed ? { closed } : {}),
      };
      const page = pageOf === undefined ? {} : { pageOf };
      const change = { kind: 'putRoom', room: id, ifVersion: null, site, settings, ...page, confirm } as const;
      const outcome = await changeDirectory(gateway, c.var, change, unconfirmed(gateway, c.var));
      if (outcome.kind === 'refused') return outcome.response;
      const { version } = outcome.reply;
      const config = { id, ...site, queue: settings, version };
      await begun(gateway, config, c.var.principal.actor);
      const snapshot = await gateway.views.read(config, c.var.background);
      const versions: Versions =
        snapshot === null ? { site: version, room: 1, stage: 'ahead' } : versionsOf(version, snapshot);
      return changeResponse(outcome.reply, versions, DIRECTORY_MS_MAX);
    },

    setSite(c) {
      const { id } = c.var.room.config;
      const { confirm, ...given } = c.var.body;
      const site = siteOf(id, given);
      return (
        loopFault(gateway, c.var.directory, { id, site }, '') ??
        changeSite(
          gateway,
          c.var,
          (room, ifVersion) => ({ kind: 'putRoom', room, ifVersion, site, settings: null, confirm }),
          unconfirmed(gateway, c.var),
        )
      );
    },

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
      if (c.var.ifMatch !== 'any' && c.var.ifMatch.room !== live.version) return operatorProblem('changed-meanwhile');
      if (board.state !== 'closed') return operatorProblem('not-closed');
      return changeSite(gateway, c.var, (room, ifVersion) => ({ kind: 'archiveRoom', room, ifVersion }));
    },
  };
}

/**
 * Creates the room in the store by its author; a gateway that meets it first would do so by the settings. Where the store does not answer
 * the room is in the directory all the same, and its first read creates it.
 */
async function begun({ configure }: Pick<Gateway, 'configure'>, config: RoomConfig, by: Actor): Promise<void> {
  try {
    await configure(config, by);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}

/** What a change that was not made would do, for the answer. */
function unconfirmed(
  gateway: Pick<Gateway, 'views'>,
  { directory, background }: Pick<OperatorVariables, 'directory' | 'background'>,
): (consequences: RoomConsequences) => Promise<Response> {
  return async (found) => confirmationNeeded(await toldConsequences(gateway, directory, found, background));
}

type SiteChangeRequest = ChangeRequest & { room: CurrentRoom; ifMatch: ChangeBase };

function changeTemplate(gateway: DirectoryChangeGateway, request: SiteChangeRequest, html: string | null) {
  return changeSite(gateway, request, (room, ifVersion) => ({ kind: 'setTemplate', room, ifVersion, html }));
}

async function changeSite(
  gateway: DirectoryChangeGateway,
  request: SiteChangeRequest,
  changeOf: (room: string, ifVersion: number | 'any') => DirectoryChange,
  onUnconfirmed?: (consequences: RoomConsequences) => Promise<Response>,
): Promise<Response> {
  const { room, ifMatch } = request;
  const outcome = await changeDirectory(
    gateway,
    request,
    changeOf(room.config.id, ifMatch === 'any' ? ifMatch : ifMatch.site),
    onUnconfirmed,
  );
  if (outcome.kind === 'refused') return outcome.response;
  return changeResponse(outcome.reply, { ...room.versions, site: outcome.reply.version }, DIRECTORY_MS_MAX);
}
