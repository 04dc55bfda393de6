// `npm run restore -- --from fairgate.backup`: fills an empty store from a backup. What happened after the backup is not in it, so each room
// gives nothing for a minute, in which visitors prove their places, and leaves vacancies to those who may be inside
// (queue-core/restored.ts).

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RoomDocument } from '../queue-core/document/room-document.ts';
import type { Put } from '../queue-core/machine.ts';
import { openedSince, RESTORED_MS, restoredRoom } from '../queue-core/restored.ts';
import { decodeRow } from '../queue-core/stored-format.ts';
import { documentFormat } from '../worker/store/ledgers.ts';
import { checkLedger } from './check-room.ts';
import { type BackupHead, readBackup } from './lib/backup-file.ts';
import {
  type CommandOption,
  givenOptions,
  optionLines,
  type ReadOptions,
  runWithOptions,
} from './lib/command-options.ts';
import { orExit } from './lib/run-command.ts';
import { locationNamed, storeNamed } from './lib/stored-ledgers.ts';
import { OPERATOR_KEY_FILE, SIGNING_KEYS_FILE } from './lib/stored-secrets.ts';

const OPTIONS: Record<string, CommandOption> = {
  from: { example: 'FILE', help: 'what `npm run backup` wrote' },
  to: { example: 'durable|redis', help: 'which store; without it, the one that the environment configures' },
  'draw-again': { example: '', flag: true, help: 'also where a room has opened since: its draw will be another one' },
};

const USAGE = `npm run restore -- --from FILE
Fills an empty store: a DATA_DIR that is not there, or a Redis without these rooms. Stop the gateways first; start them afterwards with
the settings and keys that they had. For a minute after that no room admits anybody: visitors keep their places.

${optionLines(OPTIONS, 24)}`;

interface RestoreArguments {
  from: string;
  store: string | undefined;
  drawAgain: boolean;
}

function readArguments(argv: readonly string[]): ReadOptions<RestoreArguments> {
  const given = givenOptions(argv, OPTIONS, () => USAGE);
  if (given.kind !== 'given') return given;
  const { from, to, 'draw-again': drawAgain } = given.values;
  if (typeof from !== 'string') return { kind: 'misuse', problems: ['--from is missing: the file of a backup.'] };
  return { kind: 'run', run: { from, store: typeof to === 'string' ? to : undefined, drawAgain: drawAgain === true } };
}

/** @returns what was restored, in sentences @throws where the backup is not whole, or the store is not empty */
export async function restore(
  { from, store, drawAgain }: RestoreArguments,
  env: NodeJS.ProcessEnv,
  now = Date.now(),
): Promise<string[]> {
  const { head, ledgers } = await checkedBackup(from, drawAgain, now);
  const dataDir = resolve(env['DATA_DIR'] ?? '.fairgate');
  const isOnDisk = storeNamed(store, env) === 'durable';
  if (isOnDisk) {
    if (existsSync(join(dataDir, 'rooms'))) {
      throw new Error(
        `${dataDir} has rooms already. Move it away, or set DATA_DIR to a new folder. Nothing was restored.`,
      );
    }
    mkdirSync(join(dataDir, 'rooms'), { recursive: true, mode: 0o700 });
  }
  const sentences = [`${from}, of ${head.of} at ${head.at}:`];
  const location = await locationNamed(store, env);
  try {
    for (const ledger of ledgers)
      if ((await location.document(ledger)) !== null) throw notEmpty(ledger, location.where);
    for (const ledger of ledgers) {
      const { document, rows } = await ledgerIn(from, ledger, now);
      if (!(await location.fill(ledger, rows, document))) throw notEmpty(ledger, location.where);
      const { summary, faults } = await checkLedger(location, ledger);
      sentences.push(summary, ...faults);
    }
  } finally {
    await location.close();
  }
  const secrets = isOnDisk ? await restoreSecrets(from, dataDir) : [];
  if (secrets.length > 0) sentences.push(`Keys: ${secrets.join(', ')} in ${dataDir}.`);
  sentences.push(
    `Start the gateways now. For ${Math.ceil(RESTORED_MS / 1_000)} s rooms give nothing, while visitors prove the places that they got after the backup.`,
  );
  return sentences;
}

function notEmpty(ledger: string, where: string): Error {
  return new Error(`${where} has "${ledger}" already. A backup is restored into an empty store. Nothing was restored.`);
}

/** Reads all of it before anything is written. */
async function checkedBackup(
  file: string,
  drawAgain: boolean,
  now: number,
): Promise<{ head: BackupHead; ledgers: string[] }> {
  let head: BackupHead | null = null;
  const ledgers: string[] = [];
  const opened: string[] = [];
  for await (const line of readBackup(file)) {
    if ('fairgateBackup' in line) head = line;
    if (!('ledger' in line)) continue;
    ledgers.push(line.ledger);
    const document = documentFormat(line.ledger).decode(line.document);
    if (line.ledger !== 'directory' && openedSince(document as RoomDocument, now)) opened.push(line.ledger);
  }
  if (head === null) throw new Error(`${file} is empty. Nothing was restored.`);
  if (opened.length > 0 && !drawAgain) {
    throw new Error(
      `Since this backup, ${opened.join(', ')} had its opening: the entries of its draw are not all in the backup, so a draw made now ` +
        'would be another one than visitors have seen. Use a later backup. If there is none, --draw-again restores it all the same; ' +
        'tell the visitors. Nothing was restored.',
    );
  }
  return { head, ledgers };
}

/** The document as the room goes on with it, and the rows with what was recorded of that. */
async function ledgerIn(file: string, ledger: string, now: number) {
  let stored: unknown = null;
  for await (const line of readBackup(file)) {
    if ('ledger' in line && line.ledger === ledger) stored = documentFormat(ledger).decode(line.document);
  }
  const { document, effects } =
    ledger === 'directory' ? { document: stored, effects: [] } : restoredRoom(stored as RoomDocument, now);
  async function* rows(): AsyncGenerator<Put> {
    let isThis = false;
    for await (const line of readBackup(file)) {
      if ('ledger' in line) isThis = line.ledger === ledger;
      if (!isThis || !('table' in line)) continue;
      const { table, key, row } = line;
      yield { kind: 'put', table, key, row: decodeRow(table, row) } as Put;
    }
    for (const effect of effects) if (effect.kind === 'put') yield effect;
  }
  return { document, rows: rows() };
}

/** Keys that are there stay. @returns the names of those that were written */
async function restoreSecrets(file: string, dataDir: string): Promise<string[]> {
  const written: string[] = [];
  for await (const line of readBackup(file)) {
    if (!('secret' in line)) continue;
    const { secret, text } = line;
    // The name of a file in a backup decides nothing else.
    if (secret !== SIGNING_KEYS_FILE && secret !== OPERATOR_KEY_FILE) continue;
    if (existsSync(join(dataDir, secret))) continue;
    writeFileSync(join(dataDir, secret), text, { mode: 0o600 });
    written.push(secret);
  }
  return written;
}

if (import.meta.main) {
  const read = readArguments(process.argv.slice(2));
  process.exitCode = await runWithOptions(read, (given) =>
    orExit(async () => {
      for (const sentence of await restore(given, process.env)) console.log(sentence);
      return 0;
    }),
  );
}
