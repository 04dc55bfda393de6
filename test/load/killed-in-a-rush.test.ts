// Three gateways on one Redis in a rush of joins, before the opening and while others wait. In the middle of each rush a gateway
// is killed with -9, and its relay and the numbers that both have leased with it: no number is given twice, nobody who was answered loses
// a place, and order of arrival holds. Prints its figures.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Status } from '../../queue-core/board.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import { POSITION_LEASE_MS } from '../../queue-core/limits.ts';
import { demoRoom } from '../../scripts/lib/demo-site.ts';
import { type RunningGateway, startGateway } from '../../scripts/lib/gateway-process.ts';
import { type SharedRedis, sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { storedRoom } from '../redis/redis-stores.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const VISITORS = 900;
const RUSH_MS = 3_000;
const OPENS_IN_MS = 14_000;

/** Of the answered, the test asks another gateway for the places of every so many. */
const ASKED_NTH = 9;

let redis: SharedRedis;
let gateways: RunningGateway[];
let dataDir: string;
let opensAt: number;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'fairgate-killed-'));
  redis = await sharedRedis();
  opensAt = Date.now() + OPENS_IN_MS;
  const schedule = { opensAt: new Date(opensAt).toISOString() };
  const settings = {
    // The line hardly moves, so that everybody of the second rush stands behind others.
    rooms: [
      demoRoom({
        origin: 'http://127.0.0.1:9',
        schedule,
        policy: { newUsersPerMinute: 60, totalActiveUsers: 500, sessionMinutes: 5 },
      }),
    ],
    keys: { keys: [await newSigningKey(0)] },
    publicUrl: 'http://127.0.0.1:1',
    operatorKey: OPERATOR_KEY,
    joinsPerNetwork: '0',
    redis: redis.address,
  };
  gateways = await Promise.all(
    [0, 1, 2].map((index) => startGateway({ settings, port: 0, dataDir: join(dataDir, `${index}`), log: () => {} })),
  );
});
afterEach(async () => {
  await Promise.all((gateways ?? []).map((gateway) => gateway.stop('SIGKILL')));
  await redis?.[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

const HEADERS = { Accept: 'application/json' };
const address = (gateway: RunningGateway | undefined, action: string) =>
  `${gateway?.url}/_fairgate/rooms/demo/${action}`;

interface Joined {
  sentAt: number;
  answeredAt: number;
  queueToken: string;
  entry: number | null;
  position: number | null;
}

/** null: no answer came. */
async function joinAt(gateway: RunningGateway | undefined, key: string): Promise<Joined | null> {
  const sentAt = performance.now();
  try {
    const headers = { ...HEADERS, 'Idempotency-Key': key };
    const response = await fetch(address(gateway, 'join'), {
      method: 'POST',
      headers,
      signal: AbortSignal.timeout(5_000),
    });
    if (response.status !== 200) return null;
    const { queueToken } = (await response.json()) as { queueToken: string };
    const { entry = null, position = null } = JSON.parse(
      Buffer.from(queueToken.split('.')[1] ?? '', 'base64url').toString(),
    ) as Partial<Joined>;
    return { sentAt, answeredAt: performance.now(), queueToken, entry, position };
  } catch {
    // The gateway was killed, or does not listen any more.
    return null;
  }
}

/** Visitors of all gateways, of whom one is killed half way; one who gets no answer goes to another gateway. */
async function rush(killed: number): Promise<{ joined: Joined[]; moved: number }> {
  const open = gateways.flatMap((gateway, index) => (gateway.process.signalCode === null ? [index] : []));
  const others = open.filter((index) => index !== killed);
  let moved = 0;
  const visits = Array.from({ length: VISITORS }, async (_, index) => {
    await pause((index * RUSH_MS) / VISITORS);
    const key = `visitor-${killed}-${index}-0123456789`;
    const first = await joinAt(gateways[open[index % open.length] ?? 0], key);
    if (first !== null) return first;
    moved++;
    const second = await joinAt(gateways[others[index % others.length] ?? 0], key);
    if (second === null) throw new Error(`Visitor ${index} got no answer at another gateway either.`);
    return second;
  });
  await pause(RUSH_MS / 2);
  gateways[killed]?.process.kill('SIGKILL');
  return { joined: await Promise.all(visits), moved };
}

async function statusAt(gateway: RunningGateway | undefined, { queueToken }: Joined): Promise<Status> {
  const headers = { ...HEADERS, Authorization: `Bearer ${queueToken}` };
  return (await (await fetch(address(gateway, 'status'), { headers })).json()) as Status;
}

test('a gateway and its relay are killed in the middle of a rush: no number twice, and every answered place stays', async () => {
  const before = await rush(2);
  const entries = before.joined.map(({ entry }) => entry ?? 0);
  expect(new Set(entries).size).toBe(VISITORS);
  expect(Math.min(...entries)).toBeGreaterThan(0);
  const asked = before.joined.filter((_, index) => index % ASKED_NTH === 0);
  for (const one of asked)
    expect(await statusAt(gateways[1], one)).toMatchObject({ state: 'entered', entry: one.entry });

  await pause(Math.max(0, opensAt + 1_500 - Date.now()));
  const drawn = await Promise.all(asked.map((one) => statusAt(gateways[0], one)));
  expect(drawn.map(({ position }) => position)).not.toContain(null);
  expect(new Set(drawn.map(({ position }) => position)).size).toBe(asked.length);

  const after = await rush(1);
  const positions = after.joined.map(({ position }) => position ?? 0);
  expect(new Set(positions).size).toBe(VISITORS);
  const { room, sessions } = await storedRoom(redis.address, 'demo');
  expect(Math.min(...positions)).toBeGreaterThan(room.draw.entries ?? 0);
  expect(Math.max(...positions)).toBeLessThanOrEqual(room.line.issued);
  for (const one of after.joined.filter((_, index) => index % ASKED_NTH === 0)) {
    expect((await statusAt(gateways[0], one)).position).toBe(one.position);
  }
  expect(brokenIn(room, sessions)).toEqual([]);

  // One who was answered before another one asked stands before them, or both came within the life of a lease.
  const inOrder = after.joined.toSorted((a, b) => a.sentAt - b.sentAt);
  let latestMs = 0;
  let overtaken = 0;
  for (const a of inOrder) {
    for (const b of inOrder) {
      if (b.sentAt <= a.answeredAt || (b.position ?? 0) > (a.position ?? 0)) continue;
      overtaken++;
      latestMs = Math.max(latestMs, b.sentAt - a.answeredAt);
    }
  }
  console.log(
    [
      `before the opening  ${VISITORS} joins in ${RUSH_MS / 1_000} s at three gateways, one killed: ${new Set(entries).size} entries up to ${Math.max(...entries)}; ${before.moved} asked another gateway`,
      `while others wait   ${VISITORS} joins at two gateways, one killed: ${new Set(positions).size} positions, ${Math.max(...positions) - Math.min(...positions) + 1} leased; ${after.moved} asked another gateway`,
      `order               ${overtaken} pairs in which the later stands before, at most ${latestMs.toFixed(0)} ms later (bound ${POSITION_LEASE_MS} ms)`,
    ].join('\n'),
  );
  expect(latestMs).toBeLessThanOrEqual(POSITION_LEASE_MS);
});
