// The rules of the queue as laws of `step`: told as short stories, each checked against every invariant on the way.

import { describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import { drawnPosition } from '../../queue-core/draw.ts';
import { CoreError } from '../../queue-core/errors.ts';
import { RECENT_JOINS_MAX, STANDBY_MAX, STANDBY_SILENT_MS_MAX } from '../../queue-core/limits.ts';
import { stateOf } from '../../queue-core/opening.ts';
import { step } from '../../queue-core/step.ts';
import { CheckedRoom, change, claim, configure, join, OTHER_SECRET, policy, settings, T0 } from './sample-rooms.ts';

const NOBODY = { get: () => undefined };

describe('before the opening', () => {
  test('a room that was never configured answers nothing', () => {
    expect(() => step({ room: null, sessions: NOBODY }, { kind: 'tick' }, T0)).toThrow(CoreError);
  });

  test('nobody gets an entry before entries are given', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { prequeueAt: T0 + 1_000, opensInMs: 10_000 })));
    expect(room.one(T0 + 999, join('early'))).toEqual({ kind: 'refused', reason: 'tooEarly' });
    expect(room.one(T0 + 1_000, join('in time'))).toMatchObject({
      kind: 'joined',
      place: { kind: 'entry', number: 1 },
    });
  });

  test('nobody enters before the opening, not by a millisecond, whatever they hold', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 10_000 })));
    room.one(T0 + 1, join('a', true));
    expect(room.one(T0 + 9_999, claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'notOpen' });
    expect(room.one(T0 + 10_000, claim(1, 'a'))).toMatchObject({ kind: 'waiting' });
    expect(room.one(T0 + 11_000, claim(1, 'a'))).toMatchObject({ kind: 'admitted' });
  });

  test('the order is the draw of those who joined before; later arrivals come after, as they arrive', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 10_000 })));
    const entries = ['a', 'b', 'c', 'd', 'e'];
    for (const name of entries) room.one(T0 + 1, join(name));
    expect(room.one(T0 + 10_000, join('late'))).toMatchObject({ place: { kind: 'position', number: 6 } });
    const { seed, entries: drawn } = room.document.draw;
    expect(drawn).toBe(5);
    const positions = entries.map((_, index) => drawnPosition(index + 1, 5, seed ?? ''));
    expect(positions.toSorted()).toEqual([1, 2, 3, 4, 5]);
  });

  test('moving the opening keeps everybody’s entry; a schedule after it begins a new epoch', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 10_000 })));
    room.one(T0, join('a'));
    const moved = { prequeueAt: null, opensAt: T0 + 20_000, closesAt: null, beacon: null };
    room.one(T0 + 1, change({ kind: 'setSchedule', schedule: moved, secret: OTHER_SECRET }));
    expect(room.document).toMatchObject({ epoch: 1, line: { entries: 1 } });
    expect(stateOf(room.document, T0 + 10_000)).toBe('prequeue');

    room.one(T0 + 22_000, claim(1, 'a'));
    const again = { ...moved, opensAt: T0 + 60_000 };
    room.one(T0 + 30_000, change({ kind: 'setSchedule', schedule: again, secret: OTHER_SECRET }));
    expect(room.document).toMatchObject({ epoch: 2, line: { entries: 0, issued: 0 }, sessions: { active: 0 } });
    expect(room.one(T0 + 31_000, claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
  });

  test('with a beacon that is late the room draws and calls nobody', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 1_000, beacon: { round: 7 } })));
    room.one(T0, join('a'));
    room.one(T0 + 60_000, { kind: 'tick' });
    expect(stateOf(room.document, T0 + 60_000)).toBe('drawing');
    expect(room.document.pacing.called).toBe(0);
    expect(room.one(T0 + 60_000, claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'notOpen' });

    room.one(T0 + 61_000, { kind: 'setBeacon', beacon: OTHER_SECRET });
    room.one(T0 + 62_000, { kind: 'setBeacon', beacon: '00'.repeat(32) });
    expect(room.document.draw.beacon).toBe(OTHER_SECRET);
    expect(room.one(T0 + 63_000, claim(1, 'a'))).toMatchObject({ kind: 'admitted' });
  });
});

describe('places', () => {
  test('a repeated join brings the same place and is counted once', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 1_000 })));
    const first = room.one(T0, join('a'));
    room.one(T0, join('b'));
    expect(room.one(T0 + 1, join('a'))).toEqual(first);
    expect(room.document.line.entries).toBe(2);
    expect(room.one(T0 + 2_000, join('a'))).toEqual(first);
    for (let index = 0; index < RECENT_JOINS_MAX; index++) room.one(T0 + 2_000, join(`later-${index}`));
    expect(room.one(T0 + 2_000, join('a'))).not.toEqual(first);
  });

  test('a join whose place the store still knows is given it again, unless another opening has begun', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings()));
    for (const name of ['a', 'b', 'c']) room.one(T0 + 1_000, join(name));
    const place = { kind: 'position', number: 2 } as const;
    const again = (epoch: number, number = 2) =>
      room.one(T0 + 1_000, {
        ...join(`${epoch} ${number}`),
        previous: { epoch, place: { ...place, number } },
      } as Command);
    expect(again(1)).toMatchObject({ kind: 'joined', place });
    expect(room.document.line.issued).toBe(3);
    // What the room does not know any more is nobody's; neither is a place of another opening.
    expect(again(1, 17)).toMatchObject({ place: { number: 4 } });
    expect(again(2)).toMatchObject({ place: { number: 5 } });
  });

  test('a join whose entry missed the draw is given a position', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 1_000 })));
    for (const name of ['a', 'b']) room.one(T0, join(name));
    for (const name of ['c', 'd']) room.one(T0 + 2_000, join(name));
    const again = (number: number) =>
      room.one(T0 + 2_000, {
        ...join(`entry ${number}`),
        previous: { epoch: 1, place: { kind: 'entry', number } },
      } as Command);
    expect(again(2)).toMatchObject({ place: { kind: 'entry', number: 2 } });
    expect(again(3)).toMatchObject({ place: { kind: 'position', number: 5 } });
  });

  test('a position admits its own visitor only', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings()));
    room.one(T0 + 1_000, join('a', true));
    expect(room.one(T0 + 1_001, claim(1, 'thief'))).toEqual({ kind: 'refused', reason: 'foreignPosition' });
    expect(room.one(T0 + 1_001, claim(2, 'thief'))).toEqual({ kind: 'refused', reason: 'unknownPosition' });
  });

  test('a repeated claim gives the same session and takes no second place', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings()));
    room.one(T0 + 1_000, join('a'));
    const first = room.one(T0 + 1_000, claim(1, 'a'));
    expect(first.kind).toBe('admitted');
    expect(room.one(T0 + 2_000, { ...claim(1, 'a'), sid: 'another' } as never)).toEqual(first);
    expect(room.document.sessions.active).toBe(1);
  });

  test('where nobody waits, a newcomer enters in the same step', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings()));
    expect(room.one(T0 + 1_000, join('a', true))).toMatchObject({ claim: { kind: 'admitted', position: 1 } });
  });

  test('a newcomer never passes somebody who waits', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ totalActiveUsers: 1 })));
    room.one(T0 + 1_000, join('inside', true));
    room.one(T0 + 1_000, join('first', true));
    const left = { kind: 'end', epoch: 1, position: 1, sid: 'sid-inside', reason: 'left' } as const;
    room.one(T0 + 20_000, left);
    expect(room.one(T0 + 20_000, join('newcomer', true))).toMatchObject({ claim: null });
    expect(room.one(T0 + 20_001, claim(2, 'first'))).toMatchObject({ kind: 'admitted' });
  });

  test('who finds no free place keeps the turn before all called later', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ totalActiveUsers: 2, newUsersPerMinute: 60_000, claimWindowMs: 600_000 })));
    for (const name of ['1', '2', '3', '4']) room.one(T0 + 1_000, join(name));
    // Nobody comes for a while, so others are called in their place; then all come, in the wrong order.
    for (let second = 2; second < 40; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(4);
    const now = T0 + 40_000;
    expect(room.one(now, claim(4, '4'))).toMatchObject({ kind: 'admitted' });
    expect(room.one(now, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
    expect(room.one(now, claim(3, '3'))).toEqual({ kind: 'standby', ahead: 0 });
    expect(room.one(now, claim(2, '2'))).toEqual({ kind: 'standby', ahead: 0 });
    room.one(now, { kind: 'end', epoch: 1, position: 4, sid: 'sid-4', reason: 'completed' });
    expect(room.one(now, claim(3, '3'))).toEqual({ kind: 'standby', ahead: 1 });
    expect(room.one(now, claim(2, '2'))).toMatchObject({ kind: 'admitted' });
  });

  test('who falls silent on standby holds nobody back', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ totalActiveUsers: 1, newUsersPerMinute: 60_000 })));
    for (const name of ['1', '2', '3']) room.one(T0 + 1_000, join(name));
    for (let second = 2; second < 30; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    const now = T0 + 30_000;
    room.one(now, claim(1, '1'));
    expect(room.one(now, claim(2, '2'))).toMatchObject({ kind: 'standby' });
    const later = now + STANDBY_SILENT_MS_MAX + 1;
    room.one(later, { kind: 'end', epoch: 1, position: 1, sid: 'sid-1', reason: 'left' });
    expect(room.one(later, claim(3, '3'))).toMatchObject({ kind: 'admitted' });
  });

  test('standby is bounded and keeps the earliest', () => {
    const room = new CheckedRoom();
    const crowd = STANDBY_MAX + 20;
    room.one(T0, configure(settings({ totalActiveUsers: crowd + 1, newUsersPerMinute: 600_000 })));
    for (let index = 1; index <= crowd + 1; index++) room.one(T0 + 1_000, join(`${index}`));
    room.one(T0 + 3_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(crowd + 1);
    room.one(T0 + 3_000, claim(crowd + 1, `${crowd + 1}`));
    room.one(
      T0 + 3_000,
      change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 1, newUsersPerMinute: 600_000 }) }),
    );
    for (let index = crowd; index >= 1; index--) room.one(T0 + 3_000, claim(index, `${index}`));
    expect(room.document.sessions.standby.map(({ position }) => position)).toEqual(
      Array.from({ length: STANDBY_MAX }, (_, index) => index + 1),
    );
  });
});

describe('time', () => {
  test('a clock that jumps back moves nothing back', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings()));
    room.one(T0 + 10_000, join('a', true));
    room.one(T0 + 5_000, { kind: 'tick' });
    expect(room.document.at).toBe(T0 + 10_000);
  });

  test('a call lapses after its window, and not before', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ claimWindowMs: 60_000 })));
    room.one(T0 + 100, join('a'));
    for (let second = 1; second <= 60; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { called: 1, lapsedThrough: 0 } });
    for (let second = 61; second <= 64; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { lapsedThrough: 1, lapsed: 1 } });
    expect(room.one(T0 + 65_000, claim(1, 'a'))).toEqual({ kind: 'lapsed' });
  });

  test('nobody’s turn runs out, and nobody is called in a rush, while the gate is down', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ newUsersPerMinute: 60, claimWindowMs: 60_000 })));
    for (let index = 0; index < 500; index++) room.one(T0, join(`${index}`));
    room.one(T0 + 2_000, { kind: 'tick' });
    const { called } = room.document.pacing;
    expect(called).toBeGreaterThan(0);
    room.one(T0 + 3_600_000, { kind: 'tick' });
    expect(room.document.pacing.lapsedThrough).toBe(0);
    expect(room.document.pacing.called).toBeLessThanOrEqual(called + 40);
    expect(room.one(T0 + 3_600_000, claim(1, '0'))).toMatchObject({ kind: 'admitted' });
  });

  test('a pause calls nobody and costs nobody their turn; a hold lets nobody in either', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ claimWindowMs: 30_000 })));
    for (const name of ['1', '2']) room.one(T0 + 500, join(name));
    room.one(T0 + 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(2);
    room.one(T0 + 1_000, change({ kind: 'setFlow', flow: 'paused' }));
    room.one(T0 + 1_000, join('3'));
    for (let second = 2; second < 120; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { called: 2, lapsedThrough: 0 } });
    expect(room.one(T0 + 120_000, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
    room.one(T0 + 120_000, change({ kind: 'setFlow', flow: 'held' }));
    expect(room.one(T0 + 121_000, claim(2, '2'))).toEqual({ kind: 'refused', reason: 'held' });
    room.one(T0 + 122_000, change({ kind: 'setFlow', flow: 'running' }));
    expect(room.one(T0 + 122_000, claim(2, '2'))).toMatchObject({ kind: 'admitted' });
    for (let second = 123; second < 128; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(3);
  });

  test('after a pause or with nobody waiting, calls begin as at an opening: only unused slots of those called speed them up', () => {
    const calledIn = (prepare: (room: CheckedRoom) => number): number => {
      const room = new CheckedRoom();
      room.one(T0, configure(settings({ newUsersPerMinute: 600, totalActiveUsers: 100_000 })));
      const from = prepare(room);
      const before = room.document.pacing.called;
      for (let ms = 100; ms <= 2_000; ms += 100) room.one(from + ms, { kind: 'tick' });
      return room.document.pacing.called - before;
    };
    const crowd = (room: CheckedRoom, at: number) => {
      for (let index = 0; index < 500; index++) room.one(at, join(`${at}-${index}`));
      return at;
    };
    const atOpening = calledIn((room) => crowd(room, T0));
    const afterPause = calledIn((room) => {
      crowd(room, T0);
      room.one(T0, change({ kind: 'setFlow', flow: 'paused' }));
      for (let second = 1; second <= 60; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
      room.one(T0 + 60_000, change({ kind: 'setFlow', flow: 'running' }));
      return T0 + 60_000;
    });
    const afterIdling = calledIn((room) => {
      for (let second = 0; second < 60; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
      return crowd(room, T0 + 60_000);
    });
    const unheeded = calledIn((room) => {
      crowd(room, T0);
      for (let second = 0; second < 5; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
      return T0 + 5_000;
    });
    // A second's worth is kept while nobody waits (decision 2), and nothing else.
    for (const after of [afterPause, afterIdling]) expect(after).toBeLessThanOrEqual(atOpening + 10);
    expect(unheeded).toBeGreaterThan(atOpening + 10);
  });

  test('for a free place so many are called as it took lately until one came, and the limit holds when all come', () => {
    const limits = { newUsersPerMinute: 60_000, totalActiveUsers: 40 };
    const room = new CheckedRoom();
    room.one(T0, configure(settings(limits)));
    for (let position = 1; position <= 400; position++) room.one(T0, join(`${position}`));
    const allow = (second: number, totalActiveUsers: number) =>
      room.one(T0 + second * 1_000, change({ kind: 'setPolicy', policy: policy({ ...limits, totalActiveUsers }) }));
    const come = (second: number, positions: number[]) => {
      for (const position of positions) room.one(T0 + second * 1_000, claim(position, `${position}`));
    };
    room.one(T0 + 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(40);
    // Every other one of forty comes; then no place is free until that is known.
    come(
      2,
      Array.from({ length: 20 }, (_, index) => 2 * (index + 1)),
    );
    allow(2, 20);
    for (let second = 3; second <= 20; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document).toMatchObject({ pacing: { called: 40 }, sessions: { active: 20 } });
    allow(20, 40);
    room.one(T0 + 20_500, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(80);
    come(
      21,
      Array.from({ length: 40 }, (_, index) => 41 + index),
    );
    expect(room.document.sessions.active).toBe(40);
    expect(room.document.sessions.standby).toHaveLength(20);
  });

  test('nobody is called while the origin fails, and nobody loses a turn by it', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ claimWindowMs: 30_000 })));
    room.one(T0 + 500, { kind: 'reportOrigin', healthy: false });
    room.one(T0 + 500, join('1'));
    for (let second = 1; second < 120; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(0);
    room.one(T0 + 120_000, { kind: 'reportOrigin', healthy: true });
    room.one(T0 + 121_000, { kind: 'tick' });
    expect(room.one(T0 + 121_000, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
  });

  test('sold out and closed rooms take nobody; old news about the stock changes nothing', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { closesAt: T0 + 60_000 })));
    room.one(T0 + 10, join('1'));
    room.one(T0 + 1_000, { kind: 'reportStock', remaining: 0, asOf: T0 + 900 });
    room.one(T0 + 1_000, { kind: 'reportStock', remaining: 5, asOf: T0 + 800 });
    expect(room.one(T0 + 2_000, join('2'))).toEqual({ kind: 'refused', reason: 'soldOut' });
    expect(room.one(T0 + 2_000, claim(1, '1'))).toEqual({ kind: 'refused', reason: 'soldOut' });
    room.one(T0 + 3_000, { kind: 'reportStock', remaining: 1, asOf: T0 + 3_000 });
    expect(room.one(T0 + 4_000, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
    expect(room.one(T0 + 60_000, join('3'))).toEqual({ kind: 'refused', reason: 'closed' });
  });
});

describe('sessions', () => {
  function admitted(changes = {}) {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ sessionMs: 60_000, ...changes })));
    room.one(T0 + 1_000, join('a', true));
    return room;
  }
  const renewal = { kind: 'renew', epoch: 1, position: 1, sid: 'sid-a' } as const;
  const ending = { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'completed' } as const;

  test('a session ends by itself and frees its place', () => {
    const room = admitted();
    expect(room.one(T0 + 60_999, renewal).kind).toBe('admitted');
    const expired = admitted({ sessionRenewal: false });
    expect(expired.one(T0 + 61_000, renewal)).toEqual({ kind: 'ended', reason: 'expired' });
    expired.one(T0 + 62_000, { kind: 'tick' });
    expect(expired.document).toMatchObject({ sessions: { active: 0, totals: { expired: 1 } } });
    expect(expired.one(T0 + 62_000, claim(1, 'a'))).toEqual({ kind: 'ended', reason: 'expired' });
  });

  test('activity in the second half renews, in the first half it changes nothing', () => {
    const room = admitted();
    const first = room.one(T0 + 2_000, renewal);
    expect(first).toMatchObject({ expiresAt: T0 + 61_000 });
    expect(room.one(T0 + 40_000, renewal)).toMatchObject({ expiresAt: T0 + 100_000 });
    expect(room.document.sessions.active).toBe(1);
  });

  test('a session that ended stays ended: claimed, renewed or ended again', () => {
    const room = admitted();
    expect(room.one(T0 + 5_000, ending)).toEqual({ kind: 'ended', reason: 'completed' });
    expect(room.document).toMatchObject({ sessions: { active: 0 }, endings: { seq: 1 } });
    expect(room.one(T0 + 6_000, { ...ending, reason: 'revoked' })).toEqual({ kind: 'ended', reason: 'completed' });
    expect(room.one(T0 + 6_000, renewal)).toEqual({ kind: 'ended', reason: 'completed' });
    expect(room.one(T0 + 6_000, claim(1, 'a'))).toEqual({ kind: 'ended', reason: 'completed' });
    expect(room.document).toMatchObject({
      sessions: { active: 0, totals: { completed: 1, revoked: 0 } },
      endings: { seq: 1 },
    });
  });

  test('nobody ends or renews another’s session', () => {
    const room = admitted();
    expect(room.one(T0 + 5_000, { ...ending, sid: 'guess' })).toEqual({ kind: 'refused', reason: 'foreignPosition' });
    expect(room.one(T0 + 5_000, { ...renewal, sid: 'guess' })).toEqual({ kind: 'refused', reason: 'foreignPosition' });
    expect(room.one(T0 + 5_000, { ...ending, epoch: 2 })).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
    expect(room.document.sessions.active).toBe(1);
  });
});
