// How a ledger (a room, or the directory) lies in Redis; docs/redis.md shows it on one page. All keys of a ledger share one
// hash tag. Nothing here knows a rule of the queue.

import type { Effect, Table } from '../../../queue-core/machine.ts';
import { encodeRow } from '../../../queue-core/stored-format.ts';
import { TABLES } from '../ledgers.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Time to live of a table, counted from its last write; null: it does not expire.
 * Sessions: the queue token that could claim their position again is valid for one week after the opening; a month covers
 * every case. Endings: the token of an ended session is valid for half an hour. History and minutes: the machine itself drops
 * rows after two days and after a year. The log is permanent.
 */
export const RETENTION_MS: Record<Table, number | null> = {
  session: 30 * DAY_MS,
  ending: DAY_MS,
  history: null,
  minute: null,
  audit: null,
  draw: null,
  origin: null,
  template: null,
};

/** The sessions of a million positions in one hash would be a value of 350 MB; a part of a thousand is below 400 KB. */
const SESSIONS_PER_PART = 1_000;

/** How long a receipt distinguishes a commit from a lost one. A client that was silent for longer cannot rely on it. */
export const RECEIPT_MS = 120_000;

/** Fields of a ledger's record, in the order in which they are read. */
export const RECORD_FIELDS = ['token', 'document', 'acts', 'server', 'parts'] as const;

export class RedisKeys {
  /** Hash: the document and the fields beside it. */
  readonly record: string;
  readonly #tag: string;

  /** @param ledger as `room:demo`, or `directory` */
  constructor(ledger: string) {
    this.#tag = `fairgate:{${ledger}}`;
    this.record = `${this.#tag}:record`;
  }

  /** Matches every key of the ledger. */
  get pattern(): string {
    return `${this.#tag}:*`;
  }

  /** Empty string: this commit was made and is not lost. */
  receipt(token: string): string {
    return `${this.#tag}:commit:${token}`;
  }

  /** Hash: sessions by position. */
  sessions(part: number): string {
    return `${this.#tag}:session:${part}`;
  }

  /** Sorted set: rows of any other table by key, each member `key:json`. */
  table(table: SortedTable): string {
    return `${this.#tag}:${table}`;
  }
}

export function sessionPart(position: number): number {
  return Math.floor(position / SESSIONS_PER_PART);
}

export type SortedTable = Exclude<Table, 'session'>;

export const SORTED_TABLES = TABLES.filter((table): table is SortedTable => table !== 'session');

/** A sorted set's member. */
export function memberOf(key: number, row: string): string {
  return `${key}:${row}`;
}

/** The key of a sorted set's member. */
export function keyIn(member: string): number {
  return Number(member.slice(0, member.indexOf(':')));
}

/** The row of a sorted set's member, as stored. */
export function rowIn(member: string): string {
  return member.slice(member.indexOf(':') + 1);
}

interface ScriptArguments {
  /** From KEYS[3] on. */
  keys: string[];
  /** From ARGV[8] on. */
  changes: string[];
  /** Parts of the session table after the changes. */
  parts: number;
}

/** A machine's effects as keys and changes of the script. */
export function scriptArguments(schema: RedisKeys, effects: readonly Effect[], partsBefore: number): ScriptArguments {
  const keys: string[] = [];
  const changes: string[] = [];
  let parts = partsBefore;
  const change = (kind: string, key: string, a = '', b = '', ttlMs: number | null = null): void => {
    const found = keys.indexOf(key);
    const index = found === -1 ? keys.push(key) - 1 : found;
    changes.push(kind, String(index + FIRST_TABLE), a, b, ttlMs === null ? '' : String(ttlMs));
  };
  for (const effect of effects) {
    const { kind, table } = effect;
    switch (kind) {
      case 'put': {
        const { key } = effect;
        const row = encodeRow(table, effect.row);
        if (table === 'session') {
          const part = sessionPart(key);
          parts = Math.max(parts, part + 1);
          change('hash', schema.sessions(part), String(key), row, RETENTION_MS.session);
        } else change('sorted', schema.table(table), String(key), memberOf(key, row), RETENTION_MS[table]);
        break;
      }
      case 'drop':
        if (table === 'session') throw new RangeError('Sessions are cleared as a whole, or they expire.');
        change('drop', schema.table(table), String(effect.from), String(effect.upTo));
        break;
      case 'clear':
        if (table === 'session') {
          for (let part = 0; part < parts; part++) change('clear', schema.sessions(part));
          parts = 0;
        } else change('clear', schema.table(table));
        break;
    }
  }
  return { keys, changes, parts };
}

/** Index in KEYS of the first table. */
const FIRST_TABLE = 3;
