// Admission check for Hono and for plain Fetch handlers (Workers, Deno, Bun). Without a valid admission token no handler
// runs; handlers can read the visitor's claims.

import type { MiddlewareHandler } from 'hono';
import { problemOf } from './refusal.ts';
import type { AdmissionClaims, Refusal } from './verdict.ts';
import type { VerifierOptions } from './verifier-options.ts';
import { ADMISSION_HEADER, createVerifier } from './verify.ts';

/** For `new Hono<AdmissionEnv>()`: gives `c.get('admission')` its type. */
export interface AdmissionEnv {
  Variables: { admission: AdmissionClaims };
}

/**
 * Middleware, to be registered before every route: `app.use(admission({ jwksUrl, issuer, audience }))`.
 * @throws VerifierOptionsError
 */
export function admission(options: VerifierOptions): MiddlewareHandler<AdmissionEnv> {
  const verify = createVerifier(options);
  return async (c, next) => {
    const verdict = await verify(c.req.header(ADMISSION_HEADER));
    if (verdict.kind !== 'admitted') return refusalResponse(verdict, c.req.method);
    c.set('admission', verdict.claims);
    return next();
  };
}

/**
 * Wraps a Fetch handler: `export default { fetch: withAdmission(options, (request, admission, env) => ...) }`.
 * @throws VerifierOptionsError
 */
export function withAdmission<Rest extends unknown[]>(
  options: VerifierOptions,
  handler: (request: Request, admission: AdmissionClaims, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const verify = createVerifier(options);
  return async (request, ...rest) => {
    const verdict = await verify(request.headers.get(ADMISSION_HEADER));
    if (verdict.kind !== 'admitted') return refusalResponse(verdict, request.method);
    return handler(request, verdict.claims, ...rest);
  };
}

function refusalResponse(refusal: Refusal, method: string): Response {
  const { status, headers, body } = problemOf(refusal);
  return new Response(method === 'HEAD' ? null : body, { status, headers });
}
