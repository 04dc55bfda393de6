// The store's clock leaps ahead and comes back while a gateway serves visitors. The app runs in this process; the store has a
// clock of its own.

import { expect, it } from 'vitest';
import { MemoryStore } from '../../worker/store/memory-store.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { change } from '../core/sample-rooms.ts';
import { FaultyStore, InProcessVisitor, ManualClock, NOON, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

const HOUR = 3_600_000;

async function withTwoClocks(opensAt: number) {
  const [clock, storeClock] = [new ManualClock(), new ManualClock()];
  const gateway = await startInProcess({
    keys: { keys: [await newSigningKey(0)] },
    clock,
    store: new FaultyStore(new MemoryStore(storeClock.now)),
    ownTime: clock.now,
    room: { schedule: { opensAt: new Date(opensAt).toISOString() }, policy: { sessionMinutes: 30 } },
  });
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      for (const each of [clock, storeClock]) each.advance(1_000);
      await gateway.request('/_fairgate/rooms/demo/board');
    }
  };
  const board = async () => (await gateway.request('/_fairgate/rooms/demo/board')).json();
  return { gateway, storeClock, pass, board };
}

it('a room that is due in half an hour does not open, and does so on time once an operator has resumed it', async () => {
  const { gateway, storeClock, pass, board } = await withTwoClocks(NOON + HOUR / 2);
  await pass(5);
  const visitor = new InProcessVisitor(gateway);
  await visitor.page();
  storeClock.advance(HOUR);
  await pass(6);
  expect(await board()).toMatchObject({ state: 'prequeue', called: 0, entries: 1 });
  await visitor.page();
  expect((await visitor.status()).state).toBe('entered');
  storeClock.advance(-HOUR);
  await pass(5);
  const { live } = await gateway.store.inner.view('demo', { endingsAfter: 0, report: null });
  expect(live).toMatchObject({ flow: 'held', clockLeap: { from: NOON + 5_000, to: NOON + 6_000 + HOUR } });
  await gateway.store.inner.apply('demo', [change({ kind: 'setFlow', flow: 'running' }, live.version)]);
  const resumed = await gateway.store.inner.view('demo', { endingsAfter: 0, report: null });
  expect(resumed.live.clockLeap).toBeNull();
  await pass(HOUR / 2_000);
  expect((await board()).state).toBe('open');
  await visitor.page();
  await pass(2);
  expect(await (await visitor.page()).text()).toBe(MARKER);
});

it('visitors inside stay inside, and nobody else enters', async () => {
  const { gateway, storeClock, pass, board } = await withTwoClocks(NOON);
  await pass(3);
  const inside = new InProcessVisitor(gateway);
  await inside.page();
  expect(await (await inside.page()).text()).toBe(MARKER);
  storeClock.advance(HOUR);
  for (let second = 0; second < 6; second++) {
    await pass(1);
    expect(await (await inside.page()).text()).toBe(MARKER);
  }
  const other = new InProcessVisitor(gateway);
  expect(await (await other.page()).text()).not.toBe(MARKER);
  expect((await board()).state).toBe('paused');
  storeClock.advance(-HOUR);
  await pass(3);
  expect(await (await inside.page()).text()).toBe(MARKER);
});
