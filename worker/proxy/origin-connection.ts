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

export function originFetch({ ORIGIN_CONNECTOR: connector, ORIGIN_CA }: ConnectorBindings): OriginFetch {
  const hasOwnAuthority = (ORIGIN_CA ?? '') !== '';
  return (request, { origin }) => {
    if (connector === undefined) return fetch(request);
    const { url: asked } = request;
    const isOrigins = asked.startsWith(`${origin}/`) || new URL(asked).host === new URL(origin).host;
    if (isOrigins && !(hasOwnAuthority && asked.startsWith('https:'))) return fetch(request);
    const headers = new Headers(request.headers);
    headers.set(CONNECT_FIELD, origin);
    const url = asked.replace(/^https:/, 'http:');
    return connector.fetch(new Request(url, new Request(request, { headers })));
  };
}
