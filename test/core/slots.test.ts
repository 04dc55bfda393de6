// The rate limit: slots are granted in whole microseconds, at least one emission interval apart, so that no minute holds more
// of them than the rate, also at rates that do not divide a minute.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newRoom } from '../../queue-core/document/room-document.ts';
import { POLICY_BOUNDS } from '../../queue-core/limits.ts';
import { emissionIntervalMicros, grantSlot } from '../../queue-core/pacing.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, configure, join, policy, SECRET, settings, T0 } from './sample-rooms.ts';

const { min, max } = POLICY_BOUNDS.newUsersPerMinute;
const rate = fc.oneof(fc.integer({ min, max }), fc.integer({ min, max: 2_000 }), fc.constantFrom(min, 7, 59, 601, max));

describe('slots', () => {
  test('an emission interval is whole and keeps the rate', () => {
    fc.assert(
      fc.property(rate, (newUsersPerMinute) => {
        const interval = emissionIntervalMicros({ newUsersPerMinute });
        expect(Number.isSafeInteger(interval)).toBe(true);
        expect(interval * newUsersPerMinute).toBeGreaterThanOrEqual(60_000_000);
        // One microsecond less would exceed the rate.
        expect((interval - 1) * newUsersPerMinute).toBeLessThan(60_000_000);
      }),
    );
  });

  test('consecutive slots are whole microseconds, at least one emission interval apart, at any rate and any claims', () => {
    let granted = 0;
    const claims = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(rate, fc.option(rate), claims, (newUsersPerMinute, laterRate, delays) => {
        const room = new CheckedRoom();
        room.send(T0, configure(settings({ newUsersPerMinute })));
        let now = T0;
        let last: number | null = null;
        for (const [index, delayMs] of delays.entries()) {
          now += delayMs;
          if (index === 10 && laterRate !== null) {
            room.send(now, change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: laterRate }) }));
          }
          room.send(now, join(`${index}`, true));
          const slot = room.document.pacing.lastSlotMicros;
          if (slot !== null && slot !== last) {
            granted++;
            expect(Number.isSafeInteger(slot)).toBe(true);
            const interval = emissionIntervalMicros(room.document.config.policy);
            if (last !== null) expect(slot - last).toBeGreaterThanOrEqual(interval);
          }
          last = slot;
        }
      }),
    );
    expect(granted).toBeGreaterThan(100);
  });

  test('no minute holds more slots than the rate, to the millisecond in which they open', () => {
    const times = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min, max: 3_000 }), times, (newUsersPerMinute, pauses) => {
        const room = newRoom(settings({ newUsersPerMinute }), 1, 'digest', SECRET, T0);
        let now = T0;
        const slots: number[] = [];
        // As many as possible at once, with pauses of any length between them.
        for (let index = 0; index < 2 * newUsersPerMinute + 50; index++) {
          if (index % 100 === 0) now += pauses[index / 100] ?? 0;
          slots.push(grantSlot(room, now));
        }
        for (const [index, slot] of slots.entries()) {
          const next = slots[index + newUsersPerMinute];
          if (next !== undefined && next - slot < 60_000) throw new Error(`${slot} and ${next} are in one minute.`);
        }
      }),
      { numRuns: 60 },
    );
  });
});
