// A site with a hundred appointments and a thousand people, over HTTP: the running gateway in front of the demo site. Exactly a hundred book,
// nobody is let in for nothing, everybody else is told within seconds, and what is cancelled goes to the next five in line.

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBookings } from '../../origin/demo/bookings.ts';
import type { Board, Status } from '../../queue-core/board.ts';
import { aheadOf, POLL_JITTER, pollSeconds } from '../../queue-core/wait.ts';
import { type Running, startFairgate, TestVisitor } from '../running-gateway.ts';

const VISITORS = 1_000;
const LEFT = 100;
const CANCELLED = 5;
const TOLD_MS = 3_000;
/** How old a number may be that the gateway tells. */
const VIEW_MS = 3_000;
const OPENS_IN_SECONDS = 20;

let fairgate: Running;

beforeAll(async () => {
  fairgate = await startFairgate({
    slotsPerClinic: LEFT / 5,
    siteCalls: true,
    room: {
      schedule: { opensAt: `+${OPENS_IN_SECONDS}s` },
      policy: { newUsersPerMinute: 1_200, totalActiveUsers: 300, sessionMinutes: 5 },
    },
  });
});
afterAll(() => fairgate?.stop());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** When the line was what, by this machine's clock. */
const evening = {
  lastBookedAt: 0,
  isCancelled: false,
  isOver: false,
  bookings: 0,
  inVain: [] as number[],
  toldAt: new Map<number, number>(),
  admittedAgain: [] as number[],
};

/** A person who waits as the page does: asks for the board when it says, and enters when called. */
class Person {
  readonly #visitor = new TestVisitor(fairgate.url);
  position = 0;
  #status: Status | null = null;

  async join(): Promise<void> {
    await this.#visitor.act('join');
  }

  async wait(): Promise<void> {
    while (!evening.isOver) {
      const board: Board = await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json();
      if (this.position === 0 && board.draw.proof !== null) {
        this.#status = await this.#visitor.status();
        this.position = this.#status?.position ?? 0;
      }
      if (board.state === 'soldOut' && this.position > 0 && !evening.toldAt.has(this.position)) {
        evening.toldAt.set(this.position, performance.now());
      }
      const isCalled = this.position > 0 && this.position <= board.called && board.state === 'open';
      if (isCalled && (await this.#enter())) return;
      const seconds = isCalled
        ? 1
        : board.state === 'open'
          ? pollSeconds(aheadOf(this.position, board.called), board)
          : board.nextPollSeconds;
      await sleep(1_000 * seconds * (1 + POLL_JITTER * (2 * Math.random() - 1)));
    }
  }

  async #enter(): Promise<boolean> {
    const { outcome, admitAt, status } = await (await this.#visitor.act('claim')).json();
    if (outcome !== 'admitted') return false;
    await sleep(Math.max(0, Date.parse(admitAt) - Date.parse(status.serverTime)) + 100);
    if (evening.isCancelled) evening.admittedAgain.push(this.position);
    else await this.book();
    return true;
  }

  async #form(path: string, fields: Record<string, string>): Promise<Response> {
    const page = await (await this.#visitor.page('/done')).text();
    const formToken = /name="formToken" value="([^"]+)"/.exec(page)?.[1] ?? '';
    return this.#visitor.request(path, {
      method: 'POST',
      headers: { Accept: 'text/html', Origin: fairgate.url, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...fields, formToken }).toString(),
    });
  }

  /** Takes any appointment that is left, and finishes. */
  async book(): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const page = await (await this.#visitor.page('/book')).text();
      const slots = [...page.matchAll(/name="slot" value="([^"]+)"/g)].map(([, slot]) => slot ?? '');
      if (slots.length === 0) break;
      const slot = slots[Math.floor(Math.random() * slots.length)] ?? '';
      const booked = await this.#form('/book', { slot, name: 'Kim', phoneEnd: '1234' });
      if (booked.status !== 303) continue;
      evening.bookings++;
      evening.lastBookedAt = performance.now();
      await this.#form('/done', {});
      return;
    }
    evening.inVain.push(this.position);
  }

  get id(): string {
    return String(decodeJwt(this.#visitor.jar.get('fairgate-queue-demo') ?? '').sub);
  }
}

async function until(what: string, holds: () => boolean, msMax: number): Promise<void> {
  const end = performance.now() + msMax;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${msMax / 1_000} s; ${JSON.stringify(evening)}`);
    await sleep(50);
  }
}

test('a hundred left and a thousand people: a hundred book, nine hundred are told, and five cancellations go to the next five', {
  timeout: 240_000,
}, async () => {
  const people = Array.from({ length: VISITORS }, () => new Person());
  for (let from = 0; from < VISITORS; from += 50)
    await Promise.all(people.slice(from, from + 50).map((one) => one.join()));
  await sleep(VIEW_MS);
  const before: Board = await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json();
  expect(before).toMatchObject({ state: 'prequeue', stock: { remaining: LEFT } });
  expect(before.stock?.lots).toHaveLength(5);

  const waiting = people.map((one) => one.wait());
  await until('a hundred book', () => evening.bookings === LEFT, 120_000);
  const others = VISITORS - LEFT;
  await until('everybody is told', () => evening.toldAt.size >= others, 2 * TOLD_MS);
  const told = [...evening.toldAt.values()].map((at) => at - evening.lastBookedAt);
  const latest = Math.max(...told);
  await sleep(4_000);
  expect(evening.inVain, 'let in for nothing').toEqual([]);
  expect(evening.bookings).toBe(LEFT);

  evening.isCancelled = true;
  const line = people.map(({ position }) => position).filter((position) => evening.toldAt.has(position));
  // By telephone: nobody of them is inside, and the site tells the gateway with a call of its own.
  const bookings = openBookings({ dataDir: fairgate.dataDir, slotsPerClinic: 0, now: Date.now() });
  const booked = people.filter(({ id }) => bookings.bookingOf(id) !== null);
  expect(booked).toHaveLength(LEFT);
  for (const { id } of booked.slice(0, CANCELLED)) expect(bookings.cancel(id)).toBe(true);
  bookings.close();
  await until('five enter', () => evening.admittedAgain.length >= CANCELLED, 40_000);
  await sleep(4_000);
  // Some numbers are nobody's, so one or two more are called than there are places. Of those who are called, the one who claims last waits on.
  const after: Board = await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json();
  const called = line.filter((position) => position <= after.called);
  expect(called.length).toBeLessThanOrEqual(CANCELLED + 2);
  expect(evening.admittedAgain).toHaveLength(CANCELLED);
  expect(called).toEqual(expect.arrayContaining(evening.admittedAgain));
  evening.isOver = true;
  await Promise.all(waiting);
  console.log(
    `${LEFT} booked; ${others} told within ${(latest / 1_000).toFixed(1)} s of the last booking; the five cancelled went to ${evening.admittedAgain.join(', ')}`,
  );
  expect(latest).toBeLessThanOrEqual(TOLD_MS);
});
