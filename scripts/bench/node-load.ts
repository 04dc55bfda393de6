// A load generator over bare sockets: Node's own HTTP client would cost more than the measured server. At a fixed rate a
// request's time counts from when it was due, so that a stalled server is charged for the requests that waited for it.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawLoad {
  connections: number;
  seconds: number;
  /** null: each connection sends its next request as soon as the last one is answered. */
  perSecond: number | null;
}

export interface RawResult {
  /** One for each response. */
  latenciesMs: number[];
  sent: number;
  /** Responses with a status of 400 or more, and connections that were lost. */
  failures: number;
  elapsedMs: number;
}

/** Sends the requests in turn. */
export async function sendRaw(port: number, requests: readonly string[], load: RawLoad): Promise<RawResult> {
  const idle: Connection[] = [];
  const result: RawResult = { latenciesMs: [], sent: 0, failures: 0, elapsedMs: 0 };
  const startedAt = performance.now();
  const endsAt = startedAt + load.seconds * 1_000;
  const busy = new Set<Connection>();
  const send = (connection: Connection, dueAt: number) => {
    busy.add(connection);
    connection.send(requests[result.sent++ % requests.length] ?? '', (status) => {
      busy.delete(connection);
      result.latenciesMs.push(performance.now() - dueAt);
      if (status >= 400 || status === LOST) result.failures++;
      if (status === LOST) return;
      if (load.perSecond === null && performance.now() < endsAt) send(connection, performance.now());
      else idle.push(connection);
    });
  };
  const connections = await Promise.all(Array.from({ length: load.connections }, () => Connection.open(port)));
  try {
    if (load.perSecond === null) for (const connection of connections) send(connection, performance.now());
    else {
      idle.push(...connections);
      const due = load.perSecond * load.seconds;
      while (result.sent < due && performance.now() < endsAt + GRACE_MS) {
        const dueAt = startedAt + (result.sent * 1_000) / load.perSecond;
        const connection = performance.now() >= dueAt ? idle.shift() : undefined;
        if (connection === undefined) await new Promise(setImmediate);
        else send(connection, dueAt);
      }
    }
    while (busy.size > 0 && performance.now() < endsAt + GRACE_MS) await new Promise((next) => setTimeout(next, 1));
    result.failures += busy.size;
    result.elapsedMs = performance.now() - startedAt;
    return result;
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Requests without a response so long after the end have failed. */
const GRACE_MS = 2_000;

/** Instead of a status. */
const LOST = 0;

/** One keep-alive connection, one request at a time. */
class Connection {
  readonly #socket: Socket;
  #received = '';
  #answered: ((status: number) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', () => {});
    socket.on('close', () => this.#finish(LOST));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket);
  }

  send(request: string, answered: (status: number) => void): void {
    this.#answered = answered;
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#answered = null;
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const status = completeStatus(this.#received);
    if (status === null) return;
    this.#received = '';
    this.#finish(status);
  }

  #finish(status: number): void {
    const answered = this.#answered;
    this.#answered = null;
    answered?.(status);
  }
}

/** The status of a response to GET or POST that has arrived in whole (RFC 9112, 6.3); null: more is to come. */
export function completeStatus(received: string): number | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = received.slice(0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
  const isWhole = isChunked ? received.endsWith('\r\n0\r\n\r\n') : received.length >= headEnd + 4 + Number(length ?? 0);
  return isWhole ? Number(head.slice(9, 12)) : null;
}

/** The response to one request, as it came. */
export async function firstResponse(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  socket.write(request, 'latin1');
  let received = '';
  for await (const text of socket) {
    received += text;
    if (completeStatus(received) !== null) break;
  }
  return received;
}
