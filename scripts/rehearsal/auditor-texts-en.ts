// What the auditor says in English.

import type { AuditTexts } from './auditor-texts.ts';
import { ATTEMPTS } from './event-log.ts';

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function visitorCount(count: number): string {
  return count === 1 ? '1 visitor' : `${count} visitors`;
}

const FIELD_NAMES = { visitorId: 'the id', entry: 'entry', position: 'position' } as const;

export const auditTextsEn: AuditTexts = {
  noneAdmitted: 'No visitor was admitted in this rehearsal.',
  slotBeforeOpening: (visitor, position, ms) =>
    `Visitor ${visitor} (position ${position}) has a slot ${duration(ms)} before the opening.`,
  withoutSession: (visitor) => `Visitor ${visitor} reached the origin without a session.`,
  insideBeforeOpening: (visitor, ms) => `Visitor ${visitor} was inside ${duration(ms)} before the opening.`,
  firstSlot: (ms) => `First slot ${duration(ms)} after the opening.`,
  fullestWindow: (count, seconds, limit) =>
    `At most ${visitorCount(count)} in any ${seconds} s; the limit is ${limit}.`,
  windowTooFull: (count, from, tooMany) => `${count} slots from ${from}, ${tooMany} too many.`,
  mostAtOnce: (count) => `At most ${visitorCount(count)} at once.`,
  mostAtOnceOf: (count, limit) => `At most ${visitorCount(count)} at once; the limit is ${limit}.`,
  atOnceTooMany: (count, at, tooMany) => `${count} at ${at}, ${tooMany} too many.`,
  limitUnknown: 'The board does not show the limit. Give an operator key, or --total-active-users, to check it.',
  comparedWithBoards: (checked, admissions) =>
    `${checked} of ${admissions} admissions could be compared with a later board.`,
  notCalled: (visitor, position, at, called) =>
    `Visitor ${visitor} has a session for position ${position}; the board at ${at} had called up to ${called}.`,
  noLaterBoard: 'No board was read after the admissions.',
  slowVisitors: (slow, all, seconds) =>
    `${slow} of ${all} visitors lost a connection or waited longer than ${seconds} s for a response`,
  noFastResponses: 'No visitor had responses fast enough to judge by.',
  overtaken: (by, calledSoon) =>
    `Of the visitors with fast responses, the one closest to the limit was overtaken by ${by} later positions; ${calledSoon} were called within 10 s of that visitor.`,
  overtakenTooOften: (visitor, position, by, calledSoon) =>
    `Visitor ${visitor} (position ${position}) was overtaken by ${by} later positions; ${calledSoon} were called within 10 s.`,
  tooFewToJudge: (slow) => `${slow}: too few are left to judge by.`,
  place: (kind, number, epoch) => `${kind} ${number} of epoch ${epoch}`,
  session: (sid) => `session ${sid}`,
  sharedPlace: (a, b, place) => `Visitors ${a} and ${b} both have ${place}.`,
  twoSessions: (visitor, what) => `Visitor ${visitor} received two sessions for ${what}.`,
  admittedTwice: (a, b, what) => `Visitors ${a} and ${b} were both admitted with ${what}.`,
  foreignPosition: (visitor, position, holder) =>
    `Visitor ${visitor} was admitted with position ${position}, which belongs to visitor ${holder}.`,
  heldPlaces: (places, sessions) => `${places} places and ${sessions} sessions, each of one visitor.`,
  changedPlace: (visitor, field, before, now) =>
    `Visitor ${visitor} had ${FIELD_NAMES[field]} ${before} and later ${now}.`,
  retries: ({ joins, claims, twoTabs, lost, same }) =>
    `Joins cut off: ${joins}, claims cut off: ${claims}, visitors with two tabs: ${twoTabs}. ` +
    `Of ${lost} joins whose answer did not arrive, ${same} got the same place with the retry.`,
  anotherPlace: (visitor) =>
    `Visitor ${visitor} got another place with the retry of a join whose answer did not arrive.`,
  oneGateway: 'One gateway answered both.',
  severalGateways: 'Another gateway, or a restarted one, answered a retry with another place.',
  gatewaysUnknown:
    'That is right only where another gateway, or a restarted one, answered the retry. An operator key shows whether one did.',
  boardFell: (field, from, to, at) => `"${field}" fell from ${from} to ${to} at ${at}.`,
  aheadRose: (visitor, position, from, to, at) =>
    `Visitor ${visitor} at position ${position} saw ${from} people ahead, and ${to} at ${at}.`,
  readAndShown: (boards, numbers) => `${boards} boards were read, and ${numbers} numbers of people ahead shown.`,
  noEntries: 'No simulated visitor came before the opening.',
  entries: (count) => `${count} entries.`,
  notDrawn: 'The room had not published its draw at the end.',
  drawTooLarge: 'The draw is too large to be recomputed here.',
  drawDiffers: (visitor, entry, position, drawn) =>
    `Visitor ${visitor} with entry ${entry} has position ${position}; the draw gives ${drawn}.`,
  drawn: (entries, hasBeacon, secret, recomputed) =>
    `${entries} entries, ${hasBeacon ? 'with' : 'without'} a public beacon; secret ${secret}… opens the commitment; ${recomputed} positions recomputed.`,
  secretDiffers: 'The published secret does not open the commitment.',
  seedDiffers: 'The published seed does not follow from secret, beacon and number of entries.',
  boardCommitment: (at) => `The board at ${at} showed another commitment.`,
  tokenCommitment: (visitor) => `The token of visitor ${visitor} names another commitment.`,
  lapsed: (visitor) => `Visitor ${visitor} polled as required, and the claim window ended before the claim.`,
  stillInLine: (count) => `${count} were still in line when the rehearsal ended.`,
  waitedAndAdmitted: (inside, expected) => `${inside} of ${expected} visitors who waited were admitted.`,
  bypassed: (visitor, kind, at, response) =>
    `Visitor ${visitor}, ${ATTEMPTS[kind]} at ${at}: the response was ${response}.`,
  attemptsLost: (count) => `${count} had no response: they did not succeed, but they were not refused either.`,
  noAttempts: 'No attempt was made.',
  attemptsRefused: (refused, tried) => `${refused} of ${tried} attempts refused.`,
};
