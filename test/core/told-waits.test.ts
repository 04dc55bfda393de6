// The wait that visitors are told, and the wait that they have; how evenly the line moves.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrivals, type Told, type Visitor, visit } from './visiting-line.ts';

const RATE = 1_200;
/** Between a poll and the next the wait is not told anew. */
const TOLERANCE_SECONDS = 1.5;
/** When the first called visitors have had the time to come. */
const KNOWN_AFTER_MS = 9_000;

const all = () => true;
const everyTenth = (index: number) => index % 10 === 0;
const seven = (index: number) => index % 10 < 7;

function shareInside(told: readonly Told[]): number {
  const inside = told.filter(
    ({ low, high, real }) => real >= low - TOLERANCE_SECONDS && real <= high + TOLERANCE_SECONDS,
  );
  return inside.length / told.length;
}

/** Told too short: what a visitor is angry about. */
function shareLater(told: readonly Told[]): number {
  return told.filter(({ high, real }) => real > high + TOLERANCE_SECONDS).length / told.length;
}

const CASES: { name: string; visitors: Visitor[]; inside: number }[] = [
  { name: '4,000 at once', visitors: arrivals(4_000, 5_000, all), inside: 0.99 },
  { name: 'arrivals at 1.2 times the rate', visitors: arrivals(2_880, 120_000, all), inside: 0.99 },
  { name: '4,000 at once, three of ten never come', visitors: arrivals(4_000, 5_000, seven), inside: 0.99 },
  { name: '20,000 at once, nine of ten never come', visitors: arrivals(20_000, 5_000, everyTenth), inside: 0.9 },
  {
    name: '2,000 in a minute, and 600 places within two seconds that nobody uses',
    visitors: [...arrivals(2_000, 60_000, all), ...arrivals(600, 1_800, () => false)],
    inside: 0.9,
  },
];

describe('told waits', () => {
  test.each(CASES)('hold: $name', ({ visitors, inside }) => {
    const { told } = visit(visitors, RATE);
    expect(told.length).toBeGreaterThan(1_000);
    expect(shareInside(told)).toBeGreaterThanOrEqual(inside);
    expect(shareLater(told)).toBeLessThan(0.08);
    // A factor of two, the seconds between call and slot, and rounding.
    for (const { low, high } of told) expect(high).toBeLessThanOrEqual(2 * low + 6);
  });

  test('hold whatever share comes, from the moment that it can be known', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 1, noNaN: true }), fc.integer({ min: 10, max: 60 }), (share, rate) => {
        const comes = (index: number) => Math.floor((index + 1) * share) > Math.floor(index * share);
        const { told } = visit(arrivals(Math.ceil((rate * 90) / share), 1_000, comes), rate * 60);
        const known = told.filter(({ at }) => at > KNOWN_AFTER_MS);
        expect(shareInside(known)).toBeGreaterThan(0.97);
      }),
      { numRuns: 8 },
    );
  });
});

test('the line moves evenly when every visitor comes: no five seconds without a call, and never more than six seconds at once', () => {
  const { calledAt } = visit(arrivals(2_000, 1_000, all), RATE);
  const steps = calledAt.filter(({ called }) => called > 0 && called < 2_000);
  for (const [index, { called }] of steps.entries()) {
    const before = steps[index - 10];
    if (before === undefined) continue;
    expect(called - before.called).toBeGreaterThan(0);
    expect(called - before.called).toBeLessThanOrEqual((RATE / 60) * 6);
  }
});
