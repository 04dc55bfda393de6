// Which room answers which addresses. A room that names the host comes before one for every host (`*`); of several, the one with the
// longest path. So a new room may take addresses from another one without having a route of it: that is said before it is done.

import { comparablePath, isAncestor } from '../paths.ts';
import type { EpochMs } from '../time.ts';
import type { RouteTaken, Site, TakenFrom } from './directory-document.ts';

export type Routed = { id: string; site: Pick<Site, 'hosts' | 'paths'>; archivedAt?: EpochMs | null };

/** @returns the first route of a room that another living room has, and which one */
export function routeTaken(rooms: readonly Routed[], wanted: Routed): RouteTaken | null {
  const routes = new Set(routesOf(wanted.site));
  for (const { id, site } of others(rooms, wanted)) {
    const route = routesOf(site).find((one) => routes.has(one));
    if (route !== undefined) return { reason: 'routeTaken', route, by: id };
  }
  return null;
}

/** What a room with this site would take from each other living room, beyond what it has already. */
export function takenFrom(rooms: readonly Routed[], wanted: Routed): TakenFrom[] {
  const present = rooms.find(({ id }) => id === wanted.id);
  const has = new Set(present === undefined ? [] : takings(rooms, present).map(keyOf));
  const taken = new Map<string, string[]>();
  for (const one of takings(rooms, wanted)) {
    if (!has.has(keyOf(one))) taken.set(one.room, [...(taken.get(one.room) ?? []), one.route]);
  }
  return [...taken].map(([room, routes]) => ({ room, routes: [...new Set(routes)] }));
}

interface Taking {
  room: string;
  route: string;
}

const keyOf = ({ room, route }: Taking) => `${room} ${route}`;

function takings(rooms: readonly Routed[], wanted: Routed): Taking[] {
  const present = others(rooms, wanted);
  return wanted.site.hosts.flatMap((host) => wanted.site.paths.flatMap((path) => takingsAt(present, host, path)));
}

function takingsAt(rooms: readonly Routed[], host: string, path: string): Taking[] {
  const named = rooms.filter(({ site }) => site.hosts.includes(host));
  const everywhere =
    host === '*' ? [] : rooms.filter(({ site }) => site.hosts.includes('*') && !named.some((one) => one.site === site));
  const owner = ownerOf(named, path) ?? ownerOf(everywhere, path);
  const route = (below: string) => `${host}${comparablePath(below)}`;
  const own = owner === null ? [] : [{ room: owner, route: route(path) }];
  // A room for every host loses here what lies below this path too, unless another room of this host has it.
  const below = everywhere.flatMap(({ id, site }) =>
    site.paths
      .filter((one) => isAncestor(path, one) && ownerOf(named, one) === null)
      .map((one) => ({ room: id, route: route(one) })),
  );
  return [...own, ...below];
}

/** The room with the longest path around this one, or with this one. */
function ownerOf(rooms: readonly Routed[], path: string): string | null {
  const around = rooms.flatMap(({ id, site }) =>
    site.paths
      .filter((one) => comparablePath(one) === comparablePath(path) || isAncestor(one, path))
      .map((one) => ({ id, length: comparablePath(one).length })),
  );
  return around.toSorted((a, b) => b.length - a.length)[0]?.id ?? null;
}

function others(rooms: readonly Routed[], { id }: Routed): Routed[] {
  return rooms.filter((room) => room.id !== id && (room.archivedAt ?? null) === null);
}

/** One path in two spellings is one route. */
function routesOf({ hosts, paths }: Routed['site']): string[] {
  return hosts.flatMap((host) => paths.map((path) => `${host}${comparablePath(path)}`));
}
