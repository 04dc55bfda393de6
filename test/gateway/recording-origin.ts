// An origin that trusts every request and records it: whatever arrives here has passed the gateway. Its responses carry a
// marker, so that tests notice each one that reaches a client.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export const MARKER = 'FROM-THE-ORIGIN-7c1e';

export interface RecordedRequest {
  method: string;
  /** The raw request target. */
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface RecordingOrigin {
  url: string;
  port: number;
  requests: RecordedRequest[];
  /** Handlers by path; every other path gets the marker. */
  handlers: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
  onUpgrade: (request: IncomingMessage, socket: Duplex) => void;
  close(): Promise<void>;
}

export async function startRecordingOrigin(): Promise<RecordingOrigin> {
  const requests: RecordedRequest[] = [];
  const handlers: RecordingOrigin['handlers'] = new Map();
  const upgraded: Duplex[] = [];
  // Larger than what the gateway forwards, so that a refusal for size is the gateway’s own.
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    const recorded = record(request);
    requests.push(recorded);
    const handler = handlers.get(recorded.url.replace(/\?.*/, ''));
    if (handler !== undefined) return handler(request, response);
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
    handlers,
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

function record({ method, url, rawHeaders }: IncomingMessage): RecordedRequest {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { method: method ?? '', url: url ?? '', headers, body: '' };
}
