// The gateway as a Hono app: the address is read once, the gateway's own addresses are answered here, everything else
// is a visit. Handlers stand beside their paths.

import { type Context, Hono } from 'hono';
import { consolePage, consolePolicy } from '../admin-ui/shell.ts';
import { CONSOLE_PATH, OPERATOR_PATH } from './contract/operator-api.ts';
import { visit } from './gate/visit.ts';
import { type RequestEnv, visitorApi } from './gate/visitor-api.ts';
import type { Background, Gateway } from './gateway.ts';
import { type Problem, problemResponse } from './http/problems.ts';
import { responseFormat } from './http/request-client.ts';
import { isReserved, readTarget, type TargetDoubt } from './http/request-target.ts';
import { languageOf, refusal } from './http/responses.ts';
import { answersOperators, operatorApi } from './operators/api.ts';
import { openApi } from './operators/openapi.ts';
import { COOKIE_CHARS_MAX } from './tokens/cookies.ts';

/** One header field beyond this is refused: no client of ours needs it, and origins differ in what they do with it. */
const HEADER_CHARS_MAX = 16_384;

const JWKS_SECONDS = 300;

/** The console is in nobody's cache, frame or search engine. */
const CONSOLE_HEADERS = {
  'Content-Security-Policy': consolePolicy,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex',
  'Referrer-Policy': 'no-referrer',
};

export function createApp(gateway: Gateway): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();

  app.use(async (c, next) => {
    c.set('background', backgroundOf(c));
    for (const [name, value] of c.req.raw.headers) {
      const bound = name === 'cookie' ? COOKIE_CHARS_MAX : HEADER_CHARS_MAX;
      if (value.length > bound) return refusal('headers-too-large', c.req.raw, responseFormat(c.req.raw) === 'page');
    }
    return next();
  });

  app.get('/_fairgate/healthz', () => new Response('ok\n', { headers: { 'Cache-Control': 'no-store' } }));
  app.get('/_fairgate/metrics', async (c) => {
    const rooms = await gateway.directory.rooms(c.var.background);
    const views = await Promise.all(rooms.map((room) => gateway.views.read(room, c.var.background)));
    return new Response(gateway.metrics.text(views.filter((seen) => seen !== null)), {
      headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' },
    });
  });
  app.get('/.well-known/jwks.json', () =>
    Response.json(gateway.tokens.jwks, {
      headers: { 'Cache-Control': `public, max-age=${JWKS_SECONDS}`, 'Access-Control-Allow-Origin': '*' },
    }),
  );
  app.get(CONSOLE_PATH, (c) => {
    if (!answersOperators(gateway, c.req.header('Host'))) return problemResponse('not-found');
    return new Response(consolePage(languageOf(c.req.raw.headers)), {
      headers: { 'Content-Type': 'text/html; charset=utf-8', ...CONSOLE_HEADERS },
    });
  });
  app.get('/_fairgate/openapi.json', () => Response.json(openApi(gateway.consoleUrl, gateway.cookies.operatorCookie)));
  app.route(OPERATOR_PATH, operatorApi(gateway));
  app.route('/_fairgate', visitorApi(gateway));

  app.all('*', (c) => {
    const request = c.req.raw;
    const read = readTarget(request.url, request.headers.get('Host'));
    if (read.kind === 'doubtful') {
      gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason: read.doubt });
      return refusal(problemOf(read.doubt), request, responseFormat(request) === 'page');
    }
    if (hasStrayBody(request)) return refusal('body-not-allowed', request, responseFormat(request) === 'page');
    if (isReserved(read.target.path)) return refusal('not-found', request, responseFormat(request) === 'page');
    return visit(gateway, request, read.target, c.var.background);
  });

  app.onError((error, c) => {
    console.error('A request failed unexpectedly:', error);
    return refusal('unexpected', c.req.raw, responseFormat(c.req.raw) === 'page');
  });
  app.notFound(() => problemResponse('not-found'));
  return app;
}

/** GET and HEAD with content, which cannot be passed on and which origins read in different ways (RFC 9110, 9.3.1). */
function hasStrayBody({ method, body, headers }: Request): boolean {
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

/** Outside a Worker (tests that call the app directly) there is no execution context; the work goes on by itself. */
function backgroundOf(c: Context): Background {
  try {
    const { executionCtx } = c;
    return (work) => executionCtx.waitUntil(work);
  } catch {
    return (work) => void work.catch(() => {});
  }
}
