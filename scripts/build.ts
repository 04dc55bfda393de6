// `npm run build`: bundles the worker into dist/worker.js, the one file that workerd, wrangler and the tests run. Scripts and
// styles for browsers are bundled first and become text in the worker, because workerd serves no files. Also what commands need.

import { createHash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

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

/** Writes dist/worker.js and returns its path. */
export function buildWorker(): Promise<string> {
  return written('worker.js', {
    entryPoints: [resolve(root, 'worker/index.ts')],
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
  });
}

/** Writes dist/maintenance-worker.js, which reads and fills what Durable Objects store. */
export function buildMaintenanceWorker(): Promise<string> {
  return written('maintenance-worker.js', {
    entryPoints: [resolve(root, 'worker/store/durable-objects/maintenance-worker.ts')],
    bundle: true,
    format: 'esm',
    external: ['cloudflare:*'],
    target: 'es2024',
  });
}

/** Style and script that reports as HTML files carry, by their names in dist/. */
const REPORT_PARTS = {
  'report.css': 'scripts/rehearsal/report.css',
  'report-cursor.js': 'scripts/rehearsal/report-cursor.ts',
} as const;

export async function buildReportPart(part: keyof typeof REPORT_PARTS): Promise<string> {
  return written(part, {
    entryPoints: [resolve(root, REPORT_PARTS[part])],
    bundle: true,
    minify: true,
    format: 'iife',
    charset: 'utf8',
    tsconfigRaw: {},
  });
}

/** Each file is replaced as a whole, because another process may build or read it at the same time. */
async function written(name: string, options: BuildOptions): Promise<string> {
  const file = resolve(root, 'dist', name);
  const outfile = `${file}.${process.pid}`;
  await build({ ...options, outfile, logLevel: 'warning' });
  renameSync(outfile, file);
  return file;
}

if (import.meta.main) await buildWorker();
