// The way from all visitors to the gateway: a bounded pool of kept connections, a bound in time and size on every
// answer, requests that can be broken off like a phone's in a lift. Redirects are never followed, so nothing leaves the
// target. Times count from the wish to ask, so that waiting for a connection is not hidden.

import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import type { RequestFigures, RequestKind, Traffic } from './event-log.ts';
import { Latencies } from './latency-samples.ts';
import type { Target } from './rehearsal-target.ts';

/** As long as a browser's page waits; then it asks again. */
const ANSWER_MS_MAX = 10_000;

/** A waiting page has 40 kB, an origin's own page seldom a megabyte; more is not read. */
const BODY_BYTES_MAX = 2_000_000;

/** Slices of the traffic over time; 5 s each are an hour. */
const SLICE_MS = 5_000;
const SLICES_MAX = 720;

export interface Wanted {
  kind: RequestKind;
  path: string;
  method?: 'GET' | 'HEAD' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** Breaks the request off after this; an answer that came sooner is lost all the same. */
  loseAfterMs?: number;
}

export interface Answered {
  kind: 'answered';
  status: number;
  headers: Record<string, string>;
  setCookies: string[];
  text: string;
}

export type Outcome = Answered | { kind: 'lost'; why: string };

export class Network {
  readonly target: Target;
  readonly socketWait = new Latencies();
  readonly traffic: Traffic;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #host: string | null;
  readonly #startedAt = performance.now();
  #answeredAt = performance.now();

  /** @param host sent as Host instead of the target's own: for a room whose name does not lead here yet */
  constructor(target: Target, connections: number, host: string | null = null) {
    this.target = target;
    this.#host = host;
    const options = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
    this.#agent = target.secure ? new HttpsAgent(options) : new HttpAgent(options);
    this.traffic = { kinds: emptyFigures(), sliceMs: SLICE_MS, slices: [], silentMs: 0 };
  }

  ask(wanted: Wanted): Promise<Outcome> {
    const { kind, path, method = 'GET', headers = {}, body, loseAfterMs } = wanted;
    const { hostname, port, secure, lookup } = this.target;
    const wantedAt = performance.now();
    return new Promise((resolve) => {
      let settled = false;
      const settle = (outcome: Outcome, deliberate: boolean) => {
        if (settled) return;
        settled = true;
        clearTimeout(bound);
        this.#note(kind, outcome, performance.now() - wantedAt, deliberate);
        resolve(outcome);
      };
      const lose = (why: string, deliberate = false) => {
        settle({ kind: 'lost', why }, deliberate);
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
        () => lose(loseAfterMs === undefined ? 'no answer in time' : 'broken off', loseAfterMs !== undefined),
        loseAfterMs ?? ANSWER_MS_MAX,
      );
      sent.on('socket', () => this.socketWait.note(performance.now() - wantedAt));
      sent.on('error', (error) => lose('code' in error ? String(error.code) : error.message));
      sent.on('response', (answer) => {
        if (loseAfterMs === undefined) readAnswer(answer, (outcome) => settle(outcome, false), lose);
        else lose('broken off', true);
      });
      sent.end(body);
    });
  }

  /** How long ago the last answer came. */
  get silentMs(): number {
    return performance.now() - this.#answeredAt;
  }

  close(): void {
    this.traffic.silentMs = Math.max(this.traffic.silentMs, this.silentMs);
    this.#agent.destroy();
  }

  #note(kind: RequestKind, outcome: Outcome, ms: number, deliberate: boolean): void {
    const figures = this.traffic.kinds[kind];
    if (outcome.kind === 'lost') {
      if (!deliberate) figures.noAnswer++;
      return;
    }
    figures.answers.note(ms);
    this.traffic.silentMs = Math.max(this.traffic.silentMs, this.silentMs);
    this.#answeredAt = performance.now();
    if (outcome.status >= 500) figures.serverErrors++;
    else if (outcome.status === 429) figures.tooMany++;
    // The wishes' outcomes have status codes of their own, and attempts are there to be refused.
    else if (outcome.status >= 400 && kind !== 'attempt' && !isOutcome(outcome)) figures.unexpected++;
    const slice = Math.min(SLICES_MAX - 1, Math.floor((performance.now() - this.#startedAt) / SLICE_MS));
    while (this.traffic.slices.length <= slice) this.traffic.slices.push(new Latencies());
    this.traffic.slices[slice]?.note(ms);
  }
}

function readAnswer(answer: IncomingMessage, whole: (answered: Answered) => void, lose: (why: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) lose('answer too large');
  });
  answer.on('error', (error) => lose('code' in error ? String(error.code) : error.message));
  answer.on('end', () => {
    const raw = Buffer.concat(chunks);
    const { 'set-cookie': setCookies = [], ...fields } = answer.headers;
    const headers = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    );
    try {
      const packed = headers['content-encoding'] === 'gzip' && raw.byteLength > 0;
      const text = (packed ? gunzipSync(raw, { maxOutputLength: BODY_BYTES_MAX }) : raw).toString();
      whole({ kind: 'answered', status: answer.statusCode ?? 0, headers, setCookies, text });
    } catch {
      lose('answer cannot be unpacked'); // zlib errors: cut off, not gzip, or beyond the bound
    }
  });
}

function isOutcome({ status, text }: Answered): boolean {
  return (status === 409 || status === 410) && text.includes('"outcome"');
}

function emptyFigures(): Record<RequestKind, RequestFigures> {
  const figures = (): RequestFigures => ({
    answers: new Latencies(),
    serverErrors: 0,
    tooMany: 0,
    unexpected: 0,
    noAnswer: 0,
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
