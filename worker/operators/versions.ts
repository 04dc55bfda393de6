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

/** @returns null: no tag, or not one of ours */
export function readVersions(ifMatch: string | undefined): Versions | null {
  const [, site, room, stage] = /^ *"(\d{1,12})\.(\d{1,12})\.(ahead|running|over)" *$/.exec(ifMatch ?? '') ?? [];
  if (site === undefined || room === undefined) return null;
  return { site: Number(site), room: Number(room), stage: stage as Stage };
}

/** The document with its tag in the header `ETag`. */
export function taggedJson<Document extends { etag: string }>(document: Document): Response {
  const response = json(document);
  response.headers.set('ETag', document.etag);
  return response;
}
