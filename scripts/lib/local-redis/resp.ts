// One connection that speaks RESP2, as much of it as the stand-in for Upstash needs: commands as bulk strings, answers of
// every kind.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What Redis said of a command that failed. */
export class RedisError extends Error {}

export type RespValue = string | number | null | RedisError | RespValue[];

export class RespConnection {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #expected: { answers: RespValue[]; count: number; resolve: (answers: RespValue[]) => void }[] = [];
  #rejects: ((error: Error) => void)[] = [];
  isOpen = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isOpen = false;
      for (const reject of this.#rejects) reject(new Error('The connection to Redis was closed.'));
    });
  }

  static async open(port: number): Promise<RespConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RespConnection(socket);
  }

  /** Sends commands together; their answers come in order. */
  send(commands: readonly (readonly string[])[]): Promise<RespValue[]> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Error('The connection to Redis is closed.'));
      this.#rejects.push(reject);
      this.#expected.push({ answers: [], count: commands.length, resolve });
      this.#socket.write(Buffer.concat(commands.map(encoded)));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const parsed = parse(this.#buffer, 0);
      const [waiting] = this.#expected;
      if (parsed === null || waiting === undefined) return;
      this.#buffer = this.#buffer.subarray(parsed.end);
      waiting.answers.push(parsed.value);
      if (waiting.answers.length < waiting.count) continue;
      this.#expected.shift();
      this.#rejects.shift();
      waiting.resolve(waiting.answers);
    }
  }
}

function encoded(words: readonly string[]): Buffer {
  const parts = words.flatMap((word) => {
    const bytes = Buffer.from(word);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

/** @returns null where the answer is not complete yet */
function parse(buffer: Buffer, from: number): { value: RespValue; end: number } | null {
  const lineEnd = buffer.indexOf('\r\n', from);
  if (lineEnd === -1) return null;
  const kind = String.fromCharCode(buffer[from] ?? 0);
  const line = buffer.toString('utf8', from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (kind) {
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
      throw new Error(`Redis answered with an unknown kind "${kind}".`);
  }
}
