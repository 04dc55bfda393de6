// A new version takes over the state of the one before while people wait and others are inside: nobody loses a place or a session, and
// numbers go on where they were. The version before is the last commit of the stored format 8, from this repository's history.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Status } from '../../queue-core/board.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { hasBefore, versionBefore } from '../version-before.ts';

const ROOT = resolve(import.meta.dirname, '../..');
let folder: string;
let before: string;
let running: ChildProcess | null = null;
let url: string;
let variables: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-upgrade-'));
  if (!hasBefore) return;
  before = versionBefore(folder);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  variables = {
    PATH: process.env['PATH'] ?? '',
    DATA_DIR: join(folder, 'state'),
    PORT: String(port),
    ORIGIN_PORT: String(await freePort()),
    OPENS_AT: '+1s',
    NEW_USERS_PER_MINUTE: '600',
    TOTAL_ACTIVE_USERS: '5',
    JOINS_PER_NETWORK: '0',
  };
});

afterEach(stop);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function start(checkout: string, more: Record<string, string> = {}): Promise<void> {
  const child = spawn(process.execPath, [join(checkout, 'scripts/start.ts')], {
    cwd: folder,
    env: { ...variables, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running = child;
  let output = '';
  const isRunning = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Fairgate is running.')) isRunning.resolve();
    });
  }
  child.once('exit', () => isRunning.reject(new Error(output)));
  await isRunning.promise;
}

async function stop(): Promise<void> {
  if (running === null || running.exitCode !== null) return;
  const ended = once(running, 'exit');
  running.kill('SIGTERM');
  await ended;
}

interface Visitor {
  place: string;
  position: number;
  session: string | null;
}

const api = (action: string) => `${url}/_fairgate/rooms/demo/${action}`;
const bearer = (token: string) => ({ Accept: 'application/json', Authorization: `Bearer ${token}` });

async function newcomer(): Promise<Visitor> {
  const joined = await fetch(api('join'), { method: 'POST', headers: { Accept: 'application/json' } });
  const { queueToken } = (await joined.json()) as { queueToken: string };
  const { position } = await statusOf(queueToken);
  return { place: queueToken, position: position ?? 0, session: null };
}

async function statusOf(token: string): Promise<Status> {
  return (await (await fetch(api('status'), { headers: bearer(token) })).json()) as Status;
}

async function claim(token: string): Promise<string | null> {
  const claimed = await fetch(api('claim'), { method: 'POST', headers: bearer(token) });
  return ((await claimed.json()) as { admissionToken?: string }).admissionToken ?? null;
}

it.skipIf(!hasBefore).each<[string, Record<string, string>]>([
  ['one process', {}],
  ['several processes', { PROCESSES: '2' }],
])('nobody loses a place or a session by the upgrade to %s', async (_, more) => {
  rmSync(variables['DATA_DIR'] ?? '', { recursive: true, force: true });
  await start(before);
  await expect.poll(async () => ((await (await fetch(api('board'))).json()) as { state: string }).state).toBe('open');
  const visitors: Visitor[] = [];
  for (let count = 0; count < 12; count++) visitors.push(await newcomer());
  const claimAll = async () => {
    for (const visitor of visitors) visitor.session ??= await claim(visitor.place);
    return visitors.filter(({ session }) => session !== null).length;
  };
  await expect.poll(claimAll).toBe(5);
  const inside = visitors.filter(({ session }) => session !== null);
  const waiting = visitors.filter(({ session }) => session === null);
  await stop();

  await start(ROOT, more);
  for (const { place, position } of waiting) {
    const status = await statusOf(place);
    expect(status.position).toBe(position);
    expect(['waiting', 'called']).toContain(status.state);
  }
  for (const { session } of inside) {
    expect((await fetch(`${url}/book`, { headers: bearer(session ?? '') })).status).toBe(200);
  }
  expect((await newcomer()).position).toBe(13);
  await stop();

  // Back by mistake: the older version refuses the room, admits nobody and writes nothing. Forward again everything is there.
  await start(before);
  const refused = await fetch(`${url}/book`, { headers: { Accept: 'text/html' } });
  expect([refused.status, refused.headers.get('Cache-Control')]).toEqual([503, 'no-store']);
  expect((await fetch(api('board'))).status).toBeGreaterThanOrEqual(500);
  const [first] = waiting;
  expect(await claim(first?.place ?? '')).toBeNull();
  await stop();
  await start(ROOT, more);
  for (const { place, position } of waiting) expect((await statusOf(place)).position).toBe(position);
  expect((await newcomer()).position).toBe(14);
  await stop();
});
