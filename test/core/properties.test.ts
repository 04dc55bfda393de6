// Any commands in any order at any times, backwards ones included, keep every numbered invariant.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import { ENDINGS_MAX } from '../../queue-core/limits.ts';
import { CheckedRoom, configure, join, settings, T0 } from './sample-rooms.ts';
import { anyPolicy, name, play } from './scenarios.ts';

describe('invariants', () => {
  test('any commands in any order at any times keep them all', () => {
    fc.assert(
      fc.property(
        anyPolicy,
        fc.integer({ min: 0, max: 5_000 }),
        fc.array(play, { maxLength: 200, size: 'max' }),
        (rules, opensInMs, plays) => {
          const room = new CheckedRoom();
          room.one(T0, configure(settings(rules, { opensInMs })));
          let now = T0;
          for (const { afterMs, command } of plays) {
            now += afterMs;
            const wish = command(room.document);
            const { broken } = room.apply(now, wish);
            expect(broken, `${wish.kind} at ${now - T0} ms broke`).toEqual([]);
          }
          expect(faultIn(room.log)).toBeNull();
          expect(room.log.at(-1)?.hash).toBe(room.document.changes.audit.hash);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a list applied as one act answers as the same commands one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.boolean()), { maxLength: 60 }), (joins) => {
        const commands = joins.map(([who, admit]) => join(who, admit));
        const together = new CheckedRoom();
        const apart = new CheckedRoom();
        for (const room of [together, apart]) room.one(T0, configure(settings({ totalActiveUsers: 5 })));
        const { replies } = together.apply(T0 + 1_000, ...commands);
        expect(commands.map((command) => apart.one(T0 + 1_000, command))).toEqual(replies);
        expect(together.document).toEqual(apart.document);
      }),
    );
  });

  test('asking more often moves nobody: calls depend on time, not on how often it is looked at', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 4_999 }), { maxLength: 30 }), (moments) => {
        const seldom = new CheckedRoom();
        const often = new CheckedRoom();
        for (const room of [seldom, often]) {
          room.one(T0, configure(settings({ newUsersPerMinute: 67 })));
          for (let index = 0; index < 100; index++) room.one(T0, join(`${index}`));
        }
        for (const moment of moments.toSorted((a, b) => a - b)) often.one(T0 + moment, { kind: 'tick' });
        for (const room of [seldom, often]) room.one(T0 + 5_000, { kind: 'tick' });
        expect(Math.abs(often.document.pacing.called - seldom.document.pacing.called)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('endings beyond the bound are dropped, and tokens from before count only after a look at the record', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ totalActiveUsers: 10 })));
    room.one(T0 + 1_000, join('a', true));
    const { endings } = room.document;
    room.room = { ...room.document, endings: { ...endings, seq: ENDINGS_MAX, droppedTo: 0 } };
    room.one(T0 + 2_000, { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
    expect(room.document.endings.seq - room.document.endings.droppedTo).toBeLessThanOrEqual(ENDINGS_MAX);
    expect(room.document.endings.renewBefore).toBe(T0 + 2_000);
  });

  test('the document stays small however many wait', () => {
    const room = new CheckedRoom();
    room.one(
      T0,
      configure(settings({ newUsersPerMinute: 6_000, totalActiveUsers: 100_000, claimWindowMs: 30 * 60_000 })),
    );
    const sizes: number[] = [];
    for (let crowd = 0; crowd < 3; crowd++) {
      for (let index = 0; index < 2_000; index++) room.apply(T0 + crowd * 1_000, join(`${crowd}-${index}`));
      sizes.push(JSON.stringify(room.document).length);
    }
    expect(Math.max(...sizes)).toBeLessThan(16_384);
  });
});
