// A change that a room says is in force everywhere: no gateway answers from before it any more, and a session that ended early is
// refused everywhere within 3 s. Through relays, whichever of them a gateway asks, and however long the room takes.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Background } from '../../worker/http/request-env.ts';
import type { RoomConfig } from '../../worker/settings.ts';
import { STORE_MS_MAX } from '../../worker/store/deadline.ts';
import type { RoomPort } from '../../worker/store/room-port.ts';
import { type RoomStore, StoreUnavailable } from '../../worker/store/room-store.ts';
import { requireDone } from '../../worker/store/store-result.ts';
import { Observations } from '../../worker/views/observations.ts';
import { NO_DRAWS, RoomViews } from '../../worker/views/room-views.ts';
import { change, T0 } from '../core/sample-rooms.ts';
import { gatewaysOver, OPENS_IN_MS, type VirtualTime } from './virtual-gateways.ts';

const ROOM = { id: 'demo' } as RoomConfig;
const NOTHING: Background = () => {};

/** Refused everywhere within this; what is in force everywhere is so from when the room says it. */
const REFUSED_WITHIN_MS = 3_000;

/** A gateway's reads of the room, through the relay that it keeps to at the moment. */
class Reader {
  relay = 0;
  readonly views: RoomViews;

  constructor(ports: readonly RoomPort[], name: string, time: VirtualTime) {
    const store = {
      view: async (room: string, request: Parameters<RoomPort['view']>[0]) =>
        requireDone(
          await Promise.race([
            (ports[this.relay] as RoomPort).view(request),
            time.wait(STORE_MS_MAX).then(() => Promise.reject(new StoreUnavailable('late'))),
          ]),
          room,
        ).view,
    } as unknown as RoomStore;
    this.views = new RoomViews(store, async () => {}, NO_DRAWS, new Observations(), name, time);
  }

  async read() {
    return (await this.views.read(ROOM, NOTHING))?.view ?? null;
  }
}

/** So few that they often change their relay between two reads of it. */
const GATEWAYS = 2;

const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 90 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 400 }) },
    ),
    gateway: fc.nat(GATEWAYS - 1),
    relay: fc.nat(1),
    /** After a change of its own a gateway reads again at once. */
    isInvalidated: fc.boolean(),
  }),
  { minLength: 10, maxLength: 60 },
);

const latency = fc.oneof({ weight: 4, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(900) });

it.each([0, 2])('no gateway answers from before a change that is in force everywhere (%i relays)', async (relays) => {
  let inForce = 0;
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(9), latency, async (wanted, changedBefore, latencyMs) => {
      const { time, store, ports } = await gatewaysOver(0, latencyMs, relays);
      await time.runUntil(T0 + OPENS_IN_MS);
      const gateways = Array.from({ length: GATEWAYS }, (_, index) => new Reader(ports, `gateway-${index}`, time));
      const live = async () => (await store.view('demo', { endingsAfter: 0, report: null })).live;
      const reads: Promise<void>[] = [];
      for (const [index, { afterMs, gateway, relay, isInvalidated }] of wanted.entries()) {
        await time.runUntil(time.at + afterMs);
        if (index === changedBefore)
          await store.apply('demo', [change({ kind: 'setMessage', text: { ko: '곧', en: 'soon' } })]);
        const reader = gateways[gateway] as Reader;
        reader.relay = Math.min(relay, Math.max(0, relays - 1));
        if (isInvalidated) reader.views.invalidate(ROOM);
        const known = await live();
        if (known.inForceAt !== null && index > changedBefore) inForce++;
        reads.push(
          reader.read().then((view) => {
            if (known.inForceAt === null) return;
            expect(view?.live.version).toBeGreaterThanOrEqual(known.version);
          }),
        );
      }
      await time.runUntil(time.at + 10_000);
      await Promise.all(reads);
    }),
    { numRuns: 1_500, endOnFailure: true },
  );
  expect(inForce).toBeGreaterThan(1_000);
});

it.each([0, 2])(
  'a session that ended is refused everywhere within 3 s, however long a read takes (%i relays)',
  async (relays) => {
    const log = console.error;
    console.error = () => {};
    try {
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.nat(9),
          fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1_000, max: 1_450 }), fc.constant(2_900)),
          async (wanted, endedBefore, latencyMs) => {
            // Of the way to the room alone: relays are near their gateways.
            const { time, store, ports } = await gatewaysOver(0, relays === 0 ? latencyMs : latencyMs / 2, relays);
            await time.runUntil(T0 + OPENS_IN_MS);
            const [joined] = await store.apply('demo', [
              { kind: 'join', visitor: 'visitor', sid: 'session', provisional: false },
            ]);
            const position = joined.kind === 'joined' ? joined.place.number : 0;
            const gateways = Array.from(
              { length: GATEWAYS },
              (_, index) => new Reader(ports, `gateway-${index}`, time),
            );
            let endedAt = Number.POSITIVE_INFINITY;
            const reads: Promise<void>[] = [];
            for (const [index, { afterMs, gateway, relay }] of wanted.entries()) {
              await time.runUntil(time.at + afterMs);
              if (index === endedBefore) {
                await store.apply('demo', [{ kind: 'end', epoch: 1, position, visitor: 'visitor', reason: 'left' }]);
                endedAt = time.at;
              }
              const reader = gateways[gateway] as Reader;
              reader.relay = Math.min(relay, Math.max(0, relays - 1));
              reads.push(
                reader.views.read(ROOM, NOTHING).then((snapshot) => {
                  // Where the store does not answer, nobody can know; the gateway says so.
                  if (snapshot === null || snapshot.unreachable || time.at - endedAt < REFUSED_WITHIN_MS) return;
                  expect(snapshot.endings.has('session'), `${time.at - endedAt} ms after the end`).toBe(true);
                }),
              );
            }
            await time.runUntil(time.at + 20_000);
            await Promise.all(reads);
          },
        ),
        { numRuns: 150, endOnFailure: true },
      );
    } finally {
      console.error = log;
    }
  },
);
