// Every command and every example of README.md and docs/ runs as a reader would run it: commands in a shell beside a gateway that
// `npm start` started. What cannot run here is listed once, with its reason or the test that runs it.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { beaconChainSchema } from '../../worker/beacon/chain.ts';
import { checkOperatorKey } from '../../worker/setting-checks.ts';
import { signingKeysSchema } from '../../worker/tokens/signing-keys.ts';
import { privateChain, startDrandRelay } from '../drand-relay.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCUMENTS = ['README.md', ...globSync(['docs/*.md', 'docs/monitoring/*.md'], { cwd: ROOT })];

/** What is not run here, by how it begins, and why. */
const NOT_RUN: Record<string, string> = {
  'npm install ../fairgate/dist/': 'test/origin/package.test.ts installs it',
  'npm run build:origin': 'test/origin/package.test.ts runs it',
  'npm run smoke': 'test/scripts/smoke.test.ts runs it, against a gateway that stands and others',
  'npm run build:release': 'test/scripts/release.test.ts runs it',
  'npm run NAME -- …': 'stands for every command',
  'npm run backup -- --to FILE': 'the name of a file is missing in it; test/gateway/backups.test.ts runs it',
  'npm run restore -- --from FILE': 'the same',
  'npm run try-release': 'makes an empty Debian as root, and takes ten minutes',
  'npm run try-containers': 'the same, and takes three minutes',
  'docker compose':
    'needs a daemon of Docker; test/scripts/containers.test.ts reads the file, npm run try-containers builds the image',
  'curl -fsS $GATE/.well-known/jwks.json | python3': 'test/origin/verifiers.test.ts runs it',
  'ORIGIN_SECRETS=': 'serves until it is stopped; test/gateway/origin-secret.test.ts starts such a gateway',
  'npx wrangler secret put ORIGIN_SECRETS': 'needs an account at Cloudflare',
  'ORIGIN_KEYS=': 'serves until it is stopped; test/origin/call-examples.test.ts starts such a gateway',
  'npx wrangler secret put ORIGIN_KEYS': 'needs an account at Cloudflare',
  'npm run -s keys -- origin': 'test/gateway/origin-key-setting.test.ts runs it',
  'npm ci': 'this test needs what it installs; .ci/run does it on a clean machine',
  'npm test': 'this is one of its tests',
  'npm run test:': 'this is one of its tests',
  'npm run check`': 'this is one of its tests',
  'npm run dev': 'serves until it is stopped, as npm start does with the same settings',
  'npm run bench': 'takes minutes and needs a quiet machine',
  'npm run screenshots': 'replaces the pictures in docs/screens',
  'npx wrangler secret put UPSTASH_REDIS_REST_URL': 'needs an account at Upstash',
  'npx wrangler tail': 'needs an account at Cloudflare',
  'npx wrangler login': 'the same',
  'BRIDGE_TOKEN=': 'serves until it is stopped; test/redis/redis-bridge.test.ts starts such a bridge',
  'npm run redis-bridge': 'the same',
  'openssl rand -hex 32': 'prints 64 characters by chance',
  'UPSTASH_REDIS_REST_URL=http://127.0.0.1:8079': 'the same, as a gateway of its own store; test/redis runs the store',
  'UPSTASH_REDIS_REST_URL=': 'needs an account at Upstash; test/redis runs the store',
  'OPENS_AT=+2m NEW_USERS_PER_MINUTE=600': 'takes four minutes; test/load/rehearsal.test.ts runs a smaller one',
  'npm run rehearse -- --visitors 5000': 'the same',
  'npm run simulate': 'plays millions of visitors for minutes; test/simulation plays small nights',
  'npm run move-room': 'needs rooms in Redis; test/redis/moving.test.ts runs it',
  'npm run check-room -- --room ROOM': 'the name of a room is missing in it; run for the room demo',
  'curl -s -H "Authorization: Bearer $KEY" $GATE/_fairgate/metrics | grep fairgate_redis_losses_total':
    'needs a Redis that lost data; test/redis/loss.test.ts',
  'curl -I`': 'the address is missing in it',
  'ORIGIN_PORT=8788 DATA_DIR=.fairgate FAIRGATE_ISSUER=…':
    'serves until it is stopped; test/origin/demo.test.ts runs it',
  'npm run try-sites': 'installs applications from npm and Debian, and takes minutes',
  'npm run try-addresses':
    'installs servers and takes ten minutes; test/gateway/readings-of-servers.test.ts runs a part',
  'ORIGIN_URL=http://127.0.0.1:8080 npm start':
    'serves until it is stopped; test/scripts/start.test.ts starts such a gateway',
  'npm start': 'runs beside every other command of this file',
  'npm run deploy': 'run as PUBLIC_URL=… npm run deploy, without an upload',
  'npm run check-log -- FILE': 'the name of a file is missing in it; run for demo-log.json',
  'npm run rooms -- plan rooms.json`': 'test/scripts/rooms-file.test.ts runs it',
  'npm run rooms -- apply rooms.json --url https://gate.example': 'the same, at an address that exists',
  'OPERATOR_KEY=$(cat operator-key) npm run -s rooms':
    'test/scripts/rooms-file.test.ts runs it, at an address that exists',
  'npm run report -- --room demo`': 'the operator key is missing in it; run as in docs/operators.md',
  'npm run evidence -- --room demo`': 'the operator key is missing in it; run as in docs/operators.md',
  'npm run evidence -- --check FOLDER': 'the name of a folder is missing in it; run for demo-evidence',
  'npm run evidence -- --open-seal FOLDER': 'the same; test/scripts/evidence.test.ts runs it',
  'curl -s $RELAY/$HASH/info': 'needs a drand relay; a test below has one',
  'npm run verify-draw': 'needs a published draw; test/scripts/verify-draw.test.ts runs it',
  'npm run check-receipt': 'needs a receipt; test/scripts/check-receipt.test.ts runs it',
  'node test/write-draw-vectors.ts': 'writes docs/draw.md, which test/gateway/draw-document.test.ts checks',
  'npm run -s keys': 'quoted from an error message; the test of signing keys runs it',
};

/** Blocks that show what something prints or which settings it takes, by their first line. */
const OUTPUT = [
  '/srv/fairgate/.fairgate/rooms',
  'Fairgate does not start:',
  'Reading room "demo" from the store failed',
  'fairgate_redis_losses_total{ledger="demo"} 1',
  'Stored state refused, nothing was written.',
  'The log "demo" is complete',
  'ACCESS_TEAM_URL=https://team.cloudflareaccess.com',
  'OIDC_ISSUER=https://id.example.org/realms/night',
  'OIDC_ISSUER=https://accounts.google.com',
  'OIDC_ISSUER=https://login.microsoftonline.com/TENANT-ID/v2.0',
];

/** Languages of blocks that tests of their own run or render, or that other programs read. */
const ELSEWHERE: Record<string, string> = {
  nginx: 'test/gateway/behind-proxies.test.ts, test/gateway/beside-proxies.test.ts, test/origin/verifiers.test.ts',
  haproxy: 'test/gateway/behind-proxies.test.ts, test/gateway/beside-proxies.test.ts, test/origin/verifiers.test.ts',
  caddy: 'test/gateway/behind-proxies.test.ts, test/gateway/beside-proxies.test.ts',
  js: 'test/origin/package.test.ts, test/origin/call-examples.test.ts, test/origin/hand-off-document.test.ts',
  python: 'test/origin/verifiers.test.ts, test/origin/call-examples.test.ts, test/gateway/alarm-mail.test.ts',
  php: 'test/origin/verifiers.test.ts, test/origin/call-examples.test.ts, test/origin/hand-off-document.test.ts',
  go: 'test/origin/verifiers.test.ts',
  bash: 'test/release/try-release.ts, in an empty Debian',
  toml: 'test/scripts/cloudflare-routes.test.ts',
  html: 'test/pages/recover.browser.test.ts',
  yaml: 'for Prometheus, as which test/gateway/own-addresses.test.ts asks for the metrics; for Traefik and Envoy, which Debian does not have',
};

interface Block {
  document: string;
  language: string;
  text: string;
}

const textOf = (document: string) => readFileSync(join(ROOT, document), 'utf8');

const BLOCKS: Block[] = DOCUMENTS.flatMap((document) =>
  [...textOf(document).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    document,
    language,
    text,
  })),
);

const COMMAND = /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|curl|openssl|api|\(umask) /;

/** Commands in running text and tables, where a pipe is escaped. */
const INLINE = DOCUMENTS.flatMap((document) => {
  const spans = textOf(document)
    .replaceAll(/^```.*?^```/gms, '')
    .matchAll(/`([^`\n]+)`/g);
  return [...spans]
    .map(([, span = '']) => ({ document, command: span.replaceAll('\\|', '|') }))
    .filter(({ command }) => COMMAND.test(command));
});

/** A reason ending in "`" is for the whole command, any other for commands that begin so. */
const isNotRun = (command: string) => Object.keys(NOT_RUN).some((start) => `${command.trim()}\``.startsWith(start));

const commandsIn = (document: string, pattern: RegExp): string[] => [
  ...new Set(
    INLINE.filter((one) => one.document === document && pattern.test(one.command) && !isNotRun(one.command)).map(
      ({ command }) => command,
    ),
  ),
];

const shellOf = (document: string): string =>
  BLOCKS.filter((block) => block.document === document && block.language === 'sh' && !isNotRun(block.text))
    .filter(({ text }) => !text.startsWith('GATE='))
    .map(({ text }) => text)
    .join('\n');

let folder: string;
let gateway: ChildProcess;
let url: string;

/** A checkout by links, so that commands write their files there. */
function checkout(): string {
  const copy = mkdtempSync(join(tmpdir(), 'fairgate-documents-'));
  for (const name of readdirSync(ROOT)) {
    if (!/^(?:\.git|\.fairgate.*|build|.*\.tsbuildinfo|rooms\.json)$/.test(name))
      symlinkSync(join(ROOT, name), join(copy, name));
  }
  // What a reader has and this machine may not: an account. It keeps what it gets.
  mkdirSync(join(copy, 'bin'));
  writeFileSync(join(copy, 'bin/npx'), '#!/bin/sh\ncat > "secret-$4"\n');
  // Pauses between two looks at the same numbers.
  writeFileSync(join(copy, 'bin/sleep'), '#!/bin/sh\n');
  for (const name of ['npx', 'sleep']) chmodSync(join(copy, 'bin', name), 0o755);
  return copy;
}

const environment = () => ({
  PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
  HOME: folder,
  DATA_DIR: join(folder, 'state'),
  WRANGLER_SEND_METRICS: 'false',
});

function shell(script: string): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
    cwd: folder,
    env: environment(),
    encoding: 'utf8',
  });
  expect([status, status === 0 ? '' : `${script}\n${stdout}\n${stderr}`]).toEqual([0, '']);
  return stdout;
}

/** The first lines of docs/debugging.md with the values of this gateway. */
const variables = () => {
  const [first] = BLOCKS.filter(({ document, language }) => document === 'docs/debugging.md' && language === 'sh');
  const text = (first?.text ?? '').replace('http://localhost:8787', url).replace('KEY=...', `KEY=${OPERATOR_KEY}`);
  expect(text).toContain(`KEY=${OPERATOR_KEY}`);
  return text;
};

beforeAll(async () => {
  folder = checkout();
  const [port, originPort] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  const [rooms] = BLOCKS.filter(({ document }) => document === 'docs/rooms.md');
  const env = {
    ...environment(),
    PORT: String(port),
    ORIGIN_PORT: String(originPort),
    PUBLIC_URL: url,
    OPERATOR_KEY,
    OPENS_AT: '+0s',
    ROOMS: rooms?.text ?? '',
  };
  gateway = spawn('npm', ['start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((done, failed) => {
    let output = '';
    for (const stream of [gateway.stdout, gateway.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Fairgate is running.')) done();
      });
    }
    gateway.once('exit', () => failed(new Error(output)));
  });
});

afterAll(async () => {
  if (gateway.exitCode === null) {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

it('docs/draw.md makes a BEACON_CHAIN that a gateway takes from the /info of a relay', async () => {
  const relay = await startDrandRelay(privateChain());
  try {
    const block = BLOCKS.find(({ text }) => text.startsWith('curl -s $RELAY/$HASH/info'));
    const env = { ...process.env, RELAY: relay.url, HASH: relay.chain.hash };
    const { stdout } = await promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', block?.text ?? ''], { env });
    expect(beaconChainSchema.parse(JSON.parse(stdout))).toEqual(relay.chain);
  } finally {
    await relay.stop();
  }
});

describe('everything of the documents', () => {
  it('in a block runs here, or is output, or is listed with the reason why it cannot run', () => {
    const left = BLOCKS.filter(({ language, text }) => {
      if (['sh', 'json'].includes(language) || language in ELSEWHERE) return false;
      return !isNotRun(text) && !OUTPUT.some((first) => text.startsWith(first));
    });
    expect(left.map(({ document, text }) => `${document}: ${text.split('\n')[0]}`)).toEqual([]);
  });

  it('that is a command in running text runs here, or is listed', () => {
    const run = [
      ...['README.md', 'docs/debugging.md', 'docs/operators.md'].flatMap((document) => commandsIn(document, LOOKS)),
      ...commandsIn('docs/deploy.md', /./),
      ...Object.keys(ALONE),
    ];
    const left = INLINE.filter(({ command }) => !run.includes(command) && !isNotRun(command));
    expect(left.map(({ document, command }) => `${document}: ${command}`)).toEqual([]);
  });

  it('that is listed as not run is still there', () => {
    const all = [...BLOCKS.map(({ text }) => text), ...INLINE.map(({ command }) => command)];
    expect(Object.keys(NOT_RUN).filter((start) => !all.some((text) => `${text.trim()}\``.includes(start)))).toEqual([]);
    expect(OUTPUT.filter((first) => !BLOCKS.some(({ text }) => text.startsWith(first)))).toEqual([]);
  });
});

/** Commands that look at the gateway. */
const LOOKS = /^(?:curl|api|npm run check-room -- --room \$ROOM)/;

/** Other commands, and what they print. */
const ALONE: Record<string, RegExp> = {
  'npm run rehearse -- --help': /--visitors/,
  'npm run check-room -- --room demo': /Every invariant holds/,
  'npm run check-log -- demo-log.json': /The log "demo" is complete/,
  'openssl rand -base64 32': /^\S{44}$/m,
};

describe('commands', () => {
  it('of docs/operators.md', () => {
    shell(`${variables()}\n${shellOf('docs/operators.md')}`);
    const log = JSON.parse(readFileSync(join(folder, 'demo-log.json'), 'utf8')) as { records: { action: string }[] };
    expect(log.records.map(({ action }) => action)).toEqual(expect.arrayContaining(['setFlow', 'setPolicy']));
  });

  it('of docs/debugging.md', () => {
    const printed = shell(`${variables()}\n${shellOf('docs/debugging.md')}`);
    expect(printed).toContain('Every invariant holds and the log is complete.');
    expect(printed).toContain('The log "demo" is complete');
    expect(printed).toMatch(/"state": "(?:waiting|called|admitted)"/);
    expect(printed).not.toContain('/problems/');
  });

  it.each(['README.md', 'docs/debugging.md', 'docs/operators.md'])('in the text of %s', (document) => {
    const originUrl = `http://127.0.0.1:8788`;
    for (const command of commandsIn(document, LOOKS)) {
      // The demo site has another port here.
      const printed = shell(`${variables()}\n${command.replace(originUrl, `${url}/_fairgate/healthz?`)}`);
      expect([command, printed.includes('/problems/')]).toEqual([command, false]);
    }
  });

  it.each(Object.entries(ALONE))('%s', (command, printed) => {
    expect(shell(command)).toMatch(printed);
  });

  it('of docs/deploy.md: keys that the gateway accepts, in files of their owner, and the operator key where it can be read', () => {
    for (const command of commandsIn('docs/deploy.md', /./)) {
      shell(/npm run deploy$/.test(command) ? `${command} -- --dry-run` : command);
    }
    const secret = (name: string) => readFileSync(join(folder, `secret-${name}`), 'utf8');
    expect(signingKeysSchema.safeParse(JSON.parse(secret('SIGNING_KEYS'))).success).toBe(true);
    const problems: string[] = [];
    const key = checkOperatorKey({ OPERATOR_KEY: secret('OPERATOR_KEY').trim() }, problems);
    expect(problems).toEqual([]);
    expect(readFileSync(join(folder, 'operator-key.txt'), 'utf8').trim()).toBe(key);
    for (const file of ['keys.json', 'operator-key.txt']) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
    expect(signingKeysSchema.parse(JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8'))).keys).toHaveLength(2);
  }, 120_000);

  it('signing keys are not overwritten, and are printed without a word of npm', () => {
    writeFileSync(join(folder, 'used.json'), 'mine');
    const again = spawnSync('npm', ['run', 'keys', '--', 'create', 'used.json'], { cwd: folder, encoding: 'utf8' });
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('used.json exists already')]);
    expect(readFileSync(join(folder, 'used.json'), 'utf8')).toBe('mine');
    expect(signingKeysSchema.safeParse(JSON.parse(shell('npm run -s keys'))).success).toBe(true);
  });
});

describe('examples', () => {
  it('of documents have the fields that the gateway sends', async () => {
    const [live, status] = BLOCKS.filter(
      ({ document, language }) => document === 'docs/debugging.md' && language === 'json',
    );
    const headers = { Authorization: `Bearer ${OPERATOR_KEY}` };
    const sent = await (await fetch(`${url}/_fairgate/operator/rooms/demo/live`, { headers })).json();
    expect(Object.keys(JSON.parse(live?.text ?? '')).filter((name) => !(name in sent))).toEqual([]);
    const stranger = await (await fetch(`${url}/_fairgate/rooms/demo/status`)).json();
    expect(Object.keys(JSON.parse(status?.text ?? '')).filter((name) => !(name in stranger))).toEqual([]);
  });
});
