// `npm run backup -- --to fairgate.backup`: everything that the stores of a deployment hold, in one file, while it is running. Of rooms on
// local disk each is copied at one moment by SQLite itself; of rooms in Redis, the document comes first, and rows that were written
// after it are left out.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import type { DirectoryDocument } from '../queue-core/directory/directory-document.ts';
import type { RoomDocument } from '../queue-core/document/room-document.ts';
import type { SessionRecord } from '../queue-core/document/session-record.ts';
import type { Put } from '../queue-core/machine.ts';
import { encodeRow } from '../queue-core/stored-format.ts';
import { documentFormat } from '../worker/store/ledgers.ts';
import { type BackupLine, writeBackup } from './lib/backup-file.ts';
import {
  type CommandOption,
  givenOptions,
  optionLines,
  type ReadOptions,
  runWithOptions,
} from './lib/command-options.ts';
import { version } from './lib/program-files.ts';
import { orExit } from './lib/run-command.ts';
import { diskLocation, type LedgerLocation, locationNamed, storeNamed } from './lib/stored-ledgers.ts';
import { OPERATOR_KEY_FILE, SIGNING_KEYS_FILE } from './lib/stored-secrets.ts';

const OPTIONS: Record<string, CommandOption> = {
  to: { example: 'FILE', help: 'the file to write, which must not be there' },
  in: { example: 'durable|redis', help: 'which store; without it, the one that the environment configures' },
};

const USAGE = `npm run backup -- --to FILE
Writes rooms, operators, logs and histories into one file, also while gateways run. For rooms on local disk set DATA_DIR, for Redis
UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN. The file holds keys: treat it as a secret.

${optionLines(OPTIONS, 22)}`;

interface BackupArguments {
  to: string;
  store: string | undefined;
}

function readArguments(argv: readonly string[]): ReadOptions<BackupArguments> {
  const given = givenOptions(argv, OPTIONS, () => USAGE);
  if (given.kind !== 'given') return given;
  const { to, in: store } = given.values;
  if (typeof to !== 'string') return { kind: 'misuse', problems: ['--to is missing: the file to write.'] };
  return { kind: 'run', run: { to, store: typeof store === 'string' ? store : undefined } };
}

export async function backUp({ to, store }: BackupArguments, env: NodeJS.ProcessEnv): Promise<string> {
  if (existsSync(to)) throw new Error(`${to} is there already. Choose another name; a backup replaces nothing.`);
  const dataDir = resolve(env['DATA_DIR'] ?? '.fairgate');
  const isOnDisk = storeNamed(store, env) === 'durable';
  const copy = isOnDisk ? await copiedRooms(dataDir) : null;
  const location = copy === null ? await locationNamed(store, env) : await diskLocation(copy);
  try {
    const ledgers = await ledgersIn(location);
    const of = isOnDisk ? dataDir : location.where;
    const { lines } = await writeBackup(to, linesOf(location, ledgers, of, dataDir));
    return `${to}: ${ledgers.length - 1} rooms and the directory of ${of}, ${lines} lines. It holds keys: keep it secret.`;
  } finally {
    await location.close();
    if (copy !== null) rmSync(copy, { recursive: true, force: true });
  }
}

/** The directory first, then its rooms, archived ones too. @throws where there is no directory */
async function ledgersIn(location: LedgerLocation): Promise<string[]> {
  const directory = (await location.document('directory')) as DirectoryDocument | null;
  if (directory === null) throw new Error(`There is no Fairgate in ${location.where}. Start it once, or set DATA_DIR.`);
  return ['directory', ...directory.rooms.map(({ id }) => `room:${id}`)];
}

async function* linesOf(
  location: LedgerLocation,
  ledgers: readonly string[],
  of: string,
  dataDir: string,
): AsyncGenerator<BackupLine> {
  yield { fairgateBackup: 1, at: new Date().toISOString(), of, by: version };
  for (const ledger of ledgers) {
    const document = await location.document(ledger);
    // Its first visitor creates a room.
    if (document === null) continue;
    yield { ledger, document: documentFormat(ledger).encode(document) };
    for await (const put of location.rows(ledger)) {
      if (!isOf(document, put)) continue;
      const { table, key, row } = put;
      yield { table, key, row: encodeRow(table, row) };
    }
  }
  for (const secret of [SIGNING_KEYS_FILE, OPERATOR_KEY_FILE]) {
    const file = join(dataDir, secret);
    if (existsSync(file)) yield { secret, text: readFileSync(file, 'utf8') };
  }
}

/** Whether a row was there when the document was read: rows are read after it, while the room goes on. */
function isOf(document: unknown, put: Put): boolean {
  const { endings, origin, epoch, pacing, ...whole } = document as Partial<RoomDocument & DirectoryDocument>;
  const log = whole.audit ?? whole.changes?.audit;
  switch (put.table) {
    case 'audit':
      return put.key <= (log?.seq ?? 0);
    case 'ending':
      return put.key <= (endings?.seq ?? 0);
    case 'origin':
      return put.key <= (origin?.recordSeq ?? 0);
    case 'session':
      return (put.row as SessionRecord).epoch === epoch && put.key <= (pacing?.called ?? 0);
    case 'history':
    case 'minute':
    case 'draw':
    case 'template':
      return true;
  }
}

/** Each database of a running gateway as it is at one moment, in a folder of its own. @throws where there is none */
async function copiedRooms(dataDir: string): Promise<string> {
  const rooms = join(dataDir, 'rooms');
  if (!existsSync(rooms)) throw new Error(`${rooms} does not exist. Set DATA_DIR to the folder of the gateway.`);
  const copy = mkdtempSync(join(tmpdir(), 'fairgate-backup-'));
  for (const namespace of readdirSync(rooms)) {
    mkdirSync(join(copy, 'rooms', namespace), { recursive: true });
    for (const name of readdirSync(join(rooms, namespace))) {
      if (!name.endsWith('.sqlite')) continue;
      const database = new DatabaseSync(join(rooms, namespace, name), { readOnly: true });
      await copyDatabase(database, join(copy, 'rooms', namespace, name));
      database.close();
    }
  }
  return copy;
}

if (import.meta.main) {
  const read = readArguments(process.argv.slice(2));
  process.exitCode = await runWithOptions(read, (given) =>
    orExit(async () => {
      console.log(await backUp(given, process.env));
      return 0;
    }),
  );
}
