// The directory's log: every record counts the version up.

import { type AuditEntry, nextRecord } from '../audit.ts';
import type { StepContext } from '../machine.ts';
import type { DirectoryDocument } from './directory-document.ts';

/** Adds a record to the log. */
export function recordInDirectory(
  directory: DirectoryDocument,
  entry: AuditEntry,
  { now, effects }: Pick<StepContext, 'now' | 'effects'>,
): void {
  const record = nextRecord(directory.audit, entry, now);
  effects.push({ kind: 'put', table: 'audit', key: record.seq, row: record });
  directory.version++;
  directory.audit = { seq: record.seq, hash: record.hash };
}
