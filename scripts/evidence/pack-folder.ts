// Fetches an evidence pack from a gateway, and writes one as a folder: all of it, or nothing.

import { existsSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MANIFEST_FILE, OPERATIONS, OPERATOR_PATH, SIGNATURE_FILE } from '../../worker/contract/operator-api.ts';
import { Unreadable } from '../draw/draw-files.ts';
import { fetchFile } from '../lib/operator-download.ts';
import { ARCHIVE_BYTES_MAX, fromArchive, type PackFiles } from './pack-files.ts';

/** @param url scheme, host and port @throws Unreadable */
export async function fetchPack(url: string, room: string, key: string): Promise<PackFiles> {
  const address = `${url}${OPERATOR_PATH}${OPERATIONS.evidence.path.replace('{room}', room)}`;
  const bytes = await fetchFile(address, { key, accept: 'application/zip', bytesMax: ARCHIVE_BYTES_MAX, what: 'pack' });
  return fromArchive(address, bytes);
}

/** Why a pack cannot be written there; null: it can. */
export function folderProblem(folder: string, replace: boolean): string | null {
  const about = lstatSync(folder, { throwIfNoEntry: false });
  if (about === undefined) {
    return existsSync(dirname(resolve(folder))) ? null : `--to ${folder}: the folder around it does not exist.`;
  }
  if (!replace) return `${folder} exists. Give another folder by --to, or --replace to replace the pack in it.`;
  const isPack = about.isDirectory() && [MANIFEST_FILE, SIGNATURE_FILE].every((name) => existsSync(join(folder, name)));
  return isPack ? null : `${folder} is no evidence pack, so --replace does not remove it.`;
}

/** Writes beside the folder and renames: a folder of this name is whole. */
export function writePack(folder: string, { files }: PackFiles, replace: boolean): void {
  const problem = folderProblem(folder, replace);
  if (problem !== null) throw new Unreadable(problem);
  const target = resolve(folder);
  const beside = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  const [made, former] = [join(beside, 'made'), join(beside, 'former')];
  try {
    mkdirSync(made);
    for (const [name, content] of files) writeFileSync(join(made, name), content, { flag: 'wx' });
    if (existsSync(target)) renameSync(target, former);
    try {
      renameSync(made, target);
    } catch (error) {
      if (existsSync(former)) renameSync(former, target);
      throw error;
    }
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}
