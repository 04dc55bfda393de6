// The way to Redis: `@upstash/redis` over HTTP, one request a batch, each bounded in time. What goes wrong comes out in
// words of our own: the client's errors contain the whole batch, visitors' sessions included, and must reach no log.

import { Redis } from '@upstash/redis/cloudflare';

export interface RedisAddress {
  url: string;
  token: string;
}

/** One: whichever process takes over is the one that has most. */
export const REDIS_REPLICAS_DEFAULT = 1;

/** What can stand in the way, as far as it makes a difference. */
const TROUBLES = {
  /** No answer in time, none at all, or none that can be read: the batch may have been carried out. */
  unanswered: { says: 'it does not answer', passes: true, mayHaveRun: true },
  /** Others wrote first, each time. */
  contended: { says: 'too many write to it at once', passes: true, mayHaveRun: false },
  limited: { says: 'it takes no more requests for now (rate limit)', passes: true, mayHaveRun: false },
  /** Loading, being replaced, or without a disk that it needs. */
  notReady: { says: 'it cannot be written at the moment', passes: true, mayHaveRun: false },
  /** Written, and on no replica that could take over: whoever was told of it could be contradicted. */
  unreplicated: {
    says: 'no replica has what was written; where there is none, set REDIS_REPLICAS to 0 (docs/redis.md)',
    passes: true,
    mayHaveRun: true,
  },
  forbidden: { says: 'it refuses the token, or the token may not write', passes: false, mayHaveRun: false },
  full: { says: 'its memory is full', passes: false, mayHaveRun: false },
  elsewhere: {
    says: 'it is one node of a cluster; give the address of a whole database',
    passes: false,
    mayHaveRun: false,
  },
  unexpected: { says: 'it answers with an error that has no name here', passes: false, mayHaveRun: true },
} as const;

export type FailureKind = keyof typeof TROUBLES;

export class RedisFailure extends Error {
  readonly failure: FailureKind;
  /** Another try may go better. */
  readonly isTransient: boolean;
  readonly mayHaveRun: boolean;

  constructor(trouble: FailureKind) {
    const { says, passes, mayHaveRun } = TROUBLES[trouble];
    super(`Redis: ${says}`);
    this.name = 'RedisTrouble';
    this.failure = trouble;
    this.isTransient = passes;
    this.mayHaveRun = mayHaveRun;
  }
}

type Pipeline = ReturnType<Redis['pipeline']>;

/** One request does not take longer than this; a slow one is taken for lost and asked after. */
export const REQUEST_MS_MAX = 1_000;

/** Replicas of one region are a few milliseconds behind; one that takes longer than this is asked after again. */
const REPLICATED_MS_MAX = 500;

export class RedisClient {
  /** Requests so far. */
  roundTrips = 0;
  readonly #redis: Redis;
  /** Of the request that is being sent. */
  #bound = new AbortController();

  constructor({ url, token }: RedisAddress) {
    this.#redis = new Redis({
      url,
      token,
      // Ours is JSON in UTF-8 on both ways; stand-ins for Upstash do not all know the other encoding.
      responseEncoding: false,
      automaticDeserialization: false,
      enableTelemetry: false,
      enableAutoPipelining: false,
      // `retry: false` still tries twice. Who repeats here knows what may have happened.
      retry: { retries: 0 },
      // As a function, because otherwise the client answers an aborted request with the reason as a result.
      signal: () => this.#bound.signal,
    });
  }

  /**
   * Sends a batch in one request.
   * @param optional indices of commands that may fail
   * @returns every command's result
   * @throws RedisTrouble where the batch has no answer, or a command failed that may not
   */
  async results(fill: (batch: Pipeline) => void, optional: ReadonlySet<number> = NONE): Promise<unknown[]> {
    const answers = await this.send(fill);
    const failed = answers.find((answer, index) => answer instanceof RedisFailure && !optional.has(index));
    if (failed !== undefined) throw failed;
    return answers;
  }

  /**
   * Sends a batch in one request.
   * @returns the results in order; a command that failed has its trouble in its place
   * @throws RedisTrouble where there is no answer to the batch as a whole
   */
  async send(fill: (batch: Pipeline) => void): Promise<unknown[]> {
    const batch = this.#redis.pipeline();
    fill(batch);
    const answers = (await this.#bounded(() => batch.exec({ keepErrors: true }))) as
      | { result?: unknown; error?: string }[]
      | null;
    if (!Array.isArray(answers)) throw new RedisFailure('unanswered');
    return answers.map(({ result, error }) => (error === undefined ? result : new RedisFailure(commandTrouble(error))));
  }

  /**
   * Waits until so many replicas have all that was written before, by whomever: so says Upstash of its own service. Redis
   * itself waits for the writes of the same connection only, which a request of its own does not tell.
   * @throws RedisTrouble `unreplicated` where they do not have it in time
   */
  async waitForReplicas(replicas: number): Promise<void> {
    const reached = await this.#bounded(() =>
      this.#redis.exec<number>(['WAIT', String(replicas), String(REPLICATED_MS_MAX)]),
    );
    if (typeof reached !== 'number' || reached < replicas) throw new RedisFailure('unreplicated');
  }

  /** @throws RedisTrouble where there is no answer in time, or none but a refusal */
  async #bounded<T>(send: () => Promise<T>): Promise<T> {
    this.roundTrips++;
    const bound = new AbortController();
    // Ended with the answer: a timer that runs on would keep a relay from its rest.
    const timer = setTimeout(() => bound.abort(), REQUEST_MS_MAX);
    // The client asks for the signal before it first waits for anything.
    this.#bound = bound;
    try {
      return await send();
    } catch (error) {
      // Swallowed on purpose: connection refused or broken, time-out, an HTTP status that is not 200, a body that is not
      // JSON. The original's message holds the batch.
      throw new RedisFailure(troubleIn(error instanceof Error ? error.message : ''));
    } finally {
      clearTimeout(timer);
    }
  }
}

const NONE: ReadonlySet<number> = new Set();

/** Where a whole batch failed, what is not refused by name may have been carried out. */
function troubleIn(message: string): FailureKind {
  // The client appends the batch; what follows is not Redis speaking.
  const said = message.split(', command was: ')[0] ?? '';
  const named = commandTrouble(said);
  return named === 'unexpected' ? 'unanswered' : named;
}

/** Redis names its errors by a first word in capitals; a script's error carries it further inside. */
function commandTrouble(said: string): FailureKind {
  if (/\b(?:WRONGPASS|NOAUTH|NOPERM)\b|unauthorized/i.test(said)) return 'forbidden';
  if (/\bOOM\b/.test(said)) return 'full';
  if (/\b(?:MOVED|ASK|CROSSSLOT)\b/.test(said)) return 'elsewhere';
  if (/\b(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS)\b/.test(said)) return 'notReady';
  if (/limit exceeded|too many requests|rate limit|max (?:daily |concurrent )?(?:request|connection)/i.test(said)) {
    return 'limited';
  }
  return 'unexpected';
}
