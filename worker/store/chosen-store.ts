// Where this deployment's rooms live: in Durable Objects, or, where Redis is set, there.

import { type Desk, deskClock } from './desk.ts';
import { DeskStore } from './desk-store.ts';
import { DurableStore } from './durable-store.ts';
import { type RedisAddress, RedisLink } from './redis-link.ts';
import { RedisDirectory } from './redis-store.ts';
import type { DirectoryObject, RoomObject } from './room-object.ts';
import type { RoomStore } from './room-store.ts';
import { StoreTally, type Tallied } from './store-tally.ts';

export interface StoreBindings {
  ROOM_OBJECTS: DurableObjectNamespace<RoomObject>;
  DIRECTORY_OBJECTS: DurableObjectNamespace<DirectoryObject>;
  DESK_OBJECTS: DurableObjectNamespace<Desk>;
}

export interface RedisSettings extends RedisAddress {
  /** Desks of one room. */
  desks: number;
  /** Replicas that have what was written before anybody is told of it, where the store's processes have no names. */
  replicas: number;
}

/** @param onTally takes what Redis was asked for a room, or for the directory */
export function chosenStore(
  bindings: StoreBindings,
  redis: RedisSettings | null,
  onTally: (ledger: string, tallied: Tallied) => void,
): RoomStore {
  if (redis === null) return new DurableStore(bindings.ROOM_OBJECTS, bindings.DIRECTORY_OBJECTS);
  const tally = new StoreTally();
  return new DeskStore({
    desks: bindings.DESK_OBJECTS,
    desk: Math.floor(deskClock.random() * redis.desks),
    directory: new RedisDirectory({ ...deskClock, link: new RedisLink(redis), tally, replicas: redis.replicas }),
    onTally(room, tallied) {
      onTally(room, tallied);
      onTally('directory', tally.take());
    },
  });
}
