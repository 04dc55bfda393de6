// Desks inside workerd, on a real Redis: the conformance suite with real eviction, the same night as in memory, and what is
// their own, the combining of many visitors' wishes into few commits.

import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, inject, test } from 'vitest';
import { type Desk, deskClock } from '../../worker/store/desk.ts';
import { DeskStore } from '../../worker/store/desk-store.ts';
import { RedisLink } from '../../worker/store/redis-link.ts';
import { RedisDirectory } from '../../worker/store/redis-store.ts';
import { StoreTally, type Tallied } from '../../worker/store/store-tally.ts';
import { configure, join, settings, T0 } from '../core/rooms.ts';
import { conformance, type StoreUnderTest } from '../store/conformance.ts';
import { differential } from '../store/differential.ts';
import { clock, redis } from './main.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      DESK_OBJECTS: DurableObjectNamespace<Desk>;
    }
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    redis: { url: string; token: string };
  }
}

Object.assign(redis, inject('redis'));
const desks = env.DESK_OBJECTS;
const tallies = new Map<string, Tallied[]>();

function store(desk: number): DeskStore {
  const link = new RedisLink(redis);
  const options = { ...deskClock, link, tally: new StoreTally(), replicas: 0, clock: () => clock.now };
  const onTally = (room: string, tallied: Tallied) => tallies.set(room, [...(tallies.get(room) ?? []), tallied]);
  return new DeskStore({ desks, desk, directory: new RedisDirectory(options), onTally });
}

let current = store(0);
const start = (): StoreUnderTest => {
  const under: StoreUnderTest = {
    store: current,
    clock,
    reload: (room) => evictDurableObject(desks.get(desks.idFromName(`${room} 0`))),
    reloadDirectory: async () => {
      current = store(0);
      Object.assign(under, { store: current });
    },
  };
  return under;
};

conformance('desk', start);
differential('desk', start);

describe('a desk', () => {
  test('combines what its visitors ask meanwhile: many joins, few commits, and its sums are told once', async () => {
    clock.now = T0;
    const north = store(0);
    await north.apply('combined', [configure(settings())]);
    tallies.clear();
    await Promise.all(Array.from({ length: 200 }, (_, index) => north.apply('combined', [join(`${index}`)])));
    const told = tallies.get('combined') ?? [];
    const total = (of: (one: Tallied) => number) => told.reduce((sum, one) => sum + of(one), 0);
    expect(total(({ commands }) => commands)).toBe(200);
    expect(total(({ lists }) => lists)).toBeLessThanOrEqual(10);
    expect(total(({ roundTrips }) => roundTrips)).toBeLessThanOrEqual(20);
  });

  test('shares the room with other desks: two of them, each position once', async () => {
    clock.now = T0;
    const [north, south] = [store(0), store(1)];
    await north.apply('shared', [configure(settings())]);
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 ? north : south).apply('shared', [join(`${index}`)])),
    );
    const numbers = replies.map(([reply]) => (reply.kind === 'joined' ? reply.place.number : 0));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });
});
