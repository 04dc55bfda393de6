// An opening with 2,000 visitors of whom 40 % never come back, over HTTP against the running gateway: the limits are
// never exceeded, and yet used; order is kept. Figures are printed.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Board } from '../../queue-core/board.ts';
import { type Running, startFairgate } from '../running.ts';
import { type CrowdRules, gather, mostAtOnce, mostInWindow, play } from './crowd.ts';

const NEW_USERS_PER_MINUTE = 600;
const TOTAL_ACTIVE_USERS = 400;
const VISITORS = 2_000;
const NO_SHOW = 0.4;
const WINDOW_MS = 10_000;

let fairgate: Running;

beforeAll(async () => {
  fairgate = await startFairgate({
    room: {
      schedule: { opensAt: '+15s' },
      policy: { newUsersPerMinute: NEW_USERS_PER_MINUTE, totalActiveUsers: TOTAL_ACTIVE_USERS, sessionMinutes: 5 },
    },
  });
});
afterAll(() => fairgate?.stop());

test('2,000 visitors, 40 % of whom never come back: limits kept and used, order kept', async () => {
  let lastCallAt = Number.POSITIVE_INFINITY;
  const rules: CrowdRules = {
    url: fairgate.url,
    visitors: VISITORS,
    noShow: NO_SHOW,
    stayMs: () => 10_000 + Math.random() * 30_000,
    onBoard: ({ called, issued, asOf }) => {
      if (called > 0 && called === issued) lastCallAt = Math.min(lastCallAt, Date.parse(asOf));
    },
  };
  const crowd = await gather(rules);
  await play(crowd, rules);

  const board = (await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json()) as Board;
  const opensAt = Date.parse(board.opensAt);
  const admitted = crowd.flatMap(({ session, position, told, calledAt }) =>
    session === null || position === null ? [] : [{ ...session, position, told, calledAt: calledAt ?? 0 }],
  );
  const whileWaiting = admitted.filter(({ admitAt }) => admitAt < lastCallAt);
  const used = whileWaiting.length / (((lastCallAt - opensAt) / 60_000) * NEW_USERS_PER_MINUTE);
  const perWindow = mostInWindow(
    admitted.map(({ admitAt }) => admitAt),
    WINDOW_MS,
  );
  const atOnce = mostAtOnce(admitted.map(({ admitAt, until }) => ({ from: admitAt, until })));
  const order = admitted.toSorted((a, b) => a.admitAt - b.admitAt).map(({ position }) => position);
  const displacement = mostDisplaced(order);
  const waits = admitted.map(({ admitAt, calledAt }) => Math.max(0, admitAt - calledAt)).toSorted((a, b) => a - b);
  const told = admitted.filter((one) => one.told !== null);
  const true_ = told.filter(({ told: range, calledAt }) => {
    const seconds = (calledAt - (range?.at ?? 0)) / 1000;
    return range !== null && seconds >= range.low - 5 && seconds <= range.high + 5;
  });

  const limitPerWindow = (NEW_USERS_PER_MINUTE * WINDOW_MS) / 60_000;
  console.log(
    [
      `visitors ${VISITORS}, of whom came back ${crowd.filter(({ comesBack }) => comesBack).length}, admitted ${admitted.length}`,
      `most admissions in any 10 s   ${perWindow} (limit ${limitPerWindow})`,
      `most people at once           ${atOnce} (limit ${TOTAL_ACTIVE_USERS})`,
      `rate used while people waited ${(used * 100).toFixed(1)} % of the limit`,
      `farthest out of order         ${displacement} places (ten seconds of calls: ${limitPerWindow})`,
      `called to admitted            median ${waits[waits.length >> 1]} ms, 99 % ${waits[Math.floor(waits.length * 0.99)]} ms`,
      `first waiting time told       true for ${((100 * true_.length) / Math.max(1, told.length)).toFixed(1)} % of ${told.length}`,
    ].join('\n'),
  );

  expect(admitted).toHaveLength(crowd.filter(({ comesBack }) => comesBack).length);
  expect(new Set(admitted.map(({ sid }) => sid)).size).toBe(admitted.length);
  expect(new Set(admitted.map(({ position }) => position)).size).toBe(admitted.length);
  expect(perWindow).toBeLessThanOrEqual(limitPerWindow);
  expect(atOnce).toBeLessThanOrEqual(TOTAL_ACTIVE_USERS);
  expect(Math.min(...admitted.map(({ admitAt }) => admitAt))).toBeGreaterThanOrEqual(opensAt);
  expect(used).toBeGreaterThanOrEqual(0.97);
  expect(displacement).toBeLessThanOrEqual(limitPerWindow);
});

/** How many later positions were admitted before the visitor for whom that is most. */
function mostDisplaced(order: readonly number[]): number {
  return Math.max(
    ...order.map((position, index) => order.slice(0, index).filter((earlier) => earlier > position).length),
  );
}
