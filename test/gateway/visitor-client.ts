// Clients of a running gateway: one request with any Host and method, a visitor with a cookie jar, and raw bytes. Responses
// are complete; redirects are not followed, content is not decoded, and only what browsers retry is retried.

import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { CookieJar, isNewcomerPage } from '../running-gateway.ts';
import { MARKER } from './recording-origin.ts';

export interface ClientResponse {
  status: number;
  headers: Headers;
  bytes: Buffer;
  text: string;
}

export interface RequestOptions {
  method?: string;
  host?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

/** Reuses connections, so that hundreds of requests at once measure the gateway and not this machine's sockets. */
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** The gateway closed an idle connection just as it was reused: the request was not received and is sent again. */
class IdleConnectionClosed extends Error {}

export async function send(port: number, path: string, options: RequestOptions = {}): Promise<ClientResponse> {
  try {
    return await sendOnce(port, path, options);
  } catch (error) {
    if (!(error instanceof IdleConnectionClosed)) throw error;
    return sendOnce(port, path, options);
  }
}

function sendOnce(port: number, path: string, options: RequestOptions): Promise<ClientResponse> {
  const { method = 'GET', host = '127.0.0.1', headers = {}, body } = options;
  // Node sends no Content-Length for methods that seldom have a body.
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', path, method, agent, headers: { Host: host, ...length, ...headers } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const fields = new Headers();
          for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
            fields.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
          }
          resolve({ status: incoming.statusCode ?? 0, headers: fields, bytes, text: bytes.toString() });
        });
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isClosed = outgoing.reusedSocket && error.code === 'ECONNRESET';
      reject(isClosed ? new IdleConnectionClosed('', { cause: error }) : error);
    });
    outgoing.end(body);
  });
}

/** What a browser sends when a person opens a page. */
export const AS_PAGE = {
  Accept: 'text/html,application/xhtml+xml',
  'Accept-Language': 'en',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'none',
};
/** What a browser sends with the button of the gateway's own page, where no script runs. */
export const AS_OWN_FORM = {
  ...AS_PAGE,
  'Content-Type': 'application/x-www-form-urlencoded',
  'Sec-Fetch-Site': 'same-origin',
  Cookie: 'fairgate-cookies=1',
};
export const AS_JSON = { Accept: 'application/json' };

/** A visitor of one room, whose host is `<room>.test` by default. */
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

  async send(path: string, options: RequestOptions = {}): Promise<ClientResponse> {
    const cookies = this.jar.header === '' ? {} : { Cookie: this.jar.header };
    const response = await send(this.#port, path, {
      host: this.#host,
      ...options,
      headers: { ...cookies, ...options.headers },
    });
    this.jar.keep(response);
    return response;
  }

  /** Opens a page; on that of a visitor without a place, takes one as its script does, and loads it again. */
  async page(path = '/', headers: Record<string, string> = {}): Promise<ClientResponse> {
    const open = () => this.send(path, { headers: { ...AS_PAGE, ...headers } });
    const response = await open();
    if (!isNewcomerPage(response.text)) return response;
    await this.act('join', { 'Sec-Fetch-Site': 'same-origin' });
    return open();
  }

  act(action: 'join' | 'claim' | 'leave', headers: Record<string, string> = {}): Promise<ClientResponse> {
    const path = `/_fairgate/rooms/${this.#room}/${action}`;
    return this.send(path, { method: 'POST', headers: { ...AS_JSON, ...headers } });
  }

  async status() {
    return JSON.parse((await this.send(`/_fairgate/rooms/${this.#room}/status`)).text);
  }

  async board() {
    return JSON.parse((await this.send(`/_fairgate/rooms/${this.#room}/board`)).text);
  }
}

/** Reads until the condition holds, as a waiting page does; fails with the last value. */
export async function until<T>(
  read: () => Promise<T>,
  holds: (value: T) => boolean,
  { msMax = 15_000, everyMs = 100 } = {},
): Promise<T> {
  const end = performance.now() + msMax;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() > end) throw new Error(`Not within ${msMax} ms; last value: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export interface RawResponse {
  status: number;
  head: string;
  body: string;
}

/** Sends bytes and reads the first response; status 0 if the connection closes or stays silent without one. */
export function sendRaw(port: number, text: string, silenceMs = 2_000): Promise<RawResponse> {
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
      if (isComplete(received, text.startsWith('HEAD '))) end();
    });
    socket.on('error', end); // ECONNRESET: closed before or after a response
    socket.on('close', end);
  });
}

function statusOf(head: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
}

function isComplete(received: string, isHead: boolean): boolean {
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

/** Sends the beginning of a request and resets the connection, as a phone that loses its network does. */
export function sendAndHangUp(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text, 'latin1', () => socket.resetAndDestroy());
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}

/** Whether a refusal has one of the two forms: a page of the gateway, or problem+json. */
export function isClearRefusal({
  status,
  headers,
  text,
}: Pick<ClientResponse, 'status' | 'headers' | 'text'>): boolean {
  const type = headers.get('Content-Type') ?? '';
  if (type.startsWith('application/problem+json')) {
    const problem = JSON.parse(text);
    return problem.status === status && /^https:\/\/fairgate\.dev\/problems\/[a-z-]+$/.test(problem.type);
  }
  return type.startsWith('text/html') && text.includes('id="fairgate"');
}

/** Visits a page until the origin responds, as a waiting page does, and once more: from then on the session is no more provisional. */
export async function enter(visitor: GateVisitor, path = '/'): Promise<ClientResponse> {
  const page = () =>
    until(
      () => visitor.page(path),
      ({ text }) => text.includes(MARKER),
    );
  await page();
  return page();
}
