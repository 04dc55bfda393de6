// Nights on which the site fails: how admissions follow it, and that nobody loses a place by it. Every promise is audited as on any night.

import { describe, expect, test } from 'vitest';
import { type NightReport, type Sample, simulate } from '../../scripts/simulation/night.ts';
import type { OriginFault, Scenario } from '../../scripts/simulation/scenario.ts';
import { smallNight } from './small-nights.ts';

const RATE = 1_200;
/** After the opening, in seconds. */
const FAULT_AT = 60;
const WELL_AT = 150;

const at = { atMs: FAULT_AT * 1_000 };

function night(changes: Partial<Scenario>): Promise<NightReport> {
  return simulate(
    smallNight('wall', {
      ...{ visitors: 5_000, overMs: 5_000, gateways: 3, newUsersPerMinute: RATE, totalActiveUsers: 1_500 },
      ...{ sessionMs: 120_000, stayMs: 45_000, pageMs: 4_000, noShow: 0.1, originPeople: 4_000, watched: 20 },
      ...changes,
    }),
  );
}

const kept = ({ audited }: NightReport) =>
  audited.findings.filter(({ verdict }) => verdict === 'failed').map(({ check, example }) => [check, example]);
/** Samples from so many seconds after the opening on. */
const between = ({ samples, opensAtMs }: NightReport, from: number, to: number): Sample[] =>
  samples.slice(opensAtMs / 1_000 + from, opensAtMs / 1_000 + to);
const perMinute = (samples: Sample[]) => samples.map((sample) => sample.perMinute);

describe('a site that', () => {
  test.each<[string, OriginFault, number]>([
    ['answers every request with an error', { ...at, kind: 'errors' }, 0],
    ['answers nothing any more', { ...at, kind: 'hang' }, 0],
    ['is ten times slower', { ...at, kind: 'slow', times: 10 }, RATE / 2],
  ])(
    '%s: admissions follow within five seconds, come back in steps, and every promise is kept',
    async (_, what, atMost) => {
      const report = await night({ originFaults: [what, { atMs: WELL_AT * 1_000, kind: 'well' }] });
      expect(kept(report)).toEqual([]);
      expect(Math.max(...perMinute(between(report, 20, FAULT_AT)))).toBe(RATE);
      expect(Math.max(...perMinute(between(report, FAULT_AT + 6, WELL_AT)))).toBeLessThanOrEqual(atMost);
      const steps = perMinute(between(report, WELL_AT, WELL_AT + 90)).filter(
        (rate, index, all) => rate !== all[index - 1],
      );
      expect(steps.at(-1)).toBe(RATE);
      expect(steps.filter((rate) => rate > 0 && rate < RATE).length).toBeGreaterThanOrEqual(3);
      // Never all at once: each step at most doubles the rate.
      const isStep = (rate: number, index: number) => index < 2 || rate <= 2 * (steps[index - 1] ?? 0) + 1;
      expect(steps.every(isStep)).toBe(true);
    },
  );

  test('comes back and answers only errors gets nobody', async () => {
    const report = await night({
      originFaults: [
        { ...at, kind: 'hang' },
        { atMs: 90_000, kind: 'errors' },
        { atMs: WELL_AT * 1_000, kind: 'well' },
      ],
    });
    expect(kept(report)).toEqual([]);
    expect(Math.max(...perMinute(between(report, FAULT_AT + 6, WELL_AT)))).toBe(0);
  });

  test('fails and is well in turns gets fewer visitors each time, not all of them in every turn', async () => {
    const report = await night({
      originFaults: [
        { ...at, kind: 'flap', seconds: 20 },
        { atMs: 300_000, kind: 'well' },
      ],
    });
    expect(kept(report)).toEqual([]);
    const open = perMinute(between(report, FAULT_AT + 6, 300)).filter((rate) => rate > 0).length;
    expect(open).toBeLessThan((300 - FAULT_AT) / 3);
  });

  test('fails gets every visitor where the operator has switched the protection off', async () => {
    const report = await night({ health: 'off', originFaults: [{ ...at, kind: 'errors' }] });
    expect(kept(report)).toEqual([]);
    expect(Math.min(...perMinute(between(report, 20, 120)))).toBe(RATE);
  });
});

test('a room that finds its limit uses nine tenths of what the site carries once it has settled, and swings by less than a fifth', async () => {
  const carries = 300;
  const report = await night({
    ...{ health: 'find', visitors: 12_000, originPeople: carries, totalActiveUsers: 3_000, pageMs: 3_000 },
  });
  expect(kept(report)).toEqual([]);
  const inside = between(report, 8 * 60, 20 * 60).map((sample) => sample.inside);
  const mean = (all: number[]) => all.reduce((sum, each) => sum + each, 0) / all.length;
  // In so small a house, who comes and leaves by chance changes it by a tenth from second to second.
  const halfMinutes = Array.from({ length: inside.length / 30 }, (_, index) =>
    mean(inside.slice(30 * index, 30 * index + 30)),
  );
  // The site is four times as slow as usual, which is without anybody there, at this part of its comfort.
  expect(mean(inside)).toBeGreaterThanOrEqual(0.9 * carries * ((1 - 1 / 4) / 0.8));
  expect((Math.max(...halfMinutes) - Math.min(...halfMinutes)) / mean(inside)).toBeLessThan(0.2);
});
