// The bridge (scripts/redis-bridge) on loopback for tests and the bench. It counts requests, a test can make it delay, drop or refuse
// them, and it can be like Upstash's hosted service, which names no process.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { RedisPool } from '../../redis-bridge/redis-pool.ts';
import { failureAnswer, RestApi } from '../../redis-bridge/rest-api.ts';
import { listenOnLoopback } from '../loopback-ports.ts';
import { onLoopback } from './redis-server.ts';

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
  /** Like Upstash's hosted service: INFO names no process. False: like a plain Redis behind the bridge. */
  isHosted: boolean;
  /** Uses another Redis from now on, as after a failover. */
  redirect(port: number): void;
  stop(): Promise<void>;
}

/** @param port of the redis-server @param ownPort 0: any free one */
export async function startRestStandIn(port: number, ownPort = 0): Promise<RestStandIn> {
  const token = 'stand-in-token-0123456789';
  // Tests look at what the gateway says of a failure.
  const say = () => {};
  let pool: RedisPool;
  let api: RestApi;
  const connect = (to: number) => {
    pool = new RedisPool(onLoopback(to), say);
    api = new RestApi(token, pool, say);
  };
  connect(port);

  const standIn: RestStandIn = {
    url: '',
    token,
    requests: 0,
    commands: new Map(),
    bytes: 0,
    fault: null,
    isHosted: false,
    redirect(to) {
      pool.close();
      connect(to);
    },
    async stop() {
      pool.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    api.authorize(request.headers.authorization);
    const body = Buffer.concat(chunks).toString();
    const [path = '', method = ''] = [request.url, request.method];
    const parsed = JSON.parse(body) as unknown[][] | unknown[];
    const commands = ((path === '/' ? [parsed] : parsed) as unknown[][]).map((command) => command.map(String));
    standIn.bytes += body.length;
    standIn.requests++;
    for (const [name = ''] of commands) {
      const upper = name.toUpperCase();
      standIn.commands.set(upper, (standIn.commands.get(upper) ?? 0) + 1);
    }
    const fault = standIn.fault?.(commands) ?? null;
    if (fault?.kind === 'drop') return void request.socket.destroy();
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end(fault.body);
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const answer = await api.answer({ method, path, encoding: undefined, body });
    if (fault?.kind === 'dropAnswer') return void request.socket.destroy();
    standIn.bytes += answer.body.length;
    sendJson(response, answer.status, standIn.isHosted ? withoutProcessName(answer.body) : answer.body);
  }

  const server: Server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      const { status, body } = failureAnswer(error, say);
      if (!response.headersSent) sendJson(response, status, body);
    });
  });
  standIn.url = `http://127.0.0.1:${await listenOnLoopback(server, ownPort)}`;
  return standIn;
}

function withoutProcessName(body: string): string {
  return body.replaceAll(/"[^"]*run_id:[^"]*"/g, JSON.stringify('# Server\r\nupstash_version:1.0.0\r\n'));
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
}
