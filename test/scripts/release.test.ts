// The release as a machine with nothing on it gets it: one file that unpacks itself once, whole or not at all, and then is every command.
// And a checkout without what only developers need.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/loopback-ports.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const RELEASE = join(ROOT, 'dist/release');
const BUILD_MS_MAX = 240_000;

let folder: string;
let fairgate: string;
let cache: string;
let running: ChildProcess | null = null;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-release-'));
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-release.ts')], { stdio: 'pipe' });
  fairgate = join(RELEASE, `fairgate-linux-${process.arch}`);
  cache = join(folder, 'cache');
}, BUILD_MS_MAX);

afterAll(async () => {
  if (running !== null && running.exitCode === null) {
    running.kill('SIGTERM');
    await once(running, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Only what a small system has in its environment. */
const environment = (variables: Record<string, string> = {}) => ({
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  FAIRGATE_CACHE: cache,
  ...variables,
});

const run = (args: string[], variables?: Record<string, string>, file = fairgate) =>
  spawnSync(file, args, { cwd: folder, env: environment(variables), encoding: 'utf8' });

const unpacked = () => (existsSync(cache) ? readdirSync(cache) : []);

describe('the tarball', () => {
  it('has the sums that it says, the executable, the unit, the configurations and the documents', () => {
    const sums = readFileSync(join(RELEASE, 'SHA256SUMS'), 'utf8').trim().split('\n');
    expect(sums.length).toBe(2);
    for (const line of sums) {
      const [sum, name = ''] = line.split('  ');
      expect(
        createHash('sha256')
          .update(readFileSync(join(RELEASE, name)))
          .digest('hex'),
      ).toBe(sum);
    }
    const [tarball = ''] = readdirSync(RELEASE).filter((name) => name.endsWith('.tar.gz'));
    const names = execFileSync('tar', ['-tzf', join(RELEASE, tarball)], { encoding: 'utf8' });
    for (const name of ['fairgate.service', 'nginx.conf', 'fairgate.env', 'self-hosting.md', 'LICENSE', 'README.md']) {
      expect(names).toContain(`/${name}\n`);
    }
  });

  it('has a unit that systemd understands', () => {
    const unit = readFileSync(join(ROOT, 'docs/self-hosting/fairgate.service'), 'utf8');
    const file = join(folder, 'fairgate.service');
    writeFileSync(file, unit.replaceAll('/usr/local/bin/fairgate', fairgate));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    expect([status, stderr.split('\n').filter((line) => line.includes('fairgate'))]).toEqual([0, []]);
  });
});

describe('a first start', () => {
  it('of two at once unpacks one whole tree, and nothing beside it', async () => {
    const starts = [1, 2].map(() => spawn(fairgate, ['--version'], { env: environment(), stdio: 'pipe' }));
    const codes = await Promise.all(starts.map(async (start) => (await once(start, 'exit'))[0]));
    expect(codes).toEqual([0, 0]);
    expect(unpacked()).toEqual([expect.stringMatching(/^fairgate-[\d.]+-[0-9a-f]{16}$/)]);
  });

  it('of a file that was cut off says so, and leaves nothing', () => {
    const cut = join(folder, 'cut');
    copyFileSync(fairgate, cut);
    truncateSync(cut, 20_000_000);
    const { status, stderr } = run(['--version'], { FAIRGATE_CACHE: join(folder, 'other') }, cut);
    expect([status, stderr]).toEqual([1, expect.stringContaining('another sum than SHA256SUMS says')]);
    expect(readdirSync(join(folder, 'other'))).toEqual([]);
  });

  it('where it is unknown where to unpack says what to set', () => {
    const { status, stderr } = run(['--version'], { FAIRGATE_CACHE: '' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('Set FAIRGATE_CACHE')]);
  });

  it.runIf(process.getuid?.() === 0)('runs nothing that another user has put there', () => {
    const foreign = join(folder, 'foreign');
    const [name = ''] = unpacked();
    mkdirSync(join(foreign, name, 'bin'), { recursive: true });
    writeFileSync(join(foreign, name, 'bin/fairgate'), '#!/bin/sh\necho taken over\n');
    chmodSync(join(foreign, name, 'bin/fairgate'), 0o755);
    chownSync(join(foreign, name), 65_534, 65_534);
    const { status, stdout, stderr } = run(['--version'], { FAIRGATE_CACHE: foreign });
    expect([status, stdout, stderr]).toEqual([1, '', expect.stringContaining('belongs to another user')]);
  });
});

describe('every command', () => {
  const commands = () => [...run(['help']).stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name = '']) => name);

  it('is listed, explains itself in the words of a release, and starts nothing', () => {
    expect(commands()).toEqual(expect.arrayContaining(['start', 'keys', 'backup', 'restore', 'rehearse', 'rooms']));
    for (const name of commands()) {
      const { status, stdout, stderr } = run([name, '--help']);
      expect([name, status, stderr]).toEqual([name, 0, '']);
      expect(stdout).not.toMatch(/\bnpm\b/);
      expect(stdout).toMatch(/\bfairgate\b/);
    }
  });

  it.each(['nonsense', '../start', '--nonsense', 'chunks'])('%s is refused', (name) => {
    const { status, stderr } = run([name]);
    expect(status).toBe(2);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

it('serves with several gateways, is backed up meanwhile and restored, and ends at a signal with everything it started', async () => {
  const [port, originPort] = [await freePort(), await freePort()];
  const dataDir = join(folder, 'state');
  const settings = join(folder, 'fairgate.env');
  writeFileSync(
    settings,
    `PORT=${port}\nORIGIN_PORT=${originPort}\nPROCESSES=2\nLOG_FORMAT=json\nDATA_DIR=${dataDir}\nOPENS_AT=+1h\n`,
    {
      mode: 0o600,
    },
  );
  expect(run(['--config', settings, '--check']).stdout).toContain('The settings are right. Gateway processes: 2.');
  running = spawn(fairgate, ['--config', settings], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  running.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  await expect.poll(() => log, { timeout: 60_000 }).toContain('Fairgate is running.');
  for (const line of log.trim().split('\n')) {
    expect(JSON.parse(line)).toMatchObject({
      time: expect.any(String),
      level: expect.any(String),
      message: expect.any(String),
    });
  }
  // The journal is collected elsewhere; the key is not in it.
  expect(log).not.toContain(readFileSync(join(dataDir, 'operator-key'), 'utf8').trim());
  expect(run(['--config', settings, '--health']).status).toBe(0);
  const join1 = await fetch(`http://127.0.0.1:${port + 1}/_fairgate/rooms/demo/join`, {
    method: 'POST',
    headers: { Accept: 'application/json' },
  });
  expect(join1.status).toBe(200);
  const file = join(folder, 'one.backup');
  const backup = run(['backup', '--to', file], { DATA_DIR: dataDir });
  expect([backup.status, backup.stderr]).toEqual([0, '']);
  const ended = once(running, 'exit');
  running.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
  expect(run(['--config', settings, '--health']).status).toBe(1);
  const restored = run(['restore', '--from', file], { DATA_DIR: join(folder, 'restored') });
  expect([restored.status, restored.stderr]).toEqual([0, '']);
  expect(restored.stdout).toMatch(/room:demo: prequeue, epoch \d+, entries [1-9]/);
  expect(run(['check-room', '--room', 'demo'], { DATA_DIR: join(folder, 'restored') }).stdout).toContain(
    'Every invariant holds and the log is complete.',
  );
}, 120_000);

it('npm ci --omit=dev and npm start need nothing that only developers have', async () => {
  const clone = join(folder, 'clone');
  const files = execFileSync('git', ['-C', ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const file of files.split('\0').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(clone, file));
  }
  execFileSync('npm', ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd: clone,
    stdio: 'pipe',
  });
  expect(existsSync(join(clone, 'node_modules/vitest'))).toBe(false);
  const [port, originPort] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    PORT: String(port),
    ORIGIN_PORT: String(originPort),
    DATA_DIR: join(folder, 'omitted'),
  };
  running = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [running.stdout, running.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await expect.poll(() => output, { timeout: 60_000 }).toContain('Fairgate is running.');
  expect((await fetch(`http://127.0.0.1:${port}/_fairgate/rooms/demo/board`)).status).toBe(200);
  const ended = once(running, 'exit');
  running.kill('SIGTERM');
  await ended;
}, 180_000);
