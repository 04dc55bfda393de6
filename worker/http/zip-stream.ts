// A ZIP archive that is made while it is sent: one part of one file in memory at a time. The directory that readers look for comes
// last, so an archive that broke off does not open as a whole one.

import { Zip, ZipDeflate } from 'fflate';
import type { EpochMs } from '../../queue-core/time.ts';

/** One file of an archive, in parts. */
export interface ZipFile {
  name: string;
  parts: AsyncIterable<Uint8Array>;
}

/** The times that a ZIP archive can hold (MS-DOS, in two seconds). */
const [TIME_MIN, TIME_MAX] = [Date.UTC(1980, 0, 2), Date.UTC(2099, 11, 30)];

/** More saves little, and costs the time of a gateway. */
const LEVEL = 4;

/** @param at the time that every file carries */
export async function* zipArchive(files: AsyncIterable<ZipFile>, at: EpochMs): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const archive = new Zip((error, chunk) => {
    if (error !== null) throw error;
    ready.push(chunk);
  });
  const taken = () => {
    const chunks = ready;
    ready = [];
    return chunks;
  };
  const mtime = Math.min(Math.max(at, TIME_MIN), TIME_MAX);
  for await (const { name, parts } of files) {
    const file = new ZipDeflate(name, { level: LEVEL });
    file.mtime = mtime;
    archive.add(file);
    for await (const part of parts) {
      file.push(part);
      yield* taken();
    }
    file.push(new Uint8Array(), true);
    yield* taken();
  }
  archive.end();
  yield* taken();
}
