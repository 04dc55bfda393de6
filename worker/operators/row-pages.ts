// Paging through a table of the store: rows in ascending order of their keys, a bounded number at a time.

import { ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import type { Page } from '../../queue-core/machine.ts';

/** @returns the key after which the next page starts; null: these rows are the last */
export function nextAfter<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => number): number | null {
  const last = rows.at(-1);
  return last === undefined || rows.length < limit ? null : keyOf(last);
}

/** Reads a whole table, one page in memory at a time. */
export async function* allPages<Row>(
  read: (page: Page) => Promise<Row[]>,
  keyOf: (row: Row) => number,
): AsyncGenerator<Row[]> {
  for (let after: number | null = 0; after !== null; ) {
    const rows: Row[] = await read({ after, limit: ROWS_PER_PAGE_MAX });
    if (rows.length > 0) yield rows;
    after = nextAfter(rows, ROWS_PER_PAGE_MAX, keyOf);
  }
}
