// Connects the gateway to origins where the runtime's own `fetch` cannot: it always asks for the host that it connects to, and
// knows no private certificate authority. Listens on a socket that only this user can open, and sends each request on as it is,
// to the origin that its field `Fairgate-Connect` names.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkServerIdentity, rootCertificates } from 'node:tls';

const CONNECT_FIELD = 'fairgate-connect';

/** Idle connections to one origin that are kept for the next request. */
const IDLE_SOCKETS_MAX = 64;
/** Servers close idle connections after 5 s and more. */
const IDLE_MS_MAX = 4_000;

export interface OriginConnector {
  /** As workerd takes it: `unix:` and a path. */
  address: string;
  close(): Promise<void>;
}

/** @param authority certificates of a private authority, as PEM; null: those of browsers only */
export async function startOriginConnector(authority: string | null): Promise<OriginConnector> {
  const ca = authority === null ? undefined : [...rootCertificates, authority];
  const kept = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX, timeout: IDLE_MS_MAX };
  const agents = { http: new Agent(kept), https: new TlsAgent({ ...kept, ca }) };

  /** The same request to its origin, without a body. */
  const outgoingFor = (incoming: IncomingMessage) => {
    const origin = new URL(String(incoming.headers[CONNECT_FIELD]));
    const host = incoming.headers.host ?? origin.host;
    const options = {
      host: origin.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: origin.port,
      method: incoming.method,
      path: incoming.url,
      headers: keptFields(incoming),
      setHost: false,
      // Longer than any room's own time: the gateway ends what is late.
      timeout: 0,
    };
    if (origin.protocol === 'http:') return requestHttp({ ...options, agent: agents.http });
    // The certificate is for the name that visitors use, or for the origin's own.
    const servername = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    return requestHttps({
      ...options,
      agent: agents.https,
      servername: isName(servername) ? servername : '',
      checkServerIdentity: (_, certificate) =>
        checkServerIdentity(servername, certificate) && checkServerIdentity(options.host, certificate),
    });
  };

  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (incoming, answer) => {
    const outgoing = outgoingFor(incoming);
    outgoing.on('error', () => answer.destroy());
    answer.on('close', () => outgoing.destroy());
    outgoing.on('response', (response) => {
      answer.sendDate = false;
      answer.writeHead(response.statusCode ?? 502, response.statusMessage, response.rawHeaders);
      // Before the content, for which an event stream may take its time.
      answer.flushHeaders();
      pipeline(response, answer).catch(() => answer.destroy());
    });
    pipeline(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const outgoing = outgoingFor(incoming);
    socket.on('error', () => outgoing.destroy());
    outgoing.on('error', () => socket.destroy());
    outgoing.on('response', (response) => {
      socket.write(headerOf(response));
      pipeline(response, socket).catch(() => socket.destroy());
    });
    outgoing.on('upgrade', (response, origin: Duplex, first: Buffer) => {
      socket.write(headerOf(response));
      if (first.length > 0) socket.write(first);
      if (head.length > 0) origin.write(head);
      Promise.all([pipeline(origin, socket), pipeline(socket, origin)]).catch(() => {
        origin.destroy();
        socket.destroy();
      });
    });
    outgoing.end();
  });

  const folder = mkdtempSync(join(tmpdir(), 'fairgate-connector-'));
  const path = join(folder, 'socket');
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  chmodSync(path, 0o600);
  return {
    address: `unix:${path}`,
    async close() {
      for (const agent of [agents.http, agents.https]) agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Names and values in their order and spelling, without the field that was for this file. */
function keptFields({ rawHeaders }: IncomingMessage): string[] {
  const fields: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (name.toLowerCase() !== CONNECT_FIELD) fields.push(name, value);
  }
  return fields;
}

function headerOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const fields: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2)
    fields.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${fields.join('\r\n')}\r\n\r\n`;
}

/** Server name indication is for names, not for addresses (RFC 6066, 3). */
function isName(host: string): boolean {
  return /[a-z]/i.test(host) && !host.includes(':');
}
