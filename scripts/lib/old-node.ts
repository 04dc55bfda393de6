// The oldest Node that `@fairgate/origin` is for. The tests run the package in it; nothing else does, so only `npm test` installs it, by
// the lock file of test/origin/node-18.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOLDER = resolve(import.meta.dirname, '../../test/origin/node-18');

/** Only one of them is installed. */
const BINARIES = ['linux-x64', 'linux-arm64', 'darwin-x64'].map((system) =>
  join(FOLDER, `node_modules/node-${system}/bin/node`),
);

/** @throws with the command that installs it */
export function oldNode(): string {
  const file = BINARIES.find((binary) => existsSync(binary));
  if (file === undefined) throw new Error(`Node 18 is not installed. Install it: npm ci --prefix ${FOLDER}`);
  return file;
}

/** @throws where npm fails */
export function installOldNode(): void {
  if (BINARIES.some((binary) => existsSync(binary))) return;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: FOLDER, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ci failed in ${FOLDER} with status ${status}.`);
}
