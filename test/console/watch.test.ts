// Looking at a room: what is kept when looks fail, come back and leave gaps. With the double's contract in place of a network
// and a clock that a test turns.

import { describe, expect, test } from 'vitest';
import { createClient } from '../../admin-ui/api-client.ts';
import { watchRoom } from '../../admin-ui/watch.ts';
import { OPERATIONS, type OperationName } from '../../worker/contract/operator-api.ts';
import { evening } from './sample-night.ts';

function story() {
  const gateway = evening();
  const room = gateway.room('vaccine');
  const asked: string[] = [];
  let answers: 'whole' | 'nothing' | 'garbage' | 'signedOut' = 'whole';
  let refused: string | null = null;
  let signedOut = 0;
  const client = createClient(
    async (address) => {
      asked.push(address);
      if (answers === 'nothing' || (refused !== null && address.includes(`/${refused}`))) throw new TypeError('gone');
      if (answers === 'garbage') return new Response('{}');
      if (answers === 'signedOut') {
        return Response.json({ type: 'x/operator-key', title: '', status: 401, detail: '' }, { status: 401 });
      }
      return Response.json(said(address));
    },
    () => {
      signedOut += 1;
    },
  );
  const said = (address: string) => {
    const { pathname, searchParams } = new URL(address, 'http://x');
    const name = pathname.split('/').at(-1) as OperationName | 'vaccine';
    switch (name) {
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
        throw new Error(`Nobody should ask for ${address}.`);
    }
  };
  let later: (() => void) | null = null;
  const watch = watchRoom('vaccine', {
    client,
    monotonicMs: () => 1_000,
    later: (_, act) => {
      later = act;
      return () => {};
    },
    changed: () => {},
  });
  /** Until everything that was asked for has been answered. */
  const settled = async () => {
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    await new Promise((done) => setImmediate(done));
  };
  return {
    gateway,
    room,
    asked,
    watch,
    settled,
    look: async () => {
      later?.();
      await settled();
    },
    answer: (how: typeof answers) => {
      answers = how;
    },
    refuse: (name: string | null) => {
      refused = name;
    },
    signedOut: () => signedOut,
  };
}

describe('a look', () => {
  test('brings the numbers, the settings, half an hour of history and the log', async () => {
    const { watch, settled, room } = story();
    await settled();
    const seen = watch.seen();
    expect(seen.live?.room).toBe('vaccine');
    expect(seen.detail?.policy.newUsersPerMinute).toBe(2000);
    expect(seen.buckets).toEqual(room.buckets);
    expect(seen.records).toEqual(room.records);
  });

  test('that fails leaves everything as it was seen, and says since when', async () => {
    const { watch, settled, look, answer } = story();
    await settled();
    const before = watch.seen();
    answer('nothing');
    await look();
    await look();
    expect(watch.seen()).toEqual({ ...before, lostSinceMs: 1_000, failures: 2 });
    answer('whole');
    await look();
    expect(watch.seen()).toMatchObject({ lostSinceMs: null, failures: 0 });
  });

  test('asks for the settings again only when somebody has changed something, and for the new records of the log', async () => {
    const { watch, settled, look, asked, gateway } = story();
    await settled();
    asked.length = 0;
    await look();
    expect(asked).toHaveLength(1);
    gateway.changeBy(
      '이서연',
      'vaccine',
      'setPolicy',
      { newUsersPerMinute: 2000 },
      { newUsersPerMinute: 900 },
      (room) => {
        room.detail = { ...room.detail, policy: { ...room.detail.policy, newUsersPerMinute: 900 } };
      },
    );
    await look();
    expect(watch.seen().detail?.policy.newUsersPerMinute).toBe(900);
    expect(watch.seen().records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('after a gap fetches what was missed', async () => {
    const { watch, settled, look, room, asked } = story();
    await settled();
    const last = room.buckets.at(-1);
    if (last === undefined) throw new Error('The evening has no buckets.');
    const missed = Array.from({ length: 40 }, (_, index) => ({
      ...last,
      at: new Date(Date.parse(last.at) + (index + 1) * 10_000).toISOString(),
    }));
    room.buckets = [...room.buckets.slice(0, -1), { ...last, arrived: 7_777 }, ...missed];
    asked.length = 0;
    await look();
    expect(watch.seen().buckets).toEqual(room.buckets);
    expect(asked.filter((address) => address.includes('/history'))).toHaveLength(1);
    await look();
    expect(asked.filter((address) => address.includes('/history'))).toHaveLength(1);
  });

  test('at a gateway of another version says so, and a session that ended is told once a look', async () => {
    const { watch, settled, look, answer, signedOut } = story();
    await settled();
    answer('garbage');
    await look();
    expect(watch.seen().isOutdated).toBe(true);
    answer('signedOut');
    await look();
    expect(signedOut()).toBe(1);
    expect(watch.seen().live).not.toBe(null);
  });
});

test('a history that was not answered is asked for again with the next look that is', async () => {
  const { watch, settled, look, room, refuse } = story();
  refuse('history');
  await settled();
  expect(watch.seen().historyFromMs).toBeNull();
  refuse(null);
  await look();
  expect(watch.seen().buckets).toEqual(room.buckets);
  expect(watch.seen().historyFromMs).not.toBeNull();

  const last = room.buckets.at(-1) ?? expect.fail('The evening has no buckets.');
  const missed = Array.from({ length: 40 }, (_, index) => ({
    ...last,
    at: new Date(Date.parse(last.at) + (index + 1) * 10_000).toISOString(),
  }));
  room.buckets = [...room.buckets, ...missed];
  refuse('history');
  await look();
  expect(watch.seen().buckets).not.toEqual(room.buckets);
  refuse(null);
  await look();
  expect(watch.seen().buckets).toEqual(room.buckets);
});
