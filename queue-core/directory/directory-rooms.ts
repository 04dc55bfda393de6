// Rooms in the directory: created and changed by operators, seeded from the settings file, archived. No two rooms have one
// route: it would be left to chance which of them decides. A change that takes addresses from another room, or opens a new one at once,
// is made only if it says so.

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { type AuditEntry, difference, json } from '../audit.ts';
import { CoreError } from '../errors.ts';
import { ROOMS_BYTES_MAX, ROOMS_MAX, TEMPLATE_STORED_BYTES_MAX } from '../limits.ts';
import type { StepContext } from '../machine.ts';
import type { RoomSettings } from '../policy.ts';
import type { EpochMs } from '../time.ts';
import type {
  DirectoryChange,
  DirectoryDocument,
  DirectoryReply,
  DirectoryRoom,
  RoomConfirmation,
  RoomConsequences,
  SeedRefusal,
  SeedRoom,
  Site,
} from './directory-document.ts';
import { routeTaken, takenFrom } from './taken-routes.ts';

/** What a change did, for the log: the version of what was changed, and what it was before and after. */
export type DirectoryDone = { version: number } & Pick<AuditEntry, 'from' | 'to'>;

type Context = Pick<StepContext, 'now' | 'effects'>;

/** Creates a room or changes its site. */
export function putRoom(
  directory: DirectoryDocument,
  { room: id, ifVersion, site, settings, pageOf, confirm = {} }: Extract<DirectoryChange, { kind: 'putRoom' }>,
  { now }: Context,
): DirectoryDone | DirectoryReply {
  if (ifVersion === null) {
    if (directory.rooms.some((room) => room.id === id)) return { kind: 'refused', reason: 'exists' };
    const taken = routeTaken(directory.rooms, { id, site });
    if (taken !== null) return { kind: 'refused', ...taken };
    if (settings === null) throw new CoreError('unknownRoom', `A new room "${id}" came without settings; give them.`);
    const consequences = consequencesOfRoom(directory.rooms, { id, site, opensAt: openingOf(settings) }, now);
    if (!isConfirmedRoom(consequences, confirm)) return { kind: 'unconfirmed', consequences };
    const template = directory.rooms.find((other) => other.id === pageOf)?.site.template ?? null;
    const room = { id, site: { ...site, template }, settings, seed: null, archivedAt: null, version: 1 };
    if (isTooMuch(roomsWith(directory.rooms, room))) return { kind: 'refused', reason: 'full' };
    return replaceRoom(directory, room, null, json(room.site));
  }
  const room = roomToChange(directory, id, ifVersion);
  if ('kind' in room) return room;
  const taken = routeTaken(directory.rooms, { id, site });
  if (taken !== null) return { kind: 'refused', ...taken };
  const changed = { ...room, site: { ...site, template: room.site.template }, version: room.version + 1 };
  const differs = difference(room.site, changed.site);
  if (differs === null) return { kind: 'unchanged', version: room.version };
  const consequences = consequencesOfRoom(directory.rooms, { id, site, opensAt: null }, now);
  if (!isConfirmedRoom(consequences, confirm)) return { kind: 'unconfirmed', consequences };
  if (isTooMuch(roomsWith(directory.rooms, changed))) return { kind: 'refused', reason: 'full' };
  return replaceRoom(directory, changed, differs.from, differs.to);
}

/** What a new room, or another site of one that is there, does to people at once. @param room `opensAt` null: it does not open by itself */
export function consequencesOfRoom(
  rooms: readonly DirectoryRoom[],
  { id, site, opensAt }: Pick<DirectoryRoom, 'id'> & { site: Pick<Site, 'hosts' | 'paths'>; opensAt: EpochMs | null },
  now: EpochMs,
): RoomConsequences {
  return {
    opensNow: opensAt !== null && opensAt <= now,
    takesFrom: takenFrom(rooms, { id, site }),
  };
}

/** When a new room opens; null: not by itself, because it begins closed. */
function openingOf({ schedule, closed }: RoomSettings): EpochMs | null {
  return closed !== true && 'opensAt' in schedule ? schedule.opensAt : null;
}

function isConfirmedRoom({ opensNow, takesFrom }: RoomConsequences, confirmed: RoomConfirmation): boolean {
  if (opensNow && confirmed.opensNow !== true) return false;
  return takesFrom.every(({ room }) => confirmed.takesFrom?.includes(room) === true);
}

/** Sets or removes the room's own waiting page. Templates are numbered and never changed; rooms may share one. */
export function setTemplate(
  directory: DirectoryDocument,
  { room: id, ifVersion, html }: Extract<DirectoryChange, { kind: 'setTemplate' }>,
  { effects }: Context,
): DirectoryDone | DirectoryReply {
  const room = roomToChange(directory, id, ifVersion);
  if ('kind' in room) return room;
  if (html !== null && storedBytes(html) > TEMPLATE_STORED_BYTES_MAX) return { kind: 'refused', reason: 'tooLarge' };
  const former = room.site.template;
  if (former === null && html === null) return { kind: 'unchanged', version: room.version };
  const isShared = directory.rooms.some((other) => other.id !== id && other.site.template === former);
  if (former !== null && !isShared) effects.push({ kind: 'drop', table: 'template', from: former, upTo: former });
  directory.templateSeq++;
  const template = html === null ? null : directory.templateSeq;
  if (html !== null) effects.push({ kind: 'put', table: 'template', key: directory.templateSeq, row: { html } });
  const changed = { ...room, site: { ...room.site, template }, version: room.version + 1 };
  return replaceRoom(directory, changed, { template: former }, { template });
}

export function archiveRoom(
  directory: DirectoryDocument,
  { room: id, ifVersion }: Extract<DirectoryChange, { kind: 'archiveRoom' }>,
  { now }: Context,
): DirectoryDone | DirectoryReply {
  const room = roomToChange(directory, id, ifVersion);
  if ('kind' in room) return room;
  const archived = { ...room, archivedAt: now, version: room.version + 1 };
  return replaceRoom(directory, archived, { archived: false }, { archived: true });
}

/**
 * Takes over the rooms of the settings file that are new or edited, as far as there is space and no other room has their
 * routes.
 * @returns what is to be recorded of each, and the rooms that were refused
 */
export function seedRooms(
  directory: DirectoryDocument,
  seeds: readonly SeedRoom[],
): { seeded: Pick<AuditEntry, 'from' | 'to'>[]; refused: SeedRefusal[] } {
  const { accepted, refused } = acceptedSeeds(directory, seeds);
  const seeded = accepted.map((room) => {
    const known = directory.rooms.find(({ id }) => id === room.id);
    const differs = known === undefined ? { from: null, to: json(room.site) } : difference(known.site, room.site);
    return named(room.id, differs ?? { from: null, to: null });
  });
  directory.rooms = accepted.reduce(roomsWith, directory.rooms);
  return { seeded, refused };
}

function acceptedSeeds(
  { rooms }: DirectoryDocument,
  seeds: readonly SeedRoom[],
): { accepted: DirectoryRoom[]; refused: SeedRefusal[] } {
  const refused: SeedRefusal[] = [];
  let accepted = seeds.flatMap(({ id, site, settings, digest }): DirectoryRoom[] => {
    const known = rooms.find((room) => room.id === id);
    // An archived room stays so: its routes may belong to another room by now.
    if (known !== undefined && (known.seed === digest || known.archivedAt !== null)) return [];
    const withTemplate = { ...site, template: known?.site.template ?? null };
    return [{ id, site: withTemplate, settings, seed: digest, archivedAt: null, version: (known?.version ?? 0) + 1 }];
  });
  while (isTooMuch(accepted.reduce(roomsWith, rooms))) {
    const last = accepted.pop();
    if (last === undefined) break;
    refused.push({ room: last.id, reason: 'full' });
  }
  // A refused room keeps its former routes, which may be those of another seed: check again until nothing is refused.
  for (let before = -1; before < refused.length; ) {
    before = refused.length;
    const after = accepted.reduce(roomsWith, rooms);
    accepted = accepted.filter((room) => {
      const taken = routeTaken(after, room);
      if (taken !== null) refused.push({ room: room.id, ...taken });
      return taken === null;
    });
  }
  return { accepted, refused };
}

function roomToChange(
  { rooms }: DirectoryDocument,
  id: string,
  ifVersion: number | 'any',
): DirectoryRoom | Extract<DirectoryReply, { kind: 'conflict' | 'refused' }> {
  const room = rooms.find((one) => one.id === id);
  if (room === undefined) return { kind: 'refused', reason: 'unknownRoom' };
  if (ifVersion !== 'any' && room.version !== ifVersion) return { kind: 'conflict', version: room.version };
  return room.archivedAt === null ? room : { kind: 'refused', reason: 'archived' };
}

function replaceRoom(
  directory: DirectoryDocument,
  room: DirectoryRoom,
  from: AuditEntry['from'],
  to: AuditEntry['to'],
): DirectoryDone {
  directory.rooms = roomsWith(directory.rooms, room);
  return { version: room.version, ...named(room.id, { from, to }) };
}

function roomsWith(rooms: readonly DirectoryRoom[], room: DirectoryRoom): DirectoryRoom[] {
  const index = rooms.findIndex(({ id }) => id === room.id);
  return index === -1 ? [...rooms, room] : rooms.with(index, room);
}

function isTooMuch(rooms: readonly DirectoryRoom[]): boolean {
  return rooms.length > ROOMS_MAX || storedBytes(rooms) > ROOMS_BYTES_MAX;
}

/** Bytes that a value takes in the store, which may be several times those that an operator sent. */
function storedBytes(value: unknown): number {
  return utf8ToBytes(JSON.stringify(value)).length;
}

/** The log of all rooms names the room of each record. */
function named(room: string, { from, to }: Pick<AuditEntry, 'from' | 'to'>): Pick<AuditEntry, 'from' | 'to'> {
  const withName = (value: AuditEntry['from']) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? { room, ...value } : { room };
  return { from: from === null ? null : withName(from), to: withName(to) };
}
