// `npm run bench`: what each kind of request costs, as a share of what a bare Hono answer reaches on the same workerd in the
// same run. Rounds are interleaved and medians taken, because a machine's speed drifts; absolute figures mean little.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { newSigningKey } from '../worker/tokens/signing-keys.ts';
import { buildWorker } from './build.ts';
import { benchRedis } from './lib/bench-redis.ts';
import { runWorkerd, startGateway } from './lib/gateway-process.ts';

const CONNECTIONS = 32;
const ROUNDS = 5;
const ROUND_MS = 1_000;

interface Shot {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
}

interface Subject {
  name: string;
  /** The next request; null: none is left in this round. */
  next: () => Shot | null;
  /** Requests that must be answered with this status. */
  status: number;
  perSecond: number[];
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function shoot({ url, method = 'GET', headers = {} }: Shot): Promise<{ status: number; body: string }> {
  return new Promise((done, failed) => {
    const sent = request(url, { agent, method, headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => done({ status: answer.statusCode ?? 0, body }));
    });
    sent.on('error', failed);
    sent.end();
  });
}

/** Requests a second over one round, all connections busy. */
async function round(subject: Subject): Promise<number> {
  const from = performance.now();
  let answered = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - from < ROUND_MS) {
      const shot = subject.next();
      if (shot === null) return;
      const { status } = await shoot(shot);
      if (status !== subject.status) throw new Error(`${subject.name}: ${status} instead of ${subject.status}`);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return (answered * 1000) / (performance.now() - from);
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

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
  const origin = createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const log = (line: string) => console.error(line);
  const bare = await runWorkerd('bench-bare.capnp', 0, [], {}, log);
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
  };
  const gateway = await startGateway({ settings, port: 0, dataDir, log });
  const api = (id: string, action: string) => `${gateway.url}/_fairgate/rooms/${id}/${action}`;
  const post = (id: string, action: string, token?: string): Shot => ({
    url: api(id, action),
    method: 'POST',
    headers: {
      Accept: 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
  });
  const joined = async (id: string): Promise<{ queueToken: string; admissionToken?: string }> =>
    JSON.parse((await shoot(post(id, 'join'))).body);

  // Different visitors, as their own polls are limited; and places in the open room that are still to be claimed again.
  const waiting = await Promise.all(Array.from({ length: 4_000 }, () => joined('ahead')));
  const called = await Promise.all(Array.from({ length: 200 }, () => joined('open')));
  await new Promise((resolved) => setTimeout(resolved, 3_000));
  const { admissionToken } = JSON.parse((await shoot(post('open', 'claim', called[0]?.queueToken))).body);
  let turn = 0;
  const subject = (name: string, next: () => Shot, status = 200): Subject => ({ name, next, status, perSecond: [] });
  const subjects = [
    subject('bare Hono', () => ({ url: bare.url })),
    subject('board', () => ({ url: api('ahead', 'board') })),
    subject('status', () => ({
      url: api('ahead', 'status'),
      headers: { Authorization: `Bearer ${waiting[turn++ % waiting.length]?.queueToken}` },
    })),
    subject('first visit (page, gzip)', () => ({
      url: `${gateway.url}/`,
      headers: { Host: 'ahead.test', Accept: 'text/html', 'Accept-Encoding': 'gzip' },
    })),
    subject('join', () => post('ahead', 'join')),
    subject('claim', () => post('open', 'claim', called[turn++ % called.length]?.queueToken)),
    subject('admitted, through to the origin', () => ({
      url: `${gateway.url}/`,
      headers: { Host: 'open.test', Authorization: `Bearer ${admissionToken}` },
    })),
  ];
  try {
    for (let pass = 0; pass < ROUNDS; pass++) {
      for (const one of subjects) one.perSecond.push(await round(one));
    }
    const yardstick = median(subjects[0]?.perSecond ?? []);
    console.log(`${CONNECTIONS} connections, median of ${ROUNDS} interleaved rounds of ${ROUND_MS / 1000} s`);
    for (const { name, perSecond } of subjects) {
      const figure = median(perSecond);
      console.log(`${name.padEnd(34)} ${figure.toFixed(0).padStart(6)}/s   ${(figure / yardstick).toFixed(2)} of bare`);
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
