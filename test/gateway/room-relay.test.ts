// What a relay does for its gateways, in virtual time: one read for all, reports added up, large blocks of numbers; and what it
// never does: show an older view after a change or after the opening.

import { describe, expect, it } from 'vitest';
import type { RoomView } from '../../queue-core/board.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import type { RoomPort } from '../../worker/store/room-port.ts';
import { change, T0 } from '../core/sample-rooms.ts';
import { gatewaysOver, OPENS_IN_MS } from './virtual-gateways.ts';

const LATENCY_MS = 20;

/** A read, with how long ago the room was read for it at the moment when it arrives. */
async function viewThrough(
  port: RoomPort,
  { endingsAfter = 0, report = null as Report | null } = {},
): Promise<RoomView> {
  const result = await port.view({ endingsAfter, report });
  if (result.kind !== 'viewed') throw new Error(JSON.stringify(result));
  return result.view;
}

type Report = NonNullable<Parameters<RoomPort['view']>[0]['report']>;

function report(gateway: string, seq: number, version: number, refused = 1): Report {
  return {
    kind: 'report',
    gateway,
    seq,
    version,
    observed: { ...NOTHING_OBSERVED, refused: { noAdmission: refused } },
  };
}

async function relayOver(relays = 1) {
  const over = await gatewaysOver(relays, LATENCY_MS, relays);
  const [port] = over.ports as [RoomPort];
  const during = async <T>(asked: Promise<T>): Promise<T> => {
    let done = false;
    void asked.finally(() => {
      done = true;
    });
    for (let turns = 0; !done && turns < 1_000; turns++) await over.time.runUntil(over.time.at + 1);
    return asked;
  };
  return { ...over, port, during };
}

describe('a relay', () => {
  it('reads the room at most twice a second, however many gateways read; what they get is never too old', async () => {
    const { time, port, operations } = await relayOver();
    const ages: number[] = [];
    const asked: Promise<void>[] = [];
    const read = async () => {
      const sentAt = time.at;
      const { relayed, at } = await viewThrough(port);
      ages.push(time.at - sentAt + (relayed?.ageMs ?? 0));
      // The clock that a gateway takes from it is never ahead of the store's.
      expect(at + (relayed?.heldMs ?? 0)).toBeLessThanOrEqual(time.at);
    };
    for (let elapsed = 0; elapsed < 10_000; elapsed += 10) {
      await time.runUntil(T0 + elapsed);
      asked.push(read());
    }
    await time.runUntil(time.at + 1_000);
    await Promise.all(asked);
    expect(ages).toHaveLength(1_000);
    expect(operations.length).toBeLessThanOrEqual(2 * 10 + 1);
    // With the second for which a gateway keeps it.
    expect(Math.max(...ages) + 1_000).toBeLessThan(VIEW_STALE_MS_MAX);
  });

  it('counts each report once, however often it is sent, and reports the oldest version that a gateway may have', async () => {
    const { time, store, port, during } = await relayOver();
    for (let times = 0; times < 3; times++) await during(viewThrough(port, { report: report('a', 1, 1, 5) }));
    for (let index = 0; index < 30; index++) await during(viewThrough(port, { report: report(`g${index}`, 1, 7) }));
    await time.runUntil(time.at + 600);
    await during(viewThrough(port));
    const { live } = await store.view('demo', { endingsAfter: 0, report: null });
    expect(live.buckets.at(-1)?.refused).toEqual({ noAdmission: 35 });
    expect(live.gateways).toMatchObject([{ id: 'relay-0', version: 1, gateways: 31 }]);
    // The first has been silent for so long that it reads again before it answers.
    await time.runUntil(time.at + VIEW_STALE_MS_MAX);
    await during(viewThrough(port, { report: report('g1', 2, 7) }));
    await time.runUntil(time.at + 600);
    await during(viewThrough(port));
    const later = await store.view('demo', { endingsAfter: 0, report: null });
    expect(later.live.gateways).toMatchObject([{ version: 7, gateways: 31 }]);
    expect(later.live.buckets.at(-1)?.refused).toEqual({ noAdmission: 36 });
  });

  it('a change through it is in the next view of each of its gateways, also where a read was under way', async () => {
    const { port, during, time } = await relayOver();
    await during(viewThrough(port));
    await time.runUntil(time.at + 600);
    const underWay = viewThrough(port);
    await during(port.apply([change({ kind: 'setMessage', text: { ko: '곧', en: 'soon' } })]));
    expect((await during(viewThrough(port))).board.message?.text.en).toBe('soon');
    await during(underWay);
  });

  it('shows no gateway a version that is older than the one it has, through another relay or before', async () => {
    const { ports, during, store, operations } = await relayOver(2);
    const [one, other] = ports as [RoomPort, RoomPort];
    await during(viewThrough(other));
    const underWay = viewThrough(one);
    await store.apply('demo', [change({ kind: 'setMessage', text: { ko: '곧', en: 'soon' } })]);
    await during(underWay);
    const { live } = await store.view('demo', { endingsAfter: 0, report: null });
    for (const relay of [one, other]) {
      const asked = ['a', 'b', 'c'].map((gateway) => viewThrough(relay, { report: report(gateway, 1, live.version) }));
      for (const view of await Promise.all(asked.map(during))) expect(view.live.version).toBe(live.version);
    }
    // One read for all that ask meanwhile.
    expect(operations.filter((kind) => kind === 'view').length).toBeLessThanOrEqual(4);
  });

  it('reads the room again after its clock was set back, and says that a view is of unknown age', async () => {
    for (const setBackMs of [100, 3_600_000]) {
      const { port, during, time, store } = await relayOver();
      await during(viewThrough(port));
      await time.runUntil(time.at + 300);
      await during(viewThrough(port));
      await store.apply('demo', [change({ kind: 'setMessage', text: { ko: '곧', en: 'soon' } })]);
      time.gatewayAheadMs = -setBackMs;
      expect((await during(viewThrough(port))).board.message?.text.en).toBe('soon');
      await time.runUntil(time.at + 600);
      const underWay = viewThrough(port);
      await time.runUntil(time.at + 15);
      time.gatewayAheadMs = -2 * setBackMs;
      expect((await during(underWay)).relayed?.ageMs).toBeGreaterThanOrEqual(VIEW_STALE_MS_MAX);
    }
  });

  it('a view from before the opening is not shown after it', async () => {
    const { port, during, time } = await relayOver();
    await time.runUntil(T0 + OPENS_IN_MS - 50);
    expect((await during(viewThrough(port))).board.state).toBe('prequeue');
    await time.runUntil(T0 + OPENS_IN_MS);
    expect((await during(viewThrough(port))).board.state).toBe('open');
  });

  it('brings each gateway the endings that it has not seen, also those from before the relay was there', async () => {
    const { port, ports, during, time, store } = await relayOver(2);
    await time.runUntil(T0 + OPENS_IN_MS);
    for (const name of ['a', 'b', 'c']) {
      await time.runUntil(time.at + 2_000);
      const [joined] = await store.apply('demo', [
        { kind: 'join', visitor: `visitor-${name}`, sid: `sid-${name}`, provisional: false },
      ]);
      if (joined.kind !== 'joined') throw new Error(joined.kind);
      const { number: position } = joined.place;
      await store.apply('demo', [{ kind: 'end', epoch: 1, position, visitor: `visitor-${name}`, reason: 'left' }]);
    }
    await time.runUntil(time.at + 600);
    for (const relay of [port, ports[1] as RoomPort]) {
      const all = await during(viewThrough(relay));
      expect(all.endings.map(({ sid }) => sid)).toEqual(['sid-a', 'sid-b', 'sid-c']);
      const last = await during(viewThrough(relay, { endingsAfter: all.endings[1]?.seq ?? 0 }));
      expect(last.endings.map(({ sid }) => sid)).toEqual(['sid-c']);
    }
  });

  it('asks a room that does not answer twice a second, says so to its gateways, and goes on when it answers', async () => {
    const { port, during, time, fail, operations } = await relayOver();
    fail(true);
    for (let elapsed = 0; elapsed < 5_000; elapsed += 50) {
      await time.runUntil(T0 + elapsed);
      expect(await during(port.view({ endingsAfter: 0, report: null }))).toMatchObject({ kind: 'unavailable' });
    }
    expect(operations.length).toBeLessThanOrEqual(12);
    expect(await during(port.apply([{ kind: 'lease', count: 1, ahead: 0 }]))).toMatchObject({ kind: 'unavailable' });
    fail(false);
    await time.runUntil(time.at + 600);
    expect((await during(viewThrough(port))).board.state).toBe('prequeue');
    const leased = await during(port.apply([{ kind: 'lease', count: 1, ahead: 0 }]));
    expect(leased).toMatchObject({ kind: 'applied', replies: [{ kind: 'leased', first: 1 }] });
  });

  it('gives each number to one gateway, whatever counts they ask for', async () => {
    const { port, during, time } = await relayOver();
    await time.runUntil(T0 + OPENS_IN_MS);
    const given: number[] = [];
    for (const count of [20, -5, 3, 0, 0.5, Number.NaN, -1e300, 2, Number.NEGATIVE_INFINITY, 1]) {
      for (const ahead of [40, -3, Number.NaN]) {
        const result = await during(port.apply([{ kind: 'lease', count, ahead }]));
        const [reply] = result.kind === 'applied' ? result.replies : [];
        if (reply?.kind !== 'leased') throw new Error(JSON.stringify(result));
        expect(reply.count).toBeGreaterThanOrEqual(1);
        given.push(...Array.from({ length: reply.count }, (_, index) => reply.first + index));
      }
    }
    expect(new Set(given).size).toBe(given.length);
    expect(given.every(Number.isSafeInteger)).toBe(true);
  });

  it('many gateways with few arrivals each: the room is asked for blocks, at most a dozen times a second', async () => {
    const { time, gateways, operations, numbers, store } = await gatewaysOver(50, LATENCY_MS, 1);
    await time.runUntil(T0 + OPENS_IN_MS);
    const asked: Promise<unknown>[] = [];
    for (let index = 0; index < 5_000; index++) {
      await time.runUntil(time.at + 2);
      const gateway = gateways[(index * 7) % 50];
      asked.push(gateway?.take('demo', { epoch: 1, opensInMs: 0 }, () => {}) ?? Promise.reject());
    }
    await time.runUntil(time.at + 1_000);
    const places = (await Promise.all(asked)) as { place: { number: number } }[];
    expect(new Set(places.map(({ place }) => place.number)).size).toBe(5_000);
    const { issued } = (await store.view('demo', { endingsAfter: 0, report: null })).board;
    expect(issued - (numbers['given'] ?? 0)).toBeLessThan(500);
    expect(operations.filter((kind) => kind === 'lease').length).toBeLessThanOrEqual(125);
  });
});
