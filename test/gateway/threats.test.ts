// docs/threats.md names a test for each threat. This checks that the tests exist under those names.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const rows = readFileSync(resolve(root, 'docs/threats.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| threat |'))
  .map((line) => line.slice(2, -2).split(' | '));

it('docs/threats.md has a threat, an outcome and tests in each row', () => {
  const text = expect.stringMatching(/\S/);
  expect(rows.length).toBeGreaterThan(40);
  for (const row of rows) expect(row).toEqual([text, text, text]);
});

it('every test that docs/threats.md names exists in the sources', () => {
  const tests = rows.flatMap(([, , cell = '']) => cell.split('<br>'));
  const missing = tests.filter((test) => {
    const [, file = '', title = ''] = /^(\S+\.test\.tsx?): (.+)$/.exec(test) ?? [];
    return !titlesIn(file).includes(title);
  });
  expect(missing).toEqual([]);
});

/** Titles of the tests in a file under test/, each after the title of its `describe`, as `vitest -t` matches them. */
function titlesIn(file: string): string[] {
  const path = resolve(root, 'test', file);
  if (!file.endsWith('.ts') || !existsSync(path)) return [];
  const blocks = readFileSync(path, 'utf8').matchAll(
    /^( *)(describe|it|test)(?:\.concurrent)?(?:\.each\([\s\S]*?\))?\(\s*'((?:[^'\\]|\\.)*)'/gm,
  );
  let suite = '';
  return [...blocks].flatMap(([, indent, kind, title]) => {
    if (kind === 'describe') suite = title ?? '';
    if (kind === 'describe') return [];
    return [indent === '' ? `${title}` : `${suite} ${title}`];
  });
}
