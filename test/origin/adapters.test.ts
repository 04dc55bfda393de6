// One table over every form in which a site can add the check: they refuse and admit the same, and nothing behind them
// runs for anybody who was refused.

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AdmissionEnv, admission as honoAdmission, withAdmission } from '../../origin/hono.ts';
import { admission as nodeAdmission } from '../../origin/node.ts';
import { commandHeaders, stockHeaders } from '../../origin/replies.ts';
import type { VerifierOptions } from '../../origin/verify.ts';
import { AUDIENCE, ISSUER, type Issuer, makeKey, mint, startIssuer } from './issuer.ts';

interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

type Ask = (headers: Record<string, string>, method?: string) => Promise<Answer>;

/** Paths and visitors that got behind the check. */
let reached: string[] = [];
let issuer: Issuer;
const servers: Server[] = [];

beforeAll(async () => {
  issuer = await startIssuer();
});

afterAll(async () => {
  await issuer.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

beforeEach(() => {
  reached = [];
  issuer.breakWith(null);
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function readAnswer(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, body: await response.text() };
}

function askOver(port: number, extra: Record<string, string> = {}): Ask {
  return (headers, method = 'GET') =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', method, headers: { ...headers, ...extra }, agent: false });
      sent.on('response', (message) => {
        let body = '';
        message.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        message.on('end', () => {
          resolve({
            status: message.statusCode ?? 0,
            headers: new Headers(message.headers as Record<string, string>),
            body,
          });
        });
      });
      sent.on('error', reject);
      sent.end();
    });
}

function answerVisitor(message: IncomingMessage, response: ServerResponse): void {
  reached.push(message.admission?.sub ?? 'nobody');
  response.end(`hello ${message.admission?.sub}`);
}

/** Express and its relatives call middleware in turn and go on when `next` is called. */
function expressShape(...chain: ((q: IncomingMessage, s: ServerResponse, next: () => void) => void)[]) {
  return (message: IncomingMessage, response: ServerResponse) => {
    const run = (index: number) => chain[index]?.(message, response, () => run(index + 1));
    run(0);
  };
}

const forms: [string, (options: VerifierOptions) => Promise<Ask>][] = [
  [
    'Hono middleware',
    async (options) => {
      const app = new Hono<AdmissionEnv>();
      app.use(honoAdmission(options));
      app.all('*', (c) => {
        reached.push(c.get('admission').sub);
        return c.text(`hello ${c.get('admission').sub}`);
      });
      return async (headers, method = 'GET') => readAnswer(await app.request('/', { headers, method }));
    },
  ],
  [
    'Fetch wrapper',
    async (options) => {
      const handle = withAdmission(options, (_, admission) => {
        reached.push(admission.sub);
        return new Response(`hello ${admission.sub}`);
      });
      return async (headers, method = 'GET') =>
        readAnswer(await handle(new Request('http://site/', { headers, method })));
    },
  ],
  [
    'bare http.createServer',
    async (options) => {
      const check = nodeAdmission(options);
      return askOver(await listen(createServer((q, s) => check(q, s, () => answerVisitor(q, s)))));
    },
  ],
  [
    'Express shape',
    async (options) => {
      const spoof = (q: IncomingMessage, _: ServerResponse, next: () => void) => {
        q.admission = { sub: 'forged' } as NonNullable<IncomingMessage['admission']>;
        next();
      };
      return askOver(await listen(createServer(expressShape(spoof, nodeAdmission(options), answerVisitor))));
    },
  ],
  [
    'upgrade',
    async (options) => {
      const check = nodeAdmission(options);
      const server = createServer((_, response) => response.writeHead(404).end());
      server.on('upgrade', async (message, socket) => {
        const visitor = await check.upgrade(message, socket);
        if (visitor === null) return;
        reached.push(visitor.sub);
        // Stands for a WebSocket library: answers, and ends so that the table can read it.
        const body = `hello ${visitor.sub}`;
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      });
      return askOver(await listen(server), { Connection: 'Upgrade', Upgrade: 'websocket' });
    },
  ],
];

describe.each(forms)('%s', (name, start) => {
  let ask: Ask;

  beforeAll(async () => {
    ask = await start({ jwksUrl: issuer.jwksUrl, issuer: ISSUER, audience: AUDIENCE, room: 'vaccine' });
  });

  const refusals: [string, string, string, () => Promise<string | null>][] = [
    ['no token', 'no-admission', 'missing', async () => null],
    ['nonsense', 'invalid-admission', 'malformed', async () => 'x'],
    ['a queue token', 'invalid-admission', 'type', () => issuer.mint({ header: { typ: 'queue+jwt' } })],
    ["a stranger's token", 'invalid-admission', 'key', async () => mint({ key: await makeKey() })],
    ['an expired token', 'invalid-admission', 'expired', () => issuer.mint({ claims: { exp: 1 } })],
    ["another room's token", 'invalid-admission', 'room', () => issuer.mint({ claims: { room: 'concert' } })],
  ];

  test.each(refusals)('refuses %s', async (_, type, reason, make) => {
    const token = await make();
    const answer = await ask(token === null ? {} : { 'Fairgate-Admission': token });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.has('www-authenticate')).toBe(false);
    expect(JSON.parse(answer.body)).toMatchObject({
      type: `https://fairgate.dev/problems/${type}`,
      status: 403,
      title: 'Come through the line',
      reason,
    });
    expect(reached).toEqual([]);
  });

  test('refuses a token under any other header', async () => {
    const token = await issuer.mint();
    const answer = await ask({ Authorization: `Bearer ${token}`, Cookie: `Fairgate-Admission=${token}` });
    expect([answer.status, reached]).toEqual([403, []]);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])('refuses %s like any request', async (method) => {
    // Node's client gives an upgrade no body to read back on HEAD, so that form is asked by GET alone.
    const answer = await ask({}, name === 'upgrade' ? 'GET' : method);
    expect([answer.status, reached]).toEqual([403, []]);
    if (method === 'HEAD' && name !== 'upgrade') expect(answer.body).toBe('');
  });

  test('is closed while the keys cannot be fetched', async () => {
    issuer.breakWith({ status: 500, body: '' });
    const closed = await start({ jwksUrl: issuer.jwksUrl, issuer: ISSUER, audience: AUDIENCE });
    const answer = await closed({ 'Fairgate-Admission': await issuer.mint() });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(JSON.parse(answer.body).type).toBe('https://fairgate.dev/problems/keys-unavailable');
    expect(reached).toEqual([]);
  });

  test('admits a visitor from the line and knows who it is', async () => {
    const answer = await ask({ 'Fairgate-Admission': await issuer.mint() });
    expect([answer.status, answer.body, reached]).toEqual([200, 'hello visitor-1', ['visitor-1']]);
  });
});

test('a visitor who hangs up during an upgrade does not end the process', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const check = nodeAdmission({
    jwksUrl: issuer.jwksUrl,
    issuer: ISSUER,
    audience: AUDIENCE,
    fetch: async (input, init) => {
      await held;
      return fetch(input, init);
    },
  });
  const server = createServer();
  const finished = new Promise<unknown>((resolve) => {
    server.on('upgrade', (message, socket) => {
      resolve(check.upgrade(message, socket));
      socket.destroy(new Error('connection reset'));
      release();
    });
  });
  const socket = connect(await listen(server), '127.0.0.1');
  socket.on('error', () => undefined);
  const token = await mint({ key: await makeKey() });
  socket.write(
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nFairgate-Admission: ${token}\r\n\r\n`,
  );
  expect(await finished).toBeNull();
});

describe('what an origin says back', () => {
  test('is a count with the second at which it was read, never a later one', () => {
    expect(stockHeaders(12, 1_637_000_000_999)).toEqual({ 'Fairgate-Stock': '12;as-of=@1637000000' });
    expect(stockHeaders(0, 0)).toEqual({ 'Fairgate-Stock': '0;as-of=@0' });
  });

  test.each([-1, 1.5, Number.NaN, 1e15])('is never a count of %s', (remaining) => {
    expect(() => stockHeaders(remaining, 0)).toThrow(RangeError);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('is never read at %s', (asOf) => {
    expect(() => stockHeaders(1, asOf)).toThrow(RangeError);
  });

  test('is a command in one word', () => {
    expect(commandHeaders('complete')).toEqual({ 'Fairgate-Command': 'complete' });
    expect(commandHeaders('revoke')).toEqual({ 'Fairgate-Command': 'revoke' });
  });
});
