// `npm start` from start to end: no signal leaves a process behind, and a gateway that ends by itself runs again.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const START = join(ROOT, 'scripts/start.ts');

let folder: string;
let started: ChildProcess | null = null;
let mine: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-supervision-'));
});

afterEach(() => {
  for (const pid of [...mine, started?.pid ?? 0]) {
    try {
      if (pid > 1) process.kill(pid, 'SIGKILL');
    } catch {
      // ESRCH: it has ended, as it should.
    }
  }
  started = null;
  mine = [];
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  process: ChildProcess;
  url: string;
  output(): string;
}

/** Starts a command that leads to `npm start`, in a process group of its own, and waits until it runs. */
async function start(file: string, args: string[], variables: Record<string, string> = {}): Promise<Started> {
  const [port, originPort] = [await freePort(), await freePort()];
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    DATA_DIR: join(folder, 'state'),
    PORT: String(port),
    ORIGIN_PORT: String(originPort),
    ...variables,
  };
  const child = spawn(file, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  started = child;
  let output = '';
  await new Promise<void>((done, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Fairgate is running.')) done();
      });
    }
    child.once('exit', (code, signal) => failed(new Error(`ended with ${signal ?? code}:\n${output}`)));
  });
  mine = descendantsOf(child.pid ?? 0).map(({ pid }) => pid);
  return { process: child, url: `http://127.0.0.1:${port}`, output: () => output };
}

interface Process {
  pid: number;
  parent: number;
  name: string;
}

function processes(): Process[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,comm='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, state = '', name = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), name }];
  });
}

function descendantsOf(pid: number, all = processes()): Process[] {
  const children = all.filter(({ parent }) => parent === pid);
  return [...children, ...children.flatMap((child) => descendantsOf(child.pid, all))];
}

const gatewayOf = ({ process: child }: Started): number =>
  descendantsOf(child.pid ?? 0).find(({ name }) => name === 'workerd')?.pid ?? 0;

const SEVERAL = { PROCESSES: '3', OPENS_AT: '+1s', NEW_USERS_PER_MINUTE: '6000' };

const portsOf = ({ url }: Started): number[] => [0, 1, 2].map((index) => Number(new URL(url).port) + index);

/** Everything that was started, as far as it still runs. */
const left = () => processes().filter(({ pid }) => mine.includes(pid) || pid === started?.pid);

const boardStatus = async (url: string): Promise<number> =>
  (await fetch(`${url}/_fairgate/rooms/demo/board`).catch(() => null))?.status ?? 0;

describe('nothing is left', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('after %s to the script, which ends well', async (signal) => {
    const { process: child } = await start(process.execPath, [START]);
    expect(left().some(({ name }) => name === 'workerd')).toBe(true);
    child.kill(signal);
    expect((await once(child, 'exit'))[0]).toBe(0);
    await expect.poll(left).toEqual([]);
  });

  it('after the script was killed', async () => {
    const { process: child } = await start(process.execPath, [START]);
    child.kill('SIGKILL');
    await expect.poll(left).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('after %s to npm', async (signal) => {
    const { process: child } = await start('npm', ['start']);
    child.kill(signal);
    await expect.poll(left).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('after %s to the process group', async (signal) => {
    const { process: child } = await start('npm', ['start']);
    process.kill(-(child.pid ?? 0), signal);
    await expect.poll(left).toEqual([]);
  });

  it('while a visitor’s connection stays open', async () => {
    const running = await start(process.execPath, [START]);
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
    running.process.kill('SIGTERM');
    await once(running.process, 'exit');
    await expect.poll(left).toEqual([]);
    socket.destroy();
  });
});

describe('a gateway that ends by itself', () => {
  it('runs again, with the places that it gave, and the logs say so', async () => {
    const running = await start(process.execPath, [START], { OPERATOR_KEY });
    const join = await fetch(`${running.url}/_fairgate/rooms/demo/join`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
    });
    const { queueToken } = (await join.json()) as { queueToken: string };
    const first = gatewayOf(running);
    process.kill(first, 'SIGKILL');
    await expect.poll(() => boardStatus(running.url)).toBe(200);
    mine.push(gatewayOf(running));
    expect(gatewayOf(running)).not.toBe(first);
    expect(running.output()).toMatch(/ended by itself with SIGKILL\. It is started again in 0\.5 s/);
    const status = await fetch(`${running.url}/_fairgate/rooms/demo/status`, {
      headers: { Authorization: `Bearer ${queueToken}` },
    });
    expect(await status.json()).toMatchObject({ state: 'entered', entry: 1 });
    // Within a minute the second start has no record of its own yet.
    const log = await fetch(`${running.url}/_fairgate/operator/rooms/demo/audit`, {
      headers: { Authorization: `Bearer ${OPERATOR_KEY}` },
    });
    const { records } = (await log.json()) as { records: { action: string; by: { id: string }; to: unknown }[] };
    expect(records.filter(({ action }) => action === 'gatewayStarted')).toMatchObject([
      { by: { id: 'gateway' }, to: { started: 1, restarted: 0 } },
    ]);
    running.process.kill('SIGTERM');
    await expect.poll(left).toEqual([]);
  });

  it('runs again after more connections than there are descriptors', async () => {
    const running = await start(process.execPath, [START]);
    const first = gatewayOf(running);
    const port = Number(new URL(running.url).port);
    const sockets: Socket[] = [];
    // A connection takes two descriptors; what ends the runtime is a limit that is reached between two connections.
    let spare = 20;
    const exhaust = () => {
      if (gatewayOf(running) !== first) return true;
      const inUse = readdirSync(`/proc/${first}/fd`).length;
      // The soft limit only: raising the hard one again is for processes with more rights.
      execFileSync('prlimit', [`--pid=${first}`, `--nofile=${inUse + ++spare}:`]);
      for (let more = 0; more < 30; more++) sockets.push(connect(port, '127.0.0.1').on('error', () => {}));
      return false;
    };
    await expect.poll(exhaust).toBe(true);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => boardStatus(running.url)).toBe(200);
    mine.push(gatewayOf(running));
    expect(running.output()).toContain('The gateway runs again.');
    running.process.kill('SIGTERM');
    await expect.poll(left).toEqual([]);
  });
});

describe('several gateway processes', () => {
  const roomProcess = () =>
    processes().find(({ pid, name }) => {
      const isOurs = name === 'workerd' && descendantsOf(started?.pid ?? 0).some((each) => each.pid === pid);
      return isOurs && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('room-process.capnp');
    })?.pid ?? 0;
  const post = async (url: string, action: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/_fairgate/rooms/demo/${action}`, {
      method: 'POST',
      headers: { Accept: 'application/json', ...headers },
    }).catch(() => null);
    return { status: response?.status ?? 0, body: response?.ok ? await response.json() : null };
  };
  const statusOf = async (url: string, headers: Record<string, string>) =>
    (await fetch(`${url}/_fairgate/rooms/demo/status`, { headers })).json();
  const stateOf = async (url: string) => (await (await fetch(`${url}/_fairgate/rooms/demo/board`)).json()).state;

  it('share one line and its limits: no number and no vacancy is given twice', async () => {
    const running = await start(process.execPath, [START], {
      ...SEVERAL,
      TOTAL_ACTIVE_USERS: '3',
      SESSION_MINUTES: '5',
    });
    const urls = portsOf(running).map((port) => `http://127.0.0.1:${port}`);
    await expect.poll(() => stateOf(urls[1] ?? '')).toBe('open');
    const visits = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const url = urls[index % urls.length] ?? '';
        const { body } = await post(url, 'join');
        const headers = { Authorization: `Bearer ${body.queueToken}` };
        return { headers, position: (await statusOf(url, headers)).position, isIn: false };
      }),
    );
    expect(new Set(visits.map(({ position }) => position)).size).toBe(12);
    // Each claims at one process after the other, so that no process knows by itself who is inside.
    let turn = 0;
    const claimAll = async () => {
      const url = urls[turn++ % urls.length] ?? '';
      await Promise.all(
        visits.map(async (visit) => {
          const { body } = await post(url, 'claim', visit.headers);
          visit.isIn ||= body?.admissionToken !== undefined;
        }),
      );
      return visits.filter(({ isIn }) => isIn).length;
    };
    await expect.poll(claimAll).toBe(3);
    expect(await claimAll()).toBe(3);
    running.process.kill('SIGTERM');
    await expect.poll(left).toEqual([]);
  });

  it('go on when the room process was killed, with every place, and nobody else can open its socket', async () => {
    const running = await start(process.execPath, [START], SEVERAL);
    const url = `http://127.0.0.1:${portsOf(running)[1]}`;
    await expect.poll(() => stateOf(url)).toBe('open');
    const { body } = await post(url, 'join');
    const place = { Authorization: `Bearer ${body.queueToken}` };
    const { position } = await statusOf(url, place);
    const first = roomProcess();
    const socket = /--socket-addr=rooms=unix:([^\0]+)/.exec(readFileSync(`/proc/${first}/cmdline`, 'utf8'))?.[1] ?? '';
    expect([statSync(socket).mode & 0o777, statSync(join(socket, '..')).mode & 0o777]).toEqual([0o600, 0o700]);
    process.kill(first, 'SIGKILL');
    await expect.poll(async () => (await post(url, 'join')).status).toBe(200);
    expect(roomProcess()).not.toBe(first);
    mine.push(roomProcess());
    expect((await statusOf(url, place)).position).toBe(position);
    running.process.kill('SIGTERM');
    await expect.poll(left).toEqual([]);
    expect(existsSync(join(socket, '..'))).toBe(false);
  });

  it('are each asked by --health', async () => {
    const running = await start(process.execPath, [START], SEVERAL);
    const ports = portsOf(running);
    const health = () => {
      const env = {
        PATH: process.env['PATH'] ?? '',
        DATA_DIR: join(folder, 'state'),
        PORT: String(ports[0]),
        ...SEVERAL,
      };
      const { status, stdout } = spawnSync(process.execPath, [START, '--health'], { env, encoding: 'utf8' });
      return [status, stdout];
    };
    expect(health()).toEqual([0, ports.map((port) => `gateway ${port}: answers\n`).join('')]);
    running.process.kill('SIGTERM');
    await expect.poll(left).toEqual([]);
    expect(health()).toEqual([1, ports.map((port) => `gateway ${port}: does not answer\n`).join('')]);
  });
});

it('the gateway may use all descriptors that the system allows it', async () => {
  const running = await start('/bin/sh', ['-c', `ulimit -S -n 512; exec "${process.execPath}" "${START}"`]);
  const limits = execFileSync('cat', [`/proc/${gatewayOf(running)}/limits`], { encoding: 'utf8' });
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
  expect(soft).toBe(hard);
});

describe('a Node that is too old', () => {
  const SENTENCE = /^Fairgate's scripts need Node 24\.2 or newer; this is Node \S+\. Run "npm start" instead/;

  it('is named in a sentence', () => {
    const code = `Object.defineProperty(process.versions, 'node', { value: '20.11.1' }); require(${JSON.stringify(START)});`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(SENTENCE)]);
  });

  const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find(
    (file) =>
      existsSync(file) && /^v(?:1\d|2[0-3])\./.test(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout),
  );

  it.skipIf(oldNode === undefined)('is named in a sentence by that Node itself', () => {
    const { status, stderr } = spawnSync(oldNode ?? '', ['scripts/start.ts'], { cwd: ROOT, encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(SENTENCE)]);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});
