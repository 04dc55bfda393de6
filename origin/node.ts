// Admission check for Node: Express and its relatives, bare `http.createServer`, and upgrades (WebSocket), which Node hands
// out beside the request listener and which would otherwise go around it. Nothing behind it runs for anybody who has no
// valid admission token.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { problemOf } from './refusal.ts';
import {
  ADMISSION_HEADER,
  type AdmissionClaims,
  createVerifier,
  type Verdict,
  type Verifier,
  type VerifierOptions,
} from './verify.ts';

declare module 'node:http' {
  interface IncomingMessage {
    /** Set by the admission check before anything behind it runs. */
    admission?: AdmissionClaims;
  }
}

export interface NodeAdmission {
  /** Express shape: calls `next()` for admitted visitors, answers everybody else itself. */
  (request: IncomingMessage, response: ServerResponse, next: () => void): void;
  /**
   * For the `upgrade` event, before the upgrade is accepted: the claims, or null after it has answered and closed the
   * socket itself.
   */
  upgrade(request: IncomingMessage, socket: Duplex): Promise<AdmissionClaims | null>;
}

export function admission(options: VerifierOptions): NodeAdmission {
  const verify = createVerifier(options);
  return Object.assign(
    (request: IncomingMessage, response: ServerResponse, next: () => void) => {
      verifyRequest(verify, request).then((verdict) => {
        if (verdict.kind === 'admitted') next();
        else refuse(response, verdict);
      });
    },
    {
      upgrade: async (request: IncomingMessage, socket: Duplex) => {
        // Without a listener, a visitor who hangs up while the token is checked would end the process.
        socket.on('error', ignoreHangUp);
        const verdict = await verifyRequest(verify, request);
        socket.off('error', ignoreHangUp);
        if (verdict.kind === 'admitted') return verdict.claims;
        refuseUpgrade(socket, verdict);
        return null;
      },
    },
  );
}

async function verifyRequest(verify: Verifier, request: IncomingMessage): Promise<Verdict> {
  // Whatever stood there came from somewhere else.
  delete request.admission;
  const header = request.headers[ADMISSION_HEADER.toLowerCase()];
  const verdict = await verify(Array.isArray(header) ? header.join(', ') : header);
  if (verdict.kind === 'admitted') request.admission = verdict.claims;
  return verdict;
}

function refuse(response: ServerResponse, verdict: Exclude<Verdict, { kind: 'admitted' }>): void {
  const { status, headers, body } = problemOf(verdict);
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function refuseUpgrade(socket: Duplex, verdict: Exclude<Verdict, { kind: 'admitted' }>): void {
  const { status, headers, body } = problemOf(verdict);
  const lines = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.on('error', ignoreHangUp);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`, () => socket.destroy());
}

/** Connection reset, broken pipe: the visitor has gone, there is nobody to tell. */
function ignoreHangUp(): void {}
