// Values that several documents of the operators' API share.

import * as z from 'zod';
import { ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';

export const moment = z.iso.datetime();
export const count = z.int();
export const bothLanguages = z.object({ ko: z.string(), en: z.string() });
export const secondsRange = z.object({ low: count, high: count });

export interface Bounds {
  min: number;
  max: number;
}

/** Bounds in ms as minutes. */
export function inMinutes({ min, max }: Bounds): Bounds {
  return { min: min / 60_000, max: max / 60_000 };
}

/** Rows come in ascending order of their keys; the next page starts after the last key of this one. */
export const pageQuery = z.object({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Key of the last row already read; 0 starts at the beginning.'),
  limit: z.coerce.number().int().min(1).max(ROWS_PER_PAGE_MAX).default(ROWS_PER_PAGE_MAX).describe('Rows per page.'),
});

export const nextPage = count.nullable().describe('Value of `after` for the next page; null: this was the last page.');
