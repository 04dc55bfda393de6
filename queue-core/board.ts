// What is read of a room: the board that everyone sees, the view from which a gateway answers without reading the store
// again, and the status of one visitor. All plain JSON, all pure functions of the document.

import type { AuditHead } from './audit.ts';
import { roomTime } from './clock.ts';
import type { Command, Place } from './command.ts';
import type { PresentOpening } from './consequences.ts';
import type { Notice, RaisedAlarm } from './document/alarms-state.ts';
import type { GatewayReport, PresentOperator } from './document/changes-state.ts';
import type { ClockLeap } from './document/config-state.ts';
import { commitmentsOf } from './document/draw-state.ts';
import type { HistoryBucket } from './document/history-state.ts';
import { type LifetimeCounts, lifetimeCounts } from './document/lifetime-state.ts';
import type { HealthState, PriceRange, Stock } from './document/origin-state.ts';
import type { CallSample } from './document/pacing-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { Ending } from './document/session-record.ts';
import type { SessionTotals } from './document/sessions-state.ts';
import { drawnPosition, NO_BEACON } from './draw.ts';
import { isProbed } from './health.ts';
import { bucketOf } from './history.ts';
import { HISTORY_BUCKET_MS } from './limits.ts';
import { presentOpening } from './opening.ts';
import type { ObservedLine } from './pace.ts';
import { claimDeadline, observedLine, outstandingCalls, paceOf, showShare } from './pacing.ts';
import type { PastDraw } from './past-draw.ts';
import type { Flow, Policy, RoomState, Schedule } from './policy.ts';
import { presentAt } from './present-operators.ts';
import { isSurelyOver, limitsInForce, pausedBy, policyInForce, stateOf } from './room-state.ts';
import { isOld } from './stock.ts';
import { type EpochMs, epochMs, rfc3339 } from './time.ts';
import {
  aheadOf,
  type Pace,
  POLL_SECONDS_MAX,
  pollSeconds,
  pollSecondsBeforeOpening,
  pollSecondsForStock,
  type Reported,
  waitSeconds,
} from './wait.ts';

/** The room's public numbers, the same for everyone; times are RFC 3339 in UTC. */
export interface Board {
  room: string;
  epoch: number;
  state: RoomState;
  /** Of a paused room: the operators, or the gateway because the site does not respond; null: it is not paused. */
  pausedBy: 'operator' | 'origin' | null;
  /** The store's time when this was read, carried forward by the gateway that answers. */
  serverTime: string;
  /** When the numbers were read from the store. */
  asOf: string;
  opensAt: string;
  /**
   * Before the opening: the one that visitors knew, and since when it has another time; of a closed room, since when it is cancelled.
   * null: they know the present one.
   */
  moved: { was: string; at: string } | null;
  /** From when on entries are given; null: they are, or were. */
  entriesAt: string | null;
  /** How long a called visitor may take to enter. */
  claimMinutes: number;
  closesAt: string | null;
  /** Visitors who take part in the draw (still growing before the opening). */
  entries: number;
  issued: number;
  called: number;
  newUsersPerMinute: number;
  /** When so many positions will have moved up, as ranges; null: unknown. With `ahead` it gives the waiting time. */
  pace: Pace | null;
  active: number;
  message: { text: { ko: string; en: string }; at: string } | null;
  stock: BoardStock | null;
  draw: {
    commitment: string;
    /** Whether it is drawn with public randomness; once it is drawn, whether it was. */
    beacon: boolean;
    /** From the opening on: what is needed to recompute every position. */
    proof: { secret: string; beaconRound: number | null; beacon: string; entries: number; seed: string } | null;
  };
  /** For a visitor in the middle of the line; a visitor's own comes with the status. */
  nextPollSeconds: number;
}

/** What the origin says is left; a number that was read too long ago is not shown. */
export interface BoardStock {
  /** null: it is being checked. */
  remaining: number | null;
  asOf: string;
  /** How long after `asOf` a number counts. */
  freshSeconds: number;
  lots: {
    id: string;
    name: { ko: string; en: string };
    remaining: number | null;
    asOf: string;
    /** In the smallest unit of the currency (ISO 4217). */
    price: PriceRange | null;
  }[];
}

/** This visitor's status; the same shape in every response that carries one. */
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

/** The room as its operators see it, live: what the board does not say. */
export interface LiveRoom {
  version: number;
  changedAt: EpochMs;
  /** Number of the record that made this version; 0: not known. */
  changedSeq: number;
  inForceAt: EpochMs | null;
  schedule: Schedule;
  /** What the consequences of another schedule depend on. */
  opening: PresentOpening;
  flow: Flow;
  clockLeap: ClockLeap | null;
  /** The operator's policy; `RoomView.policy` has the limits in force. */
  policy: Policy;
  health: Pick<HealthState, 'stage' | 'since' | 'cause' | 'share' | 'usualMicros' | 'peopleFound'>;
  alarms: readonly RaisedAlarm[];
  /** What is told of alarms outside, oldest first. */
  notices: readonly Notice[];
  totals: SessionTotals & { lapsed: number };
  /** Counted since the room was created. */
  lifetime: LifetimeCounts;
  standby: number;
  /** Called, neither claimed nor lapsed. */
  outstanding: number;
  /** Share of those called lately who came; null: not known yet. */
  showShare: number | null;
  /** What waiting times are estimated from. */
  line: ObservedLine;
  audit: AuditHead;
  /** Number of the last record of what the origin said; 0: none. */
  originRecords: number;
  gateways: GatewayReport[];
  /** Who has the room on the console. */
  operators: PresentOperator[];
  /** The last closed buckets of the history and the open one, oldest first. */
  buckets: HistoryBucket[];
}

/** The draw as a gateway publishes and makes it; without the secret until it is drawn. */
export interface DrawView extends Omit<PastDraw, 'epoch' | 'entries' | 'secret' | 'seed'> {
  entries: number | null;
  secret: string | null;
  seed: string | null;
  /** Of the secret, for a gateway's keys; null: it is in the open. Not public. */
  sealed: string | null;
}

/** What a gateway requests with the view. */
export interface ViewRequest {
  /** Number of the last early ending the gateway knows; 0: none. */
  endingsAfter: number;
  /** What it saw since its last report; null: nothing to report. */
  report: Extract<Command, { kind: 'report' }> | null;
}

/** What a gateway caches of a room for a second. Holds nothing of visitors and no secret before the opening. */
export interface RoomView {
  /** The store's time of this view. */
  at: EpochMs;
  board: Board;
  /** With the limits in force, which may be below the operator's. */
  policy: Policy;
  calls: CallSample[];
  lapsedThrough: number;
  runMs: number;
  renewBefore: EpochMs;
  revokedAt: EpochMs;
  /** The origin should be probed. */
  probe: boolean;
  draw: DrawView;
  live: LiveRoom;
  /** Endings after the requested number, at most `ENDINGS_PER_VIEW_MAX`, oldest first. */
  endings: Ending[];
  endingSeq: number;
  /**
   * Held on its way, by a relay or by a draw that was tried: how long before its response the room was asked for this view, and had
   * answered.
   */
  relayed?: { ageMs: number; heldMs: number };
}

/** The view where the store's clock says `clockTime`; `endings` are those the caller has not seen. */
export function viewOf(room: RoomDocument, endings: Ending[], clockTime: EpochMs): RoomView {
  const now = roomTime(room, clockTime);
  const { pacing, sessions } = room;
  return {
    at: now,
    board: boardOf(room, now),
    policy: policyInForce(room),
    calls: pacing.calls,
    lapsedThrough: pacing.lapsedThrough,
    runMs: pacing.runMs,
    renewBefore: room.endings.renewBefore,
    revokedAt: sessions.revokedAt,
    probe: isProbed(room, now),
    draw: drawViewOf(room),
    live: liveOf(room, now),
    endings,
    endingSeq: room.endings.seq,
  };
}

function liveOf(room: RoomDocument, now: EpochMs): LiveRoom {
  const { config, changes, origin, sessions, pacing, history } = room;
  const { version, changedAt, changedSeq, inForceAt, audit, gateways } = changes;
  return {
    version,
    changedAt,
    changedSeq,
    inForceAt,
    schedule: config.schedule,
    opening: presentOpening(room, now),
    flow: config.flow,
    clockLeap: config.leap,
    policy: config.policy,
    health: healthViewOf(origin.health),
    alarms: room.alarms.raised.filter(({ kind }) => !isSurelyOver(room, kind)),
    notices: room.alarms.notices,
    totals: { ...sessions.totals, lapsed: pacing.lapsed },
    lifetime: lifetimeCounts(room),
    standby: sessions.standby.length,
    outstanding: outstandingCalls(pacing),
    showShare: showShare(room),
    line: observedLine(room),
    audit,
    originRecords: origin.recordSeq,
    gateways,
    operators: presentAt(changes, now),
    buckets: [...history.recent, bucketOf(room, now)],
  };
}

function healthViewOf({ stage, since, cause, share, usualMicros, peopleFound }: HealthState): LiveRoom['health'] {
  return { stage, since, cause, share, usualMicros, peopleFound };
}

function boardOf(room: RoomDocument, now: EpochMs): Board {
  const { config, draw, line, pacing, sessions, origin } = room;
  const { schedule, message, moved } = config;
  const { newUsersPerMinute } = limitsInForce(room);
  const state = stateOf(room, now);
  const pace = paceOf(room);
  return {
    room: room.room,
    epoch: room.epoch,
    state,
    pausedBy: state === 'paused' ? pausedBy(room) : null,
    serverTime: rfc3339(now),
    asOf: rfc3339(now),
    opensAt: rfc3339(schedule.opensAt),
    moved:
      moved === null || presentOpening(room, now).hasOpened ? null : { was: rfc3339(moved.was), at: rfc3339(moved.at) },
    entriesAt: state === 'scheduled' && schedule.prequeueAt !== null ? rfc3339(schedule.prequeueAt) : null,
    claimMinutes: Math.round(config.policy.claimWindowMs / 6_000) / 10,
    closesAt: schedule.closesAt === null ? null : rfc3339(schedule.closesAt),
    entries: line.entries,
    issued: line.issued,
    called: pacing.called,
    newUsersPerMinute,
    pace,
    active: sessions.active,
    message: message === null ? null : { text: message.text, at: rfc3339(message.at) },
    stock: stockOf(origin.stock, config.policy, now),
    draw: { commitment: draw.commitment, beacon: isWithBeacon(room), proof: proofOf(room) },
    nextPollSeconds: nextPollSeconds(
      { state, pace, newUsersPerMinute, stock: origin.stock, issued: line.issued, called: pacing.called },
      schedule.opensAt - now,
      Math.floor((line.issued - pacing.called) / 2),
    ),
  };
}

function stockOf(stock: Stock | null, policy: Policy, now: EpochMs): BoardStock | null {
  if (stock === null) return null;
  const shown = <T extends { remaining: number; asOf: EpochMs }>(one: T) => ({
    remaining: isOld(one, policy, now) ? null : one.remaining,
    asOf: rfc3339(one.asOf),
  });
  const lots = stock.lots.map((lot) => ({ id: lot.id, name: lot.name, ...shown(lot), price: lot.price }));
  return { ...shown(stock), freshSeconds: policy.stock.freshSeconds, lots };
}

function proofOf({ draw }: RoomDocument): Board['draw']['proof'] {
  const { secret, beacon, entries, seed } = draw;
  if (secret === null || entries === null || seed === null) return null;
  return { secret, beaconRound: beacon?.round ?? null, beacon: beacon?.randomness ?? NO_BEACON, entries, seed };
}

function isWithBeacon({ draw, config }: RoomDocument): boolean {
  return (draw.seed === null ? config.schedule.beacon : draw.beacon) !== null;
}

function drawViewOf({ draw, config }: RoomDocument): DrawView {
  const { beacon, entries, seed, sealed } = draw;
  const { beacon: choice, opensAt } = config.schedule;
  const secret = seed === null ? null : draw.secret;
  return { opensAt, commitments: commitmentsOf(draw), choice, beacon, entries, secret, seed, sealed };
}

/** The session of a visitor's admission token, as far as the gateway knows. */
export interface KnownSession {
  expiresAt: EpochMs;
  /** It ended early, or its time is over. */
  over: boolean;
}

/** A visitor's status, from the view, their signed place and their session alone, without a read of the store. */
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
  const claimBy = sample === undefined ? null : rfc3339(view.at + claimDeadline(view.policy, sample.at) - view.runMs);
  return { ...placed, state: 'called', claimBy, nextPollSeconds: 1 };
}

/** Visitors who wait to be called; before the draw all those with an entry. */
export function waitingIn({ draw, entries, issued, called }: Board): number {
  return draw.proof === null ? entries : issued - called;
}

/** Whether a newcomer would be admitted at once: the room is open, nobody waits, and there is a vacancy. */
export function passesAtOnce({ board, policy }: RoomView): boolean {
  const { state, issued, called, active } = board;
  return state === 'open' && issued === called && active < policy.totalActiveUsers;
}

/** Gateways that have read the room lately, by their own reports or those of relays. */
export function gatewaysIn({ at, live }: Pick<RoomView, 'at' | 'live'>): number {
  const reported = live.gateways.filter((one) => at - one.at <= HISTORY_BUCKET_MS);
  return reported.reduce((sum, { gateways }) => sum + gateways, 0);
}

/** An entry that took no part in the draw, because the store had lost it or was empty: it has no position. */
export function missedTheDraw(place: Place, { draw }: Board): boolean {
  return place.kind === 'entry' && draw.proof !== null && place.number > draw.proof.entries;
}

/** The position of a place; null before the draw. */
export function positionOf(place: Place, board: Board): number | null {
  if (place.kind === 'position') return place.number;
  const { proof } = board.draw;
  return proof === null ? null : drawnPosition(place.number, proof.entries, proof.seed);
}

type Movement = Pick<Board, 'state' | 'pace' | 'newUsersPerMinute'> & Reported;

/** Operators resume a room at any moment. */
const POLL_SECONDS_PAUSED = 10;

function nextPollSeconds(board: Movement, msUntilOpening: number, ahead: number): number {
  switch (board.state) {
    case 'scheduled':
    case 'prequeue':
      return pollSecondsBeforeOpening(msUntilOpening);
    case 'drawing':
      return 2;
    case 'open':
      return pollSeconds(ahead, board);
    case 'paused':
      return pollSecondsForStock(board, POLL_SECONDS_PAUSED);
    case 'soldOut':
      return pollSecondsForStock(board, POLL_SECONDS_MAX);
    case 'closed':
      return POLL_SECONDS_MAX;
  }
}
