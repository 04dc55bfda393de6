// What a room's document says at a moment: its state, its stage, whether the line moves. One state machine; nothing else
// decides whether a room is open.

import type { RoomAlarmKind } from './document/alarms-state.ts';
import { SHARE_WHOLE } from './document/origin-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { Limits, Policy, RoomState, Stage } from './policy.ts';
import { peopleForStock } from './stock.ts';
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
  return config.flow === 'running' && origin.health.stage !== 'stopped' ? 'open' : 'paused';
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

/** Who has stopped the line of a paused room: the operator's word counts before what the origin's health says. */
export function pausedBy({ config, origin }: RoomDocument): 'operator' | 'origin' | null {
  if (config.flow !== 'running') return 'operator';
  return origin.health.stage === 'stopped' ? 'origin' : null;
}

/** Whether positions may be called: open, and no acknowledged write is missing. */
export function isFlowing(room: RoomDocument, now: EpochMs): boolean {
  return stateOf(room, now) === 'open' && !isRecovering(room, now);
}

/** The limits in force: never above the operator's, below them where the origin's health or what is left asks for it. */
export function limitsInForce({ config, origin }: Pick<RoomDocument, 'config' | 'origin'>): Limits {
  const { newUsersPerMinute, totalActiveUsers, health } = config.policy;
  const { share, peopleFound } = origin.health;
  const forStock = peopleForStock({ config, origin });
  const people =
    health.mode === 'find' && peopleFound !== null ? Math.min(peopleFound, totalActiveUsers) : totalActiveUsers;
  const slowed = Math.floor((newUsersPerMinute * share) / SHARE_WHOLE);
  return {
    newUsersPerMinute: Math.max(1, slowed, Math.min(health.rateFloor, newUsersPerMinute)),
    totalActiveUsers: forStock === null ? people : Math.min(people, forStock),
  };
}

/** The policy with the limits in force. */
export function policyInForce(room: Pick<RoomDocument, 'config' | 'origin'>): Policy {
  return { ...room.config.policy, ...limitsInForce(room) };
}

/** Whether the room is finding out what its store has lost. It gives no place, call, session or change meanwhile. */
export function isRecovering({ recovery }: RoomDocument, now: EpochMs): boolean {
  return recovery.running !== null && now < recovery.running.until;
}

/** Whether the room itself knows that an alarm is over, which counts before what a gateway saw a moment ago. */
export function isSurelyOver({ config, draw, origin }: RoomDocument, kind: RoomAlarmKind): boolean {
  switch (kind) {
    case 'clockLeapt':
      return config.leap === null;
    case 'drawKeyMissing':
    case 'beaconChainDiffers':
    case 'beaconLate':
      return draw.seed !== null;
    case 'originStopped':
      return origin.health.stage !== 'stopped';
    case 'originSlowed':
      return origin.health.stage !== 'slowed';
    default:
      return false;
  }
}
