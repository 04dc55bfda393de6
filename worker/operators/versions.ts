// What an operator looked at, as an entity tag (RFC 9110, 8.8.3): the version of the room's site in the directory and the
// version of the room itself, so that a change of one does not stand in the way of the other.

export interface Versions {
  site: number;
  room: number;
}

export function etagOf({ site, room }: Versions): string {
  return `"${site}.${room}"`;
}

export function readVersions(ifMatch: string | undefined): Versions | null {
  const [, site, room] = /^ *"(\d{1,12})\.(\d{1,12})" *$/.exec(ifMatch ?? '') ?? [];
  return site === undefined || room === undefined ? null : { site: Number(site), room: Number(room) };
}
