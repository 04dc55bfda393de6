// The gateway is killed in the middle of a line. Afterwards every visitor has the same place, and none is admitted twice.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Board, Status } from '../../queue-core/board.ts';
import { planVisitors } from '../../scripts/rehearsal/plan.ts';
import { joinVisitors, LINE_ONLY, rehearseLine, withPlaces } from '../rehearse-line.ts';
import { type Running, startFairgate } from '../running-gateway.ts';

const VISITORS = 520;
const TOTAL_ACTIVE_USERS = 20;

let fairgate: Running;

beforeAll(async () => {
  fairgate = await startFairgate({
    room: {
      schedule: { opensAt: '+6s' },
      policy: { newUsersPerMinute: 60_000, totalActiveUsers: TOTAL_ACTIVE_USERS, sessionMinutes: 5 },
    },
  });
});
afterAll(() => fairgate?.stop());

/** An opening against the real clock, with a restart. */
const OPENING_MS_MAX = 240_000;

test(
  'SIGKILL while 500 visitors wait: every place stays the same, no visitor is admitted twice',
  async () => {
    const visitors = await joinVisitors(fairgate.url, VISITORS);
    const boardNow = async () => (await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json()) as Board;
    const statuses = () => Promise.all(visitors.map((visitor) => visitor.status() as Promise<Status>));
    await expect.poll(async () => (await boardNow()).state, { timeout: 20_000 }).toBe('open');

    // The first twenty are admitted and stay; then the gateway is killed.
    const before = await statuses();
    const inside = visitors.filter(
      (_, index) => (before[index]?.position ?? Number.POSITIVE_INFINITY) <= TOTAL_ACTIVE_USERS,
    );
    const claims = () => Promise.all(inside.map(async (visitor) => (await visitor.act('claim')).json()));
    const outcomes = async () => new Set((await claims()).map(({ outcome }) => outcome));
    await expect.poll(outcomes, { timeout: 20_000 }).toEqual(new Set(['admitted']));
    const sessions = await claims();
    await fairgate.restart('SIGKILL');

    const after = await statuses();
    expect(after.map(({ position }) => position)).toEqual(before.map(({ position }) => position));
    expect(new Set(after.map(({ position }) => position)).size).toBe(VISITORS);
    expect((await boardNow()).active).toBe(inside.length);
    expect((await claims()).map(({ admitAt }) => admitAt)).toEqual(sessions.map(({ admitAt }) => admitAt));

    // The visitors inside leave, and the line continues to its end: exactly one session for each position.
    await Promise.all(inside.map((visitor) => visitor.act('leave')));
    const waiting = visitors.filter((visitor) => !inside.includes(visitor));
    const plans = planVisitors({ ...LINE_ONLY, visitors: waiting.length }, []);
    const { visitors: records } = await rehearseLine(fairgate.url, withPlaces(plans, waiting));
    expect(records.every((record) => record.sessions.length === 1 && record.end === 'visited')).toBe(true);
    expect(new Set(records.map((record) => record.sessions[0]?.sid)).size).toBe(VISITORS - inside.length);
    await expect.poll(async () => (await boardNow()).active, { timeout: 10_000 }).toBe(0);
  },
  OPENING_MS_MAX,
);
