// One table over every adapter of the admission check: all refuse and admit the same requests, and no handler runs for a
// refused request.

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withAdmission } from '../../origin/fetch.ts';
import { type AdmissionEnv, admission as honoAdmission } from '../../origin/hono.ts';
import { admission as nodeAdmission } from '../../origin/node.ts';
import { commandHeaders, overloadHeaders, stockHeaders } from '../../origin/response-headers.ts';
import type { VerifierOptions } from '../../origin/verifier-options.ts';
import { isLotName, isReference } from '../../worker/contract/origin-call-schema.ts';
import { readSignals } from '../../worker/proxy/origin-signals.ts';
import { AUDIENCE, ISSUER, type Issuer, makeKey, mint, startIssuer } from './issuer.ts';

interface Reply {
  status: number;
  headers: Headers;
  body: string;
}

type Send = (headers: Record<string, string>, method?: string) => Promise<Reply>;

/** Visitors whose requests reached a handler. */
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
  issuer.respondWith(null);
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function readReply(response: Response): Promise<Reply> {
  return { status: response.status, headers: response.headers, body: await response.text() };
}

function sendTo(port: number, extra: Record<string, string> = {}): Send {
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

function greetVisitor(message: IncomingMessage, response: ServerResponse): void {
  reached.push(message.admission?.sub ?? 'none');
  response.end(`hello ${message.admission?.sub}`);
}

/** Runs middleware like Express: the next one runs when `next` is called. */
function runInOrder(...chain: ((q: IncomingMessage, s: ServerResponse, next: () => void) => void)[]) {
  return (message: IncomingMessage, response: ServerResponse) => {
    const run = (index: number) => chain[index]?.(message, response, () => run(index + 1));
    run(0);
  };
}

const adapters: [string, (options: VerifierOptions) => Promise<Send>][] = [
  [
    'Hono middleware',
    async (options) => {
      const app = new Hono<AdmissionEnv>();
      app.use(honoAdmission(options));
      app.all('*', (c) => {
        reached.push(c.get('admission').sub);
        return c.text(`hello ${c.get('admission').sub}`);
      });
      return async (headers, method = 'GET') => readReply(await app.request('/', { headers, method }));
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
        readReply(await handle(new Request('http://site/', { headers, method })));
    },
  ],
  [
    'plain http.createServer',
    async (options) => {
      const check = nodeAdmission(options);
      return sendTo(await listen(createServer((q, s) => check(q, s, () => greetVisitor(q, s)))));
    },
  ],
  [
    'Express middleware',
    async (options) => {
      const spoof = (q: IncomingMessage, _: ServerResponse, next: () => void) => {
        q.admission = { sub: 'forged' } as NonNullable<IncomingMessage['admission']>;
        next();
      };
      return sendTo(await listen(createServer(runInOrder(spoof, nodeAdmission(options), greetVisitor))));
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
        // In place of a WebSocket library: responds and closes, so that the client can read it.
        const body = `hello ${visitor.sub}`;
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      });
      return sendTo(await listen(server), { Connection: 'Upgrade', Upgrade: 'websocket' });
    },
  ],
];

describe.each(adapters)('%s', (name, start) => {
  let send: Send;

  beforeAll(async () => {
    send = await start({ jwksUrl: issuer.jwksUrl, issuer: ISSUER, audience: AUDIENCE, room: 'vaccine' });
  });

  const refusals: [string, string, string, () => Promise<string | null>][] = [
    ['no token', 'no-admission', 'missing', async () => null],
    ['a text that is no token', 'invalid-admission', 'malformed', async () => 'x'],
    ['a queue token', 'invalid-admission', 'type', () => issuer.mint({ header: { typ: 'queue+jwt' } })],
    ['a token signed with another key', 'invalid-admission', 'key', async () => mint({ key: await makeKey() })],
    ['an expired token', 'invalid-admission', 'expired', () => issuer.mint({ claims: { exp: 1 } })],
    ["another room's token", 'invalid-admission', 'room', () => issuer.mint({ claims: { room: 'concert' } })],
  ];

  test.each(refusals)('refuses %s', async (_, type, reason, make) => {
    const token = await make();
    const reply = await send(token === null ? {} : { 'Fairgate-Admission': token });
    expect(reply.status).toBe(403);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.headers.has('www-authenticate')).toBe(false);
    expect(JSON.parse(reply.body)).toMatchObject({
      type: `https://fairgate.dev/problems/${type}`,
      status: 403,
      title: 'Please enter through the waiting room',
      reason,
    });
    expect(reached).toEqual([]);
  });

  test('refuses a valid token in any other header', async () => {
    const token = await issuer.mint();
    const reply = await send({ Authorization: `Bearer ${token}`, Cookie: `Fairgate-Admission=${token}` });
    expect([reply.status, reached]).toEqual([403, []]);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])('refuses %s without a token', async (method) => {
    // Node's client cannot read the response to an upgrade by HEAD: this adapter is tested with GET only.
    const reply = await send({}, name === 'upgrade' ? 'GET' : method);
    expect([reply.status, reached]).toEqual([403, []]);
    if (method === 'HEAD' && name !== 'upgrade') expect(reply.body).toBe('');
  });

  test('refuses every request with 503 while the keys cannot be fetched', async () => {
    issuer.respondWith({ status: 500, body: '' });
    const closed = await start({ jwksUrl: issuer.jwksUrl, issuer: ISSUER, audience: AUDIENCE });
    const reply = await closed({ 'Fairgate-Admission': await issuer.mint() });
    expect(reply.status).toBe(503);
    expect(reply.headers.get('retry-after')).toBe('5');
    expect(JSON.parse(reply.body).type).toBe('https://fairgate.dev/problems/keys-unavailable');
    expect(reached).toEqual([]);
  });

  test('admits a visitor with a valid token and passes the claims on', async () => {
    const reply = await send({ 'Fairgate-Admission': await issuer.mint() });
    expect([reply.status, reply.body, reached]).toEqual([200, 'hello visitor-1', ['visitor-1']]);
  });
});

test('a visitor who disconnects during an upgrade does not crash the process', async () => {
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

describe('response headers', () => {
  test('Fairgate-Overload has seconds that the gateway obeys', () => {
    expect(overloadHeaders(60)).toEqual({ 'Fairgate-Overload': '60' });
    for (const seconds of [-1, 1.5, 601, Number.NaN]) expect(() => overloadHeaders(seconds)).toThrow(RangeError);
  });

  test('Fairgate-Stock has the count and its time, rounded down to the second', () => {
    expect(stockHeaders(12, 1_637_000_000_999)).toEqual({ 'Fairgate-Stock': '12;as-of=@1637000000' });
    expect(stockHeaders(0, 0)).toEqual({ 'Fairgate-Stock': '0;as-of=@0' });
  });

  test.each([-1, 1.5, Number.NaN, 1e15])('a stock of %s throws', (remaining) => {
    expect(() => stockHeaders(remaining, 0)).toThrow(RangeError);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a stock counted at %s throws', (asOf) => {
    expect(() => stockHeaders(1, asOf)).toThrow(RangeError);
  });

  test('Fairgate-Command has the command', () => {
    expect(commandHeaders('complete')).toEqual({ 'Fairgate-Command': 'complete' });
    expect(commandHeaders('revoke')).toEqual({ 'Fairgate-Command': 'revoke' });
    expect(commandHeaders('readmit')).toEqual({ 'Fairgate-Command': 'readmit' });
  });

  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(isLotName);
  const visible = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
  const reference = fc.string({ unit: visible, minLength: 1, maxLength: 64 }).filter(isReference);

  test('what the package says is what the gateway reads: any reference, any lots', () => {
    const price = fc.record({ low: fc.nat(1_000), high: fc.integer({ min: 1_000 }), currency: fc.constant('KRW') });
    const lot = fc.record(
      {
        id: fc.stringMatching(/^[a-z][a-z0-9_.*-]{0,31}$/),
        remaining: fc.nat(),
        name: fc.record({ ko: name, en: name }),
        price,
      },
      { requiredKeys: ['id', 'remaining'] },
    );
    const lots = fc.uniqueArray(lot, { selector: ({ id }) => id, maxLength: 50 });
    fc.assert(
      fc.property(reference, fc.nat(), lots, (reference, remaining, lots) => {
        const headers = { ...commandHeaders('complete', { reference }), ...stockHeaders(remaining, 0, lots) };
        expect(readSignals(new Headers(headers))).toMatchObject({
          command: { kind: 'complete', reference },
          stock: { remaining, asOfSeconds: 0, counts: lots },
        });
      }),
    );
  });

  test.each(['', ' A', 'x'.repeat(65), '예약', 'a\nb'])('a reference of %j throws', (reference) => {
    expect(() => commandHeaders('complete', { reference })).toThrow(RangeError);
  });

  test.each([
    [{ id: 'Gangnam', remaining: 1 }],
    [{ id: 'a', remaining: -1 }],
    [{ id: 'a', remaining: 1, price: { low: 1, high: 2, currency: 'won' } }],
  ])('a lot of %j throws', (lot) => {
    expect(() => stockHeaders(1, 0, [lot])).toThrow(RangeError);
  });
});
