// What a change does to people at once, and nothing takes back: it opens or closes a room now, ends an opening with its places, or takes
// routes from another room. Such a change says so itself, or it is not made: a typo and a script do not know that they would have to.

import type { Schedule } from './policy.ts';
import { type EpochMs, isSameSecond } from './time.ts';

/** What a schedule does; null: it does not. */
export interface Consequences {
  /** The room opens at once, and so many entries are drawn. */
  opensNow: { entries: number } | null;
  /** The room closes at once: nobody who waits can enter any more; those inside stay until their sessions end. */
  closesNow: People | null;
  /** Another opening begins: everybody's number is void, and the sessions of those inside end. */
  endsPlaces: People | null;
}

export interface People {
  /** With a number, and not inside. */
  waiting: number;
  active: number;
}

/** What a change was decided for. Each consequence that it has must be named. */
export interface Confirmation {
  opensNow?: true | undefined;
  closesNow?: true | undefined;
  endsPlaces?: true | undefined;
}

/** A room's opening, as far as the consequences of another schedule depend on it. */
export interface PresentOpening extends People {
  opensAt: EpochMs;
  /** The opening has come, so its entries are frozen: it cannot be moved any more, only be followed by another one. */
  hasOpened: boolean;
  isClosed: boolean;
}

/** Whether a schedule with this opening begins a new epoch, in which no token of this one is valid. */
export function beginsEpoch(
  { opensAt, hasOpened, isClosed }: Pick<PresentOpening, 'opensAt' | 'hasOpened' | 'isClosed'>,
  wanted: EpochMs,
): boolean {
  return hasOpened && (isClosed || !isSameSecond(wanted, opensAt));
}

export function consequencesOf(
  present: PresentOpening,
  { opensAt, closesAt }: Pick<Schedule, 'opensAt' | 'closesAt'>,
  now: EpochMs,
): Consequences {
  const isAnother = beginsEpoch(present, opensAt);
  const { waiting, active } = present;
  const people = { waiting, active };
  const opens = opensAt <= now && (isAnother || !present.hasOpened);
  return {
    opensNow: opens ? { entries: isAnother ? 0 : waiting } : null,
    closesNow: closesAt !== null && closesAt <= now ? (isAnother ? { waiting: 0, active: 0 } : people) : null,
    endsPlaces: isAnother ? people : null,
  };
}

/** Whether everything that a change does was named. */
export function isConfirmed(found: Consequences, confirmed: Confirmation): boolean {
  return CONSEQUENCES.every((name) => found[name] === null || confirmed[name] === true);
}

const CONSEQUENCES = ['opensNow', 'closesNow', 'endsPlaces'] as const;
