// Times as the server writes them into pages: formats are kept, and so are the few texts that all pages of a second have in common.
// The browser has one page, and formats its times itself.

import type { Language } from './model.ts';
import { type TimeFormat, timeFormat } from './time-format.ts';

/** A gateway has few rooms; beyond this the cache is cleared. */
const FORMATS_MAX = 32;
const formats = new Map<string, TimeFormat>();

/** Texts of one kind and format: a page has a handful, and those of another second are other ones. */
const TEXTS_MAX = 64;

export function keptTimeFormat(language: Language, timeZone: string): TimeFormat {
  const key = `${language} ${timeZone}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  if (formats.size >= FORMATS_MAX) formats.clear();
  const created = remembering(timeFormat(language, timeZone));
  formats.set(key, created);
  return created;
}

function remembering(format: TimeFormat): TimeFormat {
  const [seconds, moments, zones] = [new Map<string, string>(), new Map<string, string>(), new Map<string, string>()];
  return {
    second: (at) => remembered(seconds, String(at), () => format.second(at)),
    // Days and zones begin with whole seconds.
    moment: (at, now) => remembered(moments, `${at} ${wholeSecond(now)}`, () => format.moment(at, now)),
    zone: (at) => remembered(zones, String(wholeSecond(at)), () => format.zone(at)),
  };
}

function remembered(texts: Map<string, string>, key: string, make: () => string): string {
  const known = texts.get(key);
  if (known !== undefined) return known;
  if (texts.size >= TEXTS_MAX) texts.clear();
  const text = make();
  texts.set(key, text);
  return text;
}

function wholeSecond(at: number): number {
  return Math.floor(at / 1_000);
}
