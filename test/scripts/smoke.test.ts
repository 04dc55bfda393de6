// `npm run smoke`: against a gateway on workerd everything is right and no place is taken; against a server that is wrong in one way, exactly
// that is said.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { type Running, startFairgate } from '../running-gateway.ts';

const SMOKE = join(resolve(import.meta.dirname, '../..'), 'scripts/smoke.ts');

let fairgate: Running;
beforeAll(async () => {
  fairgate = await startFairgate();
});
afterAll(() => fairgate?.stop());

async function smoke(...args: string[]) {
  const child = spawn(process.execPath, [SMOKE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return {
    code,
    lines: output.trim().split('\n'),
    wrong: output.split('\n').filter((line) => line.startsWith('WRONG')),
  };
}

it('a gateway that stands: nothing is wrong, the site refuses, and nobody has taken a place', async () => {
  const numbers = async () => {
    const { issued, entries, active } = (await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json()) as {
      issued: number;
      entries: number;
      active: number;
    };
    return { issued, entries, active };
  };
  const before = await numbers();
  const { code, lines, wrong } = await smoke(
    fairgate.url,
    '--room',
    'demo',
    '--path',
    '/book',
    '--origin',
    fairgate.origin.url,
  );
  expect([code, wrong]).toEqual([0, []]);
  expect(lines.at(-1)).toBe('The gate stands.');
  expect(lines.join('\n')).toContain(`The site itself (${fairgate.origin.url}) refuses a stranger (403).`);
  expect(await numbers()).toEqual(before);
});

it('a room that is not there, and an address where nothing answers', async () => {
  const other = await smoke(fairgate.url, '--room', 'other');
  expect([other.code, other.wrong.length]).toEqual([1, 1]);
  expect(other.wrong[0]).toContain('Room "other"');
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  expect((await smoke(`http://127.0.0.1:${port}`)).code).toBe(2);
  expect((await smoke('booking.example')).code).toBe(2);
});

/** The gateway, but for what this answers itself. */
async function wrongIn(answer: (request: IncomingMessage, response: ServerResponse) => boolean): Promise<string> {
  const server = createServer(async (request, response) => {
    if (answer(request, response)) return;
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        ([name, value]) => typeof value === 'string' && !/^(?:host|connection)$/.test(name),
      ),
    ) as Record<string, string>;
    const real = await fetch(`${fairgate.url}${request.url}`, { headers, redirect: 'manual' });
    const fields = [...real.headers].filter(
      ([name]) => !/^(?:content-encoding|content-length|transfer-encoding)$/.test(name),
    );
    response.writeHead(real.status, Object.fromEntries(fields)).end(await real.text());
  });
  const port = await listenOnLoopback(server);
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${port}`;
}

const site = (response: ServerResponse) => {
  response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Book</h1>');
  return true;
};

describe('a deployment that is wrong in one way', () => {
  it.each<[string, (request: IncomingMessage, response: ServerResponse) => boolean, number, RegExp]>([
    [
      'the site answers everybody',
      ({ url }, response) => url === '/book' && site(response),
      5,
      /the gate does not stand before it/,
    ],
    [
      'a forged token in cookies is believed',
      ({ url, headers }, response) => url === '/book' && (headers.cookie ?? '').includes('admission') && site(response),
      1,
      /with a forged token in cookies answers 200/,
    ],
    [
      'a client may set the gateway’s header',
      ({ url, headers }, response) => url === '/book' && headers['fairgate-admission'] !== undefined && site(response),
      1,
      /only the gateway may set answers 200/,
    ],
    [
      'there are no keys',
      ({ url }, response) => url === '/.well-known/jwks.json' && !response.writeHead(404).end().writableAborted,
      1,
      /no site can check a token/,
    ],
    [
      'the keys are private ones',
      ({ url }, response) => {
        if (url !== '/.well-known/jwks.json') return false;
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"keys":[{"kty":"EC","d":"x"}]}');
        return true;
      },
      1,
      /contain a private one/,
    ],
    [
      'the numbers are old',
      ({ url }, response) => {
        if (url?.endsWith('/board') !== true) return false;
        const now = Date.now();
        const board = {
          state: 'open',
          asOf: new Date(now - 60_000).toISOString(),
          serverTime: new Date(now).toISOString(),
        };
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(board));
        return true;
      },
      1,
      /numbers are 60 s old/,
    ],
  ])('%s', async (_, answer, count, sentence) => {
    const { code, wrong } = await smoke(await wrongIn(answer), '--room', 'demo', '--path', '/book');
    expect(code).toBe(1);
    expect(wrong.length).toBe(count);
    expect(wrong.join('\n')).toMatch(sentence);
  });

  it('the site’s own address answers strangers', async () => {
    const open = createServer((_, response) => void site(response));
    const port = await listenOnLoopback(open);
    onTestFinished(() => void open.close().closeAllConnections());
    const { code, wrong } = await smoke(
      fairgate.url,
      '--room',
      'demo',
      '--path',
      '/book',
      '--origin',
      `http://127.0.0.1:${port}`,
    );
    expect([code, wrong.length]).toEqual([1, 1]);
    expect(wrong[0]).toContain('passes the line');
  });
});
