// Times as a visitor reads them: in the room's time zone and the page's language; the page names the zone once. Pure: the
// caller passes the time, which is always the server's.

import type { Language } from './model.ts';

/** Every time is in epoch milliseconds. */
export interface TimeFormat {
  /** 20:03:12 */
  second(at: number): string;
  /** 20:00 on the day of `now`, otherwise with the date; seconds only where they are not 0. */
  moment(at: number, now: number): string;
  /** "대한민국 표준시", "Korean Standard Time"; the name of summer time while that is in force. */
  zone(at: number): string;
}

const LOCALES = { ko: 'ko-KR', en: 'en-GB' } as const;

/** Creating it costs more than rendering a page, so a caller that renders many pages keeps it. */
export function timeFormat(language: Language, zoneName = 'UTC'): TimeFormat {
  const [locale, timeZone] = [LOCALES[language], supportedZone(zoneName)];
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

/** "5 August 2027 at 20:07:31", for what is read on another day. */
export function longMoments(language: Language, zoneName: string): (at: number) => string {
  const format = new Intl.DateTimeFormat(LOCALES[language], {
    timeZone: supportedZone(zoneName),
    dateStyle: 'long',
    timeStyle: 'medium',
    hourCycle: 'h23',
  });
  return (at) => format.format(at);
}

/** Old phones lack some zones: their times are shown in UTC, which the page then names. */
export function supportedZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone;
  } catch {
    return 'UTC';
  }
}
