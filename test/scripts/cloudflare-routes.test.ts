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
    const args = ['deploy', '--dry-run', '--config', config];
    const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/wrangler'), args, {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('--dry-run: exiting now.')]);
    expect(`${stdout}${stderr}`).not.toMatch(/warning|unexpected/i);
  });
});

it('rooms that are more than a variable holds are refused before anything is uploaded, with what to do', () => {
  const room = (index: number) => ({
    id: `room-${index}`,
    title: { ko: '방', en: 'Room' },
    hosts: [`room-${index}.example`],
    origin: 'https://site.example',
    schedule: { opensAt: '2027-01-01T00:00:00Z' },
    policy: { newUsersPerMinute: 60, totalActiveUsers: 100, sessionMinutes: 5 },
  });
  const env = {
    ...process.env,
    PUBLIC_URL: 'https://booking.example',
    ROOMS: JSON.stringify(Array.from({ length: 40 }, (_, index) => room(index))),
  };
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/deploy.ts'), '--dry-run'], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([1, expect.stringContaining('npm run rooms -- apply rooms.json --url ADDRESS')]);
});
