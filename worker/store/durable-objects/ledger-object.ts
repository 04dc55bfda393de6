// One document and its tables as a Durable Object: SQLite, one transaction for all batches that arrived while the last one
// was committed (group-commit.ts). All rules are in the machine; this loads and saves. State that cannot be read is a result,
// not a crash: nothing is written over it, and the next call reads it again.

import { DurableObject } from 'cloudflare:workers';
import { CoreError } from '../../../queue-core/errors.ts';
import { ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { Effect, Machine, Page, Run, Table } from '../../../queue-core/machine.ts';
import { decodeRow, encodeRow } from '../../../queue-core/stored-format.ts';
import { GroupCommit } from '../group-commit.ts';
import { TABLES } from '../ledgers.ts';
import { type Applied, invalidState, type StoredRows, type StoreRefusal } from '../store-result.ts';

/** The tables of a ledger in SQLite, and beside them its one document. */
export const SQL_SCHEMA = [
  'CREATE TABLE IF NOT EXISTS document (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)',
  ...TABLES.map((table) => `CREATE TABLE IF NOT EXISTS ${table} (key INTEGER PRIMARY KEY, json TEXT NOT NULL)`),
].join(';');

export abstract class LedgerObject<Document, Command, Reply> extends DurableObject {
  protected abstract readonly machine: Machine<Document, Command, Reply>;
  readonly #sql = this.ctx.storage.sql;
  readonly #commits = new GroupCommit<readonly Command[], Applied<Reply> | StoreRefusal>((batches) =>
    this.#commit(batches),
  );
  /** The document on disk; null: not read yet, or to be read again. */
  #document: Document | null = null;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as never);
    this.#sql.exec(SQL_SCHEMA);
  }

  apply(commands: readonly Command[]): Promise<Applied<Reply> | StoreRefusal> {
    return this.#commits.add(commands);
  }

  rows(table: Table, { after, limit }: Page): StoredRows | StoreRefusal {
    if (this.#document === null && this.#storedDocument() === null) return { kind: 'unknown' };
    const statement = `SELECT json FROM ${table} WHERE key > ? ORDER BY key LIMIT ?`;
    const found = this.#sql.exec<{ json: string }>(statement, after, Math.min(limit, ROWS_PER_PAGE_MAX));
    return { kind: 'rows', rows: found.toArray().map(({ json }) => json) };
  }

  /** @returns the row as stored; null: there is none */
  protected row(table: Table, key: number): string | null {
    const [row] = this.#sql.exec<{ json: string }>(`SELECT json FROM ${table} WHERE key = ?`, key).toArray();
    return row?.json ?? null;
  }

  /** @throws CoreError where the stored document cannot be read */
  protected document(): Document | null {
    if (this.#document === null) {
      const stored = this.#storedDocument();
      if (stored !== null) this.#document = this.machine.decode(stored);
    }
    return this.#document;
  }

  /** The store's clock, in ms. */
  protected now(): number {
    return Date.now();
  }

  #storedDocument(): string | null {
    const [row] = this.#sql.exec<{ json: string }>('SELECT json FROM document').toArray();
    return row?.json ?? null;
  }

  async #commit(batches: readonly (readonly Command[])[]): Promise<(Applied<Reply> | StoreRefusal)[]> {
    try {
      const results = this.ctx.storage.transactionSync(() => this.#applyBatches(batches));
      await this.ctx.storage.sync();
      return results;
    } catch (error) {
      // Memory may be ahead of the disk; the next call reads the disk again.
      this.#document = null;
      if (error instanceof CoreError) return batches.map(() => invalidState(error));
      // What is on disk is unknown: the object restarts from it, after its callers have their error.
      queueMicrotask(() => this.ctx.abort('A commit to SQLite failed.'));
      throw error;
    }
  }

  #applyBatches(batches: readonly (readonly Command[])[]): (Applied<Reply> | StoreRefusal)[] {
    const now = this.now();
    const before = this.document();
    let document = before;
    const results = batches.map((commands): Applied<Reply> | StoreRefusal => {
      const [first] = commands;
      if (document === null && (first === undefined || !this.machine.begins(first))) return { kind: 'unknown' };
      let run: Run<Document, Reply>;
      try {
        run = this.machine.run(document, this.#sessions, commands, now);
      } catch (error) {
        // Refuses this batch alone; the others of the transaction do not depend on it.
        return invalidState(error);
      }
      document = run.document;
      for (const effect of run.effects) this.#write(effect);
      return { kind: 'applied', replies: run.replies };
    });
    if (document !== null && document !== before) {
      this.#sql.exec('INSERT OR REPLACE INTO document (id, json) VALUES (1, ?)', this.machine.encode(document));
      this.#document = document;
    }
    return results;
  }

  readonly #sessions = {
    get: (position: number) => {
      const row = this.row('session', position);
      return row === null ? undefined : decodeRow('session', row);
    },
  };

  #write(effect: Effect): void {
    switch (effect.kind) {
      case 'put': {
        const statement = `INSERT OR REPLACE INTO ${effect.table} (key, json) VALUES (?, ?)`;
        this.#sql.exec(statement, effect.key, encodeRow(effect.table, effect.row));
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
