// One network floods a room with joins while visitors from many other addresses come, wait and enter. Prints its figures.

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';

const NEW_USERS_PER_MINUTE = 600;
const JOINS_PER_NETWORK = 60;
const HONEST = 150;
/** They come at two thirds of the rate. */
const HONEST_OVER_MS = 22_500;
const FLOOD = 1_500;
const FLOOD_OVER_MS = 20_000;
const POLL_MS = 1_000;
/** Far more than the wait behind every ghost: a line that does not move fails by this. */
const WAIT_MS_MAX = 120_000;

const FLOOD_ADDRESS = '127.66.6.6';

let fairgate: Running;
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

beforeEach(async () => {
  fairgate = await startFairgate({
    room: { policy: { newUsersPerMinute: NEW_USERS_PER_MINUTE, totalActiveUsers: 10_000, sessionMinutes: 5 } },
    joinsPerNetwork: JOINS_PER_NETWORK,
  });
});
afterEach(async () => {
  agent.destroy();
  await fairgate?.stop();
});

interface Answer {
  status: number;
  retryAfter: number;
  body: { type?: string; outcome?: string; queueToken?: string };
}

/** POST to the room's API as an app at this loopback address, without cookies. */
function post(action: 'join' | 'claim', address: string, token?: string): Promise<Answer> {
  const bearer = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${fairgate.url}/_fairgate/rooms/demo/${action}`,
      { method: 'POST', agent, localAddress: address, headers: { Accept: 'application/json', ...bearer } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const retryAfter = Number(incoming.headers['retry-after'] ?? 0);
          resolve({ status: incoming.statusCode ?? 0, retryAfter, body: JSON.parse(Buffer.concat(chunks).toString()) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Sends all of them spread over the time, whatever the responses take. */
function spread<T>(count: number, overMs: number, send: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await pause((index * overMs) / count);
      return send(index);
    }),
  );
}

/** Comes, joins, and claims once a second until admitted. @returns the wait in ms */
async function honestVisit(index: number): Promise<number> {
  const address = `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;
  const cameAt = performance.now();
  const joined = await post('join', address);
  expect(joined.status).toBeLessThan(300);
  let { outcome } = joined.body;
  while (outcome !== 'admitted') {
    if (performance.now() - cameAt > WAIT_MS_MAX) throw new Error(`Visitor ${index} was not admitted: ${outcome}.`);
    await pause(POLL_MS);
    ({ outcome } = (await post('claim', address, joined.body.queueToken)).body);
  }
  return performance.now() - cameAt;
}

test('a flood of joins from one network gets its limit, and every honest visitor gets a place', async () => {
  const startedAt = performance.now();
  const flood = spread(FLOOD, FLOOD_OVER_MS, () => post('join', FLOOD_ADDRESS)).then((answers) => ({
    answers,
    minutes: Math.ceil((performance.now() - startedAt) / 60_000),
  }));
  const waits = (await spread(HONEST, HONEST_OVER_MS, honestVisit)).toSorted((a, b) => a - b);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { answers, minutes } = await flood;
  const taken = answers.filter(({ status }) => status < 300).length;
  const entered = answers.filter(({ body }) => body.outcome === 'admitted').length;
  const refused = answers.filter(({ status }) => status === 429);

  const metrics = await (await fetch(`${fairgate.url}/_fairgate/metrics`)).text();
  const metric = (series: string) =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(series))
        ?.split(' ')[1],
    );
  const operations = metric('fairgate_store_operations_total{kind="join",outcome="answered"}');
  const waited = (share: number) => ((waits[Math.floor(share * (HONEST - 1))] ?? 0) / 1_000).toFixed(1);
  console.log(
    [
      `one network     ${FLOOD} joins, ${taken} places (limit ${JOINS_PER_NETWORK} a minute), ${refused.length} refused`,
      `honest visitors ${HONEST} from as many addresses, ${waits.length} admitted; waits: median ${waited(0.5)} s, 95 % ${waited(0.95)} s, longest ${waited(1)} s`,
      `places given ${taken + HONEST}; admissions ${((60 * (HONEST + entered)) / seconds).toFixed(0)} a minute of ${NEW_USERS_PER_MINUTE} over ${seconds.toFixed(0)} s, while visitors came at ${(60_000 * HONEST) / HONEST_OVER_MS} a minute`,
      `store operations for ${FLOOD + HONEST} joins: ${operations}`,
    ].join('\n'),
  );

  // On a machine so slow that the flood takes longer than a minute, the next minute has a limit of its own.
  expect(taken).toBeGreaterThanOrEqual(JOINS_PER_NETWORK);
  expect(taken).toBeLessThanOrEqual(JOINS_PER_NETWORK * minutes);
  expect(refused).toHaveLength(FLOOD - taken);
  for (const { body, retryAfter } of refused) {
    expect(body.type).toBe('https://fairgate.dev/problems/too-many-joins');
    expect(body.queueToken).toBeUndefined();
    expect(retryAfter).toBeGreaterThanOrEqual(1);
  }
  expect(waits).toHaveLength(HONEST);
  expect(operations).toBe(taken + HONEST);
  expect(metric('fairgate_joins_refused_total{room="demo"}')).toBe(FLOOD - taken);
});
