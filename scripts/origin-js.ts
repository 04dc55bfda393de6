// `npm run origin-js -- FOLDER`: writes the admission check of origin/ as plain JavaScript for Node 20 and newer into a folder of
// the site, one file for each, readable and without dependencies but `jose`.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transform } from 'esbuild';
import { runCommand } from './lib/run-command.ts';

const USAGE = 'Usage: npm run origin-js -- FOLDER   (for example ../site/fairgate)';

const ORIGIN = resolve(import.meta.dirname, '../origin');

await runCommand(async () => {
  const [folder, ...more] = process.argv.slice(2);
  if (folder === undefined || more.length > 0) throw new Error(USAGE);
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(ORIGIN).filter((file) => file.endsWith('.ts'));
  for (const file of files) {
    const { code } = await transform(readFileSync(join(ORIGIN, file), 'utf8'), {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      // Keeps imports of values alone: imports of types would fail in JavaScript.
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    const javaScript = code.replaceAll(/(from ")(\.\/[\w-]+)\.ts(")/g, '$1$2.js$3');
    writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), javaScript);
  }
  console.log(`Wrote ${files.length} files into ${resolve(folder)}. Install jose in the site: npm install jose`);
});
