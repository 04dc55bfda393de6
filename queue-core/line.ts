// Giving numbers to visitors one at a time: entries before the opening, positions after it.

import type { Command, JoinReply, Place } from './command.ts';
import type { RoomDocument } from './document/room-document.ts';
import { NEAR_SLOT_MS } from './limits.ts';
import type { StepContext } from './machine.ts';
import { callNext, nextSlot } from './pacing.ts';
import { assumeLoss } from './recovery.ts';
import { isFlowing, noPlacesIn, stateOf } from './room-state.ts';
import { claim } from './sessions.ts';

type Join = Extract<Command, { kind: 'join' }>;

/** Gives a place; a newcomer whose turn is now and whose slot is near is admitted in the same step. */
export function join(room: RoomDocument, command: Join, context: StepContext): JoinReply {
  const { now } = context;
  const reason = noPlacesIn(stateOf(room, now));
  if (reason !== null) return { kind: 'refused', reason };
  const place = newPlace(room);
  const { epoch, draw } = room;
  const joined = { kind: 'joined', epoch, place, commitment: draw.commitment } as const;
  if (isFlowing(room, now)) callNext(room);
  const { visitor, sid, provisional = false } = command;
  const isTheirTurn = place.kind === 'position' && place.number <= room.pacing.called;
  if (sid === null || !isTheirTurn || nextSlot(room, now) > now + NEAR_SLOT_MS) return { ...joined, claim: null };
  const wait = { since: now, told: null };
  const request = { kind: 'claim', epoch, position: place.number, visitor, sid, provisional, wait } as const;
  return { ...joined, claim: claim(room, undefined, request, context) };
}

/** Entries and later positions are one sequence: N entries are positions 1..N, in another order. */
function newPlace({ line, draw }: RoomDocument): Place {
  if (draw.entries === null) {
    line.entries++;
    return { kind: 'entry', number: line.entries };
  }
  line.issued++;
  return { kind: 'position', number: line.issued };
}

/** Takes a place that a signed token proves as given. An entry that missed its draw has none; its visitor joins again. */
export function restorePlace(
  room: RoomDocument,
  command: Extract<Command, { kind: 'restorePlace' }>,
  context: StepContext,
): void {
  const { epoch, line, draw } = room;
  const { place } = command;
  if (command.epoch !== epoch) return;
  if (command.givenAgain === true) {
    assumeLoss(room, context, { beside: true });
    return;
  }
  const isDrawn = draw.entries !== null;
  if (isDrawn !== (place.kind === 'position')) return;
  if (place.number <= (isDrawn ? line.issued : line.entries)) return;
  if (isDrawn) line.issued = place.number;
  else line.entries = place.number;
  // The history that knew this place may have leased what is free here.
  line.free = [];
  line.leases = [];
  assumeLoss(room, context);
}
