// Bodies of any size at flat memory: the receiver of an upload or a download reads nothing until the sender has stalled, and the
// gateway's memory has not grown by more than its buffers. With 500 MB: `TRANSFER_MB=500 npm exec -- vitest run
// test/gateway/large-bodies.test.ts`.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { MARKER } from './recording-origin.ts';
import { roomInput } from './threat-site.ts';
import { enter, GateVisitor } from './visitor-client.ts';

const MEGABYTE = 1_048_576;
/** More than two sockets on the way hold (32 MB received and 4 MB sent each, as Debian's kernel allows) and the gateway may. */
const TRANSFER_BYTES = Number(process.env['TRANSFER_MB'] ?? 112) * MEGABYTE;
const TRANSFER_MS_MAX = 120_000;

/** While the receiver reads nothing. What the sockets on the way hold is not in the gateway's process. */
const HELD_BYTES_MAX = 32 * MEGABYTE;
/** Over a whole transfer: the runtime collects the chunks that it has sent on when it has this many, however many follow. */
const GARBAGE_BYTES_MAX = 200 * MEGABYTE;
/** A sender that got rid of nothing for so long waits for the receiver. */
const STALL_MS = 250;

const WAYS = { direct: { originHost: 'origin' }, connector: { originHost: 'visitor' } };

const PART = Buffer.alloc(MEGABYTE, 'reservation ');
const DIGEST = digestOf(function* () {
  for (let sent = 0; sent < TRANSFER_BYTES; sent += PART.length) yield PART;
});

function digestOf(parts: () => Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const part of parts()) hash.update(part);
  return hash.digest('hex');
}

/** The two ends of one transfer, whichever of them sends. */
interface Transfer {
  sender: ServerResponse | ClientRequest;
  receiver: Promise<IncomingMessage>;
  /** The response to an upload has come. */
  answered?: Promise<unknown>;
}

let fairgate: Running;
let serve: (request: IncomingMessage, response: ServerResponse) => void;
const site = createServer((received, response) => {
  if (received.url === '/transfer') serve(received, response);
  else response.end(MARKER);
});
const visitors = new Map<string, GateVisitor>();

beforeAll(async () => {
  const url = `http://127.0.0.1:${await listenOnLoopback(site)}`;
  fairgate = await startFairgate({
    originUrl: url,
    moreRooms: () => Object.entries(WAYS).map(([way, changes]) => roomInput(way, url, changes)),
  });
  for (const way of Object.keys(WAYS)) {
    const visitor = new GateVisitor(fairgate.gateway.port, way);
    await enter(visitor);
    visitors.set(way, visitor);
  }
});
afterAll(async () => {
  await fairgate?.stop();
  site.closeAllConnections();
  site.close();
});

function gatewayMemory(): { resident: number; peak: number } {
  const status = readFileSync(`/proc/${fairgate.gateway.process.pid}/status`, 'utf8');
  const bytes = (name: string) => 1_024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { resident: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** Lets the peak begin at what is resident now (proc(5)). */
function resetPeak(): void {
  writeFileSync(`/proc/${fairgate.gateway.process.pid}/clear_refs`, '5');
}

function ask(way: string, method: string, headers: Record<string, string>): ClientRequest {
  const cookie = visitors.get(way)?.jar.header ?? '';
  return request({
    port: fairgate.gateway.port,
    path: '/transfer',
    method,
    headers: { Host: `${way}.test`, Cookie: cookie, ...headers },
  });
}

async function download(way: string, headers: Record<string, string>): Promise<Transfer> {
  const sender = new Promise<ServerResponse>((resolve) => {
    serve = (_, response) => resolve(response.writeHead(200, headers));
  });
  const receiver = once(ask(way, 'GET', {}).end(), 'response').then(([response]) => response);
  return { sender: await sender, receiver };
}

async function upload(way: string, headers: Record<string, string>): Promise<Transfer> {
  const receiver = new Promise<IncomingMessage>((resolve) => {
    serve = (received, response) => {
      received.on('end', () => response.end());
      resolve(received);
    };
  });
  const sender = ask(way, 'POST', headers);
  const answered = once(sender, 'response').then(([response]) => once(response.resume(), 'end'));
  return { sender, receiver, answered };
}

async function sendAll(sender: Transfer['sender'], sent: (bytes: number) => void): Promise<void> {
  for (let bytes = PART.length; bytes <= TRANSFER_BYTES; bytes += PART.length) {
    if (!sender.write(PART)) await once(sender, 'drain');
    sent(bytes);
  }
  sender.end();
}

const LENGTH = { 'Content-Length': String(TRANSFER_BYTES) };

describe('a body of any size arrives whole, and waits for its receiver outside of the gateway’s memory:', () => {
  it.each([
    ['a download with a length, by the connector', () => download('connector', LENGTH)],
    ['a download in chunks', () => download('direct', {})],
    ['a compressed download', () => download('direct', { ...LENGTH, 'Content-Encoding': 'gzip' })],
    ['an upload with a length', () => upload('direct', LENGTH)],
    ['an upload in chunks, by the connector', () => upload('connector', { 'Transfer-Encoding': 'chunked' })],
  ])(
    '%s',
    async (_, begin) => {
      resetPeak();
      const before = gatewayMemory().resident;
      const { sender, receiver, answered } = await begin();
      let sent = 0;
      const allSent = sendAll(sender, (bytes) => {
        sent = bytes;
      });
      for (let seen = -1; seen !== sent; ) {
        seen = sent;
        await pause(STALL_MS);
      }
      expect(sent).toBeLessThan(TRANSFER_BYTES);
      expect(gatewayMemory().resident - before).toBeLessThan(HELD_BYTES_MAX);
      const hash = createHash('sha256');
      for await (const chunk of await receiver) hash.update(chunk);
      await Promise.all([allSent, answered]);
      expect(hash.digest('hex')).toBe(DIGEST);
      expect(gatewayMemory().peak - before).toBeLessThan(GARBAGE_BYTES_MAX);
    },
    TRANSFER_MS_MAX,
  );
});
