// A worker of its own, started for the time of one command (scripts/lib/stored-ledgers.ts) while the gateway is stopped: reads and
// fills what Durable Objects keep on local disk, so that a room can be checked and moved. Answers only who knows the word
// that the command has made for it.

import { DurableObject } from 'cloudflare:workers';
import type { Table } from '../../../queue-core/machine.ts';
import { SCHEMA } from './ledger-object.ts';

/** Rows in one answer: a few MB at the most. */
const ROWS_PER_ANSWER = 5_000;

export interface StoredRow {
  table: Table;
  key: number;
  json: string;
}

interface MaintenanceEnv {
  ROOM_OBJECTS: DurableObjectNamespace<StoredLedger>;
  DIRECTORY_OBJECTS: DurableObjectNamespace<StoredLedger>;
  MAINTENANCE_TOKEN: string;
}

class StoredLedger extends DurableObject {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as never);
    this.#sql.exec(SCHEMA);
  }

  document(): string | null {
    const [row] = this.#sql.exec<{ json: string }>('SELECT json FROM document').toArray();
    return row?.json ?? null;
  }

  rows(table: Table, after: number): StoredRow[] {
    const statement = `SELECT key, json FROM ${table} WHERE key > ? ORDER BY key LIMIT ${ROWS_PER_ANSWER}`;
    const found = this.#sql.exec<{ key: number; json: string }>(statement, after).toArray();
    return found.map(({ key, json }) => ({ table, key, json }));
  }

  /** Removes rows without a document: of a move that was broken off. */
  sweep(): boolean {
    if (this.document() !== null) return false;
    for (const table of TABLES) this.#sql.exec(`DELETE FROM ${table}`);
    return true;
  }

  /** Rows come first, the document last. */
  fill(rows: readonly StoredRow[]): boolean {
    if (this.document() !== null) return false;
    for (const { table, key, json } of rows) {
      this.#sql.exec(`INSERT OR REPLACE INTO ${table} (key, json) VALUES (?, ?)`, key, json);
    }
    return true;
  }

  /** @returns whether it was free for that document */
  async adopt(document: string): Promise<boolean> {
    if (this.document() !== null) return false;
    this.#sql.exec('INSERT INTO document (id, json) VALUES (1, ?)', document);
    await this.ctx.storage.sync();
    return true;
  }
}

export class RoomObject extends StoredLedger {}
export class DirectoryObject extends StoredLedger {}

const TABLES: ReadonlySet<string> = new Set<Table>(['session', 'ending', 'history', 'audit', 'template']);

export default {
  /** `/{ledger}` its document, `/{ledger}/{table}?after=` a page of rows; DELETE sweeps, POST fills, PUT gives the document. */
  async fetch(request: Request, env: MaintenanceEnv): Promise<Response> {
    if (env.MAINTENANCE_TOKEN === '' || request.headers.get('Authorization') !== `Bearer ${env.MAINTENANCE_TOKEN}`) {
      return new Response(null, { status: 403 });
    }
    const { pathname, searchParams } = new URL(request.url);
    const [, ledger = '', table] = pathname.split('/').map(decodeURIComponent);
    const room = /^room:(.+)$/.exec(ledger)?.[1];
    const space = room === undefined ? env.DIRECTORY_OBJECTS : env.ROOM_OBJECTS;
    const kept = space.get(space.idFromName(room ?? 'directory'));
    if (request.method === 'DELETE') return taken(await kept.sweep());
    if (request.method === 'POST') return taken(await kept.fill((await request.json()) as StoredRow[]));
    if (request.method === 'PUT') return taken(await kept.adopt(await request.text()));
    if (table === undefined) return Response.json(await kept.document());
    if (!TABLES.has(table)) return new Response(null, { status: 404 });
    return Response.json(await kept.rows(table as Table, Number(searchParams.get('after') ?? 0)));
  },
};

function taken(done: boolean): Response {
  return new Response(null, { status: done ? 204 : 409 });
}
