// The clock of a machine, which may be set back, as a gateway and a relay use it.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Stopwatch } from '../../worker/store/steady-clock.ts';

it('whatever the clock of the machine shows: never goes back, passes no faster, and counts how often it was set back', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.nat(20))), (steps) => {
      let raw = 1_000_000;
      const watch = new Stopwatch(() => raw);
      let [before, forward, setBacks] = [watch.now(), 0, 0];
      for (const step of steps) {
        raw += step;
        forward += Math.max(0, step);
        const now = watch.now();
        expect(now).toBeGreaterThanOrEqual(before);
        expect(now - 1_000_000).toBeLessThanOrEqual(forward);
        if (step >= 0) expect(watch.setBacks).toBe(setBacks);
        if (step <= -10) expect(watch.setBacks).toBe(setBacks + 1);
        [before, setBacks] = [now, watch.setBacks];
      }
    }),
  );
});

it('goes on from where it was when the clock was set back by an hour, which it counts once', () => {
  let raw = 10_000_000;
  const watch = new Stopwatch(() => raw);
  const before = watch.now();
  raw -= 3_600_000;
  expect([watch.now() - before, watch.setBacks]).toEqual([0, 1]);
  raw += 250;
  expect([watch.now() - before, watch.setBacks]).toEqual([250, 1]);
});

it('readings of one clock that differ by a few ms are no setting back', () => {
  let raw = 10_000_000;
  const watch = new Stopwatch(() => raw);
  for (const step of [5, -4, 3, -5, 9, -3, -5]) {
    raw += step;
    watch.now();
  }
  expect(watch.setBacks).toBe(0);
});
