// Forwards an admitted request to the origin and its response back, as a stream: every method, redirects, ranges and
// WebSocket upgrades. Removes hop-by-hop fields (RFC 9110, 7.6.1) and, in both directions, whatever only the gateway may set.

import type { Target } from '../http/request-target.ts';
import { foreignCookies, setsOwnCookie } from '../tokens/cookies.ts';
import { forbidSharedStorage } from './cache-control.ts';
import { loopField } from './loops.ts';

/** Until the header of the origin's response; its body may take any time. */
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

/** Fields that only the gateway sets, and fields that some origins read as the address actually requested. */
const GATEWAY_FIELDS =
  /^(?:fairgate-.*|x-forwarded-.*|forwarded|cf-connecting-ip(?:v6)?|true-client-ip|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-(?:url|uri|host)|x-rewrite-url)$/;

/** Some origins read these as the request's method, while an exempt prefix is for GET and HEAD only. */
const METHOD_OVERRIDE = /^x-(?:http-method(?:-override)?|method-override)$/;

/** The origin could not be reached or did not respond in time. */
export class OriginUnreachable extends Error {
  constructor(cause: unknown) {
    super('The origin did not respond.', { cause });
    this.name = 'OriginUnreachable';
  }
}

export interface ForwardOptions {
  origin: string;
  target: Target;
  /** Sent as `Fairgate-Admission`; null for exempt and outside paths. */
  admission: string | null;
  /** The Bearer token is one of the gateway's, and not for the origin. */
  ownBearer: boolean;
  clientAddress: string | null;
}

/** What the origin tells the gateway in its response's header. */
export interface OriginSignals {
  command: 'complete' | 'revoke' | null;
  stock: { remaining: number; asOfSeconds: number | null } | null;
}

export type OriginFetch = (request: Request) => Promise<Response>;

/** @throws OriginUnreachable */
export async function forwardToOrigin(
  request: Request,
  options: ForwardOptions,
  fetchOrigin: OriginFetch,
): Promise<{ response: Response; signals: OriginSignals }> {
  const { origin, target } = options;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ORIGIN_MS_MAX);
  try {
    const isSafe = request.method === 'GET' || request.method === 'HEAD';
    const send = () =>
      fetchOrigin(
        new Request(`${origin}${target.path}${target.query}`, {
          method: request.method,
          headers: requestHeaders(request, options),
          body: isSafe ? null : request.body,
          redirect: 'manual',
          signal: controller.signal,
        }),
      );
    const upstream = await send().catch((error: unknown) => {
      if (isSafe && isConnectionLost(error)) return send();
      throw error;
    });
    return { response: visitorResponse(upstream, options), signals: readSignals(upstream.headers) };
  } catch (error) {
    throw new OriginUnreachable(error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * An origin may close an idle connection just as it is used again; a safe request is then sent once more (RFC 9110, 9.2.2).
 * The runtime marks such errors with this property.
 */
function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}

function requestHeaders(request: Request, { target, admission, ownBearer, clientAddress }: ForwardOptions): Headers {
  const headers = new Headers(request.headers);
  const upgrade = headers.get('Upgrade');
  dropHopByHop(headers);
  for (const name of [...headers.keys()]) {
    // Origins behind CGI, WSGI and the like do not distinguish `-` and `_`.
    const normalName = name.toLowerCase().replaceAll('_', '-');
    if (GATEWAY_FIELDS.test(normalName) || (admission === null && METHOD_OVERRIDE.test(normalName)))
      headers.delete(name);
  }
  headers.delete('Host');
  if (ownBearer) headers.delete('Authorization');
  const cookies = foreignCookies(headers.get('Cookie') ?? '');
  if (cookies === null) headers.delete('Cookie');
  else headers.set('Cookie', cookies);
  if (upgrade?.toLowerCase() === 'websocket') headers.set('Upgrade', 'websocket');

  const { host, protocol } = new URL(target.publicOrigin);
  headers.set('CDN-Loop', loopField(request.headers));
  headers.set('X-Forwarded-Host', host);
  headers.set('X-Forwarded-Proto', protocol.slice(0, -1));
  if (clientAddress !== null) headers.set('X-Forwarded-For', clientAddress);
  if (admission !== null) headers.set('Fairgate-Admission', admission);
  return headers;
}

function visitorResponse(upstream: Response, { origin, target, admission }: ForwardOptions): Response {
  const headers = new Headers(upstream.headers);
  const isUpgrade = upstream.webSocket !== null && upstream.webSocket !== undefined;
  dropHopByHop(headers);
  for (const name of [...headers.keys()]) if (name.toLowerCase().startsWith('fairgate-')) headers.delete(name);
  const cookies = headers.getSetCookie().filter((line) => !setsOwnCookie(line));
  headers.delete('Set-Cookie');
  for (const line of cookies) headers.append('Set-Cookie', line);
  if (admission !== null) forbidSharedStorage(headers);
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
function readSignals(headers: Headers): OriginSignals {
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
