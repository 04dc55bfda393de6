// Several gateway processes behind docs/self-hosting/nginx.conf: the board comes from its cache and is the same for everybody, nothing that
// belongs to a visitor does, requests go to every process, and one that ends is passed over.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requestAsHost } from '../../scripts/lib/host-request.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { nginxConfiguration, selfHostingRecipe } from '../../scripts/lib/nginx-recipe.ts';
import { NGINX } from '../../scripts/lib/system-packages.ts';
import { NGINX_ARGS, type ServerProcess, startServer } from '../gateway/server-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const HOST = 'booking.example';
const SECOND_HOST = 'second.example';

let folder: string;
let gateways: ChildProcess;
let ports: number[];
let nginx: ServerProcess;
let output = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-self-hosting-'));
  const port = await freePort();
  ports = [port, port + 1];
  const env = {
    PATH: process.env['PATH'] ?? '',
    DATA_DIR: join(folder, 'state'),
    PORT: String(port),
    PROCESSES: '2',
    LOG_FORMAT: 'json',
    ORIGIN_PORT: String(await freePort()),
    PUBLIC_URL: `https://${HOST}`,
    TRUSTED_PROXIES: '127.0.0.1',
    OPENS_AT: '+1h',
    ROOMS: JSON.stringify([
      {
        id: 'second',
        title: { ko: '둘째', en: 'Second' },
        hosts: [SECOND_HOST],
        origin: 'http://127.0.0.1:9',
        schedule: { opensAt: '+1h' },
        policy: { newUsersPerMinute: 60, totalActiveUsers: 10, sessionMinutes: 5 },
      },
    ]),
  };
  gateways = spawn(process.execPath, [join(ROOT, 'scripts/start.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const started = Promise.withResolvers<void>();
  for (const stream of [gateways.stdout, gateways.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Fairgate is running.')) started.resolve();
    });
  }
  gateways.once('exit', () => started.reject(new Error(output)));
  await started.promise;
  const own = await freePort();
  nginx = await startServer({
    server: NGINX,
    port: own,
    args: NGINX_ARGS,
    config: (dir) => nginxConfiguration(dir, selfHostingRecipe({ folder: dir, port: own, gatewayPorts: ports })),
  });
});

afterAll(async () => {
  await nginx?.stop();
  gateways?.kill('SIGTERM');
  if (gateways?.exitCode === null) await once(gateways, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${nginx.port}${path}`, init);
const BOARD = '/_fairgate/rooms/demo/board';

it('answers the board from its cache, whatever stands behind the ?, and hands no cookie on for it', async () => {
  await ask(BOARD);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => ask(`${BOARD}?${index}`, { headers: { Cookie: `a=${index}` } })),
  );
  const states = answers.map(({ headers }) => headers.get('Fairgate-Cache'));
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
  expect(states.filter((state) => state !== 'MISS').length).toBeGreaterThanOrEqual(39);
  expect(answers.every(({ headers }) => !headers.has('Set-Cookie'))).toBe(true);
});

it('asks for the board of each host’s room, and answers none for another host', async () => {
  const board = (host: string, room: string) =>
    requestAsHost(host, `http://127.0.0.1:${nginx.port}/_fairgate/rooms/${room}/board`);
  expect((await board(SECOND_HOST, 'second')).status).toBe(200);
  expect((await board(HOST, 'second')).status).toBe(404);
  expect((await board(HOST, 'demo')).status).toBe(200);
});

it('never answers what belongs to a visitor from its cache', async () => {
  for (const path of ['/', '/book', '/_fairgate/rooms/demo/status', '/_fairgate/healthz']) {
    expect((await ask(path)).headers.get('Fairgate-Cache')).toBeNull();
  }
  const joined = await ask('/_fairgate/rooms/demo/join', { method: 'POST', headers: { Accept: 'application/json' } });
  expect(joined.status).toBe(200);
});

it('gives every visitor a number of their own through all processes', async () => {
  const entries = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const joined = await ask('/_fairgate/rooms/demo/join', {
        method: 'POST',
        headers: { Accept: 'application/json' },
      });
      const { queueToken } = (await joined.json()) as { queueToken: string };
      const status = await ask('/_fairgate/rooms/demo/status', { headers: { Authorization: `Bearer ${queueToken}` } });
      return ((await status.json()) as { entry: number }).entry;
    }),
  );
  expect(new Set(entries).size).toBe(30);
});

it('passes over a gateway that has ended, until it runs again', async () => {
  const [, pid = ''] = /^(\d+) .*gateway\.capnp .*$/m.exec(await processList(`127.0.0.1:${ports[1]}`)) ?? [];
  process.kill(Number(pid), 'SIGKILL');
  for (let request = 0; request < 20; request++) expect((await ask('/book')).status).toBeLessThan(500);
  await expect.poll(() => output).toContain(`The gateway on port ${ports[1]} runs again.`);
});

/** Programs of this machine whose command line has the text: a process number and the line. */
async function processList(text: string): Promise<string> {
  const list = spawn('ps', ['-eo', 'pid=,args='], { stdio: ['ignore', 'pipe', 'ignore'] });
  let lines = '';
  for await (const chunk of list.stdout) lines += chunk;
  const found = lines.split('\n').filter((line) => line.includes(text) && line.includes('workerd serve'));
  return found.map((line) => line.trim()).join('\n');
}
