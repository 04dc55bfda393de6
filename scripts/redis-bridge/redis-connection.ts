// One connection to Redis, over TCP, TLS or a Unix socket, with its credentials and its database. Nothing is ever sent twice: what
// was under way when a connection broke may have run, and only the caller knows how to find out.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodedCommand, RedisError, RespReader, type RespValue } from './resp.ts';

export interface RedisTarget {
  socket: { host: string; port: number } | { path: string };
  /** null: without TLS. `ca` is PEM; null: the authorities that Node trusts. */
  tls: { ca: string | null } | null;
  /** `username` null: the default user. */
  credentials: { username: string | null; password: string } | null;
  database: number;
}

/** Redis answers, and refuses these credentials or this database. */
export class RedisRefused extends Error {}

interface PendingCommands {
  replies: RespValue[];
  count: number;
  resolve: (replies: RespValue[]) => void;
  reject: (error: Error) => void;
}

export class RedisConnection {
  readonly #socket: Socket;
  readonly #reader = new RespReader();
  readonly #pending: PendingCommands[] = [];
  #fault: Error | null = null;
  isOpen = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => {
      this.#fault ??= error;
    });
    socket.on('close', () => {
      this.isOpen = false;
      const fault = this.#fault ?? new Error('Redis closed the connection.');
      for (const { reject } of this.#pending.splice(0)) reject(fault);
    });
  }

  /**
   * @param msMax after which it gives up
   * @throws RedisRefused; any other error where Redis cannot be reached
   */
  static async open(target: RedisTarget, msMax: number): Promise<RedisConnection> {
    const socket = socketTo(target);
    const timer = setTimeout(() => socket.destroy(new Error(`Redis did not answer within ${msMax} ms.`)), msMax);
    try {
      await once(socket, target.tls === null ? 'connect' : 'secureConnect');
      const connection = new RedisConnection(socket);
      await connection.#logIn(target);
      return connection;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends commands together; their replies come in the same order. @throws where the connection breaks: they may have run */
  send(commands: readonly (readonly string[])[]): Promise<RespValue[]> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Error('The connection to Redis is closed.'));
      this.#pending.push({ replies: [], count: commands.length, resolve, reject });
      this.#socket.write(Buffer.concat(commands.map(encodedCommand)));
    });
  }

  /** Commands under way are rejected. */
  close(fault?: Error): void {
    this.#fault ??= fault ?? null;
    this.isOpen = false;
    this.#socket.destroy();
  }

  async #logIn({ credentials, database }: RedisTarget): Promise<void> {
    const login: string[][] = [];
    if (credentials !== null) {
      const { username, password } = credentials;
      login.push(['AUTH', ...(username === null ? [] : [username]), password]);
    }
    if (database !== 0) login.push(['SELECT', String(database)]);
    const replies = login.length === 0 ? [] : await this.send(login);
    const refused = replies.find((reply) => reply instanceof RedisError);
    // Its message is fixed text of Redis, without what was sent.
    if (refused !== undefined) throw new RedisRefused(refused.message);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.add(chunk)) this.#settle(reply);
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #settle(reply: RespValue): void {
    const [first] = this.#pending;
    if (first === undefined) throw new TypeError('Redis replied to nothing that was sent.');
    first.replies.push(reply);
    if (first.replies.length < first.count) return;
    this.#pending.shift();
    first.resolve(first.replies);
  }
}

/** A machine that vanished without a word is noticed on a connection that nobody uses. */
const KEEP_ALIVE_MS = 10_000;

function socketTo({ socket, tls }: RedisTarget): Socket {
  if (tls === null || 'path' in socket) return connect(socket);
  return connectTls({ ...socket, ...(tls.ca === null ? {} : { ca: tls.ca }) });
}
