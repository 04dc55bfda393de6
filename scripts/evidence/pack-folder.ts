// Fetches an evidence pack from a gateway, and writes one as a folder: all of it, or nothing.

import { existsSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MANIFEST_FILE, OPERATIONS, OPERATOR_PATH, SIGNATURE_FILE } from '../../worker/contract/operator-api.ts';
import { problemSchema } from '../../worker/contract/problem-schema.ts';
import { Unreadable } from '../draw/draw-files.ts';
import { printable } from '../lib/printable-text.ts';
import { ARCHIVE_BYTES_MAX, fromArchive, type PackFiles } from './pack-files.ts';

/** A pack of the largest log takes a gateway tens of seconds. */
const FETCH_MS_MAX = 10 * 60_000;

/** @param url scheme, host and port @throws Unreadable */
export async function fetchPack(url: string, room: string, key: string): Promise<PackFiles> {
  const address = `${url}${OPERATOR_PATH}${OPERATIONS.evidence.path.replace('{room}', room)}`;
  const bytes = await answerOf(address, key);
  return fromArchive(address, bytes);
}

async function answerOf(address: string, key: string): Promise<Uint8Array> {
  const headers = { Authorization: `Bearer ${key}`, Accept: 'application/zip' };
  try {
    // The key goes to this address and no other.
    const response = await fetch(address, { headers, redirect: 'manual', signal: AbortSignal.timeout(FETCH_MS_MAX) });
    if (response.status >= 300 && response.status < 400) {
      throw new Unreadable(
        `${address} redirects to ${response.headers.get('Location')}. If that is the gateway, give its address by --url.`,
      );
    }
    const bytes = await bounded(response, address);
    if (response.ok) return bytes;
    const problem = problemSchema.safeParse(jsonIn(bytes));
    const reason = problem.success
      ? printable(`${problem.data.title}. ${problem.data.detail ?? ''}`)
      : 'is that a gateway?';
    throw new Unreadable(`${address} answers HTTP ${response.status}: ${reason}`);
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Unreadable(
      `The pack did not arrive whole: ${error instanceof Error ? error.message : error}${cause}. Try again.`,
    );
  }
}

async function bounded(response: Response, address: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > ARCHIVE_BYTES_MAX) throw new Unreadable(`${address} sends more than ${ARCHIVE_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null; // SyntaxError: a page of a proxy
  }
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
