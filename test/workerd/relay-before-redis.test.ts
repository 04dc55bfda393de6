// Relays inside workerd before a real Redis: the suites of every store, with real eviction, and what is their own there, the group
// commit of many visitors' batches.

import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, inject, test } from 'vitest';
import { RedisClient } from '../../worker/store/redis/redis-client.ts';
import { RedisDirectory } from '../../worker/store/redis/redis-store.ts';
import { RelayStore } from '../../worker/store/relay/relay-store.ts';
import { runtimeClock } from '../../worker/store/runtime-clock.ts';
import { type StoreCounts, StoreStats } from '../../worker/store/store-stats.ts';
import { configure, join, settings, T0 } from '../core/sample-rooms.ts';
import { conformance, type StoreUnderTest } from '../store/conformance.ts';
import { differential } from '../store/differential.ts';
import { refusesInvalidState } from '../store/invalid-state.ts';
import { redisText } from '../store/stored-text.ts';
import { clock, redis } from './main.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redis: { url: string; token: string };
  }
}

Object.assign(redis, inject('redis'));
const relays = env.RELAY_OBJECTS;
const counts = new Map<string, StoreCounts[]>();

function store(relay: number): RelayStore {
  const client = new RedisClient(redis);
  const options = { ...runtimeClock, client, stats: new StoreStats(), replicas: 0, clock: () => clock.now };
  const onCounts = (room: string, counted: StoreCounts) => counts.set(room, [...(counts.get(room) ?? []), counted]);
  const { stopwatch } = runtimeClock;
  return new RelayStore({
    relays,
    count: 2,
    random: relay / 2,
    stopwatch,
    directory: new RedisDirectory(options),
    onCounts,
  });
}

let current = store(0);
const start = (): StoreUnderTest => {
  const under: StoreUnderTest = {
    store: current,
    clock,
    stored: redisText(new RedisClient(redis)),
    reload: (room) => evictDurableObject(relays.get(relays.idFromName(`${room} 0`))),
    reloadDirectory: async () => {
      current = store(0);
      Object.assign(under, { store: current });
    },
  };
  return under;
};

conformance('relay before Redis', start);
differential('relay before Redis', start);
refusesInvalidState('relay before Redis', start);

describe('a relay before Redis', () => {
  test('commits 200 concurrent joins in at most 10 batches, and reports each count once', async () => {
    clock.now = T0;
    const north = store(0);
    await north.apply('grouped', [configure(settings())]);
    counts.clear();
    await Promise.all(Array.from({ length: 200 }, (_, index) => north.apply('grouped', [join(`${index}`)])));
    const reported = counts.get('grouped') ?? [];
    const total = (of: (count: StoreCounts) => number) => reported.reduce((sum, count) => sum + of(count), 0);
    expect(total(({ commands }) => commands)).toBe(200);
    expect(total(({ batches }) => batches)).toBeLessThanOrEqual(10);
    expect(total(({ roundTrips }) => roundTrips)).toBeLessThanOrEqual(20);
  });

  test('shares a room with another relay: each position is given once', async () => {
    clock.now = T0;
    const [north, south] = [store(0), store(1)];
    await north.apply('shared', [configure(settings())]);
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 ? north : south).apply('shared', [join(`${index}`)])),
    );
    const numbers = replies.map(([reply]) => (reply.kind === 'joined' ? reply.place.number : 0));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });
});
