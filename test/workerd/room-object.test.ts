// The Durable Objects inside workerd: the suites of every store, with real eviction, and what is their own: group commit, and
// staying alive on a document that cannot be read.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, inject, test, vi } from 'vitest';
import { DurableStore } from '../../worker/store/durable-objects/durable-store.ts';
import { ownObjects } from '../../worker/store/durable-objects/ledger-calls.ts';
import { TABLES } from '../../worker/store/ledgers.ts';
import { configure, join, settings, T0 } from '../core/sample-rooms.ts';
import { conformance, type StoreUnderTest } from '../store/conformance.ts';
import { differential } from '../store/differential.ts';
import { refusesInvalidState } from '../store/invalid-state.ts';
import { opensSchema0, type Schema0 } from '../store/schema-0-suite.ts';
import { fill } from '../store/stored-text.ts';
import { clock } from './main.ts';
import { directoryStub, roomStub, sql, stored } from './stored-in-objects.ts';

declare module 'vitest' {
  interface ProvidedContext {
    schema0: Schema0;
  }
}

const store = new DurableStore(ownObjects(env));

const start = (): StoreUnderTest => ({
  store,
  clock,
  stored,
  reload: (room) => evictDurableObject(roomStub(room)),
  reloadDirectory: () => evictDurableObject(directoryStub()),
});

conformance('durable object', start);
differential('durable object', start);
refusesInvalidState('durable object', start);

const fixture = inject('schema0');
opensSchema0('durable object', fixture, async () => {
  for (const [ledger, content] of Object.entries(fixture.ledgers)) {
    // There is one directory, and other tests have filled it.
    for (const table of TABLES) await sql(ledger, `DELETE FROM ${table}`);
    await fill(stored, ledger, content);
  }
  for (const room of ['demo', 'later']) await evictDurableObject(roomStub(room));
  await evictDurableObject(directoryStub());
  return start();
});

describe('the room object', () => {
  test('commits 200 concurrent joins in at most two transactions', async () => {
    clock.now = T0;
    await store.apply('grouped', [configure(settings())]);
    const joins = 200;
    const commits = await runInDurableObject(roomStub('grouped'), async (object, { storage }) => {
      let count = 0;
      const sync = storage.sync.bind(storage);
      storage.sync = () => {
        count++;
        return sync();
      };
      await Promise.all(Array.from({ length: joins }, (_, index) => object.apply([join(`${index}`)])));
      return count;
    });
    expect((await store.view('grouped', { endingsAfter: 0, report: null })).board.issued).toBe(joins);
    expect(commits).toBeLessThanOrEqual(2);
  });

  test('answers on after a document that it could not read, without being restarted', async () => {
    clock.now = T0;
    const room = 'unreadable';
    await store.apply(room, [configure(settings())]);
    const sound = (await stored.document(`room:${room}`)) ?? '';
    await stored.setDocument(`room:${room}`, '{');
    await evictDurableObject(roomStub(room));
    const calls = () =>
      runInDurableObject(roomStub(room), async (object) => {
        const [applied, viewed] = [
          await object.apply([join('a')]),
          await object.view({ endingsAfter: 0, report: null }),
        ];
        return { kinds: [applied.kind, viewed.kind], object };
      });
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const refused = [await calls(), await calls()];
    expect(refused.map(({ kinds }) => kinds)).toEqual([
      ['invalid', 'invalid'],
      ['invalid', 'invalid'],
    ]);
    expect(await stored.document(`room:${room}`)).toBe('{');
    await stored.setDocument(`room:${room}`, sound);
    const sounded = await calls();
    expect(sounded.kinds).toEqual(['applied', 'viewed']);
    // The same instance: it was never aborted.
    expect(sounded.object === refused[0]?.object).toBe(true);
  });

  test('stores nothing for waiting visitors', async () => {
    clock.now = T0;
    await store.apply('waiting', [configure(settings({}, { opensInMs: 60_000 }))]);
    const sizeOf = () =>
      runInDurableObject(roomStub('waiting'), (_, { storage }) => {
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
