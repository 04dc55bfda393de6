// How a ledger (a room, or the directory) lies in Redis; docs/redis.md shows it on one page. All keys of a ledger share one
// hash tag. Nothing here knows a rule of the queue.

import type { Effect, Table } from '../../../queue-core/machine.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * How long a table's rows stay after the last of them was written; null: as long as the ledger.
 * Sessions: the queue token that could claim their position again holds for a week after the opening; a month is longer in
 * every case. Endings: a token that an ending speaks of holds for half an hour. History: the room keeps two days of it by
 * its own rule. The log: is never forgotten.
 */
export const RETENTION_MS: Record<Table, number | null> = {
  session: 30 * DAY_MS,
  ending: DAY_MS,
  history: null,
  audit: null,
  template: null,
};

/** Sessions of a million positions would be one value of 350 MB; in parts of a thousand each is below 400 KB. */
const SESSIONS_PER_PART = 1_000;

/** How long a commit can be told from one that was lost. A client that has been silent for longer asks anew. */
export const RECEIPT_MS = 120_000;

/** Names of the fields of a ledger's record, in the order in which they are read. */
export const RECORD_FIELDS = ['token', 'document', 'acts', 'server', 'parts'] as const;

export class RedisKeys {
  /** Hash: the document with what belongs to it. */
  readonly record: string;
  readonly #tag: string;

  /** @param name unique among the ledgers of a database, as `room:demo` */
  constructor(name: string) {
    this.#tag = `fairgate:{${name}}`;
    this.record = `${this.#tag}:record`;
  }

  /** Every key of the ledger, as a pattern. */
  get pattern(): string {
    return `${this.#tag}:*`;
  }

  /** String, empty: this commit was made and is not lost. */
  receipt(token: string): string {
    return `${this.#tag}:commit:${token}`;
  }

  /** Sessions: a hash by position. */
  sessions(part: number): string {
    return `${this.#tag}:session:${part}`;
  }

  /** Any other table: a sorted set by key, each member `key:json`. */
  table(table: Exclude<Table, 'session'>): string {
    return `${this.#tag}:${table}`;
  }
}

export function sessionPart(position: number): number {
  return Math.floor(position / SESSIONS_PER_PART);
}

/** Tables that are sorted sets. */
export const SORTED_TABLES = ['ending', 'history', 'audit', 'template'] as const satisfies Table[];

/** The key of a sorted set's member. */
export function keyIn(member: string): number {
  return Number(member.slice(0, member.indexOf(':')));
}

/** The row of a sorted set's member. */
export function rowIn(member: string): string {
  return member.slice(member.indexOf(':') + 1);
}

/**
 * The one script. It compares and writes; what to write, TypeScript has decided.
 * The record comes first: where memory is full, Redis refuses a script's first write and the rest never begins.
 */
export const COMMIT = `
-- KEYS[1] record   KEYS[2] mark of this commit   KEYS[3...] tables that change
-- ARGV[1] token that the record has ('': there is no record)   ARGV[2] token of this commit   ARGV[3] ms that its mark stays
-- ARGV[4] document   ARGV[5] acts   ARGV[6] server   ARGV[7] parts   ARGV[8...] changes of five: what, key, a, b, ms to stay
if (redis.call('HGET', KEYS[1], 'token') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[2], 'document', ARGV[4], 'acts', ARGV[5], 'server', ARGV[6], 'parts', ARGV[7])
redis.call('SET', KEYS[2], '', 'PX', ARGV[3])
for i = 8, #ARGV, 5 do
  local what, key, a, b, stay = ARGV[i], KEYS[tonumber(ARGV[i + 1])], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  if what == 'hash' then redis.call('HSET', key, a, b)
  elseif what == 'sorted' then redis.call('ZREMRANGEBYSCORE', key, a, a) redis.call('ZADD', key, a, b)
  elseif what == 'drop' then redis.call('ZREMRANGEBYSCORE', key, a, b)
  elseif what == 'clear' then redis.call('UNLINK', key) end
  if stay ~= '' then redis.call('PEXPIRE', key, stay) end
end
return 1`;

export interface ScriptArguments {
  /** From KEYS[3] on. */
  keys: string[];
  /** From ARGV[8] on. */
  changes: string[];
  /** Parts of the session table so far. */
  parts: number;
}

/** A machine's effects as the script's keys and changes. */
export function scriptArguments(schema: RedisKeys, effects: readonly Effect[], partsBefore: number): ScriptArguments {
  const keys: string[] = [];
  const changes: string[] = [];
  let parts = partsBefore;
  const change = (what: string, key: string, a = '', b = '', stay: number | null = null): void => {
    const known = keys.indexOf(key);
    const index = known === -1 ? keys.push(key) - 1 : known;
    changes.push(what, String(index + FIRST_TABLE), a, b, stay === null ? '' : String(stay));
  };
  for (const effect of effects) {
    const { kind, table } = effect;
    switch (kind) {
      case 'put': {
        const json = JSON.stringify(effect.row);
        const key = String(effect.key);
        if (table === 'session') {
          const part = sessionPart(effect.key);
          parts = Math.max(parts, part + 1);
          change('hash', schema.sessions(part), key, json, RETENTION_MS.session);
        } else change('sorted', schema.table(table), key, `${key}:${json}`, RETENTION_MS[table]);
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
