// The bridge before a real Redis: what its token permits, every bound, how it answers where Redis does not, and that its answers are those
// of Redis, whatever the bytes.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onLoopback, type RunningRedis, startRedis } from '../../scripts/lib/local-redis/redis-server.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { BridgeFailure, type BridgeFailureKind } from '../../scripts/redis-bridge/bridge-failure.ts';
import { bridgeServer } from '../../scripts/redis-bridge/bridge-server.ts';
import { bridgeSettings, SETTINGS_OF_BRIDGE } from '../../scripts/redis-bridge/bridge-settings.ts';
import type { RedisTarget } from '../../scripts/redis-bridge/redis-connection.ts';
import { CONNECTIONS_MAX, RedisPool, WAITING_MAX } from '../../scripts/redis-bridge/redis-pool.ts';
import { BODY_BYTES_MAX, COMMANDS_MAX } from '../../scripts/redis-bridge/request-bounds.ts';
import { RespReader } from '../../scripts/redis-bridge/resp.ts';
import { RestApi } from '../../scripts/redis-bridge/rest-api.ts';
import { type FailureKind, RedisClient, type RedisFailure } from '../../worker/store/redis/redis-client.ts';
import { configure, join as joining, settings } from '../core/sample-rooms.ts';
import { redisStore } from './redis-stores.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TOKEN = 'token-of-this-bridge-0123456789abcdef';
const KEY = 'fairgate:{room:bridge}:record';

const ends: (() => unknown)[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-bridge-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

async function redisServer(...options: string[]): Promise<RunningRedis> {
  const redis = await startRedis(...options);
  ends.push(redis.stop);
  return redis;
}

interface Bridge {
  address: { url: string; token: string };
  log: string[];
  send(path: string, body: unknown, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>;
}

async function bridgeTo(target: RedisTarget): Promise<Bridge> {
  const log: string[] = [];
  const say = (message: string) => void log.push(message);
  const pool = new RedisPool(target, say);
  const server = bridgeServer(new RestApi(TOKEN, pool, say), say);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    pool.close();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address: { url, token: TOKEN },
    log,
    async send(path, body, headers = {}) {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}

async function bridgeAndRedis(...options: string[]) {
  const redis = await redisServer(...options);
  return { redis, bridge: await bridgeTo(onLoopback(redis.port)) };
}

/** What a gateway makes of the failure of a request. */
async function failureOf(bridge: Bridge, token = TOKEN): Promise<FailureKind | null> {
  const client = new RedisClient({ ...bridge.address, token });
  const failure: unknown = await client.results((pipeline) => pipeline.time()).catch((error: unknown) => error);
  return failure instanceof Error ? (failure as RedisFailure).failure : null;
}

/** Takes connections, and answers nothing. */
async function silentServer(): Promise<number> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => void open.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('the token permits', () => {
  test.each<[string, unknown[]]>([
    ['a command that removes everything', ['FLUSHALL']],
    ['a command that changes Redis', ['CONFIG', 'SET', 'dir', '/tmp']],
    ['a command that Fairgate does not send', ['GET', KEY]],
    ['the same in small letters', ['flushall']],
    ['a name of a method of every object', ['constructor', KEY]],
    ['a script of its own', ['EVAL', "return redis.call('FLUSHALL')", '1', KEY]],
    ['a key of another program', ['HGETALL', 'sessions']],
    ['a second key of another program', ['DEL', KEY, 'sessions']],
    ['all keys', ['SCAN', '0']],
    ['all keys, behind a pattern that is none', ['SCAN', '0', 'COUNT', 'MATCH', 'fairgate:{', '10']],
    ['keys of another program by a pattern', ['SCAN', '0', 'MATCH', '*']],
    ['a count that holds everything up', ['SCAN', '0', 'MATCH', 'fairgate:{*', 'COUNT', '999999999']],
    ['all keys, by a second pattern', ['SCAN', '0', 'MATCH', 'fairgate:{*', 'MATCH', '*']],
    ['all keys, by a pattern behind a count', ['SCAN', '0', 'MATCH', 'fairgate:{*', 'COUNT', '9', 'MATCH', '*']],
    ['a wait without an end', ['WAIT', '1', '0']],
  ])('not %s, and nothing beside it runs', async (_, forbidden) => {
    const { redis, bridge } = await bridgeAndRedis();
    await redis.command('SET', 'sessions', 'theirs');
    for (const path of ['/pipeline', '/multi-exec']) {
      const { status, body } = await bridge.send(path, [['HSET', KEY, 'a', 'b'], forbidden]);
      expect([status, body]).toEqual([403, { error: expect.stringMatching(/^NOPERM the bridge does not permit/) }]);
    }
    expect((await bridge.send('/', forbidden)).status).toBe(403);
    expect(await redis.command('KEYS', '*')).toEqual(['sessions']);
    expect(bridge.log.join('\n')).not.toMatch(/theirs|sessions|redis\.call/);
  });

  test('nothing to those who have another one, or none, before the body is read', async () => {
    const { redis, bridge } = await bridgeAndRedis();
    for (const authorization of ['', 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(0, -1)}`, `Basic ${TOKEN}`]) {
      const { status, body } = await bridge.send('/', '['.repeat(100), { Authorization: authorization });
      expect([status, body]).toEqual([401, { error: 'WRONGPASS invalid or missing auth token' }]);
    }
    expect(await redis.command('INFO', 'commandstats')).not.toContain('cmdstat_time');
    expect(await failureOf(bridge, 'x'.repeat(40))).toBe('forbidden');
    expect(bridge.log.join('\n')).not.toContain(TOKEN);
  });

  test('every command of a room: configured, joined, claimed, viewed', async () => {
    const { bridge } = await bridgeAndRedis();
    const { store } = redisStore(bridge.address);
    await store.apply('bridge', [configure(settings())]);
    await store.apply('bridge', [{ kind: 'tick' }]);
    const [reply] = await store.apply('bridge', [joining('a', true)]);
    expect(reply).toMatchObject({ place: { number: 1 } });
    expect((await store.view('bridge', { endingsAfter: 0, report: null })).board.issued).toBe(1);
  });
});

describe('answers', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc.constantFrom('0', '-1', '3', '', 'ä', '\u0000\r\n'),
  );
  const key = fc.constantFrom('fairgate:{a}:hash', 'fairgate:{a}:sorted', 'fairgate:{a}:none');
  const number = fc.integer({ min: -5, max: 5 }).map(String);
  // Ended already, an hour, or none: a few milliseconds would end between two commands of redis-cli.
  const lifetime = fc.constantFrom('-1', '0', '3600000', '', 'ä', '1.5', '\u0000\r\n');
  const command = fc.oneof(
    fc.tuple(fc.constant('HSET'), key, word, word),
    fc.tuple(fc.constant('HMGET'), key, word, word),
    fc.tuple(fc.constant('HGETALL'), key),
    fc.tuple(fc.constant('ZADD'), key, number, word),
    fc.tuple(fc.constant('ZRANGE'), key, number, number),
    fc.tuple(fc.constant('EXISTS'), key, key),
    fc.tuple(fc.constant('DEL'), key),
    // Wrong ones, whose errors are answers too.
    fc.tuple(fc.constant('HSET'), key),
    fc.tuple(fc.constant('PEXPIRE'), key, lifetime),
    fc.tuple(fc.constant('PING'), word),
  );

  test('to any pipeline are those of redis-cli, plain and in base64', async () => {
    const { redis, bridge } = await bridgeAndRedis();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 8 }), async (commands) => {
        await redis.command('FLUSHALL');
        const expected = commands.map((words) => cli(redis.port, words));
        await redis.command('FLUSHALL');
        const plain = await bridge.send('/pipeline', commands);
        await redis.command('FLUSHALL');
        const encoded = await bridge.send('/pipeline', commands, { 'Upstash-Encoding': 'base64' });
        expect(plain).toEqual({ status: 200, body: expected });
        expect(decodedResults(encoded.body)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('of a transaction are its results, and a wrong command runs none of it', async () => {
    const { redis, bridge } = await bridgeAndRedis();
    const good = await bridge.send('/multi-exec', [
      ['HSET', KEY, 'a', '1'],
      ['ZADD', KEY, '1', 'x'],
      ['HGETALL', KEY],
    ]);
    expect(good).toEqual({
      status: 200,
      body: [{ result: 1 }, { error: expect.stringMatching(/^WRONGTYPE/) }, { result: ['a', '1'] }],
    });
    const wrong = await bridge.send('/multi-exec', [
      ['HSET', KEY, 'b', '2'],
      ['HSET', KEY],
    ]);
    expect(wrong).toEqual({ status: 400, body: { error: expect.stringMatching(/^ERR wrong number/) } });
    expect(await redis.command('HGETALL', KEY)).toEqual(['a', '1']);
  });

  test('to one command that fails have status 400', async () => {
    const { bridge } = await bridgeAndRedis();
    expect(await bridge.send('/', ['HSET', KEY])).toEqual({
      status: 400,
      body: { error: expect.stringMatching(/^ERR wrong number/) },
    });
  });

  test('are read whole, however the network cuts them', () => {
    const bytes = Buffer.concat([
      Buffer.from('*3\r\n$5\r\nä\r\n\n\r\n:9223372036854775807\r\n*2\r\n$-1\r\n*0\r\n-ERR no\r\n+OK\r\n*-1\r\n'),
    ]);
    const whole = new RespReader().add(bytes);
    expect(whole).toEqual([
      [Buffer.from('ä\r\n\n'), 9223372036854775807n, [null, []]],
      expect.objectContaining({ message: 'ERR no' }),
      'OK',
      null,
    ]);
    const cuts = fc.uniqueArray(fc.nat(bytes.length), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (at) => {
        const reader = new RespReader();
        const edges = [0, ...at.toSorted((a, b) => a - b), bytes.length];
        const read = edges.flatMap((edge, index) => reader.add(bytes.subarray(edge, edges[index + 1] ?? bytes.length)));
        expect(read).toEqual(whole);
      }),
    );
    for (const wrong of ['?\r\n', '$x\r\n', '*1\r\n'.repeat(20), ':1.5\r\n', `$${2 ** 30}\r\n`, 'x'.repeat(70_000)]) {
      expect(() => new RespReader().add(Buffer.from(wrong))).toThrow();
    }
  });
});

/** Of a reply of Redis to one command on a connection of its own. */
function cli(port: number, words: readonly string[]): unknown {
  const quoted = words.map(
    (argument) => `"${[...Buffer.from(argument)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`,
  );
  const printed = execFileSync('redis-cli', ['-p', String(port), '-2', '--json'], {
    input: `${quoted.join(' ')}\n`,
    encoding: 'utf8',
  });
  const text = printed.trim();
  return text.startsWith('error:') ? { error: JSON.parse(text.slice('error:'.length)) } : { result: JSON.parse(text) };
}

function decodedResults(results: unknown): unknown {
  const decoded = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(decoded);
    return typeof value === 'string' && value !== 'OK' ? Buffer.from(value, 'base64').toString() : value;
  };
  return (results as { result?: unknown; error?: string }[]).map(({ result, error }) =>
    error === undefined ? { result: decoded(result) } : { error },
  );
}

describe('a request beyond a bound', () => {
  test.each<[string, unknown, number, string]>([
    ['that is no JSON', '[', 400, 'ERR'],
    ['that is no command', '{"a":1}', 400, 'ERR'],
    ['that is empty', '[]', 400, 'ERR'],
    [
      'of too many arguments',
      JSON.stringify(['PING', ...Array(131_072).fill('')]),
      413,
      'ERR max pipeline size exceeded',
    ],
    ['with an argument that is no text', '["HSET",null]', 400, 'ERR'],
    ['of too many bytes', ' '.repeat(BODY_BYTES_MAX + 1), 413, 'ERR max request size exceeded'],
  ])('%s is refused', async (_, body, status, error) => {
    const { bridge } = await bridgeAndRedis();
    expect(await bridge.send('/', body)).toEqual({ status, body: { error: expect.stringContaining(error) } });
    expect(await bridge.send('/', ['PING'])).toEqual({ status: 200, body: { result: 'PONG' } });
  });

  test('of too many commands is refused, and of as many as are permitted runs', async () => {
    const { bridge } = await bridgeAndRedis();
    const commands = (count: number) => Array.from({ length: count }, () => ['PING']);
    expect((await bridge.send('/pipeline', commands(COMMANDS_MAX + 1))).status).toBe(413);
    expect((await bridge.send('/pipeline', commands(COMMANDS_MAX))).status).toBe(200);
  });

  test('that says no length is refused while it is still sending, and gets the answer', async () => {
    const { bridge } = await bridgeAndRedis();
    const request = httpRequest(bridge.address.url, { method: 'POST', headers: { Authorization: `Bearer ${TOKEN}` } });
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    for (let sent = 0; sent <= BODY_BYTES_MAX; sent += chunk.length) request.write(chunk);
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  test('whose body does not come is given up', async () => {
    const { bridge } = await bridgeAndRedis();
    const socket = connect(Number(new URL(bridge.address.url).port), '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 9\r\n\r\n[`);
    const chunks: Buffer[] = [];
    socket.on('data', (data: Buffer) => void chunks.push(data));
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 408|^$/);
  });

  test('to another address, or by another method, is none', async () => {
    const { bridge } = await bridgeAndRedis();
    expect((await bridge.send('/set/a/b', '')).status).toBe(404);
    const headers = { Authorization: `Bearer ${TOKEN}` };
    expect((await fetch(bridge.address.url, { headers })).status).toBe(404);
  });

  test('beyond the connections waits, and beyond those that wait is refused at once', async () => {
    const pool = new RedisPool(onLoopback(await silentServer()), () => {});
    ends.push(() => pool.close());
    const outcome = (request: Promise<unknown>) => request.catch((error: unknown) => error);
    let ended = 0;
    const others = Array.from({ length: CONNECTIONS_MAX + WAITING_MAX }, () =>
      outcome(pool.run([['PING']])).finally(() => ended++),
    );
    expect(await outcome(pool.run([['PING']]))).toMatchObject({ kind: 'busy' });
    expect(ended).toBe(0);
    // None of the others runs: Redis is silent.
    const kinds = (await Promise.all(others)).map((failure) => failure instanceof BridgeFailure && failure.kind);
    expect(kinds.filter((kind) => kind === 'late')).toHaveLength(CONNECTIONS_MAX);
    expect(kinds.filter((kind) => kind === 'busy')).toHaveLength(WAITING_MAX);
  });
});

describe('each failure', () => {
  const kinds: Record<Exclude<BridgeFailureKind, 'notFound' | 'malformed'>, FailureKind> = {
    unauthorized: 'forbidden',
    largeBody: 'tooLarge',
    slowBody: 'unanswered',
    manyCommands: 'tooLarge',
    largeReply: 'tooLarge',
    manyBodies: 'limited',
    busy: 'limited',
    unreachable: 'unanswered',
    refused: 'forbidden',
    late: 'unanswered',
    broken: 'unanswered',
    internal: 'unanswered',
  };
  test.each(Object.entries(kinds))('"%s" is "%s" for the gateway', async (kind, expected) => {
    const failing: Pick<RedisPool, 'run'> = {
      run: () => Promise.reject(new BridgeFailure(kind as BridgeFailureKind)),
    };
    const server = bridgeServer(new RestApi(TOKEN, failing, () => {}), () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new RedisClient({ url, token: TOKEN });
    await expect(client.results((pipeline) => pipeline.time())).rejects.toMatchObject({ failure: expected });
  });
});

describe('a Redis', () => {
  test('that is gone is told at once, and one that is back is used', async () => {
    const { redis, bridge } = await bridgeAndRedis();
    expect(await failureOf(bridge)).toBeNull();
    await redis.end();
    await vi.waitFor(async () => expect((await bridge.send('/', ['PING'])).status).toBe(503));
    expect(await failureOf(bridge)).toBe('unanswered');
    await redis.again();
    expect(await failureOf(bridge)).toBeNull();
    expect(bridge.log.join('\n')).toMatch(/cannot be reached: connect ECONNREFUSED[\s\S]*Redis answers again/);
  });

  test('that hangs is told before the gateway gives up', async () => {
    const { redis, bridge } = await bridgeAndRedis();
    await bridge.send('/', ['PING']);
    await redis.command('CLIENT', 'PAUSE', '60000', 'ALL');
    expect(await bridge.send('/', ['PING'])).toEqual({
      status: 504,
      body: { error: expect.stringContaining('in time') },
    });
  });

  test('behind a password takes a user with it, and a wrong one is named in the log alone', async () => {
    const acl = ['--user', 'fairgate', 'on', '>pass/word', '~*', '&*', '+@all', '--user', 'default', 'off'];
    const port = await freePort();
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    await started('redis-server', [...options, ...acl], /Ready to accept/);
    const socket = { host: '127.0.0.1', port };
    const target = bridgeSettings({
      REDIS_URL: `redis://fairgate:pass%2Fword@127.0.0.1:${port}/3`,
      BRIDGE_TOKEN: TOKEN,
    });
    expect(target.redis).toEqual({
      socket,
      tls: null,
      credentials: { username: 'fairgate', password: 'pass/word' },
      database: 3,
    });
    const bridge = await bridgeTo(target.redis);
    expect(await bridge.send('/', ['HSET', KEY, 'a', 'b'])).toEqual({ status: 200, body: { result: 1 } });
    const asUser = ['-p', String(port), '--user', 'fairgate', '--pass', 'pass/word', '--no-auth-warning', '-n', '3'];
    expect(execFileSync('redis-cli', [...asUser, 'KEYS', '*'], { encoding: 'utf8' }).trim()).toBe(KEY);

    const wrong = await bridgeTo({ ...target.redis, credentials: { username: 'fairgate', password: 'another' } });
    expect(await failureOf(wrong)).toBe('forbidden');
    expect(wrong.log.join('\n')).toMatch(/refused the bridge: WRONGPASS/);
    expect(wrong.log.join('\n')).not.toContain('another');
  });

  test('behind TLS is used with its certificate authority, and not without', async () => {
    const file = (name: string) => join(folder, name);
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key.pem')];
    execFileSync('openssl', ['req', '-x509', ...key, '-out', file('ca.pem'), '-days', '2', ...subject], {
      stdio: 'ignore',
    });
    const port = await freePort();
    const tls = [
      '--tls-cert-file',
      file('ca.pem'),
      '--tls-key-file',
      file('key.pem'),
      '--tls-ca-cert-file',
      file('ca.pem'),
    ];
    const options = [
      '--port',
      '0',
      '--tls-port',
      String(port),
      '--tls-auth-clients',
      'no',
      '--bind',
      '127.0.0.1',
      '--save',
      '',
    ];
    await started('redis-server', [...options, ...tls, '--dir', folder], /Ready to accept/);
    const url = `rediss://localhost:${port}`;
    const right = bridgeSettings({ REDIS_URL: url, BRIDGE_TOKEN: TOKEN, REDIS_CA_FILE: file('ca.pem') });
    expect(await (await bridgeTo(right.redis)).send('/', ['PING'])).toEqual({ status: 200, body: { result: 'PONG' } });
    const stranger = await bridgeTo(bridgeSettings({ REDIS_URL: url, BRIDGE_TOKEN: TOKEN }).redis);
    expect((await stranger.send('/', ['PING'])).status).toBe(503);
    expect(stranger.log.join('\n')).toMatch(/self-signed certificate/);
  });

  test('at a Unix socket is used', async () => {
    const path = join(folder, 'redis.sock');
    await started(
      'redis-server',
      ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder],
      /ready to accept/i,
    );
    const { redis } = bridgeSettings({ REDIS_URL: `unix://${path}?db=2`, BRIDGE_TOKEN: TOKEN });
    expect(await (await bridgeTo(redis)).send('/', ['PING'])).toEqual({ status: 200, body: { result: 'PONG' } });
  });
});

async function started(
  file: string,
  args: readonly string[],
  ready: RegExp,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  ends.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let output = '';
  await new Promise<void>((done, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (ready.test(output)) done();
      });
    }
    child.once('exit', () => failed(new Error(output)));
  });
  return { child, output: () => output };
}

describe('the command', () => {
  const command = join(ROOT, 'scripts/redis-bridge.ts');
  const start = (port: number, redis: number) =>
    started(process.execPath, [command], /listens on/, {
      PATH: process.env['PATH'],
      ...{ BRIDGE_TOKEN: TOKEN, PORT: String(port), REDIS_URL: `redis://127.0.0.1:${redis}`, LOG_FORMAT: 'json' },
    });

  test('that is killed in the middle of joins and started again gives no position twice, and loses none', async () => {
    const redis = await redisServer();
    const port = await freePort();
    const first = await start(port, redis.port);
    const address = { url: `http://127.0.0.1:${port}`, token: TOKEN };
    const { store } = redisStore(address);
    await store.apply('killed', [configure(settings())]);
    await store.apply('killed', [{ kind: 'tick' }]);
    const numbers: number[] = [];
    let isOver = false;
    const joins = Array.from({ length: 8 }, async (_, lane) => {
      for (let count = 0; !isOver; count++) {
        const [reply] = await store.apply('killed', [joining(`${lane}-${count}`)]).catch(() => [null]);
        if (reply?.kind === 'joined') numbers.push(reply.place.number);
      }
    });
    await vi.waitFor(() => expect(numbers.length).toBeGreaterThan(50));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await start(port, redis.port);
    const before = numbers.length;
    await vi.waitFor(() => expect(numbers.length).toBeGreaterThan(before + 50));
    isOver = true;
    await Promise.all(joins);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('answers what it has received when it is stopped, and ends with 0', async () => {
    const redis = await redisServer();
    const port = await freePort();
    const { child, output } = await start(port, redis.port);
    await redis.command('CLIENT', 'PAUSE', '300', 'ALL');
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const answer = fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body: '["PING"]' });
    await vi.waitFor(() => expect(connectionsTo(port)).toBeGreaterThan(0));
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect([await (await answer).json(), code]).toEqual([{ result: 'PONG' }, 0]);
    for (const line of output().trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ process: 'redis-bridge' });
  });

  test('says by --health whether Redis answers, and reads its settings from a file', async () => {
    const redis = await redisServer();
    const port = await freePort();
    const config = join(folder, 'bridge.env');
    writeFileSync(config, `BRIDGE_TOKEN=${TOKEN}\nPORT=${port}\nREDIS_URL=redis://127.0.0.1:${redis.port}\n`, {
      mode: 0o600,
    });
    const asked = (option: string) =>
      spawnSync(process.execPath, [command, '--config', config, option], { encoding: 'utf8', env: {} });
    expect(asked('--check').stdout).toContain(
      `The settings are right. The bridge would listen on http://127.0.0.1:${port}`,
    );
    expect(asked('--health')).toMatchObject({ status: 1, stdout: expect.stringContaining('does not answer') });
    await started(process.execPath, [command, '--config', config], /listens on/, {});
    expect(asked('--health')).toMatchObject({ status: 0, stdout: 'The bridge answers, and so does Redis.\n' });
    await redis.end();
    expect(asked('--health')).toMatchObject({ status: 1, stdout: expect.stringContaining('Redis cannot be reached') });
  });
});

function connectionsTo(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = execFileSync('cat', ['/proc/net/tcp'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => new RegExp(`^\\s*\\d+: 0100007F:${hex} \\S+ 01 `).test(line)).length;
}

describe('settings', () => {
  const problems = (variables: Record<string, string>): string => {
    try {
      bridgeSettings({ BRIDGE_TOKEN: TOKEN, ...variables });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  test.each<[Record<string, string>, RegExp]>([
    [{ BRIDGE_TOKEN: 'short' }, /BRIDGE_TOKEN has 5 characters/],
    [{ BRIDGE_TOKEN: 'ü'.repeat(40) }, /no visible ASCII/],
    [{ HOST: '0.0.0.0' }, /the bridge has no TLS/],
    [{ HOST: 'localhost' }, /must be an IP address/],
    [{ PORT: '0' }, /PORT is "0": it must be a whole number/],
    [{ BEHIND_TLS: 'true' }, /must be yes or no/],
    [{ REDIS_URL: 'http://127.0.0.1' }, /not the address of a Redis/],
    [{ REDIS_URL: 'redis://10.1.2.3' }, /leads to 10.1.2.3 without TLS/],
    [{ REDIS_URL: 'redis://127.0.0.1/a' }, /must be a number/],
    [{ REDIS_URL: 'redis://127.0.0.1?db=1' }, /no effect/],
    [{ REDIS_URL: 'redis://me@127.0.0.1' }, /has no password/],
    [{ REDIS_URL: 'redis://:secret-word@127.0.0.1', REDIS_PASSWORD: 'b' }, /Keep one of them/],
    [{ REDIS_CA_FILE: '/none' }, /REDIS_URL is none/],
    [{ REDIS_URL: 'rediss://127.0.0.1', REDIS_CA_FILE: '/none' }, /ENOENT/],
  ])('%j are refused with a sentence', (variables, expected) => {
    expect(problems(variables)).toMatch(expected);
    expect(problems({ ...variables, LOG_FORMAT: 'x' })).not.toMatch(/secret-word|token-of-this/);
  });

  test('beyond loopback are permitted where it is said what protects them', () => {
    expect(problems({ HOST: '0.0.0.0', BEHIND_TLS: 'yes', REDIS_URL: 'redis://redis', REDIS_PLAINTEXT: 'yes' })).toBe(
      '',
    );
  });

  test('are all in docs/redis.md', () => {
    const text = execFileSync('cat', [join(ROOT, 'docs/redis.md')], { encoding: 'utf8' });
    expect(SETTINGS_OF_BRIDGE.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
