// A whole ledger in Redis, for commands that check or move one: reads everything that is stored, and fills a ledger that is
// not there yet. Knows where things lie, and nothing of how gateways use them.

import { ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { Put, Table } from '../../../queue-core/machine.ts';
import { decodeRow, encodeRow } from '../../../queue-core/stored-format.ts';
import { documentFormat } from '../ledgers.ts';
import { appendCommitId } from './commit-history.ts';
import type { RedisClient } from './redis-client.ts';
import {
  keyIn,
  memberOf,
  RECEIPT_MS,
  RETENTION_MS,
  RedisKeys,
  rowIn,
  SORTED_TABLES,
  type SortedTable,
  sessionPart,
} from './redis-schema.ts';
import { COMMIT, STORAGE_INFO } from './redis-scripts.ts';

export class RedisArchive {
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;
  readonly #format: ReturnType<typeof documentFormat>;
  /** Parts of the session table that were filled. */
  #parts = 0;

  /** @param ledger as `room:demo`, or `directory` */
  constructor(client: RedisClient, ledger: string) {
    this.#client = client;
    this.#keys = new RedisKeys(ledger);
    this.#format = documentFormat(ledger);
  }

  /** null: there is none. @throws CoreError where it cannot be read */
  async document(): Promise<unknown> {
    const [fields] = await this.#client.results((pipeline) => pipeline.hmget(this.#keys.record, 'document'));
    const [document] = fields as (string | null)[];
    return document == null ? null : this.#format.decode(document);
  }

  /** Sessions part by part, then every other table in order. @throws CoreError where a row cannot be read */
  async *rows(): AsyncGenerator<Put> {
    const [fields] = await this.#client.results((pipeline) => pipeline.hmget(this.#keys.record, 'parts'));
    const parts = Number((fields as (string | null)[])[0] ?? 0);
    for (let part = 0; part < parts; part++) {
      const [found] = await this.#client.results((pipeline) => pipeline.hgetall(this.#keys.sessions(part)));
      for (const [key = '', row = ''] of inPairs(found as string[])) yield putOf('session', Number(key), row);
    }
    for (const table of SORTED_TABLES) yield* this.#sorted(table);
  }

  async *#sorted(table: SortedTable): AsyncGenerator<Put> {
    for (let from: `(${number}` | '-inf' = '-inf'; ; ) {
      const page = { byScore: true, offset: 0, count: ROWS_PER_PAGE_MAX } as const;
      const after = from;
      const [found] = await this.#client.results((pipeline) =>
        pipeline.zrange(this.#keys.table(table), after, '+inf', page),
      );
      const members = found as string[];
      for (const member of members) yield putOf(table, keyIn(member), rowIn(member));
      const last = members.at(-1);
      if (last === undefined || members.length < ROWS_PER_PAGE_MAX) return;
      from = `(${keyIn(last)}`;
    }
  }

  /** Removes rows without a record, which an interrupted move leaves. */
  async sweep(): Promise<void> {
    for (let cursor = '0'; ; ) {
      const from = cursor;
      const [found] = await this.#client.results((pipeline) =>
        pipeline.scan(from, { match: this.#keys.pattern, count: 1_000 }),
      );
      const [next, keys] = found as [string, string[]];
      if (keys.length > 0) await this.#client.results((pipeline) => pipeline.del(...keys));
      if (String(next) === '0') return;
      cursor = String(next);
    }
  }

  /** Writes rows while there is no record: no gateway reads them before `adopt`. */
  async fill(puts: readonly Put[]): Promise<void> {
    await this.#client.results((pipeline) => {
      for (const { table, key, row } of puts) {
        const text = encodeRow(table, row);
        const name = table === 'session' ? this.#keys.sessions(sessionPart(key)) : this.#keys.table(table);
        if (table === 'session') {
          this.#parts = Math.max(this.#parts, sessionPart(key) + 1);
          pipeline.hset(name, { [key]: text });
        } else pipeline.zadd(name, { score: key, member: memberOf(key, text) });
        const ttlMs = RETENTION_MS[table];
        if (ttlMs !== null) pipeline.pexpire(name, ttlMs);
      }
    });
  }

  /** Writes the record of the rows that were filled in. @returns whether there was none */
  async adopt(document: unknown, token: string): Promise<boolean> {
    const text = this.#format.encode(document);
    const values = ['', token, String(RECEIPT_MS), text, appendCommitId('', token), '', String(this.#parts)];
    const [outcome] = await this.#client.results((pipeline) => {
      pipeline.eval(COMMIT, [this.#keys.record, this.#keys.receipt(token)], values);
    });
    return outcome === 1;
  }

  /** What Redis says of its memory and its disk; '' where it does not permit INFO. */
  async info(): Promise<string> {
    const [info] = await this.#client.send((pipeline) => pipeline.eval(STORAGE_INFO, [this.#keys.record], []));
    return typeof info === 'string' ? info : '';
  }
}

function putOf(table: Table, key: number, row: string): Put {
  return { kind: 'put', table, key, row: decodeRow(table, row) } as Put;
}

function inPairs(flat: readonly string[]): string[][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => flat.slice(2 * index, 2 * index + 2));
}
