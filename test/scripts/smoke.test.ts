// `npm run smoke`: against a gateway on workerd everything is right and no place is taken; against a server that is wrong in one way, exactly
// that is said.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { smokeFindings } from '../../scripts/smoke/ask-deployment.ts';
import { FORGERIES } from '../../scripts/smoke/gate-findings.ts';
import { makeCertificate } from '../gateway/front-proxies.ts';
import { type Running, startFairgate } from '../running-gateway.ts';

const SMOKE = join(resolve(import.meta.dirname, '../..'), 'scripts/smoke.ts');

let fairgate: Running;
beforeAll(async () => {
  fairgate = await startFairgate();
});
afterAll(() => fairgate?.stop());

/** @param env further variables of the command */
async function smoke(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [SMOKE, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
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
  const { code, lines, wrong } = await smoke([
    fairgate.url,
    '--room',
    'demo',
    '--path',
    '/book',
    '--origin',
    fairgate.origin.url,
  ]);
  expect([code, wrong]).toEqual([0, []]);
  expect(lines.at(-1)).toBe('The gate stands.');
  expect(lines.join('\n')).toContain(
    `The site itself (${fairgate.origin.url}) refuses a stranger at /book, also with forged tokens (403).`,
  );
  expect(await numbers()).toEqual(before);
});

it('a room that is not there, and an address where nothing answers', async () => {
  const other = await smoke([fairgate.url, '--room', 'other']);
  expect([other.code, other.wrong.length]).toEqual([1, 1]);
  expect(other.wrong[0]).toContain('Room "other"');
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  expect((await smoke([`http://127.0.0.1:${port}`])).code).toBe(2);
  expect((await smoke(['booking.example'])).code).toBe(2);
});

type Answering = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The gateway, but for what this answers itself. */
function gatewayBut(answer: Answering): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
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
  };
}

async function served(server: Server): Promise<string> {
  const port = await listenOnLoopback(server);
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${port}`;
}

const serving = (answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> =>
  served(createServer((request, response) => void answer(request, response)));

async function wrongIn(url: string, more: { origins?: string[]; closed?: string[]; consoleUrl?: string } = {}) {
  const { origins = [], closed = [], consoleUrl = null } = more;
  const audience = 'urn:fairgate:origin:demo';
  const findings = await smokeFindings({
    ...{ url, room: 'demo', paths: ['/book'], audience, origins, closed, consoleUrl },
  });
  if (findings.kind === 'unasked') throw new Error(findings.reason);
  return findings.all.filter(({ kind }) => kind === 'wrong').map(({ text }) => text);
}

const site = (response: ServerResponse) => {
  response
    .writeHead(200, { 'Content-Type': 'text/html', 'Cache-Control': 'no-store' })
    .end('<h1>Book</h1><a href="/_fairgate/rooms/demo/wait">');
  return true;
};

const header = (name: string, value: string | null): Answering => {
  return ({ url }, response) => {
    if (url !== '/book') return false;
    const { writeHead } = response;
    const changed = (status: number, fields: Record<string, string>) => {
      const others = Object.entries(fields).filter(([field]) => field !== name.toLowerCase());
      return writeHead.call(response, status, Object.fromEntries(value === null ? others : [...others, [name, value]]));
    };
    response.writeHead = changed as typeof writeHead;
    return false;
  };
};

const boardAt = (asOf: number, serverTime: number): Answering => {
  return ({ url }, response) => {
    if (url?.endsWith('/board') !== true) return false;
    const [now, iso] = [Date.now(), (ms: number) => new Date(ms).toISOString()];
    const board = { epoch: 1, state: 'open', asOf: iso(now + asOf), serverTime: iso(now + serverTime) };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(board));
    return true;
  };
};

const answersAt = (path: string, status: number, body = '', fields: Record<string, string> = {}): Answering => {
  return ({ url }, response) => {
    if (url !== path) return false;
    response.writeHead(status, fields).end(body);
    return true;
  };
};

const keys = (key: object) => JSON.stringify({ keys: [{ kty: 'EC', kid: 'x', ...key }] });

describe('a deployment that is wrong in one way', () => {
  it.each<[string, Answering, number, RegExp]>([
    [
      'the site answers everybody',
      ({ url }, response) => url === '/book' && site(response),
      5,
      /does not stand before/,
    ],
    [
      'the site answers those who open a page, with the gateway’s addresses in it',
      ({ url, headers }, response) => url === '/book' && headers.accept === 'text/html' && site(response),
      1,
      /gets 200, and not the gateway’s page/,
    ],
    ['another server refuses', answersAt('/book', 403, 'no'), 6, /not with the gateway's refusal/],
    ['there are no keys', answersAt('/.well-known/jwks.json', 404), 1, /no site can check a token/],
    [
      'the keys are private ones',
      answersAt('/.well-known/jwks.json', 200, keys({ d: 'x' })),
      1,
      /contain a private one/,
    ],
    ['the keys are never kept', answersAt('/.well-known/jwks.json', 200, keys({})), 1, /again and again/],
    [
      'the keys are kept for a day',
      answersAt('/.well-known/jwks.json', 200, keys({}), { 'Cache-Control': 'public, max-age=86400' }),
      1,
      /refuse everybody/,
    ],
    ['the numbers are old', boardAt(-60_000, 0), 1, /numbers are 60 s old/],
    ['the clock is ahead', boardAt(40_000, 40_000), 1, /40 s from this machine's, and tokens tolerate 30 s/],
    ['the clock is behind, or the board from a cache', boardAt(-40_000, -40_000), 1, /-40 s from this machine's/],
    ['refusals may be kept', header('Cache-Control', 'public, max-age=60'), 1, /instead of no-store/],
    ['refusals come from a cache', header('Age', '12'), 1, /came from a cache \(Age: 12\)/],
    ['refusals come from a CDN', header('CF-Cache-Status', 'HIT'), 1, /CF-Cache-Status: HIT/],
    ['pages lose their policy', header('Content-Security-Policy', null), 1, /not the gateway’s page/],
    ['pages may be sniffed', header('X-Content-Type-Options', null), 1, /without X-Content-Type-Options: nosniff/],
    ['metrics are open', answersAt('/_fairgate/metrics', 200, 'up 1'), 1, /Metrics at .* answer 200 without a key/],
    ['the operators’ API is open', answersAt('/_fairgate/operator/rooms', 200, '[]'), 1, /API at .* answers 200/],
  ])('%s', async (_, answer, count, sentence) => {
    const wrong = await wrongIn(await serving(gatewayBut(answer)));
    expect([wrong.length, wrong.join('\n')]).toEqual([count, expect.stringMatching(sentence)]);
  });

  const headersOf: Record<string, (headers: IncomingMessage['headers']) => string> = {
    'as Bearer': ({ authorization = '' }) => authorization.replace('Bearer ', ''),
    'in cookies': ({ cookie = '' }) => /fairgate-admission-demo=([^;]+)/.exec(cookie)?.[1] ?? '',
    'in the header': (headers) => String(headers['fairgate-admission'] ?? ''),
  };
  const forgeries = Object.values(FORGERIES);

  /** Whether a careless verifier believes it: right in all that stands in it, and the signature left unread. */
  async function looksGenuine(token: string, forgery: string): Promise<boolean> {
    const [head = '', payload = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    const [{ alg, typ, kid, jwk }, claims] = [JSON.parse(head), JSON.parse(payload)];
    const read = async (path: string) => (await fetch(`${fairgate.url}${path}`)).json();
    const { epoch } = (await read('/_fairgate/rooms/demo/board')) as { epoch: number };
    const published = ((await read('/.well-known/jwks.json')) as { keys: { kid: string }[] }).keys[0]?.kid;
    const now = Date.now() / 1_000;
    const genuine = { room: 'demo', epoch, aud: 'urn:fairgate:origin:demo', typ: 'admission+jwt' };
    expect({ typ, ...claims }).toMatchObject(genuine);
    expect(claims.nbf <= now && claims.exp > now).toBe(true);
    const kind = jwk !== undefined ? 1 : alg === 'none' ? 2 : alg === 'HS256' ? 3 : /\.A+$/.test(token) ? 4 : 0;
    expect(kind === 1 || kid === published).toBe(true);
    return forgeries[kind] === forgery;
  }

  it.each(forgeries.flatMap((forgery) => Object.keys(headersOf).map((where) => [forgery, where] as const)))(
    'a token %s is believed %s: by the gate, or by the site',
    async (forgery, where) => {
      const believes = async ({ headers, url }: IncomingMessage) => {
        const token = headersOf[where]?.(headers) ?? '';
        return url === '/book' && token !== '' && (await looksGenuine(token, forgery));
      };
      const real = gatewayBut(() => false);
      const gate = await serving(async (request, response) => {
        if (await believes(request)) site(response);
        else await real(request, response);
      });
      const origin = await serving(async (request, response) => {
        if (await believes(request)) site(response);
        else response.writeHead(403).end();
      });
      expect(await wrongIn(gate)).toEqual([expect.stringContaining(`/book with a token ${forgery} ${where}`)]);
      const wrong = await wrongIn(fairgate.url, { origins: [origin] });
      expect(wrong).toEqual([expect.stringMatching(`with a forged token ${where}.*passes the line`)]);
    },
  );
});

describe('the site’s own address', () => {
  const asked = async (origin: string) => wrongIn(fairgate.url, { origins: [origin] });

  it.each<[string, Answering, RegExp]>([
    ['answers strangers', (_, response) => site(response), /answers a stranger at \/book with 200.* passes the line/],
    ['leads strangers on', (_, response) => !response.writeHead(302, { Location: '/login' }).end(), /with 302/],
    ['has no such page', (_, response) => !response.writeHead(404).end(), /is not known: \/book answers 404/],
    ['is broken', (_, response) => !response.writeHead(502).end(), /is not known: \/book answers 502/],
    ['wants something else', (_, response) => !response.writeHead(400).end('bad'), /is not known/],
    [
      'answers who knows the name that visitors use',
      ({ headers }, response) =>
        headers.host === new URL(fairgate.url).host ? site(response) : !response.writeHead(403).end(),
      /who asks it for .* passes the line/,
    ],
  ])('%s: wrong', async (_, answer, sentence) => {
    expect(await asked(await serving(answer))).toEqual([expect.stringMatching(sentence)]);
  });

  it.each<[string, Answering]>([
    ['refuses', (_, response) => !response.writeHead(401).end()],
    [
      'sends strangers to the line',
      (_, response) => !response.writeHead(303, { Location: `${fairgate.url}/book` }).end(),
    ],
    ['wants a certificate', (_, response) => !response.writeHead(400).end('No required SSL certificate was sent')],
    [
      'does not have the visitors’ host',
      ({ headers }, response) => !response.writeHead(headers.host === new URL(fairgate.url).host ? 421 : 403).end(),
    ],
  ])('%s: well', async (_, answer) => {
    expect(await asked(await serving(answer))).toEqual([]);
  });

  it('closed: nothing listens, or it cuts connections off', async () => {
    const cutting = createSocketServer((socket) => void socket.resetAndDestroy());
    const port = await listenOnLoopback(cutting);
    expect(await asked(`http://127.0.0.1:${port}`)).toEqual([]);
    cutting.close();
    await once(cutting, 'close');
    expect(await asked(`http://127.0.0.1:${port}`)).toEqual([]);
  });

  it('an unknown name proves nothing', async () => {
    expect(await asked('http://site.invalid')).toEqual([expect.stringMatching(/is not known: .*name is not found/)]);
  });

  it('TLS: a certificate that nobody trusts keeps nobody out, one that is required does', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'fairgate-smoke-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const { certificate: cert, key } = makeCertificate(dir, ['127.0.0.1']);
    const over = async (more: object) => {
      const server = createHttpsServer({ cert, key, ...more }, (_, response) => void site(response));
      return (await served(server)).replace('http:', 'https:');
    };
    expect(await asked(await over({}))).toEqual([expect.stringContaining('passes the line')]);
    expect(await asked(await over({ requestCert: true, rejectUnauthorized: true, ca: cert }))).toEqual([]);
  });
});

it('an address that must be closed, and the console', async () => {
  const notFound = await serving((_, response) => response.writeHead(404).end());
  expect(await wrongIn(fairgate.url, { closed: [notFound] })).toEqual([]);
  const closed = [fairgate.url, 'http://gate.invalid'];
  expect(await wrongIn(fairgate.url, { closed })).toEqual([
    expect.stringContaining(`${fairgate.url} answers 200, and must be closed.`),
    expect.stringContaining('is the name right?'),
  ]);
  expect(await wrongIn(fairgate.url, { consoleUrl: notFound })).toEqual([
    expect.stringContaining('The console answers 404'),
  ]);
});

describe('https', () => {
  // Ports 443 and 80, as visitors use them, of loopback addresses that nothing else uses.
  const HOST = '127.83.77.79';
  const listen = async (server: Server, port: number) => {
    server.listen(port, HOST);
    await once(server, 'listening');
    onTestFinished(() => void server.close().closeAllConnections());
  };

  it.each<[string, ((response: ServerResponse) => unknown) | null, RegExp | null]>([
    ['nothing', null, null],
    ['leads to https', (response) => response.writeHead(301, { Location: `https://${HOST}/book` }).end(), null],
    ['refuses by itself', (response) => response.writeHead(403).end(), /answers 403 instead of leading/],
    [
      'leads elsewhere',
      (response) => response.writeHead(301, { Location: 'https://other.example/book' }).end(),
      /the way to https:\/\/other\.example instead/,
    ],
    ['answers', site, /answers 200 instead of leading/],
  ])('plain http %s', async (_, answer, sentence) => {
    const dir = mkdtempSync(join(tmpdir(), 'fairgate-smoke-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const { certificate: cert, key } = makeCertificate(dir, [HOST]);
    const ca = join(dir, 'ca.pem');
    writeFileSync(ca, cert);
    await listen(
      createHttpsServer(
        { cert, key },
        gatewayBut(() => false),
      ),
      443,
    );
    if (answer !== null)
      await listen(
        createServer((__, response) => void answer(response)),
        80,
      );
    const args = [`https://${HOST}`, '--room', 'demo', '--path', '/book'];
    const { code, wrong } = await smoke(args, { NODE_EXTRA_CA_CERTS: ca });
    expect([code, wrong]).toEqual(sentence === null ? [0, []] : [1, [expect.stringMatching(sentence)]]);
    if (answer === null) expect((await smoke(args)).code).toBe(2);
  });
});
