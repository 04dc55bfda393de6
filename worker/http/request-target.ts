// What a request is addressed to, read once from the raw request line and Host; nothing else in the gateway reads either.
// Which rooms an address touches is decided by every reading of its path, and the origin gets the path as it was sent.

import { Kept } from '../../queue-core/kept.ts';
import { encodePath, type PathDoubt, protecting, protects, type ReadPath, readPath } from '../../queue-core/paths.ts';
import type { RoomConfig } from '../settings.ts';

/** Longer addresses are refused: browsers send far shorter ones, and some origins truncate what they cannot hold. */
const URL_CHARS_MAX = 8_192;

export interface Target {
  /** Scheme, host and port that the visitor used. */
  publicOrigin: string;
  /** Host name without port and trailing dot, lower case. */
  host: string;
  /** As it was sent. */
  path: string;
  /** The same with its readings. */
  read: ReadPath;
  /** With the question mark; empty without a query. */
  query: string;
}

export type TargetDoubt = PathDoubt | 'badHost';

export type TargetResult = { kind: 'target'; target: Target } | { kind: 'doubtful'; doubt: TargetDoubt };

/** In a rush nearly every request is for one of a few addresses: their readings are kept. About 1 MB at most. */
const READINGS_MAX = 1_024;
const READING_CHARS_MAX = 512;
const readings = new Kept<TargetResult>(READINGS_MAX);

/** @param url the request's URL from the runtime: scheme, Host and the raw target, joined unchanged */
export function readTarget(url: string, hostHeader: string | null): TargetResult {
  const key = `${hostHeader} ${url}`;
  const parse = () => parseTarget(url, hostHeader);
  return key.length > READING_CHARS_MAX ? parse() : readings.of(key, parse);
}

function parseTarget(url: string, hostHeader: string | null): TargetResult {
  const [, scheme, rest] = /^(https?):\/\/(.*)$/s.exec(url) ?? [];
  if (scheme === undefined || rest === undefined || url.length > URL_CHARS_MAX)
    return { kind: 'doubtful', doubt: 'tooLong' };
  const authority = hostHeader ?? authorityOf(url);
  const host = hostName(authority);
  if (host === null || !rest.startsWith(authority)) return { kind: 'doubtful', doubt: 'badHost' };
  const afterHost = rest.slice(authority.length);
  const queryAt = afterHost.indexOf('?');
  const rawPath = queryAt === -1 ? afterHost : afterHost.slice(0, queryAt);
  const result = readPath(rawPath);
  if (result.kind === 'doubtful') return result;
  const query = queryAt === -1 ? '' : afterHost.slice(queryAt);
  if (!/^[!-~]*$/.test(query) || query.includes('#')) return { kind: 'doubtful', doubt: 'forbiddenCharacter' };
  const publicOrigin = `${scheme}://${authority}`;
  return { kind: 'target', target: { publicOrigin, host, path: rawPath, read: result.path, query } };
}

/** The name of the host that a request is for, without port, as rooms name theirs; null for an invalid one. */
export function requestHost({ url, headers }: Request): string | null {
  return hostName(headers.get('Host') ?? authorityOf(url));
}

/** The path as it stood in the request line; `/` where a Host that is no host name hides it. */
export function rawPathOf({ url, headers }: Request): string {
  if (/[/?#\\@]/.test(headers.get('Host') ?? '')) return '/';
  const path = url.slice(url.indexOf('://') + 3 + authorityOf(url).length);
  return path.slice(0, path.search(/[?#]|$/)) || '/';
}

function authorityOf(url: string): string {
  const rest = url.slice(url.indexOf('://') + 3);
  return rest.slice(0, rest.search(/[/?#]|$/));
}

/** In a rush all requests are for one of a few hosts, whose names are kept. About 0.6 MB at most. */
const HOSTS_MAX = 1_024;
const HOST_CHARS_MAX = 300;
const hostNames = new Kept<string | null>(HOSTS_MAX);

/** @returns null if the authority is invalid or URL parsers rewrite it (`0x7f.1`, `[::0]`) */
function hostName(authority: string): string | null {
  return authority.length > HOST_CHARS_MAX ? parseHostName(authority) : hostNames.of(authority, parseHostName);
}

function parseHostName(authority: string): string | null {
  const [, name] = /^([a-z0-9](?:[a-z0-9.-]{0,253})|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.exec(authority) ?? [];
  const lowered = name?.toLowerCase();
  return lowered === undefined || URL.parse(`http://${authority}`)?.hostname !== lowered
    ? null
    : lowered.replace(/\.$/, '');
}

export type Routed =
  /** `others`: rooms that the path touches in another reading. They have to admit the visitor too. */
  | { kind: 'room'; room: RoomConfig; others: RoomConfig[] }
  /** On a room's host, outside every room's paths, and the room forwards such requests. */
  | { kind: 'outside'; room: RoomConfig }
  | { kind: 'nowhere' };

/**
 * Finds the rooms of a request. For each reading of its path, rooms of the named host come before those of `*`, the longest
 * protected path first. What no room protects is left to the rooms of the named host, or of `*` where it has none.
 */
export function routeTo(rooms: readonly RoomConfig[], { host, read }: Pick<Target, 'host' | 'read'>): Routed {
  const known = routes.get(read);
  if (known?.rooms === rooms && known.host === host) return known.routed;
  const routed = findRoute(rooms, host, read);
  routes.set(read, { rooms, host, routed });
  return routed;
}

/** Where readings that are kept lead, among the rooms of the moment. */
const routes = new WeakMap<ReadPath, { rooms: readonly RoomConfig[]; host: string; routed: Routed }>();

function findRoute(rooms: readonly RoomConfig[], host: string, read: ReadPath): Routed {
  const tiers = [host, '*'].map((name) => rooms.filter(({ hosts }) => hosts.includes(name)));
  const [room, ...others] = protecting(tiers, ({ paths }) => paths, read);
  if (room !== undefined) return { kind: 'room', room, others };
  const forwarding = tiers.find((tier) => tier.length > 0)?.find(({ outside }) => outside === 'pass');
  return forwarding === undefined ? { kind: 'nowhere' } : { kind: 'outside', room: forwarding };
}

/** Whether a room answers at the host that a request is for. */
export function servesHost({ hosts }: Pick<RoomConfig, 'hosts'>, request: Request): boolean {
  if (hosts.includes('*')) return true;
  const host = requestHost(request);
  return host !== null && hosts.includes(host);
}

/** Whether a path is the gateway's own in any reading; such a path is never forwarded. */
export function isReserved(read: ReadPath): boolean {
  const known = reserved.get(read);
  if (known !== undefined) return known;
  const result = protects(['/_fairgate', '/.well-known/jwks.json'], read);
  reserved.set(read, result);
  return result;
}

const reserved = new WeakMap<ReadPath, boolean>();

/** The gateway's own addresses are answered in one spelling only, so that rules of a proxy in front cannot be passed. */
export function isPlainlySpelled(rawPath: string): boolean {
  return /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*|\/\.well-known)+\/?$/.test(rawPath);
}

/** The address of this site's page that a request comes from, as far as the browser tells. */
export function pageBefore(headers: Headers, publicOrigin: string): string | undefined {
  const referer = headers.get('Referer') ?? '';
  return referer.startsWith(`${publicOrigin}/`) ? referer.slice(publicOrigin.length) : undefined;
}

/** Where sites send their visitors: it reads for itself where it leads on. */
const ENTER_PATH = /^\/_fairgate\/rooms\/[a-z0-9-]+\/enter$/;

/** A return address on this origin, as it was given; `/` for anything else. */
export function returnAddress(requested: unknown): string {
  if (typeof requested !== 'string' || requested.length > URL_CHARS_MAX) return '/';
  if (!/^\/(?!\/)[!-~]*$/.test(requested) || requested.includes('#')) return '/';
  const path = requested.slice(0, requested.search(/\?|$/));
  if (ENTER_PATH.test(path)) return requested;
  const result = readPath(path);
  if (result.kind === 'doubtful' || isReserved(result.path)) return '/';
  // A proxy that resolves it on the way to the browser could make another host of it.
  return result.path.readings.some((reading) => reading.startsWith('//')) ? '/' : requested;
}

/** The path of a room as an address of its site. */
export function roomAddress({ paths: [path = '/'] }: Pick<RoomConfig, 'paths'>): string {
  return returnAddress(encodePath(path));
}

/** A path and query in a page of the same address: two slashes at the start would name another host. */
export function sameSiteAddress({ path, query }: Pick<Target, 'path' | 'query'>): string {
  return `${path.startsWith('//') ? '/.' : ''}${path}${query}`;
}
