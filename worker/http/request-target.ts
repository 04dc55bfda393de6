// What a request is addressed to, read once from the raw request line and Host; nothing else in the gateway reads either.
// An address that the origin might read differently is refused.

import { type NormalPath, normalisePath, type PathDoubt, protectingLength, protects } from '../../queue-core/paths.ts';
import type { RoomConfig } from '../settings.ts';

/** Longer addresses are refused: browsers send far shorter ones, and some origins truncate what they cannot hold. */
const URL_CHARS_MAX = 8_192;

export interface Target {
  /** Scheme, host and port that the visitor used. */
  publicOrigin: string;
  /** Host name without port and trailing dot, lower case. */
  host: string;
  path: string;
  /** With the question mark; empty without a query. */
  query: string;
}

export type TargetDoubt = PathDoubt | 'badHost';

export type TargetResult = { kind: 'target'; target: Target } | { kind: 'doubtful'; doubt: TargetDoubt };

/** In a rush nearly every request is for one of a few addresses: their readings are kept. About 1 MB at most. */
const READINGS_MAX = 1_024;
const READING_CHARS_MAX = 512;
const readings = new Map<string, TargetResult>();

/** @param url the request's URL from the runtime: scheme, Host and the raw target, joined unchanged */
export function readTarget(url: string, hostHeader: string | null): TargetResult {
  const key = `${hostHeader} ${url}`;
  const known = readings.get(key);
  if (known !== undefined) return known;
  const result = parseTarget(url, hostHeader);
  if (readings.size >= READINGS_MAX) readings.clear();
  if (key.length <= READING_CHARS_MAX) readings.set(key, result);
  return result;
}

function parseTarget(url: string, hostHeader: string | null): TargetResult {
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

/** @returns null if the authority is invalid or URL parsers rewrite it (`0x7f.1`, `[::0]`) */
function hostName(authority: string): string | null {
  const [, name] = /^([a-z0-9](?:[a-z0-9.-]{0,253})|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.exec(authority) ?? [];
  const lowered = name?.toLowerCase();
  return lowered === undefined || URL.parse(`http://${authority}`)?.hostname !== lowered
    ? null
    : lowered.replace(/\.$/, '');
}

export type Routed =
  | { kind: 'room'; room: RoomConfig }
  /** On a room's host, outside every room's paths, and the room forwards such requests. */
  | { kind: 'outside'; room: RoomConfig }
  | { kind: 'nowhere' };

/** Finds the room of a request: rooms of the named host before those of `*`, the longest protected path first. */
export function routeTo(rooms: readonly RoomConfig[], target: Target): Routed {
  for (const host of [target.host, '*']) {
    const onHost = rooms.filter((room) => room.hosts.includes(host));
    const [best] = onHost
      .map((room) => ({ room, length: protectingLength(room.paths, target.path) }))
      .filter(({ length }) => length >= 0)
      .sort((a, b) => b.length - a.length);
    if (best !== undefined) return { kind: 'room', room: best.room };
    const forwarding = onHost.find(({ outside }) => outside === 'pass');
    if (forwarding !== undefined) return { kind: 'outside', room: forwarding };
  }
  return { kind: 'nowhere' };
}

/** Whether a path is the gateway's own, in any spelling; it is never forwarded. */
export function isReserved(path: string): boolean {
  return protects(['/_fairgate', '/.well-known/jwks.json'], path);
}

/** The address of this site's page that a request comes from, as far as the browser tells. */
export function pageBefore(headers: Headers, publicOrigin: string): string | undefined {
  const referer = headers.get('Referer') ?? '';
  return referer.startsWith(`${publicOrigin}/`) ? referer.slice(publicOrigin.length) : undefined;
}

/** The normalised path of a return address on this origin; `/` for anything else. */
export function returnAddress(requested: unknown): string {
  if (typeof requested !== 'string' || requested.length > URL_CHARS_MAX) return '/';
  if (!/^\/(?!\/)[!-~]*$/.test(requested)) return '/';
  const [path = '/', ...query] = requested.split('?');
  const normal = normalisePath(path);
  if (normal.kind === 'doubtful' || isReserved(normal.path) || query.join('?').includes('#')) return '/';
  return query.length === 0 ? normal.path : `${normal.path}?${query.join('?')}`;
}
