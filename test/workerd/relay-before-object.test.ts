// Relays inside workerd before the rooms' objects: the suites of every store, with eviction of relay and room, and what is their
// own: one read for all gateways, large blocks of numbers, and that a relay that ends loses nothing that was answered.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { DurableStore } from '../../worker/store/durable-objects/durable-store.ts';
import { ownObjects } from '../../worker/store/durable-objects/ledger-calls.ts';
import { RelayStore } from '../../worker/store/relay/relay-store.ts';
import { configure, lease, numbersOf, settings, T0 } from '../core/sample-rooms.ts';
import { conformance, type StoreUnderTest } from '../store/conformance.ts';
import { differential } from '../store/differential.ts';
import { refusesInvalidState } from '../store/invalid-state.ts';
import { clock } from './main.ts';
import { directoryStub, roomStub, stored } from './stored-in-objects.ts';

const relays = env.RELAY_OBJECTS;
const direct = new DurableStore(ownObjects(env));

/** A gateway that keeps to this relay of two. */
function store(relay: number): RelayStore {
  return new RelayStore({
    relays,
    count: 2,
    random: relay / 2,
    stopwatch: () => Date.now(),
    directory: direct.directory,
    onCounts: () => {},
  });
}

const relayStub = (room: string, relay = 0) => relays.get(relays.idFromName(`${room} ${relay}`));

const start = (): StoreUnderTest => ({
  store: store(0),
  clock,
  stored,
  reload: async (room) => {
    await evictDurableObject(relayStub(room));
    await evictDurableObject(roomStub(room));
  },
  reloadDirectory: () => evictDurableObject(directoryStub()),
});

conformance('relay before an object', start);
differential('relay before an object', start);
refusesInvalidState('relay before an object', start);

describe('a relay before an object', () => {
  test('numbers that two relays hand out to eight gateways are each given once, also where relays end in the middle', async () => {
    clock.now = T0;
    await direct.apply('rush', [configure(settings({}, { opensInMs: 60_000 }))]);
    const gateways = [0, 1, 0, 1, 0, 1, 0, 1].map(store);
    const given: number[] = [];
    for (let round = 0; round < 30; round++) {
      clock.now += 100;
      const asked = gateways.map((gateway, index) =>
        gateway.apply('rush', [{ kind: 'lease', count: 1 + index, ahead: 9 }]),
      );
      for (const [reply] of await Promise.all(asked)) given.push(...numbersOf(reply));
      if (round % 7 === 6) await evictDurableObject(relayStub('rush', round % 2));
    }
    expect(given.length).toBeGreaterThan(30 * 36);
    expect(new Set(given).size).toBe(given.length);
    const { entries } = (await direct.view('rush', { endingsAfter: 0, report: null })).board;
    expect(Math.max(...given)).toBeLessThanOrEqual(entries);
  });

  test('a relay that ends while gateways wait for it: they get their numbers from another one', async () => {
    clock.now = T0;
    await direct.apply('ends', [configure(settings({}, { opensInMs: 60_000 }))]);
    const gateway = store(0);
    const numbers: number[] = [];
    for (let round = 0; round < 5; round++) {
      const asked = Array.from({ length: 20 }, () => gateway.apply('ends', [lease(1)]));
      await runInDurableObject(relayStub('ends', 0), (_, state) => state.abort('the test ends it')).catch(() => {});
      for (const [reply] of await Promise.all(asked)) numbers.push(...numbersOf(reply));
    }
    expect(numbers).toHaveLength(100);
    expect(new Set(numbers).size).toBe(100);
  });
});
