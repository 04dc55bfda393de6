// Where this deployment's rooms live: in Redis where it is set, else in Durable Objects; and whether relays stand between.

import { DurableDirectory, DurableStore } from './durable-objects/durable-store.ts';
import { type LedgerBindings, ledgerObjects, type Placement } from './durable-objects/ledger-calls.ts';
import { type RedisAddress, RedisClient } from './redis/redis-client.ts';
import { RedisDirectory } from './redis/redis-store.ts';
import type { Relay } from './relay/relay.ts';
import { RelayStore } from './relay/relay-store.ts';
import type { RoomStore } from './room-store.ts';
import { runtimeClock } from './runtime-clock.ts';
import { type StoreCounts, StoreStats } from './store-stats.ts';

export interface StoreBindings extends LedgerBindings {
  RELAY_OBJECTS: DurableObjectNamespace<Relay>;
}

export interface RedisSettings extends RedisAddress {
  /** Replicas that must have a commit before its replies are returned, where the store does not name its processes. */
  replicas: number;
}

export interface StoreSettings {
  /** Relays of each room; 0: none, or with Redis one. */
  relays: number;
  /** null: rooms are stored in Durable Objects. */
  redis: RedisSettings | null;
  /** Where Cloudflare creates the objects; null: near the gateway that asks first. */
  locationHint: NonNullable<Placement['locationHint']> | null;
}

/** @param onCounts receives what was counted for a room in Redis, or for the directory */
export function chosenStore(
  env: StoreBindings,
  { relays: count, redis, locationHint }: StoreSettings,
  onCounts: (ledger: string, counts: StoreCounts) => void,
): RoomStore {
  const objects = ledgerObjects(env);
  if (redis === null && count === 0) return new DurableStore(objects);
  const stats = new StoreStats();
  return new RelayStore({
    relays: env.RELAY_OBJECTS,
    count: Math.max(1, count),
    random: runtimeClock.random(),
    placement: locationHint === null ? {} : { locationHint },
    directory:
      redis === null
        ? new DurableDirectory(objects)
        : new RedisDirectory({ ...runtimeClock, client: new RedisClient(redis), stats, replicas: redis.replicas }),
    stopwatch: runtimeClock.stopwatch,
    onCounts(room, counts) {
      onCounts(room, counts);
      onCounts('directory', stats.take());
    },
  });
}
