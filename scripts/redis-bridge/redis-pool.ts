// Connections to one Redis, each used by one request at a time: a slow request delays no other, and one that is given up takes only
// its own connection along. Every wait is bounded, and a request never runs twice.

import { BridgeFailure } from './bridge-failure.ts';
import { RedisConnection, RedisRefused, type RedisTarget } from './redis-connection.ts';
import type { RespValue } from './resp.ts';

/** Redis runs one command at a time: more connections make nothing faster. */
export const CONNECTIONS_MAX = 32;

/** Requests that wait for a connection. A gateway has few under way, because each batches what arrives meanwhile. */
export const WAITING_MAX = 256;

/** From the end of a request's body to its answer. Gateways give up after 1,000 ms, and should learn the reason before. */
export const REQUEST_MS_MAX = 800;

/** What has waited until less is left is not begun: it would run, and nobody would hear of it. */
const LEFT_MS_MIN = 100;

/** In the same network it takes a millisecond. */
export const CONNECT_MS_MAX = 400;

/** A connection that was not used for so long is closed: below the time after which firewalls forget it. */
const IDLE_MS_MAX = 60_000;

export type Say = (message: string, level: 'error' | 'warn' | 'info') => void;

interface Idle {
  connection: RedisConnection;
  timer: NodeJS.Timeout;
}

interface Waiting {
  start: () => void;
  timer: NodeJS.Timeout;
}

export class RedisPool {
  readonly #target: RedisTarget;
  readonly #say: Say;
  /** The last used one is at the end. */
  #idle: Idle[] = [];
  readonly #used = new Set<RedisConnection>();
  #running = 0;
  readonly #waiting = new Set<Waiting>();
  #isDown = false;

  constructor(target: RedisTarget, say: Say) {
    this.#target = target;
    this.#say = say;
  }

  /** @returns the replies in order @throws BridgeFailure */
  async run(commands: readonly (readonly string[])[]): Promise<RespValue[]> {
    const deadline = performance.now() + REQUEST_MS_MAX;
    await this.#slot(deadline);
    try {
      const connection = await this.#connected(deadline);
      return await this.#send(connection, commands, deadline);
    } finally {
      this.#freeSlot();
    }
  }

  /** Ends everything that is under way. */
  close(): void {
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      connection.close();
    }
    for (const connection of this.#used) connection.close(new Error('The bridge is stopping.'));
  }

  async #slot(deadline: number): Promise<void> {
    if (this.#running < CONNECTIONS_MAX) {
      this.#running++;
      return;
    }
    if (this.#waiting.size >= WAITING_MAX) throw new BridgeFailure('busy');
    await new Promise<void>((resolve, reject) => {
      const late = () => {
        this.#waiting.delete(waiting);
        reject(new BridgeFailure('busy'));
      };
      const waiting = { start: resolve, timer: setTimeout(late, deadline - LEFT_MS_MIN - performance.now()) };
      this.#waiting.add(waiting);
    });
  }

  #freeSlot(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    clearTimeout(next.timer);
    next.start();
  }

  async #connected(deadline: number): Promise<RedisConnection> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (idle.connection.isOpen) return idle.connection;
    }
    try {
      const msMax = Math.max(1, Math.min(CONNECT_MS_MAX, deadline - performance.now()));
      const connection = await RedisConnection.open(this.#target, Math.ceil(msMax));
      if (this.#isDown) this.#say('Redis answers again.', 'info');
      this.#isDown = false;
      return connection;
    } catch (error) {
      this.#isDown = true;
      const isRefused = error instanceof RedisRefused;
      const reason = error instanceof Error ? error.message : String(error);
      const advice = isRefused
        ? 'Check the user, the password and the database of REDIS_URL'
        : 'Start it, or correct REDIS_URL; the bridge tries again with the next request';
      this.#say(`Redis ${isRefused ? 'refused the bridge' : 'cannot be reached'}: ${reason}. ${advice}.`, 'error');
      throw new BridgeFailure(isRefused ? 'refused' : 'unreachable');
    }
  }

  async #send(
    connection: RedisConnection,
    commands: readonly (readonly string[])[],
    deadline: number,
  ): Promise<RespValue[]> {
    this.#used.add(connection);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      // Its replies, when they come, belong to nobody. What other connections wait for may be as lost.
      connection.close();
      for (const idle of this.#idle.splice(0)) {
        clearTimeout(idle.timer);
        idle.connection.close();
      }
    }, deadline - performance.now());
    try {
      const replies = await connection.send(commands);
      this.#keep(connection);
      return replies;
    } catch (error) {
      connection.close();
      if (isLate) {
        this.#say(
          `Redis did not answer a request within ${REQUEST_MS_MAX} ms. Look at its load and its disk.`,
          'error',
        );
        throw new BridgeFailure('late');
      }
      if (error instanceof RangeError) {
        this.#say(error.message, 'error');
        throw new BridgeFailure('largeReply');
      }
      this.#isDown = true;
      this.#say(
        `The connection to Redis broke while a request was under way: ${error instanceof Error ? error.message : error}`,
        'warn',
      );
      throw new BridgeFailure('broken');
    } finally {
      clearTimeout(timer);
      this.#used.delete(connection);
    }
  }

  #keep(connection: RedisConnection): void {
    if (!connection.isOpen) return;
    const idle = {
      connection,
      timer: setTimeout(() => {
        this.#idle = this.#idle.filter((other) => other !== idle);
        connection.close();
      }, IDLE_MS_MAX).unref(),
    };
    this.#idle.push(idle);
  }
}
