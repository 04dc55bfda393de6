// Code of the pages, bundled like in the worker.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { browserBundles } from '../../scripts/build.ts';

/** @param entry a file of worker/pages. @returns the module */
export async function bundled<Module>(entry: string): Promise<Module> {
  const folder = await mkdtemp(join(tmpdir(), 'fairgate-pages-'));
  const outfile = join(folder, 'bundle.mjs');
  await build({
    entryPoints: [resolve(import.meta.dirname, '../../worker/pages', entry)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    plugins: [browserBundles],
    logLevel: 'warning',
  });
  const module: Module = await import(pathToFileURL(outfile).href);
  await rm(folder, { recursive: true });
  return module;
}
