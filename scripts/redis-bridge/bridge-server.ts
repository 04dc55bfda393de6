// The HTTP of the bridge: who may ask, how much, how slowly, and how many at a time.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BridgeFailure } from './bridge-failure.ts';
import type { Say } from './redis-pool.ts';
import { BODIES_BYTES_MAX, BODY_BYTES_MAX, BODY_MS_MAX } from './request-bounds.ts';
import { failureAnswer, type RestAnswer, type RestApi } from './rest-api.ts';

/** Beyond these the system refuses connections. Each gateway process keeps a few. */
const CLIENTS_MAX = 1_024;

/** Longer than nginx (60 s) and workerd keep an idle connection: the side that asks should be the one that closes. */
const IDLE_MS_MAX = 120_000;

/** How often Node looks for connections beyond their time. */
const TIMES_CHECKED_MS = 1_000;

const HEADER_BYTES_MAX = 8_192;

export function bridgeServer(api: Pick<RestApi, 'authorize' | 'answer'>, say: Say): Server {
  let bytes = 0;

  /** @throws BridgeFailure before anything beyond a bound is kept */
  async function bodyOf(request: IncomingMessage, taken: (length: number) => void): Promise<string> {
    if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw new BridgeFailure('largeBody');
    const chunks: Buffer[] = [];
    let length = 0;
    // A request that is refused in the middle stays open for its answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      taken(chunk.length);
      if (length > BODY_BYTES_MAX) throw new BridgeFailure('largeBody');
      if (bytes > BODIES_BYTES_MAX) throw new BridgeFailure('manyBodies');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }

  async function answered(request: IncomingMessage): Promise<RestAnswer> {
    let own = 0;
    try {
      const { authorization, 'upstash-encoding': encoding } = request.headers;
      api.authorize(authorization);
      const body = await bodyOf(request, (length) => {
        own += length;
        bytes += length;
      });
      const { method = '', url: path = '' } = request;
      return await api.answer({ method, path, encoding: typeof encoding === 'string' ? encoding : undefined, body });
    } catch (error) {
      // A client that left in the middle of its body gets no answer.
      return failureAnswer(request.destroyed && !request.complete ? new BridgeFailure('slowBody') : error, say);
    } finally {
      bytes -= own;
    }
  }

  const options = {
    requestTimeout: BODY_MS_MAX,
    headersTimeout: BODY_MS_MAX,
    keepAliveTimeout: IDLE_MS_MAX,
    connectionsCheckingInterval: TIMES_CHECKED_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const server = createServer(options, (request, response) => {
    void answered(request).then((answer) => send(request, response, answer));
  });
  server.maxConnections = CLIENTS_MAX;
  return server;
}

function send(request: IncomingMessage, response: ServerResponse, { status, body }: RestAnswer): void {
  if (response.destroyed) return;
  // What was not read of a body that is refused, is thrown away: a client that is still sending would not see the answer otherwise.
  request.resume();
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, headers).end(body);
}
