// One document and its tables in Redis, shared by any number of gateways: load, let the machine decide, write if nobody
// else has written meanwhile, else begin again; a bounded number of times and a bounded time. Remembers what it last saw, so
// that a store that comes back older is noticed and moved forward (queue-core/recovery.ts).

import { ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { Effect, Machine, Page, Put, Rows, Sessions, Table, Witness } from '../../../queue-core/machine.ts';
import type { EpochMs } from '../../../queue-core/room.ts';
import type { StoreStats } from '../store-stats.ts';
import { appendCommitId, mergeCommitIds, relationOf } from './commit-history.ts';
import { type RedisClient, RedisFailure } from './redis-client.ts';
import {
  COMMIT,
  RECEIPT_MS,
  RECORD_FIELDS,
  RedisKeys,
  rowIn,
  type ScriptArguments,
  scriptArguments,
  sessionPart,
} from './redis-schema.ts';
import { LoadedSessions, WrittenSessions } from './session-rows.ts';

/** No request begins later than this after the operation did; with the last one's own bound it ends within 3 s. */
const OPERATION_MS_MAX = 2_000;

/**
 * Tries at one commit, and the pause after one that failed: a random time up to `first`, doubled each time up to `most`.
 * Who met another client at the record tries again soon, for somebody always wins (eight relays 5 ms away from Redis: 1 % of
 * wishes took 0.8 s, with longer pauses 1.6 s). Who met trouble gives it time.
 */
const AFTER_CONFLICT = { tries: 30, first: 4, most: 32 };
const AFTER_TROUBLE = { tries: 8, first: 20, most: 250 };

/** A look that nothing is to be written for is answered from what somebody committed this recently. */
const LOOK_MS_MAX = 200;

/** Own commits remembered for the case that the store loses them: more than it may lose (`LOST_MS_MAX`). */
const JOURNAL_MS = 10_000;
const JOURNAL_COMMITS_MAX = 512;

/** A mark this old may be gone by itself any moment; its absence proves nothing. */
const RECEIPT_TRUSTED_MS = RECEIPT_MS - 20_000;

const TOKEN_BYTES = 9;

export interface RedisLedgerOptions<Document, Command, Reply> {
  machine: Machine<Document, Command, Reply>;
  client: RedisClient;
  /** Names the ledger among those of the database. */
  name: string;
  stats: StoreStats;
  /**
   * Where no name tells one process of the store from another: so many replicas have what was written before anybody is
   * told of it. 0: none is waited for.
   */
  replicas: number;
  /** The store's time of an act, given Redis' own; tests play it. */
  clock?: (redisTime: EpochMs) => EpochMs;
  /** A stopwatch in ms. */
  stopwatch: () => number;
  wait: (ms: number) => Promise<void>;
  random: () => number;
  randomId: (bytes: number) => string;
}

export interface Batch<Command> {
  commands: readonly Command[];
  /** Nothing is reported and nothing wished for: where somebody has just committed, their document will do. */
  isReadOnly?: boolean;
}

export type BatchResult<Document, Reply> =
  | { kind: 'applied'; replies: Reply[]; document: Document }
  /** There is no document, and no command that begins one. */
  | { kind: 'unknown' };

interface Stored<Document> {
  now: EpochMs;
  /** '' where there is no record. */
  token: string;
  document: Document | null;
  commitIds: string;
  /** Which process of the store wrote last, and which one answers; '' where it does not say. */
  writerProcess: string;
  serverProcess: string;
  parts: number;
  sessions: ReadonlyMap<number, Rows['session']>;
  /** Tokens that were asked after and whose commits are there. */
  committed: ReadonlySet<string>;
  /** What this client had seen last when it asked. */
  lastSeen: LastSeen<Document> | null;
}

/** A commit of this client's own, as it would have to be made again. */
interface JournalEntry {
  token: string;
  puts: Put[];
  at: number;
}

interface LastSeen<Document> {
  token: string;
  document: Document;
  commitIds: string;
  at: number;
}

/** A commit that was sent and not answered, and what it would have answered. */
interface UnconfirmedCommit<Document, Reply> {
  token: string;
  results: BatchResult<Document, Reply>[];
  state: LastSeen<Document>;
  puts: Put[];
}

export class RedisLedger<Document extends { at: EpochMs }, Command, Reply> {
  readonly schema: RedisKeys;
  readonly #options: RedisLedgerOptions<Document, Command, Reply>;
  #lastSeen: LastSeen<Document> | null = null;
  #journal: JournalEntry[] = [];
  /** What was written last, as far as is known, is on no replica yet. */
  #isUnreplicated = false;

  constructor(options: RedisLedgerOptions<Document, Command, Reply>) {
    this.#options = options;
    this.schema = new RedisKeys(options.name);
  }

  /**
   * Carries batches out in order as one act at one moment of the store's clock.
   * @throws RedisTrouble when it is unknown whether they were carried out, or certain that they were not
   */
  async commit(batches: readonly Batch<Command>[]): Promise<BatchResult<Document, Reply>[]> {
    const { client, stats, stopwatch } = this.#options;
    const [from, trips] = [stopwatch(), client.roundTrips];
    const sent: UnconfirmedCommit<Document, Reply>[] = [];
    let failure = new RedisFailure('unanswered');
    let [conflicts, troubles] = [0, 0];
    const isOver = () => stopwatch() - from >= OPERATION_MS_MAX;
    const beforeRequest = () => {
      if (isOver()) throw failure;
    };
    try {
      while (!isOver()) {
        try {
          const answered = await this.#attempt(batches, sent, beforeRequest);
          if (answered !== null) return answered;
          failure = new RedisFailure('contended');
          stats.conflicts++;
          conflicts++;
          if (conflicts >= AFTER_CONFLICT.tries) break;
          await this.#pause(conflicts, AFTER_CONFLICT);
        } catch (error) {
          if (!(error instanceof RedisFailure)) throw error;
          if (error !== failure || troubles === 0) stats.recordFailure(error.failure);
          failure = error;
          troubles++;
          if (!error.isTransient || troubles >= AFTER_TROUBLE.tries || isOver()) break;
          stats.retries++;
          await this.#pause(troubles, AFTER_TROUBLE);
        }
      }
      throw failure;
    } finally {
      stats.recordBatch(
        batches.reduce((sum, { commands }) => sum + commands.length, 0),
        client.roundTrips - trips,
      );
    }
  }

  /** Rows in ascending order of keys as JSON texts; null where there is no record. */
  async rows(table: Exclude<Table, 'session'>, { after, limit }: Page): Promise<string[] | null> {
    const [record, members] = await this.#options.client.results((batch) => {
      batch.exists(this.schema.record);
      batch.zrange(this.schema.table(table), `(${after}`, '+inf', {
        byScore: true,
        offset: 0,
        count: Math.min(limit, ROWS_PER_PAGE_MAX),
      });
    });
    return record === 1 ? (members as string[]).map(rowIn) : null;
  }

  async row<T extends Exclude<Table, 'session'>>(table: T, key: number): Promise<Rows[T] | null> {
    const [members] = await this.#options.client.results((batch) => {
      batch.zrange(this.schema.table(table), key, key, { byScore: true });
    });
    const [member] = members as string[];
    return member === undefined ? null : (JSON.parse(rowIn(member)) as Rows[T]);
  }

  /** @returns null where somebody else was faster */
  async #attempt(
    batches: readonly Batch<Command>[],
    sent: UnconfirmedCommit<Document, Reply>[],
    beforeRequest: () => void,
  ): Promise<BatchResult<Document, Reply>[] | null> {
    const { machine, clock } = this.#options;
    const positions = batches.flatMap(({ commands }) =>
      commands.flatMap((command) => machine.sessionNeeded(command) ?? []),
    );
    const stored = await this.#load(
      positions,
      sent.map(({ token }) => token),
      beforeRequest,
    );
    const made = sent.find(({ token }) => stored.committed.has(token));
    if (made !== undefined) {
      this.#remember(made);
      await this.#waitForReplicas(stored, beforeRequest);
      return made.results;
    }
    const now = clock?.(stored.now) ?? stored.now;

    const loaded = new LoadedSessions(stored.sessions, positions);
    const recovered = await this.#recover(stored, loaded, now, beforeRequest);
    const document = recovered?.document ?? stored.document;
    if (recovered === null && document !== null && isEnough(document, batches, now)) {
      return batches.map(() => ({ kind: 'applied', replies: [], document }));
    }
    const run = await this.#run(batches, document, loaded, recovered?.effects ?? [], now, beforeRequest);
    if (run.document === null) return run.answered;

    const { effects } = run;
    const token = this.#options.randomId(TOKEN_BYTES);
    const before = recovered?.commitIds ?? stored.commitIds;
    const commitIds = machine.isRecovering(run.document, now)
      ? before || appendCommitId('', token)
      : appendCommitId(before, token);
    const puts = effects.filter((effect) => effect.kind === 'put');
    const state = { token, document: run.document, commitIds, at: this.#options.stopwatch() };
    const one = { token, results: run.answered, state, puts };
    const tells = batches.some(({ isReadOnly }) => !isReadOnly);
    // Whoever cannot be told asks again: what would be written for them meanwhile is numbers that nobody ever gets.
    if (tells && this.#isUnreplicated) await this.#waitForReplicas(stored, beforeRequest);
    beforeRequest();
    if (!(await this.#write(stored, one, scriptArguments(this.schema, effects, stored.parts), sent))) return null;
    // Others may see it from now on, so its rows have to be remembered even if nobody can be told of it.
    this.#remember(one);
    if (tells) {
      sent.push(one);
      await this.#waitForReplicas(stored, beforeRequest);
    }
    return one.results;
  }

  /**
   * A store that another process takes over unnoticed must have on a replica what somebody is told. One whose processes
   * have names is noticed instead: that costs nothing where nothing is lost.
   */
  async #waitForReplicas({ serverProcess }: Stored<Document>, beforeRequest: () => void): Promise<void> {
    const { client, replicas } = this.#options;
    if (serverProcess !== '' || replicas === 0) return;
    this.#isUnreplicated = true;
    beforeRequest();
    await client.waitForReplicas(replicas);
    this.#isUnreplicated = false;
  }

  /**
   * Lets the machine decide. Where it looked up a session that was not loaded, that is fetched and all is decided again:
   * it is a pure function, and what it said without knowing is thrown away.
   * @param effects of what came before the batches
   */
  async #run(
    batches: readonly Batch<Command>[],
    document: Document | null,
    loaded: LoadedSessions,
    effects: readonly Effect[],
    now: EpochMs,
    beforeRequest: () => void,
  ) {
    for (;;) {
      const run = this.#runOnce(batches, document, loaded, effects, now);
      const missing = loaded.takeMissing();
      if (missing.length === 0) return run;
      loaded.add((await this.#load(missing, [], beforeRequest)).sessions, missing);
    }
  }

  #runOnce(
    batches: readonly Batch<Command>[],
    before: Document | null,
    loaded: Sessions,
    effectsBefore: readonly Effect[],
    now: EpochMs,
  ) {
    const { machine } = this.#options;
    const sessions = new WrittenSessions(loaded);
    const effects: Effect[] = [];
    const take = (effect: Effect): void => {
      effects.push(effect);
      sessions.write(effect);
    };
    effectsBefore.forEach(take);
    let document = before;
    const outcomes = batches.map(({ commands }): Reply[] | null => {
      const [first] = commands;
      if (document === null && (first === undefined || !machine.begins(first))) return null;
      const run = machine.run(document, sessions, commands, now);
      document = run.document;
      run.effects.forEach(take);
      return run.replies;
    });
    // Lists answer with what they were told; a look is answered from the document after all of them.
    const last = document as Document | null;
    const answered = outcomes.map((replies): BatchResult<Document, Reply> => {
      return replies === null || last === null ? { kind: 'unknown' } : { kind: 'applied', replies, document: last };
    });
    return { document: last, effects, answered };
  }

  /** @param beforeRequest throws where the operation's time is over */
  async #load(
    positions: readonly number[],
    tokens: readonly string[],
    beforeRequest: () => void,
  ): Promise<Stored<Document>> {
    beforeRequest();
    const { schema } = this;
    const seen = this.#lastSeen;
    const byPart = Map.groupBy(new Set(positions), sessionPart);
    const asked = [...new Set(seen === null ? tokens : [...tokens, seen.token])];
    const [time, fields, server, ...rest] = await this.#options.client.results((batch) => {
      batch.time();
      batch.hmget(schema.record, ...RECORD_FIELDS);
      batch.eval(SERVER_INFO, [schema.record], []);
      for (const token of asked) batch.exists(schema.receipt(token));
      for (const [part, wanted] of byPart) batch.hmget(schema.sessions(part), ...wanted.map(String));
    }, OPTIONAL);
    const [seconds, micros] = time as [string, string];
    const [token, document, acts, wroteIt, parts] = fields as (string | null)[];
    const sessions = new Map<number, Rows['session']>();
    for (const [index, wanted] of [...byPart.values()].entries()) {
      const rows = rest[asked.length + index] as (string | null)[];
      for (const [at, position] of wanted.entries()) {
        const row = rows[at] ?? null;
        if (row !== null) sessions.set(position, JSON.parse(row));
      }
    }
    const made = asked.filter((_, index) => rest[index] === 1);
    return {
      now: Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000),
      token: token ?? '',
      document: document == null ? null : (JSON.parse(document) as Document),
      commitIds: acts ?? '',
      writerProcess: wroteIt ?? '',
      serverProcess: serverIn(server),
      parts: Number(parts ?? 0),
      sessions,
      committed: new Set(made),
      lastSeen: seen,
    };
  }

  /** Writes if the record is as it was loaded. What was sent and not answered is asked after at the next try. */
  async #write(
    stored: Stored<Document>,
    one: UnconfirmedCommit<Document, Reply>,
    { keys, changes, parts }: ScriptArguments,
    sent: UnconfirmedCommit<Document, Reply>[],
  ): Promise<boolean> {
    const { token, state } = one;
    const server = stored.serverProcess || stored.writerProcess;
    const record = [JSON.stringify(state.document), state.commitIds, server, String(parts)];
    try {
      const [outcome] = await this.#options.client.results((batch) => {
        const args = [stored.token, token, String(RECEIPT_MS), ...record, ...changes];
        batch.eval(COMMIT, [this.schema.record, this.schema.receipt(token), ...keys], args);
      });
      return outcome === 1;
    } catch (error) {
      if (error instanceof RedisFailure && error.mayHaveRun) sent.push(one);
      throw error;
    }
  }

  #remember({ token, state, puts }: UnconfirmedCommit<Document, Reply>): void {
    const now = this.#options.stopwatch();
    this.#lastSeen = { ...state, at: now };
    const young = this.#journal.filter((own) => own.token !== token && now - own.at < JOURNAL_MS);
    this.#journal = [...young, { token, puts, at: now }].slice(-JOURNAL_COMMITS_MAX);
  }

  /**
   * Notices that the store does not have what it had: the commit that was seen last left no mark, the record is gone, or
   * another process of the store answers than the one that wrote.
   */
  async #recover(stored: Stored<Document>, loaded: LoadedSessions, now: EpochMs, beforeRequest: () => void) {
    const { machine, stopwatch } = this.#options;
    const { lastSeen } = stored;
    const isLost = lastSeen !== null && this.#isLost(stored, lastSeen);
    const isReplaced =
      stored.writerProcess !== '' && stored.serverProcess !== '' && stored.writerProcess !== stored.serverProcess;
    if (!isLost && !isReplaced) {
      const { token, document, commitIds } = stored;
      // Another operation of this client may have seen something later meanwhile.
      if (document !== null && this.#lastSeen === lastSeen)
        this.#lastSeen = { token, document, commitIds, at: stopwatch() };
      return null;
    }
    const rows = isLost ? await this.#lostRows(loaded, beforeRequest) : [];
    const witness: Witness<Document> | null = isLost
      ? { document: lastSeen.document, relation: relationOf(lastSeen.commitIds, stored.commitIds), rows }
      : null;
    const recovered = machine.recover(stored.document, witness, loaded, now);
    if (recovered === null) return null;
    this.#options.stats.losses++;
    const commitIds =
      witness === null
        ? stored.commitIds
        : commitIdsAfter(witness.relation, isLost ? lastSeen.commitIds : '', stored.commitIds);
    return { ...recovered, commitIds };
  }

  #isLost(stored: Stored<Document>, seen: LastSeen<Document>): boolean {
    if (stored.token === seen.token || stored.committed.has(seen.token)) return false;
    return stored.document === null || this.#options.stopwatch() - seen.at < RECEIPT_TRUSTED_MS;
  }

  /** Rows of own commits that the store does not have any more, the last of each key; loads what it has of their sessions. */
  async #lostRows(loaded: LoadedSessions, beforeRequest: () => void): Promise<Put[]> {
    if (this.#journal.length === 0) return [];
    beforeRequest();
    const marks = await this.#options.client.results((batch) => {
      for (const { token } of this.#journal) batch.exists(this.schema.receipt(token));
    });
    const lost = this.#journal.filter((_, index) => marks[index] !== 1);
    const rows = [...new Map(lost.flatMap(({ puts }) => puts.map((put) => [`${put.table} ${put.key}`, put]))).values()];
    const positions = rows.flatMap(({ table, key }) => (table === 'session' ? [key] : []));
    loaded.add((await this.#load(positions, [], beforeRequest)).sessions, positions);
    return rows;
  }

  #pause(failed: number, { first, most }: { first: number; most: number }): Promise<void> {
    const { random, wait } = this.#options;
    return wait(random() * Math.min(most, first * 2 ** (failed - 1)));
  }
}

/** Whether all that is asked can be answered from a document as it is stored. */
function isEnough(document: { at: EpochMs }, batches: readonly Batch<unknown>[], now: EpochMs): boolean {
  const age = now - document.at;
  return batches.every(
    ({ commands, isReadOnly }) => commands.length === 0 || (isReadOnly && age >= 0 && age < LOOK_MS_MAX),
  );
}

/** Which process of the store answers: a name that changes with every restart and every failover. */
const SERVER_INFO = `
-- KEYS[1] record, so that the same node of a cluster is asked
return redis.call('INFO', 'server')`;

/** Index of that question in the batch; not every store answers it. */
const OPTIONAL: ReadonlySet<number> = new Set([2]);

/** Upstash's own service is many processes behind one address: their names say nothing. */
function serverIn(info: unknown): string {
  if (typeof info !== 'string' || /upstash/i.test(info)) return '';
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? '';
}

function commitIdsAfter(relation: Witness<unknown>['relation'], seen: string, stored: string): string {
  switch (relation) {
    case 'after':
      return seen;
    case 'before':
      return stored;
    case 'diverged':
      return mergeCommitIds(seen, stored);
  }
}
