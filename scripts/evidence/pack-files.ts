// The files of an evidence pack, from a folder or from the ZIP archive as it was downloaded. Names in an archive are data: only those
// that a pack can have are read, and none of them is a path.

import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { EVIDENCE_FILES_MAX, evidenceFileName } from '../../worker/contract/operator-api.ts';
import { Unreadable } from '../draw/draw-files.ts';

/** A log of 100,000 records and a history of two days are far below; more is no pack. */
export const ARCHIVE_BYTES_MAX = 512 * 1024 * 1024;
const UNPACKED_BYTES_MAX = 1024 * 1024 * 1024;

export interface PackFiles {
  files: Map<string, Buffer>;
  /** What lies there and is no file of a pack. */
  strange: string[];
}

/** @param source a folder, or a ZIP archive @throws Unreadable */
export function readPack(source: string): PackFiles {
  try {
    const about = statSync(source);
    if (about.isDirectory()) return fromFolder(source);
    if (about.size > ARCHIVE_BYTES_MAX) throw new Unreadable(`${source} has more than ${ARCHIVE_BYTES_MAX} bytes.`);
    return fromArchive(source, readFileSync(source));
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`${source} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** @throws Unreadable for an archive that broke off, or is none of a pack */
export function fromArchive(source: string, bytes: Uint8Array): PackFiles {
  const names = new Set<string>();
  let total = 0;
  try {
    const unpacked = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (names.has(name)) throw new Unreadable(`${source} has the file ${JSON.stringify(name)} twice.`);
        if (!evidenceFileName.safeParse(name).success) {
          throw new Unreadable(
            `${source} is no evidence pack: it has the file ${JSON.stringify(name)}. If it was packed again, unpack it and check the folder.`,
          );
        }
        names.add(name);
        total += originalSize;
        if (names.size > EVIDENCE_FILES_MAX || total > UNPACKED_BYTES_MAX) {
          throw new Unreadable(`${source} is no evidence pack: it unpacks to too much.`);
        }
        return true;
      },
    });
    const files = new Map(Object.entries(unpacked).map(([name, content]) => [name, Buffer.from(content)]));
    return { files, strange: [] };
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(
      `${source} is not a whole ZIP archive (${error instanceof Error ? error.message : error}): it broke off or was changed. Fetch the pack again.`,
    );
  }
}

function fromFolder(folder: string): PackFiles {
  const files = new Map<string, Buffer>();
  const strange: string[] = [];
  let total = 0;
  for (const name of readdirSync(folder).toSorted()) {
    const about = lstatSync(join(folder, name));
    if (!about.isFile() || !evidenceFileName.safeParse(name).success || files.size >= EVIDENCE_FILES_MAX) {
      strange.push(name);
      continue;
    }
    total += about.size;
    if (total > UNPACKED_BYTES_MAX) throw new Unreadable(`${folder} has more than ${UNPACKED_BYTES_MAX} bytes.`);
    files.set(name, readFileSync(join(folder, name)));
  }
  return { files, strange };
}
