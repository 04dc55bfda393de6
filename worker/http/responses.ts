// Responses that the gateway writes itself: pages, JSON, and refusals in the form that the client can use, each with the
// headers that keep it out of caches, frames and search engines.

import type { PageModel } from '../pages/model.ts';
import { contentSecurityPolicy, pageParts } from '../pages/render.tsx';
import { gzip } from './gzip.ts';
import { ALL_LANGUAGES, languageOf } from './language.ts';
import { type Problem, problemText } from './problem-texts.ts';
import { problemResponse } from './problems.ts';
import type { ResponseFormat } from './request-client.ts';

const NEVER_STORED = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
};

export function json(document: unknown, status = 200): Response {
  return new Response(JSON.stringify(document), {
    status,
    headers: { 'Content-Type': 'application/json', ...NEVER_STORED },
  });
}

/** The gateway's own page. */
export function page(model: PageModel, requestHeaders: Headers, status: number): Response {
  const { opening: prefix, rest } = pageParts(model);
  return html(prefix, rest, requestHeaders, status, {
    'Content-Language': model.language,
    'Content-Security-Policy': contentSecurityPolicy,
    Vary: 'Accept, Accept-Language, Accept-Encoding, Cookie',
  });
}

/** @param prefix the beginning that many pages share: it is compressed once */
export function html(
  prefix: string,
  rest: string,
  requestHeaders: Headers,
  status: number,
  extraHeaders: Record<string, string>,
): Response {
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'X-Robots-Tag': 'noindex',
    ...NEVER_STORED,
    ...extraHeaders,
  };
  const acceptsGzip = /\bgzip\b/.test(requestHeaders.get('Accept-Encoding') ?? '');
  if (!acceptsGzip) return new Response(prefix + rest, { status, headers });
  const encoded = { status, headers: { ...headers, 'Content-Encoding': 'gzip' }, encodeBody: 'manual' } as const;
  return new Response(gzip(prefix, rest), encoded);
}

/** A refusal as a page, where the client accepts one and the problem has a text for people; else as problem+json. */
export function refusal(problem: Problem, request: { headers: Headers }, acceptsPage: boolean): Response {
  const { status, page: texts } = problemText(problem);
  if (!acceptsPage || texts === undefined) return problemResponse(problem);
  const language = languageOf(request.headers);
  const model: PageModel = {
    kind: 'badRequest',
    language,
    languages: ALL_LANGUAGES,
    room: null,
    board: null,
    status: null,
    standbyAhead: null,
    admitAt: null,
    retryAt: null,
    returnTo: '/',
    problem: texts[language],
  };
  return page(model, request.headers, status);
}

/** The refusal of a request in its own format. */
export function refuse(c: { req: { raw: Request }; var: { format: ResponseFormat } }, problem: Problem): Response {
  return refusal(problem, c.req.raw, c.var.format === 'page');
}
