// However long a log is, its newest records are found, whole and in order, with few requests.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logEnd } from '../../admin-ui/log-end.ts';
import { AUDIT_RECORDS_MAX, type AuditRecord, ROWS_PER_PAGE_MAX } from '../../worker/contract/operator-api.ts';

const seqs = (records: AuditRecord[] | null) => records?.map(({ seq }) => seq);

/** A log of so many records, as the gateway pages through it. */
function logOf(length: number) {
  const asked: number[] = [];
  const read = async (after: number, limit: number) => {
    asked.push(after);
    const count = Math.max(0, Math.min(limit, length - after));
    return Array.from({ length: count }, (_, index) => ({ seq: after + 1 + index }) as AuditRecord);
  };
  return { asked, read };
}

test('ends with the newest record and leaves none out before it', async () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: AUDIT_RECORDS_MAX }), fc.integer({ min: 0, max: 2_500 }));
  await fc.assert(
    fc.asyncProperty(lengths, async (length) => {
      const { asked, read } = logOf(length);
      const found = seqs(await logEnd(read)) ?? [];
      const first = length - found.length + 1;
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => first + index));
      expect(found.length).toBeGreaterThanOrEqual(Math.min(length, ROWS_PER_PAGE_MAX));
      expect(asked.length).toBeLessThanOrEqual(12);
    }),
    { examples: [[0], [1], [ROWS_PER_PAGE_MAX], [ROWS_PER_PAGE_MAX + 1], [AUDIT_RECORDS_MAX]] },
  );
});

test('of which a part was not answered is not shown as the whole', async () => {
  for (const failing of [0, 3, 8]) {
    const { asked, read } = logOf(40_000);
    const found = await logEnd(async (after, limit) => (asked.length === failing ? null : read(after, limit)));
    expect(found).toBe(null);
  }
});
