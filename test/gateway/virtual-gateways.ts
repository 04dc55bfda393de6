// Gateways that lease numbers of one room, in virtual time: the real leases and relays over a room in memory that is some way off.

import type { Command, Reply } from '../../queue-core/command.ts';
import { Leases } from '../../worker/gate/leases.ts';
import { MemoryStore } from '../../worker/store/memory-store.ts';
import { RoomRelay } from '../../worker/store/relay/room-relay.ts';
import type { RoomPort } from '../../worker/store/room-port.ts';
import { requireDone, type StoreRefusal } from '../../worker/store/store-result.ts';
import { configure, settings, T0 } from '../core/sample-rooms.ts';

export const OPENS_IN_MS = 30_000;

/** Virtual time: what waits is woken in order, and nothing else happens meanwhile. */
export class VirtualTime {
  at = T0;
  /** What a gateway's clock shows beside the store's. */
  gatewayAheadMs = 0;
  #sleepers: { at: number; wake: () => void }[] = [];

  now = () => this.at + this.gatewayAheadMs;

  wait = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.#sleepers.push({ at: this.at + ms, wake });
    });

  async runUntil(end: number): Promise<void> {
    for (;;) {
      for (let turns = 0; turns < 20; turns++) await Promise.resolve();
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers[0];
      if (next === undefined || next.at > end) break;
      this.#sleepers.shift();
      this.at = Math.max(this.at, next.at);
      next.wake();
    }
    this.at = end;
  }
}

/**
 * @param latencyMs of one request, to a relay as to the room
 * @param relays between them; each gateway keeps to one
 */
export async function gatewaysOver(count: number, latencyMs: number, relays = 0) {
  const time = new VirtualTime();
  const store = new MemoryStore(() => Math.floor(time.at));
  await store.apply('demo', [configure({ ...settings({}, { opensInMs: OPENS_IN_MS }), room: 'demo' })]);
  const operations: string[] = [];
  const numbers: Record<string, number> = {};
  let fails = false;
  const far = async <T>(work: () => Promise<T>): Promise<T> => {
    await time.wait(latencyMs / 2);
    const result = await work();
    await time.wait(latencyMs / 2);
    return result;
  };
  const refusal: StoreRefusal = { kind: 'unavailable', message: 'the test made it fail' };
  const room: RoomPort = {
    apply: (commands) =>
      far(async () => {
        operations.push(...commands.map(({ kind }) => kind));
        if (fails) return refusal;
        return { kind: 'applied', replies: [...(await store.apply('demo', commands))] as Reply[] };
      }),
    view: (request) =>
      far(async () => {
        operations.push('view');
        if (fails) return refusal;
        return { kind: 'viewed', view: await store.view('demo', request) };
      }),
    rows: () => Promise.reject(new Error('no rows are read here')),
  };
  const ports: RoomPort[] = Array.from({ length: relays }, (_, index) => {
    const relay = new RoomRelay({ room, id: `relay-${index}`, stopwatch: time.now });
    return {
      apply: (commands) => far(() => relay.apply(commands)),
      view: (request) => far(() => relay.view(request)),
      rows: (table, page) => relay.rows(table, page),
    };
  });
  const metrics = {
    operation: <T>(_: string, work: Promise<T>) => work,
    count: (_: string, { fate = '' }: Record<string, string>, by = 1) => {
      numbers[fate] = (numbers[fate] ?? 0) + by;
    },
  };
  const gateways = Array.from({ length: count }, (_, index) => {
    const port = ports[index % Math.max(1, relays)] ?? room;
    const apply = async (name: string, commands: readonly Command[]) =>
      requireDone(await port.apply(commands), name).replies;
    return new Leases({ apply } as unknown as Pick<MemoryStore, 'apply'>, metrics, { now: time.now, wait: time.wait });
  });
  return {
    time,
    store,
    gateways,
    ports: relays === 0 ? [room] : ports,
    operations,
    numbers,
    fail: (now: boolean) => {
      fails = now;
    },
  };
}
