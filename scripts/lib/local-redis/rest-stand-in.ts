// Upstash's REST form in front of a real redis-server, on loopback: one command, a pipeline, a transaction; its statuses and
// bodies for errors and a wrong token. It counts what it is asked, and does to requests whatever a test wants done.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedisError, RespConnection, type RespValue } from './resp.ts';

/** What happens to one request. */
export type Fault =
  /** It is carried out after a while. */
  | { kind: 'slow'; ms: number }
  /** It is carried out, and the connection breaks before the answer. */
  | { kind: 'dropAnswer' }
  /** The connection breaks at once. */
  | { kind: 'drop' }
  /** It is refused by whoever stands before Redis. */
  | { kind: 'status'; status: number; body: string };

export interface RestStandIn {
  url: string;
  token: string;
  /** Requests and commands so far. */
  requests: number;
  commands: Map<string, number>;
  /** Bytes of bodies in both directions so far. */
  bytes: number;
  /** Decides on each request; null: nothing happens to it. */
  fault: ((commands: readonly (readonly string[])[]) => Fault | null) | null;
  /**
   * Answers as Upstash's own service: processes without names, and WAIT for what all connections have written.
   * False: as a plain Redis does.
   */
  isHosted: boolean;
  /** Another Redis from now on, as after a failover. */
  redirect(port: number): void;
  stop(): Promise<void>;
}

/** @param port of the redis-server */
export async function startRestStandIn(port: number, at = 0): Promise<RestStandIn> {
  const token = 'stand-in-token-0123456789';
  let redisPort = port;
  let idle: RespConnection[] = [];

  async function run(commands: string[][]): Promise<RespValue[]> {
    const connection = idle.find(({ isOpen }) => isOpen) ?? (await RespConnection.open(redisPort));
    idle = idle.filter((other) => other !== connection && other.isOpen);
    const [first] = commands;
    const answers =
      standIn.isHosted && first?.[0] === 'WAIT' ? [await reached(connection, first)] : await connection.send(commands);
    idle.push(connection);
    return standIn.isHosted ? answers.map(withoutName) : answers;
  }

  const standIn: RestStandIn = {
    url: '',
    token,
    requests: 0,
    commands: new Map(),
    bytes: 0,
    fault: null,
    isHosted: false,
    redirect(to) {
      redisPort = to;
      for (const connection of idle) connection.close();
      idle = [];
    },
    async stop() {
      for (const connection of idle) connection.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.headers.authorization !== `Bearer ${token}`) {
      return say(response, 401, { error: 'WRONGPASS invalid or missing auth token' });
    }
    const text = Buffer.concat(chunks).toString();
    standIn.bytes += text.length;
    const body: unknown = JSON.parse(text);
    const isBatch = request.url === '/pipeline' || request.url === '/multi-exec';
    if (!isBatch && request.url !== '/') return say(response, 400, { error: 'ERR unknown path' });
    const commands = ((isBatch ? body : [body]) as unknown[][]).map((words) => words.map(String));
    standIn.requests++;
    for (const [name = ''] of commands) {
      const upper = name.toUpperCase();
      standIn.commands.set(upper, (standIn.commands.get(upper) ?? 0) + 1);
    }
    const fault = standIn.fault?.(commands) ?? null;
    if (fault?.kind === 'drop') return void request.socket.destroy();
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end(fault.body);
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const transaction = request.url === '/multi-exec';
    const answers = await run(transaction ? [['MULTI'], ...commands, ['EXEC']] : commands);
    if (fault?.kind === 'dropAnswer') return void request.socket.destroy();
    const encode = request.headers['upstash-encoding'] === 'base64' ? inBase64 : (value: RespValue) => value;
    const results = transaction ? (answers.at(-1) as RespValue[]) : answers;
    const said = results.map((value) =>
      value instanceof RedisError ? { error: value.message } : { result: encode(value) },
    );
    standIn.bytes += JSON.stringify(said).length;
    if (isBatch) return say(response, 200, said);
    return say(response, results[0] instanceof RedisError ? 400 : 200, said[0]);
  }

  const server: Server = createServer((request, response) => {
    answer(request, response).catch(() => {
      // Redis is away: whoever stands before it has nothing to say.
      if (!response.headersSent) say(response, 502, { error: 'upstream is not reachable' });
    });
  });
  server.listen(at, '127.0.0.1');
  await once(server, 'listening');
  standIn.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return standIn;
}

/** Waits for all that any connection has written: a command's own place in the stream is after all of it. */
async function reached(connection: RespConnection, wait: readonly string[]): Promise<RespValue> {
  const [, have = null] = await connection.send([['PUBLISH', 'fairgate:stand-in', ''], wait]);
  return have;
}

function withoutName(answer: RespValue): RespValue {
  return typeof answer === 'string' && answer.includes('run_id:') ? '# Server\r\nupstash_version:1.0.0\r\n' : answer;
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function inBase64(value: RespValue): RespValue {
  if (Array.isArray(value)) return value.map(inBase64);
  return typeof value === 'string' && value !== 'OK' ? Buffer.from(value).toString('base64') : value;
}
