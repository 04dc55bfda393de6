// The bench's own load generator: every request is sent in its turn, and nothing that failed counts as answered.

import { createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { completeStatus, firstResponse, sendRaw } from '../../scripts/bench/node-load.ts';
import { rawRequest } from '../../scripts/bench/raw-request.ts';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** @returns the port, and the paths that were asked for, in order */
async function serve(answer: (path: string, socket: Socket) => void) {
  const paths: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const path = data.toString('latin1').split(' ')[1] ?? '';
      paths.push(path);
      answer(path, socket);
    });
  });
  servers.push(server);
  return { port: await listenOnLoopback(server), paths };
}

const requests = ['/0', '/1', '/2', '/3'].map((path) => rawRequest({ host: 'bench.test', path }));
const response = (status: number) => `HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nok`;

test('requests at a fixed rate are sent in turn, as many as the rate says', async () => {
  const { port, paths } = await serve((_, socket) => socket.write(response(200)));
  const result = await sendRaw(port, requests, { connections: 1, seconds: 1, perSecond: 20 });
  expect(result).toMatchObject({ sent: 20, failures: 0 });
  expect(result.latenciesMs).toHaveLength(20);
  expect(paths).toEqual(Array.from({ length: 20 }, (_, index) => `/${index % 4}`));
});

test('refusals and lost connections are failures', async () => {
  const { port } = await serve((path, socket) => {
    if (path === '/1') socket.write(response(503));
    else if (path === '/3') socket.destroy();
    else socket.write(response(200));
  });
  const result = await sendRaw(port, requests, { connections: 1, seconds: 1, perSecond: 4 });
  expect(result).toMatchObject({ sent: 4, failures: 2 });
});

test('a response counts when it is whole, and not before, however it arrives', async () => {
  const text = fc.stringMatching(/^[ -~]{0,80}$/);
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), text, fc.boolean(), (status, body, isChunked) => {
      const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
      const whole = isChunked
        ? `HTTP/1.1 ${status} X\r\nTransfer-Encoding: chunked\r\n\r\n${body === '' ? '0\r\n\r\n' : chunked}`
        : `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      for (let end = 0; end < whole.length; end++) expect(completeStatus(whole.slice(0, end))).toBe(null);
      expect(completeStatus(whole)).toBe(status);
    }),
  );
  const { port } = await serve((_, socket) => socket.write(response(201)));
  expect(await firstResponse(port, requests[0] ?? '')).toBe(response(201));
});
