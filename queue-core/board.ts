// What is read of a room: the board that everyone sees, the view from which a gateway answers without asking the
// store again, and the status of one visitor. All plain JSON, all pure functions of the document.

import type { AuditHead } from './audit.ts';
import type { Command, Place } from './command.ts';
import { drawnPosition } from './draw.ts';
import { bucketOf, type HistoryBucket } from './history.ts';
import { POLL_SECONDS_MAX } from './limits.ts';
import { stateOf } from './opening.ts';
import { claimDeadline, outstandingCalls, paceOf, showShare } from './pacing.ts';
import type {
  CallSample,
  EpochMs,
  Flow,
  GatewaySeen,
  Policy,
  RoomDocument,
  RoomState,
  Schedule,
  Totals,
} from './room.ts';
import { epochMs, rfc3339 } from './time.ts';
import { aheadOf, type Pace, pollSeconds, pollSecondsBeforeOpening, waitSeconds } from './wait.ts';

/** The public document of the design's "Documents visitors' clients read"; times are RFC 3339 in UTC. */
export interface Board {
  room: string;
  epoch: number;
  state: RoomState;
  /** The store's time when this was read, carried forward by the gateway that answers. */
  serverTime: string;
  /** When the numbers were read from the store. */
  asOf: string;
  opensAt: string;
  closesAt: string | null;
  /** Visitors who take part in the draw (still growing before the opening). */
  entries: number;
  issued: number;
  called: number;
  newUsersPerMinute: number;
  /** Positions a minute that the line moves, as a range; null: unknown. With `ahead` it gives the waiting time. */
  pace: Pace | null;
  active: number;
  message: { text: { ko: string; en: string }; at: string } | null;
  stock: { remaining: number; asOf: string } | null;
  draw: {
    commitment: string;
    /** From the opening on: what is needed to recompute every position. */
    proof: { secret: string; beaconRound: number | null; beacon: string; entries: number; seed: string } | null;
  };
  /** For somebody in the middle of the line; a visitor's own comes with the status. */
  nextPollSeconds: number;
}

/** This visitor's document; the same shape on every path that tells a visitor where they stand. */
export interface Status {
  room: string;
  state: 'none' | 'entered' | 'waiting' | 'called' | 'admitted' | 'completed' | 'lapsed';
  entry: number | null;
  position: number | null;
  /** Visitors between this one and the call; 0 when called. */
  ahead: number | null;
  waitSeconds: { low: number; high: number } | null;
  claimBy: string | null;
  admittedUntil: string | null;
  nextPollSeconds: number;
  serverTime: string;
}

/** An early ending: the session, and until when a token of it could still look valid. */
export interface Ending {
  seq: number;
  sid: string;
  until: EpochMs;
}

/** The room as its operators see it, live: what the board does not say. */
export interface LiveRoom {
  version: number;
  changedAt: EpochMs;
  inForceAt: EpochMs | null;
  schedule: Schedule;
  flow: Flow;
  originFailingSince: EpochMs | null;
  totals: Totals;
  standby: number;
  /** Called, neither claimed nor lapsed. */
  outstanding: number;
  /** Share of those called lately who came; null: not known yet. */
  showShare: number | null;
  audit: AuditHead;
  gateways: GatewaySeen[];
  /** The last closed buckets of the history and the open one, oldest first. */
  buckets: HistoryBucket[];
}

/** What a gateway asks along with the view. */
export interface ViewRequest {
  /** Number of the last early ending the gateway knows; 0: none. */
  endingsAfter: number;
  /** What it saw since its last report; null: a look that reports nothing. */
  report: Extract<Command, { kind: 'report' }> | null;
}

/** What a gateway keeps of a room for a second. Holds nothing of visitors and no secret before the opening. */
export interface RoomView {
  /** The store's time of this view. */
  at: EpochMs;
  board: Board;
  policy: Policy;
  calls: CallSample[];
  lapsedThrough: number;
  runMs: number;
  renewBefore: EpochMs;
  revokedAt: EpochMs;
  originFailing: boolean;
  live: LiveRoom;
  /** Endings after the number that was asked for, at most `ENDINGS_PER_VIEW_MAX`, oldest first. */
  endings: Ending[];
  endingSeq: number;
}

/** The view at the store's time `now`; `endings` are those the caller has not seen. */
export function viewOf(room: RoomDocument, endings: Ending[], now: EpochMs): RoomView {
  const { policy, calls, lapsedThrough, runMs, renewBefore, revokedAt, endingSeq } = room;
  return {
    at: now,
    board: boardOf(room, now),
    policy,
    calls,
    lapsedThrough,
    runMs,
    renewBefore,
    revokedAt,
    originFailing: room.originFailingSince !== null,
    live: liveOf(room, now),
    endings,
    endingSeq,
  };
}

function liveOf(room: RoomDocument, now: EpochMs): LiveRoom {
  const { version, changedAt, inForceAt, schedule, flow, originFailingSince, totals, audit, gateways } = room;
  return {
    version,
    changedAt,
    inForceAt,
    schedule,
    flow,
    originFailingSince,
    totals,
    standby: room.standby.length,
    outstanding: outstandingCalls(room),
    showShare: showShare(room),
    audit,
    gateways,
    buckets: [...room.recent, bucketOf(room, now)],
  };
}

function boardOf(room: RoomDocument, now: EpochMs): Board {
  const { draw, schedule, message, stock } = room;
  const state = stateOf(room, now);
  const pace = state === 'open' ? paceOf(room) : null;
  return {
    room: room.room,
    epoch: room.epoch,
    state,
    serverTime: rfc3339(now),
    asOf: rfc3339(now),
    opensAt: rfc3339(schedule.opensAt),
    closesAt: schedule.closesAt === null ? null : rfc3339(schedule.closesAt),
    entries: room.entries,
    issued: room.issued,
    called: room.called,
    newUsersPerMinute: room.policy.newUsersPerMinute,
    pace,
    active: room.active,
    message: message === null ? null : { text: message.text, at: rfc3339(message.at) },
    stock: stock === null ? null : { remaining: stock.remaining, asOf: rfc3339(stock.asOf) },
    draw: { commitment: draw.commitment, proof: proofOf(room) },
    nextPollSeconds: nextPollSeconds(
      { state, pace, newUsersPerMinute: room.policy.newUsersPerMinute },
      schedule.opensAt - now,
      Math.floor((room.issued - room.called) / 2),
    ),
  };
}

function proofOf(room: RoomDocument): Board['draw']['proof'] {
  const { secret, beacon, entries, seed } = room.draw;
  if (beacon === null || entries === null || seed === null) return null;
  return { secret, beaconRound: room.schedule.beacon?.round ?? null, beacon, entries, seed };
}

/** The session that a visitor's admission token speaks of, as far as the gateway knows. */
export interface KnownSession {
  expiresAt: EpochMs;
  /** It ended early, or its time is over. */
  over: boolean;
}

/** Where a visitor stands, from the view, their signed place and their session alone: no store is asked. */
export function statusOf(view: RoomView, place: Place | null, session: KnownSession | null, now: EpochMs): Status {
  const { board } = view;
  const status: Status = {
    room: board.room,
    state: 'none',
    entry: place?.kind === 'entry' ? place.number : null,
    position: null,
    ahead: null,
    waitSeconds: null,
    claimBy: null,
    admittedUntil: null,
    nextPollSeconds: nextPollSeconds(board, epochMs(board.opensAt) - now, 0),
    serverTime: rfc3339(now),
  };
  if (place === null) return status;
  const position = positionOf(place, board);
  if (position === null) return { ...status, state: 'entered' };
  const placed = { ...status, position, ahead: aheadOf(position, board.called) };
  if (session !== null) {
    if (session.over) return { ...placed, state: 'completed' };
    return { ...placed, state: 'admitted', admittedUntil: rfc3339(session.expiresAt) };
  }
  if (position > board.called) {
    return {
      ...placed,
      state: 'waiting',
      waitSeconds: waitSeconds(placed.ahead, board.pace),
      nextPollSeconds: nextPollSeconds(board, epochMs(board.opensAt) - now, placed.ahead),
    };
  }
  if (position <= view.lapsedThrough) return { ...placed, state: 'lapsed' };
  const sample = view.calls.find(({ upTo }) => position <= upTo);
  const claimBy = sample === undefined ? null : rfc3339(view.at + claimDeadline(view, sample.at) - view.runMs);
  return { ...placed, state: 'called', claimBy, nextPollSeconds: 1 };
}

/** People who wait to be called; before the draw everybody with an entry. */
export function waitingIn({ draw, entries, issued, called }: Board): number {
  return draw.proof === null ? entries : issued - called;
}

/** An entry that took no part in the draw, because the store had lost it or began anew: it has no position. */
export function missedTheDraw(place: Place, { draw }: Board): boolean {
  return place.kind === 'entry' && draw.proof !== null && place.number > draw.proof.entries;
}

/** The position of a place; null while the draw has not been made. */
export function positionOf(place: Place, board: Board): number | null {
  if (place.kind === 'position') return place.number;
  const { proof } = board.draw;
  return proof === null ? null : drawnPosition(place.number, proof.entries, proof.seed);
}

type Pulse = Pick<Board, 'state' | 'pace' | 'newUsersPerMinute'>;

function nextPollSeconds(board: Pulse, msUntilOpening: number, ahead: number): number {
  switch (board.state) {
    case 'scheduled':
    case 'prequeue':
      return pollSecondsBeforeOpening(msUntilOpening);
    case 'drawing':
      return 2;
    case 'open':
      return pollSeconds(ahead, board);
    case 'paused':
      return 10;
    case 'soldOut':
    case 'closed':
      return POLL_SECONDS_MAX;
  }
}
