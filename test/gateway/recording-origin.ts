// An origin that trusts everybody and remembers every request: what reaches it has got past the gateway. Its answers all
// carry the marker, so that a byte of them in a visitor's hands is seen too.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export const MARKER = 'FROM-THE-ORIGIN-7c1e';

export interface Recorded {
  method: string;
  /** The request target as it came. */
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface RecordingOrigin {
  url: string;
  port: number;
  requests: Recorded[];
  /** Answers by path, before the marker that everything else gets. */
  answers: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
  onUpgrade: (request: IncomingMessage, socket: Duplex) => void;
  close(): Promise<void>;
}

export async function startRecordingOrigin(): Promise<RecordingOrigin> {
  const requests: Recorded[] = [];
  const answers: RecordingOrigin['answers'] = new Map();
  const upgraded: Duplex[] = [];
  // Larger than what the gateway lets pass, so that a refusal for size is the gateway’s own.
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    const recorded = record(request);
    requests.push(recorded);
    const answer = answers.get(recorded.url.replace(/\?.*/, ''));
    if (answer !== undefined) return answer(request, response);
    request.on('data', (chunk) => {
      recorded.body += chunk;
    });
    request.on('end', () => {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.end(`${MARKER} ${request.method} ${request.url}`);
    });
  });
  const origin: RecordingOrigin = {
    url: '',
    port: 0,
    requests,
    answers,
    onUpgrade: (_, socket) => void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }),
  };
  server.on('upgrade', (request, socket) => {
    requests.push(record(request));
    upgraded.push(socket);
    origin.onUpgrade(request, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin.port = (server.address() as AddressInfo).port;
  origin.url = `http://127.0.0.1:${origin.port}`;
  return origin;
}

function record({ method, url, rawHeaders }: IncomingMessage): Recorded {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { method: method ?? '', url: url ?? '', headers, body: '' };
}
