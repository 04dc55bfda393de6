// `npm run move-room -- --room demo --from durable --to redis`: copies a closed room, with its log and history, from one store
// to the other and checks it there. The source is not changed. `--directory` copies the directory instead.

import { parseArgs } from 'node:util';
import type { RoomDocument } from '../queue-core/document/room-document.ts';
import { stateOf } from '../queue-core/room-state.ts';
import { checkLedger } from './check-room.ts';
import { runCommand } from './lib/run-command.ts';
import { type LedgerLocation, locationNamed } from './lib/stored-ledgers.ts';

const USAGE =
  'Usage: npm run move-room -- --room ROOM --from durable|redis --to durable|redis   (or --directory instead of --room). ' +
  'Stop the gateways first.';

/** @throws where the source has no such ledger, its room is not closed, it is damaged, or the target has one already */
export async function moveLedger(ledger: string, from: LedgerLocation, to: LedgerLocation): Promise<string> {
  const document = await from.document(ledger);
  if (document === null) throw new Error(`"${ledger}" is not in ${from.where}.`);
  // Judged by the document's own time: nothing has changed it since.
  if (ledger !== 'directory' && stateOf(document as RoomDocument, (document as RoomDocument).at) !== 'closed') {
    throw new Error(`"${ledger}" is not closed. Close it in the console, stop the gateways, and move it then.`);
  }
  const { faults } = await checkLedger(from, ledger);
  if (faults.length > 0) throw new Error(`"${ledger}" is damaged in ${from.where}:\n${faults.join('\n')}`);
  if (!(await to.fill(ledger, from.rows(ledger), document))) {
    throw new Error(`"${ledger}" is already in ${to.where}. Nothing was changed.`);
  }
  const copied = await checkLedger(to, ledger);
  if (copied.faults.length > 0) throw new Error(`The copy in ${to.where} is damaged:\n${copied.faults.join('\n')}`);
  return copied.summary;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      room: { type: 'string' },
      directory: { type: 'boolean' },
      from: { type: 'string' },
      to: { type: 'string' },
    },
  });
  const { room, from, to } = values;
  if ((room === undefined) === (values.directory !== true) || from === undefined || to === undefined || from === to) {
    throw new Error(USAGE);
  }
  const locations: LedgerLocation[] = [];
  try {
    const source = await locationNamed(from, process.env);
    locations.push(source);
    const target = await locationNamed(to, process.env);
    locations.push(target);
    const summary = await moveLedger(room === undefined ? 'directory' : `room:${room}`, source, target);
    console.log(`Copied from ${source.where} to ${target.where}:\n${summary}`);
  } finally {
    // A location on disk is a process, which must not outlive the command.
    for (const location of locations) await location.close();
  }
}

if (import.meta.main) await runCommand(main, USAGE);
