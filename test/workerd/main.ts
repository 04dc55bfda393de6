// The worker of the tests that run inside workerd: the production objects, with a clock that tests can set.

import {
  DirectoryObject as RealDirectoryObject,
  RoomObject as RealRoomObject,
} from '../../worker/store/durable-objects/room-object.ts';
import { Relay as ProductionRelay } from '../../worker/store/redis/relay.ts';

export const clock = { now: 0 };

export class RoomObject extends RealRoomObject {
  protected override now(): number {
    return clock.now;
  }
}

export class DirectoryObject extends RealDirectoryObject {
  protected override now(): number {
    return clock.now;
  }
}

/** The Redis of the relays. */
export const redis = { url: '', token: '' };

export class Relay extends ProductionRelay {
  constructor(ctx: DurableObjectState) {
    super(ctx, { UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token });
  }

  protected override time(): number {
    return clock.now;
  }
}

export default {
  fetch: () => new Response('this worker has no HTTP interface', { status: 404 }),
};
