// Reads the newest records of a log that can only be paged from its beginning. A binary search finds the end, so that the
// longest log costs a dozen requests. Pure but for the reads.

import { AUDIT_RECORDS_MAX, type AuditRecord, ROWS_PER_PAGE_MAX } from '../worker/contract/operator-api.ts';

/** Records after number `after`, oldest first; null: the request failed. */
type ReadLog = (after: number, limit: number) => Promise<AuditRecord[] | null>;

/** @returns the last two pages, or the whole of a shorter log; null where a request failed */
export async function readLogTail(read: ReadLog): Promise<AuditRecord[] | null> {
  const first = await read(0, ROWS_PER_PAGE_MAX);
  if (first === null || first.length < ROWS_PER_PAGE_MAX) return first;
  // Record `low` exists, and none after `high` does.
  let [low, high] = [ROWS_PER_PAGE_MAX, AUDIT_RECORDS_MAX];
  while (high - low > ROWS_PER_PAGE_MAX) {
    const middle = Math.ceil((low + high) / 2);
    const found = await read(middle, 1);
    if (found === null) return null;
    if (found.length > 0) low = middle;
    else high = middle;
  }
  const last = await read(low, ROWS_PER_PAGE_MAX);
  const before = await read(low - ROWS_PER_PAGE_MAX, ROWS_PER_PAGE_MAX);
  return last === null || before === null ? null : [...before, ...last];
}
