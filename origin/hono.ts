// Admission check for Hono. Without a valid admission token no handler runs; handlers can read the visitor's claims.

import type { MiddlewareHandler } from 'hono';
import { createRequestVerifier, refusalResponse } from './fetch.ts';
import type { AdmissionClaims } from './verdict.ts';
import type { VerifierOptions } from './verifier-options.ts';

/** For `new Hono<AdmissionEnv>()`: gives `c.get('admission')` its type. */
export interface AdmissionEnv {
  Variables: { admission: AdmissionClaims };
}

/**
 * Middleware, to be registered before every route: `app.use(admission({ jwksUrl, issuer, audience }))`.
 * @throws VerifierOptionsError
 */
export function admission(options: VerifierOptions): MiddlewareHandler<AdmissionEnv> {
  const verify = createRequestVerifier(options);
  return async (c, next) => {
    const verdict = await verify(c.req.raw);
    if (verdict.kind !== 'admitted') return refusalResponse(verdict, c.req.method);
    c.set('admission', verdict.claims);
    return next();
  };
}
