// Requests that would come back to the gateway. Its own addresses are refused as a room's origin; whatever still leads back, by
// DNS or through another proxy, is refused when a forwarded request arrives again (CDN-Loop, RFC 8586).

import ipaddr from 'ipaddr.js';
import type { Site } from '../../queue-core/directory/directory-document.ts';

/** Name of the gateway in `CDN-Loop`; the same for all deployments, so that two that forward to each other stop as well. */
const CDN_ID = 'fairgate';

/** Whether a Fairgate gateway has forwarded this request already. */
export function wasForwarded(headers: Headers): boolean {
  const ids = (headers.get('CDN-Loop') ?? '').split(',').map((entry) => entry.split(';')[0]?.trim().toLowerCase());
  return ids.includes(CDN_ID);
}

/** `CDN-Loop` of the request to the origin. @param headers as the client sent them */
export function loopField(headers: Headers): string {
  const before = headers.get('CDN-Loop')?.trim() ?? '';
  return before === '' ? CDN_ID : `${before}, ${CDN_ID}`;
}

export interface OwnAddresses {
  publicUrl: string;
  consoleUrl: string;
  /** The socket of the process, where the runtime's configuration says; null: unknown, as at Cloudflare. */
  listenUrl: string | null;
}

type ServedRoom = { id: string } & Pick<Site, 'hosts'>;

/**
 * Which address of the gateway an origin is, null: none. Hosts of the gateway and of its rooms count on each of its ports, a
 * loopback address only on its own: on the default ports of this machine may well be the site.
 */
export function ownAddressIn(
  origin: string,
  { publicUrl, consoleUrl, listenUrl }: OwnAddresses,
  rooms: readonly ServedRoom[],
): string | null {
  const at = endpoint(origin);
  if (at === null) return null;
  const settings = { PUBLIC_URL: publicUrl, CONSOLE_URL: consoleUrl, 'the listening port': listenUrl };
  const own = Object.entries(settings).flatMap(([name, url]) => {
    const known = url === null ? null : endpoint(url);
    return known === null ? [] : [{ name, ...known }];
  });
  const isOwnPort = own.some(({ port }) => port === at.port);
  const same = own.find(({ host, port }) => host === at.host && (port === at.port || (isOwnPort && host !== LOOPBACK)));
  if (same !== undefined) return same.name;
  if (!isOwnPort || at.host === LOOPBACK) return null;
  const room = rooms.find(({ hosts }) => hosts.some((host) => hostName(host) === at.host));
  return room === undefined ? null : `a host of the room "${room.id}"`;
}

/** For an operator who gave a room this origin. @param own as `ownAddressIn` returns it */
export function ownAddressText(origin: string, own: string): string {
  return `${origin} is the gateway itself (${own}): every request would come back to it. Set the address of the site.`;
}

/** Stands for every address of this machine's loopback interface. */
const LOOPBACK = 'localhost';

/** @returns null for what is no http(s) address, which other checks report */
function endpoint(url: string): { host: string; port: string } | null {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return null;
  // Where one of the two default ports leads to the gateway, the other one does or redirects there.
  const port = /^(?:|80|443)$/.test(parsed.port) ? 'default' : parsed.port;
  return { host: hostName(parsed.hostname), port };
}

function hostName(text: string): string {
  const host = text.toLowerCase().replace(/^\[|\]$|\.+$/g, '');
  if (host === LOOPBACK || host.endsWith(`.${LOOPBACK}`)) return LOOPBACK;
  if (!ipaddr.isValid(host)) return host;
  const address = ipaddr.process(host);
  return ['loopback', 'unspecified'].includes(address.range()) ? LOOPBACK : address.toString();
}
