// The Durable Object inside workerd: the conformance suite with real eviction, and what is its own, the combining of
// commands into few commits.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { DurableStore } from '../../worker/store/durable-objects/durable-store.ts';
import type { DirectoryObject, RoomObject } from '../../worker/store/durable-objects/room-object.ts';
import { configure, join, settings, T0 } from '../core/sample-rooms.ts';
import { conformance, type StoreUnderTest } from '../store/conformance.ts';
import { differential } from '../store/differential.ts';
import { clock } from './main.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      ROOM_OBJECTS: DurableObjectNamespace<RoomObject>;
      DIRECTORY_OBJECTS: DurableObjectNamespace<DirectoryObject>;
    }
  }
}

const rooms = env.ROOM_OBJECTS;
const store = new DurableStore(rooms, env.DIRECTORY_OBJECTS);
const stubOf = (room: string) => rooms.get(rooms.idFromName(room));

const directories = env.DIRECTORY_OBJECTS;

const start = (): StoreUnderTest => ({
  store,
  clock,
  reload: (room) => evictDurableObject(stubOf(room)),
  reloadDirectory: () => evictDurableObject(directories.get(directories.idFromName('directory'))),
});

conformance('durable object', start);
differential('durable object', start);

describe('the room object', () => {
  test('combines what arrives while a commit is under way: many joins, few commits', async () => {
    clock.now = T0;
    await store.apply('combining', [configure(settings())]);
    const joins = 200;
    const commits = await runInDurableObject(stubOf('combining'), async (object, { storage }) => {
      let count = 0;
      const sync = storage.sync.bind(storage);
      storage.sync = () => {
        count++;
        return sync();
      };
      await Promise.all(Array.from({ length: joins }, (_, index) => object.apply([join(`${index}`)])));
      return count;
    });
    expect((await store.view('combining', { endingsAfter: 0, report: null })).board.issued).toBe(joins);
    expect(commits).toBeLessThanOrEqual(2);
  });

  test('stores nothing for people who wait', async () => {
    clock.now = T0;
    await store.apply('waiting', [configure(settings({}, { opensInMs: 60_000 }))]);
    const sizeOf = () =>
      runInDurableObject(stubOf('waiting'), (_, { storage }) => {
        const [{ rows }] = storage.sql.exec<{ rows: number }>('SELECT count(*) AS rows FROM session').toArray() as [
          { rows: number },
        ];
        const [{ size }] = storage.sql
          .exec<{ size: number }>('SELECT length(json) AS size FROM document')
          .toArray() as [{ size: number }];
        return { rows, size };
      });
    for (let index = 0; index < 300; index++) await store.apply('waiting', [join(`${1_000 + index}`)]);
    const early = await sizeOf();
    for (let index = 0; index < 700; index++) await store.apply('waiting', [join(`${2_000 + index}`)]);
    const late = await sizeOf();
    expect(late.rows).toBe(0);
    expect(late.size - early.size).toBeLessThan(64);
  });
});
