// A real Redis loses writes that it had acknowledged: a primary is killed while its replica lags, a restart comes back empty, or
// loses nothing. No position is given twice, no visitor gets two sessions, and the limits hold.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Actor, faultIn } from '../../queue-core/audit.ts';
import type { Command } from '../../queue-core/command.ts';
import type { DirectoryCommand } from '../../queue-core/directory/directory-document.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import { RECOVERY_MS } from '../../queue-core/limits.ts';
import { type RunningRedis, startRedis } from '../../scripts/lib/local-redis/redis-server.ts';
import { type RestStandIn, startRestStandIn } from '../../scripts/lib/local-redis/rest-stand-in.ts';
import type { RoomStore } from '../../worker/store/room-store.ts';
import { StoreUnavailable, UnknownRoom } from '../../worker/store/room-store.ts';
import { change, claim, configure, join, policy, settings, T0 } from '../core/sample-rooms.ts';
import { startFairgate } from '../running-gateway.ts';
import { redisStore, storedRoom } from './redis-stores.ts';

const ROOM = 'loss';
const clock = { now: T0 };

let redis: RunningRedis;
let standIn: RestStandIn;
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  clock.now = T0;
  redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always', '--repl-diskless-sync-delay', '0');
  standIn = await startRestStandIn(redis.port);
  ends.push(redis.stop, standIn.stop);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A gateway: a store of its own, and reports under its name. */
class TestGateway {
  readonly name: string;
  readonly store: RoomStore;
  #reports = 0;

  constructor(name: string, changes: { replicas?: number } = {}) {
    this.name = name;
    this.store = redisStore(standIn, { clock: () => clock.now, ...changes }).store;
  }

  async view() {
    this.#reports++;
    const observed = NOTHING_OBSERVED;
    const report = { kind: 'report', gateway: this.name, seq: this.#reports, version: 1, observed } as const;
    return this.store.view(ROOM, { endingsAfter: 0, report });
  }

  async apply(command: Command) {
    const [reply] = await this.store.apply(ROOM, [command]);
    return reply;
  }

  async join(name: string): Promise<number> {
    const reply = await this.apply(join(name));
    return reply.kind === 'joined' ? reply.place.number : 0;
  }
}

async function open(gateways: readonly TestGateway[], changes: Parameters<typeof settings>[0] = {}): Promise<void> {
  await gateways[0]?.apply(configure(settings({ totalActiveUsers: 50, ...changes })));
  clock.now += 1_000;
  for (const gateway of gateways) await gateway.view();
}

/** A TCP proxy between a replica and its primary that can be cut. */
async function cuttableProxy(port: number): Promise<{ port: number; cut(): void }> {
  const open = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((inner) => {
    if (isCut) return void inner.destroy();
    const outer = connectTo(port, '127.0.0.1');
    for (const socket of [inner, outer]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => open.delete(socket));
    }
    inner.pipe(outer).pipe(inner);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
  };
}

async function replicaOf(primary: RunningRedis) {
  const proxy = await cuttableProxy(primary.port);
  const replica = await startRedis('--replicaof', '127.0.0.1', String(proxy.port), '--repl-diskless-sync-delay', '0');
  ends.push(replica.stop);
  const inStep = async () => {
    const info = String(await replica.command('INFO', 'replication'));
    const primaryInfo = String(await primary.command('INFO', 'replication'));
    const offset = (text: string, name: string) => new RegExp(`${name}:(\\d+)`).exec(text)?.[1];
    return (
      /master_link_status:up/.test(info) &&
      offset(info, 'slave_repl_offset') === offset(primaryInfo, 'master_repl_offset')
    );
  };
  return { replica, proxy, inStep };
}

describe('a primary that dies before its replica has every commit', () => {
  test('with all gateways alive: every reply stays true, whichever gateway notices first', async () => {
    const [north, south] = [new TestGateway('north'), new TestGateway('south')];
    const { replica, proxy, inStep } = await replicaOf(redis);
    await open([north, south]);
    for (const name of ['a', 'b', 'c']) await north.apply(join(name, true));
    await expect.poll(inStep, { timeout: 20_000 }).toBe(true);

    // These commits will be lost: places, a session, an ending and an operator's change, through both gateways.
    proxy.cut();
    clock.now += 500;
    const lostByNorth = await north.join('d');
    const lostBySouth = await south.join('e');
    const lostSession = await south.apply({ ...claim(lostByNorth, 'd'), sid: 'sid-lost' } as Command);
    await north.apply({ kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
    const changed = await south.apply(change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 3 }) }));
    expect(lostSession.kind).toBe('admitted');
    expect(changed).toMatchObject({ kind: 'changed', version: 2 });
    const { board: before, live: liveBefore } = await south.view();
    await redis.end('SIGKILL');
    await replica.command('REPLICAOF', 'NO', 'ONE');
    standIn.redirect(replica.port);

    // First comes a gateway that remembers nothing, then the one that saw less.
    clock.now += 500;
    const west = new TestGateway('west');
    await expect(west.apply(join('f'))).rejects.toThrow(StoreUnavailable);
    await expect(north.apply(join('g'))).rejects.toThrow(StoreUnavailable);
    await north.view();
    const after = await south.view();
    expect(after.board).toMatchObject({ issued: before.issued, called: before.called, active: before.active });
    expect(after.policy.totalActiveUsers).toBe(3);
    expect(after.live.audit).toEqual(liveBefore.audit);
    expect(after.endings.map(({ sid }) => sid)).toEqual(['sid-a']);

    clock.now += RECOVERY_MS + 500;
    for (const gateway of [north, south, west]) await gateway.view();
    const numbers = [await west.join('f'), await north.join('g'), await south.join('h')];
    expect(numbers).toEqual([lostBySouth + 1, lostBySouth + 2, lostBySouth + 3]);
    // The lost session is the same one, and the limit of the lost change holds.
    expect(await west.apply({ ...claim(lostByNorth, 'd'), sid: 'another' } as Command)).toMatchObject({
      sid: 'sid-lost',
    });
    const { room: document, sessions } = await storedRoom(standIn, ROOM);
    expect(document.sessions.active).toBeLessThanOrEqual(3);
    expect(brokenIn(document, sessions)).toEqual([]);
    const log = await west.store.rows(ROOM, 'audit', { after: 0, limit: 1_000 });
    expect(faultIn(log)).toBeNull();
    expect(log.map(({ action }) => action)).toEqual(['configure', 'setPolicy', 'recover']);
  });

  test('together with the only gateway that saw them: their positions stay unused, their sessions count', async () => {
    const [north, south] = [new TestGateway('north'), new TestGateway('south')];
    const { replica, proxy, inStep } = await replicaOf(redis);
    await open([north, south]);
    await north.view();
    await expect.poll(inStep, { timeout: 20_000 }).toBe(true);
    proxy.cut();
    const lost: number[] = [];
    for (let visitor = 0; visitor < 20; visitor++) {
      clock.now += 50;
      const reply = await south.apply(join(`lost-${visitor}`, true));
      if (reply.kind === 'joined') lost.push(reply.place.number);
    }
    const { board } = await south.view();
    expect(board.active).toBeGreaterThan(5);
    await redis.end('SIGKILL');
    await replica.command('REPLICAOF', 'NO', 'ONE');
    standIn.redirect(replica.port);

    clock.now += 500;
    await north.view();
    clock.now += RECOVERY_MS;
    const concluded = await north.view();
    expect(concluded.board.active).toBeGreaterThanOrEqual(board.active);
    expect(lost).not.toContain(await north.join('next'));
    expect(await north.join('after')).toBeGreaterThan(Math.max(...lost));
  });
});

describe('a Redis that comes back empty', () => {
  test('gets the room back from the gateways that are alive: the same places, sessions and log', async () => {
    const [north, south] = [new TestGateway('north'), new TestGateway('south')];
    await open([north, south]);
    for (const name of ['a', 'b', 'c']) await south.apply(join(name, true));
    const before = await north.view();
    await redis.command('FLUSHALL');
    clock.now += 500;
    await expect(south.apply(join('d'))).rejects.toThrow(StoreUnavailable);
    const after = await north.view();
    await south.view();
    expect(after.board).toMatchObject({ epoch: 1, issued: 3, active: before.board.active });
    clock.now += RECOVERY_MS;
    await north.view();
    await south.view();
    expect(await north.join('d')).toBe(4);
    const { room: document, sessions } = await storedRoom(standIn, ROOM);
    expect([...sessions.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(brokenIn(document, sessions)).toEqual([]);
    expect(faultIn(await north.store.rows(ROOM, 'audit', { after: 0, limit: 100 }))).toBeNull();
  });

  test('with no gateway left that remembers the room: no visitor is admitted, and the next opening has a new epoch', async () => {
    const north = new TestGateway('north');
    await open([north]);
    await north.apply(join('a', true));
    await redis.command('FLUSHALL');
    const newcomer = new TestGateway('newcomer');
    await expect(newcomer.apply(join('b'))).rejects.toThrow(UnknownRoom);
    await expect(newcomer.apply(claim(1, 'a'))).rejects.toThrow(UnknownRoom);
    await newcomer.apply({ ...configure(settings()), firstEpoch: 1_800_000_000 } as Command);
    expect(await newcomer.apply(claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
  });

  test('gets the directory back, whichever gateway comes first', async () => {
    const [north, south] = [new TestGateway('north'), new TestGateway('south')];
    const by: Actor = { id: 's', name: 's', role: 'owner', address: null };
    const seed: DirectoryCommand = {
      kind: 'seed',
      by,
      rooms: [],
      ownerKey: { prefix: 'the-owne', digest: '0d'.repeat(32) },
    };
    await north.store.directory.apply([seed]);
    const key = {
      id: 'k1',
      name: 'Night shift',
      role: 'operator',
      prefix: 'the-keys',
      digest: 'd1'.repeat(32),
      expiresAt: null,
      rooms: null,
    } as const;
    const added = { kind: 'change', id: 'w1', by, change: { kind: 'addKey', key } } as const;
    await north.store.directory.apply([added]);
    const before = await south.store.directory.view(null);
    await redis.command('FLUSHALL');
    // A gateway that has only read it restores the document; the one that wrote it restores the rows of its log.
    expect(await south.store.directory.view(null)).toEqual(before);
    expect(await north.store.directory.view(null)).toEqual(before);
    const log = await south.store.directory.rows('audit', { after: 0, limit: 10 });
    expect(log.map(({ action }) => action)).toEqual(['ownerKey', 'addKey']);
    expect(faultIn(log)).toBeNull();
  });
});

test('a restart that loses nothing delays the room by five seconds and changes nothing else', async () => {
  const [north, south] = [new TestGateway('north'), new TestGateway('south')];
  await open([north, south]);
  for (const name of ['a', 'b']) await south.apply(join(name, true));
  const before = await north.view();
  await redis.end('SIGTERM');
  await expect(north.apply(join('c'))).rejects.toThrow(StoreUnavailable);
  await redis.again();
  clock.now += 2_000;
  await expect(north.apply(join('c'))).rejects.toThrow(StoreUnavailable);
  await north.view();
  await south.view();
  clock.now += RECOVERY_MS;
  const after = await north.view();
  await south.view();
  const { issued, active, called } = before.board;
  expect(after.board).toMatchObject({ issued, active, called });
  expect(await north.join('c')).toBe(issued + 1);
  const { room: document, sessions } = await storedRoom(standIn, ROOM);
  expect(brokenIn(document, sessions)).toEqual([]);
});

test('diverged histories are detected by missing receipts where Redis does not name its processes, and all sessions count', async () => {
  standIn.isHosted = true;
  const [north, south] = [new TestGateway('north'), new TestGateway('south')];
  await open([north, south], { totalActiveUsers: 10 });
  await north.view();
  await south.view();
  const saved = await allKeys();
  await south.apply(join('lost', true));
  await redis.command('FLUSHALL');
  for (const [key, bytes] of saved) await restore(key, bytes);
  // North has seen nothing of the loss and goes on; south finds its commit missing.
  await north.apply(join('kept', true));
  await expect(south.apply(join('later'))).rejects.toThrow(StoreUnavailable);
  clock.now += RECOVERY_MS;
  await north.view();
  await south.view();
  const { room: document } = await storedRoom(standIn, ROOM);
  expect(document.sessions.active).toBe(2);
  expect(await south.join('later')).toBeGreaterThan(1);
});

describe('a primary that dies where Redis does not name its processes, as behind Upstash’s own service', () => {
  test('takes no acknowledged commit with it, although no gateway notices', async () => {
    standIn.isHosted = true;
    const [north, south] = [new TestGateway('north', { replicas: 1 }), new TestGateway('south', { replicas: 1 })];
    const { replica, proxy, inStep } = await replicaOf(redis);
    await expect.poll(inStep, { timeout: 20_000 }).toBe(true);
    await open([north, south]);
    const given: number[] = [];
    for (const name of ['a', 'b', 'c', 'd']) given.push(await north.join(name), await south.join(`${name}2`));
    await north.view();
    await south.view();

    // From here on only the primary has what is written.
    proxy.cut();
    const lost = await Promise.allSettled([south.join('e'), south.join('f')]);
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await redis.end('SIGKILL');
    await replica.command('REPLICAOF', 'NO', 'ONE');
    standIn.redirect(replica.port);

    // A gateway that saw nothing of it goes on at once, with a replica of the new primary.
    const newReplica = await startRedis('--replicaof', '127.0.0.1', String(replica.port));
    ends.push(newReplica.stop);
    const replication = async () => String(await replica.command('INFO', 'replication'));
    await expect.poll(replication, { timeout: 20_000 }).toMatch(/slave0:.*state=online/);
    for (const name of ['g', 'h']) given.push(await north.join(name));
    clock.now += 1_000;
    await Promise.allSettled([south.view(), north.view()]);
    clock.now += RECOVERY_MS;
    await Promise.allSettled([south.view(), north.view()]);
    for (const name of ['e', 'f']) given.push(await south.join(name));
    expect(new Set(given).size).toBe(given.length);
    expect(given).toEqual(given.toSorted((a, b) => a - b));
    const { room: document, sessions } = await storedRoom(standIn, ROOM);
    expect(brokenIn(document, sessions)).toEqual([]);
  });

  test('without a replica acknowledges nothing, and the error names REDIS_REPLICAS', async () => {
    standIn.isHosted = true;
    const north = new TestGateway('north', { replicas: 1 });
    await expect(open([north])).rejects.toThrow('REDIS_REPLICAS');
    // What was written stays: a gateway with REDIS_REPLICAS=0 goes on from there.
    const without = new TestGateway('without', { replicas: 0 });
    await without.view();
    expect(await without.join('a')).toBe(1);
  });

  test('counts a session whose unacknowledged ending was read by another gateway and then lost', async () => {
    standIn.isHosted = true;
    let confirmed = 1;
    standIn.fault = ([command]) =>
      command?.[0]?.toUpperCase() === 'WAIT'
        ? { kind: 'status', status: 200, body: JSON.stringify({ result: confirmed }) }
        : null;
    const [north, south] = [new TestGateway('north', { replicas: 1 }), new TestGateway('south', { replicas: 1 })];
    await open([north, south]);
    for (const name of ['a', 'b', 'c']) {
      clock.now += 100;
      await north.apply(join(name, true));
    }
    const saved = await allKeys();
    confirmed = 0;
    const leave: Command = { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' };
    await expect(north.apply(leave)).rejects.toThrow(StoreUnavailable);
    expect((await south.store.view(ROOM, { endingsAfter: 0, report: null })).board.active).toBe(2);
    await redis.command('FLUSHALL');
    for (const [key, bytes] of saved) await restore(key, bytes);
    confirmed = 1;
    for (const gateway of [south, north]) await gateway.view();
    clock.now += RECOVERY_MS;
    for (const gateway of [south, north]) await gateway.view();
    const { room: document, sessions } = await storedRoom(standIn, ROOM);
    expect(brokenIn(document, sessions)).toEqual([]);
    expect(await south.apply(leave)).toMatchObject({ kind: 'ended', reason: 'left' });
    expect((await south.view()).board.active).toBe(2);
  });

  test('REDIS_REPLICAS=0 never sends WAIT', async () => {
    standIn.isHosted = true;
    const { url, token } = standIn;
    const fairgate = await startFairgate({ redis: { url, token, replicas: '0' } });
    ends.push(fairgate.stop);
    expect((await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).status).toBe(200);
    expect(standIn.commands.get('WAIT') ?? 0).toBe(0);
  });

  test('allocates no further positions while no replica confirms: 600 joins retried three times get 600 positions, and one was lost', async () => {
    standIn.isHosted = true;
    let elapsedMs = 0;
    const wait = async (ms: number) => {
      elapsedMs += ms;
    };
    const { store } = redisStore(standIn, { replicas: 1, clock: () => clock.now, stopwatch: () => elapsedMs, wait });
    let confirmed = 1;
    standIn.fault = ([command]) => {
      if (command?.[0]?.toUpperCase() !== 'WAIT') return null;
      if (confirmed === 0) elapsedMs += 500;
      return { kind: 'status', status: 200, body: JSON.stringify({ result: confirmed }) };
    };
    await store.apply(ROOM, [configure(settings())]);
    clock.now += 1_000;
    const names = Array.from({ length: 600 }, (_, index) => `rush-${index}`);
    const rush = () => Promise.allSettled(names.map((name) => store.apply(ROOM, [join(name)])));
    confirmed = 0;
    for (let time = 0; time < 3; time++) {
      expect((await rush()).filter(({ status }) => status === 'fulfilled')).toEqual([]);
    }
    confirmed = 1;
    await rush();
    const { board } = await store.view(ROOM, { endingsAfter: 0, report: null });
    // The join that was committed and not confirmed has a number that nobody was told.
    expect(board.issued).toBe(names.length + 1);
  });

  test('WAIT is not sent to a Redis that names its processes, nor for a read', async () => {
    const waits = () => standIn.commands.get('WAIT') ?? 0;
    const north = new TestGateway('north', { replicas: 1 });
    await open([north]);
    await north.join('a');
    expect(waits()).toBe(0);
    standIn.isHosted = true;
    const south = new TestGateway('south', { replicas: 1 });
    for (let second = 0; second < 3; second++) {
      clock.now += 1_000;
      await south.store.view(ROOM, { endingsAfter: 0, report: null });
    }
    expect(waits()).toBe(0);
  });
});

async function allKeys(): Promise<(readonly [string, string])[]> {
  const keys = (await redis.command('KEYS', '*')) as string[];
  return Promise.all(keys.map(async (key) => [key, await dump(key)] as const));
}

/** DUMP and RESTORE of one key through a script, because its bytes are not text. */
async function dump(key: string): Promise<string> {
  const script = `local s = redis.call('DUMP', KEYS[1]) return (s:gsub('.', function(c) return string.format('%02x', c:byte()) end))`;
  return String(await redis.command('EVAL', script, '1', key));
}

async function restore(key: string, hex: string): Promise<void> {
  const script = `redis.call('RESTORE', KEYS[1], 0, (ARGV[1]:gsub('..', function(x) return string.char(tonumber(x, 16)) end)))`;
  await redis.command('EVAL', script, '1', key, hex);
}
