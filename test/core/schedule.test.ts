// What an operator's schedule does to a room that is there already: only another opening costs anybody a place.

import { describe, expect, test } from 'vitest';
import type { Schedule } from '../../queue-core/room.ts';
import { CheckedRoom, change, claim, configure, join, OTHER_SECRET, settings, T0 } from './sample-rooms.ts';

/** An open room with one visitor inside and one in line. */
function opened(): CheckedRoom {
  const room = new CheckedRoom();
  room.one(T0, configure(settings({ totalActiveUsers: 1 }, { closesAt: T0 + 600_000 })));
  room.one(T0 + 1_000, join('inside', true));
  room.one(T0 + 1_000, join('waiting', true));
  return room;
}

const set = (schedule: Schedule) => change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET });

describe('a schedule sent to an open room', () => {
  test('that says what is so already changes nothing and is not recorded', () => {
    const room = opened();
    const { version, audit } = room.document.changes;
    const { schedule } = room.document.config;
    expect(room.one(T0 + 2_000, set(schedule))).toEqual({ kind: 'unchanged', version });
    expect(room.document).toMatchObject({ epoch: 1, line: { issued: 2 }, sessions: { active: 1 }, changes: { audit } });
  });

  test('with another closing moves the closing; everybody keeps session and place', () => {
    const room = opened();
    const { schedule } = room.document.config;
    room.one(T0 + 2_000, set({ ...schedule, closesAt: T0 + 900_000 }));
    expect(room.document).toMatchObject({ epoch: 1, line: { issued: 2 }, sessions: { active: 1 } });
    expect(room.log.at(-1)).toMatchObject({
      from: { closesAt: new Date(T0 + 600_000).toISOString() },
      to: { closesAt: new Date(T0 + 900_000).toISOString() },
    });
    expect(room.one(T0 + 3_000, claim(1, 'inside'))).toMatchObject({ kind: 'admitted', position: 1 });
    expect(room.one(T0 + 3_000, claim(2, 'waiting')).kind).not.toBe('refused');
    expect(room.one(T0 + 899_000, join('late'))).toMatchObject({ kind: 'joined' });
    expect(room.one(T0 + 900_000, join('later'))).toEqual({ kind: 'refused', reason: 'closed' });
  });

  test('by a form that knows only the second of the opening is the same one', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 60_000 })));
    room.one(T0 + 1_234, change({ kind: 'openNow', secret: OTHER_SECRET }));
    room.one(T0 + 2_000, join('a'));
    room.one(T0 + 3_000, set({ ...room.document.config.schedule, opensAt: T0 + 1_000, closesAt: T0 + 600_000 }));
    const schedule = { opensAt: T0 + 1_234, closesAt: T0 + 600_000 };
    expect(room.document).toMatchObject({ epoch: 1, line: { issued: 1 }, config: { schedule } });
  });

  test('keeps the beacon that it was drawn with', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { beacon: { round: 7 } })));
    room.one(T0 + 1_000, { kind: 'setBeacon', beacon: 'ab'.repeat(32) });
    room.one(T0 + 2_000, set({ ...room.document.config.schedule, closesAt: T0 + 900_000, beacon: null }));
    expect(room.document).toMatchObject({
      epoch: 1,
      config: { schedule: { beacon: { round: 7 }, closesAt: T0 + 900_000 } },
    });
    expect(room.log.at(-1)).toMatchObject({ from: { closesAt: null } });
    expect(room.log.at(-1)?.to).not.toHaveProperty('beacon');
  });

  test('with another opening begins a new one', () => {
    const room = opened();
    room.one(T0 + 2_000, set({ ...room.document.config.schedule, opensAt: T0 + 60_000 }));
    expect(room.document).toMatchObject({ epoch: 2, line: { issued: 0 }, sessions: { active: 0 } });
    expect(room.one(T0 + 3_000, claim(1, 'inside'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
  });
});

test('a closed room is only opened by a new opening, also where the times are the same', () => {
  const room = opened();
  const { schedule } = room.document.config;
  room.one(T0 + 2_000, change({ kind: 'close' }));
  room.one(T0 + 3_000, set({ ...schedule, closesAt: T0 + 900_000 }));
  expect(room.document).toMatchObject({ epoch: 2, config: { closed: false }, line: { issued: 0 } });
});
