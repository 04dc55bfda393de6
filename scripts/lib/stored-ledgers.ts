// Where a ledger (a room, or the directory) can be stored, for the commands that check and move it: on local disk, through a
// worker that opens the storage of Durable Objects, and in Redis.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Put } from '../../queue-core/machine.ts';
import { decodeRow, encodeRow } from '../../queue-core/stored-format.ts';
import type { StoredRow } from '../../worker/store/durable-objects/maintenance-worker.ts';
import { documentFormat, TABLES } from '../../worker/store/ledgers.ts';
import { RedisArchive } from '../../worker/store/redis/redis-archive.ts';
import { type RedisAddress, RedisClient } from '../../worker/store/redis/redis-client.ts';
import { runWorkerd } from './gateway-process.ts';
import { builtFile } from './program-files.ts';

export interface LedgerLocation {
  /** For messages. */
  readonly where: string;
  /** @param ledger `room:demo` or `directory` @returns null where it is not stored here */
  document(ledger: string): Promise<unknown>;
  rows(ledger: string): AsyncGenerator<Put>;
  /** Writes the rows first and the document last: an interrupted write leaves no ledger. @returns false where there is one */
  fill(ledger: string, rows: AsyncIterable<Put>, document: unknown): Promise<boolean>;
  /** What the operator of the store should change, in sentences. */
  warnings(): Promise<string[]>;
  close(): Promise<void>;
}

/** Rows in one write. */
const ROWS_PER_WRITE = 500;

/** @throws where the folder does not exist or a gateway is running on it */
export async function diskLocation(dataDir: string): Promise<LedgerLocation> {
  const rooms = resolve(dataDir, 'rooms');
  if (!existsSync(rooms)) throw new Error(`${rooms} does not exist. Set DATA_DIR to the folder of the gateway.`);
  await builtFile('maintenance-worker.js');
  const token = randomToken(24);
  const logged: string[] = [];
  const options = [`--directory-path=disk=${rooms}`];
  const worker = await runWorkerd(
    'maintenance-worker.capnp',
    { port: 0 },
    options,
    { MAINTENANCE_TOKEN: token },
    (line) => logged.push(line),
  );
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(`${worker.url}/${path}`, { ...init, headers: { Authorization: `Bearer ${token}` } });
    if (response.status === 409 || response.ok) return response;
    throw new Error(
      `${rooms} cannot be read (status ${response.status}). Stop the gateway first.\n${logged.join('\n')}`,
    );
  };
  return {
    where: rooms,
    async document(ledger) {
      const text: string | null = await (await send(encodeURIComponent(ledger))).json();
      return text === null ? null : documentFormat(ledger).decode(text);
    },
    async *rows(ledger) {
      for (const table of TABLES) {
        for (let after = -1; ; ) {
          const page: StoredRow[] = await (await send(`${encodeURIComponent(ledger)}/${table}?after=${after}`)).json();
          for (const { key, json } of page) yield { kind: 'put', table, key, row: decodeRow(table, json) } as Put;
          const last = page.at(-1);
          if (last === undefined) break;
          after = last.key;
        }
      }
    },
    async fill(ledger, rows, document) {
      const path = encodeURIComponent(ledger);
      if ((await send(path, { method: 'DELETE' })).status === 409) return false;
      for await (const batch of inBatches(rows)) {
        const stored = batch.map(({ table, key, row }): StoredRow => ({ table, key, json: encodeRow(table, row) }));
        if ((await send(path, { method: 'POST', body: JSON.stringify(stored) })).status === 409) return false;
      }
      return (await send(path, { method: 'PUT', body: documentFormat(ledger).encode(document) })).status !== 409;
    },
    warnings: async () => [],
    close: () => worker.stop(),
  };
}

export function redisLocation(address: RedisAddress): LedgerLocation {
  const client = new RedisClient(address);
  const archiveOf = (ledger: string) => new RedisArchive(client, ledger);
  return {
    where: `Redis at ${new URL(address.url).host}`,
    document: (ledger) => archiveOf(ledger).document(),
    rows: (ledger) => archiveOf(ledger).rows(),
    async fill(ledger, rows, document) {
      const archive = archiveOf(ledger);
      if ((await archive.document()) !== null) return false;
      await archive.sweep();
      for await (const batch of inBatches(rows)) await archive.fill(batch);
      return archive.adopt(document, randomToken(9));
    },
    async warnings() {
      const info = await archiveOf('directory').info();
      const warnings: string[] = [];
      const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
      if (policy !== undefined && policy !== 'noeviction') {
        warnings.push(
          `Redis may evict keys (maxmemory-policy ${policy}); an evicted session can be granted twice. Set it to noeviction.`,
        );
      }
      if (/^aof_enabled:0/m.test(info)) {
        warnings.push(
          'Redis writes no append-only file: a restart restores only its last snapshot. Set appendonly to yes.',
        );
      }
      return warnings;
    },
    close: async () => {},
  };
}

async function* inBatches(rows: AsyncIterable<Put>): AsyncGenerator<Put[]> {
  let batch: Put[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < ROWS_PER_WRITE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** @param name `durable` or `redis`; without it, the store that the environment configures */
export function storeNamed(name: string | undefined, env: NodeJS.ProcessEnv): 'durable' | 'redis' {
  const chosen = name ?? ((env['UPSTASH_REDIS_REST_URL'] ?? '') === '' ? 'durable' : 'redis');
  if (chosen !== 'durable' && chosen !== 'redis') throw new Error(`"${chosen}" is not a store. Use durable or redis.`);
  return chosen;
}

/** @param name as `storeNamed` takes it */
export async function locationNamed(name: string | undefined, env: NodeJS.ProcessEnv): Promise<LedgerLocation> {
  if (storeNamed(name, env) === 'durable') return diskLocation(env['DATA_DIR'] ?? '.fairgate');
  const [url = '', token = ''] = [env['UPSTASH_REDIS_REST_URL'], env['UPSTASH_REDIS_REST_TOKEN']];
  if (url === '' || token === '') throw new Error('Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.');
  return redisLocation({ url, token });
}
