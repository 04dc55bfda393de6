// A whole ledger in Redis, for commands that check or move one: everything that is there, and filling a place that is empty.
// Knows where things lie, and nothing of what gateways do with them.

import { ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { Put, Rows } from '../../../queue-core/machine.ts';
import { appendCommitId } from './commit-history.ts';
import type { RedisClient } from './redis-client.ts';
import {
  COMMIT,
  keyIn,
  RECEIPT_MS,
  RETENTION_MS,
  RedisKeys,
  rowIn,
  SORTED_TABLES,
  sessionPart,
} from './redis-schema.ts';

export class RedisArchive {
  readonly #link: RedisClient;
  readonly #schema: RedisKeys;
  /** Parts of the session table that were filled. */
  #parts = 0;

  /** @param ledger as `room:demo`, or `directory` */
  constructor(link: RedisClient, ledger: string) {
    this.#link = link;
    this.#schema = new RedisKeys(ledger);
  }

  /** null: there is none. */
  async document(): Promise<unknown> {
    const [fields] = await this.#link.results((batch) => batch.hmget(this.#schema.record, 'document'));
    const [document] = fields as (string | null)[];
    return document == null ? null : JSON.parse(document);
  }

  /** Sessions part by part, then every other table in order. */
  async *rows(): AsyncGenerator<Put> {
    const [fields] = await this.#link.results((batch) => batch.hmget(this.#schema.record, 'parts'));
    const parts = Number((fields as (string | null)[])[0] ?? 0);
    for (let part = 0; part < parts; part++) {
      const [found] = await this.#link.results((batch) => batch.hgetall(this.#schema.sessions(part)));
      for (const [key = '', json = ''] of inPairs(found as string[])) {
        yield { kind: 'put', table: 'session', key: Number(key), row: JSON.parse(json) as Rows['session'] };
      }
    }
    for (const table of SORTED_TABLES) yield* this.#sorted(table);
  }

  async *#sorted(table: (typeof SORTED_TABLES)[number]): AsyncGenerator<Put> {
    for (let from: `(${number}` | '-inf' = '-inf'; ; ) {
      const page = { byScore: true, offset: 0, count: ROWS_PER_PAGE_MAX } as const;
      const asked = from;
      const [found] = await this.#link.results((batch) => batch.zrange(this.#schema.table(table), asked, '+inf', page));
      const members = found as string[];
      for (const member of members)
        yield { kind: 'put', table, key: keyIn(member), row: JSON.parse(rowIn(member)) } as Put;
      const last = members.at(-1);
      if (last === undefined || members.length < ROWS_PER_PAGE_MAX) return;
      from = `(${keyIn(last)}`;
    }
  }

  /** Removes rows without a record: of a move that was broken off. */
  async sweep(): Promise<void> {
    for (let cursor = '0'; ; ) {
      const asked = cursor;
      const [found] = await this.#link.results((batch) =>
        batch.scan(asked, { match: this.#schema.pattern, count: 1_000 }),
      );
      const [next, keys] = found as [string, string[]];
      if (keys.length > 0) await this.#link.results((batch) => batch.del(...keys));
      if (String(next) === '0') return;
      cursor = String(next);
    }
  }

  /** Puts rows where there is no record yet; nobody reads them before `adopt`. */
  async fill(puts: readonly Put[]): Promise<void> {
    await this.#link.results((batch) => {
      for (const { table, key, row } of puts) {
        const json = JSON.stringify(row);
        const name = table === 'session' ? this.#schema.sessions(sessionPart(key)) : this.#schema.table(table);
        if (table === 'session') {
          this.#parts = Math.max(this.#parts, sessionPart(key) + 1);
          batch.hset(name, { [key]: json });
        } else batch.zadd(name, { score: key, member: `${key}:${json}` });
        const stay = RETENTION_MS[table];
        if (stay !== null) batch.pexpire(name, stay);
      }
    });
  }

  /** Makes the document of what was filled in. @returns whether there was none */
  async adopt(document: unknown, token: string): Promise<boolean> {
    const { record } = this.#schema;
    const values = [
      '',
      token,
      String(RECEIPT_MS),
      JSON.stringify(document),
      appendCommitId('', token),
      '',
      String(this.#parts),
    ];
    const [outcome] = await this.#link.results((batch) => {
      batch.eval(COMMIT, [record, this.#schema.receipt(token)], values);
    });
    return outcome === 1;
  }

  /** What Redis says of its memory and its disk; '' where it does not. */
  async info(): Promise<string> {
    const script = "return redis.call('INFO', 'memory') .. redis.call('INFO', 'persistence')";
    const [answer] = await this.#link.send((batch) => batch.eval(script, [this.#schema.record], []));
    return typeof answer === 'string' ? answer : '';
  }
}

function inPairs(flat: readonly string[]): string[][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => flat.slice(2 * index, 2 * index + 2));
}
