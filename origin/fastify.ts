// Admission check for Fastify. Without a valid admission token no handler runs, that of unknown addresses included; handlers can
// read the visitor's claims.

import type { FastifyPluginAsync } from 'fastify';
import { problemOf } from './refusal.ts';
import type { AdmissionClaims } from './verdict.ts';
import type { VerifierOptions } from './verifier-options.ts';
import { ADMISSION_HEADER, createVerifier } from './verify.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** null: a request that the admission check has not seen. */
    admission: AdmissionClaims | null;
  }
}

const plugin: FastifyPluginAsync<VerifierOptions> = async (app, options) => {
  const verify = createVerifier(options);
  app.decorateRequest('admission', null);
  app.addHook('onRequest', async (request, reply) => {
    const header = request.headers[ADMISSION_HEADER.toLowerCase()];
    const verdict = await verify(Array.isArray(header) ? header.join(', ') : header);
    if (verdict.kind === 'admitted') {
      request.admission = verdict.claims;
      return;
    }
    const { status, headers, body } = problemOf(verdict);
    // As bytes: Fastify would change the type of a text.
    return reply.code(status).headers(headers).send(Buffer.from(body));
  });
};

/**
 * Plugin, to be registered before every route: `await app.register(admission, { jwksUrl, issuer, audience })`. It holds for the
 * whole app, not only for the scope in which it is registered.
 * @throws VerifierOptionsError when the app becomes ready
 */
export const admission: FastifyPluginAsync<VerifierOptions> = Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@fairgate/origin',
});
