// The site's bookings in SQLite. Guarantees, by constraints and one transaction per operation: a seat is booked once, a
// visitor has at most one booking, and a confirmed booking is on disk. Several processes may share the file. Leaves to
// others who the visitor is (the admission token) and what is displayed.

import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CLINICS, type Clinic, clinicById, type EpochMs, slotsFor } from './clinics.ts';

/** Transactions of other processes take milliseconds; waiting this long means that something is broken. */
const BUSY_TIMEOUT_MS = 2_000;

/** A hundred million numbers for a few thousand bookings: a second attempt is rare, a tenth is a defect. */
const NUMBER_ATTEMPTS_MAX = 10;

/** Enough for typing errors, too few to guess another visitor's booking. */
const LOOKUP_FAILURES_MAX = 10;

/** 256 bits, the length of the hash that this is a key for. */
const FORM_SECRET_BYTES = 32;

export interface Booking {
  /** Eight digits in two groups, easy to read out on the telephone. */
  number: string;
  clinic: Clinic;
  startsAt: EpochMs;
  name: string;
  bookedAt: EpochMs;
}

export interface ClinicStock {
  clinic: Clinic;
  remaining: number;
  times: { startsAt: EpochMs; remaining: number }[];
}

/** Free seats, as counted at `asOf`. */
export interface Stock {
  asOf: EpochMs;
  remaining: number;
  clinics: ClinicStock[];
}

export interface BookRequest {
  visitor: string;
  clinicId: string;
  startsAt: EpochMs;
  name: string;
  phoneEnd: string;
}

type BookOutcome =
  | { kind: 'booked'; booking: Booking }
  /** Nothing was changed: the visitor already had this booking. */
  | { kind: 'alreadyBooked'; booking: Booking }
  /** Nothing was booked: no free seat at that time, or the time does not exist or has passed. */
  | { kind: 'taken' };

type LookupOutcome = { kind: 'found'; booking: Booking } | { kind: 'notFound' } | { kind: 'tooManyAttempts' };

export interface Bookings {
  /** Key of the form tokens; persistent, so that open forms survive a restart. */
  readonly formSecret: Uint8Array;
  stock(now: EpochMs): Stock;
  /** Atomic and idempotent: a second call for the same visitor returns the same booking. */
  book(request: BookRequest, now: EpochMs): BookOutcome;
  bookingOf(visitor: string): Booking | null;
  /** Frees the visitor's seat. @returns whether there was a booking */
  cancel(visitor: string): boolean;
  /** For a person who returns with another visitor id. The number of failed attempts per visitor is bounded. */
  lookup(visitor: string, number: string, phoneEnd: string): LookupOutcome;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS slot (
    id INTEGER PRIMARY KEY,
    clinic TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    seat INTEGER NOT NULL,
    UNIQUE (clinic, starts_at, seat)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS booking (
    number TEXT PRIMARY KEY,
    slot_id INTEGER NOT NULL UNIQUE REFERENCES slot (id),
    visitor TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    phone_end TEXT NOT NULL,
    booked_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS failed_lookup (
    visitor TEXT PRIMARY KEY,
    failures INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS form_secret (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL
  ) STRICT;
`;

interface BookingsOptions {
  /** Directory of the database; created if missing. */
  dataDir: string;
  slotsPerClinic: number;
  now: EpochMs;
  /** Generates a booking number; called again if the number is taken. */
  generateNumber?: () => string;
}

/** Opens the database and, if it has no future slot, adds the slots of a new opening. */
export function openBookings({
  dataDir,
  slotsPerClinic,
  now,
  generateNumber = randomNumber,
}: BookingsOptions): Bookings {
  mkdirSync(dataDir, { recursive: true });
  const db = new DatabaseSync(join(dataDir, 'origin.sqlite'));
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.exec('PRAGMA journal_mode = WAL');
  // A confirmed booking must survive a power cut.
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA foreign_keys = ON');

  /** Takes the write lock first, so that nothing that `run` reads can change before it writes. */
  function transact<Result>(run: () => Result): Result {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = run();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }

  transact(() => {
    db.exec(SCHEMA);
    const add = db.prepare('INSERT OR IGNORE INTO slot (clinic, starts_at, seat) VALUES (?, ?, ?)');
    const future = db.prepare('SELECT 1 FROM slot WHERE starts_at > ? LIMIT 1').get(now);
    if (future === undefined) {
      for (const slot of slotsFor(now, slotsPerClinic)) add.run(slot.clinicId, slot.startsAt, slot.seat);
    }
    db.prepare('INSERT OR IGNORE INTO form_secret (id, secret) VALUES (1, ?)').run(randomBytes(FORM_SECRET_BYTES));
  });

  const selectTimes = db.prepare(`
    SELECT slot.clinic, slot.starts_at AS startsAt, COUNT(*) - COUNT(booking.slot_id) AS remaining
    FROM slot LEFT JOIN booking ON booking.slot_id = slot.id
    WHERE slot.starts_at > ? GROUP BY slot.clinic, slot.starts_at ORDER BY slot.starts_at`);
  const selectFreeSeat = db.prepare(`
    SELECT id FROM slot
    WHERE clinic = ? AND starts_at = ? AND starts_at > ?
      AND NOT EXISTS (SELECT 1 FROM booking WHERE booking.slot_id = slot.id)
    ORDER BY seat LIMIT 1`);
  const insertBooking = db.prepare(`
    INSERT INTO booking (number, slot_id, visitor, name, phone_end, booked_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (number) DO NOTHING`);
  const deleteBooking = db.prepare('DELETE FROM booking WHERE visitor = ?');
  const selectBooking = `
    SELECT booking.number, booking.name, booking.booked_at AS bookedAt, slot.clinic, slot.starts_at AS startsAt
    FROM booking JOIN slot ON slot.id = booking.slot_id`;
  const selectByVisitor = db.prepare(`${selectBooking} WHERE booking.visitor = ?`);
  const selectByNumber = db.prepare(`${selectBooking} WHERE booking.number = ? AND booking.phone_end = ?`);
  const selectFailures = db.prepare('SELECT failures FROM failed_lookup WHERE visitor = ?');
  const countFailure = db.prepare(`
    INSERT INTO failed_lookup (visitor, failures) VALUES (?, 1)
    ON CONFLICT (visitor) DO UPDATE SET failures = failures + 1`);

  function bookingOf(visitor: string): Booking | null {
    return toBooking(selectByVisitor.get(visitor));
  }

  function book(request: BookRequest, now: EpochMs): BookOutcome {
    const earlier = bookingOf(request.visitor);
    if (earlier !== null) return { kind: 'alreadyBooked', booking: earlier };
    const seat = selectFreeSeat.get(request.clinicId, request.startsAt, now);
    if (seat === undefined) return { kind: 'taken' };
    for (let attempt = 0; attempt < NUMBER_ATTEMPTS_MAX; attempt++) {
      const number = generateNumber();
      const { name, phoneEnd, visitor } = request;
      if (insertBooking.run(number, Number(seat.id), visitor, name, phoneEnd, now).changes === 1) {
        const booking = bookingOf(visitor);
        if (booking !== null) return { kind: 'booked', booking };
      }
    }
    throw new Error(`No free booking number after ${NUMBER_ATTEMPTS_MAX} attempts. Use longer booking numbers.`);
  }

  function lookup(visitor: string, number: string, phoneEnd: string): LookupOutcome {
    const failures = Number(selectFailures.get(visitor)?.failures ?? 0);
    if (failures >= LOOKUP_FAILURES_MAX) return { kind: 'tooManyAttempts' };
    const booking = toBooking(selectByNumber.get(number, phoneEnd));
    if (booking !== null) return { kind: 'found', booking };
    countFailure.run(visitor);
    return { kind: 'notFound' };
  }

  return {
    formSecret: db.prepare('SELECT secret FROM form_secret').get()?.secret as Uint8Array,
    stock: (now) => toStock(selectTimes.all(now), now),
    book: (request, now) => transact(() => book(request, now)),
    bookingOf,
    cancel: (visitor) => deleteBooking.run(visitor).changes > 0,
    lookup: (visitor, number, phoneEnd) => transact(() => lookup(visitor, number, phoneEnd)),
    close: () => db.close(),
  };
}

type Row = Record<string, unknown>;

function toStock(rows: Row[], asOf: EpochMs): Stock {
  const clinics = new Map<string, ClinicStock>();
  for (const row of rows) {
    const clinic = clinicOf(row);
    const stock = clinics.get(clinic.id) ?? { clinic, remaining: 0, times: [] };
    stock.times.push({ startsAt: Number(row.startsAt), remaining: Number(row.remaining) });
    stock.remaining += Number(row.remaining);
    clinics.set(clinic.id, stock);
  }
  const sorted = [...clinics.values()].sort((a, b) => orderOf(a.clinic) - orderOf(b.clinic));
  return { asOf, remaining: sorted.reduce((sum, { remaining }) => sum + remaining, 0), clinics: sorted };
}

/** The site's own order, the same on every page. */
function orderOf(clinic: Clinic): number {
  return CLINICS.findIndex(({ id }) => id === clinic.id);
}

function toBooking(row: Row | undefined): Booking | null {
  if (row === undefined) return null;
  return {
    number: String(row.number),
    clinic: clinicOf(row),
    startsAt: Number(row.startsAt),
    name: String(row.name),
    bookedAt: Number(row.bookedAt),
  };
}

/** Bookings of a clinic that the site no longer lists are shown with the clinic's id. */
function clinicOf(row: Row): Clinic {
  const id = String(row.clinic);
  return clinicById(id) ?? { id, name: { ko: id, en: id }, address: { ko: '', en: '' } };
}

function randomNumber(): string {
  const digits = String(randomInt(100_000_000)).padStart(8, '0');
  return `${digits.slice(0, 4)}-${digits.slice(4)}`;
}
