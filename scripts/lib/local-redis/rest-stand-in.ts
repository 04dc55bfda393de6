// Upstash's REST API in front of a real redis-server, on loopback: single commands, pipelines, transactions, with its statuses
// and bodies for errors and a wrong token. It counts requests, and a test can make it delay, drop or refuse them.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../loopback-ports.ts';
import { RedisError, RespConnection, type RespValue } from './resp.ts';

/** What goes wrong with one request. */
export type Fault =
  /** Redis executes it after a delay. */
  | { kind: 'slow'; ms: number }
  /** Redis executes it, and the connection breaks before the response. */
  | { kind: 'dropAnswer' }
  /** The connection breaks before Redis has the request. */
  | { kind: 'drop' }
  /** A proxy before Redis refuses it. */
  | { kind: 'status'; status: number; body: string };

export interface RestStandIn {
  url: string;
  token: string;
  /** Requests and commands so far. */
  requests: number;
  commands: Map<string, number>;
  /** Bytes of bodies in both directions so far. */
  bytes: number;
  /** Chooses the fault of each request; null: none. */
  fault: ((commands: readonly (readonly string[])[]) => Fault | null) | null;
  /**
   * Like Upstash's hosted service: INFO names no process, and WAIT covers the writes of all connections. False: like a plain
   * Redis behind the REST API.
   */
  isHosted: boolean;
  /** Uses another Redis from now on, as after a failover. */
  redirect(port: number): void;
  stop(): Promise<void>;
}

/** @param port of the redis-server @param ownPort 0: any free one */
export async function startRestStandIn(port: number, ownPort = 0): Promise<RestStandIn> {
  const token = 'stand-in-token-0123456789';
  let redisPort = port;
  let idle: RespConnection[] = [];

  async function run(commands: string[][]): Promise<RespValue[]> {
    const connection = idle.find(({ isOpen }) => isOpen) ?? (await RespConnection.open(redisPort));
    idle = idle.filter((other) => other !== connection && other.isOpen);
    const [first] = commands;
    const isWait = standIn.isHosted && first?.[0] === 'WAIT';
    const replies = isWait ? [await waitForAll(connection, first)] : await connection.send(commands);
    idle.push(connection);
    return standIn.isHosted ? replies.map(withoutProcessName) : replies;
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

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.headers.authorization !== `Bearer ${token}`) {
      return sendJson(response, 401, { error: 'WRONGPASS invalid or missing auth token' });
    }
    const text = Buffer.concat(chunks).toString();
    standIn.bytes += text.length;
    const body: unknown = JSON.parse(text);
    const isBatch = request.url === '/pipeline' || request.url === '/multi-exec';
    if (!isBatch && request.url !== '/') return sendJson(response, 400, { error: 'ERR unknown path' });
    const commands = ((isBatch ? body : [body]) as unknown[][]).map((command) => command.map(String));
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
    const replies = await run(transaction ? [['MULTI'], ...commands, ['EXEC']] : commands);
    if (fault?.kind === 'dropAnswer') return void request.socket.destroy();
    const encode = request.headers['upstash-encoding'] === 'base64' ? toBase64 : (value: RespValue) => value;
    const values = transaction ? (replies.at(-1) as RespValue[]) : replies;
    const results = values.map((value) =>
      value instanceof RedisError ? { error: value.message } : { result: encode(value) },
    );
    standIn.bytes += JSON.stringify(results).length;
    if (isBatch) return sendJson(response, 200, results);
    return sendJson(response, values[0] instanceof RedisError ? 400 : 200, results[0]);
  }

  const server: Server = createServer((request, response) => {
    respond(request, response).catch(() => {
      // Redis is down or closed the connection.
      if (!response.headersSent) sendJson(response, 502, { error: 'upstream is not reachable' });
    });
  });
  standIn.url = `http://127.0.0.1:${await listenOnLoopback(server, ownPort)}`;
  return standIn;
}

/** WAIT covers this connection's last write; a PUBLISH now comes after the writes of all connections. */
async function waitForAll(connection: RespConnection, wait: readonly string[]): Promise<RespValue> {
  const [, replicas = null] = await connection.send([['PUBLISH', 'fairgate:stand-in', ''], wait]);
  return replicas;
}

function withoutProcessName(reply: RespValue): RespValue {
  return typeof reply === 'string' && reply.includes('run_id:') ? '# Server\r\nupstash_version:1.0.0\r\n' : reply;
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function toBase64(value: RespValue): RespValue {
  if (Array.isArray(value)) return value.map(toBase64);
  return typeof value === 'string' && value !== 'OK' ? Buffer.from(value).toString('base64') : value;
}
