// The version of a room as an entity tag (RFC 9110, 8.8.3): the version of its site in the directory and the version of the
// room itself, so that a change of one does not conflict with a change of the other; and the stage of its opening, which time
// alone changes.

import type { Stage } from '../../queue-core/policy.ts';
import { stageOf } from '../../queue-core/room-state.ts';
import { json } from '../http/responses.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

export interface Versions {
  site: number;
  room: number;
  stage: Stage;
}

export function versionsOf(site: number, { view: { board, live } }: RoomSnapshot): Versions {
  return { site, room: live.version, stage: stageOf(board.state) };
}

export function etagOf({ site, room, stage }: Versions): string {
  return `"${site}.${room}.${stage}"`;
}

/** A change that may be made on any version (`If-Match: *`), or on one. */
export type ChangeBase = 'any' | Versions;

/** Longer fields are read up to here: a room has one version at a time. */
const TAGS_MAX = 32;

/**
 * The versions that the field If-Match names (RFC 9110, 13.1.1). Tags are compared strongly, so a weak one names none, and
 * neither does a tag of another document.
 */
export function readIfMatch(field: string): 'any' | Versions[] {
  if (field.trim() === '*') return 'any';
  // Between tags a list has commas and white space; a tag may have commas itself.
  const list = /^[ \t,]*(?:(?:W\/)?"[!#-~\x80-\xff]*"[ \t]*(?:,[ \t,]*|$))+$/;
  if (!list.test(field)) return [];
  const tags = field.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.slice(0, TAGS_MAX).flatMap((tag) => versionsIn(tag) ?? []);
}

/**
 * The version that a change is made on, of those it may be made on. A gateway's view may be older than the room; then the latest
 * counts, and the store decides.
 * @returns null: it names none
 */
export function changeBase(ifMatch: 'any' | Versions[], { site, room, stage }: Versions): ChangeBase | null {
  if (ifMatch === 'any') return 'any';
  const isCurrent = (one: Versions) =>
    Number(one.site === site) + Number(one.room === room) + Number(one.stage === stage);
  return ifMatch.toSorted((a, b) => isCurrent(b) - isCurrent(a) || b.site + b.room - a.site - a.room)[0] ?? null;
}

function versionsIn(tag: string): Versions | null {
  const [, site, room, stage] = /^"(\d{1,12})\.(\d{1,12})\.(ahead|running|over)"$/.exec(tag) ?? [];
  if (site === undefined || room === undefined) return null;
  return { site: Number(site), room: Number(room), stage: stage as Stage };
}

/** The document with its tag in the header `ETag`. */
export function taggedJson<Document extends { etag: string }>(document: Document): Response {
  const response = json(document);
  response.headers.set('ETag', document.etag);
  return response;
}
