// Ten seconds of a room on their way from the queue's rules to whoever reads the operators' API: nothing is lost on it.

import { beforeAll, describe, expect, it } from 'vitest';
import { type HistoryBucket, NOTHING_OBSERVED } from '../../queue-core/history.ts';
import { HISTORY_BUCKET_MS } from '../../queue-core/limits.ts';
import { bucketSchema, type History, type Live } from '../../worker/contract/operator-api.ts';
import { bucketDocument } from '../../worker/operators/room-history.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { playGateway } from '../gateway/in-process.ts';
import { ask, withKey } from './operator-client.ts';

/** With every field, also those that may be absent: one that the core gets and this file does not name does not compile. */
type Whole<T> = T extends readonly unknown[] ? T : T extends object ? { [Name in keyof T]-?: Whole<T[Name]> } : T;

const WHOLE: Whole<HistoryBucket> = {
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
  store: { conflicts: 38, retries: 39 },
};

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

describe('a bucket of the history', () => {
  it('has a name in the contract for every field that the core fills, at every depth', () => {
    // Reading drops what a schema does not name.
    expect(bucketSchema.parse(bucketDocument(WHOLE))).toEqual(bucketDocument(WHOLE));
  });

  it('tells how often gateways got in each other’s way at the store, live and afterwards', async () => {
    const played = await playGateway({ keys });
    const store = { conflicts: 5, retries: 2 };
    const observed = { ...NOTHING_OBSERVED, store };
    const report = { kind: 'report', gateway: 'another', seq: 1, version: 1, observed } as const;
    await played.ask('/_fairgate/rooms/demo/board');
    await played.store.inner.apply('demo', [report]);
    played.clock.advance(HISTORY_BUCKET_MS);
    const live = (await ask(played, 'live', { headers: withKey() })).document as Live;
    expect(live.buckets.map((bucket) => bucket.store)).toContainEqual(store);
    const { buckets } = (await ask(played, 'history', { headers: withKey() })).document as History;
    expect(buckets.map((bucket) => bucket.store)).toEqual([store]);
  });
});
