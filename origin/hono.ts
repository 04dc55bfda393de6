// Admission check for Hono and for plain Fetch handlers (Workers, Deno, Bun). Nothing behind it runs for anybody who has
// no valid admission token; what does run can read who was admitted.

import type { MiddlewareHandler } from 'hono';
import { problemOf } from './refusal.ts';
import {
  ADMISSION_HEADER,
  type AdmissionClaims,
  createVerifier,
  type Verdict,
  type VerifierOptions,
} from './verify.ts';

/** For `new Hono<AdmissionEnv>()`: makes `c.get('admission')` typed. */
export interface AdmissionEnv {
  Variables: { admission: AdmissionClaims };
}

/** Middleware: `app.use(admission({ jwksUrl, issuer, audience }))`, before every route. */
export function admission(options: VerifierOptions): MiddlewareHandler<AdmissionEnv> {
  const verify = createVerifier(options);
  return async (c, next) => {
    const verdict = await verify(c.req.header(ADMISSION_HEADER));
    if (verdict.kind !== 'admitted') return refusalResponse(verdict, c.req.method);
    c.set('admission', verdict.claims);
    return next();
  };
}

/** Wraps a Fetch handler: `export default { fetch: withAdmission(options, (request, admission, env) => ...) }`. */
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

function refusalResponse(verdict: Exclude<Verdict, { kind: 'admitted' }>, method: string): Response {
  const { status, headers, body } = problemOf(verdict);
  return new Response(method === 'HEAD' ? null : body, { status, headers });
}
