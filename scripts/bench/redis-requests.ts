// What visitors cost a room in Redis: requests to Redis per join and per claim when one, four or sixteen arrive together, and
// per poll, counted by a stand-in for Upstash's REST API before a real redis-server. Counts do not depend on the machine.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Board } from '../../queue-core/board.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { startGateway } from '../lib/gateway-process.ts';
import { requestAsHost } from '../lib/host-request.ts';
import { sharedRedis } from '../lib/local-redis/shared-redis.ts';
import { median } from '../lib/median.ts';
import { isInstalled, REDIS } from '../lib/system-packages.ts';
import { table } from './report.ts';

const CONCURRENCY = [1, 4, 16];

/** So short that few of them contain the gateway's own read, once a second; the median is of visitors alone. */
const PHASES = 9;
const ROUNDS_PER_PHASE = 6;

const POLLS = 2_000;
const POLLS_AT_ONCE = 40;
const RUSH_JOINS = 6_400;
const RUSH_JOINS_AT_ONCE = 256;

type Action = 'join' | 'claim';

/** @returns lines of the report */
export async function requestsToRedis(): Promise<string[]> {
  if (!isInstalled(REDIS)) {
    return [`Not measured, because ${REDIS.file} does not exist (Debian: apt-get install ${REDIS.name}).`];
  }
  await using redis = await sharedRedis();
  const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-bench-redis-'));
  const hostOf = (id: string) => `${id}.test`;
  const room = (id: string, opensAt: string) => ({
    id,
    title: { ko: id, en: id },
    hosts: [hostOf(id)],
    origin: 'http://127.0.0.1:9',
    schedule: { opensAt },
    policy: { newUsersPerMinute: 1_000_000, totalActiveUsers: 10_000_000, sessionMinutes: 30 },
  });
  const settings = {
    rooms: [room('ahead', '+2h'), room('soon', '+12s')],
    keys: { keys: [await newSigningKey(0)] },
    publicUrl: 'http://127.0.0.1:1',
    operatorKey: crypto.randomUUID(),
    joinsPerNetwork: '0',
    redis: redis.address,
  };
  const gateway = await startGateway({ settings, port: 0, dataDir, log: (line) => console.error(line) });
  const api = (id: string, action: string) => `${gateway.url}/_fairgate/rooms/${id}/${action}`;
  const post = async (id: string, action: Action, token?: string) => {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const headers = { Accept: 'application/json', ...authorization };
    const { status, body } = await requestAsHost(hostOf(id), api(id, action), { method: 'POST', headers });
    if (status >= 300) throw new Error(`${action}: status ${status} ${body}`);
    return JSON.parse(body) as { queueToken: string };
  };
  const boardOf = async (id: string) => JSON.parse((await requestAsHost(hostOf(id), api(id, 'board'))).body) as Board;
  /** Requests to Redis per action, the median of phases. */
  const costs = async (concurrency: number, act: () => Promise<unknown>): Promise<number> => {
    const phases: number[] = [];
    for (let phase = 0; phase < PHASES; phase++) {
      const before = redis.standIn.requests;
      for (let turn = 0; turn < ROUNDS_PER_PHASE; turn++) await Promise.all(Array.from({ length: concurrency }, act));
      phases.push((redis.standIn.requests - before) / (ROUNDS_PER_PHASE * concurrency));
    }
    return median(phases);
  };
  try {
    for (const id of ['ahead', 'soon']) await boardOf(id);
    const claims = CONCURRENCY.reduce((sum, concurrency) => sum + concurrency * ROUNDS_PER_PHASE * PHASES, 0);
    const waiting: string[] = [];
    while (waiting.length < claims) {
      const joined = await Promise.all(Array.from({ length: 32 }, () => post('soon', 'join')));
      waiting.push(...joined.map(({ queueToken }) => queueToken));
    }
    const joinCosts: string[] = [];
    for (const concurrency of CONCURRENCY) {
      joinCosts.push((await costs(concurrency, () => post('ahead', 'join'))).toFixed(2));
    }
    while ((await boardOf('soon')).called < waiting.length) await new Promise((done) => setTimeout(done, 500));
    const claimCosts: string[] = [];
    for (const concurrency of CONCURRENCY) {
      claimCosts.push((await costs(concurrency, () => post('soon', 'claim', waiting.pop()))).toFixed(2));
    }

    const { standIn } = redis;
    const [from, requestsBefore] = [performance.now(), standIn.requests];
    for (let polls = 0; polls < POLLS; polls += POLLS_AT_ONCE) {
      await Promise.all(Array.from({ length: POLLS_AT_ONCE }, () => boardOf('ahead')));
    }
    const [seconds, reads] = [(performance.now() - from) / 1000, standIn.requests - requestsBefore];

    const rows = [
      ['requests to Redis', ...CONCURRENCY.map((concurrency) => `${concurrency} at once`)],
      ['a join', ...joinCosts],
      ['a claim', ...claimCosts],
    ];

    const commandCount = () => [...standIn.commands.values()].reduce((sum, count) => sum + count, 0);
    const [commands, bytes, requests] = [commandCount(), standIn.bytes, standIn.requests];
    for (let joined = 0; joined < RUSH_JOINS; joined += RUSH_JOINS_AT_ONCE) {
      await Promise.all(Array.from({ length: RUSH_JOINS_AT_ONCE }, () => post('ahead', 'join')));
    }
    const perJoin = (count: number) => (count / RUSH_JOINS).toFixed(2);
    return [
      ...table(rows),
      '',
      `A poll: ${(reads / POLLS).toFixed(4)}, which is the gateway's own read, once a second (${reads} during ${POLLS} polls in ${seconds.toFixed(1)} s).`,
      `A rush of ${RUSH_JOINS} joins, ${RUSH_JOINS_AT_ONCE} at once, for each join: ${perJoin(standIn.requests - requests)} requests, ` +
        `${perJoin(commandCount() - commands)} commands, ${perJoin((standIn.bytes - bytes) / 1000)} kB.`,
    ];
  } finally {
    await gateway.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
