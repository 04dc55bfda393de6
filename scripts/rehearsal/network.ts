// The network between all visitors and the gateway: a bounded pool of connections, a bound in time and size on every response,
// and requests that are cut off as on a bad mobile network. Redirects are never followed, so nothing leaves the target.
// Latencies start when a request is sent, so they include waiting for a connection.

import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import type { RequestFigures, RequestKind, Traffic } from './event-log.ts';
import { LatencySamples } from './latency-samples.ts';
import type { Target } from './rehearsal-target.ts';

/** As long as a waiting page waits before it retries. */
const RESPONSE_MS_MAX = 10_000;

/** A waiting page has 40 kB, a page of an origin rarely a megabyte. */
const BODY_BYTES_MAX = 2_000_000;

/** Slices of the traffic over time; 720 of 5 s are an hour. */
const SLICE_MS = 5_000;
const SLICES_MAX = 720;

export interface OutgoingRequest {
  kind: RequestKind;
  path: string;
  method?: 'GET' | 'HEAD' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** Cuts the request off after this; a response that came sooner is lost too. */
  loseAfterMs?: number;
}

export interface ReceivedResponse {
  kind: 'response';
  status: number;
  headers: Record<string, string>;
  setCookies: string[];
  text: string;
}

export type Outcome = ReceivedResponse | { kind: 'lost'; reason: string };

export class Network {
  readonly target: Target;
  readonly socketWait = new LatencySamples();
  readonly traffic: Traffic;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #host: string | null;
  readonly #startedAt = performance.now();
  #lastResponseAt = performance.now();

  /** @param host sent as Host instead of the target's own, for a room whose name does not resolve to the target yet */
  constructor(target: Target, connections: number, host: string | null = null) {
    this.target = target;
    this.#host = host;
    const options = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
    this.#agent = target.secure ? new HttpsAgent(options) : new HttpAgent(options);
    this.traffic = { kinds: emptyFigures(), sliceMs: SLICE_MS, slices: [], silentMs: 0 };
  }

  send({ kind, path, method = 'GET', headers = {}, body, loseAfterMs }: OutgoingRequest): Promise<Outcome> {
    const { hostname, port, secure, lookup } = this.target;
    const sentAt = performance.now();
    return new Promise((resolve) => {
      let settled = false;
      const settle = (outcome: Outcome, deliberate: boolean) => {
        if (settled) return;
        settled = true;
        clearTimeout(bound);
        this.#record(kind, outcome, performance.now() - sentAt, deliberate);
        resolve(outcome);
      };
      const lose = (reason: string, deliberate = false) => {
        settle({ kind: 'lost', reason }, deliberate);
        sent.destroy();
      };
      const sent: ClientRequest = (secure ? httpsRequest : httpRequest)({
        agent: this.#agent,
        host: hostname,
        port,
        path,
        method,
        headers: {
          ...(this.#host === null ? {} : { Host: this.#host }),
          ...(method === 'POST' ? { 'Content-Length': String(Buffer.byteLength(body ?? '')) } : {}),
          ...headers,
        },
        ...(lookup === null ? {} : { lookup }),
      });
      const bound = setTimeout(
        () => lose(loseAfterMs === undefined ? 'no response in time' : 'cut off', loseAfterMs !== undefined),
        loseAfterMs ?? RESPONSE_MS_MAX,
      );
      sent.on('socket', () => this.socketWait.add(performance.now() - sentAt));
      sent.on('error', (error) => lose('code' in error ? String(error.code) : error.message));
      sent.on('response', (response) => {
        if (loseAfterMs === undefined) readResponse(response, (received) => settle(received, false), lose);
        else lose('cut off', true);
      });
      sent.end(body);
    });
  }

  /** Since the last response. */
  get silentMs(): number {
    return performance.now() - this.#lastResponseAt;
  }

  close(): void {
    this.traffic.silentMs = Math.max(this.traffic.silentMs, this.silentMs);
    this.#agent.destroy();
  }

  #record(kind: RequestKind, outcome: Outcome, ms: number, deliberate: boolean): void {
    const figures = this.traffic.kinds[kind];
    if (outcome.kind === 'lost') {
      if (!deliberate) figures.noResponse++;
      return;
    }
    figures.responses.add(ms);
    this.traffic.silentMs = Math.max(this.traffic.silentMs, this.silentMs);
    this.#lastResponseAt = performance.now();
    if (outcome.status >= 500) figures.serverErrors++;
    else if (outcome.status === 429) figures.rateLimited++;
    // Bypass attempts should be refused, and joins and claims have outcomes with statuses of their own.
    else if (outcome.status >= 400 && kind !== 'attempt' && !isVisitorOutcome(outcome)) figures.unexpected++;
    const slice = Math.min(SLICES_MAX - 1, Math.floor((performance.now() - this.#startedAt) / SLICE_MS));
    while (this.traffic.slices.length <= slice) this.traffic.slices.push(new LatencySamples());
    this.traffic.slices[slice]?.add(ms);
  }
}

/** The value of a JSON text; null where it is none, for example because the response was cut off. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // SyntaxError
  }
}

function readResponse(
  response: IncomingMessage,
  done: (received: ReceivedResponse) => void,
  lose: (reason: string) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) lose('response too large');
  });
  response.on('error', (error) => lose('code' in error ? String(error.code) : error.message));
  response.on('end', () => {
    const raw = Buffer.concat(chunks);
    const { 'set-cookie': setCookies = [], ...fields } = response.headers;
    const headers = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    );
    try {
      const compressed = headers['content-encoding'] === 'gzip' && raw.byteLength > 0;
      const text = (compressed ? gunzipSync(raw, { maxOutputLength: BODY_BYTES_MAX }) : raw).toString();
      done({ kind: 'response', status: response.statusCode ?? 0, headers, setCookies, text });
    } catch {
      lose('response cannot be decompressed'); // zlib errors: cut off, not gzip, or beyond the bound
    }
  });
}

function isVisitorOutcome({ status, text }: ReceivedResponse): boolean {
  return (status === 409 || status === 410) && text.includes('"outcome"');
}

function emptyFigures(): Record<RequestKind, RequestFigures> {
  const figures = (): RequestFigures => ({
    responses: new LatencySamples(),
    serverErrors: 0,
    rateLimited: 0,
    unexpected: 0,
    noResponse: 0,
  });
  return {
    page: figures(),
    board: figures(),
    status: figures(),
    join: figures(),
    claim: figures(),
    enter: figures(),
    leave: figures(),
    attempt: figures(),
  };
}
