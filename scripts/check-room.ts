// `npm run check-room -- --room demo [--in durable|redis]`: reads a room as it is stored and checks every numbered invariant
// and its whole log. Says what is wrong and ends with 1 where something is. `--directory` checks the directory's log.

import { parseArgs } from 'node:util';
import { type AuditHead, type AuditRecord, faultIn } from '../queue-core/audit.ts';
import { brokenIn, INVARIANTS } from '../queue-core/invariants.ts';
import { stateOf } from '../queue-core/opening.ts';
import type { RoomDocument, SessionRecord } from '../queue-core/room.ts';
import { type LedgerLocation, namedPlace } from './lib/stored-ledgers.ts';

const USAGE = 'npm run check-room -- --room ROOM [--in durable|redis], or --directory instead of --room.';

export interface Checked {
  says: string;
  /** What is wrong, in sentences; none: nothing. */
  faults: string[];
}

/** Readings of a room that is in use, until two looks at its document are alike. */
const READINGS_MAX = 5;

export async function checkLedger(place: LedgerLocation, ledger: string): Promise<Checked> {
  for (let reading = 1; ; reading++) {
    const before = JSON.stringify(await place.document(ledger));
    const checked = await checkOnce(place, ledger);
    if (JSON.stringify(await place.document(ledger)) === before) return checked;
    if (reading < READINGS_MAX) continue;
    const says = `${checked.says}\nThe room is in use: what was read is of several moments.`;
    return { ...checked, says };
  }
}

async function checkOnce(place: LedgerLocation, ledger: string): Promise<Checked> {
  const document = (await place.document(ledger)) as (RoomDocument & { audit?: AuditHead }) | null;
  if (document === null) throw new Error(`"${ledger}" is not in ${place.where}.`);
  const sessions = new Map<number, SessionRecord>();
  const log: AuditRecord[] = [];
  const counts = new Map<string, number>();
  for await (const { table, key, row } of place.rows(ledger)) {
    counts.set(table, (counts.get(table) ?? 0) + 1);
    if (table === 'session') sessions.set(key, row as SessionRecord);
    if (table === 'audit') log.push(row as AuditRecord);
  }
  const faults = logFaults(log, document.audit ?? document.changes.audit);
  const rows = [...counts].map(([table, count]) => `${count} ${table}`).join(', ') || 'none';
  if (ledger === 'directory') return { says: `directory: rows: ${rows}`, faults };
  for (const number of new Set(brokenIn(document, sessions))) {
    faults.push(`Invariant ${number} does not hold: ${INVARIANTS.find((one) => one.number === number)?.says}.`);
  }
  const { epoch, line, pacing, sessions: counted } = document;
  const state = stateOf(document, document.at);
  const numbers = `${state}, epoch ${epoch}, entries ${line.entries}, issued ${line.issued}, called ${pacing.called}, active ${counted.active}`;
  return { says: `${ledger}: ${numbers}; rows: ${rows}`, faults };
}

function logFaults(log: readonly AuditRecord[], head: AuditHead): string[] {
  const fault = faultIn(log);
  if (fault !== null) return [`The log is not whole: record ${fault.seq}, ${fault.fault}.`];
  const last = log.at(-1);
  if (last?.seq === head.seq && last.hash === head.hash) return [];
  return [`The log ends with record ${last?.seq ?? 0}, the room with ${head.seq}.`];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { room: { type: 'string' }, in: { type: 'string' }, directory: { type: 'boolean' } },
  });
  if ((values.room === undefined) === (values.directory !== true)) throw new Error(USAGE);
  const place = await namedPlace(values.in, process.env);
  try {
    const { says, faults } = await checkLedger(place, values.room === undefined ? 'directory' : `room:${values.room}`);
    console.log(`${place.where}\n${says}`);
    for (const warning of await place.warnings()) console.log(`Warning: ${warning}`);
    for (const fault of faults) console.error(fault);
    console.log(faults.length === 0 ? 'Every invariant holds and the log is whole.' : `${faults.length} faults.`);
    process.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await place.close();
  }
}

if (import.meta.main) {
  await main().catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
