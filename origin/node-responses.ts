// What the adapters for Node share: the type of an admission, and answers in place of a handler's.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AdmissionClaims } from './verdict.ts';

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

interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
}

export function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/**
 * Judges an upgrade.
 * @param judge the claims; or the answer in their place
 */
export async function judgeUpgrade(
  socket: Duplex,
  judge: () => Promise<{ kind: 'admitted'; claims: AdmissionClaims } | ({ kind: 'answer' } & Answer)>,
): Promise<AdmissionClaims | null> {
  // Without a listener, a visitor who disconnects during the check would crash the process.
  socket.on('error', ignoreDisconnect);
  const judged = await judge();
  socket.off('error', ignoreDisconnect);
  if (judged.kind === 'admitted') return judged.claims;
  refuseUpgrade(socket, judged);
  return null;
}

function refuseUpgrade(socket: Duplex, { status, headers, body }: Answer): void {
  const fields = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.on('error', ignoreDisconnect);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`, () => socket.destroy());
}

/** Connection reset or broken pipe: the visitor disconnected, so there is no response to send. */
function ignoreDisconnect(): void {}
