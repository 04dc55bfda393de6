// Reads an exported log, JSON or CSV. Every other file is refused with what it seems to be and which file is needed.

import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import * as z from 'zod';
import type { AuditRecord } from '../../queue-core/audit.ts';
import { auditExportSchema, auditRecordSchema, LOG_COLUMNS } from '../../worker/contract/operator-api.ts';
import { problemSchema } from '../../worker/contract/problem-schema.ts';
import { originalText } from '../../worker/http/csv.ts';
import { printable } from './printable-text.ts';

export interface LogFile {
  /** Its name, quoted, as far as the file has one. */
  log: string;
  records: AuditRecord[];
  /** false: the gateway that exported the log found it incomplete. CSV does not say. */
  whole: boolean;
}

const EXPORT_AGAIN = 'Export the log again: in the console "JSON" or "CSV", or …/audit.json or …/audit.csv of the API.';

/** @throws Error that says what is wrong with the file */
export function readLogFile(path: string): LogFile {
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  const refuse = (what: string) => new Error(`${path} ${what}`);
  if (text.trim() === '') throw refuse(`is empty. ${EXPORT_AGAIN}`);
  if (/^\s*</.test(text)) throw refuse(`is a page (HTML or XML), not a log. ${EXPORT_AGAIN}`);
  return /^\s*[[{]/.test(text) ? jsonLog(text, refuse) : csvLog(text, refuse);
}

function jsonLog(text: string, refuse: (what: string) => Error): LogFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const records = jsonLines(text);
    if (records !== null) return { log: 'of this file', records, whole: true };
    throw refuse(`is not JSON (${printable((error as Error).message)}): it was cut off or edited. ${EXPORT_AGAIN}`);
  }
  const exported = auditExportSchema.safeParse(value);
  if (exported.success) {
    const { log, records, whole } = exported.data;
    return { log: `"${printable(log)}"`, records: records as AuditRecord[], whole };
  }
  const problem = problemSchema.safeParse(value);
  if (problem.success) {
    throw refuse(
      `is a refusal of the gateway, not a log: ${printable(`${problem.data.title}. ${problem.data.detail ?? ''}`)}`,
    );
  }
  if (typeof value === 'object' && value !== null && 'records' in value && 'next' in value) {
    throw refuse(`is one page of a log (…/audit), which cannot be checked alone. ${EXPORT_AGAIN}`);
  }
  throw refuse(`is not an exported log:\n${z.prettifyError(exported.error)}\n${EXPORT_AGAIN}`);
}

/** @returns null: not one record a line, as `jq -c '.records[]'` prints them */
function jsonLines(text: string): AuditRecord[] | null {
  try {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => auditRecordSchema.parse(JSON.parse(line)) as AuditRecord);
  } catch {
    return null; // SyntaxError or ZodError
  }
}

function csvLog(text: string, refuse: (what: string) => Error): LogFile {
  let rows: string[][];
  try {
    rows = parse(text, { relax_column_count: true, skip_empty_lines: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw refuse(`is not CSV (${printable(error.message)}): it was cut off or edited. ${EXPORT_AGAIN}`);
  }
  const [columns = [], ...lines] = rows;
  if (columns.join() !== LOG_COLUMNS.join()) {
    const isSpreadsheets = columns.length === 1 && columns[0]?.split(/[;\t]/).length === LOG_COLUMNS.length;
    throw refuse(
      isSpreadsheets
        ? `was saved by a spreadsheet, which changes it. ${EXPORT_AGAIN}`
        : `is not an exported log: its first line must be ${LOG_COLUMNS.join()}. ${EXPORT_AGAIN}`,
    );
  }
  const records = lines.map((cells, index) => recordOf(cells, (what) => refuse(`line ${index + 2} ${what}`)));
  return { log: 'of this file', records, whole: true };
}

function recordOf(row: readonly string[], refuse: (what: string) => Error): AuditRecord {
  const cells = row.map(originalText);
  if (cells.length !== LOG_COLUMNS.length) {
    throw refuse(
      `has ${cells.length} cells instead of ${LOG_COLUMNS.length}: it was cut off or edited. ${EXPORT_AGAIN}`,
    );
  }
  const cell = Object.fromEntries(LOG_COLUMNS.map((name, index) => [name, cells[index] ?? ''])) as Record<
    (typeof LOG_COLUMNS)[number],
    string
  >;
  const json = (name: 'from' | 'to'): unknown => {
    try {
      return JSON.parse(cell[name]);
    } catch {
      throw refuse(`has no JSON in the column "${name}": it was edited. ${EXPORT_AGAIN}`);
    }
  };
  const record = auditRecordSchema.safeParse({
    seq: Number(cell.seq),
    at: cell.at,
    by: { id: cell.operator, name: cell.name, role: cell.role, address: cell.address === '' ? null : cell.address },
    action: cell.action,
    from: json('from'),
    to: json('to'),
    previous: cell.previous,
    hash: cell.hash,
  });
  if (record.success) return record.data as AuditRecord;
  throw refuse(`is not a record:\n${z.prettifyError(record.error)}\n${EXPORT_AGAIN}`);
}
