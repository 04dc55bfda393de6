// The operators' API as data: every address with who may use it, what it takes and what it answers. Routes, the OpenAPI
// description and the console's client are made of this one table.

import * as z from 'zod';
import { LATENCY_BOUNDS_MS, REFUSAL_REASONS } from '../../queue-core/history.ts';
import { AUDIT_RECORDS_MAX, HISTORY_BUCKETS_MAX, POLICY_BOUNDS, ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import { LANGUAGES, messageSchema, policySchema, roomId, scheduleSchema, siteSchema } from './room-schema.ts';

/** Everything below stands under this path of the gateway. */
export const OPERATOR_PATH = '/_fairgate/operator';
export const CONSOLE_PATH = '/_fairgate/console/';

/** Each role may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'owner'] as const;
export const roleSchema = z.enum(ROLES);
export type Role = z.output<typeof roleSchema>;

/** @param needed null: whoever it is */
export function allows(has: Role, needed: Role | null): boolean {
  return needed === null || ROLES.indexOf(has) >= ROLES.indexOf(needed);
}

/** Records of one log at most, and of one page of it. */
export { AUDIT_RECORDS_MAX, ROWS_PER_PAGE_MAX };

/** Bytes of an operator's own waiting page: what existing templates were allowed. */
export const TEMPLATE_BYTES_MAX = 1_048_576;
export const KEY_NAME_CHARS_MAX = 60;
/** The key of the settings: it is changed there. */
export { OWNER_KEY_ID } from '../../queue-core/directory.ts';
/** Rules of the room that a client may want to foresee. */
export { isSameSecond, stageOf } from '../../queue-core/opening.ts';

const moment = z.iso.datetime();
const count = z.int();

export const operatorSchema = z.object({ id: z.string(), name: z.string(), role: roleSchema });
export type Operator = z.output<typeof operatorSchema>;

export const signInSchema = z.strictObject({ key: z.string().min(1).max(200) });

export const sessionSchema = z.object({
  operator: operatorSchema,
  /** null: with a key in the header or through Cloudflare Access there is no session of ours. */
  expiresAt: moment.nullable(),
});
export type Session = z.output<typeof sessionSchema>;

export const stateSchema = z.enum(['scheduled', 'prequeue', 'drawing', 'open', 'paused', 'soldOut', 'closed']);
export const flowSchema = z.enum(['running', 'paused', 'held']);

export const roomSummarySchema = z.object({
  id: roomId,
  title: z.object({ ko: z.string(), en: z.string() }),
  /** null: the store does not answer. */
  state: stateSchema.nullable(),
  opensAt: moment.nullable(),
  waiting: count.nullable(),
  active: count.nullable(),
  archivedAt: moment.nullable(),
});
export type RoomSummary = z.output<typeof roomSummarySchema>;

const messageAt = z.object({ text: z.object({ ko: z.string(), en: z.string() }), at: moment });
const stockAt = z.object({ remaining: count, asOf: moment });

/** A room as an editor shows it: site, policy and schedule in the form in which they are sent back. */
export const roomDetailSchema = z.object({
  id: roomId,
  site: siteSchema,
  policy: policySchema,
  schedule: scheduleSchema,
  epoch: count,
  state: stateSchema,
  flow: flowSchema,
  message: messageAt.nullable(),
  hasTemplate: z.boolean(),
  archivedAt: moment.nullable(),
  /** A value for `If-Match`, as in the header `ETag`. */
  etag: z.string(),
});
export type RoomDetail = z.output<typeof roomDetailSchema>;

export const newRoomSchema = z.strictObject({
  id: roomId,
  site: siteSchema,
  policy: policySchema,
  schedule: scheduleSchema,
});
export type NewRoom = z.input<typeof newRoomSchema>;

export const setMessageSchema = z.strictObject({ text: messageSchema.nullable() });

export const changedSchema = z.object({
  outcome: z.enum(['changed', 'unchanged']),
  at: moment.nullable(),
  /** When the last gateway that could still answer from before will have read it. */
  inForceBy: moment.nullable(),
  etag: z.string(),
});
export type Changed = z.output<typeof changedSchema>;

/** Ten seconds of a room. Counts are of the bucket; `waiting`, `active` and the limits are as at its end. */
export const bucketSchema = z.object({
  at: moment,
  epoch: count,
  state: stateSchema,
  arrived: count,
  called: count,
  /** Slots that began, which is when people may enter. */
  admitted: count,
  completed: count,
  left: count,
  revoked: count,
  expired: count,
  lapsed: count,
  waiting: count,
  active: count,
  newUsersPerMinute: count,
  totalActiveUsers: count,
  refused: z.partialRecord(z.enum(REFUSAL_REASONS), count),
  origin: z.object({
    answers: count,
    errors: count,
    unreachable: count,
    /** Answers by latency class; upper ends in ms are `latencyBoundsMs`, the last class holds what took longer. */
    latency: z.array(count).max(LATENCY_BOUNDS_MS.length + 1),
  }),
  /** How often gateways got in each other's way at a shared store; absent: never. */
  store: z
    .object({
      /** Commits in these ten seconds that found the room changed since it was read, and were worked out anew. */
      conflicts: count,
      /** Requests in these ten seconds that were sent again after no answer, or a refusal that may pass. */
      retries: count,
    })
    .optional(),
});
export type Bucket = z.output<typeof bucketSchema>;

const range = z.object({ low: count, high: count });

/** What needs somebody's eyes, most urgent first; words and next step are the reader's language. */
export const alarmSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('storeUnreachable'), ageSeconds: z.number() }),
  z.object({ kind: z.literal('originFailing'), since: moment }),
  z.object({ kind: z.literal('originErrors'), sharePercent: z.number() }),
  z.object({ kind: z.literal('originSlow'), latencyMs: z.number(), usualMs: z.number() }),
  z.object({ kind: z.literal('arrivalsAbovePlan'), arrived: count, expected: count }),
  z.object({ kind: z.literal('showShareFalling'), sharePercent: z.number(), beforePercent: z.number() }),
  z.object({ kind: z.literal('limitReached'), active: count }),
]);
export type Alarm = z.output<typeof alarmSchema>;

/** The room now; the same for every console, read from the store at most once a second. */
export const liveSchema = z.object({
  room: roomId,
  epoch: count,
  state: stateSchema,
  flow: flowSchema,
  serverTime: moment,
  /** When these numbers were read from the store. */
  asOf: moment,
  storeReachable: z.boolean(),
  opensAt: moment,
  prequeueAt: moment.nullable(),
  closesAt: moment.nullable(),
  etag: z.string(),
  changedAt: moment,
  /** Since when the last change is in force on every gateway; null: not yet. */
  inForceAt: moment.nullable(),
  gateways: count,
  arrived: count,
  entries: count,
  waiting: count,
  issued: count,
  called: count,
  /** Called, neither inside nor lapsed. */
  outstanding: count,
  /** Called and waiting for a free place. */
  standby: count,
  active: count,
  totals: z.object({
    admitted: count,
    renewed: count,
    completed: count,
    left: count,
    revoked: count,
    expired: count,
    lapsed: count,
  }),
  newUsersPerMinute: count,
  totalActiveUsers: count,
  sessionMinutes: z.number(),
  /** Time until the call for whoever would join now. */
  waitSeconds: range.nullable(),
  /** Share of those called lately who came, 0 to 1; null: not known yet. */
  showShare: z.number().nullable(),
  expectedVisitors: count.nullable(),
  message: messageAt.nullable(),
  stock: stockAt.nullable(),
  /** The last closed buckets and the open one, oldest first. */
  buckets: z.array(bucketSchema),
  alarms: z.array(alarmSchema),
  audit: z.object({ seq: count, hash: z.string() }),
});
export type Live = z.output<typeof liveSchema>;

export const historySchema = z.object({
  bucketSeconds: count,
  latencyBoundsMs: z.array(count),
  buckets: z.array(bucketSchema),
  /** Value of `after` for the next page; null: this is the end. */
  next: count.nullable(),
});
export type History = z.output<typeof historySchema>;

export const auditRecordSchema = z.object({
  seq: count,
  at: moment,
  by: z.object({ ...operatorSchema.shape, address: z.string().nullable() }),
  action: z.string(),
  from: z.json(),
  to: z.json(),
  previous: z.string(),
  hash: z.string(),
});
export type AuditRecord = z.output<typeof auditRecordSchema>;

export const auditSchema = z.object({ records: z.array(auditRecordSchema), next: count.nullable() });
export const auditExportSchema = z.object({
  log: z.string(),
  exportedAt: moment,
  /** Whether every record follows from the one before, up to the last that the log's document remembers. */
  whole: z.boolean(),
  records: z.array(auditRecordSchema),
});

const pageQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(ROWS_PER_PAGE_MAX).default(ROWS_PER_PAGE_MAX),
});

const historyQuery = z.object({
  /** Only buckets that begin after this moment. */
  since: z.iso.datetime({ offset: true }).optional(),
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(HISTORY_BUCKETS_MAX).default(ROWS_PER_PAGE_MAX),
});

export const forecastQuery = z.object({
  newUsersPerMinute: z.coerce
    .number()
    .int()
    .min(POLICY_BOUNDS.newUsersPerMinute.min)
    .max(POLICY_BOUNDS.newUsersPerMinute.max),
  totalActiveUsers: z.coerce
    .number()
    .int()
    .min(POLICY_BOUNDS.totalActiveUsers.min)
    .max(POLICY_BOUNDS.totalActiveUsers.max),
  sessionMinutes: z.coerce
    .number()
    .min(POLICY_BOUNDS.sessionMs.min / 60_000)
    .max(POLICY_BOUNDS.sessionMs.max / 60_000),
});

const outlook = z.object({
  /** Time until the call for whoever would join now. */
  waitSeconds: range.nullable(),
  /** Visitors a minute who could enter at the most: the rate, or what free places allow. */
  admissionsPerMinute: z.number(),
  limitedBy: z.enum(['rate', 'places']),
});
export const forecastSchema = z.object({ present: outlook, proposed: outlook });
export type Forecast = z.output<typeof forecastSchema>;

export const keySchema = z.object({ ...operatorSchema.shape, createdAt: moment });
export const newKeySchema = z.strictObject({
  name: z.string().trim().min(1).max(KEY_NAME_CHARS_MAX),
  role: roleSchema,
});
/** The only moment at which the key itself is told. */
export const madeKeySchema = z.object({ ...operatorSchema.shape, key: z.string() });

export const passSchema = z.object({
  expiresAt: moment,
  /** For clients that are no browsers. */
  admissionToken: z.string().optional(),
  /** For browsers: an address of the site where the pass is taken up, once, as a cookie that no script reads. */
  link: z.object({ address: z.url(), useBy: moment }).optional(),
});

/** Pages that can be previewed: what a visitor sees in each state. */
export const PREVIEW_KINDS = [
  'scheduled',
  'entered',
  'drawing',
  'waiting',
  'called',
  'standby',
  'paused',
  'soldOut',
  'closed',
  'lapsed',
  'ended',
  'storeUnreachable',
  'originUnreachable',
] as const;
export const previewQuery = z.object({
  kind: z.enum(PREVIEW_KINDS).default('waiting'),
  language: z.enum(LANGUAGES).default('ko'),
  /** A message to show in place of the one in force. */
  ko: z.string().max(280).optional(),
  en: z.string().max(280).optional(),
});

const nothing = z.undefined();

export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Under `OPERATOR_PATH`; parameters in braces. */
  path: string;
  /** null: before anybody is signed in. */
  role: Role | null;
  summary: string;
  /**
   * Only on the version that was looked at: the header `If-Match` is required, and 412 says that somebody was faster.
   * `toLoosen`: what stops the line needs none, and keeps to the one it is given; where it would let more through than now,
   * 428 asks for it.
   */
  ifMatch?: true | 'toLoosen';
  query?: z.ZodType;
  body?: z.ZodType;
  /** Instead of a JSON body. */
  bodyType?: 'text/html';
  answer: z.ZodType;
  /** Of an answer that is no JSON. */
  answerType?: 'text/csv' | 'text/html';
}

export const OPERATIONS = {
  signIn: {
    method: 'POST',
    path: '/session',
    role: null,
    summary: 'Exchanges a key for a session, kept in a cookie that no script can read.',
    body: signInSchema,
    answer: sessionSchema,
  },
  session: { method: 'GET', path: '/session', role: 'viewer', summary: 'Who is signed in.', answer: sessionSchema },
  signOut: { method: 'DELETE', path: '/session', role: 'viewer', summary: 'Ends the session.', answer: nothing },
  rooms: {
    method: 'GET',
    path: '/rooms',
    role: 'viewer',
    summary: 'All rooms, archived ones last.',
    answer: z.object({ rooms: z.array(roomSummarySchema) }),
  },
  createRoom: {
    method: 'POST',
    path: '/rooms',
    role: 'owner',
    summary: 'Makes a room with its first schedule.',
    body: newRoomSchema,
    answer: changedSchema,
  },
  room: {
    method: 'GET',
    path: '/rooms/{room}',
    role: 'viewer',
    summary: 'One room, to edit.',
    answer: roomDetailSchema,
  },
  setSite: {
    method: 'PUT',
    path: '/rooms/{room}/site',
    role: 'owner',
    summary: 'What the room protects and how it presents itself: hosts, paths, exemptions, origin, titles, languages.',
    ifMatch: true,
    body: siteSchema,
    answer: changedSchema,
  },
  setPolicy: {
    method: 'PUT',
    path: '/rooms/{room}/policy',
    role: 'operator',
    summary: 'Rate, people at once, session, renewal, claim window, status code of the waiting page.',
    ifMatch: true,
    body: policySchema,
    answer: changedSchema,
  },
  setSchedule: {
    method: 'PUT',
    path: '/rooms/{room}/schedule',
    role: 'operator',
    summary:
      'Before the opening moves it, and everybody keeps their entry; after it, another time begins a new opening.',
    ifMatch: true,
    body: scheduleSchema,
    answer: changedSchema,
  },
  setMessage: {
    method: 'PUT',
    path: '/rooms/{room}/message',
    role: 'operator',
    summary: 'What people who wait read, in both languages; null takes it away.',
    ifMatch: true,
    body: setMessageSchema,
    answer: changedSchema,
  },
  setTemplate: {
    method: 'PUT',
    path: '/rooms/{room}/template',
    role: 'owner',
    summary: 'An own waiting page, as a Mustache template.',
    ifMatch: true,
    bodyType: 'text/html',
    answer: changedSchema,
  },
  removeTemplate: {
    method: 'DELETE',
    path: '/rooms/{room}/template',
    role: 'owner',
    summary: 'Back to the gateway’s own pages.',
    ifMatch: true,
    answer: changedSchema,
  },
  archiveRoom: {
    method: 'POST',
    path: '/rooms/{room}/archive',
    role: 'owner',
    summary: 'Takes a closed room out of service. Its log and history stay readable.',
    ifMatch: true,
    answer: changedSchema,
  },
  openNow: {
    method: 'POST',
    path: '/rooms/{room}/open',
    role: 'operator',
    summary: 'The opening is now, by the store’s clock. Cannot be undone.',
    ifMatch: true,
    answer: changedSchema,
  },
  pause: {
    method: 'POST',
    path: '/rooms/{room}/pause',
    role: 'operator',
    summary:
      'Nobody further is called; those already called may enter. Needs If-Match only where nobody enters now: stopping never conflicts.',
    ifMatch: 'toLoosen',
    answer: changedSchema,
  },
  hold: {
    method: 'POST',
    path: '/rooms/{room}/hold',
    role: 'operator',
    summary: 'Nobody is called and nobody enters. Needs no If-Match: stopping never conflicts.',
    ifMatch: 'toLoosen',
    answer: changedSchema,
  },
  resume: {
    method: 'POST',
    path: '/rooms/{room}/resume',
    role: 'operator',
    summary: 'The line moves on.',
    ifMatch: true,
    answer: changedSchema,
  },
  close: {
    method: 'POST',
    path: '/rooms/{room}/close',
    role: 'operator',
    summary: 'Nobody enters any more; people inside stay to the end of their session. Only a new opening follows.',
    ifMatch: true,
    answer: changedSchema,
  },
  revokeAll: {
    method: 'POST',
    path: '/rooms/{room}/sessions/revoke',
    role: 'operator',
    summary: 'Sends everybody inside out. Those who wait keep their places. Cannot be undone.',
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
  givePass: {
    method: 'POST',
    path: '/rooms/{room}/pass',
    role: 'operator',
    summary: 'A short way in of one’s own, for looking at the site; it is recorded.',
    answer: passSchema,
  },
  live: { method: 'GET', path: '/rooms/{room}/live', role: 'viewer', summary: 'The room now.', answer: liveSchema },
  forecast: {
    method: 'GET',
    path: '/rooms/{room}/forecast',
    role: 'viewer',
    summary: 'What other limits would do to the waiting time.',
    query: forecastQuery,
    answer: forecastSchema,
  },
  history: {
    method: 'GET',
    path: '/rooms/{room}/history',
    role: 'viewer',
    summary: 'The room in buckets of ten seconds, for two days.',
    query: historyQuery,
    answer: historySchema,
  },
  audit: {
    method: 'GET',
    path: '/rooms/{room}/audit',
    role: 'viewer',
    summary: 'Who changed what in this room.',
    query: pageQuery,
    answer: auditSchema,
  },
  auditJson: {
    method: 'GET',
    path: '/rooms/{room}/audit.json',
    role: 'viewer',
    summary: 'The room’s whole log, with whether it is whole.',
    answer: auditExportSchema,
  },
  auditCsv: {
    method: 'GET',
    path: '/rooms/{room}/audit.csv',
    role: 'viewer',
    summary: 'The room’s whole log as CSV (RFC 4180).',
    answer: z.string(),
    answerType: 'text/csv',
  },
  preview: {
    method: 'GET',
    path: '/rooms/{room}/preview',
    role: 'viewer',
    summary: 'The page that a visitor would see, with made-up numbers.',
    query: previewQuery,
    answer: z.string(),
    answerType: 'text/html',
  },
  directoryAudit: {
    method: 'GET',
    path: '/audit',
    role: 'viewer',
    summary: 'Who signed in, and who changed rooms’ sites and keys.',
    query: pageQuery,
    answer: auditSchema,
  },
  directoryAuditJson: {
    method: 'GET',
    path: '/audit.json',
    role: 'viewer',
    summary: 'The whole log of sites and keys.',
    answer: auditExportSchema,
  },
  directoryAuditCsv: {
    method: 'GET',
    path: '/audit.csv',
    role: 'viewer',
    summary: 'The whole log of sites and keys as CSV.',
    answer: z.string(),
    answerType: 'text/csv',
  },
  keys: {
    method: 'GET',
    path: '/keys',
    role: 'owner',
    summary: 'Operators’ keys, without the keys themselves, which are nowhere.',
    answer: z.object({ keys: z.array(keySchema) }),
  },
  addKey: {
    method: 'POST',
    path: '/keys',
    role: 'owner',
    summary: 'Makes a key and tells it once.',
    body: newKeySchema,
    answer: madeKeySchema,
  },
  removeKey: {
    method: 'DELETE',
    path: '/keys/{key}',
    role: 'owner',
    summary: 'The key and its sessions end.',
    answer: nothing,
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;
