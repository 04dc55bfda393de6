// A backup as one file: lines of JSON, compressed. The first line says what it is, then every ledger follows with its document and
// rows as they are stored, then the secrets of DATA_DIR. The last line has the number and the sum of all before it, so that a file that was
// cut off or changed is known as such before anything of it is used.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import * as z from 'zod';
import type { Table } from '../../queue-core/machine.ts';
import { parseJson } from '../../worker/contract/json-text.ts';
import { TABLES } from '../../worker/store/ledgers.ts';

/** The one there is so far; another one is refused. */
const FORMAT = 1;

/** Characters of one line: a document is at most some 100 KB, a custom page 1 MB. */
const LINE_CHARS_MAX = 16_777_216;

const headLine = z.object({ fairgateBackup: z.literal(FORMAT), at: z.iso.datetime(), of: z.string(), by: z.string() });
const ledgerLine = z.object({ ledger: z.string(), document: z.string() });
const rowLine = z.object({ table: z.enum(TABLES as [Table, ...Table[]]), key: z.number(), row: z.string() });
const secretLine = z.object({ secret: z.string(), text: z.string() });
const endLine = z.object({ lines: z.number(), sha256: z.string() });
const line = z.union([headLine, ledgerLine, rowLine, secretLine]);

export type BackupHead = z.infer<typeof headLine>;
export type BackupLine = z.infer<typeof line>;

/** Writes a file that only its owner can read. @throws Error where there is one already */
export async function writeBackup(file: string, lines: AsyncIterable<BackupLine>): Promise<{ lines: number }> {
  const hash = createHash('sha256');
  let count = 0;
  async function* text() {
    for await (const each of lines) {
      const written = `${JSON.stringify(each)}\n`;
      hash.update(written);
      count++;
      yield written;
    }
    yield `${JSON.stringify({ lines: count, sha256: hash.digest('hex') })}\n`;
  }
  await pipeline(Readable.from(text()), createGzip(), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  return { lines: count };
}

/** Lines in their order, the first one the head. @throws Error where the file is damaged: nothing of it should be used then */
export async function* readBackup(file: string): AsyncGenerator<BackupLine> {
  const hash = createHash('sha256');
  let count = 0;
  let isWhole = false;
  const unzipped = createReadStream(file).pipe(createGunzip());
  const reader = createInterface({ input: unzipped, crlfDelay: Number.POSITIVE_INFINITY });
  const faults: unknown[] = [];
  for (const stream of [unzipped]) stream.on('error', (error) => faults.push(error) && reader.close());
  for await (const text of reader) {
    if (isWhole || text.length > LINE_CHARS_MAX) throw damaged(file, `line ${count + 1} should not be there`);
    const json = parseJson(text);
    const end = endLine.safeParse(json);
    if (end.success) {
      if (end.data.lines !== count || end.data.sha256 !== hash.digest('hex'))
        throw damaged(file, 'its sum is another one');
      isWhole = true;
      continue;
    }
    hash.update(`${text}\n`);
    const parsed = (count === 0 ? headLine : line).safeParse(json);
    if (!parsed.success)
      throw damaged(file, count === 0 ? 'it is no backup of this version' : `line ${count + 1} cannot be read`);
    count++;
    yield parsed.data;
  }
  if (!isWhole) throw damaged(file, 'it ends too early');
}

function damaged(file: string, fault: string): Error {
  return new Error(`${file} is not a whole backup: ${fault}. Nothing was restored. Use another copy of it.`);
}
