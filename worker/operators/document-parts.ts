// Parts that several documents of the operators' API share.

import type { HistoryBucket } from '../../queue-core/document/history-state.ts';
import type { OriginRecord } from '../../queue-core/document/origin-record.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import type { Bucket, OriginRecordDocument } from '../contract/operator-api.ts';

export function rfc3339OrNull(at: EpochMs | null): string | null {
  return at === null ? null : rfc3339(at);
}

export function bucketDocument(bucket: HistoryBucket): Bucket {
  return { ...bucket, at: rfc3339(bucket.at) };
}

export function originDocument(record: OriginRecord): OriginRecordDocument {
  const at = rfc3339(record.at);
  if (record.kind !== 'stock') return { ...record, at };
  const lots = record.lots.map((lot) => ({ ...lot, asOf: rfc3339(lot.asOf) }));
  return { ...record, at, asOf: rfc3339(record.asOf), lots };
}
