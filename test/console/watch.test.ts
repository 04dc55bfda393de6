// Polling a room: what the snapshot keeps when polls fail, and how it recovers from gaps. Replies are a fake gateway's, checked
// against the contract; the test runs the timer.

import { expect, test } from 'vitest';
import { watchRoom } from '../../admin-ui/watch.ts';
import { createClient } from '../../worker/contract/api-client.ts';
import type { Bucket } from '../../worker/contract/operator-api.ts';
import { OPERATIONS } from '../../worker/contract/operator-api.ts';
import { sampleGateway } from './sample-data.ts';

type Mode = 'works' | 'unreachable' | 'otherVersion' | 'signedOut';

function watchSample() {
  const gateway = sampleGateway();
  const room = gateway.room('vaccine');
  const requests: string[] = [];
  let mode: Mode = 'works';
  let failingPath: string | null = null;
  let signOuts = 0;
  const replyTo = (address: string) => {
    const { pathname, searchParams } = new URL(address, 'http://x');
    switch (pathname.split('/').at(-1)) {
      case 'live':
        return OPERATIONS.live.answer.parse(gateway.live('vaccine'));
      case 'vaccine':
        return OPERATIONS.room.answer.parse(gateway.detailOf('vaccine'));
      case 'history': {
        const from = Date.parse(searchParams.get('since') ?? '') || 0;
        const buckets = room.buckets.slice(0, -1).filter(({ at }) => Date.parse(at) > from);
        return { bucketSeconds: 10, latencyBoundsMs: [50], buckets, next: null };
      }
      case 'audit':
        return { records: room.records.filter(({ seq }) => seq > Number(searchParams.get('after'))), next: null };
      default:
        throw new Error(`Unexpected request: ${address}`);
    }
  };
  const client = createClient(
    async (address) => {
      requests.push(address);
      if (mode === 'unreachable' || (failingPath !== null && address.includes(failingPath)))
        throw new TypeError('gone');
      if (mode === 'otherVersion') return new Response('{}');
      if (mode === 'signedOut') {
        return Response.json({ type: 'x/operator-key', title: '', status: 401, detail: '' }, { status: 401 });
      }
      return Response.json(replyTo(address));
    },
    () => {
      signOuts += 1;
    },
  );
  let timer: (() => void) | null = null;
  const watch = watchRoom('vaccine', {
    client,
    monotonicMs: () => 1_000,
    schedule: (_, callback) => {
      timer = callback;
      return () => {};
    },
    changed: () => {},
  });
  /** Until every request has its reply. */
  const settle = async () => {
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    await new Promise((done) => setImmediate(done));
  };
  return {
    gateway,
    room,
    requests,
    watch,
    settle,
    poll: async () => {
      timer?.();
      await settle();
    },
    setMode: (next: Mode) => {
      mode = next;
    },
    failRequests: (path: string | null) => {
      failingPath = path;
    },
    signOuts: () => signOuts,
  };
}

const lastBucket = ({ buckets }: { buckets: Bucket[] }) => buckets.at(-1) ?? expect.fail('The sample has no buckets.');

/** Forty buckets after this one: more than a poll returns. */
const followUp = (last: Bucket) =>
  Array.from({ length: 40 }, (_, index) => ({
    ...last,
    at: new Date(Date.parse(last.at) + (index + 1) * 10_000).toISOString(),
  }));

test('the first poll loads the numbers, the settings, half an hour of history and the log', async () => {
  const { watch, settle, room } = watchSample();
  await settle();
  const snapshot = watch.snapshot();
  expect(snapshot.live?.room).toBe('vaccine');
  expect(snapshot.detail?.policy.newUsersPerMinute).toBe(2000);
  expect(snapshot.buckets).toEqual(room.buckets);
  expect(snapshot.records).toEqual(room.records);
});

test('a failed poll keeps the snapshot and records since when and how often polls failed', async () => {
  const { watch, settle, poll, setMode } = watchSample();
  await settle();
  const before = watch.snapshot();
  setMode('unreachable');
  await poll();
  await poll();
  expect(watch.snapshot()).toEqual({ ...before, lostSinceMs: 1_000, failures: 2 });
  setMode('works');
  await poll();
  expect(watch.snapshot()).toMatchObject({ lostSinceMs: null, failures: 0 });
});

test('settings and log are loaded again only after the room has changed', async () => {
  const { watch, settle, poll, requests, gateway } = watchSample();
  await settle();
  requests.length = 0;
  await poll();
  expect(requests).toHaveLength(1);
  const [from, to] = [{ newUsersPerMinute: 2000 }, { newUsersPerMinute: 900 }];
  gateway.changeBy('이서연', 'vaccine', 'setPolicy', from, to, (room) => {
    room.detail = { ...room.detail, policy: { ...room.detail.policy, newUsersPerMinute: 900 } };
  });
  await poll();
  expect(watch.snapshot().detail?.policy.newUsersPerMinute).toBe(900);
  expect(watch.snapshot().records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a gap in the buckets is filled from the history with one request', async () => {
  const { watch, settle, poll, room, requests } = watchSample();
  await settle();
  const last = lastBucket(room);
  room.buckets = [...room.buckets.slice(0, -1), { ...last, arrived: 7_777 }, ...followUp(last)];
  requests.length = 0;
  await poll();
  expect(watch.snapshot().buckets).toEqual(room.buckets);
  expect(requests.filter((address) => address.includes('/history'))).toHaveLength(1);
  await poll();
  expect(requests.filter((address) => address.includes('/history'))).toHaveLength(1);
});

test('a reply of another contract version marks the snapshot as outdated', async () => {
  const { watch, settle, poll, setMode } = watchSample();
  await settle();
  setMode('otherVersion');
  await poll();
  expect(watch.snapshot().isOutdated).toBe(true);
  expect(watch.snapshot().live).not.toBe(null);
});

test('a poll after the session ended reports the sign-out once and keeps the numbers', async () => {
  const { watch, settle, poll, setMode, signOuts } = watchSample();
  await settle();
  setMode('signedOut');
  await poll();
  expect(signOuts()).toBe(1);
  expect(watch.snapshot().live).not.toBe(null);
});

test('a history request that failed is retried after the next successful poll', async () => {
  const { watch, settle, poll, room, failRequests } = watchSample();
  failRequests('/history');
  await settle();
  expect(watch.snapshot().historyFromMs).toBeNull();
  failRequests(null);
  await poll();
  expect(watch.snapshot().buckets).toEqual(room.buckets);
  expect(watch.snapshot().historyFromMs).not.toBeNull();

  room.buckets = [...room.buckets, ...followUp(lastBucket(room))];
  failRequests('/history');
  await poll();
  expect(watch.snapshot().buckets).not.toEqual(room.buckets);
  failRequests(null);
  await poll();
  expect(watch.snapshot().buckets).toEqual(room.buckets);
});
