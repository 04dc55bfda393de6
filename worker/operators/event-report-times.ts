// Times, counts and waits as a report writes them: in the room's zone, which the report names.

import { WAIT_BOUNDS_SECONDS } from '../../queue-core/document/minute-state.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { supportedZone } from '../pages/time-format.ts';

export type ReportLanguage = 'ko' | 'en';

export interface ReportTimes {
  /** "Asia/Seoul (GMT+9)" */
  zone: string;
  /** How far the zone's clocks are ahead of UTC at this time, ms. */
  offsetMs(at: EpochMs): number;
  /** "5 August 2027 at 20:00" */
  day(at: EpochMs): string;
  /** "5 August 2027 at 20:00:12" */
  moment(at: EpochMs): string;
  /** "20:00", and with the day where a report has several. */
  minute(at: EpochMs, withDay: boolean): string;
  /** "2027-08-05 20:00:12", which spreadsheets and people sort. */
  sortable(at: EpochMs): string;
}

const LOCALES = { ko: 'ko-KR', en: 'en-GB' } as const;
const grouped = new Intl.NumberFormat('en-GB');

/** 1,200 */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** "97.3%"; 0 and 100 only where it is none and all. */
export function formatShare(part: number, whole: number): string {
  if (part === 0) return '0%';
  if (part === whole) return '100%';
  return `${Math.min(99.9, Math.max(0.1, (100 * part) / whole)).toFixed(1)}%`;
}

export function reportTimes(language: ReportLanguage, zoneName: string, now: EpochMs): ReportTimes {
  const timeZone = supportedZone(zoneName);
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(LOCALES[language], { timeZone, hourCycle: 'h23', ...options });
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  const date = { year: 'numeric', month: 'long', day: 'numeric' } as const;
  const day = format({ ...date, ...clock });
  const moment = format({ ...date, ...clock, second: '2-digit' });
  const minute = format(clock);
  const dayMinute = format({ month: 'short', day: 'numeric', ...clock });
  const offset = format({ timeZoneName: 'shortOffset' });
  const sortable = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const offsetName = offset.formatToParts(now).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
  const sortableAt = (at: EpochMs) => sortable.format(at).replaceAll(/[\u00a0\u202f]/g, ' ');
  return {
    zone: timeZone === 'UTC' ? 'UTC' : `${timeZone} (${offsetName})`,
    offsetMs: (at) => {
      const whole = Math.floor(at / 1_000) * 1_000;
      return Date.parse(`${sortableAt(whole).replace(' ', 'T')}Z`) - whole;
    },
    day: (at) => day.format(at),
    moment: (at) => moment.format(at),
    minute: (at, withDay) => (withDay ? dayMinute : minute).format(at),
    sortable: sortableAt,
  };
}

/** The ends of a class of waits in seconds; `to` is null in the last, which has none. */
export function waitClass(index: number): { from: number; to: number | null } {
  return { from: WAIT_BOUNDS_SECONDS[index - 1] ?? 0, to: WAIT_BOUNDS_SECONDS[index] ?? null };
}
