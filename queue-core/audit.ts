// The record of who changed what: append-only, numbered without a gap, each record with the hash of the one before, so
// that a line that was removed or edited shows. Values are plain JSON, hashed in one canonical spelling.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type EpochMs, rfc3339 } from './time.ts';

/** viewer: sees; operator: steers rooms; owner: also rooms themselves and other operators' keys. */
export type Role = 'viewer' | 'operator' | 'owner';

/** The author of a change; `address` is where the request came from, null where that is not known. */
export interface Actor {
  id: string;
  name: string;
  role: Role;
  address: string | null;
}

/** Everything a record says of itself; `from` and `to` hold only what changed. */
export interface AuditEntry {
  by: Actor;
  action: string;
  from: Json;
  to: Json;
}

export interface AuditRecord extends AuditEntry {
  /** 1, 2, 3, … */
  seq: number;
  /** RFC 3339, the store's time. */
  at: string;
  /** Hash of the record before; `NO_RECORD` for the first. */
  previous: string;
  /** SHA-256, hex, of the record without this field in the canonical spelling. */
  hash: string;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The last record of a log, as far as a document remembers it. */
export interface AuditHead {
  seq: number;
  hash: string;
}

/** Stands before the first record. */
export const NO_RECORD: AuditHead = { seq: 0, hash: '00'.repeat(32) };

/** The record that follows `head`. */
export function nextRecord(head: AuditHead, entry: AuditEntry, now: EpochMs): AuditRecord {
  const { by, action, from, to } = entry;
  return linked({ seq: head.seq + 1, at: rfc3339(now), by, action, from, to }, head.hash);
}

/** The record as it stands in a log behind one with the hash `previous`. */
export function linked(record: Omit<AuditRecord, 'previous' | 'hash'>, previous: string): AuditRecord {
  const unsealed = { ...record, previous };
  return { ...unsealed, hash: hashOf(unsealed) };
}

export type AuditFault = { seq: number; fault: 'numbering' | 'link' | 'content' };

/** The first record that does not follow from the one before, or null where the log is whole. */
export function faultIn(records: readonly AuditRecord[], head: AuditHead = NO_RECORD): AuditFault | null {
  let last = head;
  for (const { hash, ...unsealed } of records) {
    const { seq, previous } = unsealed;
    if (seq !== last.seq + 1) return { seq, fault: 'numbering' };
    if (previous !== last.hash) return { seq, fault: 'link' };
    if (hash !== hashOf(unsealed)) return { seq, fault: 'content' };
    last = { seq, hash };
  }
  return null;
}

function hashOf(unsealed: Omit<AuditRecord, 'hash'>): string {
  const { by, ...rest } = unsealed;
  return bytesToHex(sha256(utf8ToBytes(canonical({ ...rest, by: { ...by } }))));
}

/** JSON with sorted names and no white space: the JSON Canonicalization Scheme, RFC 8785, 3.2. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`);
  return `{${pairs.join(',')}}`;
}

/** What differs between two records of the same shape, for `from` and `to`. */
export function difference<T extends object>(before: T, after: T): { from: Json; to: Json } | null {
  const names = Object.keys(after) as (keyof T & string)[];
  const changed = names.filter((name) => canonical(json(before[name])) !== canonical(json(after[name])));
  if (changed.length === 0) return null;
  const pick = (whole: T) => Object.fromEntries(changed.map((name) => [name, json(whole[name])]));
  return { from: pick(before), to: pick(after) };
}

/** Plain data as JSON holds it: what is absent is null. */
export function json(value: unknown): Json {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);
}
