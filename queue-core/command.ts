// What can be asked of a room and what it answers. Commands carry every id and every random value they need, so
// that `step` has no chance in it and a command can be repeated.

import type { Actor } from './audit.ts';
import type { Observed } from './history.ts';
import type { Stage } from './opening.ts';
import type { EndReason, EpochMs, Flow, Message, Policy, Schedule } from './room.ts';

/** Why a visitor's wish was not granted. Closed list; every one is an expected outcome, not a fault. */
export type Refusal =
  /** The room gives no entries yet. */
  | 'tooEarly'
  /** The opening has not come, or the draw is not made. */
  | 'notOpen'
  | 'closed'
  | 'soldOut'
  /** The operator holds the line. */
  | 'held'
  /** The origin does not answer; nobody is sent there. */
  | 'originFailing'
  /** The token belongs to another opening of this room. */
  | 'wrongEpoch'
  /** No such position was given in this epoch. */
  | 'unknownPosition'
  /** The position belongs to another visitor. */
  | 'foreignPosition';

/** A place in line: before the opening an entry, afterwards a position. */
export type Place = { kind: 'entry'; number: number } | { kind: 'position'; number: number };

export type Command =
  /**
   * Brings a room into being, or applies an edited settings file. Without change it does nothing. `firstEpoch` numbers a
   * new room's first opening (1 where it is left out): a store that can be lost wants a number that it has never given,
   * so that tokens of before the loss are not valid after it.
   */
  | { kind: 'configure'; by: Actor; settings: RoomSettings; digest: string; secret: string; firstEpoch?: number }
  /** Lets time act. */
  | { kind: 'tick' }
  /**
   * Asks for a place. `id` is the same when the same wish is repeated (11 characters, 64 bits). With `sid`, a newcomer
   * whose turn is now is admitted in the same step. `before`: the place that this id was answered with, where the store
   * still knows.
   */
  | { kind: 'join'; id: string; visitor: string; sid: string | null; before?: { epoch: number; place: Place } }
  /** Exchanges a called place for a session; repeated, it gives the same session. */
  | { kind: 'claim'; epoch: number; position: number; visitor: string; sid: string }
  /** Looks a session up and, where the policy says so and its second half has begun, extends it. */
  | { kind: 'renew'; epoch: number; position: number; sid: string }
  /** Ends a session before its time. Repeated, it changes nothing. */
  | { kind: 'end'; epoch: number; position: number; sid: string; reason: EndReason }
  /**
   * What an operator wants changed. `id` is the same when the same wish is repeated. With `ifVersion`, only where nobody
   * else has changed the room since that version. With `ifStage` only where the clock has not opened or closed it since.
   */
  | { kind: 'change'; id: string; by: Actor; ifVersion: number | null; ifStage?: Stage; change: Change }
  /** What a gateway saw since its last report (`seq`, counted from 1), and which version of the room it had meanwhile. */
  | { kind: 'report'; gateway: string; seq: number; version: number; observed: Observed }
  /** A signed queue token proves that a place was given: a room that does not know it has been lost in part. */
  | { kind: 'attest'; epoch: number; place: Place }
  /** The same of a session, by its admission token; `renew` and `end` can follow. */
  | {
      kind: 'attestSession';
      epoch: number;
      position: number;
      visitor: string;
      sid: string;
      admitAt: EpochMs;
      expiresAt: EpochMs;
    }
  /** The beacon's randomness for the opening (32 bytes, hex), verified by the caller. */
  | { kind: 'giveBeacon'; beacon: string }
  /** What the origin says is left. An older report than the last one is ignored. */
  | { kind: 'reportStock'; remaining: number; asOf: EpochMs }
  | { kind: 'reportOrigin'; healthy: boolean };

export type Change =
  | { kind: 'setFlow'; flow: Flow }
  | { kind: 'setPolicy'; policy: Policy }
  /** Before the opening it moves the opening and everybody keeps their entry; afterwards another opening is a new epoch. */
  | { kind: 'setSchedule'; schedule: Schedule; secret: string }
  /** The opening is now, by the store's clock; after a closing it begins a new epoch. */
  | { kind: 'openNow'; secret: string }
  | { kind: 'setMessage'; text: Message['text'] | null }
  | { kind: 'close' }
  /** Everybody inside is sent out; those who wait keep their places. */
  | { kind: 'revokeAll' }
  | { kind: 'endSession'; position: number }
  /** Records that an operator was given a way in of their own; with `useBy`, one that has to be taken up until then, once. */
  | { kind: 'givePass'; sid: string; expiresAt: EpochMs; useBy: EpochMs | null }
  /** Takes up the pass of this session. */
  | { kind: 'usePass'; sid: string };

/** Why a change was not made. */
export type ChangeRefusal =
  /** Nothing opens that is open. */
  | 'alreadyOpen'
  /** Already over. */
  | 'alreadyClosed'
  /** Nobody was admitted with that position. */
  | 'unknownPosition'
  /** The pass was taken up already, or not in time. */
  | 'passSpent'
  /** The audit log has reached its bound; archive the room. */
  | 'logFull';

export type ChangeReply =
  | { kind: 'changed'; version: number; at: EpochMs }
  /** It was so already. */
  | { kind: 'unchanged'; version: number }
  /** Somebody else changed the room since `ifVersion`; look again. */
  | { kind: 'conflict'; version: number }
  | { kind: 'refused'; reason: ChangeRefusal };

/** What a settings file says about the queue of one room. `opensInMs` counts from the moment the room comes to be. */
export interface RoomSettings {
  room: string;
  policy: Policy;
  schedule: Omit<Schedule, 'opensAt'> & ({ opensAt: EpochMs } | { opensInMs: number });
}

export type ClaimReply =
  | { kind: 'admitted'; position: number; sid: string; admitAt: EpochMs; expiresAt: EpochMs }
  /** Not yet. */
  | { kind: 'waiting'; ahead: number }
  /** The turn has come but no place is free; the next free one is kept for the `ahead + 1`th on standby. */
  | { kind: 'standby'; ahead: number }
  /** Called, and did not come within the claim window. */
  | { kind: 'lapsed' }
  /** Was inside; the session is over. */
  | { kind: 'ended'; reason: EndReason | 'expired' }
  | { kind: 'refused'; reason: Refusal };

export type JoinReply =
  | { kind: 'joined'; epoch: number; place: Place; commitment: string; claim: ClaimReply | null }
  | { kind: 'refused'; reason: Refusal };

/** Nothing was done: the room asks around what its store has lost. Stores tell their callers to come again. */
export type Recovering = { kind: 'recovering' };

export type Reply = JoinReply | ClaimReply | ChangeReply | Recovering | { kind: 'done' };

/** The reply that belongs to each command. */
export type ReplyTo<C extends Command> = C extends { kind: 'join' }
  ? JoinReply
  : C extends { kind: 'claim' | 'renew' | 'end' }
    ? ClaimReply
    : C extends { kind: 'change' }
      ? ChangeReply
      : { kind: 'done' };
