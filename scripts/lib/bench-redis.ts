// What visitors cost a room in Redis: requests to it per join and per claim when one, four or sixteen come at once, and per
// poll, counted by a stand-in for Upstash's REST form before a real redis-server. Counts, not times: they do not depend on the machine.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Board } from '../../queue-core/board.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { startGateway } from './gateway-process.ts';
import { REDIS_SERVER } from './local-redis/redis-server.ts';
import { sharedRedis } from './local-redis/shared-redis.ts';

const AT_ONCE = [1, 4, 16];

/** Phases are so short that the gateway's own look, once a second, falls into few of them; their median is of visitors alone. */
const PHASES = 9;
const ROUNDS_PER_PHASE = 6;
const POLLS = 2_000;
const RUSH = 6_400;
const RUSH_AT_ONCE = 256;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

export async function benchRedis(): Promise<void> {
  if (!existsSync(REDIS_SERVER)) {
    console.log(`\nRedis: not measured, because ${REDIS_SERVER} is not there (Debian: apt-get install redis-server).`);
    return;
  }
  await using redis = await sharedRedis();
  const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-bench-redis-'));
  const room = (id: string, opensAt: string) => ({
    id,
    title: { ko: id, en: id },
    hosts: [`${id}.test`],
    origin: 'http://127.0.0.1:9',
    schedule: { opensAt },
    policy: { newUsersPerMinute: 1_000_000, totalActiveUsers: 10_000_000, sessionMinutes: 30 },
  });
  const settings = {
    rooms: [room('ahead', '+2h'), room('soon', '+12s')],
    keys: { keys: [await newSigningKey(0)] },
    publicUrl: 'http://127.0.0.1:1',
    operatorKey: crypto.randomUUID(),
    redis: redis.address,
  };
  const gateway = await startGateway({ settings, port: 0, dataDir, log: (line) => console.error(line) });
  const api = (id: string, action: string) => `${gateway.url}/_fairgate/rooms/${id}/${action}`;
  const wish = async (id: string, action: string, token?: string) => {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const answer = await fetch(api(id, action), {
      method: 'POST',
      headers: { Accept: 'application/json', ...authorization },
    });
    const body = (await answer.json()) as { queueToken: string; outcome: string };
    if (!answer.ok) throw new Error(`${action}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  };
  const boardOf = async (id: string) => (await (await fetch(api(id, 'board'))).json()) as Board;
  /** Requests to Redis for each of the wishes, the median of phases. */
  const perWish = async (atOnce: number, one: () => Promise<unknown>): Promise<number> => {
    const phases: number[] = [];
    for (let phase = 0; phase < PHASES; phase++) {
      const before = redis.standIn.requests;
      for (let turn = 0; turn < ROUNDS_PER_PHASE; turn++) await Promise.all(Array.from({ length: atOnce }, one));
      phases.push((redis.standIn.requests - before) / (ROUNDS_PER_PHASE * atOnce));
    }
    return median(phases);
  };
  try {
    for (const id of ['ahead', 'soon']) await boardOf(id);
    const claims = AT_ONCE.reduce((sum, atOnce) => sum + atOnce * ROUNDS_PER_PHASE * PHASES, 0);
    const waiting: string[] = [];
    while (waiting.length < claims) {
      const some = await Promise.all(Array.from({ length: 32 }, () => wish('soon', 'join')));
      waiting.push(...some.map(({ queueToken }) => queueToken));
    }
    const joins: number[] = [];
    for (const atOnce of AT_ONCE) joins.push(await perWish(atOnce, () => wish('ahead', 'join')));
    for (let called = 0; called < waiting.length; called = (await boardOf('soon')).called) {
      await new Promise((done) => setTimeout(done, 500));
    }
    const claimed: number[] = [];
    for (const atOnce of AT_ONCE) claimed.push(await perWish(atOnce, () => wish('soon', 'claim', waiting.pop())));

    const [from, before] = [performance.now(), redis.standIn.requests];
    for (let polls = 0; polls < POLLS; polls += 40) {
      await Promise.all(Array.from({ length: 40 }, () => boardOf('ahead')));
    }
    const [seconds, asked] = [(performance.now() - from) / 1000, redis.standIn.requests - before];
    const row = (name: string, cells: string[]) => name.padEnd(34) + cells.map((cell) => cell.padStart(12)).join('');
    console.log(
      `\n${row(
        'Redis: requests to it',
        AT_ONCE.map((atOnce) => `${atOnce} at once`),
      )}`,
    );
    console.log(
      row(
        'each join',
        joins.map((count) => count.toFixed(2)),
      ),
    );
    console.log(
      row(
        'each claim',
        claimed.map((count) => count.toFixed(2)),
      ),
    );
    const looks = `${asked} during ${POLLS} polls in ${seconds.toFixed(1)} s: the gateway’s own look, once a second`;
    console.log(`${row('each poll', [(asked / POLLS).toFixed(4)])}   (${looks})`);

    const { standIn } = redis;
    const commandsSoFar = () => [...standIn.commands.values()].reduce((sum, count) => sum + count, 0);
    const [commands, bytes, lists] = [commandsSoFar(), standIn.bytes, standIn.requests];
    for (let joined = 0; joined < RUSH; joined += RUSH_AT_ONCE) {
      await Promise.all(Array.from({ length: RUSH_AT_ONCE }, () => wish('ahead', 'join')));
    }
    const each = (count: number) => (count / RUSH).toFixed(2);
    console.log(
      `a rush of ${RUSH} joins, ${RUSH_AT_ONCE} at once: ${each(standIn.requests - lists)} requests, ${each(commandsSoFar() - commands)} commands, ${each((standIn.bytes - bytes) / 1000)} kB each`,
    );
  } finally {
    await gateway.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

if (import.meta.main) await benchRedis();
