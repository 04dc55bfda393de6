// Request smuggling (RFC 9112, 11.2): some 600 probes, each of which hides a second request, sent to the gateway alone and behind nginx and
// HAProxy, by strangers and by an admitted visitor. The origin takes only requests that every server reads alike.

import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';
import {
  type ByteExactOrigin,
  type ExactRequest,
  fieldOf,
  responseText,
  startByteExactOrigin,
} from './byte-exact-origin.ts';
import { LENIENT_NAMES, startLenientFront } from './front-proxies.ts';
import { MARKER } from './recording-origin.ts';
import type { ServerProcess } from './server-process.ts';
import { PROBES } from './smuggling-probes.ts';
import { roomInput } from './threat-site.ts';
import { enter, GateVisitor, send } from './visitor-client.ts';

const HOST = 'site.test';
const HIDDEN = '/book/secret';

/** After so long without a byte, a probe has had its answer or waits for more; the next visitor's answer is waited for as well. */
const SILENCE_MS = 40;
/** Within the requests that one admission may have at a time. */
const AT_ONCE = 32;

let origin: ByteExactOrigin;
let fairgate: Running;
let inside: GateVisitor;
const fronts: ServerProcess[] = [];
const ports = new Map<string, number>();

beforeAll(async () => {
  origin = await startByteExactOrigin(({ method, target }) => {
    const response = responseText(`${MARKER} ${target}\n`);
    return method === 'HEAD' ? response.slice(0, response.indexOf('\r\n\r\n') + 4) : response;
  });
  fairgate = await startFairgate({
    trustedProxies: '127.0.0.1',
    room: { hosts: ['demo.test'] },
    moreRooms: () => [roomInput('site', origin.url, { paths: ['/book'], outside: 'pass' })],
  });
  ports.set('alone', fairgate.gateway.port);
  for (const name of LENIENT_NAMES) {
    const front = await startLenientFront(name, fairgate.gateway.port);
    fronts.push(front);
    ports.set(name, front.port);
  }
  inside = new GateVisitor(fairgate.gateway.port, 'site');
  await enter(inside, '/book');
});

afterAll(async () => {
  await Promise.all(fronts.map((front) => front.stop()));
  await fairgate?.stop();
  await origin?.close();
});

interface Client {
  /** Below it lies what the client asks for. */
  path: string;
  isInside: boolean;
}

const CLIENTS: Record<string, Client> = {
  'a stranger outside of the room': { path: '/open', isInside: false },
  'a stranger in the room': { path: '/book', isInside: false },
  'an admitted visitor': { path: '/book', isInside: true },
};

/** Sends the bytes. @returns what has come back so far, once the connection is closed or silent */
function sendBytes(port: number, bytes: string): Promise<{ socket: Socket; received: () => string }> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const done = () => resolve({ socket, received: () => received });
    socket.setTimeout(SILENCE_MS, done);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => {}); // ECONNRESET: refused before all of it was read
    socket.on('close', done);
  });
}

/** The targets that the origin's answers in these bytes are for. */
function answered(received: string): string[] {
  return [...received.matchAll(new RegExp(`${MARKER} (.*)`, 'g'))].map(([, target = '']) => target);
}

/** Runs all of them, some at once. */
async function forEach<T>(items: readonly T[], run: (item: T, index: number) => Promise<void>): Promise<void> {
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) await run(item, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const WAYS = ['alone', ...LENIENT_NAMES];
/** In the room, strangers are refused by the gateway whatever is in front of it: they come to it alone. */
function attemptsOf(way: string) {
  return Object.entries(CLIENTS)
    .filter(([, { path, isInside }]) => way === 'alone' || path === '/open' || isInside)
    .flatMap(([client, facts]) => PROBES.map((probe) => ({ client, probe, ...facts })));
}

it.each(WAYS)(
  'a hidden request does not reach the origin, nor an answer another visitor, by any probe of any client: %s',
  { concurrent: true, timeout: 120_000 },
  async (way) => {
    const port = ports.get(way) ?? 0;
    const attempts = attemptsOf(way);
    const id = (index: number) => `${way}-${index}.`;
    const next = (index: number) => `/open/next/${index}.${way}`;
    const failures: string[] = [];
    let forwarded = 0;
    await forEach(attempts, async ({ client, path, isInside, probe }, index) => {
      const fails = (why: string, what: unknown) =>
        failures.push(`${client}, ${probe.name}: ${why}: ${JSON.stringify(what)}`);
      const hidden = `GET ${HIDDEN}?${id(index)} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
      const fields = isInside ? `Cookie: ${inside.jar.header}\r\n` : '';
      const bytes = probe.bytes({ target: `${path}/${id(index)}`, host: HOST, fields, hidden });
      const { socket, received } = await sendBytes(port, bytes);
      // The next visitor, on another connection, gets the answer to their own request.
      const { text } = await send(port, next(index), { host: HOST });
      if (text !== `${MARKER} ${next(index)}\n`) fails('the next visitor got', text);
      socket.destroy();
      const answers = answered(received());
      if (answers.length > 1 || answers.some((target) => !target.includes(`${path}/${id(index)}`)))
        fails('got', answers);
      forwarded += answers.length;
    });
    expect(failures).toEqual([]);
    // Of strangers in the room the origin has not got one byte, wherever requests begin and end in what it got.
    const bytes = Buffer.concat(origin.received.flat()).toString('latin1');
    const mentioned = new Set(bytes.match(new RegExp(`${way}-\\d+\\.`, 'g')));
    const strangers = attempts.map(({ path, isInside }, index) => (path === '/book' && !isInside ? id(index) : null));
    expect(strangers.filter((each) => each !== null && mentioned.has(each))).toEqual([]);
    // What arrived was admitted, or asked for an open path; and each once.
    const arrived = origin.requests.filter(({ target }) => target.includes(way));
    const admitted = (request: ExactRequest) => fieldOf(request, 'fairgate-admission') !== undefined;
    expect(arrived.filter((request) => !isOpen(request) && !admitted(request))).toEqual([]);
    expect(arrived.filter(({ target }) => target.includes(HIDDEN))).toEqual([]);
    expect(new Set(arrived.map(({ target }) => target)).size).toBe(arrived.length);
    expect(origin.faults).toEqual([]);
    // Some probes are harmless: the others do not pass because nothing does.
    expect(forwarded).toBeGreaterThan(attempts.length / 20);
  },
);

function isOpen({ target }: ExactRequest): boolean {
  return target.includes('/open/') && !target.includes('/book');
}
