// Parts that several documents of the operators' API share.

import type { HistoryBucket } from '../../queue-core/document/history-state.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import type { Bucket } from '../contract/operator-api.ts';

export function rfc3339OrNull(at: EpochMs | null): string | null {
  return at === null ? null : rfc3339(at);
}

export function bucketDocument(bucket: HistoryBucket): Bucket {
  return { ...bucket, at: rfc3339(bucket.at) };
}
