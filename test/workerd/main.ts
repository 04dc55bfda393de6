// The worker of the tests that run inside workerd: the production objects, with a clock that tests can set.

import type { LedgerBindings } from '../../worker/store/durable-objects/ledger-calls.ts';
import {
  DirectoryObject as RealDirectoryObject,
  RoomObject as RealRoomObject,
} from '../../worker/store/durable-objects/room-object.ts';
import { Relay as ProductionRelay } from '../../worker/store/relay/relay.ts';

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

/** The Redis of the relays; without it they stand before the rooms' objects. */
export const redis = { url: '', token: '' };

/** How long a relay's view answers; 0: each read is one of the room. */
export const relayViews = { sharedMs: 0 };

export class Relay extends ProductionRelay {
  protected override readonly sharedViewMs = relayViews.sharedMs;

  constructor(ctx: DurableObjectState, env: LedgerBindings) {
    super(ctx, { ...env, UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token });
  }

  protected override time(): number {
    return clock.now;
  }

  protected override stopwatch(): number {
    return clock.now;
  }
}

export default {
  fetch: () => new Response('this worker has no HTTP interface', { status: 404 }),
};
