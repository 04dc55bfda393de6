// `npm run report`: fetches the event report of a room from a running gateway and writes it as a folder of files.

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { addressOf } from '../worker/contract/api-client.ts';
import type { OperationName } from '../worker/contract/operator-api.ts';
import { Unreadable } from './draw/draw-files.ts';
import { runWithOptions } from './lib/command-options.ts';
import { fetchFile } from './lib/operator-download.ts';
import { printableLines } from './lib/printable-text.ts';
import { type ReportArguments, readReportArguments } from './report/report-arguments.ts';

const [WRITTEN, FAILED] = [0, 2];

/** A year of minutes is about 300 bytes a line, and the largest log about 100 MB. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;

async function main(given: ReportArguments): Promise<number> {
  try {
    const folder = given.out ?? `${given.room}-report-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
    refuseExisting(folder);
    const files = await fetchFiles(given);
    write(folder, files);
    for (const name of files.keys()) console.log(join(folder, name));
    return WRITTEN;
  } catch (error) {
    // Besides `Unreadable`, the file system's, whose messages name the file.
    if (!(error instanceof Unreadable || (error instanceof Error && 'syscall' in error))) throw error;
    console.error(printableLines(error.message));
    return FAILED;
  }
}

async function fetchFiles({ room, url, key, period, languages }: ReportArguments): Promise<Map<string, Uint8Array>> {
  const fetched = (operation: OperationName, language: string, accept: string) => {
    const address = `${url}${addressOf(operation, { params: { room }, query: { ...period, language } })}`;
    return fetchFile(address, { key, accept, bytesMax: FILE_BYTES_MAX, what: 'report' });
  };
  const files = new Map<string, Uint8Array>();
  for (const language of languages) {
    files.set(`report-${language}.html`, await fetched('report', language, 'text/html'));
    files.set(`minutes-${language}.csv`, await fetched('reportMinutes', language, 'text/csv'));
    files.set(`acts-${language}.csv`, await fetched('reportActs', language, 'text/csv'));
  }
  return files;
}

function refuseExisting(folder: string): void {
  if (existsSync(folder)) throw new Unreadable(`${folder} exists. Give another folder by --out.`);
  if (!existsSync(dirname(resolve(folder)))) {
    throw new Unreadable(`--out ${folder}: the folder around it does not exist.`);
  }
}

/** Writes beside the folder and renames: a folder of this name is whole. */
function write(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  const target = resolve(folder);
  const beside = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    const made = join(beside, 'made');
    mkdirSync(made);
    for (const [name, content] of files) writeFileSync(join(made, name), content, { flag: 'wx' });
    refuseExisting(folder);
    renameSync(made, target);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

process.exitCode = await runWithOptions(readReportArguments(process.argv.slice(2), process.env['OPERATOR_KEY']), main);
