// Admission check for Fetch handlers (Workers, Deno, Bun, and every framework whose requests are `Request`). Without a valid
// admission token no handler runs.

import { createHandOff } from './hand-off-flow.ts';
import type { HandOffOptions } from './hand-off-options.ts';
import { problemOf } from './refusal.ts';
import type { AdmissionClaims, Refusal, Verdict } from './verdict.ts';
import type { VerifierOptions } from './verifier-options.ts';
import { ADMISSION_HEADER, createVerifier } from './verify.ts';

/**
 * For frameworks without an adapter: a request's verdict. The caller must respond with `refusalResponse` unless it is `admitted`.
 * @throws VerifierOptionsError
 */
export function createRequestVerifier(
  options: VerifierOptions,
): (request: { readonly headers: Pick<Headers, 'get'> }) => Promise<Verdict> {
  const verify = createVerifier(options);
  return ({ headers }) => verify(headers.get(ADMISSION_HEADER));
}

/**
 * Wraps a Fetch handler: `export default { fetch: withAdmission(options, (request, admission, env) => ...) }`.
 * @throws VerifierOptionsError
 */
export function withAdmission<Rest extends unknown[]>(
  options: VerifierOptions,
  handler: (request: Request, admission: AdmissionClaims, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const verify = createRequestVerifier(options);
  return async (request, ...rest) => {
    const verdict = await verify(request);
    if (verdict.kind !== 'admitted') return refusalResponse(verdict, request.method);
    return handler(request, verdict.claims, ...rest);
  };
}

/** @param method of the request: a response to HEAD has no body */
export function refusalResponse(refusal: Refusal, method = 'GET'): Response {
  const { status, headers, body } = problemOf(refusal);
  return new Response(method === 'HEAD' ? null : body, { status, headers });
}

/**
 * Wraps a Fetch handler of a site that no gateway stands before: `export default { fetch: withHandOff(options, (request, admission,
 * env) => ...) }`. Visitors without an admission are sent to the room. @throws VerifierOptionsError
 */
export function withHandOff<Rest extends unknown[]>(
  options: HandOffOptions,
  handler: (request: Request, admission: AdmissionClaims, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const answer = createHandOff(options);
  return async (request, ...rest) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const outcome = await answer({ method, target: `${pathname}${search}`, header: (name) => headers.get(name) });
    if (outcome.kind === 'admitted') {
      return withCookies(await handler(request, outcome.claims, ...rest), outcome.cookies, 'private');
    }
    const { status, body, cookies } = outcome;
    const response = new Response(method === 'HEAD' || body === '' ? null : body, { status, headers: outcome.headers });
    return withCookies(response, cookies, 'no-store');
  };
}

/** @param cacheControl where the response has none: no shared cache may store what needed an admission */
function withCookies(response: Response, cookies: readonly string[], cacheControl: string): Response {
  // The answer to an upgrade has no body that a copy could carry.
  if (response.status === 101 || (cookies.length === 0 && response.headers.has('Cache-Control'))) return response;
  const copy = new Response(response.body, response);
  if (!copy.headers.has('Cache-Control')) copy.headers.set('Cache-Control', cacheControl);
  for (const cookie of cookies) copy.headers.append('Set-Cookie', cookie);
  return copy;
}
