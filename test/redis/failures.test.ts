// What Redis does to those who depend on it: slow, gone, refusing, full, read-only, or silent after having done what was
// asked. Nobody gets two places for one wish, nothing is half done, and nothing of a visitor gets into an error.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import type { Fault } from '../../scripts/lib/local-redis/rest-stand-in.ts';
import { type SharedRedis, sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { configure, join, settings, T0 } from '../core/sample-rooms.ts';
import { redisStore } from './redis-stores.ts';

let redis: SharedRedis;
beforeAll(async () => {
  redis = await sharedRedis();
});
afterAll(() => redis?.[Symbol.asyncDispose]());
beforeEach(() => {
  redis.standIn.fault = null;
});

const clock = { now: T0 + 1_000 };
let rooms = 0;

async function opened() {
  // Without pauses between tries, which only make the test longer.
  const gateway = redisStore(redis.address, { clock: () => clock.now, wait: async () => {} });
  const room = `failing-${++rooms}`;
  await gateway.store.apply(room, [configure(settings())]);
  clock.now += 1_000;
  await gateway.store.apply(room, [{ kind: 'tick' }]);
  const issued = async () => {
    redis.standIn.fault = null;
    return (await gateway.store.view(room, { endingsAfter: 0, report: null })).board.issued;
  };
  return { ...gateway, room, issued };
}

/** The fault meets these requests (counted from now on) that match. */
function meet(fault: Fault, times: number, which: 'all' | 'commits' = 'all'): void {
  let left = times;
  redis.standIn.fault = (commands) => {
    const isCommit = commands.length === 1 && commands[0]?.[0] === 'eval';
    if (left === 0 || (which === 'commits' && !isCommit)) return null;
    left--;
    return fault;
  };
}

const FOREVER = Number.POSITIVE_INFINITY;

describe('a wish whose answer was lost', () => {
  test('has been granted once and is told so, although Redis had done it already', async () => {
    const { store, room, stats, issued } = await opened();
    meet({ kind: 'dropAnswer' }, 1, 'commits');
    const [reply] = await store.apply(room, [join('a')]);
    expect(reply).toMatchObject({ kind: 'joined', place: { number: 1 } });
    expect(stats.take()).toMatchObject({ conflicts: 0, retries: 1 });
    expect(await issued()).toBe(1);
  });

  test('is known for what it was even where so many have joined since that the room itself has forgotten it', async () => {
    const { store, room, issued } = await opened();
    const other = redisStore(redis.address, { clock: () => clock.now });
    let joined = 0;
    redis.standIn.fault = (commands) => {
      if (joined > 0 || commands[0]?.[0] !== 'eval' || commands.length > 1) return null;
      joined++;
      return { kind: 'dropAnswer' };
    };
    const crowd = Array.from({ length: 300 }, (_, index) => join(`crowd-${index}`));
    const slow = redisStore(redis.address, {
      clock: () => clock.now,
      // Between the lost answer and the next try, three hundred others come.
      wait: async () => {
        await other.store.apply(room, crowd);
      },
    });
    const [reply] = await slow.store.apply(room, [join('a')]);
    expect(reply).toMatchObject({ place: { number: 1 } });
    expect(await issued()).toBe(301);
    const [later] = await store.apply(room, [join('b')]);
    expect(later).toMatchObject({ place: { number: 302 } });
  });

  test('and that Redis never got is done at the next try', async () => {
    const { store, room, issued } = await opened();
    meet({ kind: 'drop' }, 2);
    expect(await store.apply(room, [join('a')])).toMatchObject([{ place: { number: 1 } }]);
    expect(await issued()).toBe(1);
  });
});

describe('a Redis that does not work', () => {
  test.each<[string, Fault]>([
    ['is too slow', { kind: 'slow', ms: 1_500 }],
    ['is gone', { kind: 'drop' }],
    ['takes no more requests', { kind: 'status', status: 429, body: '{"error":"ERR max requests limit exceeded"}' }],
    ['is behind a proxy that has no JSON', { kind: 'status', status: 502, body: '<html>Bad Gateway</html>' }],
    ['answers with something else altogether', { kind: 'status', status: 200, body: '{"hello":1}' }],
    ['answers with nothing', { kind: 'status', status: 200, body: '' }],
  ])('%s: nobody gets anything, and all goes on once it works again', async (_, fault) => {
    const { store, room } = await opened();
    meet(fault, FOREVER);
    const asked = [
      store.apply(room, [join('a', true)]),
      store.view(room, { endingsAfter: 0, report: null }),
      store.directory.view(null),
    ];
    await Promise.all(asked.map((one) => expect(one).rejects.toThrow(StoreUnavailable)));
    redis.standIn.fault = null;
    expect(await store.apply(room, [join('b')])).toMatchObject([{ kind: 'joined' }]);
  });

  test.each<[string, Fault]>([
    ['is broken off', { kind: 'drop' }],
    ['has its answer lost', { kind: 'dropAnswer' }],
  ])('is slow, and a commit %s: nothing is asked of it later than two seconds after the wish', async (_, fault) => {
    const { room } = await opened();
    let played = 0;
    const begun: number[] = [];
    const slow = redisStore(redis.address, {
      replicas: 1,
      clock: () => clock.now,
      stopwatch: () => played,
      wait: async (ms) => {
        played += ms;
      },
    });
    redis.standIn.isHosted = true;
    redis.standIn.fault = (commands) => {
      begun.push(played);
      played += 900;
      return commands[0]?.[0] === 'eval' && begun.length === 2 ? fault : null;
    };
    await expect(slow.store.apply(room, [join('a')])).rejects.toThrow(StoreUnavailable);
    redis.standIn.isHosted = false;
    expect(begun.length).toBe(3);
    expect(Math.max(...begun)).toBeLessThan(2_000);
  });

  test('takes no more requests for a moment only: the wish is granted', async () => {
    const { store, room } = await opened();
    meet({ kind: 'status', status: 429, body: '{"error":"Too many requests"}' }, 2);
    expect(await store.apply(room, [join('a')])).toMatchObject([{ place: { number: 1 } }]);
  });

  test('refuses the token: said at once, without another try', async () => {
    const { room } = await opened();
    const stranger = redisStore({ ...redis.address, token: 'wrong' });
    await expect(stranger.store.apply(room, [join('a')])).rejects.toThrow('Redis refused the token');
    expect(stranger.client.roundTrips).toBe(1);
  });

  test('is full: nothing is half written, and what is there stays readable', async () => {
    const { store, room, issued } = await opened();
    await store.apply(room, [join('a')]);
    await redis.server.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      await expect(store.apply(room, [join('b', true)])).rejects.toThrow('Redis is out of memory (OOM)');
      const [document] = (await redis.server.command(
        'HMGET',
        `fairgate:{room:${room}}:record`,
        'document',
      )) as string[];
      expect(JSON.parse(document ?? '').line.issued).toBe(1);
      expect(await redis.keys()).not.toContain(`fairgate:{room:${room}}:session:0`);
    } finally {
      await redis.server.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    expect(await issued()).toBe(1);
    expect(await store.apply(room, [join('b', true)])).toMatchObject([{ place: { number: 2 } }]);
  });

  test('is a replica that may not be written: nobody gets anything', async () => {
    const { store, room } = await opened();
    await redis.server.command('REPLICAOF', '127.0.0.1', '1');
    try {
      await expect(store.apply(room, [join('a')])).rejects.toThrow(StoreUnavailable);
    } finally {
      await redis.server.command('REPLICAOF', 'NO', 'ONE');
    }
  });

  test('is one node of a cluster: said so', async () => {
    const { store, room } = await opened();
    meet({ kind: 'status', status: 400, body: '{"error":"MOVED 3999 127.0.0.1:6381"}' }, FOREVER);
    await expect(store.apply(room, [join('a')])).rejects.toThrow('one node of a cluster');
  });
});

describe('what an error says', () => {
  test.each<[string, Fault]>([
    ['a refusal', { kind: 'status', status: 400, body: '{"error":"ERR something new"}' }],
    ['an answer that is no JSON', { kind: 'status', status: 500, body: 'sid-secret visitor-secret' }],
    ['a broken connection', { kind: 'drop' }],
    ['a script that fails', { kind: 'status', status: 200, body: '[{"error":"ERR user_script: sid-secret"}]' }],
  ])('after %s has nothing of the visitor, the token or the batch in it', async (_, fault) => {
    const { store, room } = await opened();
    const wish: Command = { kind: 'join', id: 'join-secret', visitor: 'visitor-secret', sid: 'sid-secret' };
    meet(fault, FOREVER, fault.kind === 'status' && fault.status === 200 ? 'commits' : 'all');
    const error = await store.apply(room, [wish]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailable);
    const all: string[] = [];
    for (let at = error; at instanceof Error; at = at.cause) {
      all.push(at.message, at.stack ?? '', JSON.stringify(at, Object.getOwnPropertyNames(at)));
    }
    expect(all.join('\n')).not.toMatch(/secret|HGET|command was|stand-in-token/);
  });
});

describe('gateways on one Redis', () => {
  test('that all write at once get each their own places, and none is lost', async () => {
    const { store, room } = await opened();
    // Nobody's time runs out: how long a wish may take is said elsewhere, and a busy machine would be measured here.
    const timeless = { clock: () => clock.now, stopwatch: () => 0 };
    const gateways = Array.from({ length: 4 }, () => redisStore(redis.address, timeless));
    const wishes = gateways.flatMap((gateway, at) =>
      Array.from({ length: 25 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 5));
        return gateway.store.apply(room, [join(`${at}-${index}`)]);
      }),
    );
    const numbers = (await Promise.all(wishes)).map(([reply]) => (reply.kind === 'joined' ? reply.place.number : 0));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    const { board } = await store.view(room, { endingsAfter: 0, report: null });
    expect(board.issued).toBe(100);
  });

  test('combine what comes meanwhile: many wishes, few commits', async () => {
    const { store, room, stats } = await opened();
    stats.take();
    await Promise.all(Array.from({ length: 200 }, (_, index) => store.apply(room, [join(`${index}`)])));
    const { batches, commands } = stats.take();
    expect(commands).toBe(200);
    expect(batches).toBeLessThanOrEqual(3);
  });

  test('look without writing where somebody has just written, and what was shown as called stays', async () => {
    const { store, room, client } = await opened();
    await store.apply(room, [join('a', true)]);
    const before = await store.view(room, { endingsAfter: 0, report: null });
    const trips = client.roundTrips;
    expect(await store.view(room, { endingsAfter: 0, report: null })).toEqual(before);
    expect(client.roundTrips - trips).toBe(1);
    const other = redisStore(redis.address, { clock: () => clock.now });
    const seen = await other.store.view(room, { endingsAfter: 0, report: null });
    expect(seen.board.called).toBe(before.board.called);
  });
});

describe('what lies in Redis', () => {
  test('is named under one hash tag a room, and what is of visitors ends by itself', async () => {
    const { store, room } = await opened();
    await store.apply(room, [join('a', true)]);
    await store.apply(room, [{ kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' }]);
    const keys = (await redis.keys()).filter((key) => key.includes(room));
    expect(keys.every((key) => key.startsWith(`fairgate:{room:${room}}:`))).toBe(true);
    const stays = async (name: string) => Number(await redis.server.command('PTTL', `fairgate:{room:${room}}:${name}`));
    expect(await stays('session:0')).toBeGreaterThan(29 * 24 * 3_600_000);
    expect(await stays('ending')).toBeGreaterThan(23 * 3_600_000);
    for (const name of ['record', 'audit']) expect(await stays(name)).toBe(-1);
    for (const key of keys.filter((one) => one.includes(':commit:'))) {
      expect(Number(await redis.server.command('PTTL', key))).toBeGreaterThan(0);
    }
  });

  test('keeps its size however many wait', async () => {
    const { store, room } = await opened();
    const sizeOf = async () => {
      const keys = (await redis.keys()).filter((key) => key.includes(room) && !key.includes(':commit:'));
      const sizes = await Promise.all(keys.map((key) => redis.server.command('MEMORY', 'USAGE', key, 'SAMPLES', '0')));
      return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
    };
    const many = (crowd: string) => Array.from({ length: 1_000 }, (_, index) => join(`${crowd}-${index}`));
    await store.apply(room, many('one'));
    const early = await sizeOf();
    await store.apply(room, many('two'));
    expect((await sizeOf()) - early).toBeLessThan(512);
  });
});
