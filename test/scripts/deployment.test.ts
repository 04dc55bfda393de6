// `npm run deploy` as a person runs it, beside a wrangler that keeps what it gets: nothing that is wrong reaches it, no secret is in its
// arguments, and another environment takes nothing of production.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SECRETS } from '../../scripts/deployment/deployment-settings.ts';
import { patternOf, type Route, routeFindings, sharedPatterns } from '../../scripts/deployment/route-coverage.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ROUTE = 'routes = [{ pattern = "booking.example/*", zone_name = "booking.example" }]';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-deployment-'));
  mkdirSync(join(folder, 'bin'));
  // It keeps its arguments, one a line, and the secrets with the permissions of their file.
  const wrangler = `#!/bin/sh
for argument in "$@"; do printf '%s\\n' "$argument" >> "${folder}/arguments"; done
while [ $# -gt 0 ]; do
  if [ "$1" = --secrets-file ]; then cp "$2" "${folder}/secrets"; stat -c %a "$2" > "${folder}/mode"; dirname "$2" > "${folder}/where"; fi
  shift
done
`;
  writeFileSync(join(folder, 'bin/wrangler'), wrangler);
  chmodSync(join(folder, 'bin/wrangler'), 0o755);
  configure({});
});
afterEach(() => rmSync(folder, { recursive: true }));

function configure({ top = ROUTE, vars = '', staging = '', stagingRoutes = 'routes = []' }): void {
  const text = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    .replace('\n[vars]\n', `\n${top}\n\n[vars]\n${vars}\n`)
    .replace('\n[env.staging.vars]\n', `\n[env.staging.vars]\n${staging}\n`)
    .replace('\nroutes = []\n', `\n${stagingRoutes}\n`);
  writeFileSync(join(folder, 'wrangler.toml'), text);
}

function deploy(args: string[], env: Record<string, string> = { PUBLIC_URL: 'https://booking.example' }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/deploy.ts'), ...args], {
    cwd: folder,
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: folder, ...env },
    encoding: 'utf8',
  });
  const file = join(folder, 'arguments');
  const given = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : null;
  return { status, stdout, stderr, given };
}

const refusal = (args: string[], env?: Record<string, string>) => {
  const { status, stderr, given } = deploy(args, env);
  expect([status, given]).toEqual([1, null]);
  return stderr;
};

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return name;
};

const room = (id: string) => ({
  id,
  title: { ko: '방', en: 'Room' },
  hosts: ['booking.example'],
  paths: [`/${id}`],
  origin: 'https://site.example',
  schedule: { opensAt: '2027-01-01T00:00:00Z' },
  policy: { newUsersPerMinute: 60, totalActiveUsers: 100, sessionMinutes: 5 },
});

const many = Array.from({ length: 40 }, (_, index) => room(`room-${index}`));

describe('variables', () => {
  it('come from wrangler.toml, and the environment goes before', () => {
    configure({ vars: 'PUBLIC_URL = "https://booking.example"' });
    expect(deploy([], {}).given).toEqual(['deploy', '--env=', '--var', 'ROOMS:[]']);
    rmSync(join(folder, 'arguments'));
    expect(deploy(['--tag', 'a'], { CONSOLE_URL: 'https://gate.example' }).given).toEqual([
      ...['deploy', '--env=', '--var', 'ROOMS:[]', '--var', 'CONSOLE_URL:https://gate.example'],
      ...['--tag', 'a'],
    ]);
  });

  it('that the gateway would not start with are refused, from either place', () => {
    configure({ vars: 'JOINS_PER_NETWORK = "many"' });
    const text = refusal([], { PUBLIC_URL: 'http://booking.example' });
    expect(text).toContain('PUBLIC_URL is http://booking.example: plain http exposes tokens');
    expect(text).toContain('JOINS_PER_NETWORK is "many"');
  });

  it('are not given past the check', () => {
    for (const option of ['--var', '--secrets-file', '--keep-vars']) {
      expect(refusal([option, 'RELAYS:999'])).toContain('would be uploaded without a check');
    }
  });
});

describe('rooms', () => {
  it('that are more than a variable holds are checked, left out, and named with what to do', () => {
    file('rooms.json', JSON.stringify(many));
    const { status, given, stdout } = deploy([]);
    const variables = ['--var', 'ROOMS:[]', '--var', 'PUBLIC_URL:https://booking.example'];
    expect([status, given]).toEqual([0, ['deploy', '--env=', ...variables]]);
    expect(stdout).toMatch(/the rooms are \d+ bytes, and a variable at Cloudflare holds 5120/);
    expect(stdout).toContain('npm run rooms -- apply rooms.json --url ADDRESS');
    rmSync(join(folder, 'arguments'));
    file('rooms.json', JSON.stringify(many.map((one, index) => (index === 39 ? { ...one, origin: 'site' } : one))));
    expect(refusal([])).toContain('room-39');
  });

  it('of production are not those of another environment', () => {
    configure({ staging: 'PUBLIC_URL = "https://staging.booking.example"' });
    file('rooms.json', JSON.stringify([room('real')]));
    expect(deploy(['--env', 'staging'], {}).given).toEqual(['deploy', '--env=staging', '--var', 'ROOMS:[]']);
    rmSync(join(folder, 'arguments'));
    file('rooms.staging.json', JSON.stringify([room('trial')]));
    expect(deploy(['--env=staging'], {}).given?.at(-1)).toContain('"trial"');
  });
});

describe('secrets', () => {
  it('are checked, go to wrangler in a file of their owner, and are in no argument, no output and no file afterwards', async () => {
    const keys = JSON.stringify({ keys: [await newSigningKey(0)] });
    file('keys.json', `${keys}\n`);
    file('operator-key.txt', `${OPERATOR_KEY}\n`);
    const done = deploy(['--secret', 'SIGNING_KEYS=keys.json', '--secret=OPERATOR_KEY=operator-key.txt']);
    expect(done.status).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'secrets'), 'utf8'))).toEqual({ SIGNING_KEYS: keys, OPERATOR_KEY });
    expect(readFileSync(join(folder, 'mode'), 'utf8').trim()).toBe('600');
    expect(existsSync(readFileSync(join(folder, 'where'), 'utf8').trim())).toBe(false);
    const seen = [done.stdout, done.stderr, ...(done.given ?? [])].join('\n');
    for (const secret of [OPERATOR_KEY, keys]) expect(seen).not.toContain(secret);
  });

  it('that the gateway would refuse are not uploaded, and not repeated', () => {
    file('operator-key.txt', 'hunter2hunter2');
    const text = refusal(['--secret', 'OPERATOR_KEY=operator-key.txt']);
    expect(text).toContain('OPERATOR_KEY is too easy to guess');
    expect(text).not.toContain('hunter2');
  });

  it('are taken from files alone, and only those that the gateway has', () => {
    expect(refusal(['--secret', 'OPERATOR_KEY'])).toContain('takes a name and a file');
    expect(refusal(['--secret', `OPERATOR_KEY=${OPERATOR_KEY}`])).toContain('ENOENT');
    file('x', 'x');
    expect(refusal(['--secret', 'PUBLIC_URL=x'])).toContain('PUBLIC_URL is no secret of the gateway');
  });

  it.each(SECRETS)('%s is refused among the variables', (name) => {
    configure({ vars: `${name} = "in-the-file-that-everybody-reads"` });
    const text = refusal([]);
    expect(text).toContain(`${name} is in the variables of wrangler.toml`);
    expect(text).not.toContain('in-the-file');
  });

  it('that only Cloudflare has are stood in for, so that the settings beside them are checked', () => {
    const oidc = {
      OIDC_ISSUER: 'https://login.example',
      OIDC_CLIENT_ID: 'fairgate',
      OIDC_ROLES: '{"emails":{"a@b.example":"owner"}}',
    };
    expect(refusal([], { PUBLIC_URL: 'https://booking.example', ...oidc, OIDC_ROLES: 'owner' })).toContain(
      'OIDC_ROLES',
    );
    expect(deploy([], { PUBLIC_URL: 'https://booking.example', ...oidc }).status).toBe(0);
  });

  it('of Redis may be changed one at a time', () => {
    file('token', 'a-token-of-redis');
    expect(deploy(['--secret', 'UPSTASH_REDIS_REST_TOKEN=token']).status).toBe(0);
  });
});

describe('another environment', () => {
  const staging = 'PUBLIC_URL = "https://staging.booking.example"';

  it('that wrangler.toml does not have is refused: it would be production under another name', () => {
    expect(refusal(['--env', 'stagging'])).toContain('wrangler.toml has no [env.stagging]');
  });

  it('does not take the visitors of production', () => {
    configure({ staging, stagingRoutes: '' });
    expect(refusal(['--env', 'staging'], {})).toContain('staging would take the visitors of production');
    configure({ staging, stagingRoutes: 'routes = ["Booking.example/*"]' });
    expect(refusal(['--env', 'staging'], {})).toContain('staging would take the visitors of production');
  });
});

it('a version can be uploaded that gets no visitors', () => {
  expect(deploy(['--upload-only']).given?.slice(0, 3)).toEqual(['versions', 'upload', '--env=']);
});

describe('routes', () => {
  it('of a part of a host, or of one scheme, are refused: the rest leads past the gate', () => {
    configure({ top: 'routes = ["booking.example/book*"]' });
    expect(refusal([])).toContain('write booking.example/*');
    configure({ top: 'routes = ["https://booking.example/*"]' });
    expect(refusal([])).toContain('The other leads past the gate: write booking.example/*');
  });

  it('that do not lead a host of the gateway to it are told', () => {
    const { status, stdout } = deploy([], {
      PUBLIC_URL: 'https://booking.example',
      CONSOLE_URL: 'https://gate.example',
    });
    expect(status).toBe(0);
    expect(stdout).toContain('no route of wrangler.toml leads gate.example to the gateway');
    expect(stdout).not.toContain('leads booking.example');
  });

  const label = fc.stringMatching(/^[a-z]{1,6}$/);
  const route: fc.Arbitrary<Route> = fc
    .tuple(label, fc.constantFrom('', '*', '*.'), fc.boolean())
    .map(([name, wildcard, isDomain]) =>
      isDomain
        ? { pattern: `${name}.example`, custom_domain: true }
        : { pattern: `${wildcard}${name}.example/*`, zone_name: 'x' },
    );

  it('cover a host exactly where Cloudflare’s rules for patterns say so', () => {
    fc.assert(
      fc.property(fc.array(route, { maxLength: 3 }), fc.tuple(label, label), fc.boolean(), (routes, [a, b], isSub) => {
        const host = isSub ? `${a}.${b}.example` : `${b}.example`;
        const isCovered = routes.some((one) => {
          const pattern = patternOf(one).replace(/\/\*$/, '');
          return new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/^\*/, '.*')}$`).test(host);
        });
        expect(routeFindings(routes, [host])).toEqual({ problems: [], uncovered: isCovered ? [] : [host] });
        expect(sharedPatterns(routes, routes)).toHaveLength(routes.length);
      }),
    );
  });
});
