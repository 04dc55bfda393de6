// What the welcome of `npm start` says about the origin: only what it answered to a stranger.

import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { freePort, listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { askOrigin, originSentence } from '../../scripts/lib/origin-check.ts';

it.each([
  [403, 'refuses requests that did not come through the gateway (status 403)'],
  [401, 'refuses requests that did not come through the gateway (status 401)'],
  [200, 'The origin answers everybody: status 200 without an admission token; see docs/origin.md'],
  [302, 'The origin answers everybody: status 302'],
  [404, 'The origin answers everybody: status 404'],
  [500, 'The origin answers everybody: status 500'],
])('status %i', async (status, expected) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['fairgate-admission'] ?? 'no token'}`);
    response.writeHead(status, { Location: '/elsewhere' }).end('x'.repeat(100_000));
  });
  const port = await listenOnLoopback(server);
  onTestFinished(() => void server.close().closeAllConnections());
  expect(originSentence(await askOrigin(`http://127.0.0.1:${port}`))).toContain(expected);
  expect(asked).toEqual(['GET / no token']);
});

it('a site that does not answer in time, or is not there, or is no web server, was not checked', async () => {
  const silent = createTcpServer(() => {});
  const other = createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n'));
  const ports = [await listenOnLoopback(silent), await freePort(), await listenOnLoopback(other)];
  onTestFinished(() => void [silent.close(), other.close()]);
  const reasons = [/nothing within 3 s/, /ECONNREFUSED/, /HTTP|other side closed|parse/i];
  for (const [index, port] of ports.entries()) {
    const sentence = originSentence(await askOrigin(`http://127.0.0.1:${port}`));
    expect(sentence).toContain('The origin does not answer (');
    expect(sentence).toMatch(reasons[index] ?? /^$/);
    expect(sentence).toContain('was not checked');
  }
});
