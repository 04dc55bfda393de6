// The running gateway in front of a site that fails and hangs while people arrive: nobody is admitted there within seconds, nobody in
// line loses the place, and admissions come back in steps. Prints its figures.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Board } from '../../queue-core/board.ts';
import { OPERATOR_KEY, type Running, startFairgate, TestVisitor } from '../running-gateway.ts';

const RATE_PER_MINUTE = 600;
const ARRIVALS_EVERY_MS = 90;
/** Requests of a visit, one a second. */
const REQUESTS = 4;
/** How old a number may be that the gateway tells. */
const VIEW_MS = 2_000;
/** What admissions may take to follow a fault. */
const FOLLOWS_MS = 5_000;

type Mode = 'well' | 'errors' | 'hangs';

let mode: Mode = 'well';
let held: ServerResponse[] = [];
const site = createServer((_, response) => {
  if (mode === 'hangs') held.push(response);
  else response.writeHead(mode === 'well' ? 200 : 500, { 'Content-Type': 'text/plain' }).end('site');
});
let fairgate: Running;

beforeAll(async () => {
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  fairgate = await startFairgate({
    originUrl: `http://127.0.0.1:${(site.address() as AddressInfo).port}`,
    room: { policy: { newUsersPerMinute: RATE_PER_MINUTE, totalActiveUsers: 400, sessionMinutes: 5 } },
  });
});
afterAll(async () => {
  await fairgate?.stop();
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The line as the test sees it: one reader of the board for all, and when whom was admitted. */
class Crowd {
  board: Board | null = null;
  readonly admitted: { at: number; position: number }[] = [];
  readonly lost: string[] = [];
  readonly rates: { at: number; rate: number }[] = [];
  isOver = false;
  #inLine = 0;

  async watch(): Promise<void> {
    while (!this.isOver) {
      this.board = await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json();
      const headers = { Authorization: `Bearer ${OPERATOR_KEY}` };
      const live = await (await fetch(`${fairgate.url}/_fairgate/operator/rooms/demo/live`, { headers })).json();
      this.rates.push({ at: performance.now(), rate: live.inForce.newUsersPerMinute });
      await sleep(500);
    }
  }

  async arrive(): Promise<void> {
    const coming: Promise<void>[] = [];
    while (!this.isOver) {
      coming.push(this.#visit());
      await sleep(ARRIVALS_EVERY_MS);
    }
    await Promise.all(coming);
  }

  async #visit(): Promise<void> {
    const visitor = new TestVisitor(fairgate.url);
    const joined = await (await visitor.act('join')).json();
    this.#inLine++;
    let { outcome } = joined;
    const { position } = joined.status;
    while (outcome !== 'admitted' && !this.isOver) {
      await sleep(400);
      if ((this.board?.called ?? 0) < position) continue;
      ({ outcome } = await (await visitor.act('claim')).json());
      if (outcome === 'lapsed' || outcome === 'ended') this.lost.push(`position ${position}: ${outcome}`);
    }
    if (outcome !== 'admitted') return;
    this.#inLine--;
    this.admitted.push({ at: performance.now(), position });
    for (let request = 0; request < REQUESTS && !this.isOver; request++) {
      await visitor.page('/').catch(() => {});
      await sleep(1_000);
    }
    await visitor.act('leave').catch(() => {});
  }

  get inLine(): number {
    return this.#inLine;
  }

  between(from: number, to: number): number {
    return this.admitted.filter(({ at }) => at >= from && at < to).length;
  }
}

/** Until the condition holds; fails the test where it does not within the time. */
async function until(what: string, holds: () => boolean, msMax: number): Promise<number> {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > msMax) throw new Error(`${what}: not within ${msMax / 1_000} s.`);
    await sleep(50);
  }
  return performance.now() - from;
}

/** The crowd and the gateway share two cores; where another program uses those, the test measures the machine. */
const OPTIONS = { retry: 1, timeout: 240_000 };

/** Lets the site fail for a while, and follows admissions until the whole rate is back. */
async function fail(crowd: Crowd, fault: Exclude<Mode, 'well'>): Promise<void> {
  const before = crowd.board?.called ?? 0;
  mode = fault;
  const began = performance.now();
  await sleep(FOLLOWS_MS);
  const stopped = performance.now();
  await until('the board says so', () => crowd.board?.pausedBy === 'origin', 5 * VIEW_MS);
  await sleep(4_000);
  expect(crowd.board).toMatchObject({ state: 'paused', pausedBy: 'origin', pace: null });
  expect(crowd.between(stopped, performance.now())).toBe(0);
  const last = Math.max(...crowd.admitted.map(({ at }) => at)) - began;
  const waiting = crowd.inLine;

  recover();
  const recovered = performance.now();
  const first = await until('people are admitted again', () => crowd.between(recovered, Infinity) > 0, 40_000);
  // Before that a board may be older than the stop.
  const from = recovered + first + VIEW_MS;
  const isWhole = () => crowd.rates.some(({ at, rate }) => at >= from && rate === RATE_PER_MINUTE);
  await until('the whole rate is back', isWhole, 60_000);
  const steps = crowd.rates.filter(({ at }) => at >= from).map(({ rate }) => rate);
  expect(steps, 'the rate only rises').toEqual(steps.toSorted((a, b) => a - b));
  expect(new Set(steps).size, `steps ${[...new Set(steps)]}`).toBeGreaterThanOrEqual(3);
  expect(crowd.board?.called ?? 0).toBeGreaterThan(before);
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  console.log(
    `${fault}: last admission after ${seconds(last)}; ${waiting} in line meanwhile; first again ${seconds(first)} after the site was well; ` +
      `rates ${[...new Set(steps)].join(', ')} a minute`,
  );
}

function recover(): void {
  mode = 'well';
  for (const response of held) response.end();
  held = [];
}

test(
  'admissions follow a site that answers 500 or hangs, and come back in steps; nobody loses a place',
  OPTIONS,
  async () => {
    const crowd = new Crowd();
    const running = [crowd.watch(), crowd.arrive()];
    try {
      await until('people are admitted', () => crowd.admitted.length > 40, 60_000);
      for (const fault of ['errors', 'hangs'] as const) await fail(crowd, fault);
    } finally {
      recover();
      crowd.isOver = true;
      await Promise.allSettled(running);
    }
    expect(crowd.lost).toEqual([]);
    const positions = crowd.admitted.map(({ position }) => position);
    expect(new Set(positions).size).toBe(positions.length);
  },
);
