// Results of the objects that hold a ledger, as values: an error loses its class when it crosses RPC. The store on the
// gateway's side turns refusals into errors here, in one place.

import { CoreError } from '../../queue-core/errors.ts';
import type { Rows, Table } from '../../queue-core/machine.ts';
import { decodeRow } from '../../queue-core/stored-format.ts';
import { BATCHES_PENDING_MAX } from './group-commit.ts';
import { StoreUnavailable, UnknownDirectory, UnknownRoom } from './room-store.ts';

export type Applied<Reply> = { kind: 'applied'; replies: Reply[] };

export type Viewed<View> = { kind: 'viewed'; view: View };

/** Rows as they are stored, in ascending order of keys. */
export type StoredRows = { kind: 'rows'; rows: string[] };

export type StoreRefusal =
  /** There is no document, and no command that creates one. */
  | { kind: 'unknown' }
  /** The queue of batches is full. */
  | { kind: 'busy' }
  /** Stored state cannot be read, or the batch would break it. Nothing was written. */
  | { kind: 'invalid'; message: string }
  | { kind: 'unavailable'; message: string };

/** The refusal for an error of the core. Any other error is thrown on. */
export function invalidState(error: unknown): Extract<StoreRefusal, { kind: 'invalid' }> {
  if (!(error instanceof CoreError)) throw error;
  return { kind: 'invalid', message: error.message };
}

/** @param room null: the directory. @throws StoreUnavailable for a refusal */
export function requireDone<Result extends { kind: string }>(
  result: Result | StoreRefusal,
  room: string | null,
): Exclude<Result, StoreRefusal> {
  const refusal = result as StoreRefusal;
  switch (refusal.kind) {
    case 'unknown':
      throw room === null ? new UnknownDirectory() : new UnknownRoom(room);
    case 'busy':
      throw new StoreUnavailable(`Store queue is full (${BATCHES_PENDING_MAX} batches pending)`);
    case 'invalid':
      throw invalidStateError(refusal.message, room);
    case 'unavailable':
      throw new StoreUnavailable(refusal.message);
    default:
      return result as Exclude<Result, StoreRefusal>;
  }
}

/** Reads stored state on the gateway's side. @param room null: the directory. @throws StoreUnavailable for a CoreError */
export async function readStored<T>(room: string | null, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    return requireDone(invalidState(error), room);
  }
}

export function decodeRows<T extends Table>(table: T, { rows }: StoredRows, room: string | null): Promise<Rows[T][]> {
  return readStored(room, () => rows.map((row) => decodeRow(table, row)));
}

/** Distinct messages remembered, so that a state that stays invalid is logged once. Beyond it they are logged again. */
const LOGGED_MAX = 256;

const logged = new Set<string>();

function invalidStateError(message: string, room: string | null): StoreUnavailable {
  const text = `${room === null ? 'Directory' : `Room "${room}"`}: ${message}`;
  if (!logged.has(text)) {
    if (logged.size >= LOGGED_MAX) logged.clear();
    logged.add(text);
    console.error(`Stored state refused, nothing was written. ${text}`);
  }
  return new StoreUnavailable(text);
}
