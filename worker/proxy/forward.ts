// Forwards an admitted request to the origin and its response back, as a stream: every method, redirects, ranges and
// WebSocket upgrades. Removes hop-by-hop fields (RFC 9110, 7.6.1) and, in both directions, whatever only the gateway may set.

import type { Site } from '../../queue-core/directory/directory-document.ts';
import { Kept } from '../../queue-core/kept.ts';
import { BodyTooSlow } from '../http/request-body.ts';
import type { Target } from '../http/request-target.ts';
import { foreignCookies, setsOwnCookie } from '../tokens/cookies.ts';
import { forbidSharedStorage } from './cache-control.ts';
import { loopField } from './loops.ts';
import { mapOwnName } from './origin-name.ts';
import { type OriginSignals, readSignals } from './origin-signals.ts';
import { pacedBody } from './paced-body.ts';
import { hopByHop, keepVisitorsFields } from './request-fields.ts';

/** The origin could not be reached, or lost the connection. */
export class OriginUnreachable extends Error {
  constructor(cause: unknown) {
    super('The origin did not respond.', { cause });
    this.name = 'OriginUnreachable';
  }
}

/** The origin did not respond in the time that its room gives it (RFC 9110, 15.6.5). */
export class OriginTimeout extends OriginUnreachable {}

export interface ForwardOptions {
  site: Pick<Site, 'origin' | 'originAliases' | 'originHost' | 'originTimeoutSeconds'>;
  target: Pick<Target, 'publicOrigin' | 'path' | 'query'>;
  /** Sent as `Fairgate-Admission`; null for exempt and outside paths. */
  admission: string | null;
  /** The request is forwarded because of its method. */
  byMethod: boolean;
  /** The Bearer token is one of the gateway's, and not for the origin. */
  ownBearer: boolean;
  clientAddress: string | null;
}

/** @param site where to send the request; its URL and fields are complete otherwise */
export type OriginFetch = (request: Request, site: ForwardOptions['site']) => Promise<Response>;

/** @throws OriginUnreachable, OriginTimeout, BodyTooSlow */
export async function forwardToOrigin(
  request: Request,
  options: ForwardOptions,
  fetchOrigin: OriginFetch,
): Promise<{ response: Response; signals: OriginSignals }> {
  const { site, target } = options;
  const isSafe = request.method === 'GET' || request.method === 'HEAD';
  const deadline = new Deadline(site.originTimeoutSeconds * 1_000);
  const paced =
    isSafe || request.body === null
      ? null
      : pacedBody(request.body, request.headers.get('Content-Length'), () => deadline.extend());
  const send = () =>
    fetchOrigin(
      new Request(`${originAsked(options)}${target.path}${target.query}`, {
        method: request.method,
        headers: requestHeaders(request, options),
        body: paced?.body ?? null,
        redirect: 'manual',
        signal: deadline.signal,
      }),
      site,
    );
  const late = paced === null ? null : tooSlow(paced.sent);
  try {
    const sent = send().catch((error: unknown) => {
      if (isSafe && isConnectionLost(error)) return send();
      throw error;
    });
    const upstream = await (late === null ? sent : Promise.race([sent, late]));
    return { response: visitorResponse(upstream, options), signals: readSignals(upstream.headers) };
  } catch (error) {
    if (error instanceof BodyTooSlow) throw error;
    throw deadline.signal.aborted ? new OriginTimeout(error) : new OriginUnreachable(error);
  } finally {
    deadline.clear();
  }
}

/** Fails as soon as the body is too slow. Another failure of the body is one of the request, which says it better. */
function tooSlow(sent: Promise<unknown>): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  sent.catch((error: unknown) => {
    if (error instanceof BodyTooSlow) reject(error);
  });
  // The response may have come before.
  promise.catch(() => {});
  return promise;
}

/** Aborts when nothing has happened for so long. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #ms: number;
  #stop: () => void;

  constructor(ms: number) {
    this.#ms = ms;
    this.#stop = this.#start();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  extend(): void {
    this.#stop();
    this.#stop = this.#start();
  }

  clear(): void {
    this.#stop();
  }

  #start(): () => void {
    const timer = setTimeout(() => this.#controller.abort(), this.#ms);
    return () => clearTimeout(timer);
  }
}

/** The origin with the host that it is asked for, as the room chose. */
function originAsked({ site: { origin, originHost }, target }: Pick<ForwardOptions, 'site' | 'target'>): string {
  if (originHost === 'origin') return origin;
  const host = originHost === 'visitor' ? hostAndScheme(target.publicOrigin).host : originHost;
  return `${origin.slice(0, origin.indexOf('//'))}//${host}`;
}

/** In a rush all requests are for one of a few addresses, whose parts are kept. About 0.1 MB at most. */
const ADDRESSES_MAX = 256;
const addresses = new Kept<{ host: string; scheme: string }>(ADDRESSES_MAX);

/** Of the address that the visitor used, as URLs write them. */
function hostAndScheme(publicOrigin: string): { host: string; scheme: string } {
  return addresses.of(publicOrigin, () => {
    const { host, protocol } = new URL(publicOrigin);
    return { host, scheme: protocol.slice(0, -1) };
  });
}

/**
 * An origin may close an idle connection just as it is used again; a safe request is then sent once more (RFC 9110, 9.2.2).
 * The runtime marks such errors with this property.
 */
function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}

function requestHeaders(
  request: Request,
  { target, admission, byMethod, ownBearer, clientAddress }: ForwardOptions,
): Headers {
  const headers = new Headers(request.headers);
  const upgrade = headers.get('Upgrade');
  keepVisitorsFields(headers, { keepsMethod: byMethod });
  headers.delete('Host');
  if (ownBearer) headers.delete('Authorization');
  const cookies = headers.get('Cookie');
  const foreign = cookies === null ? null : foreignCookies(cookies);
  if (foreign !== null) headers.set('Cookie', foreign);
  else if (cookies !== null) headers.delete('Cookie');
  if (upgrade?.toLowerCase() === 'websocket') headers.set('Upgrade', 'websocket');

  const { host, scheme } = hostAndScheme(target.publicOrigin);
  headers.set('CDN-Loop', loopField(request.headers));
  headers.set('X-Forwarded-Host', host);
  headers.set('X-Forwarded-Proto', scheme);
  if (clientAddress !== null) headers.set('X-Forwarded-For', clientAddress);
  if (admission !== null) headers.set('Fairgate-Admission', admission);
  return headers;
}

/** Fields that speak to the gateway alone. */
function isGateways(name: string): boolean {
  return name.startsWith('fairgate-') || name === 'cf-waiting-room-command';
}

function visitorResponse(upstream: Response, options: ForwardOptions): Response {
  const { site, target, admission } = options;
  const headers = new Headers(upstream.headers);
  const isUpgrade = upstream.webSocket !== null && upstream.webSocket !== undefined;
  const isHopByHop = hopByHop(headers);
  // Names come in lower case.
  for (const name of [...headers.keys()]) if (isHopByHop(name) || isGateways(name)) headers.delete(name);
  const cookies = headers.getSetCookie();
  if (cookies.some(setsOwnCookie)) {
    headers.delete('Set-Cookie');
    for (const line of cookies) if (!setsOwnCookie(line)) headers.append('Set-Cookie', line);
  }
  if (admission !== null) forbidSharedStorage(headers);
  mapOwnName(headers, [site.origin, originAsked(options), ...site.originAliases], target.publicOrigin);
  const { status, statusText } = upstream;
  if (isUpgrade) return new Response(null, { status, statusText, headers, webSocket: upstream.webSocket });
  return new Response(upstream.body, { status, statusText, headers });
}
