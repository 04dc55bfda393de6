// The newest records of a log that is told from its beginning, page by page: the end is looked for by halves, so that the
// longest log costs a dozen requests. Pure, but for the reading that it is given.

import { AUDIT_RECORDS_MAX, type AuditRecord, ROWS_PER_PAGE_MAX } from '../worker/contract/operator-api.ts';

/** Records after number `after`, oldest first; null: no answer. */
export type ReadLog = (after: number, limit: number) => Promise<AuditRecord[] | null>;

/** @returns the last page and, where there is one, the page before; null where one of them was not answered */
export async function logEnd(read: ReadLog): Promise<AuditRecord[] | null> {
  const first = await read(0, ROWS_PER_PAGE_MAX);
  if (first === null || first.length < ROWS_PER_PAGE_MAX) return first;
  // There is a record `has`, and none after `lacks`.
  let [has, lacks] = [ROWS_PER_PAGE_MAX, AUDIT_RECORDS_MAX];
  while (lacks - has > ROWS_PER_PAGE_MAX) {
    const middle = Math.ceil((has + lacks) / 2);
    const found = await read(middle, 1);
    if (found === null) return null;
    if (found.length > 0) has = middle;
    else lacks = middle;
  }
  const last = await read(has, ROWS_PER_PAGE_MAX);
  const before = await read(has - ROWS_PER_PAGE_MAX, ROWS_PER_PAGE_MAX);
  return last === null || before === null ? null : [...before, ...last];
}
