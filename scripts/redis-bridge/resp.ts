// RESP2, the protocol of Redis: commands as bulk strings, and a reader of replies of every type that takes each byte once, however
// the network has cut them.

/** The error that Redis replied to a command. */
export class RedisError extends Error {}

/** A Buffer is a bulk string; a string a status such as OK; an integer beyond what a number holds exactly is a bigint. */
export type RespValue = Buffer | string | number | bigint | null | RedisError | RespValue[];

/** Of one reply. The largest that Fairgate reads is a page of a thousand rows. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

/** Lines are numbers, statuses and error messages. */
const LINE_BYTES_MAX = 64 * 1024;

/** Arrays within arrays; no command nests them so deeply. */
const DEPTH_MAX = 16;

const CRLF = Buffer.from('\r\n');
const LF = 10;

export function encodedCommand(command: readonly string[]): Buffer {
  const parts = command.flatMap((argument) => {
    const bytes = Buffer.from(argument);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF];
  });
  return Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...parts]);
}

/** As JavaScript has it, with bulk strings read as UTF-8. */
export function plainValue(value: RespValue): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  return Buffer.isBuffer(value) ? value.toString() : value;
}

export class RespReader {
  #line: Buffer[] = [];
  #lineBytes = 0;
  /** A bulk string that is not complete, with the line break after it. */
  #bulk: { bytes: Buffer; filled: number } | null = null;
  /** Arrays that are not complete, the outermost first. */
  readonly #open: { values: RespValue[]; count: number }[] = [];
  /** Of the present reply. */
  #bytes = 0;

  /** @returns the replies that are complete now @throws where it is not RESP2, or beyond a bound */
  add(chunk: Buffer): RespValue[] {
    const replies: RespValue[] = [];
    for (let at = 0; at < chunk.length; ) {
      const value = this.#bulk === null ? this.#takeLine(chunk, at) : this.#takeBulk(chunk, at, this.#bulk);
      at = value.end;
      if (value.read === undefined) continue;
      const reply = this.#complete(value.read);
      if (reply === undefined) continue;
      replies.push(reply);
      this.#bytes = 0;
    }
    return replies;
  }

  #takeBulk(chunk: Buffer, at: number, bulk: { bytes: Buffer; filled: number }) {
    const copied = chunk.copy(bulk.bytes, bulk.filled, at);
    bulk.filled += copied;
    if (bulk.filled < bulk.bytes.length) return { end: at + copied, read: undefined };
    this.#bulk = null;
    return { end: at + copied, read: bulk.bytes.subarray(0, -CRLF.length) };
  }

  #takeLine(chunk: Buffer, at: number): { end: number; read: RespValue | undefined } {
    const found = chunk.indexOf(LF, at);
    const end = found === -1 ? chunk.length : found + 1;
    this.#line.push(chunk.subarray(at, end));
    this.#lineBytes += end - at;
    if (this.#lineBytes > LINE_BYTES_MAX)
      throw new RangeError(`Redis replied with a line of more than ${LINE_BYTES_MAX} bytes.`);
    if (found === -1) return { end, read: undefined };
    const line = Buffer.concat(this.#line).toString('utf8', 0, this.#lineBytes - CRLF.length);
    this.#line = [];
    this.#count(this.#lineBytes);
    this.#lineBytes = 0;
    return { end, read: this.#readLine(line.slice(0, 1), line.slice(1)) };
  }

  /** @returns undefined where the line only begins a value */
  #readLine(type: string, text: string): RespValue | undefined {
    switch (type) {
      case '+':
        return text;
      case '-':
        return new RedisError(text);
      case ':':
        return integer(text);
      case '$': {
        const length = lengthIn(text);
        if (length === null) return null;
        this.#count(length);
        this.#bulk = { bytes: Buffer.allocUnsafe(length + CRLF.length), filled: 0 };
        return undefined;
      }
      case '*': {
        const count = lengthIn(text);
        if (count === null) return null;
        if (count === 0) return [];
        if (this.#open.length === DEPTH_MAX)
          throw new RangeError(`Redis replied with arrays nested deeper than ${DEPTH_MAX}.`);
        this.#open.push({ values: [], count });
        return undefined;
      }
      default:
        throw new TypeError(`Redis replied with the type "${type}", which is not RESP2.`);
    }
  }

  /** Puts a value where it belongs. @returns the reply, where it is complete */
  #complete(value: RespValue): RespValue | undefined {
    let complete = value;
    for (let array = this.#open.at(-1); array !== undefined; array = this.#open.at(-1)) {
      array.values.push(complete);
      if (array.values.length < array.count) return undefined;
      complete = array.values;
      this.#open.pop();
    }
    return complete;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > REPLY_BYTES_MAX)
      throw new RangeError(`Redis replied with more than ${REPLY_BYTES_MAX} bytes to one command.`);
  }
}

/** null: there is no value. */
function lengthIn(text: string): number | null {
  if (text === '-1') return null;
  if (!/^\d{1,10}$/.test(text)) throw new TypeError('Redis replied with a length that is no number.');
  return Number(text);
}

function integer(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
