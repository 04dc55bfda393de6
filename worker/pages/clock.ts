// Times as a visitor reads them: in the room's time zone, in the page's language, with the zone named once on the page.
// Pure: which moment it is comes from the caller, and that is always the server's time.

import type { Language } from './model.ts';

export interface Clock {
  /** 20:03:12 */
  second(at: number): string;
  /** 20:00 on the day of `now`, else with the date: the day is left out only where it cannot be mistaken. */
  moment(at: number, now: number): string;
  /** "대한민국 표준시", "Korean Standard Time"; its summer time while that is in force. */
  zone(at: number): string;
}

const LOCALES = { ko: 'ko-KR', en: 'en-GB' } as const;

/** Formatters cost more than a page; a gateway has few rooms, and beyond this many zones it starts again. */
const CLOCKS_MAX = 32;
const clocks = new Map<string, Clock>();

export function clockOf(language: Language, timeZone: string): Clock {
  const key = `${language} ${timeZone}`;
  const known = clocks.get(key);
  if (known !== undefined) return known;
  if (clocks.size >= CLOCKS_MAX) clocks.clear();
  const clock = makeClock(LOCALES[language], knownZone(timeZone));
  clocks.set(key, clock);
  return clock;
}

function makeClock(locale: string, timeZone: string): Clock {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone, hourCycle: 'h23', ...options });
  const second = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const minute = format({ hour: '2-digit', minute: '2-digit' });
  const day = format({ month: 'long', day: 'numeric', weekday: 'short' });
  const zone = format({ timeZoneName: 'long' });
  return {
    second: (at) => second.format(at),
    moment(at, now) {
      const time = (at % 60_000 === 0 ? minute : second).format(at);
      return day.format(at) === day.format(now) ? time : `${day.format(at)} ${time}`;
    },
    zone: (at) => zone.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? timeZone,
  };
}

/** A zone that this browser's tables do not have (old phones) is shown as UTC, which the page then names. */
function knownZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone;
  } catch {
    return 'UTC';
  }
}
