// A relay: the Durable Object between many gateways and one room (room-relay.ts), wherever the room lives. In Redis, requests of a
// plain isolate cannot be batched, so every gateway there has at least one.

import { DurableObject } from 'cloudflare:workers';
import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { Page } from '../../../queue-core/machine.ts';
import type { EpochMs } from '../../../queue-core/time.ts';
import { BatchedRoom, requestIntervalMs } from '../durable-objects/batched-room.ts';
import { type LedgerBindings, ledgerObjects } from '../durable-objects/ledger-calls.ts';
import { REDIS_REPLICAS_DEFAULT, RedisClient } from '../redis/redis-client.ts';
import { RedisRoom } from '../redis/redis-store.ts';
import type { RoomPort } from '../room-port.ts';
import type { PagedTable } from '../room-store.ts';
import { runtimeClock } from '../runtime-clock.ts';
import type { Applied, StoredRows, StoreRefusal, Viewed } from '../store-result.ts';
import { type StoreCounts, StoreStats } from '../store-stats.ts';
import { RoomRelay, SHARED_VIEW_MS } from './room-relay.ts';

interface RelayEnv extends LedgerBindings {
  /** As checked by the gateway's settings; absent or empty: rooms are Durable Objects. */
  UPSTASH_REDIS_REST_URL?: string;
  UPSTASH_REDIS_REST_TOKEN?: string;
  /** As checked by the gateway's settings; absent: `REDIS_REPLICAS_DEFAULT`. */
  REDIS_REPLICAS?: string;
  RELAYS?: string;
}

/** What crosses RPC; `counts`: of a shared store since the last reply. */
export type RelayReply<Result> = { result: Result | StoreRefusal; counts: StoreCounts };

/** Bytes of a relay's random id. */
const ID_BYTES = 8;

export class Relay extends DurableObject<RelayEnv> {
  readonly #stats = new StoreStats();
  #room: { name: string; relay: RoomRelay } | null = null;
  /** How long one view of the room answers all gateways. */
  protected readonly sharedViewMs: number = SHARED_VIEW_MS;

  apply(room: string, commands: readonly Command[]): Promise<RelayReply<Applied<Reply>>> {
    return this.#reply((relay) => relay.apply(commands), room);
  }

  view(room: string, request: ViewRequest): Promise<RelayReply<Viewed<RoomView>>> {
    return this.#reply((relay) => relay.view(request), room);
  }

  rows(room: string, table: PagedTable, page: Page): Promise<RelayReply<StoredRows>> {
    return this.#reply((relay) => relay.rows(table, page), room);
  }

  /** The store's time, given Redis' own. */
  protected time(redisTime: EpochMs): EpochMs {
    return redisTime;
  }

  protected stopwatch(): number {
    return runtimeClock.stopwatch();
  }

  /** A relay is named for its one room. */
  #relayOf(name: string): RoomRelay {
    if (this.#room?.name === name) return this.#room.relay;
    const relay = new RoomRelay({
      room: this.#portOf(name),
      id: runtimeClock.randomId(ID_BYTES),
      stopwatch: () => this.stopwatch(),
      sharedViewMs: this.sharedViewMs,
    });
    this.#room = { name, relay };
    return relay;
  }

  #portOf(name: string): RoomPort {
    const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, ...env } = this.env;
    if (!url || !token) {
      const objects = ledgerObjects(env);
      const intervalMs = requestIntervalMs(Number(env.RELAYS ?? 1));
      return new BatchedRoom(() => objects.room(name), {
        intervalMs,
        now: () => this.stopwatch(),
        wait: runtimeClock.wait,
      });
    }
    return new RedisRoom(name, {
      ...runtimeClock,
      clock: (redisTime) => this.time(redisTime),
      client: new RedisClient({ url, token }),
      stats: this.#stats,
      replicas: Number(env.REDIS_REPLICAS ?? REDIS_REPLICAS_DEFAULT),
    });
  }

  async #reply<Result>(
    work: (relay: RoomRelay) => Promise<Result | StoreRefusal>,
    room: string,
  ): Promise<RelayReply<Result>> {
    const result = await work(this.#relayOf(room));
    return { result, counts: this.#stats.take() };
  }
}
