// What an operator looked at, as an entity tag (RFC 9110, 8.8.3): the version of the room's site in the directory and the
// version of the room itself, so that a change of one does not stand in the way of the other; and whether its opening lay
// ahead, ran or was over, which the clock turns without a new version.

import type { Stage } from '../../queue-core/opening.ts';

export interface Versions {
  site: number;
  room: number;
  stage: Stage;
}

export function etagOf({ site, room, stage }: Versions): string {
  return `"${site}.${room}.${stage}"`;
}

export function readVersions(ifMatch: string | undefined): Versions | null {
  const [, site, room, stage] = /^ *"(\d{1,12})\.(\d{1,12})\.(ahead|running|over)" *$/.exec(ifMatch ?? '') ?? [];
  if (site === undefined || room === undefined) return null;
  return { site: Number(site), room: Number(room), stage: stage as Stage };
}
