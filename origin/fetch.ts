// Admission check for Fetch handlers (Workers, Deno, Bun, and every framework whose requests are `Request`). Without a valid
// admission token no handler runs.

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
