// Runs after `npm ci`, on whatever Node npm has: makes the packaged Node of this platform the `node` of the npm scripts.
// npm 11 has linked it already; npm 10 removes the link again when it discards the packages of the other platforms.
// JavaScript, because a Node too old for the scripts has to run it. See docs/decisions/0018-which-node.md.

import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTooOld, oldestNode } from './node-version.cjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packages = join(root, 'node_modules');
const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const installed = Object.keys(optionalDependencies).find((name) => existsSync(join(packages, name)));

// Without node_modules, `npm install --package-lock-only` has run, and there is nothing to link or to run.
if (installed !== undefined) {
  const { bin } = JSON.parse(readFileSync(join(packages, installed, 'package.json'), 'utf8'));
  const link = join(packages, '.bin', basename(bin.node));
  // `npm start` is "exec node …": the shell of npm makes way for the script, or it would keep SIGINT to itself.
  if (process.platform === 'win32') writeFileSync(join(packages, '.bin', 'exec.cmd'), '@%*\r\n');
  if (!existsSync(link)) {
    rmSync(link, { force: true });
    if (process.platform === 'win32') linkSync(join(packages, installed, bin.node), link);
    else symlinkSync(join('..', installed, bin.node), link);
  }
  const { status, stderr, error } = spawnSync(join(packages, installed, bin.node), ['--version'], { encoding: 'utf8' });
  if (status !== 0) {
    console.error(
      `The packaged Node does not run here: ${(stderr || String(error)).trim()}\n` +
        'On Debian and Ubuntu it needs the packages libatomic1 and libstdc++6: apt-get install libatomic1 libstdc++6',
    );
    process.exit(1);
  }
} else if (existsSync(packages) && isTooOld(process.versions.node)) {
  console.error(
    `No packaged Node is installed for ${process.platform}-${process.arch}, and this Node is ${process.versions.node}. ` +
      `Install Node ${oldestNode} or newer, or run npm ci with its optional packages.`,
  );
  process.exit(1);
}
