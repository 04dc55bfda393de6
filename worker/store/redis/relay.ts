// A relay: the Durable Object of a gateway that combines what its visitors ask of one room in Redis, so that gateways get in
// each other's way there, not visitors. It keeps nothing that may not be lost: what it remembers of the room only helps to
// notice a store that has lost more.

import { DurableObject } from 'cloudflare:workers';
import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { Page } from '../../../queue-core/machine.ts';
import type { EpochMs } from '../../../queue-core/room.ts';
import { type StoreCounts, StoreStats } from '../store-stats.ts';
import { REDIS_REPLICAS_DEFAULT, type RedisAddress, RedisClient, RedisFailure } from './redis-client.ts';
import { RedisRoom } from './redis-store.ts';

export interface RelayEnv {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
  /** As checked by the gateway's settings; absent: `REDIS_REPLICAS_DEFAULT`. */
  REDIS_REPLICAS?: string;
}

/** What crosses the RPC boundary; errors thrown there lose their class, so outcomes are values. */
export type RelayReply<Done> = (
  | Done
  | { kind: 'unknown' }
  | { kind: 'busy' }
  | { kind: 'unavailable'; why: string }
) & {
  /** What the room's store was asked since the last answer. */
  tallied: StoreCounts;
};

export class Relay extends DurableObject<RelayEnv> {
  readonly #tally = new StoreStats();
  readonly #link = new RedisClient(this.#address);
  #room: { name: string; room: RedisRoom } | null = null;

  async apply(room: string, commands: readonly Command[]): Promise<RelayReply<{ kind: 'applied'; replies: Reply[] }>> {
    return this.#answer(async () => {
      const answered = await this.#at(room).apply(commands);
      if (answered === null) return { kind: 'busy' };
      return answered.kind === 'unknown' ? answered : { kind: 'applied', replies: answered.replies };
    });
  }

  async view(room: string, look: ViewRequest): Promise<RelayReply<{ kind: 'viewed'; view: RoomView }>> {
    return this.#answer(async () => {
      const answered = await this.#at(room).look(look);
      if (answered === null) return { kind: 'busy' };
      if (answered.kind === 'unknown') return answered;
      return { kind: 'viewed', view: await this.#at(room).viewOf(answered.document, look.endingsAfter) };
    });
  }

  async rows(
    room: string,
    table: 'history' | 'audit',
    page: Page,
  ): Promise<RelayReply<{ kind: 'rows'; rows: string[] }>> {
    return this.#answer(async () => {
      const rows = await this.#at(room).rows(table, page);
      return rows === null ? { kind: 'unknown' } : { kind: 'rows', rows };
    });
  }

  /** The store's time of an act, given Redis' own. */
  protected time(redisTime: EpochMs): EpochMs {
    return redisTime;
  }

  get #address(): RedisAddress {
    return { url: this.env.UPSTASH_REDIS_REST_URL, token: this.env.UPSTASH_REDIS_REST_TOKEN };
  }

  /** A relay is named for its room and has no other. */
  #at(name: string): RedisRoom {
    if (this.#room?.name === name) return this.#room.room;
    const room = new RedisRoom(name, {
      ...runtimeClock,
      clock: (redisTime) => this.time(redisTime),
      client: this.#link,
      stats: this.#tally,
      replicas: Number(this.env.REDIS_REPLICAS ?? REDIS_REPLICAS_DEFAULT),
    });
    this.#room = { name, room };
    return room;
  }

  async #answer<Done>(
    work: () => Promise<Done>,
  ): Promise<(Done | { kind: 'unavailable'; why: string }) & { tallied: StoreCounts }> {
    try {
      const done = await work();
      return { ...done, tallied: this.#tally.take() };
    } catch (error) {
      if (!(error instanceof RedisFailure)) throw error;
      return { kind: 'unavailable', why: error.message, tallied: this.#tally.take() };
    }
  }
}

/** Stopwatch, pauses and chance as the runtime gives them. */
export const runtimeClock = {
  stopwatch: () => Date.now(),
  wait: (ms: number) => scheduler.wait(ms),
  random: () => Math.random(),
  randomId: (bytes: number) =>
    crypto.getRandomValues(new Uint8Array(bytes)).toBase64({ alphabet: 'base64url', omitPadding: true }),
};
