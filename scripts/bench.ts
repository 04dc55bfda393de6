// `npm run bench`: what each kind of request costs, as a share of what a bare Hono app reaches on the same workerd in the same
// run. Rounds are interleaved and medians taken, because a machine's speed drifts; absolute figures mean little.

import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { newSigningKey } from '../worker/tokens/signing-keys.ts';
import { buildWorker } from './build.ts';
import { benchRedis } from './lib/bench-redis.ts';
import { runWorkerd, startGateway } from './lib/gateway-process.ts';
import { listenOnLoopback } from './lib/loopback-ports.ts';
import { median } from './lib/median.ts';

const CONNECTIONS = 32;
const ROUNDS = 5;
const ROUND_MS = 1_000;

interface BenchRequest {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
}

interface Subject {
  name: string;
  next: () => BenchRequest;
  /** Every response must have this status. */
  status: number;
  perSecond: number[];
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function send({ url, method = 'GET', headers = {} }: BenchRequest): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, (response) => {
      // Decoding would cost the load generator more than the gateway.
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Requests a second over one round, with all connections busy. */
async function round(subject: Subject): Promise<number> {
  const from = performance.now();
  let responses = 0;
  const connection = async (): Promise<void> => {
    while (performance.now() - from < ROUND_MS) {
      const { status } = await send(subject.next());
      if (status !== subject.status) throw new Error(`${subject.name}: status ${status} instead of ${subject.status}`);
      responses++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return (responses * 1000) / (performance.now() - from);
}

async function bench(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-bench-'));
  await buildWorker();
  const root = resolve(import.meta.dirname, '..');
  await build({
    entryPoints: [resolve(root, 'scripts/lib/bench-bare.ts')],
    outfile: resolve(root, 'dist/bare.js'),
    bundle: true,
    format: 'esm',
  });
  const origin = createServer((_, response) => response.end('ok'));
  const originUrl = `http://127.0.0.1:${await listenOnLoopback(origin)}`;
  const log = (line: string) => console.error(line);
  const bare = await runWorkerd('bench-bare.capnp', { port: 0 }, [], {}, log);
  const publicUrl = 'http://127.0.0.1:1';
  const room = (id: string, host: string, opensAt: string) => ({
    id,
    title: { ko: id, en: id },
    hosts: [host],
    origin: originUrl,
    schedule: { opensAt },
    policy: { newUsersPerMinute: 1_000_000, totalActiveUsers: 10_000_000, sessionMinutes: 30 },
  });
  const settings = {
    rooms: [room('open', 'open.test', '+0s'), room('ahead', 'ahead.test', '+2h')],
    keys: { keys: [await newSigningKey(0)] },
    publicUrl,
    operatorKey: crypto.randomUUID(),
    joinsPerNetwork: '0',
  };
  const gateway = await startGateway({ settings, port: 0, dataDir, log });
  const api = (id: string, action: string) => `${gateway.url}/_fairgate/rooms/${id}/${action}`;
  const post = (id: string, action: string, token?: string): BenchRequest => ({
    url: api(id, action),
    method: 'POST',
    headers: {
      Host: `${id}.test`,
      Accept: 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
  });
  const joinRoom = async (id: string): Promise<{ queueToken: string }> =>
    JSON.parse((await send(post(id, 'join'))).body.toString());

  // Many visitors, because each one's polls are limited; those of the open room repeat their claims.
  const waiting = await Promise.all(Array.from({ length: 4_000 }, () => joinRoom('ahead')));
  const called = await Promise.all(Array.from({ length: 200 }, () => joinRoom('open')));
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { admissionToken } = JSON.parse((await send(post('open', 'claim', called[0]?.queueToken))).body.toString());
  let turn = 0;
  const subject = (name: string, next: () => BenchRequest): Subject => ({ name, next, status: 200, perSecond: [] });
  const subjects = [
    subject('bare Hono', () => ({ url: bare.url })),
    subject('bare Hono, a page as large', () => ({ url: `${bare.url}/page` })),
    subject('board', () => ({ url: api('ahead', 'board'), headers: { Host: 'ahead.test' } })),
    subject('status', () => ({
      url: api('ahead', 'status'),
      headers: { Host: 'ahead.test', Authorization: `Bearer ${waiting[turn++ % waiting.length]?.queueToken}` },
    })),
    subject('first visit (page, gzip)', () => ({
      url: `${gateway.url}/`,
      headers: {
        Host: 'ahead.test',
        Accept: 'text/html',
        'Accept-Encoding': 'gzip',
        'Sec-Fetch-Dest': 'document',
        'Sec-Fetch-Mode': 'navigate',
      },
    })),
    subject('join', () => post('ahead', 'join')),
    subject('claim (repeated)', () => post('open', 'claim', called[turn++ % called.length]?.queueToken)),
    subject('forwarded to the origin', () => ({
      url: `${gateway.url}/`,
      headers: { Host: 'open.test', Authorization: `Bearer ${admissionToken}` },
    })),
  ];
  try {
    for (let turns = 0; turns < ROUNDS; turns++) {
      for (const each of subjects) each.perSecond.push(await round(each));
    }
    const baseline = median(subjects[0]?.perSecond ?? []);
    console.log(`${CONNECTIONS} connections, median of ${ROUNDS} interleaved rounds of ${ROUND_MS / 1000} s`);
    for (const { name, perSecond } of subjects) {
      const figure = median(perSecond);
      console.log(`${name.padEnd(34)} ${figure.toFixed(0).padStart(6)}/s   ${(figure / baseline).toFixed(2)} of bare`);
    }
  } finally {
    agent.destroy();
    origin.close();
    await Promise.all([gateway.stop(), bare.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await bench();
await benchRedis();
