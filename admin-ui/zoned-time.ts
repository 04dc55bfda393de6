// Wall-clock times in a room's time zone, for the fields of a form, and back to moments. Where daylight saving time begins an
// hour does not exist; where it ends an hour occurs twice. Pure; the platform knows the zones.

type Moment =
  | { kind: 'moment'; ms: number; text: string }
  /** The time occurs twice; this is the earlier one. */
  | { kind: 'twice'; ms: number; text: string }
  /** Clocks skip this time. */
  | { kind: 'skipped' }
  | { kind: 'unreadable' };

/** `YYYY-MM-DDTHH:mm:ss`, as a field of type `datetime-local` holds it. */
export function wallTime(ms: number, timeZone: string): string {
  const parts = new Map(
    partsOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}`;
}

/** The moment at which a clock in the zone shows `wall`; `text` is RFC 3339 with the zone's offset. */
export function momentOf(wall: string, timeZone: string): Moment {
  const full = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(wall) ? `${wall}:00` : wall;
  const asUtc = Date.parse(`${full}Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(full) || Number.isNaN(asUtc)) return { kind: 'unreadable' };
  // Every offset in force around this time: no zone changes its offset twice within two days.
  const offsets = new Set([-DAY_MS, 0, DAY_MS].map((shift) => offsetMs(asUtc + shift, timeZone)));
  const found = [...offsets]
    .map((offset) => asUtc - offset)
    .filter((ms) => wallTime(ms, timeZone) === full)
    .sort((a, b) => a - b);
  const [ms] = found;
  if (ms === undefined) return { kind: 'skipped' };
  return { kind: found.length > 1 ? 'twice' : 'moment', ms, text: `${full}${offsetText(asUtc - ms)}` };
}

const DAY_MS = 86_400_000;

function offsetMs(ms: number, timeZone: string): number {
  const whole = Math.floor(ms / 1000) * 1000;
  return Date.parse(`${wallTime(whole, timeZone)}Z`) - whole;
}

function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function partsOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const digits = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const format = new Intl.DateTimeFormat('en-CA', {
    ...digits,
    ...({ hour: '2-digit', minute: '2-digit', second: '2-digit' } as const),
    timeZone,
    hourCycle: 'h23',
  });
  // Bounded by the zones of the rooms that an operator visits.
  formats.set(timeZone, format);
  return format;
}
