// `npm run check-log -- FILE`: whether an exported log (JSON) is complete: every record follows from the one before, none is
// missing, none was edited. Needs nothing but the file; with `--head HASH` also that it ends with that record.

import * as z from 'zod';
import { type AuditRecord, faultIn, NO_RECORD } from '../queue-core/audit.ts';
import { auditExportSchema } from '../worker/contract/operator-api.ts';
import { readJsonFile } from './lib/json-file.ts';
import { runCommand } from './lib/run-command.ts';

const USAGE = 'Usage: npm run check-log -- FILE [--head HASH]   (FILE: what …/audit.json returned)';

const FAULTS = {
  numbering: 'the record before it is missing, or its number occurs twice',
  link: 'it does not follow from the record before it',
  content: 'its content was edited',
};

const [file, flag, head] = process.argv.slice(2);

/** @returns what is wrong, in a sentence; null: nothing */
function faultOf(records: AuditRecord[]): string | null {
  const fault = faultIn(records);
  if (fault !== null) return `record ${fault.seq}: ${FAULTS[fault.fault]}`;
  const last = records.at(-1)?.hash ?? NO_RECORD.hash;
  return head === undefined || head === last
    ? null
    : `it ends with ${last}, not with ${head}: records are missing at its end`;
}

if (file === undefined || (flag !== undefined && (flag !== '--head' || head === undefined))) {
  console.error(USAGE);
  process.exit(2);
}
await runCommand(async () => {
  const parsed = auditExportSchema.safeParse(readJsonFile(file));
  if (!parsed.success) throw new Error(`${file} is not an exported log:\n${z.prettifyError(parsed.error)}`);
  const { log, records } = parsed.data;
  const fault = faultOf(records as AuditRecord[]);
  if (fault !== null) throw new Error(`The log "${log}" is not complete: ${fault}.`);
  console.log(`The log "${log}" is complete: ${records.length} records, the last ${records.at(-1)?.hash ?? 'none'}.`);
});
