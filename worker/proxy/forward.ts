// Passing an admitted request to the origin and its answer back, as a stream: every method, redirects, ranges and
// WebSocket upgrades. Hop-by-hop fields end here (RFC 9110, 7.6.1), and so does everything that only the gateway may say.

import type { Target } from '../http/request-target.ts';
import { foreignCookies, setsOwnCookie } from '../tokens/cookies.ts';

/** Until the origin's header has come; its body may take as long as it likes. */
const ORIGIN_MS_MAX = 30_000;

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What only the gateway says of a visitor, and what some origins take for the address that was really asked for. */
const SAID_BY_THE_GATEWAY =
  /^(?:fairgate-.*|x-forwarded-.*|forwarded|cf-connecting-ip(?:v6)?|true-client-ip|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-(?:url|uri|host)|x-rewrite-url)$/;

/** With these, some origins take a GET for another method; only GET and HEAD pass without admission under a prefix. */
const METHOD_OVERRIDE = /^x-(?:http-method(?:-override)?|method-override)$/;

/** The origin could not be reached or did not answer in time. */
export class OriginUnreachable extends Error {
  constructor(cause: unknown) {
    super('The origin did not answer.', { cause });
    this.name = 'OriginUnreachable';
  }
}

export interface ForwardOptions {
  origin: string;
  target: Target;
  /** Goes along as `Fairgate-Admission`; null for exempt and outside paths. */
  admission: string | null;
  /** The visitor's Bearer token was the gateway's, not the origin's. */
  ownBearer: boolean;
  clientAddress: string | null;
}

/** What the origin says to the gateway in its answer's header. */
export interface OriginSignals {
  command: 'complete' | 'revoke' | null;
  stock: { remaining: number; asOfSeconds: number | null } | null;
}

export type OriginFetch = (request: Request) => Promise<Response>;

/** @throws OriginUnreachable */
export async function forwardToOrigin(
  request: Request,
  passage: ForwardOptions,
  fetchOrigin: OriginFetch,
): Promise<{ response: Response; word: OriginSignals }> {
  const { origin, target } = passage;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ORIGIN_MS_MAX);
  try {
    const isSafe = request.method === 'GET' || request.method === 'HEAD';
    const ask = () =>
      fetchOrigin(
        new Request(`${origin}${target.path}${target.query}`, {
          method: request.method,
          headers: requestHeaders(request, passage),
          body: isSafe ? null : request.body,
          redirect: 'manual',
          signal: controller.signal,
        }),
      );
    const upstream = await ask().catch((error: unknown) => {
      if (isSafe && isConnectionLost(error)) return ask();
      throw error;
    });
    return { response: answer(upstream, passage), word: originWord(upstream.headers) };
  } catch (error) {
    throw new OriginUnreachable(error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * An origin may close a kept connection in the moment in which it is used again; a safe request is then asked once more
 * (RFC 9110, 9.2.2). The runtime says so with this property.
 */
function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}

function requestHeaders(request: Request, { target, admission, ownBearer, clientAddress }: ForwardOptions): Headers {
  const headers = new Headers(request.headers);
  const upgrade = headers.get('Upgrade');
  dropHopByHop(headers);
  for (const name of [...headers.keys()]) {
    // Origins behind CGI, WSGI and the like read `-` and `_` alike.
    const read = name.toLowerCase().replaceAll('_', '-');
    if (SAID_BY_THE_GATEWAY.test(read) || (admission === null && METHOD_OVERRIDE.test(read))) headers.delete(name);
  }
  headers.delete('Host');
  if (ownBearer) headers.delete('Authorization');
  const cookies = foreignCookies(headers.get('Cookie') ?? '');
  if (cookies === null) headers.delete('Cookie');
  else headers.set('Cookie', cookies);
  if (upgrade?.toLowerCase() === 'websocket') headers.set('Upgrade', 'websocket');

  const { host, protocol } = new URL(target.publicOrigin);
  headers.set('X-Forwarded-Host', host);
  headers.set('X-Forwarded-Proto', protocol.slice(0, -1));
  if (clientAddress !== null) headers.set('X-Forwarded-For', clientAddress);
  if (admission !== null) headers.set('Fairgate-Admission', admission);
  return headers;
}

function answer(upstream: Response, { origin, target }: ForwardOptions): Response {
  const headers = new Headers(upstream.headers);
  const isUpgrade = upstream.webSocket !== null && upstream.webSocket !== undefined;
  dropHopByHop(headers);
  for (const name of [...headers.keys()]) if (name.toLowerCase().startsWith('fairgate-')) headers.delete(name);
  const cookies = headers.getSetCookie().filter((line) => !setsOwnCookie(line));
  headers.delete('Set-Cookie');
  for (const line of cookies) headers.append('Set-Cookie', line);
  const location = headers.get('Location');
  if (location !== null && (location === origin || location.startsWith(`${origin}/`))) {
    headers.set('Location', `${target.publicOrigin}${location.slice(origin.length)}`);
  }
  const { status, statusText } = upstream;
  if (isUpgrade) return new Response(null, { status, statusText, headers, webSocket: upstream.webSocket });
  return new Response(upstream.body, { status, statusText, headers });
}

function dropHopByHop(headers: Headers): void {
  for (const name of (headers.get('Connection') ?? '').split(',')) {
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name.trim())) headers.delete(name.trim());
  }
  for (const name of HOP_BY_HOP) headers.delete(name);
}

/** `Fairgate-Command: complete`, `Fairgate-Stock: 12;as-of=@1626260400` (RFC 9651: integer with a Date parameter). */
function originWord(headers: Headers): OriginSignals {
  const command = headers.get('Fairgate-Command')?.trim().toLowerCase();
  const [, remaining, asOf] =
    /^ *(\d{1,12})(?:; *as-of=@(\d{1,12}))? *$/.exec(headers.get('Fairgate-Stock') ?? '') ?? [];
  return {
    command: command === 'complete' || command === 'revoke' ? command : null,
    stock:
      remaining === undefined
        ? null
        : { remaining: Number(remaining), asOfSeconds: asOf === undefined ? null : Number(asOf) },
  };
}
