// `npm run try-release`: the commands of docs/self-hosting.md, in order, in a Debian that has nothing on it, with the tarball alone: four
// gateway processes behind nginx with TLS, a site of one's own, an opening that is rehearsed with 2,000 visitors, a backup and a new version while it
// runs, the backup restored, and what is left of the evening. Only systemd is stood in for: a chroot boots nothing.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { refuseArguments, runCommand } from '../../scripts/lib/run-command.ts';
import { requireInstalled } from '../../scripts/lib/system-packages.ts';

const USAGE = `npm run try-release
Runs docs/self-hosting.md in an empty Debian, made by mmdebstrap, with the release. As root on Debian; takes ten minutes.`;

const ROOT = resolve(import.meta.dirname, '../..');
const MMDEBSTRAP = { name: 'mmdebstrap', file: '/usr/bin/mmdebstrap' };

/** As docs/self-hosting.md has it. */
const ALARM_PORT = 8_025;

/** Until everything is installed. */
const OPENS_AFTER_MS = 180_000;
/** After the opening, people wait and others are inside. */
const MIDDLE_MS = 15_000;

/** Answers those who come with the gateway's secret, and nobody else. */
const SITE = (secret: string) => `server {
  listen 127.0.0.1:8080;
  default_type text/html;
  location / {
    if ($http_fairgate_origin_secret != "${secret}") { return 403; }
    return 200 "<!doctype html><title>Booking</title><h1>Booking</h1>";
  }
}
`;

/** What systemd does with the unit, as far as a process without systemd can. */
const SYSTEMCTL = `#!/bin/bash
set -u
case "$*" in
"reload-or-restart nginx") if [ -s /run/nginx.pid ] && kill -0 "$(cat /run/nginx.pid)" 2>/dev/null; then nginx -s reload; else nginx; fi ;;
"enable --now fairgate" | "start fairgate")
  unit=/etc/systemd/system/fairgate.service
  environment=$(sed -n 's/^Environment=//p' $unit)
  command=$(sed -n 's/^ExecStart=//p' $unit)
  check=$(sed -n 's/^ExecStartPre=//p' $unit)
  run() { runuser -u fairgate -- env -i PATH=/usr/local/bin:/usr/bin:/bin CACHE_DIRECTORY=/var/cache/fairgate $environment "$@"; }
  run $check || exit 1
  run $command >> /var/log/fairgate.log 2>&1 < /dev/null &
  ;;
"stop fairgate" | "restart fairgate")
  pkill -TERM -u fairgate -f scripts/start.js
  while pgrep -u fairgate > /dev/null; do sleep 0.1; done
  [ "$1" = stop ] || exec "$0" start fairgate
  ;;
*) echo "systemctl $*: not stood in for" >&2; exit 1 ;;
esac
`;

class Machine {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Runs lines as root in the folder of the release, each printed first, and fails with the first that fails. */
  async run(lines: string, { quiet = false } = {}): Promise<string> {
    const child = this.start(lines, quiet ? 'quiet' : 'told');
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (!quiet) process.stdout.write(text);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => process.stdout.write(text));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`It ended with ${code}:\n${lines}`);
    return output;
  }

  start(lines: string, how: 'told' | 'quiet'): ChildProcess {
    if (how === 'told') for (const line of lines.trim().split('\n')) console.log(`# ${line}`);
    const env = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
    };
    const args = [
      this.root,
      '/bin/bash',
      '-euo',
      'pipefail',
      '-c',
      `cd /root; cd fairgate-*/ 2>/dev/null || true\n${lines}`,
    ];
    return spawn('chroot', args, {
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  write(path: string, text: string, mode = 0o644): void {
    writeFileSync(join(this.root, path), text);
    chmodSync(join(this.root, path), mode);
  }
}

/** The commands of the document, block by block. */
function blocks(): string[] {
  const text = readFileSync(join(ROOT, 'docs/self-hosting.md'), 'utf8');
  return [...text.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, commands = '']) => commands);
}

/** @returns the folder of its release */
function build(where: string): string {
  execFileSync(process.execPath, [join(where, 'scripts/build-release.ts')], { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(where, 'dist/release');
}

/** Of the latest tag before this commit, or of the commit before it where there is none. */
function previousRelease(folder: string): string {
  const git = (...args: string[]) => execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' }).trim();
  const [tag] = git('tag', '--merged', 'HEAD~1', '--sort=-creatordate').split('\n');
  const commit = tag ? tag : git('rev-parse', 'HEAD~1');
  console.log(`The previous version is ${commit}.`);
  const checkout = join(folder, 'previous');
  mkdirSync(checkout);
  execFileSync('sh', ['-c', 'git -C "$1" archive "$2" | tar -x -C "$3"', 'sh', ROOT, commit, checkout]);
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  return build(checkout);
}

function tarballIn(release: string): string {
  return join(release, readdirSync(release).find((name) => name.endsWith('.tar.gz')) ?? '');
}

function makeMachine(folder: string): Machine {
  requireInstalled(MMDEBSTRAP);
  const root = join(folder, 'machine');
  // 0755: the service's user has to get to its files.
  chmodSync(folder, 0o755);
  execFileSync(MMDEBSTRAP.file, ['--variant=minbase', '--include=procps', 'bookworm', root], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  for (const file of ['etc/resolv.conf', 'etc/hosts']) copyFileSync(`/${file}`, join(root, file));
  execFileSync('mount', ['-t', 'proc', 'proc', join(root, 'proc')]);
  execFileSync('mount', ['--bind', '/dev', join(root, 'dev')]);
  const machine = new Machine(root);
  machine.write('usr/local/bin/systemctl', SYSTEMCTL, 0o755);
  return machine;
}

function removeMachine({ root }: Machine): void {
  for (const mounted of ['proc', 'dev']) execFileSync('umount', ['-l', join(root, mounted)]);
}

async function tryRelease(): Promise<void> {
  refuseArguments(USAGE);
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-machine-'));
  const [previous, release] = [previousRelease(folder), build(ROOT)];
  const machine = makeMachine(folder);
  try {
    await evening(machine, tarballIn(previous), tarballIn(release));
    console.log('\nEvery command of docs/self-hosting.md ran.');
  } finally {
    await machine.run('pkill -KILL -u fairgate || true; pkill -KILL nginx || true', { quiet: true });
    removeMachine(machine);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function evening(machine: Machine, previous: string, release: string): Promise<void> {
  const [install, check, nginx, certificate, start, ask, rehearse, alarms, report, backup, restore, upgrade, ...more] =
    blocks();
  if (more.length > 0 || upgrade === undefined) {
    throw new Error('docs/self-hosting.md has other blocks than this script knows.');
  }
  copyFileSync(previous, join(machine.root, 'root', 'fairgate-previous.tar.gz'));
  await machine.run(install ?? '');

  // The operator's own settings: soon, for so many that some have to wait for a vacancy, and a site that knows a secret.
  const secret = randomBytes(32).toString('base64');
  const opensAt = new Date(Date.now() + OPENS_AFTER_MS).toISOString();
  const settings = join(machine.root, 'etc/fairgate.env');
  const changed = readFileSync(settings, 'utf8')
    .replace(/^OPENS_AT=.*$/m, `OPENS_AT=${opensAt}`)
    .replace(/^NEW_USERS_PER_MINUTE=.*$/m, 'NEW_USERS_PER_MINUTE=2400')
    .replace(/^TOTAL_ACTIVE_USERS=.*$/m, 'TOTAL_ACTIVE_USERS=300')
    .replace(/^SESSION_MINUTES=.*$/m, 'SESSION_MINUTES=1');
  const added = [`ORIGIN_SECRETS='${JSON.stringify({ 'http://127.0.0.1:8080': secret })}'`, 'JOINS_PER_NETWORK=0'];
  writeFileSync(settings, `${changed}\n${added.join('\n')}\n`);
  console.log(`# (fairgate.env: opens at ${opensAt}, 2400 a minute, 300 inside, a secret for the site)`);
  for (const block of [check, nginx, certificate]) await machine.run(block ?? '');
  machine.write('etc/nginx/conf.d/site.conf', SITE(secret));
  await machine.run(start ?? '');
  await untilHealthy(machine, ask ?? '');
  await using receiver = await alarmReceiver();
  await machine.run(alarms ?? '');

  // An opening, and in the middle of it a backup and a new version.
  const rehearsal = machine.run(`cd /root\n${rehearse}`);
  rehearsal.catch(() => {});
  await pause(Math.max(0, Date.parse(opensAt) - Date.now()) + MIDDLE_MS);
  await machine.run(backup ?? '');
  await machine.run('rm -rf /root/fairgate-*/', { quiet: true });
  copyFileSync(release, join(machine.root, 'root', 'fairgate-next.tar.gz'));
  await machine.run('cd /root && rm fairgate-previous.tar.gz && tar -xzf fairgate-next.tar.gz', { quiet: true });
  await machine.run(upgrade);
  await rehearsal;
  for (const alarm of receiver.received) console.log(`alarm received by the webhook: ${alarm}`);
  if (receiver.received.length === 0) throw new Error('No alarm was received.');

  await machine.run(report ?? '');
  await machine.run('ls -l /root/main-report; head -n 3 /root/main-report/minutes-en.csv');
  await machine.run(restore ?? '');
  await untilHealthy(machine, ask ?? '');
  await machine.run('tail -n 4 /var/log/fairgate.log | cut -c -400; fairgate --version');
  if (!existsSync(join(machine.root, 'var/lib/fairgate.old'))) throw new Error('The old state is gone.');
}

/** The first start of a version unpacks it. */
async function untilHealthy(machine: Machine, ask: string): Promise<void> {
  const [health = ''] = ask.split('\n');
  for (let attempt = 0; attempt < 30; attempt++) {
    await pause(1_000);
    const isHealthy = await machine.run(health, { quiet: true }).then(
      () => true,
      () => false,
    );
    if (isHealthy) break;
  }
  await machine.run(ask);
}

/** A service beside the gateway that takes alarms, as an operator's pager would. */
async function alarmReceiver(): Promise<AsyncDisposable & { received: string[] }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    text(request).then((body) => {
      const { type, data } = JSON.parse(body) as { type: string; data: { text: string } };
      received.push(`${type}: ${data.text}`);
      response.writeHead(204).end();
    });
  });
  server.listen(ALARM_PORT, '127.0.0.1');
  await once(server, 'listening');
  return { received, [Symbol.asyncDispose]: async () => void server.close() };
}

await runCommand(tryRelease, USAGE);
