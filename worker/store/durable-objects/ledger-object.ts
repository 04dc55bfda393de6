// One document and its tables as a Durable Object: SQLite, one transaction for the lists of commands that have come
// together meanwhile (combining.ts), so the load of many visitors becomes few commits. All rules are in the machine; this
// loads and saves.

import { DurableObject } from 'cloudflare:workers';
import { ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { Effect, Machine, Page, Rows, Table } from '../../../queue-core/machine.ts';
import { GroupCommit } from '../group-commit.ts';

/** What crosses the RPC boundary; errors thrown there lose their class, so outcomes are values. */
export type Applied<Reply> = { kind: 'applied'; replies: Reply[] } | { kind: 'unknown' } | { kind: 'busy' };

const TABLES: readonly Table[] = ['session', 'ending', 'history', 'audit', 'template'];

export const SCHEMA = [
  'CREATE TABLE IF NOT EXISTS document (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)',
  ...TABLES.map((table) => `CREATE TABLE IF NOT EXISTS ${table} (key INTEGER PRIMARY KEY, json TEXT NOT NULL)`),
].join(';');

export abstract class LedgerObject<Document, Command, Reply> extends DurableObject {
  protected document: Document | null = null;
  protected abstract readonly machine: Machine<Document, Command, Reply>;
  readonly #sql = this.ctx.storage.sql;
  readonly #batches = new GroupCommit<readonly Command[], Applied<Reply>>((lists) => this.#commit(lists));

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as never);
    this.#sql.exec(SCHEMA);
    const [row] = this.#sql.exec<{ json: string }>('SELECT json FROM document').toArray();
    if (row !== undefined) this.document = JSON.parse(row.json) as Document;
  }

  apply(commands: readonly Command[]): Promise<Applied<Reply>> {
    return this.#batches.add(commands) ?? Promise.resolve({ kind: 'busy' });
  }

  /** Rows of a table as JSON texts, ascending; null where there is no document. */
  rows(table: Table, { after, limit }: Page): string[] | null {
    if (this.document === null) return null;
    const statement = `SELECT json FROM ${table} WHERE key > ? ORDER BY key LIMIT ?`;
    const found = this.#sql.exec<{ json: string }>(statement, after, Math.min(limit, ROWS_PER_PAGE_MAX));
    return found.toArray().map(({ json }) => json);
  }

  protected row<T extends Table>(table: T, key: number): Rows[T] | undefined {
    const [row] = this.#sql.exec<{ json: string }>(`SELECT json FROM ${table} WHERE key = ?`, key).toArray();
    return row === undefined ? undefined : (JSON.parse(row.json) as Rows[T]);
  }

  /** The store's clock, in ms. */
  protected now(): number {
    return Date.now();
  }

  async #commit(lists: readonly (readonly Command[])[]): Promise<Applied<Reply>[]> {
    try {
      const answers = this.ctx.storage.transactionSync(() => this.#applyBatches(lists));
      await this.ctx.storage.sync();
      return answers;
    } catch (error) {
      // Memory may be ahead of the disk now: start again from the disk, after the callers have been told.
      queueMicrotask(() => this.ctx.abort('A commit failed.'));
      throw error;
    }
  }

  #applyBatches(lists: readonly (readonly Command[])[]): Applied<Reply>[] {
    const now = this.now();
    const before = this.document;
    const answers = lists.map((commands): Applied<Reply> => {
      const [first] = commands;
      if (this.document === null && (first === undefined || !this.machine.begins(first))) return { kind: 'unknown' };
      const { document, replies, effects } = this.machine.run(this.document, this.#sessions, commands, now);
      this.document = document;
      for (const effect of effects) this.#write(effect);
      return { kind: 'applied', replies };
    });
    if (this.document !== before) {
      this.#sql.exec('INSERT OR REPLACE INTO document (id, json) VALUES (1, ?)', JSON.stringify(this.document));
    }
    return answers;
  }

  readonly #sessions = { get: (position: number) => this.row('session', position) };

  #write(effect: Effect): void {
    switch (effect.kind) {
      case 'put': {
        const statement = `INSERT OR REPLACE INTO ${effect.table} (key, json) VALUES (?, ?)`;
        this.#sql.exec(statement, effect.key, JSON.stringify(effect.row));
        return;
      }
      case 'drop':
        this.#sql.exec(`DELETE FROM ${effect.table} WHERE key BETWEEN ? AND ?`, effect.from, effect.upTo);
        return;
      case 'clear':
        this.#sql.exec(`DELETE FROM ${effect.table}`);
        return;
    }
  }
}
