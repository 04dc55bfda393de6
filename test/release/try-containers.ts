// `npm run try-containers`: builds docs/self-hosting/Dockerfile with the release and starts what it makes. There is no registry: the base is a Debian
// made by mmdebstrap, under the name that the file asks for. buildah runs it isolated by a chroot, which needs no daemon and no kernel
// features; networks, capabilities and the read-only root of compose.yaml are not tried by it.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { refuseArguments, runCommand } from '../../scripts/lib/run-command.ts';
import { requireInstalled } from '../../scripts/lib/system-packages.ts';

const USAGE = `npm run try-containers
Builds the image of docs/self-hosting/Dockerfile, starts it, asks it for a page and its health, and stops it. As root on Debian; takes three minutes.`;

const ROOT = resolve(import.meta.dirname, '../..');
const NEEDED = ['buildah', 'mmdebstrap'].map((name) => ({ name, file: `/usr/bin/${name}` }));
const BASE = 'docker.io/library/debian:bookworm-slim';
const IMAGE = 'localhost/fairgate:tried';
const STARTED_MS_MAX = 60_000;

/** What a read-only root would refuse: names, sizes and times of everything but the volume, /tmp, and what buildah writes itself. */
const FILES = [
  ...['find', '/opt', '/etc', '/usr/local', '/var', '/root', '/home', '-xdev', '-type', 'f'],
  ...['-not', '-regex', '/etc/\\(hosts\\|hostname\\|resolv.conf\\)', '-printf', '%p %s %T@\\n'],
];

await runCommand(async () => {
  refuseArguments(USAGE);
  if (process.getuid?.() !== 0) throw new Error('It makes a Debian, so run it as root.');
  for (const needed of NEEDED) requireInstalled(needed);
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-containers-'));
  try {
    await tryContainer(folder);
  } finally {
    buildah(folder, ['rm', '--all']);
    rmSync(folder, { recursive: true, force: true });
  }
}, USAGE);

async function tryContainer(folder: string): Promise<void> {
  const context = join(folder, 'release');
  mkdirSync(context);
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-release.ts')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const tarball = execFileSync('sh', ['-c', 'ls dist/release/*.tar.gz'], { cwd: ROOT, encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', join(ROOT, tarball), '-C', context, '--strip-components=1']);

  const base = join(folder, 'base.tar');
  execFileSync('mmdebstrap', ['--variant=minbase', 'bookworm', base], { stdio: ['ignore', 'ignore', 'inherit'] });
  const empty = told(folder, ['from', 'scratch']);
  told(folder, ['add', empty, base, '/']);
  told(folder, ['commit', '--quiet', empty, BASE]);
  told(folder, [
    ...['build', '--isolation', 'chroot', '--pull-never', '--tag', IMAGE],
    ...['-f', join(context, 'docs/self-hosting/Dockerfile'), context],
  ]);

  const port = await freePort();
  const settings = join(folder, 'fairgate.env');
  const lines = [`PORT=${port}`, `ORIGIN_PORT=${await freePort()}`, 'PROCESSES=2', 'OPENS_AT=+1s', ''];
  writeFileSync(settings, lines.join('\n'));
  chmodSync(settings, 0o644);
  const container = told(folder, ['from', '--pull-never', IMAGE]);
  const run = ['run', '--isolation', 'chroot', '--volume', `${settings}:/run/secrets/fairgate.env:ro`, container, '--'];
  const program = '/opt/fairgate/bin/fairgate';
  const start = ['start', '--config', '/run/secrets/fairgate.env'];
  const before = told(folder, ['run', '--isolation', 'chroot', '--user', 'root', container, '--', ...FILES]);
  const running = spawn('buildah', withStorage(folder, [...run, program, ...start]), { stdio: 'inherit' });
  const health = () => buildah(folder, [...run, program, ...start, '--health']).status;
  const until = Date.now() + STARTED_MS_MAX;
  while (health() !== 0) {
    if (Date.now() > until || running.exitCode !== null) throw new Error('It does not become healthy.');
    await pause(500);
  }
  console.log('healthy');
  const page = await fetch(`http://127.0.0.1:${port}/book`, { headers: { Accept: 'text/html' } });
  if (page.status !== 503) throw new Error(`A visitor gets ${page.status} instead of the waiting page.`);
  console.log(`a visitor gets the waiting page (${page.status})`);
  const owner = told(folder, [
    'run',
    '--isolation',
    'chroot',
    container,
    '--',
    'stat',
    '-c',
    '%U %a',
    '/data/operator-key',
  ]);
  console.log(`the operator key is ${owner} in the volume`);

  // The container's own process, as the daemon would stop it.
  process.kill(programBelow(running.pid ?? 0), 'SIGTERM');
  if (running.exitCode === null) await once(running, 'exit');
  console.log(`ended with ${running.exitCode} at SIGTERM`);
  if (running.exitCode !== 0) throw new Error('A stop is no failure.');
  const after = told(folder, ['run', '--isolation', 'chroot', '--user', 'root', container, '--', ...FILES]);
  const known = new Set(before.split('\n'));
  const written = after.split('\n').filter((line) => !known.has(line));
  if (written.length > 0) throw new Error(`It wrote outside of /data:\n${written.join('\n')}`);
  console.log('nothing was written outside of /data and /tmp');
}

/** The gateway's first process among those that buildah has started, and no other on this machine. */
function programBelow(buildahPid: number): number {
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const processes = lines.map((line) => /^ *(\d+) +(\d+) +(.*)$/.exec(line) ?? []);
  const isBelow = (pid: number): boolean => {
    const parent = Number(processes.find(([, own]) => Number(own) === pid)?.[2] ?? 0);
    return parent === buildahPid || (parent > 1 && isBelow(parent));
  };
  const found = processes.find(([, pid, , args]) => args?.includes('/scripts/start.js') && isBelow(Number(pid)));
  if (found === undefined) throw new Error('The gateway does not run below buildah.');
  return Number(found[1]);
}

/** All images and containers are in the folder. */
function withStorage(folder: string, args: string[]): string[] {
  return ['--storage-driver', 'vfs', '--root', join(folder, 'images'), '--runroot', join(folder, 'run'), ...args];
}

function buildah(folder: string, args: string[]) {
  return spawnSync('buildah', withStorage(folder, args), { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
}

/** @throws Error with what it printed, where it fails */
function told(folder: string, args: string[]): string {
  console.log(`# buildah ${args.slice(0, 4).join(' ')}${args.length > 4 ? ' …' : ''}`);
  const { status, stdout, stderr } = buildah(folder, args);
  if (status !== 0) throw new Error(`buildah ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout.trim();
}
