// One document and its tables in Redis, shared by any number of gateways: load, run the machine, write if no other client has
// written meanwhile, else start over; attempts and time are bounded. A ledger remembers what it saw last, so that it detects a
// store that came back older and moves it forward (queue-core/recovery.ts).

import type { Effect, Machine, Page, Put, Run, Sessions, Witness } from '../../../queue-core/machine.ts';
import { SessionOverlay } from '../../../queue-core/session-overlay.ts';
import type { EpochMs } from '../../../queue-core/time.ts';
import { invalidState, type StoredRows, type StoreRefusal } from '../store-result.ts';
import type { StoreStats } from '../store-stats.ts';
import { appendCommitId, recoveredHistory, relationOf } from './commit-history.ts';
import { LoadedSessions } from './loaded-sessions.ts';
import { type RedisClient, RedisFailure } from './redis-client.ts';
import { type Commit, type Loaded, RedisRecord } from './redis-record.ts';
import { RECEIPT_MS, type SortedTable } from './redis-schema.ts';

/** No request starts later than this after the operation did; with the last one's own bound it ends within 3 s. */
const OPERATION_MS_MAX = 2_000;

/**
 * Attempts at one commit, and the pause after one that failed: a random time up to `first` ms, doubled each time up to `most`.
 * After a conflict the pause is short, because one of the clients always wins (eight relays 5 ms away from Redis: 1 % of
 * operations took 0.8 s, and 1.6 s with longer pauses). After a failure Redis gets time to recover.
 */
const AFTER_CONFLICT = { attempts: 30, first: 4, most: 32 };
const AFTER_FAILURE = { attempts: 8, first: 20, most: 250 };

/** A read-only batch is served from a document that another client committed this recently. */
const READ_AGE_MS_MAX = 200;

/** Own commits remembered in case the store loses them: longer than it may lose (`LOST_MS_MAX`). */
const JOURNAL_MS = 10_000;
const JOURNAL_COMMITS_MAX = 512;

/** A receipt this old may expire at any moment; that it is missing proves nothing. */
const RECEIPT_TRUSTED_MS = RECEIPT_MS - 20_000;

const TOKEN_BYTES = 9;

export interface RedisLedgerOptions<Document, Command, Reply> {
  machine: Machine<Document, Command, Reply>;
  client: RedisClient;
  /** As `room:demo`, or `directory`. */
  name: string;
  stats: StoreStats;
  /** Replicas that must have a commit before its replies are returned, where the store does not name its processes. */
  replicas: number;
  /** The store's time, given Redis' own; for tests. */
  clock?: (redisTime: EpochMs) => EpochMs;
  /** A stopwatch in ms. */
  stopwatch: () => number;
  wait: (ms: number) => Promise<void>;
  random: () => number;
  randomId: (bytes: number) => string;
}

export interface Batch<Command> {
  commands: readonly Command[];
  /** Changes nothing: a document that another client has just committed answers it. */
  isReadOnly?: boolean;
}

export type BatchResult<Document, Reply> = { kind: 'applied'; replies: Reply[]; document: Document } | StoreRefusal;

/** What this client saw last. */
interface LastSeen<Document> {
  token: string;
  document: Document;
  commitIds: string;
  at: number;
}

interface Attempt<Document> extends Loaded<Document> {
  /** As it was when this was loaded. */
  lastSeen: LastSeen<Document> | null;
}

interface RunOutcome<Document, Reply> {
  document: Document | null;
  effects: Effect[];
  results: BatchResult<Document, Reply>[];
}

/** A commit that was sent and has no response yet, and the results that it would have. */
interface UnconfirmedCommit<Document, Reply> extends Commit<Document> {
  results: BatchResult<Document, Reply>[];
}

/** Rows of an own commit, as they would have to be written again. */
interface JournalEntry {
  token: string;
  puts: Put[];
  at: number;
}

export class RedisLedger<Document extends { at: EpochMs }, Command, Reply> {
  readonly #options: RedisLedgerOptions<Document, Command, Reply>;
  readonly #record: RedisRecord<Document>;
  #lastSeen: LastSeen<Document> | null = null;
  #journal: JournalEntry[] = [];
  /** The last commit, as far as is known, is on no replica yet. */
  #isUnreplicated = false;

  constructor(options: RedisLedgerOptions<Document, Command, Reply>) {
    this.#options = options;
    this.#record = new RedisRecord(options.client, options.name, options.machine);
  }

  /**
   * Applies batches in order as one commit at one moment of the store's clock.
   * @throws RedisFailure when it is unknown whether they were applied, or known that they were not
   * @throws CoreError where the stored document cannot be read; nothing was applied
   */
  async commit(batches: readonly Batch<Command>[]): Promise<BatchResult<Document, Reply>[]> {
    const { client, stats, stopwatch } = this.#options;
    const [startedAt, roundTrips] = [stopwatch(), client.roundTrips];
    const unconfirmed: UnconfirmedCommit<Document, Reply>[] = [];
    let failure = new RedisFailure('unanswered', `Redis did not finish a commit within ${OPERATION_MS_MAX} ms`);
    let [conflicts, failures] = [0, 0];
    const isOver = () => stopwatch() - startedAt >= OPERATION_MS_MAX;
    const checkTime = () => {
      if (isOver()) throw failure;
    };
    try {
      while (!isOver()) {
        try {
          const results = await this.#attempt(batches, unconfirmed, checkTime);
          if (results !== null) return results;
          failure = new RedisFailure('contended');
          stats.conflicts++;
          conflicts++;
          if (conflicts >= AFTER_CONFLICT.attempts) break;
          await this.#pause(conflicts, AFTER_CONFLICT);
        } catch (error) {
          if (!(error instanceof RedisFailure)) throw error;
          if (error !== failure || failures === 0) stats.recordFailure(error.failure);
          failure = error;
          failures++;
          if (!error.isTransient || failures >= AFTER_FAILURE.attempts || isOver()) break;
          stats.retries++;
          await this.#pause(failures, AFTER_FAILURE);
        }
      }
      throw failure;
    } finally {
      stats.recordBatch(
        batches.reduce((sum, { commands }) => sum + commands.length, 0),
        client.roundTrips - roundTrips,
      );
    }
  }

  rows(table: SortedTable, page: Page): Promise<StoredRows | StoreRefusal> {
    return this.#record.rows(table, page);
  }

  /** @returns the row as stored; null: there is none */
  row(table: SortedTable, key: number): Promise<string | null> {
    return this.#record.row(table, key);
  }

  /** @param checkTime throws where the operation's time is over. @returns null where another client wrote first */
  async #attempt(
    batches: readonly Batch<Command>[],
    unconfirmed: UnconfirmedCommit<Document, Reply>[],
    checkTime: () => void,
  ): Promise<BatchResult<Document, Reply>[] | null> {
    const { machine, clock } = this.#options;
    const positions = batches.flatMap(({ commands }) =>
      commands.flatMap((command) => machine.sessionNeeded(command) ?? []),
    );
    checkTime();
    const lastSeen = this.#lastSeen;
    const tokens = [...unconfirmed, ...(lastSeen === null ? [] : [lastSeen])].map(({ token }) => token);
    const loaded = { ...(await this.#record.load(positions, [...new Set(tokens)])), lastSeen };
    const confirmed = unconfirmed.find(({ token }) => loaded.committed.has(token));
    if (confirmed !== undefined) {
      this.#remember(confirmed);
      await this.#waitForReplicas(loaded, checkTime);
      return confirmed.results;
    }

    const now = clock?.(loaded.now) ?? loaded.now;
    const sessions = new LoadedSessions(loaded.sessions);
    const recovered = await this.#recover(loaded, sessions, now, checkTime);
    const document = recovered?.document ?? loaded.document;
    if (recovered === null && document !== null && isAnsweredBy(document, batches, now)) {
      return batches.map(() => ({ kind: 'applied', replies: [], document }));
    }
    const run = await this.#run(batches, document, sessions, recovered?.effects ?? [], now, checkTime);
    // Every batch was refused, and there is nothing to recover.
    if (run.document === null || (recovered === null && run.document === loaded.document)) return run.results;

    const token = this.#options.randomId(TOKEN_BYTES);
    const before = recovered?.commitIds ?? loaded.commitIds;
    const commitIds = machine.isRecovering(run.document, now)
      ? before || appendCommitId('', token)
      : appendCommitId(before, token);
    const commit = { token, document: run.document, commitIds, effects: run.effects, results: run.results };
    const isReadOnly = batches.every((batch) => batch.isReadOnly);
    // Do not write while the previous commit is unreplicated: the caller will retry, and positions allocated now would be
    // orphaned.
    if (!isReadOnly && this.#isUnreplicated) await this.#waitForReplicas(loaded, checkTime);
    checkTime();
    if (!(await this.#write(loaded, commit, unconfirmed))) return null;
    // Other clients may read it from now on, so its rows must be remembered even if its replies cannot be returned.
    this.#remember(commit);
    if (!isReadOnly) {
      unconfirmed.push(commit);
      await this.#waitForReplicas(loaded, checkTime);
    }
    return commit.results;
  }

  /**
   * Where a failover cannot be detected, replies are returned only when a replica has what they say. Where processes have
   * names it is detected instead, which costs nothing while nothing is lost.
   */
  async #waitForReplicas({ serverProcess }: Loaded<Document>, checkTime: () => void): Promise<void> {
    const { client, replicas } = this.#options;
    if (serverProcess !== '' || replicas === 0) return;
    this.#isUnreplicated = true;
    checkTime();
    await client.waitForReplicas(replicas);
    this.#isUnreplicated = false;
  }

  /**
   * Runs the machine. When it looked up sessions that were not loaded, they are loaded and it runs again: it is a pure
   * function, and the outcome of the run without them is discarded.
   * @param effectsBefore of the recovery that precedes the batches
   */
  async #run(
    batches: readonly Batch<Command>[],
    document: Document | null,
    sessions: LoadedSessions,
    effectsBefore: readonly Effect[],
    now: EpochMs,
    checkTime: () => void,
  ): Promise<RunOutcome<Document, Reply>> {
    for (;;) {
      const run = this.#runOnce(batches, document, sessions, effectsBefore, now);
      const missing = sessions.takeMissing();
      if (missing.length === 0) return run;
      await this.#loadSessions(sessions, missing, checkTime);
    }
  }

  #runOnce(
    batches: readonly Batch<Command>[],
    before: Document | null,
    loaded: Sessions,
    effectsBefore: readonly Effect[],
    now: EpochMs,
  ): RunOutcome<Document, Reply> {
    const { machine } = this.#options;
    const sessions = new SessionOverlay(loaded);
    const effects: Effect[] = [];
    const take = (effect: Effect): void => {
      effects.push(effect);
      sessions.apply(effect);
    };
    effectsBefore.forEach(take);
    let document = before;
    const outcomes = batches.map(({ commands }): Reply[] | StoreRefusal => {
      const [first] = commands;
      if (document === null && (first === undefined || !machine.begins(first))) return { kind: 'unknown' };
      let run: Run<Document, Reply>;
      try {
        run = machine.run(document, sessions, commands, now);
      } catch (error) {
        // Refuses this batch alone; the others of the commit do not depend on it.
        return invalidState(error);
      }
      document = run.document;
      run.effects.forEach(take);
      return run.replies;
    });
    // A read is served from the document after all batches.
    const last = document as Document | null;
    const results = outcomes.map((outcome): BatchResult<Document, Reply> => {
      if (!Array.isArray(outcome)) return outcome;
      return last === null ? { kind: 'unknown' } : { kind: 'applied', replies: outcome, document: last };
    });
    return { document: last, effects, results };
  }

  async #loadSessions(sessions: LoadedSessions, positions: readonly number[], checkTime: () => void): Promise<void> {
    checkTime();
    sessions.add((await this.#record.load(positions, [])).sessions);
  }

  /** A commit without a response may have been made: the next attempt looks for its receipt. */
  async #write(
    loaded: Loaded<Document>,
    commit: UnconfirmedCommit<Document, Reply>,
    unconfirmed: UnconfirmedCommit<Document, Reply>[],
  ): Promise<boolean> {
    try {
      return await this.#record.write(loaded, commit);
    } catch (error) {
      if (error instanceof RedisFailure && error.mayHaveRun) unconfirmed.push(commit);
      throw error;
    }
  }

  #remember({ token, document, commitIds, effects }: Commit<Document>): void {
    const at = this.#options.stopwatch();
    this.#lastSeen = { token, document, commitIds, at };
    const puts = effects.filter((effect) => effect.kind === 'put');
    const recent = this.#journal.filter((entry) => entry.token !== token && at - entry.at < JOURNAL_MS);
    this.#journal = [...recent, { token, puts, at }].slice(-JOURNAL_COMMITS_MAX);
  }

  /**
   * Detects that the store has lost commits: the one that was seen last has no receipt, the record is gone, or another
   * process of the store answers than the one that wrote. @returns null where there is nothing to recover
   */
  async #recover(loaded: Attempt<Document>, sessions: LoadedSessions, now: EpochMs, checkTime: () => void) {
    const { machine, stopwatch, stats } = this.#options;
    const { lastSeen, writerProcess, serverProcess } = loaded;
    const witnessed = lastSeen !== null && this.#isLost(loaded, lastSeen) ? lastSeen : null;
    const isReplaced = writerProcess !== '' && serverProcess !== '' && writerProcess !== serverProcess;
    if (witnessed === null && !isReplaced) {
      const { token, document, commitIds } = loaded;
      // Another operation of this client may have seen a later commit meanwhile.
      if (document !== null && this.#lastSeen === lastSeen) {
        this.#lastSeen = { token, document, commitIds, at: stopwatch() };
      }
      return null;
    }
    const witness: Witness<Document> | null =
      witnessed === null
        ? null
        : {
            document: witnessed.document,
            relation: relationOf(witnessed.commitIds, loaded.commitIds),
            rows: await this.#lostRows(sessions, checkTime),
          };
    const recovered = machine.recover(loaded.document, witness, sessions, now);
    if (recovered === null) return null;
    stats.losses++;
    const commitIds = witnessed === null ? loaded.commitIds : recoveredHistory(witnessed.commitIds, loaded.commitIds);
    return { ...recovered, commitIds };
  }

  #isLost(loaded: Loaded<Document>, seen: LastSeen<Document>): boolean {
    if (loaded.token === seen.token || loaded.committed.has(seen.token)) return false;
    return loaded.document === null || this.#options.stopwatch() - seen.at < RECEIPT_TRUSTED_MS;
  }

  /** Rows of own commits that the store has lost, the last of each key; loads the stored sessions of the same positions. */
  async #lostRows(sessions: LoadedSessions, checkTime: () => void): Promise<Put[]> {
    if (this.#journal.length === 0) return [];
    checkTime();
    const lost = await this.#record.lost(this.#journal.map(({ token }) => token));
    const puts = this.#journal.flatMap((entry) => (lost.has(entry.token) ? entry.puts : []));
    const rows = [...new Map(puts.map((put) => [`${put.table} ${put.key}`, put])).values()];
    const positions = rows.flatMap(({ table, key }) => (table === 'session' ? [key] : []));
    await this.#loadSessions(sessions, positions, checkTime);
    return rows;
  }

  #pause(failed: number, { first, most }: { first: number; most: number }): Promise<void> {
    const { random, wait } = this.#options;
    return wait(random() * Math.min(most, first * 2 ** (failed - 1)));
  }
}

/** Whether every batch can be answered from the document as stored. */
function isAnsweredBy(document: { at: EpochMs }, batches: readonly Batch<unknown>[], now: EpochMs): boolean {
  const age = now - document.at;
  return batches.every(
    ({ commands, isReadOnly }) => commands.length === 0 || (isReadOnly && age >= 0 && age < READ_AGE_MS_MAX),
  );
}
