// `npm run check-log -- FILE`: whether an exported log (JSON or CSV) is complete: every record follows from the one before, none
// is missing, none was edited. Needs nothing but the file; with `--head HASH` also that it ends with that record.

import { type AuditRecord, faultIn, NO_RECORD } from '../queue-core/audit.ts';
import { readLogFile } from './lib/log-file.ts';
import { runCommand } from './lib/run-command.ts';

const USAGE = 'Usage: npm run check-log -- FILE [--head HASH]   (FILE: what …/audit.json or …/audit.csv returned)';

const FAULTS = {
  numbering: 'the record before it is missing, or its number occurs twice',
  link: 'it does not follow from the record before it',
  content: 'its content was edited',
};

const [file, flag, head] = process.argv.slice(2);

/** @returns what is wrong, in a sentence; null: nothing */
function faultOf(records: readonly AuditRecord[], whole: boolean): string | null {
  const fault = faultIn(records);
  if (fault !== null) return `record ${fault.seq}: ${FAULTS[fault.fault]}`;
  const last = records.at(-1)?.hash ?? NO_RECORD.hash;
  if (head !== undefined && head !== last) {
    return `it ends with ${last}, not with ${head}: records are missing at its end`;
  }
  return whole ? null : 'the gateway that exported it knew of later records: records are missing at its end';
}

if (file !== '--help' && (file === undefined || (flag !== undefined && (flag !== '--head' || head === undefined)))) {
  console.error(USAGE);
  process.exit(2);
}
await runCommand(async () => {
  const { log, records, whole } = readLogFile(file ?? '');
  const fault = faultOf(records, whole);
  if (fault !== null) throw new Error(`The log ${log} is not complete: ${fault}.`);
  console.log(`The log ${log} is complete: ${records.length} records, the last ${records.at(-1)?.hash ?? 'none'}.`);
}, USAGE);
