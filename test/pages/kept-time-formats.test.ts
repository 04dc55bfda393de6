// Times that the server keeps from page to page are those that it would write anew.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptTimeFormat } from '../../worker/pages/kept-time-formats.ts';
import { timeFormat } from '../../worker/pages/time-format.ts';

/** Around the nights in which clocks change and around midnights, whole minutes and seconds and moments in between. */
const at = fc
  .tuple(
    fc.constantFrom('2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z', '2026-11-26T15:00:00Z', '2026-11-26T00:00:00Z'),
    fc.integer({ min: -70, max: 70 }),
    fc.constantFrom(0, 1_000, 59_999, 1, 999),
  )
  .map(([around, minutes, ms]) => Date.parse(around) + minutes * 60_000 + ms);
const language = fc.constantFrom('ko' as const, 'en' as const);
const zone = fc.constantFrom('Asia/Seoul', 'Europe/Berlin', 'UTC', 'America/New_York', 'Asia/Kathmandu');

test('a kept time reads as one written anew, in every language and zone and in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(language, zone, at, at), { size: 'max', maxLength: 100 }), (asked) => {
      for (const [speaks, where, time, now] of asked) {
        const [kept, anew] = [keptTimeFormat(speaks, where), timeFormat(speaks, where)];
        expect(kept.second(time)).toBe(anew.second(time));
        expect(kept.moment(time, now)).toBe(anew.moment(time, now));
        expect(kept.zone(time)).toBe(anew.zone(time));
      }
    }),
    { numRuns: 10 },
  );
});
