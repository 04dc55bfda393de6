// The demo site's bookings, also against a model of two maps: no sequence of bookings over two processes books a seat twice
// or gives a visitor two bookings.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bookings, type BookRequest, openBookings } from '../../origin/demo/bookings.ts';
import { CLINICS, slotsFor } from '../../origin/demo/clinics.ts';

/** Monday, 19 July 2021, 20:00 in Korea. */
const NOW = Date.UTC(2021, 6, 19, 11);

let dataDir: string;
let open: Bookings[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'fairgate-bookings-'));
});

afterEach(() => {
  for (const bookings of open) bookings.close();
  open = [];
  rmSync(dataDir, { recursive: true, force: true });
});

function start(
  slotsPerClinic: number,
  options: { now?: number; dir?: string; generateNumber?: () => string } = {},
): Bookings {
  const { now = NOW, dir = dataDir, ...rest } = options;
  const bookings = openBookings({ dataDir: dir, slotsPerClinic, now, ...rest });
  open.push(bookings);
  return bookings;
}

function request(visitor: string, over: Partial<BookRequest> = {}): BookRequest {
  const startsAt = slotsFor(NOW, 1)[0]?.startsAt ?? 0;
  return { visitor, clinicId: 'mulgyeol', startsAt, name: '김새봄', phoneEnd: '1234', ...over };
}

describe('no booking is made', () => {
  test('when the last seat is taken', () => {
    const bookings = start(1);
    expect(bookings.book(request('a'), NOW).kind).toBe('booked');
    expect(bookings.book(request('b'), NOW)).toEqual({ kind: 'taken' });
    expect(bookings.bookingOf('b')).toBeNull();
  });

  test('at a clinic or a time that does not exist', () => {
    const bookings = start(1);
    expect(bookings.book(request('a', { clinicId: 'nowhere' }), NOW)).toEqual({ kind: 'taken' });
    expect(bookings.book(request('a', { startsAt: request('a').startsAt + 1 }), NOW)).toEqual({ kind: 'taken' });
  });

  test('at a time that has passed, which does not count as stock either', () => {
    const bookings = start(1);
    const later = request('a').startsAt;
    expect(bookings.book(request('a'), later)).toEqual({ kind: 'taken' });
    expect(bookings.stock(later).remaining).toBe(0);
  });

  test('when an error interrupts it, which leaves the seat free', () => {
    const bookings = start(1, {
      generateNumber: () => {
        throw new Error('no random numbers');
      },
    });
    expect(() => bookings.book(request('a'), NOW)).toThrow('no random numbers');
    expect(bookings.stock(NOW).remaining).toBe(CLINICS.length);
    expect(start(1).book(request('b'), NOW).kind).toBe('booked');
  });

  test('for a booked seat or a visitor with a booking by SQL statements: the database constraints refuse it', () => {
    start(2).book(request('a'), NOW);
    const db = new DatabaseSync(join(dataDir, 'origin.sqlite'));
    const insert = db.prepare('INSERT INTO booking SELECT ?, ?, ?, name, phone_end, booked_at FROM booking LIMIT 1');
    const { slot_id: sold } = db.prepare('SELECT slot_id FROM booking').get() as { slot_id: number };
    expect(() => insert.run('0000-0000', sold, 'b')).toThrow('UNIQUE constraint failed: booking.slot_id');
    expect(() => insert.run('0000-0000', sold + 1, 'a')).toThrow('UNIQUE constraint failed: booking.visitor');
    expect(() => insert.run('0000-0000', 999_999, 'b')).toThrow('FOREIGN KEY');
    db.close();
  });
});

describe('a booking', () => {
  test('requested again is returned unchanged, also for another slot', () => {
    const bookings = start(2);
    const first = bookings.book(request('a'), NOW);
    const second = bookings.book(request('a'), NOW + 1);
    const third = bookings.book(request('a', { clinicId: 'naru', name: 'other' }), NOW + 2);
    if (first.kind !== 'booked') throw new Error('The first request must be booked.');
    expect([second, third]).toEqual([
      { kind: 'alreadyBooked', booking: first.booking },
      { kind: 'alreadyBooked', booking: first.booking },
    ]);
    expect(bookings.stock(NOW).remaining).toBe(2 * CLINICS.length - 1);
  });

  test('gets another number if the generated one is taken, and fails if every attempt is taken', () => {
    const numbers = ['1111-1111', '1111-1111', '2222-2222'];
    const bookings = start(2, { generateNumber: () => numbers.shift() ?? '2222-2222' });
    bookings.book(request('a'), NOW);
    const outcome = bookings.book(request('b', { clinicId: 'naru' }), NOW);
    expect(outcome.kind === 'booked' && outcome.booking.number).toBe('2222-2222');
    expect(() => bookings.book(request('c', { clinicId: 'solsup' }), NOW)).toThrow('booking number');
  });

  test('survives a restart with the form secret, and a restart adds no slots', () => {
    const before = start(1);
    before.book(request('a'), NOW);
    const booking = before.bookingOf('a');
    const secret = before.formSecret;
    const after = start(7);
    expect(after.bookingOf('a')).toEqual(booking);
    expect(after.formSecret).toEqual(secret);
    expect(after.stock(NOW).remaining).toBe(CLINICS.length - 1);
  });

  test('of an earlier opening remains when a later opening adds slots', () => {
    start(1).book(request('a'), NOW);
    const monthLater = NOW + 30 * 86_400_000;
    const bookings = start(1, { now: monthLater });
    expect(bookings.stock(monthLater).remaining).toBe(CLINICS.length);
    expect(bookings.bookingOf('a')).not.toBeNull();
  });
});

describe('lookup', () => {
  test('needs number and digits, and is refused to a visitor after ten failures', () => {
    const bookings = start(1);
    bookings.book(request('a'), NOW);
    const number = bookings.bookingOf('a')?.number ?? '';
    expect(bookings.lookup('b', '0000-0000', '1234').kind).toBe('notFound');
    for (let i = 0; i < 9; i++) expect(bookings.lookup('b', number, '9999').kind).toBe('notFound');
    expect(bookings.lookup('b', number, '1234').kind).toBe('tooManyAttempts');
    expect(start(1).lookup('b', number, '1234').kind).toBe('tooManyAttempts');
    expect(bookings.lookup('c', number, '1234')).toEqual({ kind: 'found', booking: bookings.bookingOf('a') });
  });
});

test('slots are at least a week ahead, in the daytime, never on a Sunday', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 1, max: 30 }), (seconds, perClinic) => {
      const now = seconds * 1000;
      const slots = slotsFor(now, perClinic);
      expect(slots).toHaveLength(perClinic * CLINICS.length);
      expect(new Set(slots.map((slot) => JSON.stringify(slot))).size).toBe(slots.length);
      for (const { startsAt } of slots) {
        const inKorea = new Date(startsAt + 9 * 3_600_000);
        expect(startsAt - now).toBeGreaterThan(6 * 86_400_000);
        expect(inKorea.getUTCDay()).not.toBe(0);
        expect(inKorea.getUTCHours()).toBeGreaterThanOrEqual(9);
        expect(inKorea.getUTCHours()).toBeLessThan(17);
      }
    }),
    { numRuns: 200 },
  );
});

test('no sequence of bookings over two processes books a seat twice or gives a visitor two bookings', () => {
  const visitors = fc.integer({ min: 0, max: 11 }).map((i) => `v${i}`);
  const requests = fc.record({
    visitor: visitors,
    clinic: fc.integer({ min: 0, max: 1 }),
    time: fc.integer({ min: 0, max: 1 }),
    process: fc.integer({ min: 0, max: 1 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(requests, { maxLength: 40 }), (perClinic, sequence) => {
      const dir = mkdtempSync(join(dataDir, 'run-'));
      const processes = [start(perClinic, { dir }), start(perClinic, { dir })] as const;
      const slots = slotsFor(NOW, perClinic);
      const left = new Map<string, number>();
      for (const { clinicId, startsAt } of slots) {
        const key = `${clinicId}.${startsAt}`;
        left.set(key, (left.get(key) ?? 0) + 1);
      }
      const holds = new Map<string, string>();
      const numbers = new Set<string>();

      for (const { visitor, clinic, time, process } of sequence) {
        const clinicId = CLINICS[clinic]?.id ?? '';
        const startsAt = slots[time % perClinic]?.startsAt ?? 0;
        const key = `${clinicId}.${startsAt}`;
        const outcome = processes[process === 0 ? 0 : 1].book(request(visitor, { clinicId, startsAt }), NOW);
        if (holds.has(visitor)) {
          expect(outcome.kind).toBe('alreadyBooked');
        } else if ((left.get(key) ?? 0) > 0) {
          expect(outcome.kind).toBe('booked');
          left.set(key, (left.get(key) ?? 0) - 1);
          holds.set(visitor, key);
        } else {
          expect(outcome.kind).toBe('taken');
        }
        if (outcome.kind !== 'taken') {
          numbers.add(outcome.booking.number);
          expect(`${outcome.booking.clinic.id}.${outcome.booking.startsAt}`).toBe(holds.get(visitor));
        }
        expect(numbers.size).toBe(holds.size);
        const remaining = [...left.values()].reduce((sum, count) => sum + count, 0);
        for (const bookings of processes) {
          expect(bookings.stock(NOW).remaining).toBe(remaining);
        }
      }
      for (const bookings of processes) bookings.close();
      open = [];
    }),
    { numRuns: 40 },
  );
});
