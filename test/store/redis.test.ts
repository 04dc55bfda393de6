// The store in Redis: the conformance suite over a real redis-server.

import { afterAll, beforeAll } from 'vitest';
import { type RunningRedis, startRedis } from '../redis/redis-server.ts';
import { redisStore } from '../redis/redis-stores.ts';
import { type RestStandIn, startRestStandIn } from '../redis/rest-stand-in.ts';
import { conformance } from './conformance.ts';

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
let store: ReturnType<typeof redisStore> | null = null;

conformance('redis', () => {
  const fresh = () => redisStore(standIn, { clock: () => clock.now });
  store ??= fresh();
  return {
    store: store.store,
    clock,
    // Another gateway, which has seen nothing.
    reload: async () => {
      Object.assign(store ?? {}, fresh());
    },
  };
});
