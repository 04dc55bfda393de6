// One network floods a room with joins while visitors from many other addresses come, wait and enter. Prints its figures. The
// same rush four times as long: `FLOOD_SECONDS=60 npm exec -- vitest run test/load/joins-per-network.test.ts`.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';

const SECONDS = Number(process.env['FLOOD_SECONDS'] ?? 15);
const NEW_USERS_PER_MINUTE = 1_200;
const JOINS_PER_NETWORK = 10 * SECONDS;
/** More than the rate, so that they wait. */
const HONEST = Math.round((2_000 / 60) * SECONDS);
const FLOOD = Math.round((20_000 / 60) * SECONDS);
/** A little less than the visitors take, so that it is over within the same minute. */
const FLOOD_OVER_MS = 950 * SECONDS;
const POLL_MS = 1_500;
/** Between two polls a told wait is not corrected, nor an admission noticed. */
const TOLERANCE_SECONDS = 2 + POLL_MS / 1_000;
/** Far more than the wait behind every ghost: a line that does not move fails by this. */
const WAIT_MS_MAX = 240_000;

const FLOOD_ADDRESS = '127.66.6.6';

let fairgate: Running;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

beforeEach(async () => {
  fairgate = await startFairgate({
    room: { policy: { newUsersPerMinute: NEW_USERS_PER_MINUTE, totalActiveUsers: 100_000, sessionMinutes: 5 } },
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
  body: {
    type?: string;
    outcome?: string;
    queueToken?: string;
    status?: { waitSeconds: { low: number; high: number } | null };
  };
}

/** A wait that a visitor was told, and the seconds until they could enter. */
interface Told {
  low: number;
  high: number;
  real: number;
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

/** Comes, joins, and claims until admitted. @returns the wait in ms, and every wait that was told meanwhile */
async function honestVisit(index: number): Promise<{ waitMs: number; told: Told[] }> {
  const address = `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;
  const cameAt = performance.now();
  const joined = await post('join', address);
  expect(joined.status).toBeLessThan(300);
  const told: { low: number; high: number; at: number }[] = [];
  let { outcome } = joined.body;
  while (outcome !== 'admitted') {
    if (performance.now() - cameAt > WAIT_MS_MAX) throw new Error(`Visitor ${index} was not admitted: ${outcome}.`);
    await pause(POLL_MS);
    const { body } = await post('claim', address, joined.body.queueToken);
    ({ outcome } = body);
    const wait = body.status?.waitSeconds;
    if (wait) told.push({ ...wait, at: performance.now() });
  }
  const admittedAt = performance.now();
  return {
    waitMs: admittedAt - cameAt,
    told: told.map(({ low, high, at }) => ({ low, high, real: (admittedAt - at) / 1_000 })),
  };
}

function shareOf(told: readonly Told[], matches: (told: Told) => boolean): number {
  return told.filter(matches).length / told.length;
}

function residentMb(pid: number | undefined): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}

test('a flood of joins from one network gets its limit, and every honest visitor gets a place', async () => {
  const startedAt = performance.now();
  const flood = spread(FLOOD, FLOOD_OVER_MS, () => post('join', FLOOD_ADDRESS)).then((answers) => ({
    answers,
    minutes: Math.ceil((performance.now() - startedAt) / 60_000),
  }));
  const visits = await spread(HONEST, 1_000 * SECONDS, honestVisit);
  const waits = visits.map(({ waitMs }) => waitMs).toSorted((a, b) => a - b);
  const told = visits.flatMap((visit) => visit.told);
  const first = visits.flatMap((visit) => visit.told.slice(0, 1));
  const inside = ({ low, high, real }: Told) => real >= low - TOLERANCE_SECONDS && real <= high + TOLERANCE_SECONDS;
  const later = ({ high, real }: Told) => real > high + TOLERANCE_SECONDS;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const seconds = (performance.now() - startedAt) / 1_000;
  const { answers, minutes } = await flood;
  const taken = answers.filter(({ status }) => status < 300).length;
  const entered = answers.filter(({ body }) => body.outcome === 'admitted').length;
  const refused = answers.filter(({ status }) => status === 429);

  const metrics = await (
    await fetch(`${fairgate.url}/_fairgate/metrics`, { headers: { Authorization: `Bearer ${OPERATOR_KEY}` } })
  ).text();
  const metric = (series: string) =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(series))
        ?.split(' ')[1],
    );
  const answered = (kind: string) => metric(`fairgate_store_operations_total{kind="${kind}",outcome="answered"}`) || 0;
  const operations = answered('join') + answered('lease');
  const given = answered('join') + metric('fairgate_leased_numbers_total{room="demo",fate="given"}');
  const waited = (share: number) => ((waits[Math.floor(share * (HONEST - 1))] ?? 0) / 1_000).toFixed(1);
  console.log(
    [
      `one network     ${FLOOD} joins, ${taken} places (limit ${JOINS_PER_NETWORK} a minute), ${refused.length} refused`,
      `honest visitors ${HONEST} from as many addresses, ${waits.length} admitted; waits: median ${waited(0.5)} s, 95 % ${waited(0.95)} s, longest ${waited(1)} s`,
      `places given ${taken + HONEST}; admissions ${((60 * (HONEST + entered)) / seconds).toFixed(0)} a minute of ${NEW_USERS_PER_MINUTE} over ${seconds.toFixed(0)} s, while visitors came at ${(60 * HONEST) / SECONDS} a minute`,
      `waits told      ${told.length}, real wait within ${percent(shareOf(told, inside))}, longer ${percent(shareOf(told, later))}; of the first told to each visitor within ${percent(shareOf(first, inside))}, longer ${percent(shareOf(first, later))}`,
      `store operations for ${FLOOD + HONEST} joins: ${operations}; memory of the gateway ${residentMb(fairgate.gateway.process.pid)} MB`,
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
  expect(given).toBe(taken + HONEST);
  expect(operations).toBeLessThan((taken + HONEST) / 3);
  expect(shareOf(told, later)).toBeLessThan(0.15);
  expect(metric('fairgate_joins_refused_total{room="demo"}')).toBe(FLOOD - taken);
});
