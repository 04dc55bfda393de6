// `npm run build`: bundles the worker into dist/worker.js, the one file that workerd, wrangler and the tests run. Scripts and
// styles for browsers are bundled first and become text in the worker, because workerd serves no files.

import { createHash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');

/** `import text, { sha256 } from './x.tsx?bundle'`: the minified browser bundle of x and its digest for a CSP source. */
export const browserBundles: Plugin = {
  name: 'browser-bundles',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?bundle$/ }, ({ path, importer }) => ({
      path: resolve(dirname(importer), path.slice(0, -'?bundle'.length)),
      namespace: 'browser',
    }));
    onLoad({ filter: /.*/, namespace: 'browser' }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        entryPoints: [path],
        absWorkingDir: root,
        bundle: true,
        minify: true,
        write: false,
        metafile: true,
        format: 'iife',
        target: ['es2022', 'chrome100', 'safari15.4', 'firefox100'],
        jsx: 'automatic',
        // Visitors' pages have a JSX runtime of their own, which is smaller; a tsconfig would name the server's.
        jsxImportSource: path.startsWith(resolve(root, 'worker/pages'))
          ? resolve(root, 'worker/pages/jsx')
          : 'hono/jsx/dom',
        tsconfigRaw: {},
        charset: 'utf8',
        legalComments: 'none',
      });
      const text = (outputFiles[0]?.text ?? '').trim();
      const sha256 = createHash('sha256').update(text).digest('base64');
      return {
        contents: `export default ${JSON.stringify(text)}; export const sha256 = ${JSON.stringify(sha256)};`,
        watchFiles: Object.keys(metafile.inputs).map((file) => resolve(root, file)),
      };
    });
  },
};

/** Writes dist/worker.js and returns its path. It is replaced as a whole, because a gateway may start at the same time. */
export async function buildWorker(): Promise<string> {
  const file = resolve(root, 'dist/worker.js');
  const outfile = `${file}.${process.pid}`;
  await build({
    entryPoints: [resolve(root, 'worker/index.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    target: 'es2024',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    plugins: [browserBundles],
    logLevel: 'warning',
  });
  renameSync(outfile, file);
  return file;
}

if (import.meta.main) await buildWorker();
