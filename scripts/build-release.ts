// `npm run build:release`: Fairgate for a machine with nothing on it. One executable file holds the runtime, a Node, the commands and
// what they need; it unpacks itself once, beside the user's other caches. The tarball has it with the unit of systemd, the
// configurations and the documents. Nothing of a release is installed from anywhere else.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { build, type Metafile, type Plugin } from 'esbuild';
import { VERSION } from '../worker/version.ts';
import { buildMaintenanceWorker, buildReportPart, buildWorker } from './build.ts';
import { runtimeFile } from './lib/program-files.ts';
import { refuseArguments, runCommand } from './lib/run-command.ts';

const USAGE = `npm run build:release
Writes dist/release/: the executable fairgate-linux-x64 (or arm64), a tarball with it, and their checksums. On Linux.`;

const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'dist/release');

interface ReleaseCommand {
  entry: string;
  /** For `fairgate help`. */
  says: string;
}

const COMMANDS: Record<string, ReleaseCommand> = {
  start: { entry: 'lib/local-gateway.ts', says: 'serves (also without a name); --check, --health, --config FILE' },
  smoke: { entry: 'smoke.ts', says: 'asks a gateway from outside whether the gate stands' },
  keys: { entry: 'keys.ts', says: 'creates and rotates signing keys, and keys for the calls of a site' },
  'redis-bridge': { entry: 'redis-bridge.ts', says: 'serves the REST form in front of a Redis of your own' },
  backup: { entry: 'backup.ts', says: 'writes everything that is stored into one file, while it is running' },
  restore: { entry: 'restore.ts', says: 'fills an empty store from such a file' },
  rooms: { entry: 'plan-rooms.ts', says: 'compares a file of rooms with a running gateway, and applies it' },
  rehearse: { entry: 'rehearse.ts', says: 'simulates an opening against a running gateway' },
  simulate: { entry: 'simulate.ts', says: 'plays a night in virtual time' },
  report: { entry: 'write-report.ts', says: 'writes the event report of a room' },
  evidence: { entry: 'evidence.ts', says: 'writes and checks the evidence pack of a room' },
  'verify-draw': { entry: 'verify-draw.ts', says: 'verifies a published draw' },
  'check-log': { entry: 'check-log.ts', says: 'verifies the hash chain of an exported log' },
  'check-receipt': { entry: 'check-receipt.ts', says: 'verifies a receipt without a network' },
  'check-room': { entry: 'check-room.ts', says: 'checks a stored room against every invariant' },
  'move-room': { entry: 'move-room.ts', says: 'moves a closed room between stores' },
};

/** With which auditors recompute a draw, by code that is not the gateway's. */
const SHUFFLE = '@chainsafe/swap-or-not-shuffle';

/** What the executable unpacks: a repository in small. */
async function writeTree(tree: string, release: string): Promise<void> {
  const reports = [buildReportPart('report.css'), buildReportPart('report-cursor.js')];
  for (const built of await Promise.all([buildWorker(), buildMaintenanceWorker(), ...reports]))
    copy(relative(root, built), tree);
  for (const config of readdirSync(join(root, 'scripts/lib'))) {
    if (config.endsWith('.capnp')) copy(`scripts/lib/${config}`, tree);
  }
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(COMMANDS).map(([name, { entry }]) => ({ in: join('scripts', entry), out: name })),
    outdir: join(tree, 'scripts'),
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    // Only a checkout builds something; what has a binary of its own stays a package.
    external: ['esbuild', SHUFFLE],
    define: { FAIRGATE_RELEASE: JSON.stringify(release) },
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    plugins: [releaseCommands],
    metafile: true,
    logLevel: 'warning',
  });
  writeFileSync(
    join(tree, 'package.json'),
    `${JSON.stringify({ name: 'fairgate', version: release, type: 'module' })}\n`,
  );
  mkdirSync(join(tree, 'bin'));
  copyProgram(realpathSync(process.execPath), join(tree, 'bin/node'));
  copyProgram(runtimeFile(), join(tree, 'bin/workerd'));
  copyOwnLibraries(join(tree, 'bin/node'), join(tree, 'lib'));
  writeFileSync(join(tree, 'lib/certificates.pem'), `${rootCertificates.join('\n')}\n`);
  writeFileSync(join(tree, 'bin/fairgate'), launcher(release), { mode: 0o755 });
  for (const name of readdirSync(join(root, 'node_modules', dirname(SHUFFLE)))) {
    const path = join('node_modules', dirname(SHUFFLE), name);
    cpSync(join(root, path), join(tree, path), { recursive: true });
  }
  writeLicenses(join(tree, 'licenses'), metafile);
}

/**
 * In a release, `npm run NAME -- …` is `fairgate NAME …`, and `npm start` is `fairgate`. What runs a module that is a command is the
 * name of the command: bundled, modules share files.
 */
const releaseCommands: Plugin = {
  name: 'release-commands',
  setup({ onLoad }) {
    onLoad({ filter: /\/(?:scripts|worker|origin|queue-core)\/.*\.tsx?$/ }, ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      const text = readFileSync(path, 'utf8')
        .replaceAll(/npm run (?:-s )?(\$\{\w+\}|[a-z][a-z:-]*)(?: --(?= ))?/g, 'fairgate $1')
        .replaceAll(/npm start(?: --(?= ))?/g, 'fairgate')
        .replaceAll('import.meta.main', `process.argv[1]?.endsWith('/scripts/${commandOf(path)}.js')`);
      return { contents: text, loader: path.endsWith('x') ? 'tsx' : 'ts' };
    });
  },
};

function commandOf(path: string): string | undefined {
  return Object.keys(COMMANDS).find((name) => path === join(root, 'scripts', COMMANDS[name]?.entry ?? ''));
}

function commitText(): string {
  try {
    const commit = execFileSync('git', ['-C', root, 'rev-parse', '--short=12', 'HEAD'], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return ` (${commit.trim()})`;
  } catch {
    return ''; // No git, or no repository: the sources came as an archive.
  }
}

function copy(path: string, tree: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  copyFileSync(join(root, path), join(tree, path));
}

function copyProgram(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

/** Libraries that a small system has: libc, and libstdc++, which its package manager needs. */
const SYSTEM_LIBRARIES = /^(?:linux-vdso|ld-linux|lib(?:c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so)/;

/** Node needs libatomic, which a small Debian does not have (part of GCC, under its runtime library exception). */
function copyOwnLibraries(program: string, to: string): void {
  mkdirSync(to);
  for (const line of execFileSync('ldd', [program], { encoding: 'utf8' }).trim().split('\n')) {
    const [, name = '', path = ''] = /^\s*(\S+) => (\S+)/.exec(line) ?? [];
    if (name !== '' && !SYSTEM_LIBRARIES.test(name)) copyProgram(path, join(to, name));
  }
}

function launcher(release: string): string {
  const commands = Object.entries(COMMANDS).map(([name, { says }]) => `  ${name.padEnd(16)}${says}`);
  return `#!/bin/sh
# Fairgate ${release}: runs one of its commands with the Node beside it.
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
case \${1-} in
help | --help | -h)
  cat <<'TEXT'
Fairgate ${release}. Commands, each with --help of its own:
${commands.join('\n')}
"fairgate start --help" lists the settings. The documents say "npm run NAME -- …" for what is "fairgate NAME …" here.
TEXT
  exit 0
  ;;
'' | -*) name=start ;;
*) name=$1 && shift ;;
esac
case $name in
*[!a-z-]*) found= ;;
*) found=$root/scripts/$name.js ;;
esac
if [ ! -f "$found" ]; then
  echo "fairgate: '$name' is not a command. 'fairgate help' lists all." >&2
  exit 2
fi
# The runtime does not start without certificate authorities. A small system has none, so these are Mozilla's, as Node has them.
if [ -z "\${SSL_CERT_FILE-}" ] && [ ! -s /etc/ssl/certs/ca-certificates.crt ] && [ ! -s /etc/ssl/cert.pem ]; then
  SSL_CERT_FILE=$root/lib/certificates.pem
  export SSL_CERT_FILE
fi
LD_LIBRARY_PATH=$root/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec "$root/bin/node" "$found" "$@"
`;
}

/** Of every package that is in the release. */
function writeLicenses(to: string, { inputs }: Metafile): void {
  const bundled = Object.keys(inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const programs = ['workerd', basename(dirname(dirname(realpathSync(process.execPath))))];
  for (const name of new Set([...bundled, ...programs])) {
    const from = join(root, 'node_modules', name);
    const files = existsSync(from)
      ? readdirSync(from).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file))
      : [];
    for (const file of files) {
      mkdirSync(join(to, name), { recursive: true });
      copyFileSync(join(from, file), join(to, name, file));
    }
  }
}

/** A script of the shell with the packed tree behind it. */
function writeExecutable(file: string, tree: string, version: string): void {
  const pack = `${file}.tar.gz`;
  // The same tree gives the same bytes.
  const stable = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  execFileSync('tar', [...stable, '-C', tree, '-I', 'gzip -n -6', '-cf', pack, '.']);
  const header = executableHeader(version, sha256(pack).slice(0, 16));
  writeFileSync(file, header, { mode: 0o755 });
  execFileSync('sh', ['-c', 'cat "$1" >> "$2"', 'sh', pack, file]);
  rmSync(pack);
}

/** The number of its own bytes stands in it, always in as many digits. */
const OFFSET_DIGITS = 6;

function executableHeader(version: string, digest: string): string {
  const text = (offset: string) => `#!/bin/sh
# Fairgate ${version}, https://fairgate.dev: unpacks itself once (${digest}), and runs from there. "fairgate help" lists its commands.
set -eu
cache=\${FAIRGATE_CACHE:-\${CACHE_DIRECTORY:-\${XDG_CACHE_HOME:-\${HOME:+$HOME/.cache}}}}
if [ -z "$cache" ]; then
  echo "fairgate: it is unknown where to unpack. Set FAIRGATE_CACHE to a folder of this user from which programs may run." >&2
  exit 1
fi
here=$cache/fairgate-${version}-${digest}
if [ ! -d "$here" ]; then
  mkdir -p -- "$cache"
  new=$(umask 077 && mktemp -d -- "$cache/unpacking.XXXXXX")
  trap 'rm -rf -- "$new"' EXIT
  if ! tail -c +${offset} -- "$0" | tar -xzf - -C "$new"; then
    echo "fairgate: it could not be unpacked to $new. It needs 350 MB there; a file that was cut off has another sum than SHA256SUMS says." >&2
    exit 1
  fi
  # Another start may have been faster.
  mv -T -- "$new" "$here" 2>/dev/null || [ -d "$here" ]
  rm -rf -- "$new"
  trap - EXIT
fi
if [ ! -O "$here" ]; then
  echo "fairgate: $here belongs to another user. Remove it, or set FAIRGATE_CACHE to a folder of this user." >&2
  exit 1
fi
exec "$here/bin/fairgate" "$@"
`;
  const length = Buffer.byteLength(text('0'.repeat(OFFSET_DIGITS)));
  return text(String(length + 1).padStart(OFFSET_DIGITS, '0'));
}

function writeTarball(tarball: string, file: string, version: string): void {
  const name = `fairgate-${version}`;
  const tree = join(folder, name);
  mkdirSync(tree);
  copyProgram(file, join(tree, basename(file)));
  for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'ARCHITECTURE.md', 'docs']) {
    cpSync(join(root, path), join(tree, path), { recursive: true, filter: (from) => basename(from) !== 'screens' });
  }
  // What it holds is compressed already.
  execFileSync('tar', ['--owner=0', '--group=0', '-C', folder, '-I', 'gzip -n -1', '-cf', join(folder, tarball), name]);
  rmSync(tree, { recursive: true });
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

await runCommand(async () => {
  refuseArguments(USAGE);
  if (process.platform !== 'linux') throw new Error(`A release is built on Linux; this is ${process.platform}.`);
  const name = `fairgate-linux-${process.arch}`;
  rmSync(folder, { recursive: true, force: true });
  const tree = join(folder, 'tree');
  mkdirSync(tree, { recursive: true });
  await writeTree(tree, `${VERSION}${commitText()}`);
  const file = join(folder, name);
  writeExecutable(file, tree, VERSION);
  rmSync(tree, { recursive: true });
  const tarball = `fairgate-${VERSION}-linux-${process.arch}.tar.gz`;
  writeTarball(tarball, file, VERSION);
  const sums = [name, tarball].map((each) => `${sha256(join(folder, each))}  ${each}\n`).join('');
  writeFileSync(join(folder, 'SHA256SUMS'), sums);
  process.stdout.write(`${relative(root, folder)}:\n${sums}`);
}, USAGE);
