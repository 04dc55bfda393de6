// Any commands at any times, for property tests of the rules and of the stores that run them.

import fc from 'fast-check';
import type { Change, Command } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/history.ts';
import type { RoomDocument } from '../../queue-core/room.ts';
import { change, claim, OTHER_SECRET, policy } from './sample-rooms.ts';

/** A wish in the words of a test: positions and names are resolved against the room when it is played. */
export type Play = { afterMs: number; command: (room: RoomDocument) => Command };

export const name = fc.integer({ min: 0, max: 40 }).map(String);
const positionOf = (room: RoomDocument, share: number) => 1 + Math.floor(share * (room.line.issued + 2));
export const anyPolicy = fc
  .record({
    newUsersPerMinute: fc.constantFrom(1, 7, 60, 601, 60_000),
    totalActiveUsers: fc.integer({ min: 1, max: 12 }),
    sessionMs: fc.constantFrom(60_000, 90_500, 30 * 60_000),
    sessionRenewal: fc.boolean(),
    claimWindowMs: fc.constantFrom(30_000, 61_000, 30 * 60_000),
  })
  .map(policy);

export const play: fc.Arbitrary<Play> = fc.record({
  afterMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -5_000, max: 200_000 }) },
  ),
  command: fc.oneof(
    { weight: 3, arbitrary: fc.constant(() => ({ kind: 'tick' }) as Command) },
    {
      weight: 12,
      // A session is named anew each time, as a gateway does; a repeated join gets the one that was given.
      arbitrary: fc.tuple(name, fc.boolean()).map(
        ([who, admit]) =>
          (room: RoomDocument): Command => ({
            kind: 'join',
            id: `join-${who}`,
            visitor: `visitor-${who}`,
            sid: admit ? `sid-${Math.max(room.line.entries, room.line.issued) + 1}-${who}` : null,
          }),
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
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom('entry' as const, 'position' as const))
        .map(([share, kind]) => (room: RoomDocument): Command => {
          return { kind: 'restorePlace', epoch: room.epoch, place: { kind, number: positionOf(room, share) } };
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
      arbitrary: fc.tuple(name, fc.boolean()).map(([who, isGiven]) => (room: RoomDocument) => {
        const [sid, useBy] = [`pass-${who}`, room.at + 30_000];
        return change(isGiven ? { kind: 'givePass', sid, expiresAt: useBy, useBy } : { kind: 'usePass', sid });
      }),
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
          return { kind: 'report', gateway, seq, version: room.changes.version, observed: NOTHING_OBSERVED };
        }),
    },
  ) as fc.Arbitrary<Play['command']>,
});
