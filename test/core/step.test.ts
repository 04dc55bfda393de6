// The rules of the queue by example. Every step is checked against every invariant on the way.

import { describe, expect, test } from 'vitest';
import { drawnPosition } from '../../queue-core/draw.ts';
import { CoreError } from '../../queue-core/errors.ts';
import { STANDBY_MAX, STANDBY_SILENT_MS_MAX } from '../../queue-core/limits.ts';
import { stateOf } from '../../queue-core/room-state.ts';
import { NO_SESSIONS } from '../../queue-core/session-overlay.ts';
import { step } from '../../queue-core/step.ts';
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
  policy,
  SECRET,
  settings,
  T0,
} from './sample-rooms.ts';

describe('opening', () => {
  test('a command before `configure` throws a CoreError', () => {
    expect(() => step({ room: null, sessions: NO_SESSIONS }, { kind: 'tick' }, T0)).toThrow(CoreError);
  });

  test('no entry is given before prequeueAt', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { prequeueAt: T0 + 1_000, opensInMs: 10_000 })));
    expect(room.send(T0 + 999, join('early'))).toEqual({ kind: 'refused', reason: 'tooEarly' });
    expect(room.send(T0 + 1_000, join('in time'))).toMatchObject({
      kind: 'joined',
      place: { kind: 'entry', number: 1 },
    });
  });

  test('no claim is admitted before opensAt, not even a millisecond', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: 10_000 })));
    room.send(T0 + 1, join('a', true));
    expect(room.send(T0 + 9_999, claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'notOpen' });
    expect(room.send(T0 + 10_000, claim(1, 'a'))).toMatchObject({ kind: 'admitted', admitAt: T0 + 10_000 });
  });

  test('the draw orders the entries; later arrivals get the positions after them, in order of arrival', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: 10_000 })));
    const entries = ['a', 'b', 'c', 'd', 'e'];
    for (const name of entries) room.send(T0 + 1, join(name));
    expect(room.send(T0 + 10_000, join('late'))).toMatchObject({ place: { kind: 'position', number: 6 } });
    const { seed, entries: drawn } = room.document.draw;
    expect(drawn).toBe(5);
    const positions = entries.map((_, index) => drawnPosition(index + 1, 5, seed ?? ''));
    expect(positions.toSorted()).toEqual([1, 2, 3, 4, 5]);
  });

  test('an opening that is moved before it comes keeps every entry; one set after it begins a new epoch', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: 10_000 })));
    room.send(T0, join('a'));
    const moved = { prequeueAt: null, opensAt: T0 + 20_000, closesAt: null, beacon: null };
    room.send(T0 + 1, change({ kind: 'setSchedule', schedule: moved, secret: OTHER_SECRET }));
    expect(room.document).toMatchObject({ epoch: 1, line: { entries: 1 } });
    expect(stateOf(room.document, T0 + 10_000)).toBe('prequeue');

    room.send(T0 + 22_000, claim(1, 'a'));
    const reopened = { ...moved, opensAt: T0 + 60_000 };
    room.send(T0 + 30_000, change({ kind: 'setSchedule', schedule: reopened, secret: OTHER_SECRET }));
    expect(room.document).toMatchObject({
      epoch: epochAt(T0 + 30_000),
      line: { entries: 0, issued: 0 },
      sessions: { active: 0 },
    });
    expect(room.send(T0 + 31_000, claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
  });

  test('a room whose beacon is late stays in drawing and calls no position', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: 1_000, beacon: BEACON_CHOICE })));
    room.send(T0, join('a'));
    room.send(T0 + 60_000, { kind: 'tick' });
    expect(stateOf(room.document, T0 + 60_000)).toBe('drawing');
    expect(room.document.pacing.called).toBe(0);
    expect(room.send(T0 + 60_000, claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'notOpen' });

    const beacon = beaconFor(T0 + 1_000);
    room.send(T0 + 61_000, draw(SECRET, beacon));
    room.send(T0 + 62_000, draw(SECRET, beaconFor(T0 + 2_000)));
    expect(room.document.draw.beacon).toEqual(beacon);
    expect(room.send(T0 + 63_000, claim(1, 'a'))).toMatchObject({ kind: 'admitted' });
  });
});

describe('places', () => {
  test('a claimed position refuses every other visitor', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings()));
    room.send(T0 + 1_000, join('a', true));
    expect(room.send(T0 + 1_001, claim(1, 'other'))).toEqual({ kind: 'refused', reason: 'foreignPosition' });
    expect(room.send(T0 + 1_001, claim(2, 'other'))).toEqual({ kind: 'refused', reason: 'unknownPosition' });
  });

  test('a repeated claim gets the same session and takes no second vacancy', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings()));
    room.send(T0 + 1_000, join('a'));
    const first = room.send(T0 + 1_000, claim(1, 'a'));
    expect(first.kind).toBe('admitted');
    expect(room.send(T0 + 2_000, { ...claim(1, 'a'), sid: 'another' } as never)).toEqual(first);
    expect(room.document.sessions.active).toBe(1);
  });

  test('a newcomer to an empty line is admitted in the step of the join', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings()));
    expect(room.send(T0 + 1_000, join('a', true))).toMatchObject({ claim: { kind: 'admitted', position: 1 } });
  });

  test('a newcomer is not admitted before a called visitor who waits', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ totalActiveUsers: 1 })));
    room.send(T0 + 1_000, join('inside', true));
    room.send(T0 + 1_000, join('first', true));
    const left = { kind: 'end', epoch: 1, position: 1, sid: 'sid-inside', reason: 'left' } as const;
    room.send(T0 + 20_000, left);
    expect(room.send(T0 + 20_000, join('newcomer', true))).toMatchObject({ claim: null });
    expect(room.send(T0 + 20_001, claim(2, 'first'))).toMatchObject({ kind: 'admitted' });
  });

  test('a visitor on standby gets the next vacancy before visitors with higher positions', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ totalActiveUsers: 2, newUsersPerMinute: 60_000, claimWindowMs: 600_000 })));
    for (const name of ['1', '2', '3', '4']) room.send(T0 + 1_000, join(name));
    // No visitor claims for a while, so later positions are called as well; then all claim, in the wrong order.
    for (let second = 2; second < 40; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(4);
    const now = T0 + 40_000;
    expect(room.send(now, claim(4, '4'))).toMatchObject({ kind: 'admitted' });
    expect(room.send(now, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
    expect(room.send(now, claim(3, '3'))).toEqual({ kind: 'standby', ahead: 0 });
    expect(room.send(now, claim(2, '2'))).toEqual({ kind: 'standby', ahead: 0 });
    room.send(now, { kind: 'end', epoch: 1, position: 4, sid: 'sid-4', reason: 'completed' });
    expect(room.send(now, claim(3, '3'))).toEqual({ kind: 'standby', ahead: 1 });
    expect(room.send(now, claim(2, '2'))).toMatchObject({ kind: 'admitted' });
  });

  test('a session ends by who holds its place as by its id, and for nobody else', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ totalActiveUsers: 1 })));
    room.send(T0 + 1_000, join('inside', true));
    const leave = (visitor: string, epoch = 1) =>
      room.send(T0 + 2_000, { kind: 'end', epoch, position: 1, visitor: `visitor-${visitor}`, reason: 'left' });
    expect(leave('another')).toEqual({ kind: 'refused', reason: 'foreignPosition' });
    expect(leave('inside', 2)).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
    expect(room.document.sessions.active).toBe(1);
    expect(leave('inside')).toMatchObject({ kind: 'ended', reason: 'left' });
    expect(room.document.sessions).toMatchObject({ active: 0, totals: { left: 1 } });
    expect(leave('inside')).toMatchObject({ kind: 'ended', reason: 'left' });
    expect(room.document.sessions).toMatchObject({ active: 0, totals: { left: 1 } });
    expect(room.document.endings.seq).toBe(1);
  });

  test('a visitor who leaves on standby no longer holds back a higher position, and one who never claimed loses nothing', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ totalActiveUsers: 1, newUsersPerMinute: 60_000 })));
    for (const name of ['1', '2', '3']) room.send(T0 + 1_000, join(name));
    for (let second = 2; second < 30; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    const now = T0 + 30_000;
    const leave = (position: number) =>
      room.send(now, { kind: 'end', epoch: 1, position, visitor: `visitor-${position}`, reason: 'left' });
    room.send(now, claim(1, '1'));
    expect(room.send(now, claim(2, '2'))).toMatchObject({ kind: 'standby' });
    expect(leave(3)).toEqual({ kind: 'refused', reason: 'unknownPosition' });
    expect(leave(2)).toMatchObject({ kind: 'ended', reason: 'left' });
    expect(room.document.sessions.standby).toEqual([]);
    room.send(now, { kind: 'end', epoch: 1, position: 1, sid: 'sid-1', reason: 'left' });
    expect(room.send(now, claim(3, '3'))).toMatchObject({ kind: 'admitted' });
  });

  test('a visitor who falls silent on standby no longer holds back a higher position', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ totalActiveUsers: 1, newUsersPerMinute: 60_000 })));
    for (const name of ['1', '2', '3']) room.send(T0 + 1_000, join(name));
    for (let second = 2; second < 30; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    const now = T0 + 30_000;
    room.send(now, claim(1, '1'));
    expect(room.send(now, claim(2, '2'))).toMatchObject({ kind: 'standby' });
    const later = now + STANDBY_SILENT_MS_MAX + 2_000;
    for (let at = now; at < later; at += 1_000) room.send(at, { kind: 'tick' });
    room.send(later, { kind: 'end', epoch: 1, position: 1, sid: 'sid-1', reason: 'left' });
    expect(room.send(later, claim(3, '3'))).toMatchObject({ kind: 'admitted' });
  });

  test('standby is bounded; the lowest positions stay on it', () => {
    const room = new CheckedRoom();
    const crowd = STANDBY_MAX + 20;
    room.send(T0, configure(settings({ totalActiveUsers: crowd + 1, newUsersPerMinute: 600_000 })));
    for (let index = 1; index <= crowd + 1; index++) room.send(T0 + 1_000, join(`${index}`));
    room.send(T0 + 3_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(crowd + 1);
    room.send(T0 + 3_000, claim(crowd + 1, `${crowd + 1}`));
    room.send(
      T0 + 3_000,
      change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 1, newUsersPerMinute: 600_000 }) }),
    );
    for (let index = crowd; index >= 1; index--) room.send(T0 + 3_000, claim(index, `${index}`));
    expect(room.document.sessions.standby.map(({ position }) => position)).toEqual(
      Array.from({ length: STANDBY_MAX }, (_, index) => index + 1),
    );
  });
});

describe('pacing', () => {
  test('a clock that jumps back does not move the room’s time back', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings()));
    room.send(T0 + 10_000, join('a', true));
    room.send(T0 + 5_000, { kind: 'tick' });
    expect(room.document.at).toBe(T0 + 10_000);
  });

  test('a call lapses after its claim window, and not before', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ claimWindowMs: 60_000 })));
    room.send(T0 + 100, join('a'));
    for (let second = 1; second <= 60; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { called: 1, lapsedThrough: 0 } });
    for (let second = 61; second <= 64; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { lapsedThrough: 1, lapsed: 1 } });
    expect(room.send(T0 + 65_000, claim(1, 'a'))).toEqual({ kind: 'lapsed' });
  });

  test('an hour without any command neither lapses a call nor earns an hour of calls', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ newUsersPerMinute: 60, claimWindowMs: 60_000 })));
    for (let index = 0; index < 500; index++) room.send(T0, join(`${index}`));
    room.send(T0 + 2_000, { kind: 'tick' });
    const { called } = room.document.pacing;
    expect(called).toBeGreaterThan(0);
    room.send(T0 + 3_600_000, { kind: 'tick' });
    expect(room.document.pacing.lapsedThrough).toBe(0);
    expect(room.document.pacing.called).toBeLessThanOrEqual(called + 40);
    expect(room.send(T0 + 3_600_000, claim(1, '0'))).toMatchObject({ kind: 'admitted' });
  });

  test('a paused room calls no position and lapses no call; a held room admits no claim either', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ claimWindowMs: 30_000 })));
    for (const name of ['1', '2']) room.send(T0 + 500, join(name));
    room.send(T0 + 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(2);
    room.send(T0 + 1_000, change({ kind: 'setFlow', flow: 'paused' }));
    room.send(T0 + 1_000, join('3'));
    for (let second = 2; second < 120; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { called: 2, lapsedThrough: 0 } });
    expect(room.send(T0 + 120_000, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
    room.send(T0 + 120_000, change({ kind: 'setFlow', flow: 'held' }));
    expect(room.send(T0 + 121_000, claim(2, '2'))).toEqual({ kind: 'refused', reason: 'held' });
    room.send(T0 + 122_000, change({ kind: 'setFlow', flow: 'running' }));
    expect(room.send(T0 + 122_000, claim(2, '2'))).toMatchObject({ kind: 'admitted' });
    for (let second = 123; second < 128; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(3);
  });

  test('after a pause or an empty line calls begin at the rate of an opening; only unused slots of called visitors speed them up', () => {
    const calledIn = (prepare: (room: CheckedRoom) => number): number => {
      const room = new CheckedRoom();
      room.send(T0, configure(settings({ newUsersPerMinute: 600, totalActiveUsers: 100_000 })));
      const from = prepare(room);
      const before = room.document.pacing.called;
      for (let ms = 100; ms <= 2_000; ms += 100) room.send(from + ms, { kind: 'tick' });
      return room.document.pacing.called - before;
    };
    const crowd = (room: CheckedRoom, at: number) => {
      for (let index = 0; index < 500; index++) room.send(at, join(`${at}-${index}`));
      return at;
    };
    const atOpening = calledIn((room) => crowd(room, T0));
    const afterPause = calledIn((room) => {
      crowd(room, T0);
      room.send(T0, change({ kind: 'setFlow', flow: 'paused' }));
      for (let second = 1; second <= 60; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
      room.send(T0 + 60_000, change({ kind: 'setFlow', flow: 'running' }));
      return T0 + 60_000;
    });
    const afterIdling = calledIn((room) => {
      for (let second = 0; second < 60; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
      return crowd(room, T0 + 60_000);
    });
    const afterNoShows = calledIn((room) => {
      crowd(room, T0);
      for (let second = 0; second < 5; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
      return T0 + 5_000;
    });
    // One second's worth of calls is saved while no visitor waits (decision 2), and nothing else.
    for (const after of [afterPause, afterIdling]) expect(after).toBeLessThanOrEqual(atOpening + 10);
    expect(afterNoShows).toBeGreaterThan(atOpening + 10);
  });

  test('twice as many positions are called as there are vacancies after every second call was a no-show; the active limit holds when all claim', () => {
    const limits = { newUsersPerMinute: 60_000, totalActiveUsers: 40 };
    const room = new CheckedRoom();
    room.send(T0, configure(settings(limits)));
    for (let position = 1; position <= 400; position++) room.send(T0, join(`${position}`));
    const setLimit = (second: number, totalActiveUsers: number) =>
      room.send(T0 + second * 1_000, change({ kind: 'setPolicy', policy: policy({ ...limits, totalActiveUsers }) }));
    const claimAll = (second: number, positions: number[]) => {
      for (const position of positions) room.send(T0 + second * 1_000, claim(position, `${position}`));
    };
    room.send(T0 + 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(40);
    // Every second of forty claims; then there is no vacancy until that share is known.
    claimAll(
      2,
      Array.from({ length: 20 }, (_, index) => 2 * (index + 1)),
    );
    setLimit(2, 20);
    for (let second = 3; second <= 20; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { called: 40 }, sessions: { active: 20 } });
    setLimit(20, 40);
    room.send(T0 + 20_500, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(80);
    claimAll(
      21,
      Array.from({ length: 40 }, (_, index) => 41 + index),
    );
    expect(room.document.sessions.active).toBe(40);
    expect(room.document.sessions.standby).toHaveLength(20);
  });

  test('a room whose origin fails calls no position and lapses no call', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ claimWindowMs: 30_000 })));
    room.send(T0 + 500, { kind: 'reportOverload', forMs: 600_000 });
    room.send(T0 + 500, join('1'));
    for (let second = 1; second < 120; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(0);
    room.send(T0 + 120_000, { kind: 'reportOverload', forMs: 0 });
    room.send(T0 + 121_000, { kind: 'tick' });
    expect(room.send(T0 + 121_000, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
  });

  test('soldOut and closed refuse joins and claims; a stock report older than the last one is ignored', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { closesAt: T0 + 60_000 })));
    room.send(T0 + 10, join('1'));
    room.send(T0 + 1_000, { kind: 'reportStock', remaining: 0, asOf: T0 + 900 });
    room.send(T0 + 1_000, { kind: 'reportStock', remaining: 5, asOf: T0 + 800 });
    expect(room.send(T0 + 2_000, join('2'))).toEqual({ kind: 'refused', reason: 'soldOut' });
    expect(room.send(T0 + 2_000, claim(1, '1'))).toEqual({ kind: 'refused', reason: 'soldOut' });
    room.send(T0 + 3_000, { kind: 'reportStock', remaining: 1, asOf: T0 + 3_000 });
    expect(room.send(T0 + 4_000, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
    expect(room.send(T0 + 60_000, join('3'))).toEqual({ kind: 'refused', reason: 'closed' });
  });
});

describe('sessions', () => {
  function admitted(changes = {}) {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ sessionMs: 60_000, ...changes })));
    room.send(T0 + 1_000, join('a', true));
    return room;
  }
  const renewal = { kind: 'renew', epoch: 1, position: 1, sid: 'sid-a' } as const;
  const ending = { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'completed' } as const;

  test('a session expires at expiresAt and its vacancy comes back', () => {
    const room = admitted();
    expect(room.send(T0 + 60_999, renewal).kind).toBe('admitted');
    const expired = admitted({ sessionRenewal: false });
    expect(expired.send(T0 + 61_000, renewal)).toMatchObject({ kind: 'ended', reason: 'expired' });
    expired.send(T0 + 62_000, { kind: 'tick' });
    expect(expired.document).toMatchObject({ sessions: { active: 0, totals: { expired: 1 } } });
    expect(expired.send(T0 + 62_000, claim(1, 'a'))).toMatchObject({ kind: 'ended', reason: 'expired' });
  });

  test('a renewal extends a session in its second half and changes nothing in its first half', () => {
    const room = admitted();
    const first = room.send(T0 + 2_000, renewal);
    expect(first).toMatchObject({ expiresAt: T0 + 61_000 });
    expect(room.send(T0 + 40_000, renewal)).toMatchObject({ expiresAt: T0 + 100_000 });
    expect(room.document.sessions.active).toBe(1);
  });

  test('a session that ended stays ended with its first reason when it is claimed, renewed or ended again', () => {
    const room = admitted();
    expect(room.send(T0 + 5_000, ending)).toMatchObject({ kind: 'ended', reason: 'completed' });
    expect(room.document).toMatchObject({ sessions: { active: 0 }, endings: { seq: 1 } });
    expect(room.send(T0 + 6_000, { ...ending, reason: 'revoked' })).toMatchObject({
      kind: 'ended',
      reason: 'completed',
    });
    expect(room.send(T0 + 6_000, renewal)).toMatchObject({ kind: 'ended', reason: 'completed' });
    expect(room.send(T0 + 6_000, claim(1, 'a'))).toMatchObject({ kind: 'ended', reason: 'completed' });
    expect(room.document).toMatchObject({
      sessions: { active: 0, totals: { completed: 1, revoked: 0 } },
      endings: { seq: 1 },
    });
  });

  test('a session is neither renewed nor ended with another session id or another epoch', () => {
    const room = admitted();
    expect(room.send(T0 + 5_000, { ...ending, sid: 'guess' })).toEqual({ kind: 'refused', reason: 'foreignPosition' });
    expect(room.send(T0 + 5_000, { ...renewal, sid: 'guess' })).toEqual({ kind: 'refused', reason: 'foreignPosition' });
    expect(room.send(T0 + 5_000, { ...ending, epoch: 2 })).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
    expect(room.document.sessions.active).toBe(1);
  });
});
