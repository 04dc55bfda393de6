// The audit log of a room, or of the directory of rooms and keys.

import * as z from 'zod';
import { operatorSchema } from './operator-schema.ts';
import { count, moment, nextPage } from './value-schema.ts';

export const auditRecordSchema = z.object({
  seq: count.describe('1, 2, 3, … without gaps.'),
  at: moment,
  by: z.object({ ...operatorSchema.shape, address: z.string().nullable() }),
  action: z.string(),
  from: z.json().describe('The changed values before.'),
  to: z.json().describe('The changed values after.'),
  previous: z.string().describe('Hash of the record before.'),
  hash: z.string().describe('SHA-256 of this record, in hex.'),
});
export type AuditRecord = z.output<typeof auditRecordSchema>;

/** Columns of a log as CSV; `from` and `to` are JSON, `address` is empty where it is not known. */
export const LOG_COLUMNS = [
  ...['seq', 'at', 'operator', 'name', 'role', 'address'],
  ...['action', 'from', 'to', 'previous', 'hash'],
] as const;

export const auditSchema = z.object({ records: z.array(auditRecordSchema), next: nextPage });

export const auditExportSchema = z.object({
  log: z.string(),
  exportedAt: moment,
  whole: z.boolean().describe('Whether every record follows from the one before and none is missing at the end.'),
  records: z.array(auditRecordSchema),
});
