// The whole state of a room: one document of parts, plus one row for each claimed position. Nothing is stored for visitors
// who wait. This file composes the parts; each part's own file says how it begins and carries over.

import type { DrawSecret } from '../draw.ts';
import type { RoomSettings, Schedule } from '../policy.ts';
import { SCHEMA_VERSION } from '../schema-version.ts';
import type { EpochMs } from '../time.ts';
import { type AlarmsState, alarmsState } from './alarms-state.ts';
import { type ChangesState, changesState } from './changes-state.ts';
import { type ConfigState, configState } from './config-state.ts';
import { type DrawState, drawState } from './draw-state.ts';
import { type EndingsState, endingsState } from './endings-state.ts';
import { type HistoryState, historyState } from './history-state.ts';
import { type LifetimeState, lifetimeState } from './lifetime-state.ts';
import { type LineState, lineState } from './line-state.ts';
import { minuteState, type OpenMinute } from './minute-state.ts';
import { type OriginState, originState } from './origin-state.ts';
import { type PacingState, pacingState } from './pacing-state.ts';
import { type RecoveryState, recoveryState } from './recovery-state.ts';
import { type SessionsState, sessionsState } from './sessions-state.ts';
import type { Opening, SubState } from './sub-state.ts';

/** The parts of a document. */
interface Parts {
  config: ConfigState;
  changes: ChangesState;
  draw: DrawState;
  origin: OriginState;
  line: LineState;
  pacing: PacingState;
  sessions: SessionsState;
  endings: EndingsState;
  history: HistoryState;
  alarms: AlarmsState;
  lifetime: LifetimeState;
  minute: OpenMinute;
  recovery: RecoveryState;
}

export interface RoomDocument extends Parts {
  /** Version of the stored format (stored-format.ts). */
  schemaVersion: typeof SCHEMA_VERSION;
  room: string;
  createdAt: EpochMs;
  /** One opening. Raised by a schedule set after an opening; tokens of another epoch are not valid. */
  epoch: number;
  /** Time of the last step. Never moves backwards, whatever the clock does. */
  at: EpochMs;
}

/** What the parts of a new room begin with. */
interface Initial {
  settingsDigest: string;
  policy: RoomSettings['policy'];
  schedule: Schedule;
  closed: boolean;
  opensAt: EpochMs;
  secret: DrawSecret;
  now: EpochMs;
}

const PARTS: { [Name in keyof Parts]: SubState<Parts[Name], Initial, RoomDocument> } = {
  config: configState,
  changes: changesState,
  draw: drawState,
  origin: originState,
  line: lineState,
  pacing: pacingState,
  sessions: sessionsState,
  endings: endingsState,
  history: historyState,
  alarms: alarmsState,
  lifetime: lifetimeState,
  minute: minuteState,
  recovery: recoveryState,
};

const NAMES = Object.keys(PARTS) as (keyof Parts)[];

function eachPart(partOf: <Name extends keyof Parts>(name: Name) => Parts[Name]): Parts {
  return Object.fromEntries(NAMES.map((name) => [name, partOf(name)])) as unknown as Parts;
}

/** The document of a room's first opening. */
export function newRoom(
  settings: RoomSettings,
  firstEpoch: number,
  settingsDigest: string,
  secret: DrawSecret,
  now: EpochMs,
): RoomDocument {
  const { prequeueAt, closesAt, beacon } = settings.schedule;
  const opensAt = 'opensAt' in settings.schedule ? settings.schedule.opensAt : now + settings.schedule.opensInMs;
  const schedule = { prequeueAt, opensAt, closesAt, beacon };
  const { policy, closed = false } = settings;
  const initial: Initial = { settingsDigest, policy, schedule, closed, opensAt, secret, now };
  const parts = eachPart((name) => PARTS[name].empty(initial));
  return { schemaVersion: SCHEMA_VERSION, room: settings.room, createdAt: now, epoch: firstEpoch, at: now, ...parts };
}

/**
 * Begins another epoch in the draft: no token of an earlier one is valid any more. Its number comes from the clock, so that a
 * store that was restored from a copy gives none that its other life had given.
 */
export function beginEpoch(room: RoomDocument, opening: Opening): void {
  const parts = eachPart((name) => PARTS[name].carryOver(room, opening));
  Object.assign(room, parts, { epoch: Math.max(room.epoch + 1, Math.floor(opening.now)), at: opening.now });
}

/**
 * A copy that the handlers of one step may edit: they assign fields of the document and of its parts, and replace lists and
 * other values inside the parts. The original stays as it is.
 */
export function draftOf(room: RoomDocument): RoomDocument {
  return {
    ...room,
    config: { ...room.config },
    changes: { ...room.changes },
    draw: { ...room.draw },
    origin: { ...room.origin },
    line: { ...room.line },
    pacing: { ...room.pacing },
    sessions: { ...room.sessions },
    endings: { ...room.endings },
    history: { ...room.history },
    alarms: { ...room.alarms },
    lifetime: { ...room.lifetime },
    minute: { ...room.minute },
    recovery: { ...room.recovery },
  };
}
