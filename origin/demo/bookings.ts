// The site's bookings, on disk in SQLite. Guarantees, by constraint and within one transaction each: a slot is sold once, a
// visitor has at most one booking, and what was answered "booked" is on disk. Several processes may share the file.
// Leaves to others: who the visitor is (the admission token says) and what is shown.

import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CLINICS, type Clinic, clinicById, type EpochMs, slotsFor } from './clinics.ts';

/** Another process's transaction takes milliseconds; a wait of two seconds means that something is wrong. */
const BUSY_TIMEOUT_MS = 2_000;

/** A hundred million numbers for a few thousand bookings: a second try is rare, a tenth is a fault. */
const NUMBER_TRIES_MAX = 10;

/** Enough for typing errors, far too few to find somebody else's booking by guessing. */
const LOOKUP_FAILURES_MAX = 10;

/** 256 bits, as long as the hash that they key. */
const FORM_SECRET_BYTES = 32;

export interface Booking {
  /** Eight digits in two groups, so that they can be read out on the telephone. */
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

/** True at `asOf`, not a moment longer. */
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

export type BookOutcome =
  | { kind: 'booked'; booking: Booking }
  /** Nothing was changed: this is the booking that the visitor already had. */
  | { kind: 'alreadyBooked'; booking: Booking }
  /** Nothing was booked: no free seat at that time, or no such time. */
  | { kind: 'taken' };

export type LookupOutcome = { kind: 'found'; booking: Booking } | { kind: 'notFound' } | { kind: 'tooManyTries' };

export interface Ledger {
  /** Key for the forms' tokens; survives a restart, as an open form should. */
  readonly formSecret: Uint8Array;
  stock(now: EpochMs): Stock;
  /** Seats left, without the list: for the response header. */
  remaining(now: EpochMs): number;
  /** One indivisible act, safe to repeat: asked again for the same visitor it answers with the same booking. */
  book(request: BookRequest, now: EpochMs): BookOutcome;
  bookingOf(visitor: string): Booking | null;
  /** For somebody who comes back as another visitor. Bounded tries for each visitor who asks. */
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

export interface LedgerOptions {
  /** Directory of the database; made if it does not exist. */
  dataDir: string;
  slotsPerClinic: number;
  now: EpochMs;
  /** A candidate for a booking's number; drawn again if it is taken. */
  drawNumber?: () => string;
}

/** Opens the ledger and, where it holds no slot that is still to come, fills it with a new opening's slots. */
export function openLedger({ dataDir, slotsPerClinic, now, drawNumber = randomNumber }: LedgerOptions): Ledger {
  mkdirSync(dataDir, { recursive: true });
  const db = new DatabaseSync(join(dataDir, 'origin.sqlite'));
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.exec('PRAGMA journal_mode = WAL');
  // "Booked" is only said of what survives a power cut.
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA foreign_keys = ON');

  /** Takes the write lock first, so that nothing read inside can change before it is written. */
  function transact<Result>(act: () => Result): Result {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = act();
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
  const countFree = db.prepare(`
    SELECT COUNT(*) AS remaining FROM slot
    WHERE starts_at > ? AND NOT EXISTS (SELECT 1 FROM booking WHERE booking.slot_id = slot.id)`);
  const selectFreeSeat = db.prepare(`
    SELECT id FROM slot
    WHERE clinic = ? AND starts_at = ? AND starts_at > ?
      AND NOT EXISTS (SELECT 1 FROM booking WHERE booking.slot_id = slot.id)
    ORDER BY seat LIMIT 1`);
  const insertBooking = db.prepare(`
    INSERT INTO booking (number, slot_id, visitor, name, phone_end, booked_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (number) DO NOTHING`);
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
    for (let tries = 0; tries < NUMBER_TRIES_MAX; tries++) {
      const number = drawNumber();
      const { name, phoneEnd, visitor } = request;
      if (insertBooking.run(number, Number(seat.id), visitor, name, phoneEnd, now).changes === 1) {
        const booking = bookingOf(visitor);
        if (booking !== null) return { kind: 'booked', booking };
      }
    }
    throw new Error(`No free booking number in ${NUMBER_TRIES_MAX} tries: draw longer numbers.`);
  }

  function lookup(visitor: string, number: string, phoneEnd: string): LookupOutcome {
    const failures = Number(selectFailures.get(visitor)?.failures ?? 0);
    if (failures >= LOOKUP_FAILURES_MAX) return { kind: 'tooManyTries' };
    const booking = toBooking(selectByNumber.get(number, phoneEnd));
    if (booking !== null) return { kind: 'found', booking };
    countFailure.run(visitor);
    return { kind: 'notFound' };
  }

  return {
    formSecret: db.prepare('SELECT secret FROM form_secret').get()?.secret as Uint8Array,
    stock: (now) => toStock(selectTimes.all(now), now),
    remaining: (now) => Number(countFree.get(now)?.remaining),
    book: (request, now) => transact(() => book(request, now)),
    bookingOf,
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
  const list = [...clinics.values()].sort((a, b) => orderOf(a.clinic) - orderOf(b.clinic));
  return { asOf, remaining: list.reduce((sum, { remaining }) => sum + remaining, 0), clinics: list };
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

/** A clinic that a later version of the site no longer names keeps its bookings, under its id. */
function clinicOf(row: Row): Clinic {
  const id = String(row.clinic);
  return clinicById(id) ?? { id, name: { ko: id, en: id }, address: { ko: '', en: '' } };
}

function randomNumber(): string {
  const digits = String(randomInt(100_000_000)).padStart(8, '0');
  return `${digits.slice(0, 4)}-${digits.slice(4)}`;
}
