// How numbers and moments are written: grouped, in the room's time zone, with tabular seconds.

import type { Words } from './words-en.ts';

export function number(words: Words, value: number): string {
  return value.toLocaleString(words.lang);
}

/** `20:03:12` in the zone, or the browser's own. */
export function timeOfDay(words: Words, at: string | number, timeZone?: string): string {
  return new Intl.DateTimeFormat(words.lang, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(new Date(at));
}

/** Day and time, for schedules and logs. */
export function dayAndTime(words: Words, at: string | number, timeZone?: string): string {
  return new Intl.DateTimeFormat(words.lang, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    hourCycle: 'h23',
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(new Date(at));
}

/** The value of a `datetime-local` field for a moment, as the clock of the zone shows it. */
export function fieldFromMoment(at: string | null, timeZone: string): string {
  if (at === null) return '';
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  }).formatToParts(new Date(at));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}`;
}

/**
 * The moment that a `datetime-local` field means in a zone, RFC 3339 in UTC; null where it is empty. A time that a change of
 * summer time skips or repeats is read as the later one.
 */
export function momentFromField(field: string, timeZone: string): string | null {
  if (field === '') return null;
  const wanted = Date.parse(`${field.length === 16 ? `${field}:00` : field}Z`);
  if (Number.isNaN(wanted)) return null;
  let guess = wanted;
  // The zone's offset is that of the moment sought, so it is found by looking twice.
  for (let round = 0; round < 2; round++) {
    const shown = Date.parse(`${fieldFromMoment(new Date(guess).toISOString(), timeZone)}Z`);
    guess += wanted - shown;
  }
  return new Date(guess).toISOString();
}
