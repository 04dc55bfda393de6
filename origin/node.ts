// Admission check for Node: Express-style middleware, plain `http.createServer`, and upgrades (WebSocket), which Node emits
// as a separate event and which would otherwise bypass the check. Without a valid admission token no handler runs.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { judgeUpgrade, type NodeAdmission, sendAnswer } from './node-responses.ts';
import { problemOf } from './refusal.ts';
import type { Verdict } from './verdict.ts';
import type { VerifierOptions } from './verifier-options.ts';
import { ADMISSION_HEADER, createVerifier, type Verifier } from './verify.ts';

export { handOff } from './hand-off-node.ts';
export type { NodeAdmission };

/** @throws VerifierOptionsError */
export function admission(options: VerifierOptions): NodeAdmission {
  const verify = createVerifier(options);
  return Object.assign(
    (request: IncomingMessage, response: ServerResponse, next: () => void) => {
      verifyRequest(verify, request).then((verdict) => {
        if (verdict.kind === 'admitted') next();
        else sendAnswer(response, problemOf(verdict));
      });
    },
    {
      upgrade: (request: IncomingMessage, socket: Duplex) =>
        judgeUpgrade(socket, async () => {
          const verdict = await verifyRequest(verify, request);
          return verdict.kind === 'admitted' ? verdict : { kind: 'answer', ...problemOf(verdict) };
        }),
    },
  );
}

async function verifyRequest(verify: Verifier, request: IncomingMessage): Promise<Verdict> {
  // An earlier value does not come from this check.
  delete request.admission;
  const header = request.headers[ADMISSION_HEADER.toLowerCase()];
  const verdict = await verify(Array.isArray(header) ? header.join(', ') : header);
  if (verdict.kind === 'admitted') request.admission = verdict.claims;
  return verdict;
}
