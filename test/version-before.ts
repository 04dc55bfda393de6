// The version before the present stored format: the last commit of format 8, from this repository's history.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const BEFORE = 'cbf7d3c';

/** A shallow clone has no version before; `git fetch --unshallow` brings it. */
export const hasBefore = spawnSync('git', ['-C', ROOT, 'cat-file', '-e', `${BEFORE}^{commit}`]).status === 0;
if (!hasBefore)
  console.error(`${BEFORE} is not in this clone: what needs the version before is not tested. git fetch --unshallow`);

/** @returns a checkout of it in the folder, with the packages of this one */
export function versionBefore(folder: string): string {
  const before = join(folder, 'before');
  mkdirSync(before);
  const unpack = 'git -C "$1" archive "$2" > "$3.tar" && tar -xf "$3.tar" -C "$3"';
  execFileSync('sh', ['-c', unpack, 'sh', ROOT, BEFORE, before]);
  symlinkSync(join(ROOT, 'node_modules'), join(before, 'node_modules'));
  return before;
}
