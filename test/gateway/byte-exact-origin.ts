// An origin on a bare socket. It keeps every byte that it receives, takes only requests that all servers read alike, and
// answers with the bytes it is told to. What a lenient server might read differently is a fault, and closes the connection.

import { createServer, type Socket } from 'node:net';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';

export interface ExactRequest {
  method: string;
  target: string;
  /** In their order; names in lower case. */
  fields: [name: string, value: string][];
  body: Buffer;
}

export interface ByteExactOrigin {
  port: number;
  url: string;
  /** Complete ones, over all connections. */
  requests: ExactRequest[];
  /** Every byte, by connection. */
  received: Buffer[][];
  faults: string[];
  /** One byte a character. With `Connection: close` in it, the end of the connection ends the response. */
  respond: (request: ExactRequest) => string;
  close(): Promise<void>;
}

const TEXT = 'latin1';
const HEAD_END = Buffer.from('\r\n\r\n');
const CLOSES = '\r\nConnection: close\r\n';
const EXCERPT_CHARS = 300;

export function fieldOf({ fields }: Pick<ExactRequest, 'fields'>, name: string): string | undefined {
  return fields.find(([each]) => each === name)?.[1];
}

/** A response with a length, as text. @param lines further fields, each with its line end */
export function responseText(body: string, lines = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${lines}\r\n${body}`;
}

export async function startByteExactOrigin(respond: ByteExactOrigin['respond']): Promise<ByteExactOrigin> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const bytes: Buffer[] = [];
    origin.received.push(bytes);
    let unread: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes.push(chunk);
      unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
      try {
        for (let read = readRequest(unread); read !== null; read = readRequest(unread)) {
          unread = unread.subarray(read.length);
          origin.requests.push(read.request);
          const response = Buffer.from(origin.respond(read.request), TEXT);
          socket.write(response);
          if (response.includes(CLOSES)) socket.end();
        }
      } catch (error) {
        origin.faults.push(`${(error as Error).message}: ${JSON.stringify(unread.toString(TEXT, 0, EXCERPT_CHARS))}`);
        socket.destroy();
      }
    });
    socket.on('error', () => {}); // ECONNRESET: the gateway gave the request up
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listenOnLoopback(server);
  const origin: ByteExactOrigin = {
    port,
    url: `http://127.0.0.1:${port}`,
    requests: [],
    received: [],
    faults: [],
    respond,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return origin;
}

/** The request at the beginning of the bytes; null while it is incomplete. @throws Error for what is not plain HTTP/1.1 */
function readRequest(bytes: Buffer): { request: ExactRequest; length: number } | null {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return null;
  const [line = '', ...lines] = bytes.toString(TEXT, 0, headEnd).split('\r\n');
  const [, method, target] = /^([A-Z]+) ([!-~]+) HTTP\/1\.1$/.exec(line) ?? [];
  if (method === undefined || target === undefined) throw new Error('Not a plain request line');
  const fields = lines.map((text): [string, string] => {
    const [, name, value] =
      /^([A-Za-z0-9-]+): ?((?:[!-~\x80-\xff](?:[ -~\t\x80-\xff]*[!-~\x80-\xff])?)?)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error('Not a plain field');
    return [name.toLowerCase(), value];
  });
  const only = (name: string) => {
    const values = fields.filter(([each]) => each === name);
    if (values.length > 1) throw new Error(`Several fields ${name}`);
    return values[0]?.[1];
  };
  const [host, length, coding] = [only('host'), only('content-length'), only('transfer-encoding')];
  if (host === undefined) throw new Error('No Host');
  if (length !== undefined && coding !== undefined) throw new Error('A length and a transfer coding');
  const start = headEnd + HEAD_END.length;
  const body = coding === undefined ? bodyOfLength(bytes, start, length ?? '0') : bodyOfChunks(bytes, start, coding);
  return body === null ? null : { request: { method, target, fields, body: body.bytes }, length: body.end };
}

interface Body {
  bytes: Buffer;
  /** Where the next request begins. */
  end: number;
}

function bodyOfLength(bytes: Buffer, start: number, length: string): Body | null {
  if (!/^(?:0|[1-9]\d{0,14})$/.test(length)) throw new Error('Not a plain length');
  const end = start + Number(length);
  return bytes.length < end ? null : { bytes: bytes.subarray(start, end), end };
}

function bodyOfChunks(bytes: Buffer, start: number, coding: string): Body | null {
  if (coding !== 'chunked') throw new Error('A transfer coding besides chunked');
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = bytes.toString(TEXT, at, lineEnd);
    if (!/^[0-9A-Fa-f]{1,8}$/.test(size)) throw new Error('Not a plain chunk');
    const end = lineEnd + 2 + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return null;
    if (bytes.toString(TEXT, end, end + 2) !== '\r\n') throw new Error('A chunk without an end, or a trailer');
    chunks.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
    if (end === lineEnd + 2) return { bytes: Buffer.concat(chunks), end: at };
  }
}
