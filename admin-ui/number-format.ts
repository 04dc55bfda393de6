// Numbers and times as an operator reads them: grouped, in the room's time zone, in the language of the screen. Pure.

export type Language = 'ko' | 'en';

const LOCALES: Record<Language, string> = { ko: 'ko-KR', en: 'en-GB' };

export interface Figures {
  /** 482,113 */
  count(value: number): string;
  /** 12만, 120K: for axes. */
  compact(value: number): string;
  /** 97% */
  percent(share: number): string;
  /** 20:03:12 */
  second(ms: number): string;
  /** 20:03 */
  minute(ms: number): string;
  /** 20:03:12 today, with the day otherwise. */
  moment(ms: number, nowMs: number): string;
  /** Thursday 5 August 2027 */
  date(ms: number): string;
  /** Thursday 5 August 2027, 20:00:00 */
  whole(ms: number): string;
  /** GMT+9 or the zone's short name. */
  zone(ms: number): string;
}

const made = new Map<string, Figures>();

export function figuresOf(language: Language, timeZone: string): Figures {
  const key = `${language} ${timeZone}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const figures = makeFigures(LOCALES[language], timeZone);
  // Two languages and a handful of rooms' zones.
  made.set(key, figures);
  return figures;
}

/** The zone of the operator's own machine. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function makeFigures(locale: string, timeZone: string): Figures {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone, hourCycle: 'h23', ...options });
  const grouped = new Intl.NumberFormat(locale);
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  const second = format({ ...time, second: '2-digit' });
  const minute = format(time);
  const day = format({ month: 'short', day: 'numeric', weekday: 'short' });
  const fullDay = { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' } as const;
  const date = format(fullDay);
  const whole = format({ ...fullDay, ...time, second: '2-digit' });
  const zone = format({ timeZoneName: 'short' });
  return {
    count: (value) => grouped.format(value),
    compact: (value) => short.format(value),
    percent: (value) => share.format(value),
    second: (ms) => second.format(ms),
    minute: (ms) => minute.format(ms),
    moment: (ms, nowMs) =>
      day.format(ms) === day.format(nowMs) ? second.format(ms) : `${day.format(ms)} ${second.format(ms)}`,
    date: (ms) => date.format(ms),
    whole: (ms) => whole.format(ms),
    zone: (ms) => zone.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? timeZone,
  };
}

/** Parts of a countdown; whole seconds, rounded so that zero is reached at the moment itself. */
export function clockParts(ms: number): { days: number; text: string } {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const [hours, minutes] = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return { days, text: `${two(hours)}:${two(minutes)}:${two(seconds % 60)}` };
}

/** How long people wait, in steps they speak of. `minutes`: from low to high; past two hours only hours say something. */
export type WaitSpan =
  | { kind: 'unknown' }
  | { kind: 'none' }
  | { kind: 'minutes'; low: number; high: number }
  | { kind: 'hours'; low: number; high: number };

const HOURS_FROM_MINUTES = 120;

export function waitSpan(seconds: { low: number; high: number } | null): WaitSpan {
  if (seconds === null) return { kind: 'unknown' };
  const [low, high] = [Math.floor(seconds.low / 60), Math.ceil(seconds.high / 60)];
  if (seconds.high <= 5) return { kind: 'none' };
  if (high <= HOURS_FROM_MINUTES) return { kind: 'minutes', low, high };
  const half = (minutes: number, round: (value: number) => number) => round((minutes / 60) * 2) / 2;
  return { kind: 'hours', low: half(low, Math.floor), high: half(high, Math.ceil) };
}
