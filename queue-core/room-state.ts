// What a room's document says at a moment: its state, its stage, whether the line moves. One state machine; nothing else
// decides whether a room is open.

import type { RoomDocument } from './document/room-document.ts';
import type { RoomState, Stage } from './policy.ts';
import type { EpochMs } from './time.ts';

/** The room's state at `now`, as the board shows it. */
export function stateOf({ config, draw, origin }: RoomDocument, now: EpochMs): RoomState {
  const { prequeueAt, opensAt, closesAt } = config.schedule;
  if (config.closed || (closesAt !== null && now >= closesAt)) return 'closed';
  if (draw.entries === null && now < opensAt) {
    return prequeueAt !== null && now < prequeueAt ? 'scheduled' : 'prequeue';
  }
  if (draw.seed === null) return 'drawing';
  if (origin.stock?.remaining === 0) return 'soldOut';
  return config.flow === 'running' ? 'open' : 'paused';
}

/** Why a room in this state gives nobody a place; null: it does. */
export function noPlacesIn(state: RoomState): 'closed' | 'soldOut' | 'tooEarly' | null {
  if (state === 'closed' || state === 'soldOut') return state;
  return state === 'scheduled' ? 'tooEarly' : null;
}

export function stageOf(state: RoomState): Stage {
  switch (state) {
    case 'scheduled':
    case 'prequeue':
      return 'ahead';
    case 'closed':
      return 'over';
    case 'drawing':
    case 'open':
    case 'paused':
    case 'soldOut':
      return 'running';
  }
}

/** Whether positions may be called: open, the origin responds, and no acknowledged write is missing. */
export function isFlowing(room: RoomDocument, now: EpochMs): boolean {
  return stateOf(room, now) === 'open' && room.origin.failingSince === null && !isRecovering(room, now);
}

/** Whether the room is finding out what its store has lost. It gives no place, call, session or change meanwhile. */
export function isRecovering({ recovery }: RoomDocument, now: EpochMs): boolean {
  return recovery.running !== null && now < recovery.running.until;
}
