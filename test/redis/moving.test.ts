// A closed room goes from local disk into Redis and back, and is checked in both: the same document, sessions, log, history.

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
import { startFairgate, TestVisitor } from '../running-gateway.ts';
import { redisStore } from './redis-stores.ts';

const places: LedgerLocation[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.close();
});

async function opened(place: LedgerLocation | Promise<LedgerLocation>): Promise<LedgerLocation> {
  places.push(await place);
  return place;
}

async function rowsOf(place: LedgerLocation, ledger: string): Promise<Put[]> {
  const rows: Put[] = [];
  for await (const row of place.rows(ledger)) rows.push(row);
  return rows.toSorted((a, b) => a.table.localeCompare(b.table) || a.key - b.key);
}

test('a closed room moves from local disk into Redis and back, whole; one that is there is not written over', async () => {
  await using redis = await sharedRedis();
  const closesAt = new Date(Date.now() + 8_000).toISOString();
  const fairgate = await startFairgate({ room: { schedule: { opensAt: '+0s', closesAt } } });
  const elsewhere = mkdtempSync(join(tmpdir(), 'fairgate-moved-'));
  try {
    const boardNow = async () => (await (await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`)).json()) as Board;
    await expect.poll(async () => (await boardNow()).state).toBe('open');
    const visitors = Array.from({ length: 12 }, () => new TestVisitor(fairgate.url));
    for (const visitor of visitors) await visitor.wish('join');
    const claimAll = async () => {
      for (const visitor of visitors) await visitor.wish('claim');
      return (await boardNow()).active;
    };
    await expect.poll(claimAll, { timeout: 10_000 }).toBeGreaterThan(3);
    await visitors[0]?.wish('leave');
    await expect.poll(async () => (await boardNow()).state, { timeout: 20_000 }).toBe('closed');
    const last = await boardNow();
    await fairgate.gateway.stop('SIGTERM');

    const disk = await opened(diskLocation(fairgate.dataDir));
    const memory = await opened(redisLocation(redis.address));
    await expect(moveLedger('room:nowhere', disk, memory)).rejects.toThrow('is not in');
    expect((await checkLedger(disk, 'room:demo')).faults).toEqual([]);
    for (const ledger of ['room:demo', 'directory']) {
      await moveLedger(ledger, disk, memory);
      expect(await memory.document(ledger)).toEqual(await disk.document(ledger));
      expect(await rowsOf(memory, ledger)).toEqual(await rowsOf(disk, ledger));
      await expect(moveLedger(ledger, disk, memory)).rejects.toThrow('already');
    }
    expect((await rowsOf(memory, 'room:demo')).filter(({ table }) => table === 'session').length).toBeGreaterThan(3);

    // The store in Redis goes on with it, and it goes back to a disk that has none.
    const { store } = redisStore(redis.address);
    const { board } = await store.view('demo', { endingsAfter: 0, report: null });
    expect(board).toMatchObject({ epoch: last.epoch, issued: last.issued, called: last.called, state: 'closed' });
    mkdirSync(join(elsewhere, 'rooms'));
    const back = await opened(diskLocation(elsewhere));
    await moveLedger('room:demo', memory, back);
    expect(await rowsOf(back, 'room:demo')).toEqual(await rowsOf(memory, 'room:demo'));
  } finally {
    await fairgate.stop();
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test('what a move left that was broken off is not taken for the room’s own', async () => {
  await using redis = await sharedRedis();
  let now = T0;
  const { store } = redisStore(redis.address, { clock: () => now });
  await store.apply('demo', [configure(settings())]);
  now += 1_000;
  await store.apply('demo', [joining('a', true), change({ kind: 'close' })]);
  const memory = await opened(redisLocation(redis.address));
  const elsewhere = mkdtempSync(join(tmpdir(), 'fairgate-moved-'));
  try {
    mkdirSync(join(elsewhere, 'rooms'));
    const disk = await opened(diskLocation(elsewhere));
    const [session] = await rowsOf(memory, 'room:demo').then((rows) => rows.filter(({ table }) => table === 'session'));
    async function* brokenOff() {
      for (let key = 2; key < 600; key++) yield { ...session, key } as Put;
      throw new Error('broken off');
    }
    await expect(disk.fill('room:demo', brokenOff(), {})).rejects.toThrow('broken off');
    expect(await disk.document('room:demo')).toBeNull();
    await moveLedger('room:demo', memory, disk);
    expect(await rowsOf(disk, 'room:demo')).toEqual(await rowsOf(memory, 'room:demo'));
  } finally {
    for (const place of places.splice(0)) await place.close();
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test('a room that is open stays where it is, and one that is not sound is found', async () => {
  await using redis = await sharedRedis();
  const { store } = redisStore(redis.address, { clock: () => T0 + 1_000 });
  await store.apply('demo', [configure(settings())]);
  await store.apply('demo', [joining('a', true), joining('b', true)]);
  const place = await opened(redisLocation(redis.address));
  await expect(moveLedger('room:demo', place, place)).rejects.toThrow('is not closed');
  expect((await checkLedger(place, 'room:demo')).faults).toEqual([]);

  const key = 'fairgate:{room:demo}:record';
  const [text] = (await redis.server.command('HMGET', key, 'document')) as string[];
  const document = JSON.parse(text ?? '');
  await redis.server.command(
    'HSET',
    key,
    'document',
    JSON.stringify({ ...document, sessions: { ...document.sessions, active: 7 } }),
  );
  expect((await checkLedger(place, 'room:demo')).faults.join()).toContain('Invariant 6');
  await redis.server.command('HSET', key, 'document', JSON.stringify(document));
  await redis.server.command('DEL', 'fairgate:{room:demo}:audit');
  expect((await checkLedger(place, 'room:demo')).faults).toEqual([
    'The log ends with record 0, but the document names record 1 as the last.',
  ]);
});

test('a Redis that may throw keys away or keeps nothing on disk is said to', async () => {
  await using redis = await sharedRedis('--maxmemory-policy', 'allkeys-lru');
  const warnings = await (await opened(redisLocation(redis.address))).warnings();
  expect(warnings.join('\n')).toMatch(/allkeys-lru[\s\S]*append-only/);
});
