// Responses that go on end with the session: event streams, downloads and WebSockets, over HTTP against the running gateway;
// and how an open stream extends its session, in this process with a manual clock.

import { once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, InProcessVisitor, startInProcess } from './in-process.ts';
import { useSite } from './threat-site.ts';
import { enter, type GateVisitor, until } from './visitor-client.ts';
import { acceptSocket, handshake } from './web-socket.ts';

/** A session that ends is refused everywhere within 3 s, and noticed by a stream a second later. */
const CUT_MS_MAX = 6_000;

const site = useSite('open');

interface OpenStream {
  bytes(): number;
  closed: Promise<'ended' | 'aborted'>;
}

/** Requests a path that the origin answers without end. */
async function openStream(visitor: GateVisitor, path: string): Promise<OpenStream> {
  const headers = { Host: 'open.test', Cookie: visitor.jar.header };
  const outgoing = request({ port: site.port, host: '127.0.0.1', path, headers }).end();
  const [incoming] = await once(outgoing, 'response');
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  incoming.on('error', () => {});
  const closed = new Promise<'ended' | 'aborted'>((resolve) => {
    incoming.on('close', () => resolve(incoming.complete ? 'ended' : 'aborted'));
  });
  await until(
    async () => bytes,
    (received) => received > 0,
    { everyMs: 20 },
  );
  return { bytes: () => bytes, closed };
}

const within = <T>(promise: Promise<T>, ms: number) =>
  Promise.race([promise, new Promise<'still open'>((resolve) => setTimeout(resolve, ms, 'still open'))]);

function sendForever(headers: Record<string, string>): void {
  site.origin.handlers.set('/forever', (_, response) => {
    response.writeHead(200, headers);
    const timer = setInterval(() => response.write(`data: ${'x'.repeat(64)}\n\n`), 50);
    response.on('close', () => clearInterval(timer));
  });
}

describe('a response without end', () => {
  it.each([
    ['an event stream', { 'Content-Type': 'text/event-stream' }],
    ['a download', { 'Content-Type': 'application/octet-stream', 'Content-Length': '2000000000' }],
    // Sites set the first two to keep proxies from compressing a stream; the runtime does not decode the others either.
    ['a stream with the content coding none', { 'Content-Encoding': 'none' }],
    ['a stream with the content coding identity', { 'Content-Encoding': 'identity' }],
    ['a stream with the content coding zstd', { 'Content-Encoding': 'zstd' }],
    ['a stream with the content coding GZIP', { 'Content-Encoding': 'GZIP' }],
  ])('%s is cut off when its visitor leaves, and not before', async (_, headers) => {
    const visitor = site.visitor('open');
    await enter(visitor);
    sendForever(headers);
    const stream = await openStream(visitor, '/forever');
    expect(await within(stream.closed, 2_500)).toBe('still open');
    const before = stream.bytes();
    await visitor.act('leave');
    expect(await within(stream.closed, CUT_MS_MAX)).toBe('aborted');
    expect(before).toBeGreaterThan(1_000);
  });

  it('is sent whole where it is the response by which the origin ends the session', async () => {
    const visitor = site.visitor('open');
    await enter(visitor);
    site.origin.handlers.set('/confirmation', async (_, response) => {
      response.writeHead(200, { 'Fairgate-Command': 'complete' });
      for (let part = 0; part < 5; part++) {
        response.write('booked ');
        await new Promise((resolve) => setTimeout(resolve, 800));
      }
      response.end('until the end');
    });
    const { text } = await visitor.send('/confirmation');
    expect(text).toBe(`${'booked '.repeat(5)}until the end`);
  });
});

describe('a WebSocket', () => {
  it('is closed with code 1008 when its visitor leaves, and not before', async () => {
    const visitor = site.visitor('open');
    await enter(visitor);
    site.origin.onUpgrade = acceptSocket;
    const socket = connect(site.port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => {});
    socket.write(handshake('/socket', 'open.test', `Cookie: ${visitor.jar.header}\r\n`));
    const closeFrame = () => {
      const bytes = Buffer.concat(received);
      const frames = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
      return frames[0] === 0x88 ? frames.readUInt16BE(2) : null;
    };
    await until(
      async () => Buffer.concat(received).toString('latin1'),
      (text) => text.includes('\r\n\r\n'),
      { everyMs: 20 },
    );
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(closeFrame()).toBeNull();
    await visitor.act('leave');
    expect(
      await until(
        async () => closeFrame(),
        (code) => code !== null,
        { msMax: CUT_MS_MAX },
      ),
    ).toBe(1008);
    socket.destroy();
  });
});

describe('an open stream', () => {
  let keys: SigningKeys;
  beforeAll(async () => {
    keys = { keys: [await newSigningKey(0)] };
  });

  async function streaming(
    policy: object,
  ): Promise<{ gateway: InProcessGateway; visitor: InProcessVisitor; read: () => Promise<boolean> }> {
    const fetchOrigin = async (forwarded: Request) => {
      if (!forwarded.url.endsWith('/forever')) return new Response('inside');
      let timer: ReturnType<typeof setInterval>;
      const body = new ReadableStream({
        start: (controller) => {
          timer = setInterval(() => controller.enqueue(new TextEncoder().encode('x')), 50);
        },
        cancel: () => clearInterval(timer),
      });
      return new Response(body);
    };
    const room = { policy: { sessionMinutes: 1, sessionTotalMinutes: 2, ...policy } };
    const gateway = await startInProcess({ keys, room, fetchOrigin });
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.clock.advance(1_000);
    const visitor = new InProcessVisitor(gateway);
    await visitor.page();
    await visitor.page();
    const reader = (await visitor.send('/forever')).body?.getReader();
    const read = async () => {
      try {
        return (await reader?.read())?.done === false;
      } catch {
        return false;
      }
    };
    return { gateway, visitor, read };
  }

  /** Reads for a while, and more than a check of the session takes. @returns whether the stream is still open */
  async function readFor(read: () => Promise<boolean>, ms = 2_500): Promise<boolean> {
    const end = performance.now() + ms;
    while (performance.now() < end) if (!(await read())) return false;
    return true;
  }

  it('extends its session where activity does, to the absolute end and no further', async () => {
    const { gateway, read } = await streaming({ sessionRenewal: true });
    gateway.clock.advance(40_000);
    expect(await readFor(read)).toBe(true);
    expect(gateway.store.applied.filter((kind) => kind === 'renew').length).toBeGreaterThanOrEqual(2);
    // Past the first end of the session, in its second half again.
    gateway.clock.advance(40_000);
    expect(await readFor(read)).toBe(true);
    gateway.clock.advance(45_000);
    expect(await readFor(read)).toBe(false);
  });

  it('ends with its session where activity does not extend one', async () => {
    const { gateway, read } = await streaming({ sessionRenewal: false });
    gateway.clock.advance(40_000);
    expect(await readFor(read)).toBe(true);
    gateway.clock.advance(25_000);
    expect(await readFor(read)).toBe(false);
  });
});

describe('the requests that a session may have at a time', () => {
  const answers: Record<string, (response: ServerResponse) => void> = {
    '/chunks': (response) => {
      response.writeHead(200).write('a'.repeat(5_000));
      response.end('b');
    },
    '/coded': (response) => void response.writeHead(200, { 'Content-Encoding': 'zstd' }).end('x'.repeat(100)),
    '/empty': (response) => void response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(),
    '/long': (response) => void response.writeHead(200, { 'Content-Length': '2000000' }).end('y'.repeat(2_000_000)),
  };

  it.each([
    ...Object.keys(answers).flatMap((path) => [
      ['GET', path],
      ['HEAD', path],
    ]),
    ['WebSocket', '/socket'],
    ['cut off by the client', '/forever'],
  ])('are free again after each of 140, one after the other: %s %s', async (method, path) => {
    const visitor = site.visitor('open');
    await enter(visitor);
    const answer = answers[path];
    if (answer !== undefined) site.origin.handlers.set(path, (_, response) => answer(response));
    sendForever({ 'Content-Type': 'text/event-stream' });
    const statuses = new Set<number>();
    for (let times = 0; times < 140; times++) statuses.add(await statusOf(visitor, method, path));
    // The runtime notices in its own time that a client has gone.
    await until(
      async () => (await visitor.send('/chunks-after')).status,
      (status) => status === 200,
    );
    expect([...statuses].filter((status) => status !== 429 || method !== 'cut off by the client')).toEqual([
      method === 'WebSocket' ? 101 : 200,
    ]);
    await visitor.act('leave');
  });

  async function statusOf(visitor: GateVisitor, method: string, path: string): Promise<number> {
    const headers = { Host: 'open.test', Cookie: visitor.jar.header };
    if (method === 'GET' || method === 'HEAD') return (await visitor.send(path, { method })).status;
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const isSocket = method === 'WebSocket';
    const fields = isSocket ? { ...headers, ...upgrade, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } : headers;
    const outgoing = request({ port: site.port, host: '127.0.0.1', path, headers: fields }).end();
    outgoing.on('error', () => {});
    const [incoming, socket] = await once(outgoing, isSocket ? 'upgrade' : 'response');
    (socket ?? incoming).destroy();
    return incoming.statusCode;
  }
});
