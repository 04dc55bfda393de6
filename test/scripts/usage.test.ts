// Each command of package.json that a person runs says by `--help` what it does, and does nothing else; an option that it does not
// know ends it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Run by npm, or without anything to say. */
const NOT_FOR_PEOPLE = ['postinstall', 'build', 'test'];

const COMMANDS = Object.entries(scripts).flatMap(([name, command]) => {
  const [, options = '', file] = /^(?:exec )?node (--\S+ )?(\S+)$/.exec(command) ?? [];
  return file === undefined || NOT_FOR_PEOPLE.includes(name) ? [] : [{ name, file, options: options.trim() }];
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-usage-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('there are commands', () => {
  expect(COMMANDS.map(({ name }) => name)).toEqual(expect.arrayContaining(['start', 'bench', 'keys', 'rehearse']));
});

describe.each(COMMANDS)('npm run $name', ({ name, file, options }) => {
  const run = (argument: string) => {
    const args = [...(options === '' ? [] : [options]), join(ROOT, file), argument];
    return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  };

  it('explains itself by --help, and writes nothing', () => {
    const { status, stdout, stderr } = run('--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(name === 'start' ? /^npm start/ : new RegExp(`npm run ${name}`));
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(name !== 'deploy')('refuses an option that it does not know, without a stack', () => {
    const { status, stdout, stderr } = run('--unknown');
    expect(status).toBeGreaterThan(0);
    expect(stdout + stderr).not.toMatch(/^ {4}at /m);
    expect(stdout + stderr).toMatch(/unknown|Usage/);
    expect(readdirSync(folder)).toEqual([]);
  });
});
