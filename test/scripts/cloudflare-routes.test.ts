// What docs/deploy.md and wrangler.toml say of Cloudflare is accepted by wrangler, reaches the gate alone, and staging is production with
// other names.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unstable_readConfig } from 'wrangler';

const ROOT = resolve(import.meta.dirname, '../..');
const CONFIGURATION = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
const DOCUMENT = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
const EXAMPLES = [...DOCUMENT.matchAll(/^ *```toml\n(.*?)^ *```$/gms)];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-routes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (env: string, config = join(ROOT, 'wrangler.toml')) => unstable_readConfig({ config, env });

/** wrangler.toml with the worker that is built, and nothing built again. */
function written(text: string): string {
  const config = join(folder, 'wrangler.toml');
  const whole = text
    .replace('"dist/worker.js"', JSON.stringify(join(ROOT, 'dist/worker.js')))
    .replace(/^\[build\]\ncommand = .*\n/m, '');
  writeFileSync(config, whole);
  return config;
}

function wrangler(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/wrangler'), args, {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

it('the worker has no address on workers.dev, and none for each version', () => {
  for (const environment of ['', 'staging']) {
    expect(read(environment)).toMatchObject({ workers_dev: false, preview_urls: false });
  }
});

describe('each example of docs/deploy.md', () => {
  const examples = EXAMPLES.map(([, text = '']) => text.replaceAll(/^ {3}/gm, '').trim());
  it('is there', () => expect(examples.length).toBeGreaterThan(3));

  it.each(examples)('%s', (example) => {
    const [, environment = ''] = /^# In \[env\.(\w+)\]/.exec(example) ?? [];
    const isVariables = /^# In \[(?:env\.\w+\.)?vars\]/.test(example);
    const place = `\n[${environment === '' ? '' : `env.${environment}.`}vars]\n`;
    expect(CONFIGURATION).toContain(place);
    const whole = isVariables
      ? CONFIGURATION.replace(place, `${place}${example}\n`)
      : environment === ''
        ? CONFIGURATION.replace(place, `\n${example}\n${place}`)
        : CONFIGURATION.replace('\nroutes = []\n', `\n${example}\n`);
    expect(whole).toContain(example);
    const config = written(whole);
    for (const command of [['deploy'], ['versions', 'upload']]) {
      const { status, output } = wrangler(...command, '--dry-run', '--config', config, `--env=${environment}`);
      expect([status, output]).toEqual([0, expect.stringContaining('--dry-run: exiting now.')]);
      expect(output).not.toMatch(/warning|unexpected/i);
    }
  });
});

describe('staging', () => {
  it('is production with another name, and without its routes', () => {
    const config = written(
      CONFIGURATION.replace(
        '\n[vars]',
        '\nroutes = [{ pattern = "booking.example/*", zone_name = "booking.example" }]\n\n[vars]',
      ),
    );
    const [production, staging] = [read('', config), read('staging', config)];
    expect(production.routes).toHaveLength(1);
    const own = { name: 'fairgate-staging', targetEnvironment: 'staging', routes: [] };
    expect(staging).toMatchObject(own);
    expect({ ...staging, ...own }).toEqual({ ...production, ...own });
    // Names of variables are the same, also where a value differs.
    expect(Object.keys(staging.vars)).toEqual(Object.keys(production.vars));
    // Objects of its own: a script would name another worker's.
    for (const binding of staging.durable_objects.bindings) expect(binding).not.toHaveProperty('script_name');
  });

  it('repeats what wrangler does not hand down, which docs/deploy.md lists', () => {
    const [before = ''] = CONFIGURATION.split('\n[env.staging]\n');
    const { output } = wrangler(
      'deploy',
      '--dry-run',
      '--config',
      written(`${before}\n[env.staging]\n`),
      '--env=staging',
    );
    const missed = [...output.matchAll(/since "(\w+)" (?:configuration )?is not inherited/g)].map(([, key]) => key);
    const [, row = ''] = /^\| not handed down[^|]*\|(.*)\|$/m.exec(DOCUMENT) ?? [];
    const listed = [...row.matchAll(/`(\w+)`/g)].map(([, key]) => key);
    expect(missed.length).toBeGreaterThan(0);
    expect(listed).toEqual(expect.arrayContaining(missed));
    const used = new Set([...before.matchAll(/^\[+(\w+)/gm)].map(([, key]) => key));
    expect(missed.toSorted()).toEqual(listed.filter((key) => used.has(key ?? '')).toSorted());
  });
});
