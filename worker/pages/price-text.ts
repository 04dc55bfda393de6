// A lot's prices as a reader's language writes them.

import type { PriceRange } from '../../queue-core/document/origin-state.ts';
import type { Language } from './model.ts';

/** "₩120,000~₩150,000": the currency says how many of its smallest units are one (ISO 4217). */
export function priceText({ low, high, currency }: PriceRange, language: Language): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  const unit = 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0);
  const [from, to] = [low, high].map((price) => format.format(price / unit));
  return from === to ? `${from}` : `${from}${language === 'ko' ? '~' : '–'}${to}`;
}
