// Every operation of the operators' API: its address, who may call it, what it takes and what it returns. The gateway's routes,
// the OpenAPI description and the console's client are built from this one table.

import * as z from 'zod';
import {
  alarmTargetChangeSchema,
  alarmTargetSchema,
  alarmTargetSecretSchema,
  alarmTestSchema,
  newAlarmTargetSchema,
} from './alarm-target-schema.ts';
import { beaconTestSchema } from './beacon-schema.ts';
import {
  consequencesSchema,
  openNowSchema,
  previewRoomSchema,
  previewScheduleSchema,
  roomPreviewSchema,
  setScheduleSchema,
  setSiteSchema,
} from './consequences-schema.ts';
import { historyQuery, historySchema } from './history-schema.ts';
import { liveSchema } from './live-schema.ts';
import { auditExportSchema, auditSchema } from './log-schema.ts';
import {
  createdKeySchema,
  keySchema,
  newKeySchema,
  passSchema,
  type Role,
  sessionSchema,
  signInSchema,
} from './operator-schema.ts';
import { originRecordsSchema } from './origin-call-schema.ts';
import { reportQuery } from './report-schema.ts';
import { policySchema } from './room-schema.ts';
import {
  changedSchema,
  forecastQuery,
  forecastSchema,
  keepMessageSchema,
  keptMessagesSchema,
  newRoomSchema,
  previewQuery,
  roomDetailSchema,
  roomSummarySchema,
  setMessageSchema,
} from './room-state-schema.ts';
import { pageQuery } from './value-schema.ts';

/** Path of the gateway under which all operations are. */
export const OPERATOR_PATH = '/_fairgate/operator';
export const CONSOLE_PATH = '/_fairgate/console/';
export const METRICS_PATH = '/_fairgate/metrics';

const nothing = z.undefined();

export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Under `OPERATOR_PATH`; parameters in braces. */
  path: string;
  /** null: no authentication. */
  role: Role | null;
  summary: string;
  /** About no room, and for operators of single rooms all the same: its answer is about their rooms alone, or about none. */
  forSingleRooms?: true;
  /**
   * true: the header `If-Match` is required, and 412 means that the room has changed since that version. `optional`: stopping
   * the line is possible without it; 428 asks for it where the change would admit visitors who are held now.
   */
  ifMatch?: true | 'optional';
  query?: z.ZodType;
  body?: z.ZodType;
  /** A request without a body has an empty one. */
  isBodyOptional?: true;
  /** Instead of a JSON body. */
  bodyType?: 'text/html';
  answer: z.ZodType;
  /** Of a response that is not JSON. */
  answerType?: 'text/csv' | 'text/html' | 'application/zip';
}

export const OPERATIONS = {
  signIn: {
    method: 'POST',
    path: '/session',
    role: null,
    summary: 'Exchanges a key for a session in an HttpOnly cookie.',
    body: signInSchema,
    answer: sessionSchema,
  },
  session: {
    method: 'GET',
    path: '/session',
    role: 'viewer',
    summary: 'The authenticated operator.',
    forSingleRooms: true,
    answer: sessionSchema,
  },
  signOut: {
    method: 'DELETE',
    path: '/session',
    role: 'viewer',
    summary: 'Ends the session.',
    forSingleRooms: true,
    answer: nothing,
  },
  rooms: {
    method: 'GET',
    path: '/rooms',
    role: 'viewer',
    summary: 'All rooms that the operator may see, archived rooms last.',
    forSingleRooms: true,
    answer: z.object({ rooms: z.array(roomSummarySchema) }),
  },
  createRoom: {
    method: 'POST',
    path: '/rooms',
    role: 'owner',
    summary:
      'Creates a room with its first schedule. Refused unless `confirm` names the rooms that lose addresses to it.',
    body: newRoomSchema,
    answer: changedSchema,
  },
  previewRoom: {
    method: 'POST',
    path: '/rooms/preview',
    role: 'owner',
    summary:
      'What a new room, or another site of one, would take from other rooms, and whether its site answers. Nothing is changed.',
    body: previewRoomSchema,
    answer: roomPreviewSchema,
  },
  room: {
    method: 'GET',
    path: '/rooms/{room}',
    role: 'viewer',
    summary: 'The settings and the state of one room.',
    answer: roomDetailSchema,
  },
  setSite: {
    method: 'PUT',
    path: '/rooms/{room}/site',
    role: 'owner',
    summary:
      'Sets what the room protects and how it presents itself: hosts, paths, exemptions, origin, titles, languages.',
    ifMatch: true,
    body: setSiteSchema,
    answer: changedSchema,
  },
  setPolicy: {
    method: 'PUT',
    path: '/rooms/{room}/policy',
    role: 'operator',
    summary: 'Sets rate, visitors at once, session, renewal, claim window and the status code of the waiting page.',
    ifMatch: true,
    body: policySchema,
    answer: changedSchema,
  },
  setSchedule: {
    method: 'PUT',
    path: '/rooms/{room}/schedule',
    role: 'operator',
    summary:
      'Sets opening and closing. Before the opening, entries are kept; afterwards, another opening time starts a new round and ends all places. What it does at once must be named in `confirm`.',
    ifMatch: true,
    body: setScheduleSchema,
    answer: changedSchema,
  },
  previewSchedule: {
    method: 'POST',
    path: '/rooms/{room}/preview',
    role: 'operator',
    summary: 'What a schedule would do to people at once. Nothing is changed.',
    body: previewScheduleSchema,
    answer: consequencesSchema,
  },
  cancelOpening: {
    method: 'POST',
    path: '/rooms/{room}/cancel',
    role: 'operator',
    summary:
      'Before the opening: cancels it. The room is closed, visitors are told, and entries are kept for another opening.',
    ifMatch: true,
    answer: changedSchema,
  },
  setMessage: {
    method: 'PUT',
    path: '/rooms/{room}/message',
    role: 'operator',
    summary: 'Sets the message on the waiting page, in both languages; null removes it.',
    ifMatch: true,
    body: setMessageSchema,
    answer: changedSchema,
  },
  setTemplate: {
    method: 'PUT',
    path: '/rooms/{room}/template',
    role: 'owner',
    summary: 'Sets a custom waiting page, a Mustache template.',
    ifMatch: true,
    bodyType: 'text/html',
    answer: changedSchema,
  },
  removeTemplate: {
    method: 'DELETE',
    path: '/rooms/{room}/template',
    role: 'owner',
    summary: 'Removes the custom waiting page.',
    ifMatch: true,
    answer: changedSchema,
  },
  archiveRoom: {
    method: 'POST',
    path: '/rooms/{room}/archive',
    role: 'owner',
    summary: 'Takes a closed room out of service. Its log and history remain readable.',
    ifMatch: true,
    answer: changedSchema,
  },
  openNow: {
    method: 'POST',
    path: '/rooms/{room}/open',
    role: 'operator',
    summary: 'Opens the room now, by the store’s clock. Cannot be undone; `confirm` must name what it does.',
    ifMatch: true,
    body: openNowSchema,
    isBodyOptional: true,
    answer: changedSchema,
  },
  recommit: {
    method: 'POST',
    path: '/rooms/{room}/recommit',
    role: 'owner',
    summary:
      'Before the opening, seals another secret for the draw, where the key of the first one is lost. Everyone sees that there was one before, and nobody can prove the draw fair.',
    ifMatch: true,
    answer: changedSchema,
  },
  pause: {
    method: 'POST',
    path: '/rooms/{room}/pause',
    role: 'operator',
    summary: 'Stops calling; visitors who were called may still enter. Needs If-Match only while the room is held.',
    ifMatch: 'optional',
    answer: changedSchema,
  },
  hold: {
    method: 'POST',
    path: '/rooms/{room}/hold',
    role: 'operator',
    summary: 'Stops calling and entering. Needs no If-Match.',
    ifMatch: 'optional',
    answer: changedSchema,
  },
  resume: {
    method: 'POST',
    path: '/rooms/{room}/resume',
    role: 'operator',
    summary: 'Continues calling and entering.',
    ifMatch: true,
    answer: changedSchema,
  },
  close: {
    method: 'POST',
    path: '/rooms/{room}/close',
    role: 'operator',
    summary:
      'Closes the room. Visitors inside stay until their session ends; only a new opening admits visitors again.',
    ifMatch: true,
    answer: changedSchema,
  },
  revokeAll: {
    method: 'POST',
    path: '/rooms/{room}/sessions/revoke',
    role: 'operator',
    summary: 'Ends every session. Waiting visitors keep their places. Cannot be undone.',
    ifMatch: true,
    answer: changedSchema,
  },
  endSession: {
    method: 'POST',
    path: '/rooms/{room}/sessions/{position}/end',
    role: 'operator',
    summary: 'Ends the session of one position.',
    answer: changedSchema,
  },
  acknowledgeAlarm: {
    method: 'POST',
    path: '/rooms/{room}/alarms/{alarm}/acknowledge',
    role: 'operator',
    summary: 'Says that the operator knows of a raised alarm, by its kind. It stays until it is over.',
    answer: changedSchema,
  },
  givePass: {
    method: 'POST',
    path: '/rooms/{room}/pass',
    role: 'operator',
    summary: 'Gives the operator a pass: ten minutes on the site, past the line. It is recorded in the log.',
    answer: passSchema,
  },
  live: {
    method: 'GET',
    path: '/rooms/{room}/live',
    role: 'viewer',
    summary: 'The room at this moment.',
    answer: liveSchema,
  },
  forecast: {
    method: 'GET',
    path: '/rooms/{room}/forecast',
    role: 'viewer',
    summary: 'Estimates the waiting time with the present and with other limits.',
    query: forecastQuery,
    answer: forecastSchema,
  },
  history: {
    method: 'GET',
    path: '/rooms/{room}/history',
    role: 'viewer',
    summary: 'The last two days of the room, in buckets of ten seconds.',
    query: historyQuery,
    answer: historySchema,
  },
  originCalls: {
    method: 'GET',
    path: '/rooms/{room}/origin-calls',
    role: 'viewer',
    summary: 'What the site said: each number that visitors were shown, its calls about visits, its signals.',
    query: pageQuery,
    answer: originRecordsSchema,
  },
  audit: {
    method: 'GET',
    path: '/rooms/{room}/audit',
    role: 'viewer',
    summary: 'The room’s log: who changed what.',
    query: pageQuery,
    answer: auditSchema,
  },
  auditJson: {
    method: 'GET',
    path: '/rooms/{room}/audit.json',
    role: 'viewer',
    summary: 'Exports the room’s log as JSON and checks its hash chain.',
    answer: auditExportSchema,
  },
  auditCsv: {
    method: 'GET',
    path: '/rooms/{room}/audit.csv',
    role: 'viewer',
    summary: 'Exports the room’s log as CSV (RFC 4180).',
    answer: z.string(),
    answerType: 'text/csv',
  },
  evidence: {
    method: 'GET',
    path: '/rooms/{room}/evidence',
    role: 'viewer',
    summary:
      'The evidence pack, a ZIP archive: log, draws, limits, admissions and refusals of the room, with a signed manifest and without names. At most a few a minute.',
    answer: z.string(),
    answerType: 'application/zip',
  },
  report: {
    method: 'GET',
    path: '/rooms/{room}/report',
    role: 'viewer',
    summary:
      'The event report of an opening or of a range of time, one HTML document without a script: arrivals, waits told and real, admissions and limits, the site’s answers, and who did what. At most a few a minute.',
    query: reportQuery,
    answer: z.string(),
    answerType: 'text/html',
  },
  reportMinutes: {
    method: 'GET',
    path: '/rooms/{room}/report/minutes.csv',
    role: 'viewer',
    summary: 'Every minute of an event report as CSV (RFC 4180), kept for a year.',
    query: reportQuery,
    answer: z.string(),
    answerType: 'text/csv',
  },
  reportActs: {
    method: 'GET',
    path: '/rooms/{room}/report/acts.csv',
    role: 'viewer',
    summary: 'Who did what in the time of an event report, as CSV (RFC 4180).',
    query: reportQuery,
    answer: z.string(),
    answerType: 'text/csv',
  },
  messages: {
    method: 'GET',
    path: '/messages',
    role: 'viewer',
    summary: 'Messages to waiting visitors that operators keep to use again.',
    answer: keptMessagesSchema,
  },
  keepMessage: {
    method: 'POST',
    path: '/messages',
    role: 'operator',
    summary: 'Keeps a message for all operators. The same text is kept once.',
    body: keepMessageSchema,
    answer: keptMessagesSchema,
  },
  dropMessage: {
    method: 'DELETE',
    path: '/messages/{message}',
    role: 'operator',
    summary: 'Removes a kept message.',
    answer: keptMessagesSchema,
  },
  preview: {
    method: 'GET',
    path: '/rooms/{room}/preview',
    role: 'viewer',
    summary: 'The page that a visitor sees in one state, with sample numbers.',
    query: previewQuery,
    answer: z.string(),
    answerType: 'text/html',
  },
  directoryAudit: {
    method: 'GET',
    path: '/audit',
    role: 'viewer',
    summary: 'The log of the directory: sign-ins, changes of sites and keys.',
    query: pageQuery,
    answer: auditSchema,
  },
  directoryAuditJson: {
    method: 'GET',
    path: '/audit.json',
    role: 'viewer',
    summary: 'Exports the log of the directory as JSON and checks its hash chain.',
    answer: auditExportSchema,
  },
  directoryAuditCsv: {
    method: 'GET',
    path: '/audit.csv',
    role: 'viewer',
    summary: 'Exports the log of the directory as CSV (RFC 4180).',
    answer: z.string(),
    answerType: 'text/csv',
  },
  testBeacon: {
    method: 'POST',
    path: '/beacon/test',
    role: 'operator',
    summary:
      'Asks every relay of public randomness for its latest round, and verifies it. Within ten seconds the last test is returned.',
    forSingleRooms: true,
    answer: beaconTestSchema,
  },
  alarmTargets: {
    method: 'GET',
    path: '/alarm-targets',
    role: 'owner',
    summary: 'Where alarms are told: webhooks, without what is secret of their addresses.',
    answer: z.object({ targets: z.array(alarmTargetSchema) }),
  },
  addAlarmTarget: {
    method: 'POST',
    path: '/alarm-targets',
    role: 'owner',
    summary: 'Adds a webhook that hears of alarms. Only this response contains its secret.',
    body: newAlarmTargetSchema,
    answer: alarmTargetSecretSchema,
  },
  changeAlarmTarget: {
    method: 'PUT',
    path: '/alarm-targets/{target}',
    role: 'owner',
    summary: 'Changes a webhook; its secret stays.',
    body: alarmTargetChangeSchema,
    answer: nothing,
  },
  rotateAlarmTarget: {
    method: 'POST',
    path: '/alarm-targets/{target}/secret',
    role: 'owner',
    summary: 'Makes a new secret. For a day messages are signed with the former one too.',
    answer: alarmTargetSecretSchema,
  },
  testAlarmTarget: {
    method: 'POST',
    path: '/alarm-targets/{target}/test',
    role: 'owner',
    summary: 'Sends a test message now, once, and returns what came of it.',
    answer: alarmTestSchema,
  },
  removeAlarmTarget: {
    method: 'DELETE',
    path: '/alarm-targets/{target}',
    role: 'owner',
    summary: 'Removes a webhook.',
    answer: nothing,
  },
  keys: {
    method: 'GET',
    path: '/keys',
    role: 'owner',
    summary: 'The operators’ keys, by id, with their last use. The gateway does not store the keys themselves.',
    answer: z.object({ keys: z.array(keySchema) }),
  },
  addKey: {
    method: 'POST',
    path: '/keys',
    role: 'owner',
    summary: 'Creates a key. Only this response contains it.',
    body: newKeySchema,
    answer: createdKeySchema,
  },
  removeKey: {
    method: 'DELETE',
    path: '/keys/{key}',
    role: 'owner',
    summary: 'Removes a key and ends its sessions.',
    answer: nothing,
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** One room; each room that the operator may see; or more than rooms, which is for operators of all rooms alone. */
export type Reach = 'room' | 'each' | 'deployment';

export function reachOf({ path, forSingleRooms }: Operation): Reach {
  if (path.startsWith('/rooms/{room}')) return 'room';
  return forSingleRooms === true ? 'each' : 'deployment';
}
