// Finding the newest records of a log of any length with few requests.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLogTail } from '../../admin-ui/log-tail.ts';
import { AUDIT_RECORDS_MAX, type AuditRecord, ROWS_PER_PAGE_MAX } from '../../worker/contract/operator-api.ts';

/** A log of so many records, paged as the gateway pages it. */
function logOf(length: number) {
  const requests: number[] = [];
  const read = async (after: number, limit: number) => {
    requests.push(after);
    const count = Math.max(0, Math.min(limit, length - after));
    return Array.from({ length: count }, (_, index) => ({ seq: after + 1 + index }) as AuditRecord);
  };
  return { requests, read };
}

test('readLogTail returns a gapless run of records up to the newest, in at most 12 requests', async () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: AUDIT_RECORDS_MAX }), fc.integer({ min: 0, max: 2_500 }));
  await fc.assert(
    fc.asyncProperty(lengths, async (length) => {
      const { requests, read } = logOf(length);
      const found = (await readLogTail(read))?.map(({ seq }) => seq) ?? [];
      const first = length - found.length + 1;
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => first + index));
      expect(found.length).toBeGreaterThanOrEqual(Math.min(length, ROWS_PER_PAGE_MAX));
      expect(requests.length).toBeLessThanOrEqual(12);
    }),
    { examples: [[0], [1], [ROWS_PER_PAGE_MAX], [ROWS_PER_PAGE_MAX + 1], [AUDIT_RECORDS_MAX]] },
  );
});

test('readLogTail returns null where any of its requests fails', async () => {
  for (const failing of [0, 3, 8]) {
    const { requests, read } = logOf(40_000);
    const found = await readLogTail(async (after, limit) => (requests.length === failing ? null : read(after, limit)));
    expect(found).toBe(null);
  }
});
