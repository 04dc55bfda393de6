// How a request reaches a room's origin. The runtime's own `fetch` sends it to the address that its URL names. On one's own
// machine a connector beside the gateway (scripts/lib/origin-connector.ts) takes those that ask the origin for another host, or
// that need a private certificate authority. On Cloudflare a host of the same zone leads to the zone's own origin.

import type { OriginFetch } from './forward.ts';

export interface ConnectorBindings {
  /** The connector, where there is one. */
  ORIGIN_CONNECTOR?: Fetcher;
  /** Not empty: origins with https are reached through the connector, which knows their certificate authority. */
  ORIGIN_CA?: string;
}

/** Names the origin to the connector; no visitor's request carries it (request-fields.ts). */
const CONNECT_FIELD = 'Fairgate-Connect';

/** For a site that cannot check tokens; no visitor's request carries it, and no response of the site reaches a visitor with it. */
const SECRET_FIELD = 'Fairgate-Origin-Secret';

/** @param secrets by the address that the gateway connects to, so that no other site is told one, whatever a room names as its host */
export function originFetch(
  { ORIGIN_CONNECTOR: connector, ORIGIN_CA }: ConnectorBindings,
  secrets: ReadonlyMap<string, string>,
): OriginFetch {
  const hasOwnAuthority = (ORIGIN_CA ?? '') !== '';
  const straight = (request: Request) => {
    const secret = secrets.size === 0 ? undefined : secrets.get(new URL(request.url).origin);
    if (secret !== undefined) request.headers.set(SECRET_FIELD, secret);
    return fetch(request);
  };
  return (request, { origin }) => {
    if (connector === undefined) return straight(request);
    const { url: asked } = request;
    const isOrigins = asked.startsWith(`${origin}/`) || new URL(asked).host === new URL(origin).host;
    if (isOrigins && !(hasOwnAuthority && asked.startsWith('https:'))) return straight(request);
    const headers = new Headers(request.headers);
    headers.set(CONNECT_FIELD, origin);
    const secret = secrets.get(origin);
    if (secret !== undefined) headers.set(SECRET_FIELD, secret);
    const url = asked.replace(/^https:/, 'http:');
    return connector.fetch(new Request(url, new Request(request, { headers })));
  };
}
