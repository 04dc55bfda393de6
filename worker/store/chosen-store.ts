// Where this deployment's rooms live: in Redis where it is set, else in Durable Objects.

import { DurableStore } from './durable-objects/durable-store.ts';
import type { DirectoryObject, RoomObject } from './durable-objects/room-object.ts';
import { type RedisAddress, RedisClient } from './redis/redis-client.ts';
import { RedisDirectory } from './redis/redis-store.ts';
import { type Relay, runtimeClock } from './redis/relay.ts';
import { RelayStore } from './redis/relay-store.ts';
import type { RoomStore } from './room-store.ts';
import { type StoreCounts, StoreStats } from './store-stats.ts';

export interface StoreBindings {
  ROOM_OBJECTS: DurableObjectNamespace<RoomObject>;
  DIRECTORY_OBJECTS: DurableObjectNamespace<DirectoryObject>;
  RELAY_OBJECTS: DurableObjectNamespace<Relay>;
}

export interface RedisSettings extends RedisAddress {
  /** Relays of one room. */
  relays: number;
  /** Replicas that must have a commit before its replies are returned, where the store does not name its processes. */
  replicas: number;
}

/** @param onCounts receives what was counted for a room in Redis, or for the directory */
export function chosenStore(
  bindings: StoreBindings,
  redis: RedisSettings | null,
  onCounts: (ledger: string, counts: StoreCounts) => void,
): RoomStore {
  if (redis === null) return new DurableStore(bindings.ROOM_OBJECTS, bindings.DIRECTORY_OBJECTS);
  const stats = new StoreStats();
  return new RelayStore({
    relays: bindings.RELAY_OBJECTS,
    relay: Math.floor(runtimeClock.random() * redis.relays),
    directory: new RedisDirectory({ ...runtimeClock, client: new RedisClient(redis), stats, replicas: redis.replicas }),
    onCounts(room, counts) {
      onCounts(room, counts);
      onCounts('directory', stats.take());
    },
  });
}
