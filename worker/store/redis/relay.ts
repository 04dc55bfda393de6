// A relay: the Durable Object that commits the batches of a gateway's visitors to one room in Redis together, so that gateways
// compete there, not visitors. It holds no state that must not be lost: what it remembers of the room only helps to detect a
// store that has lost more.

import { DurableObject } from 'cloudflare:workers';
import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { Page } from '../../../queue-core/machine.ts';
import type { EpochMs } from '../../../queue-core/time.ts';
import type { Applied, StoredRows, StoreRefusal, Viewed } from '../store-result.ts';
import { type StoreCounts, StoreStats } from '../store-stats.ts';
import { REDIS_REPLICAS_DEFAULT, type RedisAddress, RedisClient } from './redis-client.ts';
import { RedisRoom, settled } from './redis-store.ts';

interface RelayEnv {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
  /** As checked by the gateway's settings; absent: `REDIS_REPLICAS_DEFAULT`. */
  REDIS_REPLICAS?: string;
}

/** What crosses RPC; `counts`: of the store since the last reply. */
export type RelayReply<Result> = { result: Result | StoreRefusal; counts: StoreCounts };

export class Relay extends DurableObject<RelayEnv> {
  readonly #stats = new StoreStats();
  readonly #client = new RedisClient(this.#address);
  #room: { name: string; room: RedisRoom } | null = null;

  apply(room: string, commands: readonly Command[]): Promise<RelayReply<Applied<Reply>>> {
    return this.#reply(async () => {
      const result = await this.#roomNamed(room).apply(commands);
      return result.kind === 'applied' ? { kind: 'applied', replies: result.replies } : result;
    });
  }

  view(room: string, request: ViewRequest): Promise<RelayReply<Viewed<RoomView>>> {
    return this.#reply(() => this.#roomNamed(room).view(request));
  }

  rows(room: string, table: 'history' | 'audit', page: Page): Promise<RelayReply<StoredRows>> {
    return this.#reply(() => this.#roomNamed(room).rows(table, page));
  }

  /** The store's time, given Redis' own. */
  protected time(redisTime: EpochMs): EpochMs {
    return redisTime;
  }

  get #address(): RedisAddress {
    return { url: this.env.UPSTASH_REDIS_REST_URL, token: this.env.UPSTASH_REDIS_REST_TOKEN };
  }

  /** A relay is named for its one room. */
  #roomNamed(name: string): RedisRoom {
    if (this.#room?.name === name) return this.#room.room;
    const room = new RedisRoom(name, {
      ...runtimeClock,
      clock: (redisTime) => this.time(redisTime),
      client: this.#client,
      stats: this.#stats,
      replicas: Number(this.env.REDIS_REPLICAS ?? REDIS_REPLICAS_DEFAULT),
    });
    this.#room = { name, room };
    return room;
  }

  async #reply<Result>(work: () => Promise<Result | StoreRefusal>): Promise<RelayReply<Result>> {
    const result = await settled(work());
    return { result, counts: this.#stats.take() };
  }
}

/** Stopwatch, pauses and randomness of the runtime. */
export const runtimeClock = {
  stopwatch: () => Date.now(),
  wait: (ms: number) => scheduler.wait(ms),
  random: () => Math.random(),
  randomId: (bytes: number) =>
    crypto.getRandomValues(new Uint8Array(bytes)).toBase64({ alphabet: 'base64url', omitPadding: true }),
};
