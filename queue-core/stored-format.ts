// How documents and rows are stored: JSON text with the version of its format. What is loaded is parsed, never cast, and an
// older version is migrated step by step first. A newer version is refused: its writer knows rules that this code does not.

import type { DirectoryDocument } from './directory/directory-document.ts';
import type { RoomDocument } from './document/room-document.ts';
import { CoreError } from './errors.ts';
import { assertDirectory, assertRoom } from './invariants.ts';
import type { Rows, Table } from './machine.ts';
import {
  type Migration,
  migrateDirectory,
  migrateEnding,
  migrateHistory,
  migrateRoom,
  migrateRow,
  migrateSession,
} from './migrations.ts';
import { found, type Parser, parse } from './parse.ts';
import { SCHEMA_VERSION } from './schema-version.ts';
import { directoryParser, roomParser, rowParsers } from './stored-shapes.ts';

export function encodeDocument(document: RoomDocument | DirectoryDocument): string {
  return JSON.stringify(document);
}

/** @throws CoreError `invalidStoredState`, `newerSchema` or `brokenInvariant`; the message names the field */
export function decodeRoom(stored: string): RoomDocument {
  const document = parse('room document', roomParser, upToDate('room document', stored, migrateRoom));
  assertRoom(document);
  return document;
}

/** @throws CoreError as `decodeRoom` */
export function decodeDirectory(stored: string): DirectoryDocument {
  const document = parse(
    'directory document',
    directoryParser,
    upToDate('directory document', stored, migrateDirectory),
  );
  assertDirectory(document);
  return document;
}

export function encodeRow<T extends Table>(_table: T, row: Rows[T]): string {
  return JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...row });
}

/** @throws CoreError `invalidStoredState` or `newerSchema`; the message names the field */
export function decodeRow<T extends Table>(table: T, stored: string): Rows[T] {
  const what = `${table} row`;
  const { schemaVersion: _, ...row } = upToDate(what, stored, ROW_MIGRATIONS[table]);
  return parse(what, rowParsers[table] as Parser<Rows[T]>, row);
}

const ROW_MIGRATIONS: Record<Table, readonly Migration[]> = {
  session: migrateSession,
  ending: migrateEnding,
  history: migrateHistory,
  minute: migrateRow,
  audit: migrateRow,
  origin: migrateRow,
  draw: migrateRow,
  template: migrateRow,
};

/** Reads JSON and migrates it to `SCHEMA_VERSION`. State without a version is of version 0. */
function upToDate(what: string, stored: string, migrations: readonly Migration[]): Record<string, unknown> {
  const value = fromJson(what, stored);
  const { schemaVersion = 0 } = value;
  if (!Number.isSafeInteger(schemaVersion) || (schemaVersion as number) < 0) {
    throw new CoreError(
      'invalidStoredState',
      `${what}: schemaVersion must be a whole number, got ${found(schemaVersion)}`,
    );
  }
  const version = schemaVersion as number;
  if (version > SCHEMA_VERSION) {
    throw new CoreError(
      'newerSchema',
      `${what}: schemaVersion ${version} is newer than ${SCHEMA_VERSION}, the newest that this Fairgate reads. Upgrade it, or restore a backup from before the upgrade.`,
    );
  }
  return migrations
    .slice(version)
    .reduce<Record<string, unknown>>(
      (older, migration, index) => ({ ...migration(older), schemaVersion: version + index + 1 }),
      value,
    );
}

function fromJson(what: string, stored: string): Record<string, unknown> {
  let value: unknown = null;
  try {
    value = JSON.parse(stored);
  } catch {
    // SyntaxError: not JSON, so not an object either
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new CoreError(
    'invalidStoredState',
    `${what}: it must be a JSON object, got ${stored.length} characters that are not`,
  );
}
