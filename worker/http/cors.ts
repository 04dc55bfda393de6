// Cross-origin resource sharing (Fetch, 3.3) for the origins that a room's operators list. A page of a listed origin acts by the
// site's own choice: it may take places for its visitors, and read the gateway's answers. Any other origin sees no CORS header.

import type { Site } from '../../queue-core/directory/directory-document.ts';
import type { RoomConfig } from '../settings.ts';
import { isCrossSite } from './request-client.ts';
import { servesHost } from './request-target.ts';

type Requested = Pick<Request, 'headers'>;
type Listing = Pick<Site, 'corsOrigins'>;

/** In this, tokens reach a client that keeps them itself. */
export const QUEUE_TOKEN_FIELD = 'Fairgate-Queue-Token';
export const ADMISSION_TOKEN_FIELD = 'Fairgate-Admission-Token';
export const RECEIPT_FIELD = 'Fairgate-Receipt';
const TOKEN_FIELDS = `${QUEUE_TOKEN_FIELD}, ${ADMISSION_TOKEN_FIELD}, ${RECEIPT_FIELD}`;

/** What a page of another origin may read beside the fields that are always readable. */
const EXPOSED = `${TOKEN_FIELDS}, Retry-After, Link`;

/** How long a browser may keep the answer to a preflight: a changed list of origins is in force within this. */
const PREFLIGHT_SECONDS = 600;

/** Names of methods and fields (RFC 9110, 5.6.2), and no more of them than a request can have use for. */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/;
const FIELDS = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: *, *[!#$%&'*+.^_`|~0-9A-Za-z-]+)*$/;
const FIELDS_CHARS_MAX = 1_024;

/** The origin of the page that sent the request, where the room's operators listed it. */
export function listedOrigin({ headers }: Requested, { corsOrigins }: Listing): string | null {
  if (corsOrigins.length === 0) return null;
  const origin = headers.get('Origin');
  return origin !== null && corsOrigins.includes(origin) ? origin : null;
}

/** Whether a page sent the request that is neither this site's nor of a listed origin. */
export function isOfOtherSite(request: Request, room: Listing): boolean {
  return listedOrigin(request, room) === null && isCrossSite(request);
}

/** Whether an app on a listed origin says that it keeps its tokens itself: its cookies, if it has any, are not read. */
export function isListedApp(request: Requested, room: Listing): boolean {
  return listedOrigin(request, room) !== null && request.headers.get('Fairgate-Client') === 'app';
}

export function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers.has('Origin') && headers.has('Access-Control-Request-Method');
}

/** Adds to an answer of the gateway what lets a page of a listed origin read it. */
export function withCors(response: Response, request: Requested, room: Listing): Response {
  if (room.corsOrigins.length === 0) return response;
  const { headers } = response;
  addToField(headers, 'Vary', 'Origin');
  const origin = listedOrigin(request, room);
  if (origin === null) return response;
  headers.set('Access-Control-Allow-Origin', origin);
  headers.set('Access-Control-Allow-Credentials', 'true');
  headers.set('Access-Control-Expose-Headers', EXPOSED);
  return response;
}

/** The same for an answer before the room of a request is known: an origin counts that any room of the host lists. */
export function withCorsOfHost(response: Response, request: Request, rooms: readonly RoomConfig[]): Response {
  const listing = rooms.find((room) => servesHost(room, request) && listedOrigin(request, room) !== null);
  return listing === undefined ? response : withCors(response, request, listing);
}

/** Lets a page of a listed origin read the gateway's tokens on a response of the site, which has CORS fields of its own. */
export function exposeTokens(response: Response, request: Requested, room: Listing): void {
  if (listedOrigin(request, room) === null) return;
  addToField(response.headers, 'Access-Control-Expose-Headers', TOKEN_FIELDS);
}

/**
 * Answers the preflight of a listed origin; null for any other. It allows what it asks for: what a request may do is decided
 * when the request comes, by its admission and by the site.
 */
export function preflightAnswer(request: Request, room: Listing): Response | null {
  const method = request.headers.get('Access-Control-Request-Method') ?? '';
  const fields = request.headers.get('Access-Control-Request-Headers') ?? '';
  if (listedOrigin(request, room) === null || !METHOD.test(method)) return null;
  if (fields !== '' && (fields.length > FIELDS_CHARS_MAX || !FIELDS.test(fields))) return null;
  const headers = {
    'Access-Control-Allow-Methods': method,
    ...(fields === '' ? {} : { 'Access-Control-Allow-Headers': fields }),
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
    'Cache-Control': 'no-store',
    Vary: 'Access-Control-Request-Method, Access-Control-Request-Headers',
  };
  return withCors(new Response(null, { status: 204, headers }), request, room);
}

function addToField(headers: Headers, name: string, value: string): void {
  const present = headers.get(name);
  headers.set(name, present === null ? value : `${present}, ${value}`);
}
