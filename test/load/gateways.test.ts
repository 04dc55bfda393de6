// Three gateways on one Redis, three thousand visitors within ten seconds, 40 % of whom never come back; each third comes to
// a gateway of its own. Half way one gateway is killed and Redis is restarted. Nobody loses a place, no position is given
// twice, order and limits hold. Figures are printed.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DemoOrigin, startDemoOrigin } from '../../origin/demo/server.ts';
import { faultIn } from '../../queue-core/audit.ts';
import type { Board, Status } from '../../queue-core/board.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import { type RunningGateway, startGateway } from '../../scripts/lib/gateway-process.ts';
import { type SharedRedis, sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import {
  admissionsOf,
  audit,
  type Evidence,
  fullestMoment,
  fullestWindow,
  mostOvertaken,
} from '../../scripts/rehearsal/auditor.ts';
import type { History, VisitorHistory } from '../../scripts/rehearsal/event-log.ts';
import { planVisitors, type VisitorPlan } from '../../scripts/rehearsal/plan.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { redisStore, storedRoom } from '../redis/redis-stores.ts';
import { AUDIENCE, OPERATOR_KEY } from '../running-gateway.ts';
import { type Forwarder, forwardTo } from './forwarder.ts';
import { gather, LINE_ONLY, PLAYED_MS_MAX, play, withPlaces } from './play-rehearsal.ts';

const VISITORS = 3_000;
const GATEWAYS = 3;
const NO_SHOW = 0.4;
/** A slot each 16 ms: what tokens say in whole ms is then exact. */
const NEW_USERS_PER_MINUTE = 3_750;
const TOTAL_ACTIVE_USERS = 900;
const LIMITS = { newUsersPerMinute: NEW_USERS_PER_MINUTE, totalActiveUsers: TOTAL_ACTIVE_USERS };
const WINDOW_MS = 10_000;
/** The restart, the five seconds after it, and the pause of those who were refused meanwhile. */
const AWAY_MS = 10_000;

/** With their places in hand, all open the page within the ten seconds before the opening, in a rush towards it. */
const PEOPLE = { ...LINE_ONLY, visitors: VISITORS, before: 1, overMs: 20_000, noShow: NO_SHOW, stayMs: 2_500 };

/** Of those who did not come back, the ones at every twelfth position are asked about: about a hundred, from all three parts. */
const ABSENT_ASKED_NTH = 12;

let redis: SharedRedis;
let origin: DemoOrigin;
let gateways: RunningGateway[];
let forwarder: Forwarder;
let log: string[];
let dataDir: string;

beforeEach(async () => {
  log = [];
  dataDir = mkdtempSync(join(tmpdir(), 'fairgate-gateways-'));
  redis = await sharedRedis('--appendonly', 'yes');
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  origin = await startDemoOrigin({
    port: 0,
    dataDir,
    issuer: publicUrl,
    audience: AUDIENCE,
    jwksUrl: `${publicUrl}/.well-known/jwks.json`,
  });
  const settings = {
    rooms: [
      {
        id: 'demo',
        title: { ko: '예약', en: 'Booking' },
        hosts: ['*'],
        origin: origin.url,
        audience: AUDIENCE,
        schedule: { opensAt: '+15s' },
        policy: { ...LIMITS, sessionMinutes: 5 },
      },
    ],
    keys: { keys: [await newSigningKey(0)] },
    publicUrl,
    operatorKey: OPERATOR_KEY,
    redis: redis.address,
  };
  gateways = await Promise.all(
    Array.from({ length: GATEWAYS }, (_, index) =>
      startGateway({
        settings,
        port: index === 0 ? port : 0,
        dataDir: join(dataDir, `${index}`),
        log: (line) => log.push(line),
      }),
    ),
  );
  const [first, second, third] = gateways.map(({ url }) => url);
  // The third is the one that dies; whoever came to it is then answered by the first.
  forwarder = await forwardTo([third, first, second].filter((url) => url !== undefined));
});
afterEach(async () => {
  await forwarder?.stop();
  await Promise.all((gateways ?? []).map((gateway) => gateway.stop('SIGKILL')));
  await origin?.close();
  await redis?.[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

const boardAt = async (url: string) => (await (await fetch(`${url}/_fairgate/rooms/demo/board`)).json()) as Board;

async function positionAt(url: string, cookie: string): Promise<number | null> {
  const answer = await fetch(`${url}/_fairgate/rooms/demo/status`, { headers: { Cookie: cookie } });
  return ((await answer.json()) as Status).position;
}

/** Everybody and everything on a few cores: where something else takes those, order is the machine's and not the line's. */
const ONCE_MORE = { retry: 1 };

test('a gateway dies and Redis restarts half way: nobody loses a place, limits and order hold', ONCE_MORE, async () => {
  const urls = [gateways[0]?.url ?? '', gateways[1]?.url ?? '', forwarder.url];
  const joiningFrom = performance.now();
  const crowds = await Promise.all(urls.map((url) => gather(url, VISITORS / GATEWAYS)));
  const joined = (performance.now() - joiningFrom) / 1000;

  const plans = planVisitors(PEOPLE, []).map((plan) => (plan.intent === 'noShow' ? staysAway(plan) : plan));
  const partOf = (index: number) => plans.slice((index * VISITORS) / GATEWAYS, ((index + 1) * VISITORS) / GATEWAYS);
  const playing = Promise.all(urls.map((url, index) => play(url, withPlaces(partOf(index), crowds[index] ?? []))));
  const calledAtLeast = async (count: number) => (await boardAt(urls[0] ?? '')).called >= count;
  await expect.poll(() => calledAtLeast(VISITORS / 3), { timeout: PLAYED_MS_MAX, interval: 300 }).toBe(true);
  const third = await metricsOf(gateways[2]?.url ?? '');
  await gateways[2]?.stop('SIGKILL');
  await expect.poll(() => calledAtLeast(VISITORS / 2), { timeout: PLAYED_MS_MAX, interval: 300 }).toBe(true);
  await redis.server.end('SIGKILL');
  await redis.server.again();
  const evidence = merged(await playing);

  const metrics = [...(await Promise.all(urls.slice(0, 2).map(metricsOf))), third];
  const total = (name: string) => metrics.reduce((sum, one) => sum + (one.get(name) ?? 0), 0);
  const { opensAt } = await boardAt(urls[0] ?? '');
  const { boards, visitors, clockAccuracyMs } = evidence;
  const admitted = admissionsOf(visitors);
  const seconds = ((admitted.at(-1)?.admitAt ?? 0) - Date.parse(opensAt)) / 1000;
  const perWindow = fullestWindow(admitted, WINDOW_MS, boards, LIMITS)?.count ?? 0;
  const atOnce = fullestMoment(admitted, clockAccuracyMs)?.count ?? 0;
  const limitPerWindow = (NEW_USERS_PER_MINUTE * WINDOW_MS) / 60_000;
  const displaced = mostOvertaken(admitted, 'all')?.by ?? 0;
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

  expect(visitors.map(positionOf).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(
    Array.from({ length: VISITORS }, (_, index) => index + 1),
  );
  const came = visitors.filter((visitor) => !isAbsent(visitor));
  expect(came.filter(({ sessions, end }) => sessions.length !== 1 || end !== 'visited')).toEqual([]);
  expect(admitted).toHaveLength(came.length);
  expect(new Set(admitted.map(({ sid }) => sid)).size).toBe(admitted.length);
  expect(perWindow).toBeLessThanOrEqual(limitPerWindow);
  expect(atOnce).toBeLessThanOrEqual(TOTAL_ACTIVE_USERS);
  expect(admitted[0]?.admitAt).toBeGreaterThanOrEqual(Date.parse(opensAt));
  expect(displaced).toBeLessThanOrEqual(displacedMax);
  // The auditor's own bound of order knows no restart; the one above does.
  const broken = audit(evidence, LIMITS).filter(({ verdict }) => verdict === 'broken');
  expect(broken.filter(({ law }) => law !== 'order')).toEqual([]);

  // Whoever did not come back still has the place that they had, on every gateway that is left.
  const cookies = crowds.flat().map(({ jar }) => jar.header);
  const absent = visitors
    .map((visitor, index) => ({ visitor, position: positionOf(visitor), cookie: cookies[index] ?? '' }))
    .filter(({ visitor, position }) => isAbsent(visitor) && (position ?? 0) % ABSENT_ASKED_NTH === 0);
  expect(absent.length).toBeGreaterThan(0);
  for (const url of urls.slice(0, 2)) {
    const places = await Promise.all(absent.map(({ cookie }) => positionAt(url, cookie)));
    expect(places).toEqual(absent.map(({ position }) => position));
  }

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

/** Whoever will not come when called has a page open until then, and so is told a position. */
function staysAway(plan: VisitorPlan): VisitorPlan {
  return { ...plan, arrivesMs: (plan.arrivesMs - PEOPLE.overMs / 2) / 2, patienceMs: PLAYED_MS_MAX };
}

/**
 * Did not come when called. Where the machine is so slow that a page is answered only after the opening, its visitor, if
 * called by then, is let in with that answer and has come after all; `staysAway` opens those pages long before.
 */
function isAbsent({ intent, insideAt }: VisitorHistory): boolean {
  return intent === 'noShow' && insideAt === null;
}

/** As the status told it; whoever was let in with the answer to a page has it from the admission token alone. */
function positionOf({ places, sessions }: VisitorHistory): number | null {
  return places.findLast(({ position }) => position !== null)?.position ?? sessions[0]?.position ?? null;
}

/** What the parts of the crowd saw, as one rehearsal would have written it down. */
function merged(histories: readonly History[]): Evidence {
  return {
    boards: histories.flatMap(({ boards }) => boards).toSorted((a, b) => a.asOf - b.asOf),
    visitors: histories.flatMap(({ visitors }) => visitors),
    attempts: histories.flatMap(({ attempts }) => attempts),
    clockAccuracyMs: Math.max(...histories.map(({ clockAccuracyMs }) => clockAccuracyMs)),
  };
}
