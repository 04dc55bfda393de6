// The places where a ledger (a room, or the directory) can lie, as commands for one's own machine see them: on local disk,
// by way of a worker that opens what Durable Objects keep, and in Redis.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import type { Put } from '../../queue-core/machine.ts';
import { decodeRow, encodeRow } from '../../queue-core/stored-format.ts';
import type { StoredRow } from '../../worker/store/durable-objects/maintenance-worker.ts';
import { documentFormat, TABLES } from '../../worker/store/ledgers.ts';
import { RedisArchive } from '../../worker/store/redis/redis-archive.ts';
import { type RedisAddress, RedisClient } from '../../worker/store/redis/redis-client.ts';
import { runWorkerd } from './gateway-process.ts';

const root = resolve(import.meta.dirname, '../..');

export interface LedgerLocation {
  /** In words, for messages. */
  readonly where: string;
  /** @param ledger `room:demo` or `directory`; null: nothing is there */
  document(ledger: string): Promise<unknown>;
  rows(ledger: string): AsyncGenerator<Put>;
  /** Rows first, the document last: what is broken off half way counts as not there. @returns false where it is taken */
  fill(ledger: string, rows: AsyncIterable<Put>, document: unknown): Promise<boolean>;
  /** What its operator should know, in sentences. */
  warnings(): Promise<string[]>;
  close(): Promise<void>;
}

/** Rows written at once. */
const FILL_ROWS = 500;

/** @throws where the gateway still runs on that folder, or there is none */
export async function diskLocation(dataDir: string): Promise<LedgerLocation> {
  const rooms = resolve(dataDir, 'rooms');
  if (!existsSync(rooms)) throw new Error(`${rooms} is not there. Put DATA_DIR as the gateway has it.`);
  await build({
    entryPoints: [resolve(root, 'worker/store/durable-objects/maintenance-worker.ts')],
    outfile: resolve(root, 'dist/maintenance-worker.js'),
    bundle: true,
    format: 'esm',
    external: ['cloudflare:*'],
    target: 'es2024',
    logLevel: 'warning',
  });
  const token = randomBytes(24).toString('base64url');
  const logged: string[] = [];
  const options = [`--directory-path=disk=${rooms}`];
  const worker = await runWorkerd('maintenance-worker.capnp', 0, options, { MAINTENANCE_TOKEN: token }, (line) =>
    logged.push(line),
  );
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(`${worker.url}/${path}`, { ...init, headers: { Authorization: `Bearer ${token}` } });
    if (response.status === 409 || response.ok) return response;
    throw new Error(
      `${rooms} cannot be read (${response.status}). Is the gateway still running?\n${logged.join('\n')}`,
    );
  };
  return {
    where: rooms,
    async document(ledger) {
      const text: string | null = await (await ask(encodeURIComponent(ledger))).json();
      return text === null ? null : documentFormat(ledger).decode(text);
    },
    async *rows(ledger) {
      for (const table of TABLES) {
        for (let after = -1; ; ) {
          const page: StoredRow[] = await (await ask(`${encodeURIComponent(ledger)}/${table}?after=${after}`)).json();
          for (const { key, json } of page) yield { kind: 'put', table, key, row: decodeRow(table, json) } as Put;
          const last = page.at(-1);
          if (last === undefined) break;
          after = last.key;
        }
      }
    },
    async fill(ledger, rows, document) {
      const path = encodeURIComponent(ledger);
      if ((await ask(path, { method: 'DELETE' })).status === 409) return false;
      for await (const some of inGroups(rows)) {
        const kept = some.map(({ table, key, row }): StoredRow => ({ table, key, json: encodeRow(table, row) }));
        if ((await ask(path, { method: 'POST', body: JSON.stringify(kept) })).status === 409) return false;
      }
      return (await ask(path, { method: 'PUT', body: documentFormat(ledger).encode(document) })).status !== 409;
    },
    warnings: async () => [],
    close: () => worker.stop(),
  };
}

export function redisLocation(address: RedisAddress): LedgerLocation {
  const link = new RedisClient(address);
  const at = (ledger: string) => new RedisArchive(link, ledger);
  return {
    where: `Redis at ${new URL(address.url).host}`,
    document: (ledger) => at(ledger).document(),
    rows: (ledger) => at(ledger).rows(),
    async fill(ledger, rows, document) {
      const archive = at(ledger);
      if ((await archive.document()) !== null) return false;
      await archive.sweep();
      for await (const some of inGroups(rows)) await archive.fill(some);
      return archive.adopt(document, randomBytes(9).toString('base64url'));
    },
    async warnings() {
      const info = await at('directory').info();
      const warnings: string[] = [];
      const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
      if (policy !== undefined && policy !== 'noeviction') {
        warnings.push(
          `Redis may throw keys away (maxmemory-policy ${policy}); a session that is gone can be granted twice. Put noeviction.`,
        );
      }
      if (/^aof_enabled:0/m.test(info)) {
        warnings.push(
          'Redis keeps no append-only file: a restart takes it back to its last snapshot. Put appendonly yes.',
        );
      }
      return warnings;
    },
    close: async () => {},
  };
}

async function* inGroups(rows: AsyncIterable<Put>): AsyncGenerator<Put[]> {
  let group: Put[] = [];
  for await (const row of rows) {
    group.push(row);
    if (group.length < FILL_ROWS) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Where the environment says that rooms live, or what the caller names. */
export async function namedPlace(name: string | undefined, env: NodeJS.ProcessEnv): Promise<LedgerLocation> {
  const [url = '', token = ''] = [env['UPSTASH_REDIS_REST_URL'], env['UPSTASH_REDIS_REST_TOKEN']];
  const chosen = name ?? (url === '' ? 'durable' : 'redis');
  if (chosen === 'durable') return diskLocation(env['DATA_DIR'] ?? '.fairgate');
  if (chosen !== 'redis') throw new Error(`"${chosen}" is no store. Put durable or redis.`);
  if (url === '' || token === '')
    throw new Error('Put UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to name the Redis.');
  return redisLocation({ url, token });
}
