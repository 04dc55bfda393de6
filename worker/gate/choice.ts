// Who may take a place: only a client that chose to ask for one. This file is the whole rule, for every address of a room. All
// other requests without an admission are answered, and take nothing: crawlers, previews, frames, requests of other sites'
// pages and their forms. A browser's prefetch is refused before.

import { isListedApp, isOfOtherSite } from '../http/cors.ts';
import { isBrowser, isPassedOn, type ResponseFormat } from '../http/request-client.ts';
import type { RoomConfig } from '../settings.ts';
import type { VisitorCookies } from '../tokens/cookies.ts';

/** How a visit to the protected site asks to enter. */
export type VisitChoice =
  /** A person opens the page (top-level navigation by GET): they pass in the same request where nobody waits. */
  | 'navigation'
  /** An app reads by Cloudflare's protocol: it waits by repeating the request. */
  | 'protocol'
  /**
   * A page of a browser without Fetch metadata or through a service worker, or a form of this site's: takes the turn of a place,
   * but no new place.
   */
  | 'turn';

/**
 * null: the visit takes neither a place nor the turn of one.
 * @param leadsAway the address is the waiting page's own, which leads to the site once the visitor is admitted. A browser that
 *   refuses cookies would be sent back from there, and take a place each time: it is asked to join first
 */
export function visitChoice(
  request: Request,
  format: ResponseFormat,
  room: RoomConfig,
  cookies: VisitorCookies,
  leadsAway: boolean,
): VisitChoice | null {
  const { method, headers } = request;
  if (method === 'HEAD' || isCrossSiteRequest(request, room)) return null;
  if (format === 'json') return refusesCookies(request, room, cookies) ? null : 'protocol';
  if (format !== 'page') return null;
  const destination = headers.get('Sec-Fetch-Dest');
  if (destination === null) return 'turn';
  if (isPassedOn(headers)) return 'turn';
  if (destination !== 'document') return null;
  if (method !== 'GET' || headers.get('Sec-Fetch-Mode') !== 'navigate') return 'turn';
  return leadsAway && !cookies.anyReturned(headers) ? 'turn' : 'navigation';
}

/**
 * A link on another site's page is the visitor's own choice; everything else that it sends is not. What a page of a listed
 * origin sends is the choice of the site, whose operators listed it.
 */
function isCrossSiteRequest(request: Request, room: RoomConfig): boolean {
  const isLink = request.method === 'GET' && request.headers.get('Sec-Fetch-Dest') === 'document';
  return !isLink && isOfOtherSite(request, room);
}

/**
 * Whether a POST to the join address, which no other site can send (`requireSameSite`), takes no place all the same: a
 * browser that returns none of the gateway's cookies would lose it at once. Apps keep their tokens themselves: they send no
 * browser headers, or say so.
 */
export function refusesCookies(request: Request, room: RoomConfig, cookies: VisitorCookies): boolean {
  const { headers } = request;
  if (!isBrowser(request) || cookies.anyReturned(headers)) return false;
  return !cookies.read(headers, room.id, isListedApp(request, room)).app;
}
