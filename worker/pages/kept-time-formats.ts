// Times as the server writes them into pages: formats are kept, and so are the few texts that all pages of a second have in common.
// The browser has one page, and formats its times itself.

import { Kept } from '../../queue-core/kept.ts';
import type { Language } from './model.ts';
import { type TimeFormat, timeFormat } from './time-format.ts';

/** A gateway has few rooms; beyond this the cache is cleared. */
const FORMATS_MAX = 32;
const formats = new Kept<TimeFormat>(FORMATS_MAX);

/** Texts of one kind and format: a page has a handful, and those of another second are other ones. */
const TEXTS_MAX = 64;

export function keptTimeFormat(language: Language, timeZone: string): TimeFormat {
  return formats.of(`${language} ${timeZone}`, () => remembering(timeFormat(language, timeZone)));
}

function remembering(format: TimeFormat): TimeFormat {
  const texts = () => new Kept<string>(TEXTS_MAX);
  const [seconds, moments, zones] = [texts(), texts(), texts()];
  return {
    second: (at) => seconds.of(String(at), () => format.second(at)),
    // Days and zones begin with whole seconds.
    moment: (at, now) => moments.of(`${at} ${wholeSecond(now)}`, () => format.moment(at, now)),
    zone: (at) => zones.of(String(wholeSecond(at)), () => format.zone(at)),
  };
}

function wholeSecond(at: number): number {
  return Math.floor(at / 1_000);
}
