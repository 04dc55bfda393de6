// Stores in Redis for tests, with their client and counts; clocks and waits can be replaced.

import { randomBytes } from 'node:crypto';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import { RedisArchive } from '../../worker/store/redis/redis-archive.ts';
import { RedisClient } from '../../worker/store/redis/redis-client.ts';
import { type RedisOptions, RedisStore } from '../../worker/store/redis/redis-store.ts';
import { StoreStats } from '../../worker/store/store-stats.ts';

/** The store of one gateway; its requests share one context, as in a relay. */
export function redisStore(address: { url: string; token: string }, changes: Partial<RedisOptions> = {}) {
  const stats = new StoreStats();
  const client = new RedisClient(address);
  const store = new RedisStore({
    client,
    stats,
    replicas: 0,
    stopwatch: () => performance.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    random: Math.random,
    randomId: (bytes) => randomBytes(bytes).toString('base64url'),
    ...changes,
  });
  return { store, client, stats };
}

export interface StoredRoom {
  room: RoomDocument;
  sessions: ReadonlyMap<number, SessionRecord>;
}

/** A room as stored in Redis. */
export async function storedRoom(address: { url: string; token: string }, name: string): Promise<StoredRoom> {
  const archive = new RedisArchive(new RedisClient(address), `room:${name}`);
  const room = (await archive.document()) as RoomDocument | null;
  if (room === null) throw new TypeError(`Room "${name}" is not in Redis.`);
  const sessions = new Map<number, SessionRecord>();
  for await (const put of archive.rows()) if (put.table === 'session') sessions.set(put.key, put.row);
  return { room, sessions };
}
