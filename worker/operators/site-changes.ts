// Changes of rooms in the directory: creating and archiving, what a room protects, its custom waiting page. They are on every
// gateway once it has read the directory again.

import type { Actor } from '../../queue-core/audit.ts';
import type { DirectoryChange, DirectoryRoom, DirectoryView } from '../../queue-core/directory/directory-document.ts';
import type { FieldError } from '../contract/problem-schema.ts';
import type { Gateway } from '../gateway.ts';
import { templateFault } from '../http/custom-page.ts';
import { operatorProblem } from '../http/problems.ts';
import { type OwnAddresses, ownAddressIn, ownAddressText } from '../proxy/loops.ts';
import { policyOf, type RoomConfig, siteOf } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { DIRECTORY_MS_MAX } from '../views/room-directory.ts';
import { type ChangeRequest, changeResponse } from './change-response.ts';
import { changeDirectory, type DirectoryChangeGateway } from './directory-changes.ts';
import type { CurrentRoom, Handlers } from './operation-context.ts';
import { scheduleOf } from './room-changes.ts';
import { type ChangeBase, type Versions, versionsOf } from './versions.ts';

type SiteOperation = 'createRoom' | 'setSite' | 'setTemplate' | 'removeTemplate' | 'archiveRoom';

export function siteHandlers(
  gateway: DirectoryChangeGateway & OwnAddresses & Pick<Gateway, 'beaconChain' | 'configure' | 'views'>,
): Handlers<SiteOperation> {
  return {
    async createRoom(c) {
      const { id, ...body } = c.var.body;
      const site = siteOf(id, body.site);
      const fault = loopFault(gateway, c.var.directory, { id, site }, 'site.');
      if (fault !== null) return fault;
      const schedule = scheduleOf(body.schedule, gateway.beaconChain);
      const settings = {
        room: id,
        policy: policyOf(body.policy),
        schedule: { ...schedule, beacon: schedule.beacon ?? null },
      };
      const change = { kind: 'putRoom', room: id, ifVersion: null, site, settings } as const;
      const outcome = await changeDirectory(gateway, c.var, change);
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
      const site = siteOf(id, c.var.body);
      return (
        loopFault(gateway, c.var.directory, { id, site }, '') ??
        changeSite(gateway, c.var, (room, ifVersion) => ({ kind: 'putRoom', room, ifVersion, site, settings: null }))
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

/** Refuses an origin that is the gateway itself, and hosts that would make it so. @param at where the body has the site */
function loopFault(
  gateway: OwnAddresses,
  directory: DirectoryView,
  changed: Pick<DirectoryRoom, 'id' | 'site'>,
  at: 'site.' | '',
): Response | null {
  const others = directory.rooms.filter(({ id, archivedAt }) => id !== changed.id && archivedAt === null);
  const served = [changed, ...others].map(({ id, site }) => ({ id, hosts: site.hosts }));
  const refuse = (field: string, origin: string, detail: string) => {
    const errors: FieldError[] = [{ field, detail, cause: { kind: 'ownAddress', origin } }];
    return operatorProblem('bad-input', {}, { errors });
  };
  const { origin, hosts } = changed.site;
  const own = ownAddressIn(origin, gateway, served);
  if (own !== null) return refuse(`${at}origin`, origin, ownAddressText(origin, own));
  // An origin that is an address of the gateway whatever these hosts are is not their fault.
  const overtaken = others.find(
    ({ site }) =>
      ownAddressIn(site.origin, gateway, []) === null &&
      ownAddressIn(site.origin, gateway, [{ ...changed, hosts }]) !== null,
  );
  if (overtaken === undefined) return null;
  const detail = `${overtaken.site.origin}, the origin of "${overtaken.id}", would be the gateway itself. Change that origin first.`;
  return refuse(`${at}hosts`, overtaken.site.origin, detail);
}

type SiteChangeRequest = ChangeRequest & { room: CurrentRoom; ifMatch: ChangeBase };

function changeTemplate(gateway: DirectoryChangeGateway, request: SiteChangeRequest, html: string | null) {
  return changeSite(gateway, request, (room, ifVersion) => ({ kind: 'setTemplate', room, ifVersion, html }));
}

async function changeSite(
  gateway: DirectoryChangeGateway,
  request: SiteChangeRequest,
  changeOf: (room: string, ifVersion: number | 'any') => DirectoryChange,
): Promise<Response> {
  const { room, ifMatch } = request;
  const outcome = await changeDirectory(
    gateway,
    request,
    changeOf(room.config.id, ifMatch === 'any' ? ifMatch : ifMatch.site),
  );
  if (outcome.kind === 'refused') return outcome.response;
  return changeResponse(outcome.reply, { ...room.versions, site: outcome.reply.version }, DIRECTORY_MS_MAX);
}
