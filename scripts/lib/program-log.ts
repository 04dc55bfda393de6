// What `npm start` and its processes log, on standard error: a line for each message with its time, level and room, as text or as
// JSON. A fault that repeats is written once and then counted, so that an outage does not fill the disk.

import type { LogLevel } from './runtime-log.ts';

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

interface LogOptions {
  format: LogFormat;
  write: (line: string) => void;
  /** ms since 1970. */
  now?: () => number;
}

/** Repetitions of a message are counted for so long, then written as one line. */
export const COUNTED_MS = 60_000;

/** Messages that are counted at a time; of others every repetition is written. */
const COUNTED_MAX = 256;

/** Characters of a message, with its stack. */
const MESSAGE_CHARS_MAX = 8_192;

interface Repeated {
  process: string;
  level: LogLevel;
  message: string;
  since: number;
  count: number;
}

export class ProgramLog {
  readonly #options: Required<LogOptions>;
  readonly #repeated = new Map<string, Repeated>();
  readonly #timer: NodeJS.Timeout;

  constructor({ now = Date.now, ...options }: LogOptions) {
    this.#options = { now, ...options };
    this.#timer = setInterval(() => this.#writeCounts(this.#options.now() - COUNTED_MS), COUNTED_MS / 6).unref();
  }

  /** @param process which one says it, as `gateway 8787` */
  add(process: string, message: string, level: LogLevel): void {
    const now = this.#options.now();
    this.#writeCounts(now - COUNTED_MS);
    // Requests, ports and times differ where the fault is the same; what follows the first line is its stack.
    const key = `${process} ${level} ${message.split('\n', 1)[0]?.replaceAll(/\d+/g, '0')}`;
    const repeated = this.#repeated.get(key);
    if (repeated !== undefined) {
      repeated.count++;
      return;
    }
    if (this.#repeated.size < COUNTED_MAX) {
      this.#repeated.set(key, { process, level, message, since: now, count: 0 });
    }
    this.#write({ process, level, message });
  }

  /** Writes what was counted so far. */
  close(): void {
    clearInterval(this.#timer);
    this.#writeCounts(Number.POSITIVE_INFINITY);
  }

  #writeCounts(upTo: number): void {
    for (const [key, { since, count, message, ...rest }] of this.#repeated) {
      if (since > upTo) continue;
      this.#repeated.delete(key);
      if (count === 0) continue;
      const [first = ''] = message.split('\n', 1);
      this.#write({ ...rest, message: first, repeated: count });
    }
  }

  #write({ process, level, message, repeated }: Omit<Repeated, 'since' | 'count'> & { repeated?: number }): void {
    const { format, write, now } = this.#options;
    const time = new Date(now()).toISOString();
    const room = /\broom "([^"]+)"/i.exec(message)?.[1];
    const text = message.slice(0, MESSAGE_CHARS_MAX);
    if (format === 'json') {
      write(JSON.stringify({ time, level, process, ...(room === undefined ? {} : { room }), message: text, repeated }));
      return;
    }
    const counted = repeated === undefined ? '' : ` (${repeated} times more since)`;
    write(`${time} ${level.padEnd(5)} ${process}: ${text}${counted}`);
  }
}
