// What a request is addressed to, read once from the request line and Host as they came: nothing else in the gateway
// looks at a raw path or host.

import { type NormalPath, normalisePath, type PathDoubt, protectingLength, protects } from '../../queue-core/paths.ts';
import type { RoomConfig } from '../settings.ts';

/** Longer addresses are refused: browsers stop far below, and some origins cut what they cannot hold. */
const URL_CHARS_MAX = 8_192;

export interface Target {
  /** Scheme, host and port as the visitor used them. */
  publicOrigin: string;
  /** Host name without port and trailing dot, lower case. */
  host: string;
  path: string;
  /** With the question mark; empty without a query. */
  query: string;
}

export type TargetDoubt = PathDoubt | 'badHost';

export type ReadTarget = { kind: 'target'; target: Target } | { kind: 'doubtful'; doubt: TargetDoubt };

/** @param url the request's URL as the runtime gives it: scheme, Host and the raw target, put together unchanged */
export function readTarget(url: string, hostHeader: string | null): ReadTarget {
  const [, scheme, rest] = /^(https?):\/\/(.*)$/s.exec(url) ?? [];
  if (scheme === undefined || rest === undefined || url.length > URL_CHARS_MAX)
    return { kind: 'doubtful', doubt: 'tooLong' };
  const authority = hostHeader ?? rest.slice(0, rest.search(/[/?#]|$/));
  const host = hostName(authority);
  if (host === null || !rest.startsWith(authority)) return { kind: 'doubtful', doubt: 'badHost' };
  const afterHost = rest.slice(authority.length);
  const queryAt = afterHost.indexOf('?');
  const rawPath = queryAt === -1 ? afterHost : afterHost.slice(0, queryAt);
  const normal: NormalPath = normalisePath(rawPath);
  if (normal.kind === 'doubtful') return normal;
  const query = queryAt === -1 ? '' : afterHost.slice(queryAt);
  if (!/^[!-~]*$/.test(query) || query.includes('#')) return { kind: 'doubtful', doubt: 'forbiddenCharacter' };
  return { kind: 'target', target: { publicOrigin: `${scheme}://${authority}`, host, path: normal.path, query } };
}

/** null where the authority is none, or one that URL parsers write in another way (`0x7f.1`, `[::0]`). */
function hostName(authority: string): string | null {
  const [, name] = /^([a-z0-9](?:[a-z0-9.-]{0,253})|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.exec(authority) ?? [];
  const lowered = name?.toLowerCase();
  return lowered === undefined || URL.parse(`http://${authority}`)?.hostname !== lowered
    ? null
    : lowered.replace(/\.$/, '');
}

export type Routed =
  | { kind: 'room'; room: RoomConfig }
  /** On a room's host, outside every room's paths, and the room passes such requests on. */
  | { kind: 'outside'; room: RoomConfig }
  | { kind: 'nowhere' };

/** Finds the room of a request: a named host before `*`, the longest protected path first. */
export function routeTo(rooms: readonly RoomConfig[], target: Target): Routed {
  for (const hosts of [target.host, '*']) {
    const onHost = rooms.filter((room) => room.hosts.includes(hosts));
    const [best] = onHost
      .map((room) => ({ room, length: protectingLength(room.paths, target.path) }))
      .filter(({ length }) => length >= 0)
      .sort((a, b) => b.length - a.length);
    if (best !== undefined) return { kind: 'room', room: best.room };
    const open = onHost.find(({ outside }) => outside === 'pass');
    if (open !== undefined) return { kind: 'outside', room: open };
  }
  return { kind: 'nowhere' };
}

/** Paths that are the gateway's own and never reach an origin, in any spelling. */
export function isReserved(path: string): boolean {
  return protects(['/_fairgate', '/.well-known/jwks.json'], path);
}

/** A return address: a path on the own origin, normalised; everything else becomes the front page. */
export function returnAddress(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > URL_CHARS_MAX || !/^\/(?!\/)[!-~]*$/.test(wanted)) return '/';
  const [path = '/', ...query] = wanted.split('?');
  const normal = normalisePath(path);
  if (normal.kind === 'doubtful' || isReserved(normal.path) || query.join('?').includes('#')) return '/';
  return query.length === 0 ? normal.path : `${normal.path}?${query.join('?')}`;
}
