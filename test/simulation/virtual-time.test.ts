// Virtual time: events happen in the order of their time and, at one time, of their scheduling; promises are followed to their end
// before the next event, or the run stops with an error.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TICK_MS, VIRTUAL_MS_MAX, VirtualTime } from '../../scripts/simulation/virtual-time.ts';

const never = () => false;

describe('virtual time', () => {
  test('events happen in order of time, and in order of scheduling within one tick', async () => {
    const times = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(times, async (planned) => {
        const time = new VirtualTime();
        const happened: { at: number; index: number }[] = [];
        const happen = time.action((index) => happened.push({ at: time.now, index }));
        for (const [index, tick] of planned.entries()) time.schedule(tick * TICK_MS, happen, index);
        await time.run(never);
        const expected = planned
          .map((tick, index) => ({ at: tick * TICK_MS, index }))
          .sort((a, b) => a.at - b.at || a.index - b.index);
        expect(happened).toEqual(expected);
      }),
    );
  });

  test('what is scheduled for the past happens now, and time never goes back', async () => {
    const time = new VirtualTime();
    const seen: number[] = [];
    time.call(10, () => time.call(3, () => seen.push(time.now)));
    await time.run(never);
    expect(seen).toEqual([10]);
  });

  test('promises are followed to their end before the next event', async () => {
    const time = new VirtualTime();
    const seen: string[] = [];
    time.call(1, () => {
      void (async () => {
        for (let turn = 0; turn < 8; turn++) await null;
        seen.push('chain');
      })();
    });
    time.call(1 + TICK_MS, () => seen.push('next'));
    await time.run(never);
    expect(seen).toEqual(['chain', 'next']);
  });

  test('a chain of promises that is longer than the bound stops the run', async () => {
    const time = new VirtualTime();
    const again = () => {
      void (async () => {
        for (let turn = 0; turn < 40; turn++) await null;
        time.call(time.now + 1, again);
      })();
      if (time.now < 10_000) time.call(time.now + 1, () => {});
    };
    again();
    for (let at = 0; at < 5_000; at++) time.call(at, again);
    await expect(time.run(() => time.now > 10_000)).rejects.toThrow(/A chain of promises is longer than/);
  });

  test('an event beyond the longest run is refused', () => {
    const time = new VirtualTime();
    expect(() => time.call(VIRTUAL_MS_MAX + 1, never)).toThrow(/a run lasts/);
    expect(() => time.call(Number.NaN, never)).toThrow(/a run lasts/);
  });
});
