// Admission check for Node: Express-style middleware, plain `http.createServer`, and upgrades (WebSocket), which Node emits
// as a separate event and which would otherwise bypass the check. Without a valid admission token no handler runs.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { problemOf } from './refusal.ts';
import type { AdmissionClaims, Refusal, Verdict } from './verdict.ts';
import type { VerifierOptions } from './verifier-options.ts';
import { ADMISSION_HEADER, createVerifier, type Verifier } from './verify.ts';

declare module 'node:http' {
  interface IncomingMessage {
    /** Set by the admission check before the next handler runs. */
    admission?: AdmissionClaims;
  }
}

export interface NodeAdmission {
  /** Express middleware: calls `next()` for an admitted visitor, otherwise sends the refusal. */
  (request: IncomingMessage, response: ServerResponse, next: () => void): void;
  /**
   * For the `upgrade` event, before the upgrade is accepted. Resolves to the claims; or to null, having sent the refusal and
   * closed the socket. Never rejects.
   */
  upgrade(request: IncomingMessage, socket: Duplex): Promise<AdmissionClaims | null>;
}

/** @throws VerifierOptionsError */
export function admission(options: VerifierOptions): NodeAdmission {
  const verify = createVerifier(options);
  return Object.assign(
    (request: IncomingMessage, response: ServerResponse, next: () => void) => {
      verifyRequest(verify, request).then((verdict) => {
        if (verdict.kind === 'admitted') next();
        else sendRefusal(response, verdict);
      });
    },
    {
      upgrade: async (request: IncomingMessage, socket: Duplex) => {
        // Without a listener, a visitor who disconnects during the check would crash the process.
        socket.on('error', ignoreDisconnect);
        const verdict = await verifyRequest(verify, request);
        socket.off('error', ignoreDisconnect);
        if (verdict.kind === 'admitted') return verdict.claims;
        refuseUpgrade(socket, verdict);
        return null;
      },
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

function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const { status, headers, body } = problemOf(refusal);
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const { status, headers, body } = problemOf(refusal);
  const fields = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.on('error', ignoreDisconnect);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`, () => socket.destroy());
}

/** Connection reset or broken pipe: the visitor disconnected, so there is no response to send. */
function ignoreDisconnect(): void {}
