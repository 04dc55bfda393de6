// The buckets of a room's history, from the core to the operators' API: no field is lost.

import { describe, expect, it } from 'vitest';
import { type HistoryBucket, NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { HISTORY_BUCKET_MS } from '../../queue-core/limits.ts';
import { bucketSchema, type History, type Live } from '../../worker/contract/operator-api.ts';
import { bucketDocument } from '../../worker/operators/document-parts.ts';
import { ask, startGateway, withKey } from './operator-client.ts';

/** Requires every field, optional ones too: with a new field in the core, this file does not compile. */
type Complete<T> = T extends readonly unknown[] ? T : T extends object ? { [Name in keyof T]-?: Complete<T[Name]> } : T;

const COMPLETE: Complete<HistoryBucket> = {
  at: Date.parse('2027-08-05T11:00:00.000Z'),
  epoch: 2,
  state: 'open',
  arrived: 11,
  called: 12,
  admitted: 13,
  completed: 14,
  left: 15,
  revoked: 16,
  expired: 17,
  lapsed: 18,
  waiting: 19,
  active: 20,
  newUsersPerMinute: 60,
  totalActiveUsers: 100,
  refused: { noAdmission: 21, badToken: 22, prefetch: 23, tooOften: 24, crossSite: 25 },
  origin: { answers: 26, errors: 27, unreachable: 28, latency: [29, 30, 31, 32, 33, 34, 35, 36, 37] },
  health: { requests: 41, failures: 42, timed: 43, totalMs: 44 },
  exempt: 40,
  starts: { started: 45, restarted: 46 },
  store: { conflicts: 38, retries: 39 },
};

describe('a bucket of the history', () => {
  it('has every field of the core in the contract, at every depth', () => {
    // Parsing drops fields that a schema does not have.
    expect(bucketSchema.parse(bucketDocument(COMPLETE))).toEqual(bucketDocument(COMPLETE));
  });

  it('has the contention between gateways at the store, in `live` and in `history`', async () => {
    const gateway = await startGateway();
    const store = { conflicts: 5, retries: 2 };
    const observed = { ...NOTHING_OBSERVED, store };
    const report = { kind: 'report', gateway: 'another', seq: 1, version: 1, observed } as const;
    await gateway.request('/_fairgate/rooms/demo/board');
    await gateway.store.inner.apply('demo', [report]);
    gateway.clock.advance(HISTORY_BUCKET_MS);
    const live = (await ask(gateway, 'live', { headers: withKey() })).document as Live;
    expect(live.buckets.map((bucket) => bucket.store)).toContainEqual(store);
    const { buckets } = (await ask(gateway, 'history', { headers: withKey() })).document as History;
    expect(buckets.map((bucket) => bucket.store)).toEqual([store]);
  });
});
