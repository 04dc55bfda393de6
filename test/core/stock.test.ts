// Admissions follow what is left: nobody enters in vain, nothing left stops the line, and what comes back goes on in order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../queue-core/board.ts';
import { boardAt } from '../../queue-core/board-at.ts';
import type { Command } from '../../queue-core/command.ts';
import { LOTS_MAX } from '../../queue-core/limits.ts';
import type { Policy } from '../../queue-core/policy.ts';
import { CheckedRoom } from './checked-room.ts';
import { claim, configure, join, settings, T0 } from './sample-rooms.ts';

const SESSION_MS = 60_000;
const FRESH_SECONDS = 60;

function stockedRoom(changes: Partial<Policy> = {}): CheckedRoom {
  const room = new CheckedRoom();
  const stock = { peoplePercent: 100, freshSeconds: FRESH_SECONDS };
  const rules = { totalActiveUsers: 1_000, newUsersPerMinute: 60_000, sessionMs: SESSION_MS };
  room.send(T0, configure(settings({ ...rules, stock, ...changes })));
  return room;
}

const left = (remaining: number, asOf: number): Command => ({ kind: 'reportStock', remaining, asOf });
const boardOf = (room: CheckedRoom, now = room.document.at) => viewOf(room.document, [], now).board;

/** A site that takes one of what is left for each visitor who completes, and says so in the same response. */
class Site {
  readonly room: CheckedRoom;
  remaining: number;
  now = T0 + 1_000;
  readonly booked: number[] = [];

  constructor(room: CheckedRoom, remaining: number) {
    this.room = room;
    this.remaining = remaining;
    room.send(this.now, left(remaining, this.now));
  }

  /** Whether the visitor was inside. */
  book(position: number): boolean {
    const session = this.room.sessions.get(position);
    if (session === undefined || session.ended !== null || session.expiresAt <= this.now) return false;
    if (this.remaining === 0) throw new Error(`Visitor ${position} is inside in vain.`);
    this.remaining--;
    this.booked.push(position);
    const visit = { epoch: 1, position, visitor: session.visitor };
    this.room.run(this.now, [
      left(this.remaining, this.now),
      { kind: 'end', ...visit, reason: 'completed', reference: `A-${position}`, call: { by: null, mark: null } },
    ]);
    return true;
  }

  cancel(position: number): void {
    this.booked.splice(this.booked.indexOf(position), 1);
    this.remaining++;
    // Of two numbers of one moment the lower one counts.
    this.now++;
    this.room.send(this.now, left(this.remaining, this.now));
  }

  /** A second passes: everybody whose turn has come tries to enter, in any order. */
  second(order: (positions: number[]) => number[]): number[] {
    this.now += 1_000;
    this.room.send(this.now, { kind: 'tick' });
    const { called } = this.room.document.pacing;
    const positions = Array.from({ length: called }, (_, index) => index + 1);
    const entering = order(positions.filter((position) => !this.room.sessions.has(position)));
    return entering.filter((position) => {
      const name = `${position}`;
      return this.room.send(this.now, claim(position, name)).kind === 'admitted';
    });
  }
}

/** The same order each time, and none of the line's. */
const shuffled = (positions: number[]) => positions.toSorted((a, b) => ((a * 7_919) % 1_009) - ((b * 7_919) % 1_009));

describe('a hundred left and a thousand people', () => {
  test.each([
    ['before they come', 'before'],
    ['once they are called', 'after'],
  ])(
    'told %s: exactly a hundred book, nobody enters in vain, and what is cancelled goes to the next in line',
    (_, told) => {
      const room = stockedRoom();
      if (told === 'before') room.send(T0 + 400, left(100, T0 + 400));
      for (let index = 1; index <= 1_000; index++) room.send(T0 + 500, join(`${index}`));
      const site = new Site(room, 100);
      const inside: number[] = [];
      for (let second = 0; second < 120 && site.remaining > 0; second++) {
        inside.push(...site.second(shuffled));
        expect(room.document.sessions.active).toBeLessThanOrEqual(site.remaining);
        for (const position of inside.splice(0, 2)) site.book(position);
      }
      while (site.remaining > 0) {
        inside.push(...site.second(shuffled));
        for (const position of inside.splice(0, 2)) site.book(position);
      }
      expect(site.booked).toHaveLength(100);
      // Nobody was called for a vacancy that a booking leaves, because it takes what that vacancy was for.
      expect(room.document.pacing.called).toBe(told === 'before' ? 100 : 1_000);
      expect(boardOf(room)).toMatchObject({ state: 'soldOut', active: 0, stock: { remaining: 0 } });
      for (let second = 0; second < 60; second++) expect(site.second(shuffled)).toEqual([]);

      const waiting = Array.from({ length: 1_000 }, (_, index) => index + 1).filter((one) => !room.sessions.has(one));
      for (const position of site.booked.slice(0, 5)) site.cancel(position);
      const admitted: number[] = [];
      for (let second = 0; second < 30; second++) admitted.push(...site.second(shuffled));
      expect(admitted.toSorted((a, b) => a - b)).toEqual(waiting.slice(0, 5));
    },
  );
});

describe('what is sold elsewhere while visitors are called', () => {
  test('and then returned goes to those who were called and came meanwhile, in order, however long nothing was left', () => {
    const room = stockedRoom();
    room.send(T0 + 500, left(20, T0 + 500));
    for (let index = 1; index <= 30; index++) room.send(T0 + 600, join(`${index}`));
    const site = new Site(room, 20);
    for (let second = 0; second < 3; second++) site.second(() => []);
    expect(room.document.pacing.called).toBeGreaterThan(10);
    const called = [9, 4, 7, 2];
    const sell = (remaining: number) => {
      site.remaining = remaining;
      room.send(site.now, left(remaining, site.now));
    };
    sell(0);
    for (const position of called) {
      expect(room.send(site.now, claim(position, `${position}`))).toEqual({ kind: 'refused', reason: 'soldOut' });
    }
    for (let second = 0; second < 60; second++) site.second(() => []);
    sell(2);
    const admitted = [9, 7, 4, 2].filter((position) => {
      return room.send(site.now, claim(position, `${position}`)).kind === 'admitted';
    });
    expect(admitted).toEqual([4, 2]);
  });
});

describe('any interleaving of arrivals, claims, bookings, errors, readmissions, renewals, endings and cancellations', () => {
  const action = fc.record({
    kind: fc.constantFrom(
      ...(['join', 'join', 'claim', 'claim', 'claim', 'book', 'book', 'leave', 'revoke', 'readmit', 'renew'] as const),
      ...(['cancel', 'wait', 'waitLong'] as const),
    ),
    share: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  });

  test('nobody is inside in vain: what is left is never fewer than the people inside', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.array(action, { maxLength: 120, size: 'max' }), (stock, actions) => {
        const room = stockedRoom({ sessionRenewal: true });
        const site = new Site(room, stock);
        for (const { kind, share } of actions) {
          const position = 1 + Math.floor(share * room.document.line.issued);
          const name = `${position}`;
          const session = room.sessions.get(position);
          const holder = { epoch: 1, position, visitor: `visitor-${position}` };
          const call = { by: null, mark: null };
          if (kind === 'join') room.send(site.now, join(`${room.document.line.issued + 1}`));
          else if (kind === 'claim') {
            room.send(site.now, { ...claim(position, name), sid: `sid-${position}-${site.now}` } as Command);
          } else if (kind === 'book') site.book(position);
          else if (kind === 'leave') room.send(site.now, { kind: 'end', ...holder, reason: 'left' });
          else if (kind === 'revoke') room.send(site.now, { kind: 'end', ...holder, reason: 'revoked', call });
          else if (kind === 'readmit') room.send(site.now, { kind: 'readmit', ...holder, call });
          else if (kind === 'renew') {
            room.send(site.now, { kind: 'renew', epoch: 1, position, sid: session?.sid ?? 'nothing' });
          } else if (kind === 'cancel') {
            const booked = site.booked[Math.floor(share * site.booked.length)];
            if (booked !== undefined) site.cancel(booked);
          } else {
            site.now += kind === 'wait' ? 700 : SESSION_MS + 1_000;
            room.send(site.now, { kind: 'tick' });
          }
          expect(room.document.sessions.active).toBeLessThanOrEqual(site.remaining);
        }
        expect(site.booked.length + site.remaining).toBe(stock);
      }),
      { numRuns: 300 },
    );
  });
});

describe('people inside', () => {
  test.each([
    [100, 40, 40],
    [150, 40, 60],
    [50, 41, 20],
    [50, 1, 1],
    [null, 2, 1_000],
  ])('with %s for each hundred left and %s left are at most %s', (peoplePercent, remaining, people) => {
    const room = stockedRoom({ stock: { peoplePercent, freshSeconds: 60 } });
    room.send(T0 + 1, left(remaining, T0 + 1));
    expect(viewOf(room.document, [], T0 + 1).policy.totalActiveUsers).toBe(people);
  });

  test('are never more than the operator allows', () => {
    const room = stockedRoom({ totalActiveUsers: 7 });
    room.send(T0 + 1, left(5_000, T0 + 1));
    expect(viewOf(room.document, [], T0 + 1).policy.totalActiveUsers).toBe(7);
  });
});

describe('numbers', () => {
  const lot = (id: string, remaining: number) => {
    return { id, name: { ko: `${id}구`, en: id }, remaining, price: { low: 0, high: 9, currency: 'KRW' } };
  };

  test('are shown while they are young, and checked afterwards: in the store, and on the way', () => {
    const room = stockedRoom();
    const at = T0 + 1_000;
    room.send(at, { kind: 'reportStock', remaining: null, asOf: at, lots: [lot('a', 3), lot('b', 4)] });
    const board = boardOf(room, at);
    expect(board.stock).toMatchObject({ remaining: 7, lots: [{ id: 'a', remaining: 3 }, { remaining: 4 }] });
    const last = at + FRESH_SECONDS * 1_000;
    expect(boardAt(board, last).stock).toEqual(board.stock);
    room.send(last + 1, { kind: 'tick' });
    for (const old of [boardAt(board, last + 1), boardOf(room, last + 1)]) {
      expect(old.stock).toMatchObject({ remaining: null, lots: [{ remaining: null }, { remaining: null }] });
    }
  });

  test('an older one changes nothing, each lot by its own age; nothing is from the future', () => {
    const room = stockedRoom();
    const at = T0 + 10_000;
    room.send(at, { kind: 'reportStock', remaining: 9, asOf: at, lots: [lot('a', 4), lot('b', 5)] });
    expect(room.send(at, left(3, at - 1))).toEqual({ kind: 'outdated' });
    const older = { kind: 'reportStock', remaining: 9, asOf: at - 1, lots: [lot('a', 9)] } as const;
    expect(room.send(at, older)).toEqual({ kind: 'outdated' });
    const counts = [{ id: 'a', remaining: 2 }];
    room.send(at, { kind: 'reportStock', remaining: 7, asOf: at + 5, counts });
    expect(
      room.send(at, { kind: 'reportStock', remaining: 1, asOf: at - 1, counts: [{ id: 'a', remaining: 1 }] }),
    ).toEqual({
      kind: 'outdated',
    });
    const { stock } = room.document.origin;
    expect(stock).toMatchObject({ remaining: 7, asOf: at, lots: [{ remaining: 2, asOf: at }, { remaining: 5 }] });
  });

  test('without a total it is the sum of the lots; a count of an unknown lot gets its id as its name, within the bound', () => {
    const room = stockedRoom();
    const at = T0 + 1_000;
    expect(room.send(at, { kind: 'reportStock', remaining: null, asOf: at })).toEqual({ kind: 'outdated' });
    expect(room.document.origin.stock).toBeNull();
    const counts = Array.from({ length: LOTS_MAX + 5 }, (_, index) => ({ id: `lot-${index}`, remaining: 2 }));
    room.send(at, { kind: 'reportStock', remaining: null, asOf: at, counts });
    expect(room.document.origin.stock?.remaining).toBe(2 * LOTS_MAX);
    expect(room.document.origin.stock?.lots[0]?.name).toEqual({ ko: 'lot-0', en: 'lot-0' });
  });

  test('a count that tells a name or a price changes them, and one that does not leaves them', () => {
    const room = stockedRoom();
    const at = T0 + 1_000;
    const price = { low: 1, high: 2, currency: 'KRW' };
    room.send(at, { kind: 'reportStock', remaining: null, asOf: at, counts: [{ id: 'a', remaining: 2, price }] });
    const named = [{ id: 'a', remaining: 1, name: { en: 'A' } }];
    room.send(at, { kind: 'reportStock', remaining: null, asOf: at, counts: named });
    room.send(at, { kind: 'reportStock', remaining: null, asOf: at, counts: [{ id: 'a', remaining: 1 }] });
    expect(room.document.origin.stock?.lots).toEqual([
      { id: 'a', name: { ko: 'a', en: 'A' }, remaining: 1, asOf: at, price },
    ]);
  });

  test('what was shown and when is on record: each change once, and a number again after it was too old', () => {
    const room = stockedRoom();
    const at = (seconds: number) => T0 + seconds * 1_000;
    room.send(at(1), {
      kind: 'reportStock',
      remaining: 9,
      asOf: at(1),
      lots: [lot('a', 4), lot('b', 5)],
      by: 'site-1',
    });
    room.send(at(2), left(9, at(2)));
    room.send(at(3), { kind: 'reportStock', remaining: 8, asOf: at(3), counts: [{ id: 'b', remaining: 4 }] });
    room.send(at(200), left(8, at(200)));
    const shown = [...room.tables.origin.values()].map((one) => {
      if (one.kind !== 'stock') throw new Error(`${one.kind} is no number.`);
      return [one.at, one.by, one.remaining, one.lots.map(({ id, remaining }) => `${id}=${remaining}`).join()];
    });
    expect(shown).toEqual([
      [at(1), 'site-1', 9, 'a=4,b=5'],
      [at(3), null, 8, 'b=4'],
      [at(200), null, 8, ''],
    ]);
  });

  test('begin anew with another opening; the record goes on', () => {
    const room = stockedRoom();
    room.send(T0 + 1_000, left(9, T0 + 1_000));
    const schedule = { prequeueAt: null, opensAt: T0 + 60_000, closesAt: null };
    const secret = '00'.repeat(32);
    room.send(T0 + 2_000, {
      ...({ kind: 'change', id: 'again', ifVersion: 'any' } as const),
      by: { id: 'key-1', name: 'Operator', role: 'operator', address: null },
      confirm: { endsPlaces: true },
      change: { kind: 'setSchedule', schedule, secret },
    });
    expect(room.document.origin).toMatchObject({ stock: null, recordSeq: 1 });
    room.send(T0 + 3_000, left(5, T0 + 3_000));
    expect([...room.tables.origin.keys()]).toEqual([1, 2]);
  });
});
