// Finds strings that no screen shows. A string counts as used where a file reads it by name and also names its group.

import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en } from '../../admin-ui/strings-en.ts';

const FOLDER = new URL('../../admin-ui/', import.meta.url);
const files = globSync('**/*.{ts,tsx}', { cwd: FOLDER }).map((file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  // Of the strings themselves, only what one of them reads from another: `en.actionLog.undoOf`.
  return /^strings/.test(file) ? (text.match(/\b(?:en|ko)\.[\w.]+/g) ?? []).join('\n') : text;
});

/** Paths of all strings; a group that is read by a value (`states[state]`) counts as one. */
function pathsIn(strings: object, above: string[]): string[][] {
  return Object.entries(strings).flatMap(([name, value]) => {
    const path = [...above, name];
    const isReadByValue = files.some((text) => new RegExp(`\\.${name}(?:\\)|\\.\\w+)?\\[`).test(text));
    const isGroup = typeof value === 'object' && value !== null && !isReadByValue;
    return isGroup ? pathsIn(value, path) : [path];
  });
}

function isUsed(path: string[]): boolean {
  const [name = '', group = ''] = path.toReversed();
  const read = new RegExp(`\\.${name}\\b|\\{[^{}=;]*\\b${name}\\b[^{}=;]*\\}(?:: \\w+)? =|\\['${name}'\\]`);
  return files.some((text) => read.test(text) && (group === '' || new RegExp(`\\b${group}\\b`).test(text)));
}

test('every string of the console is used by a screen', () => {
  const paths = pathsIn(en, []);
  expect(paths.length).toBeGreaterThan(200);
  expect(paths.filter((path) => !isUsed(path)).map((path) => path.join('.'))).toEqual([]);
});
