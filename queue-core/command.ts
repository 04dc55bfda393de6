// The commands of a room and their replies. Commands carry every id and every random value they need, so that `step` is
// deterministic and a command can be repeated.

import type { Actor } from './audit.ts';
import type { Confirmation, Consequences } from './consequences.ts';
import type { NoticeEvent, RoomAlarmKind, SeenAlarm } from './document/alarms-state.ts';
import type { SeenOperator } from './document/changes-state.ts';
import type { Observed } from './document/history-state.ts';
import type { KnownWait } from './document/minute-state.ts';
import type { Lot } from './document/origin-state.ts';
import type { CallMark, EndReason, OriginKeyId } from './document/session-record.ts';
import type { Beacon, DrawSecret } from './draw.ts';
import type { Flow, Message, NewSchedule, Policy, RoomSettings, Stage } from './policy.ts';
import type { EpochMs } from './time.ts';

/** Why a request was refused. A closed list; every one is an expected outcome, not an error. */
export const REFUSALS = [
  /** The room gives no entries yet. */
  'tooEarly',
  /** Before the opening, or before the draw. */
  'notOpen',
  'closed',
  'soldOut',
  /** An operator holds the line. */
  'held',
  /** The origin does not respond; no visitor is sent there. */
  'originFailing',
  /** The token belongs to another opening of this room. */
  'wrongEpoch',
  /** No such position was given in this epoch. */
  'unknownPosition',
  /** The position belongs to another visitor. */
  'foreignPosition',
  /** The visitor has completed what they came for. */
  'completed',
  /** The code of the hand-off was used before. */
  'codeUsed',
  /** The origin's call is older than the last one about the same visit, or there are too many of one moment. */
  'outdatedCall',
] as const;
export type Refusal = (typeof REFUSALS)[number];

export function refused(reason: Refusal): { kind: 'refused'; reason: Refusal } {
  return { kind: 'refused', reason };
}

/** A place in line: before the opening an entry, afterwards a position. */
export type Place = { kind: 'entry'; number: number } | { kind: 'position'; number: number };

export type Command =
  /**
   * Creates a room, or applies an edited settings file. Without a change it does nothing. `firstEpoch` numbers a new room's
   * first opening (default 1): a store that can be lost needs a number that was never given, so that tokens from before the
   * loss are not valid after it.
   */
  | { kind: 'configure'; by: Actor; settings: RoomSettings; digest: string; secret: DrawSecret; firstEpoch?: number }
  /** Lets time act. */
  | { kind: 'tick' }
  /**
   * Requests a place; repeated, another one. With `sid`, a newcomer whose turn is now is admitted in the same step; the session
   * is `provisional` where nothing shows yet that its visitor keeps the token (see `PRESENT_MS_MAX`).
   */
  | { kind: 'join'; visitor: string; sid: string | null; provisional?: boolean }
  /**
   * Requests numbers that a gateway gives out by itself for a moment; repeated, other ones. `count`: for visitors who are there,
   * at least 1; `ahead`: for those who will come in the next moments.
   */
  | { kind: 'lease'; count: number; ahead: number }
  /** So many entries of a lease from `first` on were not given out, and never will be: they are leased again. */
  | { kind: 'returnLease'; epoch: number; lease: number; first: number; count: number }
  /** Exchanges a called place for a session; repeated, it gives the same session, provisional no more. `wait`: for the history. */
  | { kind: 'claim'; epoch: number; position: number; visitor: string; sid: string; wait?: KnownWait }
  /**
   * Looks a session up, which its visitor has presented, and extends it where the policy says so and its second half has
   * begun. A provisional session counts for its whole length then; where it had ceased to count, it takes a vacancy again.
   */
  | { kind: 'renew'; epoch: number; position: number; sid: string }
  /** Ends a session before its time. Repeated, it changes nothing. */
  | { kind: 'end'; epoch: number; position: number; sid: string; reason: EndReason }
  /**
   * The same by who holds the place, without the session's id. A place on standby holds no vacancy back from then on. The origin may
   * complete a visit whose session is over; `reference` is what it calls that which was completed.
   */
  | ({ kind: 'end'; reason: EndReason; reference?: string | null; call?: OriginCall } & Visit)
  /** The origin gives a visitor the turn back: one whose session is over may claim once more; a living one gets its full length. */
  | ({ kind: 'readmit'; call: OriginCall } & Visit)
  /** How a visit stands or ended; changes nothing. */
  | ({ kind: 'lookUp' } & Visit)
  /** Uses a code of the hand-off, once, while its session lives. */
  | { kind: 'redeem'; epoch: number; position: number; sid: string; issuedAt: EpochMs }
  /**
   * An operator's change. A retry has the same `id`. With `ifVersion`, the change is made only if no other change was made
   * since that version; with `any`, on whichever is in force; with `ifStage`, only if the clock has not opened or closed the
   * room since. `confirm`: which consequences for people it was decided for; a change that has others is not made.
   */
  | {
      kind: 'change';
      id: string;
      by: Actor;
      ifVersion: number | 'any' | null;
      ifStage?: Stage;
      confirm?: Confirmation;
      change: Change;
    }
  /**
   * What a gateway saw since its last report (`seq`, counted from 1), and which version of the room it had meanwhile.
   * `elapsedMs`: how long ago that was by the gateway's monotonic clock; absent with the first one. `gateways`: for how many a
   * relay reports, whose `version` is then the oldest of theirs; absent: the gateway reports for itself.
   */
  | {
      kind: 'report';
      gateway: string;
      seq: number;
      version: number;
      gateways?: number;
      observed: Observed;
      elapsedMs?: number;
      /** Alarms that it sees; absent: it cannot tell. */
      alarms?: readonly SeenAlarm[];
      /** Who has the room on a console of this gateway; absent: nobody. */
      operators?: readonly SeenOperator[];
    }
  /**
   * A signed queue token proves that a place was given: a room that does not know it has lost writes. `givenAgain`: the room has
   * come to the place again since it was lost, so its number has been given to two visitors.
   */
  | { kind: 'restorePlace'; epoch: number; place: Place; givenAgain?: true }
  /** The same of a session, proven by its admission token; `renew` and `end` can follow. */
  | {
      kind: 'restoreSession';
      epoch: number;
      position: number;
      visitor: string;
      sid: string;
      admitAt: EpochMs;
      expiresAt: EpochMs;
    }
  /**
   * Draws, once N is frozen: the secret must be the committed one, and the beacon, whose signature the caller has verified, of the
   * round that the opening names. `beacon` is null where the room was scheduled without one, or may go on without it.
   */
  | { kind: 'draw'; epoch: number; secret: string; beacon: Beacon | null }
  /**
   * What the origin says is left. A number older than the last one is ignored. `lots` are all there are; `counts` are of some of
   * them, by id. Without `remaining` it is the sum of the lots.
   */
  | {
      kind: 'reportStock';
      remaining: number | null;
      asOf: EpochMs;
      lots?: readonly Omit<Lot, 'asOf'>[];
      counts?: readonly LotCount[];
      /** Absent: the header of a response. */
      by?: OriginKeyId;
    }
  /** A gateway has probed the origin while nobody is admitted there. */
  | { kind: 'reportProbe'; good: boolean }
  /** The origin wants no visitors for so long; 0: it takes them again. */
  | { kind: 'reportOverload'; forMs: number; call?: OriginCall }
  /** A gateway takes what is due of a notice about an alarm. `targets`: ids of all that it is for. */
  | { kind: 'takeNotice'; number: number; event: NoticeEvent; targets: readonly string[] }
  /** What became of it. `name`: of the target, for the log; `status`: of the response, null: none came. */
  | {
      kind: 'reportDelivery';
      number: number;
      event: NoticeEvent;
      target: string;
      name: string;
      attempt: number;
      status: number | null;
    };

export type StockReport = Extract<Command, { kind: 'reportStock' }>;

/** What is left of one lot. A name or price that is not told stays as it was; a new lot has its id as its name. */
export type LotCount = Pick<Lot, 'id' | 'remaining'> & { name?: Partial<Lot['name']>; price?: Lot['price'] };

/** Who holds a place, by their queue or admission token. */
export interface Visit {
  epoch: number;
  position: number;
  visitor: string;
}

/** Who calls for the origin. A signed call has a mark, and is obeyed once. */
export interface OriginCall {
  by: OriginKeyId;
  mark: CallMark | null;
}

/** Said by the header of a response to an admitted visitor. */
export const IN_A_RESPONSE: OriginCall = { by: null, mark: null };

export type Change =
  | { kind: 'setFlow'; flow: Flow }
  | { kind: 'setPolicy'; policy: Policy }
  /** Before the opening it moves the opening and every visitor keeps their entry; afterwards another opening is a new epoch. */
  | { kind: 'setSchedule'; schedule: NewSchedule; secret: DrawSecret }
  /** The opening is now, by the store's clock; in a room that has opened and closed it begins a new epoch. */
  | { kind: 'openNow'; secret: DrawSecret }
  /** Before the opening: there will be none until another schedule is set, and every visitor keeps their entry for that. */
  | { kind: 'cancelOpening' }
  /** Before the opening, another secret: everyone sees that there was one before. */
  | { kind: 'recommit'; secret: DrawSecret }
  | { kind: 'setMessage'; text: Message['text'] | null }
  | { kind: 'close' }
  /** Ends every session; visitors who wait keep their places. */
  | { kind: 'revokeAll' }
  | { kind: 'endSession'; position: number }
  /** Records that an operator was issued a pass; with `useBy`, one that must be used by then, once. */
  | { kind: 'givePass'; sid: string; expiresAt: EpochMs; useBy: EpochMs | null }
  /** Uses the pass of this session. */
  | { kind: 'usePass'; sid: string }
  | { kind: 'acknowledgeAlarm'; alarm: RoomAlarmKind };

/** Why a change was not made. */
export type ChangeRefusal =
  /** The room is open. */
  | 'alreadyOpen'
  /** The room is closed. */
  | 'alreadyClosed'
  /** There is no living session with that position. */
  | 'unknownPosition'
  /** The pass was used already, or not in time. */
  | 'passSpent'
  /** The alarm is not raised, or not any more. */
  | 'unknownAlarm'
  /** The audit log has reached its bound; archive the room. */
  | 'logFull';

export type ChangeReply =
  /** `stage`: how far the opening has come right after it. */
  | { kind: 'changed'; version: number; at: EpochMs; stage: Stage }
  /** There is nothing to change. */
  | { kind: 'unchanged'; version: number }
  /** Another change was made since `ifVersion`, by the record of that number (0: only time, or not known): read the room again. */
  | { kind: 'conflict'; version: number; changedSeq: number }
  /** The change would do this to people, and the command does not say so. */
  | { kind: 'unconfirmed'; consequences: Consequences }
  | { kind: 'refused'; reason: ChangeRefusal };

export type ClaimReply =
  | {
      kind: 'admitted';
      position: number;
      sid: string;
      admitAt: EpochMs;
      expiresAt: EpochMs;
      /** The session is provisional until then. */
      presentBy: EpochMs | null;
    }
  /** Not yet. */
  | { kind: 'waiting'; ahead: number }
  /** The turn has come but there is no vacancy; the next ones are kept for those on standby, `ahead` of them first. */
  | { kind: 'standby'; ahead: number }
  /** Called, and not claimed within the claim window. */
  | { kind: 'lapsed' }
  /** The session is over. */
  | { kind: 'ended'; reason: EndReason | 'expired'; at: EpochMs; reference: string | null }
  | { kind: 'refused'; reason: Refusal };

export type ReadmitReply =
  | Extract<ClaimReply, { kind: 'admitted' | 'refused' }>
  /** The visitor may claim again. */
  | { kind: 'readmitted' };

export type JoinReply =
  | { kind: 'joined'; epoch: number; place: Place; commitment: string; claim: ClaimReply | null }
  | { kind: 'refused'; reason: Refusal };

export type LeaseReply =
  | {
      kind: 'leased';
      epoch: number;
      /** Names the lease of entries when some of them are returned; 0: of positions, which are not. */
      lease: number;
      /** What the numbers are: entries of the draw before the opening, positions after it. */
      places: Place['kind'];
      first: number;
      /** At most `count` and `ahead`, at least 1. */
      count: number;
      commitment: string;
      /** How long they may be given out, counted from before the lease was asked for. */
      forMs: number;
    }
  | { kind: 'refused'; reason: Refusal };

/** Nothing was done: the room is finding out what its store has lost. The caller must retry. */
export type Recovering = { kind: 'recovering' };

/** `outdated`: the room had a later word already. */
export type OriginReply = { kind: 'done' } | { kind: 'outdated' };

/** What the gateway that asked is to deliver now; nobody else gets it meanwhile. */
export type NoticeReply = { kind: 'taken'; deliveries: { target: string; attempt: number }[] };

export type Reply =
  | JoinReply
  | LeaseReply
  | ClaimReply
  | ReadmitReply
  | ChangeReply
  | OriginReply
  | NoticeReply
  | Recovering;

/** The reply that belongs to each command. */
export type ReplyTo<C extends Command> = C extends { kind: 'join' }
  ? JoinReply
  : C extends { kind: 'lease' }
    ? LeaseReply
    : C extends { kind: 'claim' | 'renew' | 'end' | 'redeem' | 'lookUp' }
      ? ClaimReply
      : C extends { kind: 'readmit' }
        ? ReadmitReply
        : C extends { kind: 'change' }
          ? ChangeReply
          : C extends { kind: 'reportStock' | 'reportOverload' }
            ? OriginReply
            : C extends { kind: 'takeNotice' }
              ? NoticeReply
              : { kind: 'done' };
