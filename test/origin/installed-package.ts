// The package as a site has it: packed as `npm run build:origin` packs it, and installed from the tarball without a network.

import { execFile } from 'node:child_process';
import { globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

/**
 * @param folder gets the tarball
 * @param site an empty folder, which becomes a package that has it installed
 * @param frameworks of the project's own packages, for the site too
 */
export async function installPackage(folder: string, site: string, frameworks: readonly string[]): Promise<void> {
  const built = await run(process.execPath, [join(ROOT, 'scripts/build-origin.ts'), folder]);
  const [tarball = ''] = globSync('*.tgz', { cwd: folder }).map((file) => join(folder, file));
  expect(built.stdout).toContain(tarball);
  writeFileSync(join(site, 'package.json'), '{ "name": "site", "private": true }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: site });
  for (const name of frameworks) {
    const link = join(site, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
}
