// One connection that speaks RESP2, as much of it as the stand-in for Upstash needs: commands as bulk strings, replies of
// every type.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The error that Redis replied to a command. */
export class RedisError extends Error {}

export type RespValue = string | number | null | RedisError | RespValue[];

interface PendingCommands {
  replies: RespValue[];
  count: number;
  resolve: (replies: RespValue[]) => void;
  reject: (error: Error) => void;
}

export class RespConnection {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #pending: PendingCommands[] = [];
  isOpen = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isOpen = false;
      for (const { reject } of this.#pending) reject(new Error('The connection to Redis was closed.'));
    });
  }

  static async open(port: number): Promise<RespConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RespConnection(socket);
  }

  /** Sends commands together; their replies come in the same order. */
  send(commands: readonly (readonly string[])[]): Promise<RespValue[]> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Error('The connection to Redis is closed.'));
      this.#pending.push({ replies: [], count: commands.length, resolve, reject });
      this.#socket.write(Buffer.concat(commands.map(encode)));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const parsed = parse(this.#buffer, 0);
      const [first] = this.#pending;
      if (parsed === null || first === undefined) return;
      this.#buffer = this.#buffer.subarray(parsed.end);
      first.replies.push(parsed.value);
      if (first.replies.length < first.count) continue;
      this.#pending.shift();
      first.resolve(first.replies);
    }
  }
}

function encode(command: readonly string[]): Buffer {
  const parts = command.flatMap((argument) => {
    const bytes = Buffer.from(argument);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...parts]);
}

/** @returns null while the reply is incomplete */
function parse(buffer: Buffer, from: number): { value: RespValue; end: number } | null {
  const lineEnd = buffer.indexOf('\r\n', from);
  if (lineEnd === -1) return null;
  const type = String.fromCharCode(buffer[from] ?? 0);
  const line = buffer.toString('utf8', from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (type) {
    case '+':
      return { value: line, end };
    case '-':
      return { value: new RedisError(line), end };
    case ':':
      return { value: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length === -1) return { value: null, end };
      if (buffer.length < end + length + 2) return null;
      return { value: buffer.toString('utf8', end, end + length), end: end + length + 2 };
    }
    case '*': {
      if (Number(line) === -1) return { value: null, end };
      const values: RespValue[] = [];
      let at = end;
      for (let index = 0; index < Number(line); index++) {
        const parsed = parse(buffer, at);
        if (parsed === null) return null;
        values.push(parsed.value);
        at = parsed.end;
      }
      return { value: values, end: at };
    }
    default:
      throw new Error(`Redis replied with the unknown type "${type}".`);
  }
}
