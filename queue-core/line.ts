// Giving numbers to visitors: entries before the opening, positions after it.

import type { Command, JoinReply, Place } from './command.ts';
import { highestNumber } from './document/line-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { NEAR_SLOT_MS, RECENT_JOINS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { callNext, nextSlot } from './pacing.ts';
import { assumeLoss } from './recovery.ts';
import { isFlowing, stateOf } from './room-state.ts';
import { claim } from './sessions.ts';

type Join = Extract<Command, { kind: 'join' }>;

/** Gives a place; a newcomer whose turn is now and whose slot is near is admitted in the same step. */
export function join(room: RoomDocument, command: Join, context: StepContext): JoinReply {
  const { now, sessions } = context;
  const state = stateOf(room, now);
  if (state === 'closed' || state === 'soldOut') return { kind: 'refused', reason: state };
  if (state === 'scheduled') return { kind: 'refused', reason: 'tooEarly' };

  const repeated = repeatedPlace(room, command);
  const place = repeated ?? newPlace(room, command.id);
  const { epoch, draw } = room;
  const joined = { kind: 'joined', epoch, place, commitment: draw.commitment } as const;
  if (isFlowing(room, now)) callNext(room);
  const { visitor, sid, provisional = false } = command;
  if (sid === null || place.kind === 'entry' || place.number > room.pacing.called) return { ...joined, claim: null };
  const position = place.number;
  const record = repeated === null ? undefined : sessions.get(position);
  if (record === undefined && nextSlot(room, now) > now + NEAR_SLOT_MS) return { ...joined, claim: null };
  const request = { kind: 'claim', epoch, position, visitor, sid, provisional } as const;
  return { ...joined, claim: claim(room, record, request, context) };
}

/** Entries and later positions are one sequence: N entries are positions 1..N, in another order. */
function newPlace({ line, draw }: RoomDocument, id: string): Place {
  line.recentJoins = [...line.recentJoins, id].slice(-RECENT_JOINS_MAX);
  if (draw.entries === null) {
    line.entries++;
    return { kind: 'entry', number: line.entries };
  }
  line.issued++;
  return { kind: 'position', number: line.issued };
}

function repeatedPlace({ epoch, line, draw }: RoomDocument, { id, previous }: Join): Place | null {
  const given = highestNumber(line);
  // An entry that a loss excluded from the draw is no place.
  const known = previous?.place.kind === 'entry' ? (draw.entries ?? given) : given;
  if (previous?.epoch === epoch && previous.place.number <= known) return previous.place;
  const index = line.recentJoins.lastIndexOf(id);
  if (index === -1) return null;
  const number = given - (line.recentJoins.length - 1 - index);
  const isEntry = draw.entries === null || number <= draw.entries;
  return { kind: isEntry ? 'entry' : 'position', number };
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
  // Recent joins are found by their distance from the highest number, which has just moved.
  line.recentJoins = [];
  assumeLoss(room, context);
}
