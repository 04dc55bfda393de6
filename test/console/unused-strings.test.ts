// A word that no screen says is one that nobody keeps true. Each has to be said in a file that also names the group it is of.

import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en } from '../../admin-ui/strings-en.ts';

const FOLDER = new URL('../../admin-ui/', import.meta.url);
const isWords = (file: string) => /^words/.test(file);
const files = globSync('**/*.{ts,tsx}', { cwd: FOLDER }).map((file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  // Of the words themselves only what one of them takes from another: `en.deeds.back`.
  return isWords(file) ? (text.match(/\b(?:en|ko)\.[\w.]+/g) ?? []).join('\n') : text;
});

/** Paths of all words; what is looked up by a value (`states[state]`) counts as one. */
function pathsIn(words: object, above: string[]): string[][] {
  return Object.entries(words).flatMap(([name, word]) => {
    const path = [...above, name];
    const isLookedUp = files.some((text) => new RegExp(`\\b${name}(?:\\)|\\.\\w+)?\\[`).test(text));
    return typeof word === 'object' && word !== null && !isLookedUp ? pathsIn(word, path) : [path];
  });
}

const isSaid = (path: string[]) => {
  const [name = '', group] = path.toReversed();
  const says = new RegExp(`[.?]\\b${name}\\b|\\b${name}: [a-z]\\w+ }|[{,] ${name}[,} ]|\\['${name}'\\]`);
  return files.some((text) => says.test(text) && (group === undefined || new RegExp(`\\b${group}\\b`).test(text)));
};

test('every word of the console is said somewhere', () => {
  const paths = pathsIn(en, []);
  expect(paths.length).toBeGreaterThan(200);
  expect(paths.filter((path) => !isSaid(path)).map((path) => path.join('.'))).toEqual([]);
});
