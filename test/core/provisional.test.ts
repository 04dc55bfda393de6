// Sessions that are granted in one request with their place: they hold a vacancy for seconds, and for their whole length as
// soon as their visitor comes again.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRESENT_MS_MAX } from '../../queue-core/limits.ts';
import { CheckedRoom } from './checked-room.ts';
import { claim, configure, join, settings, T0 } from './sample-rooms.ts';

const SESSION_MS = 60_000;
const CAPACITY = 2;

const pass = (name: string) => ({ ...join(name, true), provisional: true });
const renew = (position: number, name: string) => ({ kind: 'renew', epoch: 1, position, sid: `sid-${name}` }) as const;

function openRoom(totalActiveUsers = CAPACITY): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({ totalActiveUsers, sessionMs: SESSION_MS, newUsersPerMinute: 60_000 })));
  room.send(T0 + 1_000, { kind: 'tick' });
  return room;
}

const active = ({ document }: CheckedRoom) => document.sessions.active;

describe('a provisional session', () => {
  test('is free again within seconds where its visitor never comes again', () => {
    const room = openRoom();
    for (const name of ['a', 'b']) room.send(T0 + 2_000, pass(name));
    expect(active(room)).toBe(CAPACITY);
    expect(room.send(T0 + 3_000, join('waiting', true))).toMatchObject({ place: { number: 3 }, claim: null });
    // Counted in buckets of a second.
    room.send(T0 + 2_000 + PRESENT_MS_MAX + 2_000, { kind: 'tick' });
    expect(active(room)).toBe(0);
    expect(room.send(T0 + 15_000, claim(3, 'waiting'))).toMatchObject({ kind: 'admitted', presentBy: null });
  });

  test.each([
    ['renewal', renew(1, 'a')],
    ['claim', claim(1, 'a')],
  ])('counts for its whole length once it is presented by a %s, and the answer is the same again', (_, command) => {
    const room = openRoom();
    const { claim: granted } = room.send(T0 + 2_000, pass('a')) as { claim: { admitAt: number; expiresAt: number } };
    expect(granted).toMatchObject({ kind: 'admitted', presentBy: granted.admitAt + PRESENT_MS_MAX });
    expect(granted.expiresAt).toBe(granted.admitAt + SESSION_MS);
    const presented = room.send(T0 + 4_000, command);
    expect(presented).toEqual({ ...granted, presentBy: null });
    expect(room.send(T0 + 5_000, command)).toEqual(presented);
    room.send(T0 + 30_000, { kind: 'tick' });
    expect(active(room)).toBe(1);
    room.send(granted.expiresAt + 1_000, { kind: 'tick' });
    expect(active(room)).toBe(0);
  });

  test('whose visitor comes late takes a vacancy again, in its own time', () => {
    const room = openRoom();
    const { claim: granted } = room.send(T0 + 2_000, pass('a')) as { claim: object };
    room.send(T0 + 20_000, { kind: 'tick' });
    expect(active(room)).toBe(0);
    expect(room.send(T0 + 21_000, renew(1, 'a'))).toEqual({ ...granted, presentBy: null });
    expect(active(room)).toBe(1);
    expect(room.send(T0 + 2_000 + SESSION_MS + 1_000, renew(1, 'a'))).toMatchObject({
      kind: 'ended',
      reason: 'expired',
    });
  });

  test('whose vacancy is another’s takes the next one, before all who were called later', () => {
    const room = openRoom(1);
    room.send(T0 + 2_000, pass('a'));
    room.send(T0 + 20_000, join('b', true));
    expect(active(room)).toBe(1);
    expect(room.send(T0 + 21_000, join('c', true))).toMatchObject({ claim: null });
    expect(room.send(T0 + 22_000, renew(1, 'a'))).toEqual({ kind: 'standby', ahead: 0 });
    room.send(T0 + 23_000, { kind: 'end', epoch: 1, position: 2, sid: 'sid-b', reason: 'left' });
    expect(room.send(T0 + 23_500, claim(3, 'c'))).toMatchObject({ kind: expect.stringMatching(/waiting|standby/) });
    expect(room.send(T0 + 24_000, renew(1, 'a'))).toMatchObject({ kind: 'admitted', sid: 'sid-a', presentBy: null });
    expect(active(room)).toBe(1);
  });

  test('ends like any other: by its visitor, by an operator, by all at once', () => {
    const room = openRoom();
    room.send(T0 + 2_000, pass('a'));
    room.send(T0 + 3_000, { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
    expect(active(room)).toBe(0);
    expect(room.send(T0 + 4_000, renew(1, 'a'))).toMatchObject({ kind: 'ended', reason: 'left' });
    room.send(T0 + 5_000, pass('b'));
    room.send(T0 + 20_000, { kind: 'tick' });
    room.send(T0 + 21_000, { kind: 'end', epoch: 1, position: 2, sid: 'sid-b', reason: 'left' });
    expect(active(room)).toBe(0);
    expect(room.send(T0 + 22_000, renew(2, 'b'))).toMatchObject({ kind: 'ended', reason: 'left' });
  });

  test('never takes the room past its limit, in any order of visits', () => {
    const visit = fc.record({
      afterMs: fc.integer({ min: 0, max: 8_000 }),
      position: fc.integer({ min: 1, max: 12 }),
      action: fc.constantFrom('pass', 'renew', 'claim', 'end'),
    });
    fc.assert(
      fc.property(fc.array(visit, { minLength: 10, maxLength: 60 }), (visits) => {
        const room = openRoom();
        let now = T0 + 2_000;
        let joined = 0;
        for (const { afterMs, position, action } of visits) {
          now += afterMs;
          const name = `v${position}`;
          if (action === 'pass') {
            joined++;
            room.send(now, pass(`v${joined}`));
          } else if (position > joined) continue;
          else if (action === 'end') {
            room.send(now, { kind: 'end', epoch: 1, position, sid: `sid-${name}`, reason: 'left' });
          } else room.send(now, action === 'renew' ? renew(position, name) : claim(position, name));
          expect(active(room)).toBeLessThanOrEqual(CAPACITY);
        }
      }),
      { numRuns: 200 },
    );
  });
});
