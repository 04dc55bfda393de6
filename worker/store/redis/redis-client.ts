// The connection to Redis: `@upstash/redis` over HTTP, one request a pipeline, each bounded in time. The client's own errors
// contain the whole pipeline, visitors' sessions included, and must reach no log: failures leave here with a fixed text.

import { Redis } from '@upstash/redis/cloudflare';

export interface RedisAddress {
  url: string;
  token: string;
}

/** One: of several replicas the most advanced one takes over. */
export const REDIS_REPLICAS_DEFAULT = 1;

/** Bound of one request. A slower one counts as lost, and the next attempt checks whether it ran. */
const REQUEST_MS_MAX = 1_000;

/** Replicas of one region lag a few milliseconds; after this long the wait is repeated. */
const REPLICATED_MS_MAX = 500;

/** Failures, as far as callers treat them differently. `isTransient`: a retry may succeed. */
const FAILURES = {
  /** No response in time, none at all, or one that cannot be parsed: the pipeline may have run. */
  unanswered: {
    text: 'Redis is unreachable, or its response cannot be parsed',
    isTransient: true,
    mayHaveRun: true,
  },
  contended: {
    text: 'Redis record was changed by another gateway during every attempt',
    isTransient: true,
    mayHaveRun: false,
  },
  limited: { text: 'Redis rate limit exceeded', isTransient: true, mayHaveRun: false },
  notReady: {
    text: 'Redis cannot be written now (loading, read-only replica, no replica, or a failing disk)',
    isTransient: true,
    mayHaveRun: false,
  },
  /** Written, but on no replica that could take over: a caller who got the reply could be contradicted. */
  unreplicated: {
    text: 'No Redis replica confirmed the write; if there is none, set REDIS_REPLICAS=0 (docs/redis.md)',
    isTransient: true,
    mayHaveRun: true,
  },
  forbidden: {
    text: 'Redis refused the token, or the token has no permission to write; check UPSTASH_REDIS_REST_TOKEN',
    isTransient: false,
    mayHaveRun: false,
  },
  tooLarge: {
    text: 'Redis refused a request or value as too large; check the limits of the plan (docs/redis.md)',
    isTransient: false,
    mayHaveRun: false,
  },
  full: { text: 'Redis is out of memory (OOM)', isTransient: false, mayHaveRun: false },
  elsewhere: {
    text: 'Redis is one node of a cluster; set UPSTASH_REDIS_REST_URL to a whole database',
    isTransient: false,
    mayHaveRun: false,
  },
  unexpected: { text: 'Redis returned an unknown error', isTransient: false, mayHaveRun: true },
} as const;

export type FailureKind = keyof typeof FAILURES;

export class RedisFailure extends Error {
  readonly failure: FailureKind;
  readonly isTransient: boolean;
  readonly mayHaveRun: boolean;

  constructor(failure: FailureKind, text: string = FAILURES[failure].text) {
    const { isTransient, mayHaveRun } = FAILURES[failure];
    super(text);
    this.name = 'RedisFailure';
    this.failure = failure;
    this.isTransient = isTransient;
    this.mayHaveRun = mayHaveRun;
  }
}

type Pipeline = ReturnType<Redis['pipeline']>;

export class RedisClient {
  /** Requests so far. */
  roundTrips = 0;
  readonly #redis: Redis;
  /** Aborts the request that is being sent. */
  #abort = new AbortController();

  constructor({ url, token }: RedisAddress) {
    this.#redis = new Redis({
      url,
      token,
      // Values here are JSON in UTF-8; not every server that speaks Upstash's REST form knows the base64 encoding.
      responseEncoding: false,
      automaticDeserialization: false,
      enableTelemetry: false,
      enableAutoPipelining: false,
      // `retry: false` still tries twice. Only the ledger knows whether a request may be repeated.
      retry: { retries: 0 },
      // As a function: given a signal, the client returns the abort reason as if it were a result.
      signal: () => this.#abort.signal,
    });
  }

  /**
   * Sends a pipeline in one request.
   * @param optional indices of commands that may fail
   * @returns the result of every command
   * @throws RedisFailure where the pipeline has no response, or a command failed that may not
   */
  async results(fill: (pipeline: Pipeline) => void, optional: ReadonlySet<number> = NONE): Promise<unknown[]> {
    const results = await this.send(fill);
    const failed = results.find((result, index) => result instanceof RedisFailure && !optional.has(index));
    if (failed !== undefined) throw failed;
    return results;
  }

  /**
   * Sends a pipeline in one request.
   * @returns the results in order; for a command that failed, a RedisFailure
   * @throws RedisFailure where there is no response to the pipeline as a whole
   */
  async send(fill: (pipeline: Pipeline) => void): Promise<unknown[]> {
    const pipeline = this.#redis.pipeline();
    fill(pipeline);
    const results = (await this.#bounded(() => pipeline.exec({ keepErrors: true }))) as
      | { result?: unknown; error?: string }[]
      | null;
    if (!Array.isArray(results)) throw new RedisFailure('unanswered');
    return results.map(({ result, error }) => (error === undefined ? result : new RedisFailure(commandFailure(error))));
  }

  /**
   * Waits until this many replicas have every earlier write. Upstash documents its WAIT to cover the writes of all
   * connections; plain Redis waits only for those of the same connection, which a request of its own does not have.
   * @throws RedisFailure `unreplicated` where they do not have it in time
   */
  async waitForReplicas(replicas: number): Promise<void> {
    const confirmed = await this.#bounded(() =>
      this.#redis.exec<number>(['WAIT', String(replicas), String(REPLICATED_MS_MAX)]),
    );
    if (typeof confirmed !== 'number' || confirmed < replicas) throw new RedisFailure('unreplicated');
  }

  /** @throws RedisFailure where there is no response in time, or only a refusal */
  async #bounded<T>(send: () => Promise<T>): Promise<T> {
    this.roundTrips++;
    const abort = new AbortController();
    // Cleared with the response: a running timer would keep a relay from hibernating.
    const timer = setTimeout(() => abort.abort(), REQUEST_MS_MAX);
    // The client reads the signal synchronously, before its first await.
    this.#abort = abort;
    try {
      return await send();
    } catch (error) {
      // Swallowed on purpose: connection refused or broken, time-out, an HTTP status that is not 200, a body that is not
      // JSON. The original's message contains the pipeline.
      if (abort.signal.aborted)
        throw new RedisFailure('unanswered', `Redis did not answer within ${REQUEST_MS_MAX} ms`);
      throw new RedisFailure(requestFailure(error instanceof Error ? error.message : ''));
    } finally {
      clearTimeout(timer);
    }
  }
}

const NONE: ReadonlySet<number> = new Set();

/** Where a whole request failed, it may have run unless Redis refused it by name. */
function requestFailure(message: string): FailureKind {
  // The client appends the pipeline; what follows is not from Redis.
  const fromRedis = message.split(', command was: ')[0] ?? '';
  const failure = commandFailure(fromRedis);
  return failure === 'unexpected' ? 'unanswered' : failure;
}

/** Redis names its errors by a first word in capitals; a script's error has it further inside. */
function commandFailure(message: string): FailureKind {
  if (/\b(?:WRONGPASS|NOAUTH|NOPERM)\b|unauthorized/i.test(message)) return 'forbidden';
  if (/\bOOM\b|capacity quota exceeded/i.test(message)) return 'full';
  // Before the limits of rate: "max request size exceeded" is none of them.
  if (/\bsize exceeded|too (?:large|big|long)\b|exceeds? (?:the )?max(?:imum)?\b.*\bsize/i.test(message))
    return 'tooLarge';
  if (/\b(?:MOVED|ASK|CROSSSLOT)\b/.test(message)) return 'elsewhere';
  if (/\b(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS)\b/.test(message)) {
    return 'notReady';
  }
  if (/limit exceeded|too many requests|rate limit|max (?:daily |concurrent )?(?:request|connection)/i.test(message)) {
    return 'limited';
  }
  return 'unexpected';
}
