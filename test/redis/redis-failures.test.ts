// Redis fails in every way that matters: slow, gone, refusing, full, read-only, or its response is lost after it has committed.
// A retried request never gets a second place, nothing is half written, and no error contains anything of a visitor.

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
  // Without pauses between attempts, which only make the test longer.
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

/** Injects the fault into the next requests that match. */
function inject(fault: Fault, times: number, which: 'all' | 'commits' = 'all'): void {
  let left = times;
  redis.standIn.fault = (commands) => {
    const isCommit = commands.length === 1 && commands[0]?.[0] === 'eval';
    if (left === 0 || (which === 'commits' && !isCommit)) return null;
    left--;
    return fault;
  };
}

const FOREVER = Number.POSITIVE_INFINITY;

describe('a request whose response was lost', () => {
  test('returns the reply of the commit that Redis had already made', async () => {
    const { store, room, stats, issued } = await opened();
    inject({ kind: 'dropAnswer' }, 1, 'commits');
    const [reply] = await store.apply(room, [join('a')]);
    expect(reply).toMatchObject({ kind: 'joined', place: { number: 1 } });
    expect(stats.take()).toMatchObject({ conflicts: 0, retries: 1 });
    expect(await issued()).toBe(1);
  });

  test('returns that reply even after more joins than the room remembers', async () => {
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
      // Between the lost response and the next attempt, three hundred others join.
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

  test('is applied by the next attempt where Redis never received it', async () => {
    const { store, room, issued } = await opened();
    inject({ kind: 'drop' }, 2);
    expect(await store.apply(room, [join('a')])).toMatchObject([{ place: { number: 1 } }]);
    expect(await issued()).toBe(1);
  });
});

describe('a failing Redis', () => {
  test.each<[string, Fault]>([
    ['is too slow', { kind: 'slow', ms: 1_500 }],
    ['breaks every connection', { kind: 'drop' }],
    ['is rate-limited', { kind: 'status', status: 429, body: '{"error":"ERR max requests limit exceeded"}' }],
    ['is behind a proxy that answers with HTML', { kind: 'status', status: 502, body: '<html>Bad Gateway</html>' }],
    ['answers with another JSON document', { kind: 'status', status: 200, body: '{"hello":1}' }],
    ['answers with an empty body', { kind: 'status', status: 200, body: '' }],
  ])('that %s: every operation is refused, and the next one works once it has recovered', async (_, fault) => {
    const { store, room } = await opened();
    inject(fault, FOREVER);
    const operations = [
      store.apply(room, [join('a', true)]),
      store.view(room, { endingsAfter: 0, report: null }),
      store.directory.view(null),
    ];
    await Promise.all(operations.map((operation) => expect(operation).rejects.toThrow(StoreUnavailable)));
    redis.standIn.fault = null;
    expect(await store.apply(room, [join('b')])).toMatchObject([{ kind: 'joined' }]);
  });

  test.each<[string, Fault]>([
    ['is not received', { kind: 'drop' }],
    ['has its response lost', { kind: 'dropAnswer' }],
  ])(
    'that is slow, and a commit %s: no request starts later than two seconds after the operation',
    async (_, fault) => {
      const { room } = await opened();
      let elapsedMs = 0;
      const startedAt: number[] = [];
      const slow = redisStore(redis.address, {
        replicas: 1,
        clock: () => clock.now,
        stopwatch: () => elapsedMs,
        wait: async (ms) => {
          elapsedMs += ms;
        },
      });
      redis.standIn.isHosted = true;
      redis.standIn.fault = (commands) => {
        startedAt.push(elapsedMs);
        elapsedMs += 900;
        return commands[0]?.[0] === 'eval' && startedAt.length === 2 ? fault : null;
      };
      await expect(slow.store.apply(room, [join('a')])).rejects.toThrow(StoreUnavailable);
      redis.standIn.isHosted = false;
      expect(startedAt.length).toBe(3);
      expect(Math.max(...startedAt)).toBeLessThan(2_000);
    },
  );

  test('that is rate-limited for two requests: the join succeeds', async () => {
    const { store, room } = await opened();
    inject({ kind: 'status', status: 429, body: '{"error":"Too many requests"}' }, 2);
    expect(await store.apply(room, [join('a')])).toMatchObject([{ place: { number: 1 } }]);
  });

  test('that refuses the token is not retried, and the error says so', async () => {
    const { room } = await opened();
    const stranger = redisStore({ ...redis.address, token: 'wrong' });
    await expect(stranger.store.apply(room, [join('a')])).rejects.toThrow('Redis refused the token');
    expect(stranger.client.roundTrips).toBe(1);
  });

  test('that is out of memory writes no part of a commit, and the room stays readable', async () => {
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

  test('that is a read-only replica: the join is refused', async () => {
    const { store, room } = await opened();
    await redis.server.command('REPLICAOF', '127.0.0.1', '1');
    try {
      await expect(store.apply(room, [join('a')])).rejects.toThrow(StoreUnavailable);
    } finally {
      await redis.server.command('REPLICAOF', 'NO', 'ONE');
    }
  });

  test.each([
    ['ERR max request size exceeded. Limit: 1048576 bytes, Actual: 3145788 bytes', 'too large'],
    ['ERR max single record size exceeded', 'too large'],
    ['ERR max key size exceeded. Limit: 32768 bytes', 'too large'],
    ['ERR string exceeds maximum allowed size (proto-max-bulk-len)', 'too large'],
    ['ERR DB capacity quota exceeded', 'out of memory'],
  ])('that says "%s" is not asked again, and the error names it as %s', async (error, expected) => {
    const { store, room, stats } = await opened();
    stats.take();
    for (const status of [400, 413]) {
      inject({ kind: 'status', status, body: JSON.stringify({ error }) }, FOREVER, 'commits');
      await expect(store.apply(room, [join('a')])).rejects.toThrow(expected);
      expect(stats.take()).toMatchObject({ retries: 0 });
    }
  });

  test.each([
    'ERR max daily request limit exceeded. Limit: 10000, Usage: 10000.',
    'ERR max requests limit exceeded',
    'ERR max concurrent connections exceeded',
  ])('that says "%s": the error names the rate limit', async (error) => {
    const { store, room } = await opened();
    inject({ kind: 'status', status: 400, body: JSON.stringify({ error }) }, FOREVER, 'commits');
    await expect(store.apply(room, [join('a')])).rejects.toThrow('Redis rate limit exceeded');
  });

  test('that is one node of a cluster: the error says so', async () => {
    const { store, room } = await opened();
    inject({ kind: 'status', status: 400, body: '{"error":"MOVED 3999 127.0.0.1:6381"}' }, FOREVER);
    await expect(store.apply(room, [join('a')])).rejects.toThrow('one node of a cluster');
  });
});

describe('an error', () => {
  test.each<[string, Fault]>([
    ['a refusal', { kind: 'status', status: 400, body: '{"error":"ERR something new"}' }],
    ['a response that is not JSON', { kind: 'status', status: 500, body: 'sid-secret visitor-secret' }],
    ['a broken connection', { kind: 'drop' }],
    ['a script that fails', { kind: 'status', status: 200, body: '[{"error":"ERR user_script: sid-secret"}]' }],
  ])('after %s contains nothing of the visitor, the token or the pipeline', async (_, fault) => {
    const { store, room } = await opened();
    const command: Command = { kind: 'join', visitor: 'visitor-secret', sid: 'sid-secret' };
    inject(fault, FOREVER, fault.kind === 'status' && fault.status === 200 ? 'commits' : 'all');
    const error = await store.apply(room, [command]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailable);
    const all: string[] = [];
    for (let at = error; at instanceof Error; at = at.cause) {
      all.push(at.message, at.stack ?? '', JSON.stringify(at, Object.getOwnPropertyNames(at)));
    }
    expect(all.join('\n')).not.toMatch(/secret|HGET|command was|stand-in-token/);
  });
});

describe('gateways on one Redis', () => {
  test('that write at the same time give 100 joins 100 different positions', async () => {
    const { store, room } = await opened();
    // Without a time limit, which would measure how busy the machine is.
    const timeless = { clock: () => clock.now, stopwatch: () => 0 };
    const gateways = Array.from({ length: 4 }, () => redisStore(redis.address, timeless));
    const joins = gateways.flatMap((gateway, at) =>
      Array.from({ length: 25 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 5));
        return gateway.store.apply(room, [join(`${at}-${index}`)]);
      }),
    );
    const numbers = (await Promise.all(joins)).map(([reply]) => (reply.kind === 'joined' ? reply.place.number : 0));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    const { board } = await store.view(room, { endingsAfter: 0, report: null });
    expect(board.issued).toBe(100);
  });

  test('commit 200 concurrent joins in at most three batches', async () => {
    const { store, room, stats } = await opened();
    stats.take();
    await Promise.all(Array.from({ length: 200 }, (_, index) => store.apply(room, [join(`${index}`)])));
    const { batches, commands } = stats.take();
    expect(commands).toBe(200);
    expect(batches).toBeLessThanOrEqual(3);
  });

  test('read without writing right after a commit, and never show fewer positions called', async () => {
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

describe('stored keys', () => {
  test('share one hash tag a room, and those with data of visitors expire', async () => {
    const { store, room } = await opened();
    await store.apply(room, [join('a', true)]);
    await store.apply(room, [{ kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' }]);
    const keys = (await redis.keys()).filter((key) => key.includes(room));
    expect(keys.every((key) => key.startsWith(`fairgate:{room:${room}}:`))).toBe(true);
    const ttlMs = async (name: string) => Number(await redis.server.command('PTTL', `fairgate:{room:${room}}:${name}`));
    expect(await ttlMs('session:0')).toBeGreaterThan(29 * 24 * 3_600_000);
    expect(await ttlMs('ending')).toBeGreaterThan(23 * 3_600_000);
    for (const name of ['record', 'audit']) expect(await ttlMs(name)).toBe(-1);
    for (const key of keys.filter((one) => one.includes(':commit:'))) {
      expect(Number(await redis.server.command('PTTL', key))).toBeGreaterThan(0);
    }
  });

  test('keep their size whatever the number of waiting visitors', async () => {
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
