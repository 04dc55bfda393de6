// What a request's headers and connection say about its client: address, kind of client, and the format it accepts.

import * as ipaddr from 'ipaddr.js';

/** Prefix length of the IPv6 network that one subscriber gets (RFC 6177): more addresses within it cost nothing. */
const SUBSCRIBER_PREFIX_BITS = 64;

/** The kind of response that the client can use. */
export type ResponseFormat = 'page' | 'json' | 'other';

/** The client's address as the runtime reports it: Cloudflare's header there, the socket's peer on a developer's machine. */
export function clientAddress(request: Request): string | null {
  const peer = (request.cf as { clientIp?: string } | undefined)?.clientIp;
  // A peer has a port, and brackets in IPv6: [2001:db8::1]:443.
  return peer === undefined
    ? request.headers.get('CF-Connecting-IP')
    : peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** The subscriber behind an address: the IPv4 address itself, or the network of an IPv6 address. */
export function networkOf(address: string | null): string {
  if (address === null || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${SUBSCRIBER_PREFIX_BITS}`).toString();
}

/**
 * Browsers hold tokens in HttpOnly cookies, and a script on the origin's page must not read them from a response body.
 * A client that sends neither of these headers has no cookies to protect.
 */
export function isBrowser(request: Request): boolean {
  return request.headers.has('Sec-Fetch-Site') || request.headers.has('Origin');
}

/** `json` only for exactly `Accept: application/json`; `page` for navigations by GET or POST. */
export function responseFormat(request: Request): ResponseFormat {
  const accept = request.headers.get('Accept') ?? '';
  if (accept.trim().toLowerCase() === 'application/json') return 'json';
  const isNavigation = request.headers.get('Sec-Fetch-Mode') === 'navigate' || /\btext\/html\b/i.test(accept);
  return isNavigation && (request.method === 'GET' || request.method === 'POST') ? 'page' : 'other';
}

/** Whether the browser fetches the page in advance, before the visitor has chosen to open it. */
export function isPrefetch({ headers }: Request): boolean {
  return /\bprefetch\b/i.test(headers.get('Sec-Purpose') ?? headers.get('Purpose') ?? '');
}

/** Whether another site's page sent the request (Fetch metadata; Origin where a browser sends none of it). */
export function isCrossSite({ headers }: Request): boolean {
  const site = headers.get('Sec-Fetch-Site');
  const origin = headers.get('Origin');
  if (site !== null && site !== 'same-origin' && site !== 'none') return true;
  return origin !== null && URL.parse(origin)?.host !== headers.get('Host')?.toLowerCase();
}
