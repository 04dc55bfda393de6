// Schedules sent to a room that has opened: only another opening ends an epoch and its places.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roundTime } from '../../queue-core/draw.ts';
import type { Schedule } from '../../queue-core/policy.ts';
import { CheckedRoom } from './checked-room.ts';
import {
  BEACON_CHOICE,
  beaconFor,
  change,
  claim,
  configure,
  draw,
  epochAt,
  join,
  OTHER_SECRET,
  SECRET,
  settings,
  T0,
} from './sample-rooms.ts';

/** An open room with one admitted visitor and one in line. */
function opened(): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({ totalActiveUsers: 1 }, { closesAt: T0 + 600_000 })));
  room.send(T0 + 1_000, join('inside', true));
  room.send(T0 + 1_000, join('waiting', true));
  return room;
}

const setSchedule = (schedule: Schedule) => change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET });

describe('schedule of an open room', () => {
  test('a schedule with the times in force is unchanged and not recorded', () => {
    const room = opened();
    const { version, audit } = room.document.changes;
    const { schedule } = room.document.config;
    expect(room.send(T0 + 2_000, setSchedule(schedule))).toEqual({ kind: 'unchanged', version });
    expect(room.document).toMatchObject({ epoch: 1, line: { issued: 2 }, sessions: { active: 1 }, changes: { audit } });
  });

  test('a schedule with another closing moves the closing and keeps every session and place', () => {
    const room = opened();
    const { schedule } = room.document.config;
    room.send(T0 + 2_000, setSchedule({ ...schedule, closesAt: T0 + 900_000 }));
    expect(room.document).toMatchObject({ epoch: 1, line: { issued: 2 }, sessions: { active: 1 } });
    expect(room.log.at(-1)).toMatchObject({
      from: { closesAt: new Date(T0 + 600_000).toISOString() },
      to: { closesAt: new Date(T0 + 900_000).toISOString() },
    });
    expect(room.send(T0 + 3_000, claim(1, 'inside'))).toMatchObject({ kind: 'admitted', position: 1 });
    expect(room.send(T0 + 3_000, claim(2, 'waiting')).kind).not.toBe('refused');
    expect(room.send(T0 + 899_000, join('late'))).toMatchObject({ kind: 'joined' });
    expect(room.send(T0 + 900_000, join('later'))).toEqual({ kind: 'refused', reason: 'closed' });
  });

  test('a schedule with the opening to the second keeps the epoch and the exact opening', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: 60_000 })));
    room.send(T0 + 1_234, change({ kind: 'openNow', secret: OTHER_SECRET }));
    room.send(T0 + 2_000, join('a'));
    room.send(
      T0 + 3_000,
      setSchedule({ ...room.document.config.schedule, opensAt: T0 + 1_000, closesAt: T0 + 600_000 }),
    );
    const schedule = { opensAt: T0 + 1_234, closesAt: T0 + 600_000 };
    expect(room.document).toMatchObject({ epoch: 1, line: { issued: 1 }, config: { schedule } });
  });

  test('a schedule without a beacon keeps the beacon of the draw', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { beacon: BEACON_CHOICE })));
    room.send(T0 + 1_000, draw(SECRET, beaconFor(T0)));
    room.send(T0 + 2_000, setSchedule({ ...room.document.config.schedule, closesAt: T0 + 900_000, beacon: null }));
    expect(room.document).toMatchObject({
      epoch: 1,
      config: { schedule: { beacon: BEACON_CHOICE, closesAt: T0 + 900_000 } },
    });
    expect(room.log.at(-1)).toMatchObject({ from: { closesAt: null } });
    expect(room.log.at(-1)?.to).not.toHaveProperty('beacon');
  });

  test('a schedule with another opening begins a new epoch', () => {
    const room = opened();
    room.send(T0 + 2_000, setSchedule({ ...room.document.config.schedule, opensAt: T0 + 60_000 }));
    expect(room.document).toMatchObject({ epoch: epochAt(T0 + 2_000), line: { issued: 0 }, sessions: { active: 0 } });
    expect(room.send(T0 + 3_000, claim(1, 'inside'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
  });
});

describe('an opening that is moved into the past', () => {
  /** With one entry, and a beacon. */
  function waiting(schedule: Partial<ReturnType<typeof settings>['schedule']> = {}): CheckedRoom {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: 600_000, beacon: BEACON_CHOICE, ...schedule })));
    room.send(T0 + 1_000, join('a'));
    return room;
  }

  test('is now where there are entries, so that nobody knows the beacon yet', () => {
    fc.assert(
      fc.property(fc.integer({ min: T0 - 86_400_000, max: T0 + 299_999 }), (opensAt) => {
        const room = waiting();
        const schedule = { ...room.document.config.schedule, opensAt };
        room.send(
          T0 + 300_000,
          change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }, room.document.changes.version),
        );
        expect(room.document).toMatchObject({ epoch: 1, draw: { entries: 1 } });
        expect(room.document.config.schedule.opensAt).toBe(T0 + 300_000);
        expect(roundTime(BEACON_CHOICE.chain, beaconFor(room.document.config.schedule.opensAt).round)).toBeGreaterThan(
          T0 + 300_000,
        );
      }),
    );
  });

  test('by a settings file is now too, and the same file with another policy ends nobody’s place', () => {
    const room = waiting({ opensAt: T0 + 600_000 });
    const schedule = { opensAt: T0 + 200_000, beacon: BEACON_CHOICE };
    room.send(T0 + 300_000, configure(settings({}, schedule), 'second', OTHER_SECRET));
    expect(room.document.config.schedule.opensAt).toBe(T0 + 300_000);
    room.send(T0 + 310_000, configure(settings({ totalActiveUsers: 7 }, schedule), 'third', OTHER_SECRET));
    expect(room.document).toMatchObject({
      epoch: 1,
      draw: { entries: 1 },
      config: { policy: { totalActiveUsers: 7 } },
    });
    expect(room.document.config.schedule.opensAt).toBe(T0 + 300_000);
  });
});

test.each([false, true])('a settings file changes no beacon once N is frozen (drawn: %s)', (isDrawn) => {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({}, { opensAt: T0 + 60_000, beacon: BEACON_CHOICE })));
  room.send(T0 + 1_000, join('a'));
  room.send(T0 + 60_000, { kind: 'tick' });
  if (isDrawn) room.send(T0 + 66_000, draw(SECRET, beaconFor(T0 + 60_000)));
  room.send(T0 + 70_000, configure(settings({}, { opensAt: T0 + 60_000, closesAt: T0 + 900_000 }), 'second'));
  expect(room.document.config.schedule).toMatchObject({ beacon: BEACON_CHOICE, closesAt: T0 + 900_000 });
  expect(room.document.draw.beacon).toEqual(isDrawn ? beaconFor(T0 + 60_000) : null);
  expect(room.document.draw.seed === null).toBe(!isDrawn);
});

test('a closed room begins a new epoch with any schedule, even one with the same opening', () => {
  const room = opened();
  const { schedule } = room.document.config;
  room.send(T0 + 2_000, change({ kind: 'close' }));
  room.send(T0 + 3_000, setSchedule({ ...schedule, closesAt: T0 + 900_000 }));
  expect(room.document).toMatchObject({ epoch: epochAt(T0 + 3_000), config: { closed: false }, line: { issued: 0 } });
});
