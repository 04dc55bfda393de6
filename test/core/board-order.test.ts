// The line never moves backwards on a screen: whatever happens to the room, for those who read it from one gateway, and for
// clients whose polls reach several gateways with views of different age.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Board, type RoomView, statusOf, viewOf } from '../../queue-core/board.ts';
import { laterBoard, laterView } from '../../queue-core/board-order.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { aheadOf } from '../../queue-core/wait.ts';
import { CheckedRoom } from './checked-room.ts';
import { configure, T0 } from './sample-rooms.ts';
import { anyRoomSettings, scenarioStep } from './scenarios.ts';

interface Moment {
  kind: 'command' | 'recover' | 'restoreCopy' | 'copy' | 'read';
  gateway: number;
}

const moment: fc.Arbitrary<Moment> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Moment['kind']>('command') },
    { weight: 8, arbitrary: fc.constant<Moment['kind']>('read') },
    { weight: 1, arbitrary: fc.constantFrom<Moment['kind']>('copy', 'recover', 'restoreCopy') },
  ),
  gateway: fc.nat(1),
});

/** Numbers of one opening that were shown may not move back. */
function expectNoStepBack(before: Board | null, after: Board): void {
  if (before?.epoch !== after.epoch) return;
  expect(after.called).toBeGreaterThanOrEqual(before.called);
  for (const position of [1, 2, 7, 30]) {
    expect(aheadOf(position, after.called)).toBeLessThanOrEqual(aheadOf(position, before.called));
  }
}

test('called, lapsed and the people ahead never move back: any commands, losses and restored copies, one gateway or two', () => {
  let losses = 0;
  const moments = fc.array(fc.tuple(moment, scenarioStep), { maxLength: 150, size: 'max' });
  fc.assert(
    fc.property(anyRoomSettings, moments, (roomSettings, steps) => {
      const room = new CheckedRoom();
      room.send(T0, configure(roomSettings));
      let copy: RoomDocument = room.document;
      const gateways: (RoomView | null)[] = [null, null];
      let page: Board | null = null;
      let now = T0;
      for (const [{ kind, gateway }, { afterMs, command }] of steps) {
        now = Math.max(now, room.document.at) + afterMs;
        if (kind === 'command') room.run(now, [command({ room: room.document, sessions: room.sessions })]);
        else if (kind === 'recover') room.recover(room.document.at);
        else if (kind === 'copy') copy = room.document;
        else if (kind === 'restoreCopy' && copy.epoch === room.document.epoch) {
          if (copy.pacing.called < room.document.pacing.called) losses++;
          room.document = copy;
        }
        if (kind !== 'read') continue;
        const before = gateways[gateway] ?? null;
        const view = laterView(before, viewOf(room.document, [], now));
        gateways[gateway] = view;
        expectNoStepBack(before?.board ?? null, view.board);
        expect(view.board.called).toBeLessThanOrEqual(view.board.issued);
        if (before?.board.epoch === view.board.epoch) {
          expect(view.lapsedThrough).toBeGreaterThanOrEqual(before.lapsedThrough);
          for (const number of [1, 7, 30]) {
            const [earlier, later] = [before, view].map((one) =>
              statusOf(one, { kind: 'position', number }, null, now),
            );
            expect(later?.ahead).toBeLessThanOrEqual(earlier?.ahead ?? Number.POSITIVE_INFINITY);
          }
        }
        // The same client, whichever gateway answers; the other's view may be older.
        const read: Board = view.board;
        const next: Board = laterBoard(page, read);
        expectNoStepBack(page, next);
        page = next;
        const other = gateways[1 - gateway];
        if (other !== null && other !== undefined && other.board.epoch === page.epoch) {
          const hopped: Board = laterBoard(page, other.board);
          expectNoStepBack(page, hopped);
          page = hopped;
        }
      }
    }),
    { numRuns: 100 },
  );
  expect(losses).toBeGreaterThan(5);
});
