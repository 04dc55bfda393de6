// The page on which a visitor checks the draw. It carries the visitor's own queue token, which is their receipt and their place, so
// only a visit that no other page or script can read gets it: a top-level navigation from this site or by the visitor, neither
// prefetched nor handed to a service worker. The page's policy closes it to scripts of the site. Nothing is checked here.

import type { MiddlewareHandler } from 'hono';
import type { Gateway } from '../gateway.ts';
import { languageOf } from '../http/language.ts';
import { isPrefetch } from '../http/request-client.ts';
import { HtmlDocument } from '../http/responses.ts';
import { proofParts, proofPolicy } from '../pages/proof-render.tsx';
import type { PublicKey } from '../pages/signed-token.ts';
import type { RoomConfig } from '../settings.ts';
import { TOKEN_CHARS_MAX } from '../tokens/tokens.ts';

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

type Parts = Pick<Gateway, 'cookies' | 'ownTime' | 'tokens'>;

export async function proofPage(gateway: Parts, request: Request, room: RoomConfig): Promise<Response> {
  const { headers } = request;
  const { id, title, timeZone, languages } = room;
  const language = languageOf(headers, languages);
  const receipt = await receiptOf(gateway, headers, room);
  const isOwn = isOwnNavigation(request);
  const { opening, rest } = proofParts({
    language,
    languages,
    room: { id, title, timeZone },
    receipt: isOwn ? receipt : null,
    withheld: receipt !== null && !isOwn,
    keys: pageKeys(gateway),
    drawUrl: `${new URL(request.url).origin}/_fairgate/rooms/${id}/draw`,
    saved: null,
  });
  return new HtmlDocument(opening, rest, {
    'Cache-Control': 'private, no-store',
    'Content-Language': language,
    'Content-Security-Policy': proofPolicy,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    Vary: 'Accept-Encoding, Accept-Language, Cookie, Purpose, Sec-Fetch-Dest, Sec-Fetch-Mode, Sec-Fetch-Site, Sec-Purpose',
  }).respond(headers, 200);
}

/** The gateway's public keys, as pages that check its tokens have them. */
export function pageKeys({ tokens }: Pick<Gateway, 'tokens'>): PublicKey[] {
  return tokens.jwks.keys.flatMap(({ kid, x, y }) =>
    kid === undefined || x === undefined || y === undefined ? [] : [{ kid, x, y }],
  );
}

/**
 * For the address of the published draw: the page has an origin of its own, so it reads answers like any other site's page does. Without
 * this a refusal would look to it like a lost network.
 */
export const readableByEverybody: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (!headers.has('Access-Control-Allow-Origin')) headers.set('Access-Control-Allow-Origin', '*');
};

/** Whether the browser shows the answer to its visitor and to nobody else. Without Fetch metadata nothing is known: no. */
function isOwnNavigation(request: Request): boolean {
  const { method, headers } = request;
  const site = headers.get('Sec-Fetch-Site');
  return (
    method === 'GET' &&
    headers.get('Sec-Fetch-Mode') === 'navigate' &&
    headers.get('Sec-Fetch-Dest') === 'document' &&
    (site === 'same-origin' || site === 'none') &&
    !headers.has('Origin') &&
    !isPrefetch(request) &&
    // The site's service worker reads the answer to a preloaded navigation (Service Workers, 4.5.3).
    !headers.has('Service-Worker-Navigation-Preload')
  );
}

/**
 * The queue token in the visitor's cookies: of several the valid one, else an expired one. One that does not verify is a receipt too,
 * which the page then says of it: the keys may have been exchanged.
 */
async function receiptOf(
  { cookies, ownTime, tokens }: Parts,
  headers: Headers,
  room: RoomConfig,
): Promise<string | null> {
  const { app, queue } = cookies.read(headers, room.id, false);
  if (app) return null;
  const presented = queue.filter((token) => token.length <= TOKEN_CHARS_MAX && JWT.test(token));
  if (presented.length < 2) return presented[0] ?? null;
  const read = await Promise.all(presented.map((token) => tokens.readQueue(token, room.id, ownTime())));
  const best = (['valid', 'expired'] as const)
    .map((kind) => read.findIndex((one) => one.kind === kind))
    .find((index) => index !== -1);
  return presented[best ?? 0] ?? null;
}
