// Prices as the server writes them into pages: their texts are kept, because all pages of a room have the same. The browser has one page.

import type { PriceRange } from '../../queue-core/document/origin-state.ts';
import { Kept } from '../../queue-core/kept.ts';
import type { Language } from './model.ts';
import { priceText } from './price-text.ts';

/** A room has few tiers; beyond this the cache is cleared. */
const PRICES_MAX = 512;
const texts = new Kept<string>(PRICES_MAX);

export function keptPriceText(price: PriceRange, language: Language): string {
  const { low, high, currency } = price;
  return texts.of(`${language} ${low} ${high} ${currency}`, () => priceText(price, language));
}
