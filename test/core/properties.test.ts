// Any commands in any order at any times, backwards ones included, keep every numbered invariant.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import type { Change, Command } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/history.ts';
import { ENDINGS_MAX } from '../../queue-core/limits.ts';
import type { RoomDocument } from '../../queue-core/room.ts';
import { CheckedRoom, change, claim, configure, join, OTHER_SECRET, policy, settings, T0 } from './rooms.ts';

/** A wish in the words of a test: positions and names are resolved against the room when it is played. */
type Play = { afterMs: number; command: (room: RoomDocument) => Command };

const name = fc.integer({ min: 0, max: 40 }).map(String);
const positionOf = (room: RoomDocument, share: number) => 1 + Math.floor(share * (room.issued + 2));
const anyPolicy = fc
  .record({
    newUsersPerMinute: fc.constantFrom(1, 7, 60, 601, 60_000),
    totalActiveUsers: fc.integer({ min: 1, max: 12 }),
    sessionMs: fc.constantFrom(60_000, 90_500, 30 * 60_000),
    sessionRenewal: fc.boolean(),
    claimWindowMs: fc.constantFrom(30_000, 61_000, 30 * 60_000),
  })
  .map(policy);

const play: fc.Arbitrary<Play> = fc.record({
  afterMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -5_000, max: 200_000 }) },
  ),
  command: fc.oneof(
    { weight: 3, arbitrary: fc.constant(() => ({ kind: 'tick' }) as Command) },
    {
      weight: 12,
      arbitrary: fc.tuple(name, fc.boolean()).map(
        ([who, admit]) =>
          () =>
            join(who, admit),
      ),
    },
    {
      weight: 12,
      arbitrary: fc
        .tuple(fc.double({ min: 0, max: 1, noNaN: true }), name)
        .map(([share, who]) => (room: RoomDocument) => ({
          ...claim(positionOf(room, share), who, room.epoch),
          sid: `sid-${positionOf(room, share)}-${who}`,
        })),
    },
    {
      weight: 6,
      arbitrary: fc
        .tuple(
          fc.double({ min: 0, max: 1, noNaN: true }),
          name,
          fc.constantFrom('renew', 'left', 'completed', 'revoked'),
        )
        .map(([share, who, wish]) => (room: RoomDocument): Command => {
          const position = positionOf(room, share);
          const session = { epoch: room.epoch, position, sid: `sid-${position}-${who}` };
          return wish === 'renew'
            ? { kind: 'renew', ...session }
            : { kind: 'end', ...session, reason: wish as 'left' | 'completed' | 'revoked' };
        }),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('running', 'paused', 'held')
        .map((flow) => () => change({ kind: 'setFlow', flow: flow as 'running' })),
    },
    { weight: 1, arbitrary: anyPolicy.map((changed) => () => change({ kind: 'setPolicy', policy: changed })) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: -10_000, max: 60_000 }).map((inMs) => (room: RoomDocument): Command => {
        const schedule = { prequeueAt: null, opensAt: room.at + inMs, closesAt: null, beacon: null };
        return change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET });
      }),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 0, max: 2 }).map((remaining) => (room: RoomDocument): Command => {
        return { kind: 'reportStock', remaining, asOf: room.at };
      }),
    },
    { weight: 1, arbitrary: fc.boolean().map((healthy) => () => ({ kind: 'reportOrigin', healthy }) as Command) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom<Change>(
          { kind: 'revokeAll' },
          { kind: 'openNow', secret: OTHER_SECRET },
          { kind: 'close' },
          { kind: 'setMessage', text: { ko: '잠시만요', en: 'One moment' } },
          { kind: 'setMessage', text: null },
        )
        .map((wanted) => () => change(wanted)),
    },
    {
      weight: 1,
      arbitrary: fc
        .double({ min: 0, max: 1, noNaN: true })
        .map((share) => (room: RoomDocument) => change({ kind: 'endSession', position: positionOf(room, share) })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(name, fc.integer({ min: 1, max: 9 }))
        .map(([gateway, seq]) => (room: RoomDocument): Command => {
          return { kind: 'report', gateway, seq, version: room.version, observed: NOTHING_OBSERVED };
        }),
    },
  ) as fc.Arbitrary<Play['command']>,
});

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
          expect(room.log.at(-1)?.hash).toBe(room.document.audit.hash);
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
        expect(Math.abs(often.document.called - seldom.document.called)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('endings beyond the bound are dropped, and tokens from before count only after a look at the record', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ totalActiveUsers: 10 })));
    room.one(T0 + 1_000, join('a', true));
    room.room = { ...room.document, endingSeq: ENDINGS_MAX, endingsDroppedTo: 0 };
    room.one(T0 + 2_000, { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
    expect(room.document.endingSeq - room.document.endingsDroppedTo).toBeLessThanOrEqual(ENDINGS_MAX);
    expect(room.document.renewBefore).toBe(T0 + 2_000);
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
