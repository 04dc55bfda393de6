// The documents against the repository: links, commands and paths that a reader would follow, and the map in ARCHITECTURE.md.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });
const FOLDERS = ['admin-ui', 'docs', 'origin', 'queue-core', 'scripts', 'test', 'worker'];
const { scripts, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

const textOf = (document: string) => readFileSync(join(ROOT, document), 'utf8');
const withoutFences = (text: string) => text.replaceAll(/^```.*?^```/gms, '');
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

/** Anchors as GitHub derives them from headings. */
function anchorsIn(document: string): string[] {
  const headings = matches(withoutFences(textOf(document)), /^#{1,6} (.+)$/gm);
  return headings.map((heading) => {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    return plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
  });
}

function isBroken(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(join(ROOT, target))) return true;
  return anchor !== undefined && !anchorsIn(target).includes(anchor);
}

describe.each(DOCUMENTS)('%s', (document) => {
  const text = textOf(document);

  it('has no relative link that leads nowhere', () => {
    const links = matches(withoutFences(text), /\]\(([^)\s]+)\)/g).filter((link) => !/^[a-z]+:/.test(link));
    expect(links.filter((link) => isBroken(document, link))).toEqual([]);
  });

  it('shows no picture that is not there', () => {
    const pictures = matches(text, /<img [^>]*src="([^"]+)"/g);
    expect(pictures.filter((picture) => isBroken(document, picture))).toEqual([]);
  });

  it('has as many cells in each row of a table as in its head', () => {
    const cells = (row: string) => row.replaceAll('\\|', '').split('|').length;
    const tables = withoutFences(text).match(/(?:^\|.*\|$\n?)+/gm) ?? [];
    const uneven = tables.flatMap((table) => {
      const [head = '', ...rows] = table.trimEnd().split('\n');
      return rows.filter((row) => cells(row) !== cells(head));
    });
    expect(uneven).toEqual([]);
  });

  it('calls a linked decision by its number', () => {
    const links = [...text.matchAll(/\[(?:decision )?(\d+)\]\([^)]*?\/?0*(\d+)-[\w-]+\.md\)/g)];
    expect(links.filter(([, label, number]) => label !== number).map(([link]) => link)).toEqual([]);
  });

  it('names no npm script that package.json does not have', () => {
    const named = matches(text, /npm run (?:--silent )?([a-z][\w:-]*)/g);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names no path of the repository that is not there', () => {
    const quoted = matches(withoutFences(text), /`([^`\n]+)`/g);
    const paths = quoted.filter(
      (path) => FOLDERS.includes(path.split('/')[0] ?? '') && /^[\w.-]+(?:\/[\w.-]*)+$/.test(path),
    );
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

const SOURCES = globSync(['worker/**/*.ts', 'queue-core/**/*.ts', 'origin/*.ts'], { cwd: ROOT }).map(textOf).join('\n');

it('docs/debugging.md quotes log lines that the gateway writes', () => {
  const [table = ''] = /^\| log line contains \|(?:.*\n\|)+/m.exec(textOf('docs/debugging.md')) ?? [];
  const quoted = matches(table, /^\| `([^`]+)` \|/gm);
  expect(quoted.length).toBeGreaterThan(0);
  expect(quoted.filter((line) => !SOURCES.includes(line))).toEqual([]);
});

it('every term of ARCHITECTURE.md is explained once', () => {
  const [table = ''] = /^\| term \|(?:.*\n\|)+/m.exec(textOf('ARCHITECTURE.md')) ?? [];
  const terms = matches(table, /^\| ([^|]+) \|/gm);
  expect(terms.length).toBeGreaterThan(10);
  expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
});

it('every metric named in a document exists', () => {
  // After these characters it is a name of nginx.
  const named = DOCUMENTS.flatMap((document) => matches(textOf(document), /(?<![$@\w])(fairgate_[a-z_]+)/g));
  expect([...new Set(named)].filter((name) => !SOURCES.includes(name))).toEqual([]);
});

it('every decision record is linked in ARCHITECTURE.md', () => {
  const records = DOCUMENTS.filter((document) => document.startsWith('docs/decisions/'));
  expect(records.filter((record) => !textOf('ARCHITECTURE.md').includes(`(${record})`))).toEqual([]);
});

it('every document that a source file names exists', () => {
  const files = globSync(`{${FOLDERS.join(',')}}/**/*.{ts,tsx,css,capnp}`, { cwd: ROOT });
  const named = [...files, 'wrangler.toml', 'package.json'].flatMap((file) =>
    matches(textOf(file), /\b(docs\/[\w/-]+\.md)/g),
  );
  expect([...new Set(named)].filter((document) => !existsSync(join(ROOT, document)))).toEqual([]);
});

it('.nvmrc names the packaged Node', () => {
  expect([...new Set(Object.values(optionalDependencies))]).toEqual([textOf('.nvmrc').trim()]);
});

it.each(['worker', 'queue-core'])(
  'the map in ARCHITECTURE.md lists every source file of %s/, and no other',
  (folder) => {
    const sections = textOf('ARCHITECTURE.md').split(/^#{2,} /m);
    const listed = sections.flatMap((section) => {
      const [, base] = /^`([\w/-]+\/)`/.exec(section) ?? [];
      if (base === undefined) return [];
      const firstCells = matches(section, /^\| (`[^|]+`) \|/gm);
      return firstCells.flatMap((cell) => matches(cell, /`([^`]+)`/g).map((name) => join(base, name)));
    });
    const files = globSync(`${folder}/**/*.{ts,tsx,css}`, { cwd: ROOT }).filter((file) => !file.endsWith('.d.ts'));
    expect(listed.filter((file) => file.startsWith(`${folder}/`)).toSorted()).toEqual(files.toSorted());
  },
);
