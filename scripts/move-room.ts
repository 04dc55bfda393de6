// `npm run move-room -- --room demo --from durable --to redis`: takes a closed room, with its log and history, from one store
// into the other, and checks it there. What it came from stays as it was. `--directory` takes the directory.

import { parseArgs } from 'node:util';
import { stateOf } from '../queue-core/opening.ts';
import type { RoomDocument } from '../queue-core/room.ts';
import { checkLedger } from './check-room.ts';
import { type LedgerLocation, namedPlace } from './lib/stored-ledgers.ts';

const USAGE =
  'npm run move-room -- --room ROOM --from durable|redis --to durable|redis, or --directory instead of --room. Stop the gateways first.';

/** @throws where the room is not there, is not closed, is not sound, or the place is taken */
export async function moveLedger(ledger: string, from: LedgerLocation, to: LedgerLocation): Promise<string> {
  const document = await from.document(ledger);
  if (document === null) throw new Error(`"${ledger}" is not in ${from.where}.`);
  // Its own time: nobody has touched it since it was closed, or it is not closed.
  if (ledger !== 'directory' && stateOf(document as RoomDocument, (document as RoomDocument).at) !== 'closed') {
    throw new Error(`"${ledger}" is not closed. Close it in the console, stop the gateways, and move it then.`);
  }
  const { faults } = await checkLedger(from, ledger);
  if (faults.length > 0) throw new Error(`"${ledger}" is not sound in ${from.where}:\n${faults.join('\n')}`);
  if (!(await to.fill(ledger, from.rows(ledger), document))) {
    throw new Error(`"${ledger}" is in ${to.where} already. Nothing was changed.`);
  }
  const arrived = await checkLedger(to, ledger);
  if (arrived.faults.length > 0) throw new Error(`It did not arrive whole:\n${arrived.faults.join('\n')}`);
  return arrived.says;
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
  const places: LedgerLocation[] = [];
  try {
    const source = await namedPlace(from, process.env);
    places.push(source);
    const target = await namedPlace(to, process.env);
    places.push(target);
    const says = await moveLedger(room === undefined ? 'directory' : `room:${room}`, source, target);
    console.log(`Moved from ${source.where} to ${target.where}:\n${says}`);
  } finally {
    // A place on disk is a process of its own, which must not outlive the command.
    for (const place of places) await place.close();
  }
}

if (import.meta.main) {
  await main().catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
