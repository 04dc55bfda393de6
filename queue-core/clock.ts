// Which time a step acts on. A store's clock that leaps ahead would open rooms, end sessions and call positions that cannot be
// taken back. So a leap while gateways watch the room is not acted on: time stands still until a gateway that watched says
// how much of it really passed, or until an operator resumes the room. A clock that was set back makes time stand still by itself,
// until it has caught up.

import type { Command } from './command.ts';
import type { RoomDocument } from './document/room-document.ts';
import { LEAP_MS_MIN, VIEW_STALE_MS_MAX } from './limits.ts';
import type { EpochMs } from './time.ts';

/** The time that a room is at, where its store's clock says `now`. */
export function roomTime(room: RoomDocument, now: EpochMs): EpochMs {
  return isLeap(room, now) ? room.at : Math.max(room.at, now);
}

/** The time at which a command is applied. */
export function timeOfCommand(room: RoomDocument, command: Command, now: EpochMs): EpochMs {
  return explains(room, command, now) ? Math.max(room.at, now) : roomTime(room, now);
}

/** Whether a report says that the clock leapt: less time has passed for its gateway, and more than one that was set back says. */
export function refutes(room: RoomDocument, command: Command, now: EpochMs): boolean {
  if (command.kind !== 'report') return false;
  return isSetBack(room, now) || (isLeap(room, now) && !explains(room, command, now));
}

function isSetBack({ at }: RoomDocument, now: EpochMs): boolean {
  return at - now >= LEAP_MS_MIN;
}

/** Time passes unnoticed only where nobody watches. */
function isLeap({ at, changes }: RoomDocument, now: EpochMs): boolean {
  const isWatched = changes.gateways.some((gateway) => at - gateway.at <= VIEW_STALE_MS_MAX);
  return isWatched && now - at >= LEAP_MS_MIN;
}

/** A gateway that is new, or does not say how long it waited, cannot tell a leap from an idle room. */
function explains({ changes }: RoomDocument, command: Command, now: EpochMs): boolean {
  if (command.kind === 'change') return command.change.kind === 'setFlow' && command.change.flow === 'running';
  if (command.kind !== 'report') return false;
  const known = changes.gateways.find(({ id }) => id === command.gateway);
  if (known === undefined || command.elapsedMs === undefined) return true;
  return command.elapsedMs >= now - known.at - LEAP_MS_MIN;
}
