// A backup of rooms in Redis while commits go on: what is in the file is one moment of each room, whatever was written after its document
// was read, and it is restored into either store.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backUp } from '../../scripts/backup.ts';
import { checkLedger } from '../../scripts/check-room.ts';
import { sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { diskLocation, redisLocation } from '../../scripts/lib/stored-ledgers.ts';
import { restore } from '../../scripts/restore.ts';
import { join as joining } from '../core/sample-rooms.ts';
import { startFairgate, TestVisitor } from '../running-gateway.ts';
import { redisStore } from './redis-stores.ts';

const envOf = ({ url, token }: { url: string; token: string }, dataDir: string) => ({
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: token,
  DATA_DIR: dataDir,
});

test('a backup during a rush holds one moment of the room, and restores into another Redis and onto a disk', async () => {
  await using redis = await sharedRedis();
  await using other = await sharedRedis();
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-redis-backup-'));
  const fairgate = await startFairgate({
    redis: redis.address,
    room: { policy: { newUsersPerMinute: 60_000, totalActiveUsers: 1_000, sessionMinutes: 5 } },
  });
  try {
    const visitors = Array.from({ length: 20 }, () => new TestVisitor(fairgate.url));
    for (const visitor of visitors) await visitor.act('join');
    let isRushing = true;
    const rush = (async () => {
      for (let count = 0; isRushing; count++) {
        const visitor = new TestVisitor(fairgate.url);
        await visitor.act('join');
        await visitors[count % visitors.length]?.act('claim');
      }
    })();
    const file = join(folder, 'one.backup');
    await backUp({ to: file, store: undefined }, envOf(redis.address, folder));
    isRushing = false;
    await rush;

    const dataDir = join(folder, 'disk');
    const given = { from: file, store: 'durable', drawAgain: false };
    const told = await restore(given, { DATA_DIR: dataDir });
    expect(told.filter((sentence) => /Invariant|not complete/.test(sentence))).toEqual([]);
    const disk = await diskLocation(dataDir);
    expect((await checkLedger(disk, 'room:demo')).summary).toMatch(/open, epoch \d+/);
    await disk.close();

    const again = { from: file, store: 'redis', drawAgain: false };
    await restore(again, envOf(other.address, folder));
    const target = redisLocation(other.address);
    expect((await checkLedger(target, 'room:demo')).faults).toEqual([]);
    await expect(restore(again, envOf(other.address, folder))).rejects.toThrow('already');
    // The room goes on from there, and gives nothing yet.
    const { store } = redisStore(other.address);
    const [reply] = await store.apply('demo', [joining('newcomer')]).catch((error: unknown) => [String(error)]);
    expect(String(reply)).toContain('recovering');
  } finally {
    await fairgate.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
