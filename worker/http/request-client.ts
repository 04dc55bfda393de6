// What is known of whoever sends a request, whatever they ask.

import * as ipaddr from 'ipaddr.js';
import type { ResponseFormat } from '../gate/decision.ts';

/** What one subscriber is given of IPv6, bits (RFC 6177): further addresses cost nothing. */
const SUBSCRIBER_BITS = 64;

/** The client's address by the runtime: Cloudflare's header there, the socket's peer on one's own machine. */
export function clientAddress(request: Request): string | null {
  const peer = (request.cf as { clientIp?: string } | undefined)?.clientIp;
  return peer === undefined ? request.headers.get('CF-Connecting-IP') : peer.replace(/:\d+$/, '');
}

/** Whom an address belongs to, as far as it shows: an IPv4 address, or the network of an IPv6 one. */
export function networkOf(address: string | null): string {
  if (address === null || !ipaddr.isValid(address)) return 'unknown';
  const read = ipaddr.process(address);
  if (read.kind() === 'ipv4') return read.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${read}/${SUBSCRIBER_BITS}`).toString();
}

/**
 * Browsers keep tokens in HttpOnly cookies; a script of the origin's page must not get them from a body. Whatever sends
 * neither of these headers has no cookies to speak of.
 */
export function isBrowser(request: Request): boolean {
  return request.headers.has('Sec-Fetch-Site') || request.headers.has('Origin');
}

/** What the client can use, by its own words: exactly JSON, a page, or neither. */
export function responseFormat(request: Request): ResponseFormat {
  const accept = request.headers.get('Accept') ?? '';
  if (accept.trim().toLowerCase() === 'application/json') return 'json';
  const navigates = request.headers.get('Sec-Fetch-Mode') === 'navigate' || /\btext\/html\b/i.test(accept);
  return navigates && (request.method === 'GET' || request.method === 'POST') ? 'page' : 'other';
}

/** A browser fetches it in case it is wanted; nobody has asked for it yet. */
export function isPrefetch({ headers }: Request): boolean {
  return /\bprefetch\b/i.test(headers.get('Sec-Purpose') ?? headers.get('Purpose') ?? '');
}
