// A redis-server that starts from a dump of the version before schema versions: the room and the directory open, and nothing
// of them is lost.

import { copyFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import { RECOVERY_MS } from '../../queue-core/limits.ts';
import { type SharedRedis, sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { RedisArchive } from '../../worker/store/redis/redis-archive.ts';
import { RedisClient } from '../../worker/store/redis/redis-client.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { join } from '../core/sample-rooms.ts';
import { SCHEMA_0, schema0 } from '../fixtures/schema-0.ts';
import type { StoreUnderTest } from '../store/conformance.ts';
import { opensSchema0 } from '../store/schema-0-suite.ts';
import { redisText } from '../store/stored-text.ts';
import { redisStore, storedRoom } from './redis-stores.ts';

const servers: SharedRedis[] = [];
afterAll(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

/** A Redis that has loaded the dump, behind a stand-in for Upstash's service. */
async function startedFrom(dump: string): Promise<SharedRedis> {
  const redis = await sharedRedis();
  servers.push(redis);
  const [, dir = ''] = (await redis.server.command('CONFIG', 'GET', 'dir')) as string[];
  await redis.server.end();
  copyFileSync(joinPath(SCHEMA_0, 'redis', dump), joinPath(dir, 'dump.rdb'));
  await redis.server.again();
  const text = redisText(new RedisClient(redis.address));
  await vi.waitFor(async () => expect(await text.document('room:demo')).not.toBeNull(), 20_000);
  return redis;
}

const fixture = schema0();
const clock = { now: 0 };

opensSchema0('redis', fixture, async () => {
  const { address, standIn } = await startedFrom('open.rdb');
  // Does not name its processes, so that this process is not taken for a failover.
  standIn.isHosted = true;
  const gateway = () => redisStore(address, { clock: () => clock.now, stopwatch: () => 0 }).store;
  const opened: StoreUnderTest = {
    store: gateway(),
    clock,
    stored: redisText(new RedisClient(address)),
    reload: async () => void Object.assign(opened, { store: gateway() }),
    reloadDirectory: () => opened.reload(''),
  };
  return opened;
});

test('every row of the dump is read, in every table', async () => {
  const { address } = await startedFrom('open.rdb');
  for (const [ledger, { rows }] of Object.entries(fixture.ledgers)) {
    const keys: string[] = [];
    for await (const { table, key, row } of new RedisArchive(new RedisClient(address), ledger).rows()) {
      keys.push(`${table} ${key}`);
      const { sid, hash, html } = JSON.parse(
        rows.find((other) => other.table === table && other.key === key)?.json ?? '',
      );
      // What no migration may change.
      expect({ sid: undefined, hash: undefined, html: undefined, ...row }).toMatchObject({ sid, hash, html });
    }
    expect(keys.toSorted()).toEqual(rows.map(({ table, key }) => `${table} ${key}`).toSorted());
  }
});

test('a Redis that names its processes recovers the room as after any restart, and keeps every place', async () => {
  const { address } = await startedFrom('open.rdb');
  clock.now = 1_795_662_287_885;
  const { store } = redisStore(address, { clock: () => clock.now });
  await expect(store.apply('demo', [join('new')])).rejects.toThrow(StoreUnavailable);
  clock.now += RECOVERY_MS;
  const { board } = await store.view('demo', { endingsAfter: 0, report: null });
  expect(board).toMatchObject({ entries: 30, called: 30 });
  // The gateway of before is silent: numbers that it may have given since are left free.
  expect(await store.apply('demo', [join('new')])).toMatchObject([{ place: { number: 45 + 100 + 1 } }]);
  const log = await store.rows('demo', 'audit', { after: 0, limit: 100 });
  expect(faultIn(log)).toBeNull();
  expect(log.at(-1)).toMatchObject({ seq: 17, action: 'recover' });
});

test('a recovery that was under way is concluded', async () => {
  const { address, standIn } = await startedFrom('recovering.rdb');
  standIn.isHosted = true;
  clock.now = 1_795_662_320_600;
  const { store } = redisStore(address, { clock: () => clock.now });
  await expect(store.apply('demo', [join('new')])).rejects.toThrow(/recovering/);
  expect((await store.view('demo', { endingsAfter: 0, report: null })).board).toMatchObject({ issued: 46, active: 17 });
  clock.now += RECOVERY_MS;
  expect(await store.apply('demo', [join('new')])).toMatchObject([{ kind: 'joined' }]);
  const { room, sessions } = await storedRoom(address, 'demo');
  expect(brokenIn(room, sessions)).toEqual([]);
  const log = await store.rows('demo', 'audit', { after: 0, limit: 100 });
  expect(log.at(-1)).toMatchObject({ seq: 17, action: 'recover' });
});
