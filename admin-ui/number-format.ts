// Numbers and times as an operator reads them: grouped digits, the room's time zone, the language of the screen. Pure.

export { formatCount, formatSeconds } from '../worker/contract/plain-numbers.ts';

export type Language = 'ko' | 'en';

const LOCALES: Record<Language, string> = { ko: 'ko-KR', en: 'en-GB' };

// Korean and English write percentages alike.
const percentage = new Intl.NumberFormat('en-GB', { style: 'percent', maximumFractionDigits: 0 });

/** 97% */
export function formatPercent(share: number): string {
  return percentage.format(share);
}

/** What was typed, with or without grouping; NaN: not a number. */
export function parseCount(text: string): number {
  const digits = text.replaceAll(/[,\s]/g, '');
  return /^\d{1,15}(?:\.\d+)?$/.test(digits) ? Number(digits) : Number.NaN;
}

/** Formats that depend on the language or the time zone. */
export interface NumberFormat {
  /** 12만, 120K: for axes. */
  compact(value: number): string;
  /** 20:03:12 */
  time(ms: number): string;
  /** 20:03 */
  shortTime(ms: number): string;
  /** 20:03:12 today, with the day otherwise. */
  timeOrDay(ms: number, nowMs: number): string;
  /** Thu 5 August 2027 */
  date(ms: number): string;
  /** Thu 5 August 2027 at 20:00:00 */
  dateTime(ms: number): string;
  /** GMT+9 or the zone's short name. */
  zone(ms: number): string;
}

/** By language and zone: two languages, and the zones of the rooms that an operator visits. */
const formats = new Map<string, NumberFormat>();

export function numberFormat(language: Language, timeZone: string): NumberFormat {
  const key = `${language} ${timeZone}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const format = createFormat(LOCALES[language], timeZone);
  formats.set(key, format);
  return format;
}

/** The zone of the operator's own machine. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function createFormat(locale: string, timeZone: string): NumberFormat {
  const formatter = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone, hourCycle: 'h23', ...options });
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  const fullDay = { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' } as const;
  const time = formatter({ ...clock, second: '2-digit' });
  const shortTime = formatter(clock);
  const day = formatter({ month: 'short', day: 'numeric', weekday: 'short' });
  const date = formatter(fullDay);
  const dateTime = formatter({ ...fullDay, ...clock, second: '2-digit' });
  const zone = formatter({ timeZoneName: 'short' });
  return {
    compact: (value) => compact.format(value),
    time: (ms) => time.format(ms),
    shortTime: (ms) => shortTime.format(ms),
    timeOrDay: (ms, nowMs) =>
      day.format(ms) === day.format(nowMs) ? time.format(ms) : `${day.format(ms)} ${time.format(ms)}`,
    date: (ms) => date.format(ms),
    dateTime: (ms) => dateTime.format(ms),
    zone: (ms) => zone.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? timeZone,
  };
}

/** Parts of a countdown, in whole seconds rounded up: it shows zero at the moment itself and not before. */
export function clockParts(ms: number): { days: number; text: string } {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const [hours, minutes] = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return { days, text: `${two(hours)}:${two(minutes)}:${two(seconds % 60)}` };
}

/** A waiting time in the steps people use: minutes up to two hours, half hours beyond. */
export type WaitSpan =
  | { kind: 'unknown' }
  | { kind: 'none' }
  | { kind: 'minutes'; low: number; high: number }
  | { kind: 'hours'; low: number; high: number };

const MINUTES_MAX = 120;
/** A wait up to this long is shown as none. */
const NO_WAIT_SECONDS_MAX = 5;

export function waitSpan(seconds: { low: number; high: number } | null): WaitSpan {
  if (seconds === null) return { kind: 'unknown' };
  if (seconds.high <= NO_WAIT_SECONDS_MAX) return { kind: 'none' };
  const [low, high] = [Math.floor(seconds.low / 60), Math.ceil(seconds.high / 60)];
  if (high <= MINUTES_MAX) return { kind: 'minutes', low, high };
  const half = (minutes: number, round: (value: number) => number) => round((minutes / 60) * 2) / 2;
  return { kind: 'hours', low: half(low, Math.floor), high: half(high, Math.ceil) };
}
