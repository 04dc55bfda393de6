// What admitted visitors meet at the origin, as a gateway samples it and asks for itself: each visitor once in five seconds, what hangs
// before it ends, and no more probes than it takes.

import { describe, expect, test, vi } from 'vitest';
import { OriginProbe } from '../../worker/proxy/origin-probe.ts';
import type { RoomStore } from '../../worker/store/room-store.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { HealthSamples } from '../../worker/views/health-samples.ts';
import { startInProcess } from './in-process.ts';

const STALLED_MS = 3_000;

describe('samples', () => {
  test('are one of each visitor in five seconds, with what came of it and how long it took', () => {
    const samples = new HealthSamples();
    samples.begin('demo', 'a', false, 1_000)?.answered(200, 1_080);
    expect(samples.begin('demo', 'a', false, 2_000)).toBeNull();
    samples.begin('demo', 'b', false, 2_000)?.answered(503, 2_010);
    samples.begin('demo', 'c', false, 2_000)?.failed();
    samples.begin('other', 'a', false, 2_000)?.answered(200, 2_050);
    expect(samples.take('demo', 3_000, STALLED_MS)).toEqual({ requests: 3, failures: 2, timed: 1, totalMs: 80 });
    expect(samples.take('demo', 4_000, STALLED_MS)).toBeUndefined();
    expect(samples.begin('demo', 'a', false, 6_000)).not.toBeNull();
  });

  test('of a request with a body count its errors, not its time, nor that it broke off', () => {
    const samples = new HealthSamples();
    samples.begin('demo', 'a', true, 0)?.answered(200, 9_000);
    samples.begin('demo', 'b', true, 0)?.answered(500, 9_000);
    samples.begin('demo', 'c', true, 0)?.failed();
    samples.begin('demo', 'd', true, 0);
    expect(samples.take('demo', 10_000, STALLED_MS)).toEqual({ requests: 2, failures: 1, timed: 0, totalMs: 0 });
  });

  test('that hang are failures before they end, once; those whose visitor has gone are none', () => {
    const samples = new HealthSamples();
    const [hanging, gone] = [samples.begin('demo', 'a', false, 0), samples.begin('demo', 'b', false, 0)];
    gone?.abandoned();
    expect(samples.take('demo', STALLED_MS - 1, STALLED_MS)).toBeUndefined();
    expect(samples.take('demo', STALLED_MS, STALLED_MS)).toEqual({ requests: 1, failures: 1, timed: 0, totalMs: 0 });
    hanging?.failed();
    gone?.answered(200, 4_000);
    expect(samples.take('demo', 5_000, STALLED_MS)).toBeUndefined();
  });
});

/** A gateway of `gateways` that is asked to probe, with what the origin does. */
async function probing(gateways: number) {
  const { parts, room } = await startInProcess({ keys: { keys: [await newSigningKey(0)] } });
  const snapshot = await parts.views.read(room, () => {});
  if (snapshot === null) throw new TypeError('The store answers in this test.');
  const { view } = snapshot;
  const reporter = { id: 'relay', seq: 1, at: view.at, version: 1, gateways };
  return {
    room,
    snapshot: { ...snapshot, view: { ...view, probe: true, live: { ...view.live, gateways: [reporter] } } },
  };
}

test('of a thousand gateways three probe in the same two seconds', async () => {
  const { room, snapshot } = await probing(1_000);
  let probes = 0;
  const fetchOrigin = async () => {
    probes++;
    return new Response('');
  };
  // Every value from 0 to 1 once.
  const all = Array.from({ length: 1_000 }, (_, index) => {
    const store = { apply: async () => [] } as unknown as RoomStore;
    return new OriginProbe({ store, fetchOrigin, now: () => 0, random: () => index / 1_000 }).probeIfDue(
      room,
      snapshot,
    );
  });
  await Promise.all(all);
  expect(probes).toBe(3);
});

test('a probe without a response is bad after the time that a response may take', async () => {
  const { room, snapshot } = await probing(1);
  const reports: unknown[] = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const probe = new OriginProbe({
    store: { apply: async (_room: string, commands: unknown[]) => reports.push(...commands) } as unknown as RoomStore,
    fetchOrigin: ({ signal }) => {
      const { promise, reject } = Promise.withResolvers<Response>();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      return promise;
    },
    now: () => 0,
    random: () => 0,
  }).probeIfDue(room, snapshot);
  // Nothing is known of how long it usually takes.
  vi.advanceTimersByTime(10_000);
  await probe;
  vi.useRealTimers();
  expect(reports).toEqual([{ kind: 'reportProbe', good: false }]);
});
