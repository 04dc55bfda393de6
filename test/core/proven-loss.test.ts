// A signed place that the room does not know proves that its store lost writes which no client noticed, as after a restored copy.

import { expect, test } from 'vitest';
import { CheckedRoom } from './checked-room.ts';
import { configure, join, settings, T0 } from './sample-rooms.ts';

const SESSION_MS = 60_000;
const CAPACITY = 10;

const proof = (number: number) => ({ kind: 'restorePlace', epoch: 1, place: { kind: 'position', number } }) as const;

function restoredCopy(): CheckedRoom {
  const room = new CheckedRoom();
  const policy = { totalActiveUsers: CAPACITY, sessionMs: SESSION_MS, newUsersPerMinute: 60_000 };
  room.send(T0, configure(settings(policy)));
  for (const name of ['a', 'b', 'c']) room.send(T0 + 1_000, join(name, true));
  return room;
}

test('every vacancy is left to those who may have been admitted in the lost time, until their sessions are over', () => {
  const room = restoredCopy();
  expect(room.document.sessions.active).toBe(3);
  room.send(T0 + 5_000, proof(15));
  expect(room.document.line.issued).toBe(15);
  expect(room.document.sessions.active).toBe(CAPACITY);
  expect(room.send(T0 + 6_000, join('late', true))).toMatchObject({ place: { number: 16 }, claim: null });
  expect(room.log.at(-1)).toMatchObject({
    action: 'recover',
    from: { issued: 15, active: 3 },
    to: { active: CAPACITY },
  });
  room.send(T0 + 5_000 + SESSION_MS + 2_000, { kind: 'tick' });
  expect(room.document.sessions.active).toBe(0);
});

test('further proofs move the line, and take no vacancy a second time', () => {
  const room = restoredCopy();
  room.send(T0 + 5_000, proof(15));
  room.send(T0 + 5_500, { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
  room.send(T0 + 6_000, proof(20));
  expect(room.document.line.issued).toBe(20);
  expect(room.document.sessions.active).toBe(CAPACITY - 1);
});

test('where numbers were given again, nobody enters until the sessions of the lost time are over, also when others leave', () => {
  const room = restoredCopy();
  for (let number = 4; number <= CAPACITY; number++) room.send(T0 + 2_000, join(`again-${number}`, true));
  expect(room.document.sessions.active).toBe(CAPACITY);
  const again = { ...proof(5), givenAgain: true } as const;
  room.send(T0 + 5_000, again);
  room.send(T0 + 5_100, again);
  expect(room.document.line.issued).toBe(CAPACITY);
  expect(room.log.filter(({ action }) => action === 'recover')[0]).toMatchObject({ from: { active: CAPACITY } });
  for (const [index, sid] of ['sid-a', 'sid-b', 'sid-c'].entries()) {
    room.send(T0 + 6_000, { kind: 'end', epoch: 1, position: index + 1, sid, reason: 'left' });
  }
  expect(room.send(T0 + 7_000, join('late', true))).toMatchObject({ claim: null });
  room.send(T0 + 5_100 + SESSION_MS + 2_000, { kind: 'tick' });
  expect(room.document.sessions.active).toBe(0);
});
