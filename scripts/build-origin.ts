// `npm run build:origin`: packs `@fairgate/origin`, what a site installs, as a tarball that `npm install` takes. Every file of origin/
// becomes one file for `import` and one for `require`, readable and with its types; `exports` in origin/package.json names the sources.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { transform } from 'esbuild';
import { runCommand } from './lib/run-command.ts';

const USAGE = `npm run build:origin -- [FOLDER]
Packs @fairgate/origin for sites: FOLDER/fairgate-origin-VERSION.tgz (FOLDER: dist). Then, in the site: npm install FILE. See docs/origin.md`;

const ROOT = resolve(import.meta.dirname, '..');
const ORIGIN = join(ROOT, 'origin');

/** Module formats, and the field `type` of the package.json beside their files. */
const FORMATS = { esm: 'module', cjs: 'commonjs' } as const;

interface Manifest extends Record<string, unknown> {
  name: string;
  version: string;
  exports: Record<string, string>;
}

await runCommand(async () => {
  const [folder = join(ROOT, 'dist'), ...more] = process.argv.slice(2);
  if (folder.startsWith('-') || more.length > 0) throw new Error(`Usage: ${USAGE}`);
  const staged = mkdtempSync(join(tmpdir(), 'fairgate-origin-'));
  try {
    await stage(staged);
    mkdirSync(folder, { recursive: true });
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', resolve(folder)], {
      cwd: staged,
      encoding: 'utf8',
    });
    console.log(`Packed ${join(resolve(folder), packed.trim())}. In the site: npm install FILE`);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}, USAGE);

/** Writes the package's files into an empty folder. */
async function stage(folder: string): Promise<void> {
  const sources = readdirSync(ORIGIN).filter((name) => name.endsWith('.ts'));
  const declarations = mkdtempSync(join(tmpdir(), 'fairgate-types-'));
  emitDeclarations(declarations);
  for (const [format, type] of Object.entries(FORMATS)) {
    const target = join(folder, 'dist', format);
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'package.json'), `${JSON.stringify({ type })}\n`);
    for (const source of sources) {
      const name = source.slice(0, -'.ts'.length);
      writeFileSync(join(target, `${name}.js`), await javaScript(source, format as keyof typeof FORMATS));
      const types = readFileSync(join(declarations, 'origin', `${name}.d.ts`), 'utf8');
      writeFileSync(join(target, `${name}.d.ts`), withJsNames(types));
    }
  }
  rmSync(declarations, { recursive: true });
  for (const name of ['README.md', 'CHANGELOG.md', 'other-languages']) {
    if (existsSync(join(ORIGIN, name))) cpSync(join(ORIGIN, name), join(folder, name), { recursive: true });
  }
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  const manifest = JSON.parse(readFileSync(join(ORIGIN, 'package.json'), 'utf8')) as Manifest;
  const packaged = {
    ...manifest,
    exports: builtExports(manifest.exports),
    typesVersions: olderTypes(manifest.exports),
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packaged, null, 2)}\n`);
}

function emitDeclarations(folder: string): void {
  const flags = ['--composite', 'false', '--incremental', 'false', '--outDir', folder];
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', ORIGIN, ...flags], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function javaScript(source: string, format: keyof typeof FORMATS): Promise<string> {
  const { code } = await transform(readFileSync(join(ORIGIN, source), 'utf8'), {
    loader: 'ts',
    format,
    target: 'node18',
    platform: 'node',
    // Keeps imports of values alone: imports of types would fail in JavaScript.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return withJsNames(code);
}

/** What is imported from a file beside it: by its name in the package. */
function withJsNames(code: string): string {
  return code.replaceAll(/((?:from|require\(|import\()\s*['"]\.\/[\w-]+)\.ts(?=['"])/g, '$1.js');
}

function builtExports(sources: Record<string, string>): Record<string, unknown> {
  const conditions = (name: string, format: keyof typeof FORMATS) => ({
    types: `./dist/${format}/${name}.d.ts`,
    default: `./dist/${format}/${name}.js`,
  });
  const built = Object.entries(sources).map(([path, source]) => {
    const name = nameOf(source);
    return [path, { import: conditions(name, 'esm'), require: conditions(name, 'cjs') }];
  });
  return { ...Object.fromEntries(built), './package.json': './package.json' };
}

/** For TypeScript with `moduleResolution: node`, which does not read `exports`. */
function olderTypes(sources: Record<string, string>): Record<string, unknown> {
  const paths = Object.entries(sources).filter(([path]) => path !== '.');
  return {
    '*': Object.fromEntries(paths.map(([path, source]) => [path.slice(2), [`dist/cjs/${nameOf(source)}.d.ts`]])),
  };
}

function nameOf(source: string): string {
  return source.slice('./'.length, -'.ts'.length);
}
