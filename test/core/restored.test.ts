// A room restored from a backup: whatever happened after the backup, nobody's number is given to someone else once visitors have
// come with their places, and no more people are inside than allowed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openedSince, RESTORED_MS, restoredRoom } from '../../queue-core/restored.ts';
import { CheckedRoom } from './checked-room.ts';
import { configure, join, settings, T0 } from './sample-rooms.ts';

const SESSION_MS = 60_000;
const CAPACITY = 10;
const policy = { totalActiveUsers: CAPACITY, sessionMs: SESSION_MS, newUsersPerMinute: 600 };

function openRoom(visitors: number): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings(policy)));
  for (let visitor = 1; visitor <= visitors; visitor++) room.send(T0 + 1_000, join(`early-${visitor}`, true));
  return room;
}

/** The room as its gateway finds it after a restoration. */
function restored(room: CheckedRoom, now: number): CheckedRoom {
  const { document, effects } = restoredRoom(room.document, now);
  return room.goOnWith(document, effects);
}

const proof = (number: number) => ({ kind: 'restorePlace', epoch: 1, place: { kind: 'position', number } }) as const;

describe('a restored room', () => {
  test('gives nothing until every page that waits has come, then the numbers after those that were proven', () => {
    const room = restored(openRoom(3), T0 + 20_000);
    expect(room.send(T0 + 21_000, join('newcomer', true))).toEqual({ kind: 'recovering' });
    expect(room.send(T0 + 40_000, proof(25))).not.toEqual({ kind: 'recovering' });
    const after = T0 + 20_000 + RESTORED_MS;
    expect(room.send(after - 1, join('newcomer', true))).toEqual({ kind: 'recovering' });
    expect(room.send(after, join('newcomer', true))).toMatchObject({ place: { number: 26 } });
  });

  test('says in its log what it was restored to', () => {
    const room = restored(openRoom(3), T0 + 20_000);
    expect(room.log.at(-1)).toMatchObject({
      action: 'recover',
      by: { id: 'store' },
      from: { at: T0 + 1_000 },
      to: { at: T0 + 20_000 },
    });
  });

  test('of a backup of a moment ago leaves only as many vacancies as the rate can have filled since', () => {
    const fast = openRoom(1);
    // Ten a second, for the seconds that slots may lie ahead: more than there are.
    const { active, expiries } = restoredRoom(fast.document, fast.document.at + 100).document.sessions;
    expect([active, expiries.at(-1)?.[1]]).toEqual([CAPACITY + 1, CAPACITY]);
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ ...policy, newUsersPerMinute: 60, totalActiveUsers: 1_000 })));
    room.send(T0 + 1_000, { kind: 'tick' });
    expect(restoredRoom(room.document, room.document.at + 2_000).document.sessions.active).toBe(6);
  });

  test('that has opened after the backup is known as such: its draw would be another one', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings(policy)));
    const { opensAt } = room.document.config.schedule;
    const before = { ...room.document, draw: { ...room.document.draw, entries: null } };
    expect([openedSince(before, opensAt - 1), openedSince(before, opensAt)]).toEqual([false, true]);
    expect(openedSince({ ...before, draw: { ...before.draw, entries: 3 } }, opensAt)).toBe(false);
  });
});

test('whatever was given after the backup, restored visitors and newcomers together never exceed the limit', () => {
  const run = fc.record({
    early: fc.nat({ max: CAPACITY }),
    late: fc.nat({ max: 30 }),
    lostMs: fc.nat({ max: 3 * SESSION_MS }),
    newcomers: fc.nat({ max: 20 }),
  });
  fc.assert(
    fc.property(run, ({ early, late, lostMs, newcomers }) => {
      const life = openRoom(early);
      const copy = life.copy();
      // The other life goes on: as many enter as its limits let in.
      const inside: number[] = [];
      for (let visitor = 0; visitor < late; visitor++) {
        const at = T0 + 1_000 + Math.floor((lostMs * visitor) / Math.max(1, late));
        const reply = life.send(at, join(`late-${visitor}`, true));
        if (reply.kind === 'joined' && reply.claim !== null) inside.push(at + SESSION_MS);
      }
      const restoredAt = T0 + 1_000 + lostMs;
      const room = restored(copy, restoredAt);
      const opensAgain = restoredAt + RESTORED_MS;
      room.send(restoredAt + 10_000, proof(Math.max(life.document.line.issued, 1)));
      for (let visitor = 0; visitor < newcomers; visitor++) {
        const reply = room.send(opensAgain + visitor, join(`new-${visitor}`, true));
        expect(reply).toMatchObject({ kind: 'joined' });
        if (reply.kind !== 'joined') continue;
        expect(reply.place.number).toBeGreaterThan(life.document.line.issued);
        if (reply.claim !== null) inside.push(opensAgain + visitor + SESSION_MS);
        expect(inside.filter((endsAt) => endsAt > opensAgain + visitor).length).toBeLessThanOrEqual(CAPACITY);
      }
    }),
  );
});
