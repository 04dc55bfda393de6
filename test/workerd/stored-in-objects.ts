// The storage of the Durable Objects, past the objects, for tests inside workerd.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { DirectoryObject, RoomObject } from '../../worker/store/durable-objects/room-object.ts';
import type { Relay } from '../../worker/store/relay/relay.ts';
import type { StoredText } from '../store/stored-text.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      ROOM_OBJECTS: DurableObjectNamespace<RoomObject>;
      DIRECTORY_OBJECTS: DurableObjectNamespace<DirectoryObject>;
      RELAY_OBJECTS: DurableObjectNamespace<Relay>;
    }
  }
}

const { ROOM_OBJECTS: rooms, DIRECTORY_OBJECTS: directories } = env;

export const roomStub = (room: string) => rooms.get(rooms.idFromName(room));
export const directoryStub = () => directories.get(directories.idFromName('directory'));

/** Runs SQL on a ledger's storage, past its object. @returns the column `json` of the first row */
export async function sql(ledger: string, statement: string, ...values: (string | number)[]): Promise<string | null> {
  const stub = ledger === 'directory' ? directoryStub() : roomStub(ledger.slice('room:'.length));
  return runInDurableObject(stub as DurableObjectStub<RoomObject>, (_, { storage }) => {
    const [row] = storage.sql.exec<{ json: string }>(statement, ...values).toArray();
    return row?.json ?? null;
  });
}

export const stored: StoredText = {
  document: (ledger) => sql(ledger, 'SELECT json FROM document'),
  async setDocument(ledger, text) {
    await sql(ledger, 'INSERT OR REPLACE INTO document (id, json) VALUES (1, ?)', text);
  },
  row: (ledger, table, key) => sql(ledger, `SELECT json FROM ${table} WHERE key = ?`, key),
  async setRow(ledger, table, key, text) {
    await sql(ledger, `INSERT OR REPLACE INTO ${table} (key, json) VALUES (?, ?)`, key, text);
  },
};
