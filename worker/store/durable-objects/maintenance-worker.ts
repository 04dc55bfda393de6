// A worker of its own, run for the time of one command (scripts/lib/stored-ledgers.ts) while the gateway is stopped. It reads
// and fills what Durable Objects store on local disk, as text, so that a room can be checked and moved. Only the command that
// started it knows its token.

import { DurableObject } from 'cloudflare:workers';
import type { Table } from '../../../queue-core/machine.ts';
import { TABLES } from '../ledgers.ts';
import { SQL_SCHEMA } from './ledger-object.ts';

/** Rows in one response: a few MB at most. */
const ROWS_PER_RESPONSE = 5_000;

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
    this.#sql.exec(SQL_SCHEMA);
  }

  document(): string | null {
    const [row] = this.#sql.exec<{ json: string }>('SELECT json FROM document').toArray();
    return row?.json ?? null;
  }

  rows(table: Table, after: number): StoredRow[] {
    const statement = `SELECT key, json FROM ${table} WHERE key > ? ORDER BY key LIMIT ${ROWS_PER_RESPONSE}`;
    const found = this.#sql.exec<{ key: number; json: string }>(statement, after).toArray();
    return found.map(({ key, json }) => ({ table, key, json }));
  }

  /** Removes rows without a document, which an interrupted move leaves. @returns false where there is a document */
  sweep(): boolean {
    if (this.document() !== null) return false;
    for (const table of TABLES) this.#sql.exec(`DELETE FROM ${table}`);
    return true;
  }

  /** Writes rows; the document comes last. @returns false where there is a document already */
  fill(rows: readonly StoredRow[]): boolean {
    if (this.document() !== null) return false;
    for (const { table, key, json } of rows) {
      this.#sql.exec(`INSERT OR REPLACE INTO ${table} (key, json) VALUES (?, ?)`, key, json);
    }
    return true;
  }

  /** Writes the document of the rows. @returns false where there is a document already */
  async adopt(document: string): Promise<boolean> {
    if (this.document() !== null) return false;
    this.#sql.exec('INSERT INTO document (id, json) VALUES (1, ?)', document);
    await this.ctx.storage.sync();
    return true;
  }
}

export class RoomObject extends StoredLedger {}
export class DirectoryObject extends StoredLedger {}

export default {
  /** GET `/{ledger}`: its document, `/{ledger}/{table}?after=`: a page of rows. DELETE sweeps, POST fills, PUT adopts. */
  async fetch(request: Request, env: MaintenanceEnv): Promise<Response> {
    if (env.MAINTENANCE_TOKEN === '' || request.headers.get('Authorization') !== `Bearer ${env.MAINTENANCE_TOKEN}`) {
      return new Response(null, { status: 403 });
    }
    const { pathname, searchParams } = new URL(request.url);
    const [, name = '', tableName] = pathname.split('/').map(decodeURIComponent);
    const room = /^room:(.+)$/.exec(name)?.[1];
    const namespace = room === undefined ? env.DIRECTORY_OBJECTS : env.ROOM_OBJECTS;
    const ledger = namespace.get(namespace.idFromName(room ?? 'directory'));
    if (request.method === 'DELETE') return noContentOrConflict(await ledger.sweep());
    if (request.method === 'POST') return noContentOrConflict(await ledger.fill((await request.json()) as StoredRow[]));
    if (request.method === 'PUT') return noContentOrConflict(await ledger.adopt(await request.text()));
    if (tableName === undefined) return Response.json(await ledger.document());
    const table = TABLES.find((known) => known === tableName);
    if (table === undefined) return new Response(null, { status: 404 });
    return Response.json(await ledger.rows(table, Number(searchParams.get('after') ?? 0)));
  },
};

function noContentOrConflict(done: boolean): Response {
  return new Response(null, { status: done ? 204 : 409 });
}
