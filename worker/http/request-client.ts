// What a request's headers say about its client: its network, its kind, and the format it accepts.

import * as ipaddr from 'ipaddr.js';
import Negotiator from 'negotiator';
import { Kept } from '../../queue-core/kept.ts';

/** Prefix length of the IPv6 network that one subscriber gets (RFC 6177): more addresses within it cost nothing. */
const SUBSCRIBER_PREFIX_BITS = 64;
/** One IPv4 address has as many IPv6 networks by 6to4 (RFC 3056). */
const SIX_TO_FOUR_PREFIX_BITS = 48;

/** The kind of response that the client can use. */
export type ResponseFormat = 'page' | 'json' | 'other';

/** The subscriber behind an address: the IPv4 address itself, or the network of an IPv6 address. */
export function networkOf(address: string | null): string {
  if (address === null || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const bits = parsed.range() === '6to4' ? SIX_TO_FOUR_PREFIX_BITS : SUBSCRIBER_PREFIX_BITS;
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${bits}`).toString();
}

/**
 * Browsers hold tokens in HttpOnly cookies, and a script on the origin's page must not read them from a response body.
 * A client that sends neither of these headers has no cookies to protect.
 */
export function isBrowser(request: Request): boolean {
  return request.headers.has('Sec-Fetch-Site') || request.headers.has('Origin');
}

/** Browsers send a few hundred characters; reading is bounded because the header is not. */
const NEGOTIATED_CHARS_MAX = 1_024;

/** Where the browser shows a page of its own (Fetch metadata); everything else is a script's request or part of a page. */
const PAGE_DESTINATIONS = ['document', 'iframe', 'frame', 'embed', 'object', 'fencedframe'];

/** What a request is answered with instead of the site, in the order that decides between equal preferences. */
const OFFERED_TYPES = ['application/json', 'application/problem+json', 'text/html'].flatMap((type) => [
  type,
  `${type}; charset=utf-8`,
]);

/**
 * `json` only for reads with exactly `Accept: application/json`; `page` for what a browser shows as a page, and without Fetch
 * metadata for a client that prefers HTML (RFC 9110, 12.5.1).
 */
export function responseFormat({ method, headers }: Pick<Request, 'method' | 'headers'>): ResponseFormat {
  const accept = headers.get('Accept') ?? '';
  const isRead = isSafe(method);
  if (isRead && accept.trim().toLowerCase() === 'application/json') return 'json';
  if (!isRead && method !== 'POST') return 'other';
  const destination = headers.get('Sec-Fetch-Dest');
  if (destination === null) return prefersHtml(accept) ? 'page' : 'other';
  return PAGE_DESTINATIONS.includes(destination) || isPassedOn(headers) ? 'page' : 'other';
}

/** A page load that a service worker of the site passes on, as `fetch(event.request)`: no script can send this mode itself. */
export function isPassedOn(headers: Headers): boolean {
  return headers.get('Sec-Fetch-Mode') === 'navigate' && headers.get('Sec-Fetch-Dest') === 'empty';
}

/** In a rush all requests carry one of a few fields: what was read in them is kept. About 0.3 MB at most. */
const PREFERENCES_MAX = 256;
const preferences = new Kept<boolean>(PREFERENCES_MAX);

function prefersHtml(accept: string): boolean {
  if (accept.length > NEGOTIATED_CHARS_MAX) return false;
  return preferences.of(accept, () => {
    const preferred = new Negotiator({ headers: { accept } }).mediaType(OFFERED_TYPES);
    return preferred?.startsWith('text/html') ?? false;
  });
}

/** What nearly every browser sends, without a reading of quality values. */
const GZIP_FIRST = /^gzip(?:,|$)/;

/** Whether the client reads gzip (RFC 9110, 12.5.3). */
export function acceptsGzip(headers: Headers): boolean {
  const field = headers.get('Accept-Encoding');
  if (field === null || field.length > NEGOTIATED_CHARS_MAX) return false;
  if (GZIP_FIRST.test(field)) return true;
  return new Negotiator({ headers: { 'accept-encoding': field } }).encodings(['gzip']).length > 0;
}

/** Methods that change nothing and that the gateway answers itself (RFC 9110, 9.2.1). */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Whether the browser fetches the page in advance, before the visitor has chosen to open it. */
export function isPrefetch({ headers }: Pick<Request, 'headers'>): boolean {
  return /\bprefetch\b/i.test(headers.get('Sec-Purpose') ?? headers.get('Purpose') ?? '');
}

/**
 * Whether another site's page sent the request (Fetch metadata; Origin where a browser sends none of it). Pages that hide
 * where they are (`Referrer-Policy: no-referrer`) send `Origin: null` with their own forms.
 */
export function isCrossSite({ headers }: Request): boolean {
  const site = headers.get('Sec-Fetch-Site');
  const origin = headers.get('Origin');
  if (site !== null && site !== 'same-origin' && site !== 'none') return true;
  if (origin === null || (origin === 'null' && site === 'same-origin')) return false;
  return URL.parse(origin)?.host !== headers.get('Host')?.toLowerCase();
}
