// How long the origin and the client may take: the origin's time follows the progress of the request, a body that hardly moves is
// cut off.

import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BodyTooSlow } from '../../worker/http/request-body.ts';
import { pacedBody } from '../../worker/proxy/paced-body.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_PAGE, GateVisitor, until } from './visitor-client.ts';

let origin: RecordingOrigin;
let fairgate: Running;
let visitor: GateVisitor;

beforeAll(async () => {
  origin = await startRecordingOrigin();
  fairgate = await startFairgate({
    originUrl: origin.url,
    room: { originTimeoutSeconds: 2, policy: { totalActiveUsers: 10 } },
  });
  visitor = new GateVisitor(fairgate.gateway.port, 'demo');
  await until(
    () => visitor.page(),
    ({ text }) => text.includes(MARKER),
  );
});
afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
});

/** Posts chunks with pauses between them. @returns the status; null: the connection was closed without one */
function postSlowly(path: string, chunks: number, everyMs: number): Promise<number | null> {
  return new Promise((resolve) => {
    const { port } = fairgate.gateway;
    const headers = { Host: 'demo.test', Cookie: visitor.jar.header };
    const outgoing = request({ port, host: '127.0.0.1', path, method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    outgoing.on('error', () => resolve(null));
    const write = async () => {
      for (let index = 0; index < chunks && !outgoing.destroyed; index++) {
        outgoing.write('x'.repeat(1_000));
        await pause(everyMs);
      }
      outgoing.end();
    };
    void write();
  });
}

/** Posts a byte a second. @returns the status; null: the connection was closed without one */
function trickle(path: string, byte: string, fields: Record<string, string>): Promise<number | null> {
  return new Promise((resolve) => {
    const headers = { Host: 'demo.test', ...fields };
    const outgoing = request({ port: fairgate.gateway.port, host: '127.0.0.1', path, method: 'POST', headers });
    outgoing.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    outgoing.on('error', () => resolve(null));
    const timer = setInterval(() => outgoing.write(byte), 1_000);
    outgoing.on('close', () => clearInterval(timer));
  });
}

describe('the origin’s time', () => {
  it('is the room’s: a late header is 504, for scripts and pages, and the session goes on', async () => {
    origin.handlers.set('/late', () => {});
    const response = await visitor.send('/late', { headers: { Accept: 'application/vnd.app+json' } });
    expect([response.status, JSON.parse(response.text).type]).toEqual([
      504,
      'https://fairgate.dev/problems/origin-timeout',
    ]);
    expect(response.headers.get('Retry-After')).not.toBeNull();
    expect((await visitor.send('/late', { headers: AS_PAGE })).status).toBe(504);
    expect((await visitor.send('/next')).text).toContain(MARKER);
  });

  it('does not end a body that goes on for longer, and begins again with each part of it', async () => {
    expect(await postSlowly('/slow', 8, 600)).toBe(200);
    expect(origin.requests.at(-1)?.body).toHaveLength(8_000);
  });

  it('does not end a response that has begun', async () => {
    origin.handlers.set('/drip', async (_, response) => {
      response.writeHead(200);
      for (let index = 0; index < 4; index++) {
        response.write('x');
        await pause(1_000);
      }
      response.end(MARKER);
    });
    expect((await visitor.send('/drip')).text).toContain(MARKER);
  });
});

describe('the client’s time', () => {
  it.concurrent('a body of a byte now and then is cut off with 408, and the origin is told', async () => {
    let closed = false;
    origin.handlers.set('/trickle', (incoming) => {
      incoming.on('close', () => {
        closed = true;
      });
      incoming.on('error', () => {});
      incoming.resume();
    });
    const cut = trickle('/trickle', 'x', { Cookie: visitor.jar.header });
    expect(await cut).toBe(408);
    await until(
      async () => closed,
      (isClosed) => isClosed,
    );
  });

  it.concurrent('a body for the gateway itself, a byte now and then, is cut off with 408', async () => {
    const status = trickle('/_fairgate/rooms/demo/join', ' ', {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'Content-Length': '400',
    });
    expect(await status).toBe(408);
  });

  it.each([
    { name: 'nothing at all', chunks: [] as number[], everyMs: 0, isCut: true },
    { name: 'a byte a second', chunks: Array(60).fill(1), everyMs: 1_000, isCut: true },
    { name: '600 bytes a second for five minutes', chunks: Array(300).fill(600), everyMs: 1_000, isCut: false },
    { name: 'a megabyte at once, then nothing for two minutes', chunks: [1_000_000], everyMs: 120_000, isCut: true },
    { name: 'a megabyte at once, then nothing for 50 s', chunks: [1_000_000], everyMs: 50_000, isCut: false },
  ])('$name', async ({ chunks, everyMs, isCut }) => {
    vi.useFakeTimers();
    try {
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          for (const bytes of chunks) {
            controller.enqueue(new Uint8Array(bytes));
            await new Promise((resolve) => setTimeout(resolve, everyMs));
          }
          if (chunks.length > 0) controller.close();
        },
      });
      const paced = pacedBody(body, null, () => {});
      let result: unknown = 'sent';
      const sent = paced.sent.catch((error: unknown) => {
        result = error;
      });
      const drained = paced.body.pipeTo(new WritableStream()).catch(() => {});
      await vi.advanceTimersByTimeAsync(400_000);
      await Promise.all([sent, drained]);
      if (isCut) expect(result).toBeInstanceOf(BodyTooSlow);
      else expect(result).toBe('sent');
    } finally {
      vi.useRealTimers();
    }
  });
});
