// `npm run check-room -- --room demo [--in durable|redis]`: reads a stored room and checks every numbered invariant and its
// whole log. Prints what is wrong and exits with 1 then. `--directory` checks the directory's log instead.

import { parseArgs } from 'node:util';
import { type AuditHead, type AuditRecord, faultIn } from '../queue-core/audit.ts';
import type { RoomDocument } from '../queue-core/document/room-document.ts';
import type { SessionRecord } from '../queue-core/document/session-record.ts';
import { brokenIn, INVARIANTS } from '../queue-core/invariants.ts';
import { stateOf } from '../queue-core/room-state.ts';
import { runCommand } from './lib/run-command.ts';
import { type LedgerLocation, locationNamed } from './lib/stored-ledgers.ts';

const USAGE = 'Usage: npm run check-room -- --room ROOM [--in durable|redis]   (or --directory instead of --room)';

interface CheckedLedger {
  summary: string;
  /** What is wrong, in sentences; none: nothing. */
  faults: string[];
}

/** A room in use is read again until its document is the same before and after its rows. */
const READINGS_MAX = 5;

export async function checkLedger(location: LedgerLocation, ledger: string): Promise<CheckedLedger> {
  for (let reading = 1; ; reading++) {
    const before = JSON.stringify(await location.document(ledger));
    const checked = await checkOnce(location, ledger);
    if (JSON.stringify(await location.document(ledger)) === before) return checked;
    if (reading < READINGS_MAX) continue;
    const summary = `${checked.summary}\nThe room changed while it was read, so this mixes several moments. Stop the gateways first.`;
    return { ...checked, summary };
  }
}

async function checkOnce(location: LedgerLocation, ledger: string): Promise<CheckedLedger> {
  const document = (await location.document(ledger)) as (RoomDocument & { audit?: AuditHead }) | null;
  if (document === null) throw new Error(`"${ledger}" is not in ${location.where}.`);
  const sessions = new Map<number, SessionRecord>();
  const log: AuditRecord[] = [];
  const counts = new Map<string, number>();
  for await (const { table, key, row } of location.rows(ledger)) {
    counts.set(table, (counts.get(table) ?? 0) + 1);
    if (table === 'session') sessions.set(key, row as SessionRecord);
    if (table === 'audit') log.push(row as AuditRecord);
  }
  const faults = logFaults(log, document.audit ?? document.changes.audit);
  const rows = [...counts].map(([table, count]) => `${count} ${table}`).join(', ') || 'none';
  if (ledger === 'directory') return { summary: `directory: rows: ${rows}`, faults };
  for (const number of new Set(brokenIn(document, sessions))) {
    faults.push(`Invariant ${number} does not hold: ${INVARIANTS.find((one) => one.number === number)?.says}.`);
  }
  const { epoch, line, pacing, sessions: counted } = document;
  const state = stateOf(document, document.at);
  const numbers = `${state}, epoch ${epoch}, entries ${line.entries}, issued ${line.issued}, called ${pacing.called}, active ${counted.active}`;
  return { summary: `${ledger}: ${numbers}; rows: ${rows}`, faults };
}

function logFaults(log: readonly AuditRecord[], head: AuditHead): string[] {
  const fault = faultIn(log);
  if (fault !== null) return [`The log is not complete: record ${fault.seq}, ${fault.fault}.`];
  const last = log.at(-1);
  if (last?.seq === head.seq && last.hash === head.hash) return [];
  return [`The log ends with record ${last?.seq ?? 0}, but the document names record ${head.seq} as the last.`];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { room: { type: 'string' }, in: { type: 'string' }, directory: { type: 'boolean' } },
  });
  if ((values.room === undefined) === (values.directory !== true)) throw new Error(USAGE);
  const ledger = values.room === undefined ? 'directory' : `room:${values.room}`;
  const location = await locationNamed(values.in, process.env);
  try {
    const { summary, faults } = await checkLedger(location, ledger);
    console.log(`${location.where}\n${summary}`);
    for (const warning of await location.warnings()) console.log(`Warning: ${warning}`);
    for (const fault of faults) console.error(fault);
    console.log(faults.length === 0 ? 'Every invariant holds and the log is complete.' : `${faults.length} faults.`);
    process.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await location.close();
  }
}

if (import.meta.main) await runCommand(main, USAGE);
