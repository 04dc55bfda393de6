// A closed room moves from local disk to Redis and back, and is checked in both: the same document, sessions, log and history.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Board } from '../../queue-core/board.ts';
import type { Put } from '../../queue-core/machine.ts';
import { checkLedger } from '../../scripts/check-room.ts';
import { sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { diskLocation, type LedgerLocation, redisLocation } from '../../scripts/lib/stored-ledgers.ts';
import { moveLedger } from '../../scripts/move-room.ts';
import { change, configure, join as joining, settings, T0 } from '../core/sample-rooms.ts';
import { OPERATOR_KEY, startFairgate, TestVisitor } from '../running-gateway.ts';
import { redisStore } from './redis-stores.ts';

const locations: LedgerLocation[] = [];
afterEach(async () => {
  for (const location of locations.splice(0)) await location.close();
});

async function opened(location: LedgerLocation | Promise<LedgerLocation>): Promise<LedgerLocation> {
  locations.push(await location);
  return location;
}

async function rowsOf(location: LedgerLocation, ledger: string): Promise<Put[]> {
  const rows: Put[] = [];
  for await (const row of location.rows(ledger)) rows.push(row);
  return rows.toSorted((a, b) => a.table.localeCompare(b.table) || a.key - b.key);
}

test('a closed room moves from local disk to Redis and back complete, and is not written over one that exists', async () => {
  await using redis = await sharedRedis();
  const fairgate = await startFairgate();
  const otherDir = mkdtempSync(join(tmpdir(), 'fairgate-moved-'));
  try {
    const boardNow = async () => (await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json()) as Board;
    await expect.poll(async () => (await boardNow()).state).toBe('open');
    const visitors = Array.from({ length: 12 }, () => new TestVisitor(fairgate.url));
    for (const visitor of visitors) await visitor.act('join');
    const claimAll = async () => {
      for (const visitor of visitors) await visitor.act('claim');
      return (await boardNow()).active;
    };
    await expect.poll(claimAll, { timeout: 10_000 }).toBeGreaterThan(3);
    await visitors[0]?.act('leave');
    const room = `${fairgate.url}/_fairgate/operator/rooms/demo`;
    const headers = { Authorization: `Bearer ${OPERATOR_KEY}` };
    const etag = (await fetch(room, { headers })).headers.get('ETag') ?? '';
    const closed = await fetch(`${room}/close`, { method: 'POST', headers: { ...headers, 'If-Match': etag } });
    expect(closed.status, await closed.text()).toBe(200);
    await expect.poll(async () => (await boardNow()).state).toBe('closed');
    const last = await boardNow();
    await fairgate.gateway.stop('SIGTERM');

    const disk = await opened(diskLocation(fairgate.dataDir));
    const target = await opened(redisLocation(redis.address));
    await expect(moveLedger('room:nowhere', disk, target)).rejects.toThrow('is not in');
    expect((await checkLedger(disk, 'room:demo')).faults).toEqual([]);
    for (const ledger of ['room:demo', 'directory']) {
      await moveLedger(ledger, disk, target);
      expect(await target.document(ledger)).toEqual(await disk.document(ledger));
      expect(await rowsOf(target, ledger)).toEqual(await rowsOf(disk, ledger));
      await expect(moveLedger(ledger, disk, target)).rejects.toThrow('already');
    }
    expect((await rowsOf(target, 'room:demo')).filter(({ table }) => table === 'session').length).toBeGreaterThan(3);

    // The store in Redis goes on with it, and it moves back to a disk that does not have it.
    const { store } = redisStore(redis.address);
    const { board } = await store.view('demo', { endingsAfter: 0, report: null });
    expect(board).toMatchObject({ epoch: last.epoch, issued: last.issued, called: last.called, state: 'closed' });
    mkdirSync(join(otherDir, 'rooms'));
    const back = await opened(diskLocation(otherDir));
    await moveLedger('room:demo', target, back);
    expect(await rowsOf(back, 'room:demo')).toEqual(await rowsOf(target, 'room:demo'));
  } finally {
    await fairgate.stop();
    rmSync(otherDir, { recursive: true, force: true });
  }
});

test('rows that an interrupted move left are removed by the next one', async () => {
  await using redis = await sharedRedis();
  let now = T0;
  const { store } = redisStore(redis.address, { clock: () => now });
  await store.apply('demo', [configure(settings())]);
  now += 1_000;
  await store.apply('demo', [joining('a', true), change({ kind: 'close' })]);
  const source = await opened(redisLocation(redis.address));
  const otherDir = mkdtempSync(join(tmpdir(), 'fairgate-moved-'));
  try {
    mkdirSync(join(otherDir, 'rooms'));
    const disk = await opened(diskLocation(otherDir));
    const [session] = await rowsOf(source, 'room:demo').then((rows) => rows.filter(({ table }) => table === 'session'));
    async function* interrupted() {
      for (let key = 2; key < 600; key++) yield { ...session, key } as Put;
      throw new Error('interrupted');
    }
    await expect(disk.fill('room:demo', interrupted(), {})).rejects.toThrow('interrupted');
    expect(await disk.document('room:demo')).toBeNull();
    await moveLedger('room:demo', source, disk);
    expect(await rowsOf(disk, 'room:demo')).toEqual(await rowsOf(source, 'room:demo'));
  } finally {
    for (const location of locations.splice(0)) await location.close();
    rmSync(otherDir, { recursive: true, force: true });
  }
});

test('an open room is not moved, and the check finds a wrong counter and a missing log', async () => {
  await using redis = await sharedRedis();
  const { store } = redisStore(redis.address, { clock: () => T0 + 1_000 });
  await store.apply('demo', [configure(settings())]);
  await store.apply('demo', [joining('a', true), joining('b', true)]);
  const location = await opened(redisLocation(redis.address));
  await expect(moveLedger('room:demo', location, location)).rejects.toThrow('is not closed');
  expect((await checkLedger(location, 'room:demo')).faults).toEqual([]);

  const key = 'fairgate:{room:demo}:record';
  const [text] = (await redis.server.command('HMGET', key, 'document')) as string[];
  const document = JSON.parse(text ?? '');
  await redis.server.command(
    'HSET',
    key,
    'document',
    JSON.stringify({ ...document, sessions: { ...document.sessions, active: 7 } }),
  );
  expect((await checkLedger(location, 'room:demo')).faults.join()).toContain('Invariant 6');
  await redis.server.command('HSET', key, 'document', JSON.stringify(document));
  await redis.server.command('DEL', 'fairgate:{room:demo}:audit');
  expect((await checkLedger(location, 'room:demo')).faults).toEqual([
    'The log ends with record 0, but the document names record 1 as the last.',
  ]);
});

test('the check warns of a Redis that may evict keys or has no append-only file', async () => {
  await using redis = await sharedRedis('--maxmemory-policy', 'allkeys-lru');
  const warnings = await (await opened(redisLocation(redis.address))).warnings();
  expect(warnings.join('\n')).toMatch(/allkeys-lru[\s\S]*append-only/);
});
