// What docs/deploy.md says of wrangler.toml is accepted by wrangler, and without it nobody reaches the gate at Cloudflare.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const CONFIGURATION = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
const EXAMPLES = [...readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8').matchAll(/^ *```toml\n(.*?)^ *```$/gms)];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-routes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('the worker has no address on workers.dev, and none for each version', () => {
  expect(CONFIGURATION).toMatch(/^workers_dev = false$/m);
  expect(CONFIGURATION).toMatch(/^preview_urls = false$/m);
});

describe('each example of docs/deploy.md', () => {
  it.each(EXAMPLES.map(([, text = '']) => text.replaceAll(/^ {3}/gm, '').trim()))('%s', (example) => {
    const config = join(folder, 'wrangler.toml');
    const whole = CONFIGURATION.replace('"dist/worker.js"', JSON.stringify(join(ROOT, 'dist/worker.js')))
      .replace(/^\[build\]\ncommand = .*\n/m, '')
      .replace('\n[vars]', `\n${example}\n\n[vars]`);
    expect(whole).toContain(example);
    writeFileSync(config, whole);
    const args = ['deploy', '--dry-run', '--env=', '--config', config];
    const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/wrangler'), args, {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('--dry-run: exiting now.')]);
    expect(`${stdout}${stderr}`).not.toMatch(/warning|unexpected/i);
  });
});

/** The lines of a section of wrangler.toml, as TOML has them: arrays of tables by their headings. */
function tables(prefix: string): string[] {
  return CONFIGURATION.split(/^(?=\[)/m)
    .filter((section) => section.startsWith(`[[${prefix}durable_objects`) || section.startsWith(`[${prefix}vars]`))
    .map((section) => section.replace(prefix, '').replaceAll(/^#.*\n|^\n/gm, ''));
}

it('staging has the bindings and variables of the real one, no route of it, and is accepted by wrangler', () => {
  expect(tables('env.staging.').toSorted()).toEqual(tables('').toSorted());
  expect(CONFIGURATION).toMatch(/^\[env\.staging\]\nroutes = \[\]$/m);
  const { status, output } = deploy({}, ['--env', 'staging']);
  expect([status, output]).toEqual([0, expect.stringContaining('--dry-run: exiting now.')]);
  for (const binding of ['ROOM_OBJECTS', 'DIRECTORY_OBJECTS', 'RELAY_OBJECTS', 'RELAYS', 'PUBLIC_URL']) {
    expect(output).toContain(`env.${binding}`);
  }
  expect(output).not.toMatch(/warning/i);
});

/** `npm run deploy -- --dry-run`, in this repository's folder. @param bin where wrangler is */
function deploy(variables: Record<string, string>, args: string[], bin = join(ROOT, 'node_modules/.bin')) {
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env['PATH']}`,
    PUBLIC_URL: 'https://booking.example',
    ROOMS: '[]',
    ...variables,
  };
  const command = [join(ROOT, 'scripts/deploy.ts'), '--dry-run', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, env, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

describe('rooms that are more than a variable holds', () => {
  const room = (index: number) => ({
    id: `room-${index}`,
    title: { ko: '방', en: 'Room' },
    hosts: [`room-${index}.example`],
    origin: 'https://site.example',
    schedule: { opensAt: '2027-01-01T00:00:00Z' },
    policy: { newUsersPerMinute: 60, totalActiveUsers: 100, sessionMinutes: 5 },
  });
  const many = Array.from({ length: 40 }, (_, index) => room(index));

  it('are left out, which is said with what to do', () => {
    // In its place a program that prints its arguments: wrangler hides the values of variables.
    writeFileSync(join(folder, 'wrangler'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    const { status, output } = deploy({ ROOMS: JSON.stringify(many) }, [], folder);
    expect([status, output]).toEqual([0, expect.stringContaining('npm run rooms -- apply rooms.json --url ADDRESS')]);
    expect(output.split('\n')).toEqual(expect.arrayContaining(['--env=', 'ROOMS:[]']));
  });

  it('are checked all the same', () => {
    const wrong = many.map((one, index) => (index === 39 ? { ...one, origin: 'site' } : one));
    const { status, output } = deploy({ ROOMS: JSON.stringify(wrong) }, []);
    expect([status, output]).toEqual([1, expect.stringContaining('room-39')]);
  });
});
