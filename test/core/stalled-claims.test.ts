// The store, or the network before it, stalls for some seconds: reads come through and claims do not. Those who are called meanwhile come
// later; the line must not be called for all who seem not to come, or they all come at once and their windows run out.

import { describe, expect, test } from 'vitest';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { CheckedRoom } from './checked-room.ts';
import { claim, configure, lease, settings, T0 } from './sample-rooms.ts';

const RATE = 2_000;
const STEP_MS = 500;
/** Of five who are called, four come, about two seconds later. */
const comes = (position: number) => position % 5 !== 0;

/** @param isShut whether claims are lost at a moment, ms after the opening */
function calledAfter(seconds: number, isShut: (ms: number) => boolean): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({ newUsersPerMinute: RATE, totalActiveUsers: 100_000, claimWindowMs: 120_000 })));
  for (let numbers = 0; numbers < 30_000; numbers += 5_000) room.send(T0 + 1, lease(5_000));
  const due: { position: number; at: number }[] = [];
  let known = 0;
  for (let ms = STEP_MS; ms <= seconds * 1_000; ms += STEP_MS) {
    const now = T0 + ms;
    room.send(now, { kind: 'report', gateway: 'north', seq: ms, version: 1, observed: NOTHING_OBSERVED });
    for (; known < room.document.pacing.called; known++)
      if (comes(known + 1)) due.push({ position: known + 1, at: ms + 2_000 });
    if (isShut(ms)) continue;
    const coming = due.filter(({ at }) => at <= ms);
    due.splice(0, coming.length);
    if (coming.length > 0)
      room.run(
        now,
        coming.map(({ position }) => claim(position, `v${position}`)),
      );
  }
  return room;
}

describe('claims that stall', () => {
  test.each([4, 8, 12])('for %i s take the line half a minute ahead at most', (stallSeconds) => {
    const calm = calledAfter(60, () => false).document;
    const stalled = calledAfter(60, (ms) => ms > 30_000 && ms <= (30 + stallSeconds) * 1_000).document;
    expect(calm.pacing.called).toBeGreaterThan((60 * RATE) / 60);
    expect(stalled.pacing.called - calm.pacing.called).toBeLessThan((30 * RATE) / 60);
    expect(stalled.pacing.lapsed).toBe(0);
    // Those who came late have their slots; none of the rate is lost for long.
    expect(stalled.sessions.totals.admitted).toBeGreaterThan(calm.sessions.totals.admitted * 0.85);
  });

  test('where hardly anybody comes any more, the line still goes on at the rate of those who do', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ newUsersPerMinute: RATE, totalActiveUsers: 100_000, claimWindowMs: 120_000 })));
    for (let numbers = 0; numbers < 100_000; numbers += 5_000) room.send(T0 + 1, lease(5_000));
    let known = 0;
    const due: { position: number; at: number }[] = [];
    let atMinute = 0;
    for (let ms = STEP_MS; ms <= 120_000; ms += STEP_MS) {
      room.send(T0 + ms, { kind: 'tick' });
      // From position 1,000 on, one in twenty.
      for (; known < room.document.pacing.called; known++) {
        if (known < 1_000 || known % 20 === 0) due.push({ position: known + 1, at: ms + 2_000 });
      }
      const coming = due.splice(
        0,
        due.findIndex(({ at }) => at > ms) === -1 ? due.length : due.findIndex(({ at }) => at > ms),
      );
      if (coming.length > 0)
        room.run(
          T0 + ms,
          coming.map(({ position }) => claim(position, `v${position}`)),
        );
      if (ms === 60_000) atMinute = room.document.sessions.totals.admitted;
    }
    expect(room.document.sessions.totals.admitted - atMinute).toBeGreaterThan(RATE * 0.95);
  });
});
