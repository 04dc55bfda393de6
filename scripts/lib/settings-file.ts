// Settings in one file, a line `NAME=value` each, as systemd's `EnvironmentFile` and `docker --env-file` read them. A variable that
// is set in the environment wins.

import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { SettingsError } from '../../worker/settings.ts';

/** @param known names of settings: a misspelt one would have no effect. @throws SettingsError */
export function settingsOfFile(file: string, known: readonly string[]): Record<string, string> {
  const text = readText(file);
  const settings = parseEnv(text) as Record<string, string>;
  const problems = Object.keys(settings)
    .filter((name) => !known.includes(name))
    .map((name) => `${file}: ${name} is not a setting. Remove the line, or correct the name; --help lists all.`);
  const lines = text.split('\n').entries();
  for (const [index, line] of lines) {
    if (/^\s*(?:#|$)|=/.test(line) || isInQuotes(text, index)) continue;
    problems.push(`${file}, line ${index + 1}: it has no "=". Write NAME=value, or begin the line with #.`);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/** Whether every user of the machine can read it. */
export function isReadableByAll(file: string): boolean {
  return (statSync(file).mode & 0o004) !== 0;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError([`${error instanceof Error ? error.message : error}. --config names a file of settings.`]);
  }
}

/** A quoted value may go over several lines, as JSON does. */
function isInQuotes(text: string, index: number): boolean {
  const before = text.split('\n').slice(0, index).join('\n');
  return ["'", '"', '`'].some((quote) => before.split(quote).length % 2 === 0);
}
