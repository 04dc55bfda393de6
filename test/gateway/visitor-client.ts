// Clients of a running gateway for hosts that no name server knows: one request with any Host and method, a visitor with
// a jar, and bytes as they are. Answers are whole; nothing is followed or decoded, and nothing retried but what browsers do.

import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { CookieJar } from '../running-gateway.ts';
import { MARKER } from './recording-origin.ts';

export interface Answer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  text: string;
}

export interface Asking {
  method?: string;
  host?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

/** Connections are kept, so that hundreds of requests at once measure the gateway and not the sockets of this machine. */
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** A kept connection that the gateway closed in the moment of its next use carried no request: that one is sent again. */
class KeptConnectionClosed extends Error {}

export async function ask(port: number, path: string, asking: Asking = {}): Promise<Answer> {
  try {
    return await askOnce(port, path, asking);
  } catch (error) {
    if (!(error instanceof KeptConnectionClosed)) throw error;
    return askOnce(port, path, asking);
  }
}

function askOnce(port: number, path: string, asking: Asking): Promise<Answer> {
  const { method = 'GET', host = '127.0.0.1', headers = {}, body } = asking;
  // Node leaves it out for methods that seldom have a body.
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', path, method, agent, headers: { Host: host, ...length, ...headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const fields = new Headers();
          for (let index = 0; index < answer.rawHeaders.length; index += 2) {
            fields.append(answer.rawHeaders[index] ?? '', answer.rawHeaders[index + 1] ?? '');
          }
          resolve({ status: answer.statusCode ?? 0, headers: fields, bytes, text: bytes.toString() });
        });
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const isClosed = sent.reusedSocket && error.code === 'ECONNRESET';
      reject(isClosed ? new KeptConnectionClosed('', { cause: error }) : error);
    });
    sent.end(body);
  });
}

export const AS_PAGE = { Accept: 'text/html,application/xhtml+xml', 'Accept-Language': 'en' };
export const AS_JSON = { Accept: 'application/json' };

/** A visitor of one room, whose host is `<room>.test` unless told. */
export class GateVisitor {
  readonly jar = new CookieJar();
  readonly #port: number;
  readonly #room: string;
  readonly #host: string;

  constructor(port: number, room: string, host = `${room}.test`) {
    this.#port = port;
    this.#room = room;
    this.#host = host;
  }

  get queueToken(): string | undefined {
    return this.jar.get(`fairgate-queue-${this.#room}`);
  }

  get admissionToken(): string | undefined {
    return this.jar.get(`fairgate-admission-${this.#room}`);
  }

  async send(path: string, asking: Asking = {}): Promise<Answer> {
    const cookies = this.jar.header === '' ? {} : { Cookie: this.jar.header };
    const answer = await ask(this.#port, path, {
      host: this.#host,
      ...asking,
      headers: { ...cookies, ...asking.headers },
    });
    this.jar.keep(answer);
    return answer;
  }

  page(path = '/', headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { headers: { ...AS_PAGE, ...headers } });
  }

  wish(wish: 'join' | 'claim' | 'leave', headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    const asking: Asking = { method: 'POST', headers: { ...AS_JSON, ...headers } };
    return this.send(`/_fairgate/rooms/${this.#room}/${wish}`, body === undefined ? asking : { ...asking, body });
  }

  async status() {
    return JSON.parse((await this.send(`/_fairgate/rooms/${this.#room}/status`)).text);
  }

  async board() {
    return JSON.parse((await this.send(`/_fairgate/rooms/${this.#room}/board`)).text);
  }
}

/** Asks until the condition holds, as a waiting page does; fails with the last value seen. */
export async function until<T>(
  read: () => Promise<T>,
  holds: (value: T) => boolean,
  { msMax = 15_000, everyMs = 100 } = {},
): Promise<T> {
  const end = performance.now() + msMax;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() > end) throw new Error(`Not within ${msMax} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** Sends bytes and reads the first answer whole; status 0 where the connection was closed or silent without one. */
export function rawAsk(port: number, text: string, silenceMs = 2_000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let received = '';
    const end = () => {
      socket.destroy();
      const [head = '', ...rest] = received.split('\r\n\r\n');
      resolve({ status: statusOf(head), head, body: rest.join('\r\n\r\n') });
    };
    socket.setTimeout(silenceMs, end);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (isWhole(received, text.startsWith('HEAD '))) end();
    });
    socket.on('error', end); // ECONNRESET: closed without an answer, or after it
    socket.on('close', end);
  });
}

function statusOf(head: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
}

function isWhole(received: string, isHead: boolean): boolean {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const head = received.slice(0, headEnd);
  const status = statusOf(head);
  if (status === 100) return false;
  if (isHead || status < 200 || status === 204 || status === 304) return true;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return received.length - headEnd - 4 >= Number(length);
  return /^transfer-encoding: *chunked/im.test(head) && received.endsWith('0\r\n\r\n');
}

/** Sends the beginning of a request and hangs up, as a phone does that loses its network. */
export function sendAndHangUp(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text, 'latin1', () => socket.resetAndDestroy());
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}

/** Whether a refusal is one of the two clear kinds: a person's page or a machine's problem document. */
export function isClearRefusal({ status, headers, text }: Pick<Answer, 'status' | 'headers' | 'text'>): boolean {
  const type = headers.get('Content-Type') ?? '';
  if (type.startsWith('application/problem+json')) {
    const problem = JSON.parse(text);
    return problem.status === status && /^https:\/\/fairgate\.dev\/problems\/[a-z-]+$/.test(problem.type);
  }
  return type.startsWith('text/html') && text.includes('id="fairgate"');
}

/** Visits a page until the origin answers it, as a page does that retries by itself. */
export async function enter(visitor: GateVisitor, path = '/', marker = MARKER): Promise<Answer> {
  return until(
    () => visitor.page(path),
    ({ text }) => text.includes(marker),
  );
}
