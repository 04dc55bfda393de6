// The parts of a room's document: how they begin, and what outlives an opening. Each must give every field of every part a valid
// value.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginEpoch, draftOf, newRoom, type RoomDocument } from '../../queue-core/document/room-document.ts';
import { decodeRoom, encodeDocument } from '../../queue-core/stored-format.ts';
import { CheckedRoom } from './checked-room.ts';
import { deepFreeze } from './deep-freeze.ts';
import { configure, epochAt, OTHER_SECRET, SECRET, T0 } from './sample-rooms.ts';
import { anyRoomSettings, type ScenarioStep, scenarioStep } from './scenarios.ts';

const steps = (maxLength: number) => fc.array(scenarioStep, { maxLength, size: 'max' });

function apply(room: CheckedRoom, scenario: readonly ScenarioStep[]): CheckedRoom {
  let now = room.document.at;
  for (const { afterMs, command } of scenario) {
    now += afterMs;
    room.run(now, [command({ room: room.document, sessions: room.sessions })]);
  }
  return room;
}

/** A valid document, of which storing loses nothing: an undefined field would be absent after it. */
function expectComplete(document: RoomDocument): void {
  expect(decodeRoom(encodeDocument(document))).toStrictEqual(document);
}

describe('parts of the document', () => {
  test('a new room has every field', () => {
    fc.assert(
      fc.property(anyRoomSettings, fc.nat(), (roomSettings, epoch) => {
        expectComplete(newRoom(roomSettings, 1 + epoch, 'digest', SECRET, T0));
      }),
    );
  });

  test('a new epoch has every field, whatever the one before was like', () => {
    fc.assert(
      fc.property(anyRoomSettings, steps(80), (roomSettings, scenario) => {
        const room = new CheckedRoom();
        room.send(T0, configure(roomSettings));
        const before = deepFreeze(apply(room, scenario).document);
        const now = before.at + 1_000;
        const schedule = { prequeueAt: null, opensAt: now + 60_000, closesAt: null, beacon: null };
        const document = draftOf(before);
        beginEpoch(document, { schedule, secret: OTHER_SECRET, now });
        expectComplete(document);
        expect(Object.keys(document)).toEqual(Object.keys(before));
        const { epoch, config, endings } = document;
        expect({ epoch, schedule: config.schedule }).toEqual({
          epoch: Math.max(before.epoch + 1, epochAt(now)),
          schedule,
        });
        expect(endings.seq).toBe(before.endings.seq);
      }),
      { numRuns: 60 },
    );
  });
});
