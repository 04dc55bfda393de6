// `npm run check-log -- FILE`: whether an exported log (JSON) is whole: every record follows from the one before, none is
// missing, none was edited. Needs nothing but the file; with `--head HASH` also that it ends where it should.

import { readFileSync } from 'node:fs';
import { type AuditRecord, faultIn, NO_RECORD } from '../queue-core/audit.ts';
import { auditExportSchema } from '../worker/contract/operator-api.ts';

const USAGE = 'Use: npm run check-log -- FILE [--head HASH]   (FILE: what …/audit.json gave)';

const WORDS = {
  numbering: 'a record is missing or stands twice before it',
  link: 'it does not follow from the record before it',
  content: 'its content is not what was recorded',
};

const [file, flag, head] = process.argv.slice(2);

/** @returns what is wrong, in a sentence; null: nothing */
function faultOf(records: AuditRecord[]): string | null {
  const fault = faultIn(records);
  if (fault !== null) return `record ${fault.seq}: ${WORDS[fault.fault]}`;
  const last = records.at(-1)?.hash ?? NO_RECORD.hash;
  return head === undefined || head === last
    ? null
    : `it ends with ${last}, not with ${head}: records are missing at its end`;
}

if (file === undefined || (flag !== undefined && (flag !== '--head' || head === undefined))) {
  console.error(USAGE);
  process.exit(2);
}
try {
  const { log, records } = auditExportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const fault = faultOf(records as AuditRecord[]);
  if (fault !== null) throw new Error(`The log "${log}" is not whole: ${fault}.`);
  console.log(`The log "${log}" is whole: ${records.length} records, the last ${records.at(-1)?.hash ?? 'none'}.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
