// The record of a ledger in Redis and its tables, as clients read and write them: what one attempt at a commit needs is
// loaded in one request and written by one script.

import { ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { Effect, Machine, Page } from '../../../queue-core/machine.ts';
import type { EpochMs } from '../../../queue-core/time.ts';
import type { StoredRows, StoreRefusal } from '../store-result.ts';
import type { RedisClient } from './redis-client.ts';
import {
  RECEIPT_MS,
  RECORD_FIELDS,
  RedisKeys,
  rowIn,
  type SortedTable,
  scriptArguments,
  sessionPart,
} from './redis-schema.ts';
import { COMMIT, SERVER_INFO } from './redis-scripts.ts';

export interface Loaded<Document> {
  /** Redis' clock. */
  now: EpochMs;
  /** Of the last commit; '' where there is no record. */
  token: string;
  document: Document | null;
  commitIds: string;
  /** The process that wrote last and the one that answers; '' where the store does not name its processes. */
  writerProcess: string;
  serverProcess: string;
  /** Parts of the session table. */
  parts: number;
  /** Rows of the positions, as they are stored; null: there is none. */
  sessions: ReadonlyMap<number, string | null>;
  /** Those of the tokens whose commits are there. */
  committed: ReadonlySet<string>;
}

export interface Commit<Document> {
  token: string;
  document: Document;
  commitIds: string;
  effects: readonly Effect[];
}

export class RedisRecord<Document> {
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;
  readonly #machine: Pick<Machine<Document, unknown, unknown>, 'encode' | 'decode'>;

  /** @param ledger as `room:demo`, or `directory` */
  constructor(
    client: RedisClient,
    ledger: string,
    machine: Pick<Machine<Document, unknown, unknown>, 'encode' | 'decode'>,
  ) {
    this.#client = client;
    this.#keys = new RedisKeys(ledger);
    this.#machine = machine;
  }

  /** @throws CoreError where the stored document cannot be read */
  async load(positions: readonly number[], tokens: readonly string[]): Promise<Loaded<Document>> {
    const keys = this.#keys;
    const byPart = Map.groupBy(new Set(positions), sessionPart);
    const [time, fields, server, ...rest] = await this.#client.results((pipeline) => {
      pipeline.time();
      pipeline.hmget(keys.record, ...RECORD_FIELDS);
      pipeline.eval(SERVER_INFO, [keys.record], []);
      for (const token of tokens) pipeline.exists(keys.receipt(token));
      for (const [part, wanted] of byPart) pipeline.hmget(keys.sessions(part), ...wanted.map(String));
    }, SERVER_INFO_INDEX);
    const [seconds, micros] = time as [string, string];
    const [token, document, acts, writer, parts] = fields as (string | null)[];
    const sessions = new Map<number, string | null>();
    for (const [index, wanted] of [...byPart.values()].entries()) {
      const rows = rest[tokens.length + index] as (string | null)[];
      for (const [at, position] of wanted.entries()) sessions.set(position, rows[at] ?? null);
    }
    return {
      now: Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000),
      token: token ?? '',
      document: document == null ? null : this.#machine.decode(document),
      commitIds: acts ?? '',
      writerProcess: writer ?? '',
      serverProcess: processIn(server),
      parts: Number(parts ?? 0),
      sessions,
      committed: new Set(tokens.filter((_, index) => rest[index] === 1)),
    };
  }

  /** Writes if the record is still the one that was loaded. @returns whether it was */
  async write(loaded: Loaded<Document>, { token, document, commitIds, effects }: Commit<Document>): Promise<boolean> {
    const { keys, changes, parts } = scriptArguments(this.#keys, effects, loaded.parts);
    const server = loaded.serverProcess || loaded.writerProcess;
    const record = [this.#machine.encode(document), commitIds, server, String(parts)];
    const [written] = await this.#client.results((pipeline) => {
      const args = [loaded.token, token, String(RECEIPT_MS), ...record, ...changes];
      pipeline.eval(COMMIT, [this.#keys.record, this.#keys.receipt(token), ...keys], args);
    });
    return written === 1;
  }

  /** @returns those of the tokens whose commits are not there */
  async lost(tokens: readonly string[]): Promise<Set<string>> {
    const found = await this.#client.results((pipeline) => {
      for (const token of tokens) pipeline.exists(this.#keys.receipt(token));
    });
    return new Set(tokens.filter((_, index) => found[index] !== 1));
  }

  /** Rows in ascending order of keys. */
  async rows(table: SortedTable, { after, limit }: Page): Promise<StoredRows | StoreRefusal> {
    const [record, members] = await this.#client.results((pipeline) => {
      pipeline.exists(this.#keys.record);
      pipeline.zrange(this.#keys.table(table), `(${after}`, '+inf', {
        byScore: true,
        offset: 0,
        count: Math.min(limit, ROWS_PER_PAGE_MAX),
      });
    });
    return record === 1 ? { kind: 'rows', rows: (members as string[]).map(rowIn) } : { kind: 'unknown' };
  }

  /** @returns the row as stored; null: there is none */
  async row(table: SortedTable, key: number): Promise<string | null> {
    const [members] = await this.#client.results((pipeline) => {
      pipeline.zrange(this.#keys.table(table), key, key, { byScore: true });
    });
    const [member] = members as string[];
    return member === undefined ? null : rowIn(member);
  }
}

/** Index of that command in the pipeline: not every store permits it. */
const SERVER_INFO_INDEX: ReadonlySet<number> = new Set([2]);

/** Upstash's own service is many processes behind one address: their names say nothing. */
function processIn(info: unknown): string {
  if (typeof info !== 'string' || /upstash/i.test(info)) return '';
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? '';
}
