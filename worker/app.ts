// The gateway as a Hono app. Each request is checked here, then answered by one of the apps of the gateway's own addresses, or as a
// visit to the protected site, whose address is read once and refused if it is ambiguous.

import { type Context, Hono } from 'hono';
import { consolePage, consolePolicy } from '../admin-ui/shell.ts';
import { CONSOLE_PATH, METRICS_PATH, OPERATOR_PATH } from './contract/operator-api.ts';
import { ORIGIN_CALLS_PATH } from './contract/origin-call-schema.ts';
import { verifyForProxy } from './gate/forward-auth.ts';
import { findRoom } from './gate/room-middleware.ts';
import { visit } from './gate/visit.ts';
import { LANGUAGE_PATH, visitorApi } from './gate/visitor-api.ts';
import type { Gateway } from './gateway.ts';
import { withCorsOfHost } from './http/cors.ts';
import { languageOf } from './http/language.ts';
import type { Problem } from './http/problem-texts.ts';
import { problemResponse } from './http/problems.ts';
import { publicTarget, readdressing } from './http/public-address.ts';
import { BodyTooSlow } from './http/request-body.ts';
import { responseFormat } from './http/request-client.ts';
import { asPrepared, backgroundOf, type RequestEnv } from './http/request-env.ts';
import { isPlainlySpelled, isReserved, rawPathOf, readTarget, type TargetDoubt } from './http/request-target.ts';
import { json, refuse } from './http/responses.ts';
import { VERIFY_PATH } from './http/told-request.ts';
import type { RequestKind } from './metrics.ts';
import { operatorApi } from './operators/api.ts';
import { answersOperators, consoleHostOf } from './operators/console-host.ts';
import { metricsAddress } from './operators/metrics-address.ts';
import { openApi } from './operators/openapi.ts';
import { usePass } from './operators/pass.ts';
import { providerSignIn } from './operators/provider-sign-in.ts';
import { answerOriginCall } from './origin-calls/origin-call.ts';
import recover from './pages/recover.ts?bundle';
import { wasForwarded } from './proxy/loops.ts';
import { COOKIE_CHARS_MAX } from './tokens/cookies.ts';

/** A longer header field is refused: no real client needs one, and origins differ in what they do with it. */
const HEADER_CHARS_MAX = 16_384;

const JWKS_SECONDS = 300;

const JWKS_PATH = '/.well-known/jwks.json';
const HEALTH_PATH = '/_fairgate/healthz';
const OPENAPI_PATH = '/_fairgate/openapi.json';
/** The script for pages whose requests are refused. A site's pages name the number: another behaviour is another one. */
const RECOVER_PATH = '/_fairgate/recover-1.js';
/** A corrected script is in use within a day. */
const RECOVER_SECONDS = 86_400;

/** Keeps the console out of caches, frames and search engines. */
const CONSOLE_HEADERS = {
  'Content-Security-Policy': consolePolicy,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex',
  'Referrer-Policy': 'no-referrer',
  // A page of the same host that opens the console gets no hold of its window.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** What a host of the console's own answers. */
const ON_CONSOLE_HOST = [CONSOLE_PATH, METRICS_PATH, HEALTH_PATH, OPENAPI_PATH];

export function createApp(gateway: Gateway): Hono<RequestEnv> {
  // Paths are compared as they were sent: `/_fairgate/%6fperator` is not an address of the gateway.
  const app = new Hono<RequestEnv>({ getPath: rawPathOf });
  const readdressed = readdressing(gateway);
  const isConsoles = consoleHostOf(gateway);
  const visitors = answering(gateway, visitorAddresses(gateway));
  const others = answering(gateway, otherAddresses(gateway));

  // One route: in a rush nearly every request is a visit or for a room's address, and would pay for a router of all others.
  const answer = (c: Context<RequestEnv>): Response | Promise<Response> => {
    c.req.raw = readdressed(c.req.raw);
    c.set('background', backgroundOf(c));
    c.set('format', responseFormat(c.req.raw));
    const { path } = c.req;
    const request = c.req.raw;
    // Below it a proxy appends the visitor's path as it was sent.
    const isVerify = path === VERIFY_PATH || path.startsWith(`${VERIFY_PATH}/`);
    if (!isVerify && hasOversizedHeader(request.headers)) return refuseReadably(gateway, c, 'headers-too-large');
    if (!isVerify && path.startsWith('/_fairgate/') && !isPlainlySpelled(path)) return refuse(c, 'not-found');
    if (isConsoles(request)) {
      // The protected site has no part of this host, whatever hosts its rooms name.
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (isRead && (path === '/' || `${path}/` === CONSOLE_PATH)) return c.redirect(CONSOLE_PATH, 303);
      const isConsole = ON_CONSOLE_HOST.includes(path) || path.startsWith(`${OPERATOR_PATH}/`);
      return isConsole ? others(c) : refuse(c, 'not-found');
    }
    if (path.startsWith('/_fairgate/rooms/') || path === LANGUAGE_PATH) return visitors(c);
    if (path.startsWith(`${ORIGIN_CALLS_PATH}/`)) return answerOriginCall(gateway, request, path, c.var.background);
    if (isVerify) return verifyForProxy(gateway, request, hasOversizedHeader(request.headers), c.var.background);
    return path.startsWith('/_fairgate/') || path === JWKS_PATH ? others(c) : visitSite(gateway, c);
  };
  app.all('*', async (c) => {
    const startedAt = gateway.stopwatch();
    try {
      return await answer(c);
    } finally {
      gateway.metrics.requestAnswered(requestKind(c.req.path), gateway.stopwatch() - startedAt);
    }
  });
  app.onError((error, c) => unexpected(gateway, error, c));
  return app;
}

const KIND_OF_LAST_PART: Record<string, RequestKind> = {
  board: 'board',
  status: 'status',
  join: 'join',
  claim: 'claim',
};

function requestKind(path: string): RequestKind {
  if (!path.startsWith('/_fairgate/')) return 'visit';
  if (path.startsWith('/_fairgate/rooms/')) return KIND_OF_LAST_PART[path.slice(path.lastIndexOf('/') + 1)] ?? 'other';
  if (path.startsWith(VERIFY_PATH)) return 'verify';
  return path.startsWith(OPERATOR_PATH) ? 'operator' : 'other';
}

/** Has an app of its own answer what the first one has prepared. An address that it does not have is a visit like any other. */
function answering(gateway: Gateway, api: Hono<RequestEnv>): (c: Context<RequestEnv>) => Response | Promise<Response> {
  api.notFound((c) => visitSite(gateway, c));
  api.onError((error, c) => unexpected(gateway, error, c));
  return (c) => api.fetch(c.req.raw, c.var);
}

function unexpected(gateway: Gateway, error: unknown, c: Context<RequestEnv>): Promise<Response> {
  if (error instanceof BodyTooSlow) return refuseReadably(gateway, c, 'body-too-slow');
  console.error(`${c.req.method} ${c.req.path} failed unexpectedly:`, error);
  return refuseReadably(gateway, c, 'unexpected');
}

/** The addresses of rooms. */
function visitorAddresses(gateway: Gateway): Hono<RequestEnv> {
  const api = visitorApi(gateway);
  api.get('/rooms/:room/pass', findRoom(gateway), (c) => usePass(gateway, c.req.raw, c.var.room, c.var.background));
  return api;
}

/** The gateway's addresses that no room has. */
function otherAddresses(gateway: Gateway): Hono<RequestEnv> {
  const api = new Hono<RequestEnv>({ getPath: rawPathOf });
  api.use(asPrepared);
  api.get(HEALTH_PATH, (c) => {
    // Where nobody visits, checks of the gateway's health keep its rooms watched.
    const attending = gateway.attendance.attendIfDue(c.var.background);
    if (attending !== null) c.var.background(attending);
    return new Response('ok\n', { headers: { 'Cache-Control': 'no-store' } });
  });
  api.route(METRICS_PATH, metricsAddress(gateway));
  api.get(JWKS_PATH, () =>
    Response.json(gateway.tokens.jwks, {
      headers: { 'Cache-Control': `public, max-age=${JWKS_SECONDS}`, 'Access-Control-Allow-Origin': '*' },
    }),
  );
  api.get(CONSOLE_PATH, (c) => {
    if (!answersOperators(gateway, c.req.raw)) return problemResponse('not-found');
    return new Response(consolePage(languageOf(c.req.raw.headers), gateway.oidc?.host ?? null), {
      headers: { 'Content-Type': 'text/html; charset=utf-8', ...CONSOLE_HEADERS },
    });
  });
  api.get(OPENAPI_PATH, () => json(openApi(gateway, gateway.cookies.operatorCookie)));
  api.get(RECOVER_PATH, () => {
    return new Response(recover, {
      headers: {
        'Content-Type': 'text/javascript; charset=utf-8',
        'Cache-Control': `public, max-age=${RECOVER_SECONDS}`,
        'X-Content-Type-Options': 'nosniff',
      },
    });
  });
  api.route('/', providerSignIn(gateway));
  api.route(OPERATOR_PATH, operatorApi(gateway));
  return api;
}

function visitSite(gateway: Gateway, c: Context<RequestEnv>): Response | Promise<Response> {
  const request = c.req.raw;
  if (wasForwarded(request.headers)) {
    gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason: 'loop' });
    return refuseReadably(gateway, c, 'loop-detected');
  }
  const result = readTarget(request.url, request.headers.get('Host'));
  if (result.kind === 'doubtful') {
    gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason: result.doubt });
    return refuseReadably(gateway, c, problemOf(result.doubt));
  }
  if (hasUnexpectedBody(request)) return refuseReadably(gateway, c, 'body-not-allowed');
  if (isReserved(result.target.read)) return refuseReadably(gateway, c, 'not-found');
  return visit(gateway, request, publicTarget(result.target, gateway.publicUrl), c.var);
}

/** Refuses where no room of the request is known; only a page of another origin needs the rooms for that. */
async function refuseReadably(gateway: Gateway, c: Context<RequestEnv>, problem: Problem): Promise<Response> {
  const response = refuse(c, problem);
  if (!c.req.raw.headers.has('Origin')) return response;
  return withCorsOfHost(response, c.req.raw, await gateway.directory.rooms(c.var.background));
}

function hasOversizedHeader(headers: Headers): boolean {
  for (const [name, value] of headers) {
    if (value.length > (name === 'cookie' ? COOKIE_CHARS_MAX : HEADER_CHARS_MAX)) return true;
  }
  return false;
}

/** GET and HEAD with content cannot be forwarded, and origins read it in different ways (RFC 9110, 9.3.1). */
function hasUnexpectedBody({ method, body, headers }: Request): boolean {
  return (method === 'GET' || method === 'HEAD') && body !== null && headers.get('Content-Length') !== '0';
}

function problemOf(doubt: TargetDoubt): Problem {
  switch (doubt) {
    case 'badHost':
      return 'doubtful-host';
    case 'tooLong':
      return 'address-too-long';
    default:
      return 'doubtful-address';
  }
}
