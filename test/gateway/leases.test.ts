// Numbers that a gateway gives out by itself: order of arrival, one number for each visitor, few operations, and every leased
// number accounted for.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Command, Place } from '../../queue-core/command.ts';
import { ENTRY_LEASE_MS, POSITION_LEASE_MS } from '../../queue-core/limits.ts';
import { Leases, LOOK_AGAIN_MS_MAX } from '../../worker/gate/leases.ts';
import { type GivenPlace, RecentJoins } from '../../worker/gate/recent-joins.ts';
import type { RoomPort } from '../../worker/store/room-port.ts';
import type { RoomStore } from '../../worker/store/room-store.ts';
import type { Clock } from '../../worker/store/steady-clock.ts';
import { requireDone } from '../../worker/store/store-result.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { T0 } from '../core/sample-rooms.ts';
import {
  type InProcessGateway,
  InProcessVisitor,
  ManualClock,
  NOON,
  placesGiven,
  startInProcess,
} from './in-process.ts';
import { gatewaysOver, OPENS_IN_MS, VirtualTime } from './virtual-gateways.ts';
import { AS_JSON } from './visitor-client.ts';

interface Given {
  gateway: number;
  arrivedAt: number;
  answeredAt: number;
  place: Place;
}

/** A gateway over the port that it keeps to at the moment. */
function leasesOver(portOf: () => RoomPort, clock: Clock): Leases {
  const apply = async (room: string, commands: readonly Command[]) =>
    requireDone(await portOf().apply(commands), room).replies;
  const metrics = { operation: <T>(_: string, work: Promise<T>) => work, count: () => {} };
  return new Leases({ apply } as unknown as Pick<RoomStore, 'apply'>, metrics, clock);
}

describe('leased numbers', () => {
  const arrivals = fc.array(
    fc.record({
      gateway: fc.nat(2),
      afterMs: fc.oneof(
        { weight: 6, arbitrary: fc.nat(3) },
        { weight: 2, arbitrary: fc.nat(40) },
        { weight: 1, arbitrary: fc.integer({ min: 200, max: 3_000 }) },
      ),
    }),
    { minLength: 1, maxLength: 400, size: 'max' },
  );

  /** Longer than a lease of positions lives, too. Two such ways after each other, twice, take as long as a visitor waits. */
  const latency = (relays: number) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }) },
      { weight: 1, arbitrary: fc.integer({ min: 200, max: relays === 0 ? 400 : 260 }) },
    );

  const moments = [
    { when: 'before the opening', startAt: T0, bound: ENTRY_LEASE_MS },
    { when: 'after the opening', startAt: T0 + OPENS_IN_MS, bound: POSITION_LEASE_MS },
    { when: 'across the opening', startAt: T0 + OPENS_IN_MS - 1_000, bound: null },
  ];

  it.each(
    moments.flatMap((moment) => [
      { ...moment, relays: 0, way: 'straight to the room' },
      { ...moment, relays: 2, way: 'through two relays' },
    ]),
  )(
    '$when, $way: each arrival gets one number of its own, in order within a gateway',
    async ({ startAt, bound, relays }) => {
      await fc.assert(
        fc.asyncProperty(arrivals, latency(relays), async (planned, latencyMs) => {
          const { time, gateways, numbers } = await gatewaysOver(3, latencyMs, relays);
          // The lease that was asked for before may be too small, or over with the opening: then another one, after a pause.
          const wayMs = (relays === 0 ? 3 : 6) * latencyMs + LOOK_AGAIN_MS_MAX;
          await time.runUntil(startAt);
          const given: Given[] = [];
          const asked: Promise<void>[] = [];
          for (const { gateway, afterMs } of planned) {
            await time.runUntil(time.at + afterMs);
            const arrivedAt = time.at;
            const opensInMs = T0 + OPENS_IN_MS - arrivedAt;
            asked.push(
              (gateways[gateway] as Leases)
                .take('demo', { epoch: 1, opensInMs }, () => {})
                .then((reply) => {
                  const { place } = reply as GivenPlace;
                  given.push({ gateway, arrivedAt, answeredAt: time.at, place });
                }),
            );
          }
          await time.runUntil(time.at + 10_000);
          await Promise.all(asked);
          const all = given.map(({ place }) => place.number);
          expect(new Set(all).size).toBe(planned.length);
          for (const { place, answeredAt } of given) {
            // None is given out after the opening, by the store's time.
            if (place.kind === 'entry') expect(answeredAt).toBeLessThan(T0 + OPENS_IN_MS + wayMs + LOOK_AGAIN_MS_MAX);
          }
          const positions = given.filter(({ place }) => place.kind === 'position');
          for (const a of positions) {
            for (const b of positions) {
              if (a.place.number < b.place.number || a.arrivedAt >= b.arrivedAt) continue;
              // `a` came first and stands behind: at another gateway, within the life of a lease and the way to the store.
              expect(a.gateway).not.toBe(b.gateway);
              expect(b.arrivedAt - a.arrivedAt).toBeLessThanOrEqual(POSITION_LEASE_MS + wayMs);
            }
          }
          const { leased = 0, returned = 0, void: lost = 0 } = numbers;
          expect(numbers['given']).toBe(planned.length);
          expect(leased).toBeGreaterThanOrEqual(planned.length + returned + lost);
          if (bound === POSITION_LEASE_MS) expect(returned).toBe(0);
        }),
        { numRuns: 60, endOnFailure: true },
      );
    },
  );

  it('3,000 arrivals in three seconds take few operations, before the opening and while others wait', async () => {
    for (const startAt of [T0, T0 + OPENS_IN_MS]) {
      const { time, gateways, operations, numbers } = await gatewaysOver(1, 5);
      await time.runUntil(startAt);
      const asked: Promise<unknown>[] = [];
      for (let index = 0; index < 3_000; index++) {
        await time.runUntil(time.at + 1);
        asked.push((gateways[0] as Leases).take('demo', { epoch: 1, opensInMs: T0 + OPENS_IN_MS - time.at }, () => {}));
      }
      await time.runUntil(time.at + 1_000);
      await Promise.all(asked);
      expect(operations.length).toBeLessThan(60);
      expect(numbers['void'] ?? 0).toBeLessThan(300);
    }
  });

  it('while nobody waits each visitor enters by an operation of their own, but not a crowd at once at many gateways', async () => {
    for (const [among, alone] of [
      [1, 64],
      [20, 25],
      [500, 4],
    ] as const) {
      const { time, gateways } = await gatewaysOver(1, 20);
      const [gateway] = gateways as [Leases];
      await time.runUntil(T0 + OPENS_IN_MS);
      let entered = 0;
      const enter = async () => {
        entered++;
        await time.wait(20);
        return { kind: 'refused', reason: 'closed' } as const;
      };
      const at = { passes: true, gateways: among, epoch: 1, opensInMs: 0 };
      const crowd = Array.from({ length: 100 }, () => gateway.join('demo', at, enter, () => {}));
      await time.runUntil(time.at + 500);
      await Promise.all(crowd);
      expect(entered).toBe(alone);
      // Requests that were given up never say that they are over, and count for no longer than one can take.
      for (let index = 0; index < 64; index++)
        void gateway.join(
          'demo',
          at,
          () => new Promise(() => {}),
          () => {},
        );
      await time.runUntil(time.at + 4_000);
      const next = gateway.join('demo', at, enter, () => {});
      await time.runUntil(time.at + 100);
      await next;
      expect(entered).toBe(alone + 1);
    }
  });

  it('a store that does not answer refuses those who wait, and gives places again when it does', async () => {
    const { time, gateways, fail } = await gatewaysOver(1, 20);
    const [gateway] = gateways as [Leases];
    fail(true);
    const asked = Array.from({ length: 20 }, () =>
      gateway.take('demo', { epoch: 1, opensInMs: OPENS_IN_MS }, () => {}),
    );
    const results = Promise.allSettled(asked);
    await time.runUntil(time.at + 10_000);
    expect(new Set((await results).map(({ status }) => status))).toEqual(new Set(['rejected']));
    fail(false);
    const again = gateway.take('demo', { epoch: 1, opensInMs: OPENS_IN_MS }, () => {});
    await time.runUntil(time.at + 1_000);
    expect(await again).toMatchObject({ place: { kind: 'entry', number: 1 } });
  });

  it.each([0, 1])(
    'are given to nobody after the clock was set back, which would let them live on (%i relays)',
    async (relays) => {
      const { time, gateways } = await gatewaysOver(1, 0, relays);
      const [gateway] = gateways as [Leases];
      const ask = async () => {
        const asked = gateway.take('demo', { epoch: 1, opensInMs: OPENS_IN_MS }, () => {});
        await time.runUntil(time.at + 20);
        return asked;
      };
      await time.runUntil(time.at + OPENS_IN_MS - 700);
      for (let times = 0; times < 33; times++) expect(await ask()).toMatchObject({ place: { kind: 'entry' } });
      time.gatewayAheadMs = -3_600_000;
      await time.runUntil(time.at + 1_000);
      for (let times = 0; times < 9; times++) expect(await ask()).toMatchObject({ place: { kind: 'position' } });
    },
  );

  it.each([0, 1])(
    'are given to nobody after the clock was set back by less than they have lived (%i relays)',
    async (relays) => {
      for (const setBackMs of [300, 700, 1_200]) {
        const { time, gateways } = await gatewaysOver(1, 0, relays);
        const [gateway] = gateways as [Leases];
        const ask = async () => {
          const asked = gateway.take('demo', { epoch: 1, opensInMs: OPENS_IN_MS }, () => {});
          await time.runUntil(time.at + 20);
          return asked;
        };
        await time.runUntil(T0 + OPENS_IN_MS - 1_700);
        for (let times = 0; times < 79; times++) await ask();
        expect(time.at).toBe(T0 + OPENS_IN_MS - 120);
        time.gatewayAheadMs = -setBackMs;
        await time.runUntil(T0 + OPENS_IN_MS);
        for (let times = 0; times < 9; times++) expect(await ask()).toMatchObject({ place: { kind: 'position' } });
      }
    },
  );

  it('of a room that has opened, by the view or by the next lease, are no entries, however slow the clock', async () => {
    const { time, gateways } = await gatewaysOver(1, 0);
    const [gateway] = gateways as [Leases];
    const ask = async (opensInMs: number) => {
      const asked = gateway.take('demo', { epoch: 1, opensInMs }, () => {});
      await time.runUntil(time.at + 20);
      return asked;
    };
    await time.runUntil(T0 + OPENS_IN_MS - 1_000);
    for (let times = 0; times < 40; times++) await ask(OPENS_IN_MS);
    const stoodAt = time.at;
    await time.runUntil(T0 + OPENS_IN_MS + 1_000);
    time.gatewayAheadMs = stoodAt - time.at;
    for (let times = 0; times < 9; times++) expect(await ask(0)).toMatchObject({ place: { kind: 'position' } });
  });

  it('are not leased for requests that were given up long ago while the store did not answer', async () => {
    const { time, ports, fail, store } = await gatewaysOver(0, 20);
    let isEnding = true;
    // Their client is gone, and the runtime ends them: they never go on after a pause.
    const wait = (ms: number) => (isEnding ? new Promise<void>(() => {}) : time.wait(ms));
    const gateway = leasesOver(() => ports[0] as RoomPort, { now: time.now, wait });
    fail(true);
    for (let times = 0; times < 500; times++)
      gateway.take('demo', { epoch: 1, opensInMs: OPENS_IN_MS }, () => {}).catch(() => {});
    await time.runUntil(time.at + 10_000);
    isEnding = false;
    fail(false);
    const asked = gateway.take('demo', { epoch: 1, opensInMs: OPENS_IN_MS }, () => {});
    await time.runUntil(time.at + 1_000);
    expect(await asked).toMatchObject({ place: { kind: 'entry', number: 1 } });
    expect((await store.view('demo', { endingsAfter: 0, report: null })).board.entries).toBeLessThan(10);
  });

  it('a gateway that goes on to another relay gives no position below one that it has given', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ afterMs: fc.nat(30), relay: fc.nat(1), others: fc.nat(3) }), {
          minLength: 20,
          maxLength: 120,
        }),
        fc.integer({ min: 0, max: 40 }),
        async (steps, latencyMs) => {
          const { time, ports } = await gatewaysOver(0, latencyMs, 2);
          await time.runUntil(T0 + OPENS_IN_MS);
          let relay = 0;
          const over = (portOf: () => number) => leasesOver(() => ports[portOf()] as RoomPort, time);
          const at = { epoch: 1, opensInMs: 0 };
          // Gateways that keep to one relay make it lease blocks in advance.
          const [changing, ...keeping] = [over(() => relay), over(() => 0), over(() => 1)];
          const given: Promise<number>[] = [];
          for (const step of steps) {
            await time.runUntil(time.at + step.afterMs);
            relay = step.relay;
            for (let index = 0; index < 2 * step.others; index++)
              void keeping[index % 2]?.take('demo', at, () => {}).catch(() => {});
            const asked = changing?.take('demo', at, () => {}) ?? Promise.reject();
            given.push(asked.then((reply) => (reply as GivenPlace).place.number));
          }
          await time.runUntil(time.at + 5_000);
          const numbers = await Promise.all(given);
          expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('of another epoch are given to nobody', async () => {
    const { time, gateways } = await gatewaysOver(1, 0);
    const [gateway] = gateways as [Leases];
    const ask = async (epoch: number) => {
      const asked = gateway.take('demo', { epoch, opensInMs: OPENS_IN_MS }, () => {});
      await time.runUntil(time.at + 100);
      return asked;
    };
    for (let times = 0; times < 30; times++) void ask(1);
    await time.runUntil(time.at + 100);
    // The room has not changed: what is asked for now comes from the room, of its own epoch.
    expect(await ask(2)).toMatchObject({ epoch: 1 });
  });
});

describe('joins at a gateway', () => {
  let keys: SigningKeys;
  beforeAll(async () => {
    keys = { keys: [await newSigningKey(0)] };
  });

  const join = async (gateway: InProcessGateway, key?: string) => {
    const headers = { ...AS_JSON, ...(key === undefined ? {} : { 'Idempotency-Key': key }) };
    const response = await gateway.request('/_fairgate/rooms/demo/join', { method: 'POST', headers });
    return (await response.json()) as { status: { entry: number; position: number }; queueToken: string };
  };
  const placeIn = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

  it('before the opening: each visitor has an entry of their own, and few ask the store', async () => {
    const gateway = await startInProcess({
      keys,
      room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } },
    });
    const tokens = await Promise.all(Array.from({ length: 500 }, () => join(gateway)));
    const entries = tokens.map(({ queueToken }) => placeIn(queueToken).entry);
    expect(new Set(entries).size).toBe(500);
    expect(gateway.store.applied.filter((kind) => kind === 'join')).toEqual([]);
    expect(gateway.store.applied.filter((kind) => kind === 'lease').length).toBeLessThan(50);
  });

  it('a repeated join gets the same place while the gateway remembers it, and its session if it had one', async () => {
    const gateway = await startInProcess({ keys });
    const key = 'a-key-of-one-join-0123456789';
    const [first, second] = [await join(gateway, key), await join(gateway, key)];
    expect(placeIn(second.queueToken).position).toBe(placeIn(first.queueToken).position);
    expect(gateway.store.applied.filter((kind) => kind === 'join')).toHaveLength(1);
    const visitor = new InProcessVisitor(gateway);
    await visitor.page();
    expect((await (await visitor.act('join')).json()).outcome).toBe('admitted');
  });

  it('sent many times at once with one key is one place', async () => {
    const gateway = await startInProcess({
      keys,
      room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } },
    });
    // The first one signs with the machine's time, and the others wait no virtual time meanwhile.
    gateway.clock.wait = () => new Promise((resolve) => setImmediate(resolve));
    const joined = await Promise.all(Array.from({ length: 4 }, () => join(gateway, 'one-key-0123456789-abcdefg')));
    expect(new Set(joined.map(({ queueToken }) => placeIn(queueToken).entry))).toEqual(new Set([1]));
    expect(placesGiven(gateway)).toBe(1);
  });

  it('named by one key wait for the first of them; where it got no place, for the next', async () => {
    const time = new VirtualTime();
    const joins = new RecentJoins(time);
    const given = { epoch: 1, place: { kind: 'entry', number: 7 }, commitment: '', admitted: false } as const;
    const found = Array.from({ length: 16 }, () => joins.find('key', 1));
    await time.runUntil(time.at + 500);
    expect(await found[0]).toBeNull();
    joins.forget('key');
    await time.runUntil(time.at + 500);
    expect(await found[1]).toBeNull();
    joins.remember('key', given);
    await time.runUntil(time.at + 500);
    expect(await Promise.all(found.slice(2))).toEqual(Array(14).fill(given));
  });

  it('remembers the latest joins, as many as come while a client waits for its answer', async () => {
    const joins = new RecentJoins(new ManualClock());
    const given = { epoch: 1, place: { kind: 'entry', number: 1 }, commitment: '', admitted: false } as const;
    for (let index = 0; index < 40_000; index++) joins.remember(`${index}`, given);
    expect([await joins.find('0', 1), await joins.find('39999', 1), await joins.find('39999', 2)]).toEqual([
      null,
      given,
      null,
    ]);
  });
});
