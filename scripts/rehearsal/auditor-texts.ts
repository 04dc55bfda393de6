// What the auditor says, as functions of what it measured, so that a report can be in the reader's language. The auditor itself knows only
// the type.

import type { AttemptKind, ObservedBoard } from './event-log.ts';

type Count = number;
/** A time of day with its zone, as text. */
type Clock = string;

export interface AuditTexts {
  noneAdmitted: string;
  slotBeforeOpening(visitor: Count, position: Count, ms: number): string;
  withoutSession(visitor: Count): string;
  insideBeforeOpening(visitor: Count, ms: number): string;
  firstSlot(ms: number): string;
  fullestWindow(count: Count, seconds: number, limit: Count): string;
  windowTooFull(count: Count, from: Clock, tooMany: Count): string;
  mostAtOnce(count: Count): string;
  mostAtOnceOf(count: Count, limit: Count): string;
  atOnceTooMany(count: Count, at: Clock, tooMany: Count): string;
  limitUnknown: string;
  comparedWithBoards(checked: Count, admissions: Count): string;
  notCalled(visitor: Count, position: Count, at: Clock, called: Count): string;
  noLaterBoard: string;
  slowVisitors(slow: Count, all: Count, seconds: number): string;
  noFastResponses: string;
  overtaken(by: Count, calledSoon: Count): string;
  overtakenTooOften(visitor: Count, position: Count, by: Count, calledSoon: Count): string;
  tooFewToJudge(slow: string): string;
  place(kind: 'entry' | 'position', number: Count, epoch: Count): string;
  session(sid: string): string;
  sharedPlace(a: Count, b: Count, place: string): string;
  twoSessions(visitor: Count, what: string): string;
  admittedTwice(a: Count, b: Count, what: string): string;
  foreignPosition(visitor: Count, position: Count, holder: Count): string;
  heldPlaces(places: Count, sessions: Count): string;
  changedPlace(
    visitor: Count,
    field: 'visitorId' | 'entry' | 'position',
    before: string | Count,
    now: string | Count,
  ): string;
  retries(facts: { joins: Count; claims: Count; twoTabs: Count; lost: Count; same: Count }): string;
  anotherPlace(visitor: Count): string;
  oneGateway: string;
  severalGateways: string;
  gatewaysUnknown: string;
  boardFell(field: keyof ObservedBoard, from: Count, to: Count, at: Clock): string;
  aheadRose(visitor: Count, position: Count, from: Count, to: Count, at: Clock): string;
  readAndShown(boards: Count, numbers: Count): string;
  noEntries: string;
  entries(count: Count): string;
  notDrawn: string;
  drawTooLarge: string;
  drawDiffers(visitor: Count, entry: Count, position: Count, drawn: Count): string;
  drawn(entries: Count, hasBeacon: boolean, secret: string, recomputed: Count): string;
  secretDiffers: string;
  seedDiffers: string;
  boardCommitment(at: Clock): string;
  tokenCommitment(visitor: Count): string;
  lapsed(visitor: Count): string;
  stillInLine(count: Count): string;
  waitedAndAdmitted(inside: Count, expected: Count): string;
  bypassed(visitor: Count, kind: AttemptKind, at: Clock, response: string): string;
  attemptsLost(count: Count): string;
  noAttempts: string;
  attemptsRefused(refused: Count, tried: Count): string;
}
