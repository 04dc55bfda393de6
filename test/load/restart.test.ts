// The gateway is killed in the middle of a line. Afterwards everybody has the place they had, and nobody is in twice.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Board, Status } from '../../queue-core/board.ts';
import { planVisitors } from '../../scripts/rehearsal/plan.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { gather, LINE_ONLY, play, withPlaces } from './play-rehearsal.ts';

const VISITORS = 520;
const PLACES = 20;

let fairgate: Running;

beforeAll(async () => {
  fairgate = await startFairgate({
    room: {
      schedule: { opensAt: '+6s' },
      policy: { newUsersPerMinute: 60_000, totalActiveUsers: PLACES, sessionMinutes: 5 },
    },
  });
});
afterAll(() => fairgate?.stop());

test('kill -9 while 500 people wait: every one keeps the place, nobody is let in twice', async () => {
  const crowd = await gather(fairgate.url, VISITORS);
  const boardNow = async () => (await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json()) as Board;
  const statuses = () => Promise.all(crowd.map((visitor) => visitor.status() as Promise<Status>));
  await expect.poll(async () => (await boardNow()).state, { timeout: 20_000 }).toBe('open');

  // The first twenty enter and stay; then the lights go out.
  const before = await statuses();
  const inside = crowd.filter((_, index) => (before[index]?.position ?? Number.POSITIVE_INFINITY) <= PLACES);
  const claims = () => Promise.all(inside.map(async (visitor) => (await visitor.wish('claim')).json()));
  const outcomes = async () => new Set((await claims()).map(({ outcome }) => outcome));
  await expect.poll(outcomes, { timeout: 20_000 }).toEqual(new Set(['admitted']));
  const sessions = await claims();
  await fairgate.restart('SIGKILL');

  const after = await statuses();
  expect(after.map(({ position }) => position)).toEqual(before.map(({ position }) => position));
  expect(new Set(after.map(({ position }) => position)).size).toBe(VISITORS);
  expect((await boardNow()).active).toBe(PLACES);
  expect((await claims()).map(({ admitAt }) => admitAt)).toEqual(sessions.map(({ admitAt }) => admitAt));

  // Those inside leave, and the line moves on to its end: each position exactly one session.
  await Promise.all(inside.map((visitor) => visitor.wish('leave')));
  const waiting = crowd.filter((visitor) => !inside.includes(visitor));
  const plans = planVisitors({ ...LINE_ONLY, visitors: waiting.length }, []);
  const { visitors } = await play(fairgate.url, withPlaces(plans, waiting));
  expect(visitors.every(({ sessions: given, end }) => given.length === 1 && end === 'visited')).toBe(true);
  expect(new Set(visitors.map(({ sessions: given }) => given[0]?.sid)).size).toBe(VISITORS - PLACES);
  await expect.poll(async () => (await boardNow()).active, { timeout: 10_000 }).toBe(0);
});
