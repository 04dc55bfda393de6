// `npm run origin-js -- FOLDER`: writes the admission check of origin/ as plain JavaScript for Node 20 and newer into a folder of
// the site, one file for each, readable and without dependencies but `jose`.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transform } from 'esbuild';
import { runCommand } from './lib/run-command.ts';

const USAGE = 'Usage: npm run origin-js -- FOLDER   (for example ../site/fairgate)';

const ORIGIN = resolve(import.meta.dirname, '../origin');

await runCommand(async () => {
  const [folder, ...more] = process.argv.slice(2);
  if (folder === undefined || folder.startsWith('-') || more.length > 0) throw new Error(USAGE);
  mkdirSync(folder, { recursive: true });
  // For a site whose own files are CommonJS; one that is there stays.
  const description = join(folder, 'package.json');
  if (!existsSync(description)) writeFileSync(description, `${JSON.stringify({ type: 'module' }, null, 2)}\n`);
  const written: string[] = [];
  for (const file of readdirSync(ORIGIN).filter((name) => name.endsWith('.ts'))) {
    const { code } = await transform(readFileSync(join(ORIGIN, file), 'utf8'), {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      // Keeps imports of values alone: imports of types would fail in JavaScript.
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    if (code.trim() === '') continue; // Types alone.
    const javaScript = code.replaceAll(/(from ")(\.\/[\w-]+)\.ts(")/g, '$1$2.js$3');
    written.push(file.replace(/\.ts$/, '.js'));
    writeFileSync(join(folder, written.at(-1) ?? ''), javaScript);
  }
  console.log(`Wrote ${written.join(', ')} into ${resolve(folder)}. Install jose in the site: npm install jose`);
}, USAGE);
