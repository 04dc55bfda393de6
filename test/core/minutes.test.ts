// The history in minutes, from which reports are made.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlowCounts } from '../../queue-core/document/history-state.ts';
import { type MinuteBucket, WAIT_BOUNDS_SECONDS } from '../../queue-core/document/minute-state.ts';
import { MINUTE_BUCKETS_MAX, MINUTE_MS } from '../../queue-core/limits.ts';
import { countIn, highestLimits, minuteKey } from '../../queue-core/minutes.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, claim, configure, draw, join, policy, SECRET, settings, T0 } from './sample-rooms.ts';

const FLOW: readonly (keyof FlowCounts)[] = [
  ...(['arrived', 'called', 'admitted', 'completed', 'left', 'revoked', 'expired', 'lapsed'] as const),
];

function minutesOf(room: CheckedRoom): MinuteBucket[] {
  return [...room.tables.minute.values()];
}

function opened(limits: Parameters<typeof policy>[0] = {}): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings(limits)));
  return room;
}

function total(buckets: readonly Partial<FlowCounts>[], name: keyof FlowCounts): number {
  return buckets.reduce((sum, bucket) => sum + (bucket[name] ?? 0), 0);
}

const event = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 9_000, max: 200_000 })),
  kind: fc.constantFrom('join', 'enter', 'claim', 'claim', 'leave', 'rate', 'people', 'tick'),
  value: fc.integer({ min: 1, max: 40 }),
});

/** Plays events, and lets the last minute close. */
function played(events: readonly { afterMs: number; kind: string; value: number }[]): CheckedRoom {
  const room = opened({ newUsersPerMinute: 12, totalActiveUsers: 20 });
  let now = T0;
  let limits = { newUsersPerMinute: 12, totalActiveUsers: 20 };
  const setLimits = (changed: Partial<typeof limits>) => {
    limits = { ...limits, ...changed };
    room.send(now, change({ kind: 'setPolicy', policy: policy(limits) }));
  };
  for (const [index, { afterMs, kind, value }] of events.entries()) {
    now += afterMs;
    const { pacing } = room.document;
    switch (kind) {
      case 'join':
      case 'enter':
        for (let more = 0; more < value; more++) room.send(now, join(`${index}-${more}`, kind === 'enter'));
        break;
      case 'claim':
        for (let position = 1; position <= pacing.called; position++) {
          if (!room.sessions.has(position) && position % 5 !== 0) room.send(now, claim(position, `p${position}`));
        }
        break;
      case 'leave':
        for (const [position, { sid }] of [...room.sessions].slice(0, value)) {
          room.send(now, { kind: 'end', epoch: 1, position, sid, reason: 'left' });
        }
        break;
      case 'rate':
        setLimits({ newUsersPerMinute: value });
        break;
      case 'people':
        setLimits({ totalActiveUsers: value });
        break;
      default:
        room.send(now, { kind: 'tick' });
    }
  }
  // Later than any slot that was granted.
  room.send(now + 60 * 60_000, { kind: 'tick' });
  room.send(now + 61 * 60_000, { kind: 'tick' });
  return room;
}

describe('minutes', () => {
  test('add up to the buckets of ten seconds, whenever the room is loaded', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const room = played(events);
        for (const name of FLOW) expect(total(minutesOf(room), name), name).toBe(total(room.history, name));
      }),
      { numRuns: 60 },
    );
  });

  test('never have more admissions than the highest rate in force for them, however the rate was changed', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        for (const minute of minutesOf(played(events))) {
          expect(countIn(minute, 'admitted')).toBeLessThanOrEqual(highestLimits(minute).newUsersPerMinute);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('have as many people inside at most as the limit allowed, or as were there when it was lowered', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let before = 0;
        for (const minute of minutesOf(played(events))) {
          const limit = Math.max(highestLimits(minute).totalActiveUsers, before);
          expect(countIn(minute, 'activeMax')).toBeLessThanOrEqual(limit);
          before = countIn(minute, 'active');
        }
      }),
      { numRuns: 60 },
    );
  });

  test('in which nothing happened have no row, while people wait too', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { prequeueAt: T0, opensInMs: 3_600_000 })));
    room.send(T0 + 61_000, join('a'));
    for (let second = 62; second < 1_000; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(minutesOf(room).map(({ at, waiting = 0 }) => [(at - T0) / MINUTE_MS, waiting])).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  test('in which only a limit was changed have one', () => {
    const room = opened();
    room.send(T0 + 300_000, { kind: 'tick' });
    const before = minutesOf(room).length;
    room.send(T0 + 301_000, change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: 7 }) }));
    room.send(T0 + 400_000, { kind: 'tick' });
    expect(minutesOf(room).slice(before)).toMatchObject([{ at: T0 + 300_000, newUsersPerMinute: 7 }]);
  });

  test('say the highest limits of a minute in which they were changed twice', () => {
    const room = opened({ newUsersPerMinute: 60, totalActiveUsers: 30 });
    const set = (at: number, newUsersPerMinute: number, totalActiveUsers: number) =>
      room.send(at, change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute, totalActiveUsers }) }));
    set(T0 + 61_000, 600, 300);
    set(T0 + 62_000, 6, 3);
    room.send(T0 + 130_000, { kind: 'tick' });
    const minute = room.tables.minute.get(minuteKey(T0 + 60_000));
    expect(minute).toMatchObject({ newUsersPerMinute: 6, totalActiveUsers: 3, rateMax: 600, peopleMax: 300 });
  });

  test('say under which rate slots were granted before it was lowered, in the minute in which they begin', () => {
    const room = opened({ newUsersPerMinute: 600, totalActiveUsers: 300 });
    for (let index = 1; index <= 60; index++) room.send(T0 + 50_000, join(`${index}`));
    let claimed = 0;
    for (let at = T0 + 57_000; at < T0 + 60_000; at += 500) {
      room.send(at, { kind: 'tick' });
      while (claimed < room.document.pacing.called) room.send(at, claim(++claimed, `${claimed}`));
    }
    room.send(T0 + 59_900, change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: 6 }) }));
    room.send(T0 + 130_000, { kind: 'tick' });
    const minute = room.tables.minute.get(minuteKey(T0 + 60_000));
    expect(minute?.admitted).toBeGreaterThan(6);
    expect(minute).toMatchObject({ newUsersPerMinute: 6, rateMax: 600 });
  });

  test('are kept for a year, and no longer', () => {
    const room = opened();
    room.send(T0 + 1_000, join('a', true));
    room.send(T0 + 60_000, { kind: 'tick' });
    const first = minuteKey(T0);
    expect([...room.tables.minute.keys()]).toContain(first);
    const year = MINUTE_BUCKETS_MAX * MINUTE_MS;
    room.send(T0 + year - 60_000, join('b', true));
    room.send(T0 + year, { kind: 'tick' });
    expect([...room.tables.minute.keys()]).toContain(first);
    room.send(T0 + year + 1_000, join('c', true));
    room.send(T0 + year + 60_000, { kind: 'tick' });
    expect([...room.tables.minute.keys()]).not.toContain(first);
  });

  test('slots that began while nobody loaded the room count in their own minutes', () => {
    const room = opened({ newUsersPerMinute: 600, totalActiveUsers: 100 });
    for (let index = 1; index <= 12; index++) room.send(T0, join(`${index}`));
    room.send(T0 + 3_000, { kind: 'tick' });
    // A rate of one a minute: the slots of all those who were called lie ahead.
    room.send(
      T0 + 3_000,
      change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: 1, totalActiveUsers: 100 }) }),
    );
    const { called } = room.document.pacing;
    expect(called).toBeGreaterThan(5);
    for (let position = 1; position <= called; position++) room.send(T0 + 3_000, claim(position, `${position}`));
    room.send(T0 + 3_600_000, { kind: 'tick' });
    room.send(T0 + 3_700_000, { kind: 'tick' });
    const admitted = minutesOf(room).map((minute) => countIn(minute, 'admitted'));
    expect(admitted.reduce((sum, count) => sum + count, 0)).toBe(called);
    expect(Math.max(...admitted.slice(1))).toBe(1);
  });
});

describe('waits', () => {
  /** One visitor who joined at `since` and is admitted at `T0 + 120_000`. */
  function admittedWith(wait: Parameters<typeof waitOf>[0]): MinuteBucket['waits'] {
    return waitOf(wait);
  }

  function waitOf(wait: { since: number; told: { low: number; high: number } | null } | undefined) {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ newUsersPerMinute: 60 }, { prequeueAt: T0, opensInMs: 60_000 })));
    room.send(T0 + 1_000, join('a'));
    room.send(T0 + 60_500, { kind: 'tick' });
    room.send(T0 + 60_500, draw(SECRET, null));
    const command = claim(1, 'a');
    const withWait = wait === undefined ? command : { ...command, wait };
    for (let times = 0; times < 3; times++) room.send(T0 + 120_000, withWait as typeof command);
    room.send(T0 + 190_000, { kind: 'tick' });
    return room.tables.minute.get(minuteKey(T0 + 120_000))?.waits;
  }

  const classOf = (seconds: number) => WAIT_BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);

  test('count from the opening for those who came before it, once however often the claim is repeated', () => {
    const real = admittedWith({ since: T0 + 1_000, told: null })?.real ?? [];
    expect(real).toHaveLength(classOf(60) + 1);
    expect(real.at(-1)).toBe(1);
    expect(real.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  test('compare the range that was shown with the wait', () => {
    const compared = (low: number, high: number) => {
      const { within, sooner, later } = admittedWith({ since: T0 + 80_000, told: { low, high } }) ?? {};
      return { within, sooner, later };
    };
    expect(compared(30, 60)).toEqual({ within: 1, sooner: 0, later: 0 });
    expect(compared(60, 120)).toEqual({ within: 0, sooner: 1, later: 0 });
    expect(compared(10, 20)).toEqual({ within: 0, sooner: 0, later: 1 });
  });

  test('of a gateway that says nothing or nonsense change nothing but the statistics', () => {
    expect(admittedWith(undefined)).toBeUndefined();
    expect(admittedWith({ since: Number.NaN, told: null })).toBeUndefined();
    const unbounded = admittedWith({ since: T0 + 1e12, told: { low: 9, high: 1e15 } });
    expect(unbounded).toEqual({ real: [1], toldLow: [], toldHigh: [], within: 0, sooner: 0, later: 0 });
    expect(admittedWith({ since: -1e15, told: { low: 5, high: 2 } })?.toldLow).toEqual([]);
  });

  test('a newcomer who passes at once has waited for the slot alone', () => {
    const room = opened();
    room.send(T0 + 60_000, join('a', true));
    room.send(T0 + 130_000, { kind: 'tick' });
    expect(room.tables.minute.get(minuteKey(T0 + 60_000))?.waits).toEqual({
      ...{ real: [1], toldLow: [], toldHigh: [] },
      ...{ within: 0, sooner: 0, later: 0 },
    });
  });
});
