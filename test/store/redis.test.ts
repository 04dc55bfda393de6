// The store in Redis: the conformance suite over a real redis-server.

import { afterAll, beforeAll } from 'vitest';
import type { RedisStore } from '../../worker/store/redis-store.ts';
import { type RunningRedis, startRedis } from '../redis/redis-server.ts';
import { redisStore } from '../redis/redis-stores.ts';
import { type RestStandIn, startRestStandIn } from '../redis/rest-stand-in.ts';
import { conformance, type StoreUnderTest } from './conformance.ts';

let redis: RunningRedis;
let standIn: RestStandIn;

beforeAll(async () => {
  redis = await startRedis();
  standIn = await startRestStandIn(redis.port);
});
afterAll(async () => {
  await standIn.stop();
  await redis.stop();
});

const clock = { now: 0 };
let store: RedisStore | null = null;

conformance('redis', () => {
  const another = () => redisStore(standIn, { clock: () => clock.now }).store;
  store ??= another();
  const current: StoreUnderTest = {
    store,
    clock,
    // Another gateway, which has seen nothing.
    reload: async () => {
      store = another();
      Object.assign(current, { store });
    },
    reloadDirectory: () => current.reload(''),
  };
  return current;
});
