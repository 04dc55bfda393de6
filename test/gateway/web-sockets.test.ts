// WebSockets between an admitted visitor and the origin, by both ways to it, with a WebSocket library at both ends: messages of
// every kind, subprotocols, pings, and how a connection ends.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { MARKER } from './recording-origin.ts';
import { roomInput } from './threat-site.ts';
import { enter, GateVisitor } from './visitor-client.ts';

const WAYS = { direct: { originHost: 'origin' }, connector: { originHost: 'visitor' } };

/** RFC 6455, 7.4.1 and 7.4.2: every code that an endpoint may send. */
const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4321, 4999];

const NO_CODE = 1005;
const INTERNAL_ERROR = 1011;

/** How a connection is closed. */
interface Code {
  code?: string;
  reason?: string;
}

let fairgate: Running;
const site = createServer((_, response) => response.end(MARKER));
const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered].at(-1) ?? false });
const visitors = new Map<string, GateVisitor>();
/** Handshakes that the origin got. */
const upgrades: IncomingMessage[] = [];
/** What the origin saw of a connection's end, by path. */
const ends = new Map<string, Promise<[number, Buffer]>>();

beforeAll(async () => {
  site.on('upgrade', (request, socket, head) => {
    upgrades.push(request);
    if (request.url?.startsWith('/refused')) {
      socket.end('HTTP/1.1 418 Refused\r\nContent-Length: 6\r\nX-Why: because\r\n\r\nrefuse');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (connection) => serve(connection, request));
  });
  const port = await listenOnLoopback(site);
  const url = `http://127.0.0.1:${port}`;
  fairgate = await startFairgate({
    originUrl: url,
    moreRooms: () => Object.entries(WAYS).map(([way, changes]) => roomInput(way, url, changes)),
  });
  for (const way of Object.keys(WAYS)) {
    const visitor = new GateVisitor(fairgate.gateway.port, way);
    visitors.set(way, visitor);
    await enter(visitor);
  }
});
afterAll(async () => {
  await fairgate?.stop();
  for (const connection of sockets.clients) connection.terminate();
  site.closeAllConnections();
  site.close();
});

/** Echoes messages with their kind; ends the connection where the address says so. */
function serve(connection: WebSocket, { url = '' }: IncomingMessage): void {
  const { pathname, searchParams } = new URL(url, 'http://site');
  ends.set(url, once(connection, 'close') as Promise<[number, Buffer]>);
  connection.on('error', () => {});
  connection.on('message', (data, isBinary) => connection.send(data, { binary: isBinary }));
  connection.on('ping', (data) => connection.send(`pinged ${data}`));
  connection.on('pong', (data) => connection.send(`ponged ${data}`));
  if (pathname === '/hello') connection.send('hello');
  if (pathname === '/ping') connection.ping('are you there');
  if (pathname === '/terminate') connection.once('message', () => connection.terminate());
  const [code, reason] = [searchParams.get('code'), searchParams.get('reason') ?? ''];
  if (pathname === '/close') connection.close(code === null ? undefined : Number(code), reason);
}

/** @param credentials by default the cookies of the admitted visitor */
function connectTo(
  way: string,
  path: string,
  protocols: string[] = [],
  credentials: Record<string, string> = { Cookie: visitors.get(way)?.jar.header ?? '' },
): WebSocket {
  const address = `ws://127.0.0.1:${fairgate.gateway.port}${path}`;
  const connection = new WebSocket(address, protocols, { headers: { Host: `${way}.test`, ...credentials } });
  connection.on('error', () => {});
  return connection;
}

async function open(way: string, path: string): Promise<WebSocket> {
  const connection = connectTo(way, path);
  await once(connection, 'open');
  return connection;
}

function nextMessage(connection: WebSocket): Promise<string> {
  return once(connection, 'message').then(([data]) => String(data));
}

describe.each(Object.keys(WAYS))('a WebSocket (%s)', (way) => {
  it('carries text and binary of every length, whole and in fragments, in order', async () => {
    const connection = await open(way, '/echo');
    const texts = ['', 'one', '둘', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(65_536), '😀'.repeat(262_144)];
    const binaries = [0, 1, 125, 126, 65_535, 65_536, 1_048_576].map((length) => randomBytes(length));
    const sent = [...texts, ...binaries].flatMap((message) => [message, message]);
    const received: (string | Buffer)[] = [];
    const all = new Promise<void>((resolve) => {
      connection.on('message', (data: Buffer, isBinary: boolean) => {
        received.push(isBinary ? data : data.toString());
        if (received.length === sent.length) resolve();
      });
    });
    for (const message of [...texts, ...binaries]) {
      const binary = typeof message !== 'string';
      connection.send(message, { binary });
      sendInFragments(connection, message);
    }
    await all;
    for (const [index, message] of sent.entries()) {
      const got = received[index] ?? '';
      expect([index, typeof got]).toEqual([index, typeof message]);
      expect(Buffer.from(got).equals(Buffer.from(message))).toBe(true);
    }
    connection.close();
  });

  it('gets what the origin sends at once, in the subprotocol that the origin chose, or none', async () => {
    const [chosen, none] = [connectTo(way, '/hello', ['chat.v1', 'chat.v2']), connectTo(way, '/hello')];
    expect(await Promise.all([chosen, none].map(nextMessage))).toEqual(['hello', 'hello']);
    expect([chosen.protocol, none.protocol]).toEqual(['chat.v2', '']);
    chosen.close();
    none.close();
  });

  it('answers pings on both sides', async () => {
    const connection = await open(way, '/echo');
    const pong = once(connection, 'pong');
    connection.ping('still here');
    expect(String(await pong)).toBe('still here');
    expect(await nextMessage(connectTo(way, '/ping'))).toBe('ponged are you there');
    connection.close();
  });

  it.each([
    ['the origin', async (code: Code) => once(connectTo(way, `/close?${new URLSearchParams({ ...code })}`), 'close')],
    [
      'the visitor',
      async ({ code, reason }: Code) => {
        const path = `/echo?${way}-${code}`;
        const connection = await open(way, path);
        if (code === undefined) connection.close();
        else connection.close(Number(code), reason);
        return ends.get(path) ?? [];
      },
    ],
  ])('closed by %s is closed with the same code and reason on the other side, or without one', async (_, close) => {
    const codes: Code[] = [...CODES.map((code) => ({ code: String(code), reason: `이유 ${code}` })), {}];
    const expected = codes.map(({ code, reason = '' }) => `${code ?? NO_CODE} ${reason}`);
    const got = await Promise.all(codes.map(close));
    expect(got.map((end) => end.map(String).join(' '))).toEqual(expected);
  });

  it('lost on one side is closed with 1011 on the other', async () => {
    const byOrigin = await open(way, '/terminate');
    const end = once(byOrigin, 'close');
    byOrigin.send('now');
    const path = `/echo?${way}-lost`;
    (await open(way, path)).terminate();
    expect([(await end)[0], (await ends.get(path))?.[0]]).toEqual([INTERNAL_ERROR, INTERNAL_ERROR]);
  });

  it('that the origin refuses gets the origin’s response', async () => {
    const [, response] = await once(connectTo(way, '/refused'), 'unexpected-response');
    expect([response.statusCode, response.headers['x-why']]).toEqual([418, 'because']);
    expect(await text(response)).toBe('refuse');
  });

  it('is refused without admission, and the origin gets no request', async () => {
    const before = upgrades.length;
    const stranger = connectTo(way, '/echo', [], {});
    const [, response] = await once(stranger, 'unexpected-response');
    expect([response.statusCode, response.headers['content-type']]).toEqual([403, 'application/problem+json']);
    expect(upgrades.length).toBe(before);
  });

  it('of an app is admitted by its Bearer token, and the origin gets the admission without the gateway’s credentials', async () => {
    const token = visitors.get(way)?.admissionToken ?? '';
    for (const credentials of [{ Authorization: `Bearer ${token}` }, { Cookie: visitors.get(way)?.jar.header ?? '' }]) {
      const before = upgrades.length;
      const connection = connectTo(way, '/hello', [], credentials);
      expect(await nextMessage(connection)).toBe('hello');
      const [upgrade] = upgrades.slice(before);
      expect(upgrade?.headers['fairgate-admission']).toBe(token);
      expect(upgrade?.headers).not.toHaveProperty('authorization');
      expect(upgrade?.headers).not.toHaveProperty('cookie');
      connection.close();
    }
  });
});

/** With a ping between fragments; a cut within a character is allowed (RFC 6455, 5.4 and 5.6). */
function sendInFragments(connection: WebSocket, message: string | Buffer): void {
  const bytes = Buffer.from(message);
  const cuts = [0, 1, 2, Math.max(2, bytes.length - 1)];
  for (const [index, cut] of cuts.entries()) {
    const fin = index === cuts.length - 1;
    const fragment = bytes.subarray(cut, fin ? undefined : cuts[index + 1]);
    connection.send(fragment, { binary: typeof message !== 'string', fin });
    connection.ping('between');
  }
}
