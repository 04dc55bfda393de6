// Admission check for Next.js: the proxy (`proxy.ts`, before Next.js 16 `middleware.ts`), in its edge and its Node runtime. Without
// a valid admission token no page, route handler, Server Action or file of the site is served.

import { createRequestVerifier, refusalResponse } from './fetch.ts';
import type { VerifierOptions } from './verifier-options.ts';

/**
 * `export const proxy = admissionProxy({ jwksUrl, issuer, audience })`, without a matcher, so that it is asked about every address.
 * Resolves to undefined for an admitted visitor: Next.js goes on.
 * @throws VerifierOptionsError
 */
export function admissionProxy(options: VerifierOptions): (request: Request) => Promise<Response | undefined> {
  const verify = createRequestVerifier(options);
  return async (request) => {
    const verdict = await verify(request);
    return verdict.kind === 'admitted' ? undefined : refusalResponse(verdict, request.method);
  };
}
