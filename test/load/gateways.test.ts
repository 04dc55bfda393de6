// Three gateways on one Redis, three thousand visitors within ten seconds, 40 % of whom never come back. Half way one gateway
// is killed and Redis is restarted. Nobody loses a place, no position is given twice, order and limits hold. Figures are
// printed.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import type { Board, Status } from '../../queue-core/board.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import { type RunningGateway, startGateway } from '../../scripts/gateway.ts';
import { type SharedRedis, sharedRedis } from '../../scripts/local-redis/shared-redis.ts';
import { newSigningKey } from '../../worker/signing-keys.ts';
import { redisStore, storedRoom } from '../redis/redis-stores.ts';
import { OPERATOR_KEY } from '../running.ts';
import { gather, mostAtOnce, mostInWindow, play } from './crowd.ts';
import { type Forwarder, forwardTo } from './forwarder.ts';

const VISITORS = 3_000;
const GATEWAYS = 3;
const NO_SHOW = 0.4;
/** A slot each 16 ms: what tokens say in whole ms is then exact. */
const NEW_USERS_PER_MINUTE = 3_750;
const TOTAL_ACTIVE_USERS = 900;
const WINDOW_MS = 10_000;
/** The restart, the five seconds after it, and the pause of those who were refused meanwhile. */
const AWAY_MS = 10_000;

let redis: SharedRedis;
let gateways: RunningGateway[];
let forwarder: Forwarder;
const log: string[] = [];
const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-gateways-'));

beforeAll(async () => {
  redis = await sharedRedis('--appendonly', 'yes');
  const settings = {
    rooms: [
      {
        id: 'demo',
        title: { ko: '예약', en: 'Booking' },
        hosts: ['*'],
        origin: 'http://127.0.0.1:9',
        schedule: { opensAt: '+10s' },
        policy: {
          newUsersPerMinute: NEW_USERS_PER_MINUTE,
          totalActiveUsers: TOTAL_ACTIVE_USERS,
          sessionMinutes: 5,
        },
      },
    ],
    keys: { keys: [await newSigningKey(0)] },
    publicUrl: 'http://127.0.0.1:1',
    operatorKey: OPERATOR_KEY,
    redis: redis.address,
  };
  gateways = await Promise.all(
    Array.from({ length: GATEWAYS }, (_, index) =>
      startGateway({ settings, port: 0, dataDir: join(dataDir, `${index}`), log: (line) => log.push(line) }),
    ),
  );
  const [first, second, third] = gateways.map(({ url }) => url);
  // The third is the one that dies; whoever came to it is then answered by the first.
  forwarder = await forwardTo([third, first, second].filter((url) => url !== undefined));
});
afterAll(async () => {
  await forwarder?.stop();
  await Promise.all((gateways ?? []).map((gateway) => gateway.stop('SIGKILL')));
  await redis?.[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

const boardAt = async (url: string) => (await (await fetch(`${url}/_fairgate/rooms/demo/board`)).json()) as Board;

test('a gateway dies and Redis restarts half way: nobody loses a place, limits and order hold', async () => {
  const urls = [gateways[0]?.url ?? '', gateways[1]?.url ?? '', forwarder.url];
  const rules = { visitors: VISITORS / GATEWAYS, noShow: NO_SHOW, stayMs: () => 1_000 + Math.random() * 3_000 };
  const joiningFrom = performance.now();
  const crowds = await Promise.all(urls.map((url) => gather({ ...rules, url })));
  const joined = (performance.now() - joiningFrom) / 1000;
  const crowd = crowds.flat();

  const playing = Promise.all(crowds.map((part, index) => play(part, { ...rules, url: urls[index] ?? '' })));
  const calledAtLeast = async (count: number) => (await boardAt(urls[0] ?? '')).called >= count;
  await expect.poll(() => calledAtLeast(VISITORS / 3), { timeout: 60_000, interval: 300 }).toBe(true);
  const readMetrics = () => Promise.all(gateways.map(({ url }) => metricsOf(url)));
  const [, , third] = await readMetrics();
  await gateways[2]?.stop('SIGKILL');
  await expect.poll(() => calledAtLeast(VISITORS / 2), { timeout: 60_000, interval: 300 }).toBe(true);
  await redis.server.end('SIGKILL');
  await redis.server.again();
  await playing;

  const metrics = [...(await Promise.all(urls.slice(0, 2).map(metricsOf))), third ?? new Map<string, number>()];
  const total = (name: string) => metrics.reduce((sum, one) => sum + (one.get(name) ?? 0), 0);
  const { opensAt } = await boardAt(urls[0] ?? '');
  const admitted = crowd.flatMap(({ session, position }) =>
    session === null || position === null ? [] : [{ ...session, position }],
  );
  const seconds = (Math.max(...admitted.map(({ admitAt }) => admitAt)) - Date.parse(opensAt)) / 1000;
  const perWindow = mostInWindow(
    admitted.map(({ admitAt }) => admitAt),
    WINDOW_MS,
  );
  const atOnce = mostAtOnce(admitted.map(({ admitAt, until }) => ({ from: admitAt, until })));
  const order = admitted.toSorted((a, b) => a.admitAt - b.admitAt).map(({ position }) => position);
  const limitPerWindow = (NEW_USERS_PER_MINUTE * WINDOW_MS) / 60_000;
  const displaced = mostDisplaced(order);
  // Whoever was called while Redis was away asks again after it: the length of that comes on top of ten seconds of calls.
  const displacedMax = (NEW_USERS_PER_MINUTE * (WINDOW_MS + AWAY_MS)) / 60_000;
  const commandsAsked = [...redis.standIn.commands.values()].reduce((sum, count) => sum + count, 0);
  const lists = total('fairgate_redis_list_commands_count');
  console.log(
    [
      `visitors ${VISITORS} on ${GATEWAYS} gateways, joined within ${joined.toFixed(1)} s; admitted ${admitted.length}`,
      `most admissions in any 10 s   ${perWindow} (limit ${limitPerWindow})`,
      `most people at once           ${atOnce} (limit ${TOTAL_ACTIVE_USERS})`,
      `farthest out of order         ${displaced} places (ten seconds of calls and the restart: ${displacedMax})`,
      `from the opening to the last  ${seconds.toFixed(0)} s, restart and its five seconds included (at the full rate ${((60 * admitted.length) / NEW_USERS_PER_MINUTE).toFixed(0)} s)`,
      `Redis: ${lists} lists, ${(total('fairgate_redis_list_commands_sum') / lists).toFixed(1)} commands each; ${total('fairgate_redis_round_trips_total')} round trips, ${total('fairgate_redis_conflicts_total')} conflicts, ${total('fairgate_redis_retries_total')} retries, noticed restarts ${total('fairgate_redis_losses_total')}`,
      `for each visitor: ${(commandsAsked / VISITORS).toFixed(1)} commands, ${(redis.standIn.bytes / VISITORS / 1000).toFixed(0)} kB to and from Redis`,
    ].join('\n'),
  );

  expect(crowd.map(({ position }) => position).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(
    Array.from({ length: VISITORS }, (_, index) => index + 1),
  );
  expect(admitted).toHaveLength(crowd.filter(({ comesBack }) => comesBack).length);
  expect(new Set(admitted.map(({ sid }) => sid)).size).toBe(admitted.length);
  expect(perWindow).toBeLessThanOrEqual(limitPerWindow);
  expect(atOnce).toBeLessThanOrEqual(TOTAL_ACTIVE_USERS);
  expect(Math.min(...admitted.map(({ admitAt }) => admitAt))).toBeGreaterThanOrEqual(Date.parse(opensAt));
  expect(displaced).toBeLessThanOrEqual(displacedMax);

  // Whoever did not come back still has the place that they had, on every gateway that is left.
  const absent = crowd.filter(({ comesBack }) => !comesBack).slice(0, 100);
  const places = await Promise.all(absent.map(async ({ visitor }) => ((await visitor.status()) as Status).position));
  expect(places).toEqual(absent.map(({ position }) => position));

  const { store } = redisStore(redis.address);
  const { room, sessions } = await storedRoom(redis.address, 'demo');
  expect(brokenIn(room, sessions)).toEqual([]);
  expect(sessions.size).toBe(admitted.length);
  expect(faultIn(await store.rows('demo', 'audit', { after: 0, limit: 1_000 }))).toBeNull();
  expect(log.filter((line) => /command was|EVAL|visitor-|"sid"/.test(line))).toEqual([]);
});

/** The sums of a gateway's metrics by name, over all labels. */
async function metricsOf(url: string): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const line of (await (await fetch(`${url}/_fairgate/metrics`)).text()).split('\n')) {
    const [, name, value] = /^(\w+)\{ledger="demo"[^}]*\} ([\d.]+)$/.exec(line) ?? [];
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

/** How many later positions were admitted before the visitor for whom that is most. */
function mostDisplaced(order: readonly number[]): number {
  return Math.max(
    ...order.map((position, index) => order.slice(0, index).filter((earlier) => earlier > position).length),
  );
}
