// The laws of the demo site's ledger, against a model that is only two maps: no sequence of bookings, by however many
// visitors and processes, sells a slot twice or gives anybody two.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BookRequest, type Ledger, openLedger } from '../../origin/demo/bookings.ts';
import { CLINICS, slotsFor } from '../../origin/demo/clinics.ts';

/** Monday, 19 July 2021, 20:00 in Korea. */
const NOW = Date.UTC(2021, 6, 19, 11);

let dataDir: string;
let open: Ledger[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'fairgate-ledger-'));
});

afterEach(() => {
  for (const ledger of open) ledger.close();
  open = [];
  rmSync(dataDir, { recursive: true, force: true });
});

function start(
  slotsPerClinic: number,
  options: { now?: number; dir?: string; drawNumber?: () => string } = {},
): Ledger {
  const { now = NOW, dir = dataDir, ...rest } = options;
  const ledger = openLedger({ dataDir: dir, slotsPerClinic, now, ...rest });
  open.push(ledger);
  return ledger;
}

function wish(visitor: string, over: Partial<BookRequest> = {}): BookRequest {
  const startsAt = slotsFor(NOW, 1)[0]?.startsAt ?? 0;
  return { visitor, clinicId: 'mulgyeol', startsAt, name: '김새봄', phoneEnd: '1234', ...over };
}

describe('nothing is booked', () => {
  test('when the last seat has gone', () => {
    const ledger = start(1);
    expect(ledger.book(wish('a'), NOW).kind).toBe('booked');
    expect(ledger.book(wish('b'), NOW)).toEqual({ kind: 'taken' });
    expect(ledger.bookingOf('b')).toBeNull();
  });

  test('at a clinic or a time that does not exist', () => {
    const ledger = start(1);
    expect(ledger.book(wish('a', { clinicId: 'nowhere' }), NOW)).toEqual({ kind: 'taken' });
    expect(ledger.book(wish('a', { startsAt: wish('a').startsAt + 1 }), NOW)).toEqual({ kind: 'taken' });
  });

  test('at a time that has passed, and such a time is not counted as stock', () => {
    const ledger = start(1);
    const later = wish('a').startsAt;
    expect(ledger.book(wish('a'), later)).toEqual({ kind: 'taken' });
    expect([ledger.remaining(later), ledger.stock(later).remaining]).toEqual([0, 0]);
  });

  test('half: a booking that fails on the way leaves the seat free', () => {
    const ledger = start(1, {
      drawNumber: () => {
        throw new Error('no chance left');
      },
    });
    expect(() => ledger.book(wish('a'), NOW)).toThrow('no chance left');
    expect(ledger.remaining(NOW)).toBe(CLINICS.length);
    expect(start(1).book(wish('b'), NOW).kind).toBe('booked');
  });

  test('twice in the file itself, whatever a program does', () => {
    start(2).book(wish('a'), NOW);
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
  test('asked for again is the same booking, and another wish changes nothing', () => {
    const ledger = start(2);
    const first = ledger.book(wish('a'), NOW);
    const second = ledger.book(wish('a'), NOW + 1);
    const third = ledger.book(wish('a', { clinicId: 'naru', name: 'other' }), NOW + 2);
    if (first.kind !== 'booked') throw new Error('the first wish must be met');
    expect([second, third]).toEqual([
      { kind: 'alreadyBooked', booking: first.booking },
      { kind: 'alreadyBooked', booking: first.booking },
    ]);
    expect(ledger.remaining(NOW)).toBe(2 * CLINICS.length - 1);
  });

  test('gets another number when the drawn one is taken, and never none', () => {
    const numbers = ['1111-1111', '1111-1111', '2222-2222'];
    const ledger = start(2, { drawNumber: () => numbers.shift() ?? '2222-2222' });
    ledger.book(wish('a'), NOW);
    const outcome = ledger.book(wish('b', { clinicId: 'naru' }), NOW);
    expect(outcome.kind === 'booked' && outcome.booking.number).toBe('2222-2222');
    expect(() => ledger.book(wish('c', { clinicId: 'solsup' }), NOW)).toThrow('booking number');
  });

  test('survives a restart, as do the forms that are open; a restart adds no slots', () => {
    const before = start(1);
    before.book(wish('a'), NOW);
    const booking = before.bookingOf('a');
    const secret = before.formSecret;
    const after = start(7);
    expect(after.bookingOf('a')).toEqual(booking);
    expect(after.formSecret).toEqual(secret);
    expect(after.remaining(NOW)).toBe(CLINICS.length - 1);
  });

  test('of an earlier opening stays when a later one offers new slots', () => {
    start(1).book(wish('a'), NOW);
    const monthLater = NOW + 30 * 86_400_000;
    const ledger = start(1, { now: monthLater });
    expect(ledger.remaining(monthLater)).toBe(CLINICS.length);
    expect(ledger.bookingOf('a')).not.toBeNull();
  });
});

describe('a booking is found again', () => {
  test('not by a wrong number, not by wrong digits, and after ten failures not at all by this visitor', () => {
    const ledger = start(1);
    ledger.book(wish('a'), NOW);
    const number = ledger.bookingOf('a')?.number ?? '';
    expect(ledger.lookup('b', '0000-0000', '1234').kind).toBe('notFound');
    for (let i = 0; i < 9; i++) expect(ledger.lookup('b', number, '9999').kind).toBe('notFound');
    expect(ledger.lookup('b', number, '1234').kind).toBe('tooManyTries');
    expect(start(1).lookup('b', number, '1234').kind).toBe('tooManyTries');
    expect(ledger.lookup('c', number, '1234')).toEqual({ kind: 'found', booking: ledger.bookingOf('a') });
  });
});

test('slots lie at least a week ahead, in daytime, never on a Sunday', () => {
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

test('no sequence of wishes, over two processes, oversells or gives anybody two bookings', () => {
  const visitors = fc.integer({ min: 0, max: 11 }).map((i) => `v${i}`);
  const wishes = fc.record({
    visitor: visitors,
    clinic: fc.integer({ min: 0, max: 1 }),
    time: fc.integer({ min: 0, max: 1 }),
    process: fc.integer({ min: 0, max: 1 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(wishes, { maxLength: 40 }), (perClinic, sequence) => {
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
        const outcome = processes[process === 0 ? 0 : 1].book(wish(visitor, { clinicId, startsAt }), NOW);
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
        for (const ledger of processes) {
          expect([ledger.remaining(NOW), ledger.stock(NOW).remaining]).toEqual([remaining, remaining]);
        }
      }
      for (const ledger of processes) ledger.close();
      open = [];
    }),
    { numRuns: 40 },
  );
});
