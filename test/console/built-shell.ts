// The console bundled as the worker bundles it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { browserBundles } from '../../scripts/build.ts';

export type Shell = typeof import('../../admin-ui/shell.ts');

export async function buildShell(): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), 'fairgate-console-'));
  const outfile = join(folder, 'shell.mjs');
  await build({
    entryPoints: [resolve(import.meta.dirname, '../../admin-ui/shell.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    plugins: [browserBundles],
    logLevel: 'warning',
  });
  const shell: Shell = await import(pathToFileURL(outfile).href);
  await rm(folder, { recursive: true });
  return shell;
}
