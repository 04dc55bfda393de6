// The structure of the repository, read from its sources as text: no import cycles, no two files of one name, no unused file,
// and no text in the words that the project has given up.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const PRODUCT = ['queue-core', 'worker', 'admin-ui', 'origin', 'scripts'];

/** What .gitignore names: installed, built or written at run time. */
const IGNORED =
  /^(?:node_modules|dist|build|\.git|\.vitest|\.wrangler|\.fairgate.*|.*\.tsbuildinfo|(?:rehearsal|simulation).*\.html)$/;
const BINARY = /\.png$/;

/** Files that share a name because they have the same role in different parts. */
const SAME_ROLE = [
  // The texts of a part, in its languages.
  ['worker/pages/strings.ts', 'admin-ui/strings.ts', 'origin/demo/strings.ts'],
  ['worker/pages/strings-en.ts', 'admin-ui/strings-en.ts'],
  ['worker/pages/strings-ko.ts', 'admin-ui/strings-ko.ts'],
  // What a part looks like.
  ['worker/pages/style.css', 'admin-ui/style.css'],
  // One test on two stores.
  ['test/gateway/schema-0.test.ts', 'test/redis/schema-0.test.ts'],
];

/** Files that no other file imports, and who uses them. */
const ENTRY_POINTS: Record<string, string> = {
  'worker/index.ts': 'the worker itself: wrangler.toml and scripts/build.ts name it',
  'worker/bundle.d.ts': 'types of modules that the build makes; tsconfig.json includes it',
  'worker/http/node-zlib.d.ts': 'types of one module of the runtime; tsconfig.json includes it',
  'worker/store/memory-store.ts': 'the reference store that tests hold the others against',
  'origin/fairgate-origin.ts': 'the package’s main entry: origin/package.json names it',
  'origin/fastify.ts': 'an entry of the package: origin/package.json names it',
  'origin/next-proxy.ts': 'an entry of the package: origin/package.json names it',
  'origin/node.ts': 'an entry of the package: origin/package.json names it',
  'origin/other-languages/fairgate-njs.js': 'what nginx runs before a site',
  'scripts/lib/link-node.js': 'package.json runs it after the installation',
  'scripts/lib/install-test-services.ts': 'npm test runs it first',
};

/** Everything at the top of scripts/ is what a person starts; package.json has to name it. */
const isCommand = (file: string) =>
  /^scripts\/[^/]+\.(?:ts|cjs)$/.test(file) && read('package.json').includes(`node ${file}`);

const files = filesIn(ROOT).map((file) => relative(ROOT, file));
const isCode = (file: string) => /\.(?:ts|tsx|js|cjs|css|capnp)$/.test(file);
const inProduct = (file: string) => PRODUCT.some((folder) => file.startsWith(`${folder}/`));
const product = files.filter((file) => isCode(file) && inProduct(file));

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (IGNORED.test(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : [];
  });
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Files that a file imports, types included. */
function importsOf(file: string): string[] {
  const specifiers = read(file).matchAll(
    /(?:\bfrom|\bimport\(?|\brequire\(|@import)\s*['"](\.{1,2}\/[^'"?]+)(?:\?[a-z]+)?['"]/g,
  );
  return [...specifiers].map(([, path = '']) => join(dirname(file), path));
}

/** The first cycle of imports among files, as a path that ends where it began; null: there is none. */
function cycleAmong(files: readonly string[]): string[] | null {
  const imports = new Map(files.map((file) => [file, importsOf(file).filter((target) => files.includes(target))]));
  const done = new Set<string>();
  function visit(file: string, path: readonly string[]): string[] | null {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== null) return cycle;
    }
    done.add(file);
    return null;
  }
  for (const file of files) {
    const cycle = visit(file, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

describe('imports', () => {
  test.each(PRODUCT)('%s has no cycle, types included', (folder) => {
    const cycle = cycleAmong(product.filter((file) => file.startsWith(`${folder}/`)));
    expect(cycle?.join(' -> ') ?? 'none').toBe('none');
  });

  test('every file of the product is imported, named by its path in a script, or a listed entry point', () => {
    const used = new Set(product.flatMap(importsOf));
    const texts = product.map((file) => ({ file, text: read(file) }));
    // esbuild and workerd get some files by their path.
    const isNamed = (file: string) =>
      texts.some((other) => other.file !== file && new RegExp(`['"/]${basename(file)}['"]`).test(other.text));
    const unused = product.filter(
      (file) => !used.has(file) && !(file in ENTRY_POINTS) && !isCommand(file) && !isNamed(file),
    );
    expect(unused).toEqual([]);
    expect(Object.keys(ENTRY_POINTS).filter((file) => used.has(file) || !product.includes(file))).toEqual([]);
  });
});

test('no two source files share a name, unless they have the same role in two parts', () => {
  // A style sheet or a configuration of the runtime may have the name of the module that it belongs to.
  const byName = Map.groupBy(files.filter(isCode), (file) => basename(file).replace(/\.(?:tsx?|js)$/, ''));
  const isRole = (same: string[]) => SAME_ROLE.some((role) => same.every((file) => role.includes(file)));
  expect([...byName.values()].filter((same) => same.length > 1 && !isRole(same))).toEqual([]);
});

test('every configuration of a worker names the same compatibility date', () => {
  const dates = [...files.filter(isCode), 'wrangler.toml'].flatMap((file) =>
    [...read(file).matchAll(/compatibility_?date\s*[:=]\s*['"]([\d-]+)['"]/gi)].map(([, date]) => date),
  );
  expect(dates.length).toBeGreaterThan(4);
  expect(new Set(dates).size).toBe(1);
});

/** Written so that a search for the words does not find this list. */
const GIVEN_UP = /\bwho[e]ver\b|\bwis[h](es|ed)?\b|\bdee[d]|\bso[w](n)?\b|made ane[w]|carry ou[t]|carries ou[t]/i;

test('no text uses the words of the first version', () => {
  const found = files
    .filter((file) => !BINARY.test(file) && file !== 'CHANGELOG.md')
    .flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) => (GIVEN_UP.test(line) ? [`${file}:${index + 1}: ${GIVEN_UP.exec(line)?.[0]}`] : [])),
    );
  expect(found).toEqual([]);
});
