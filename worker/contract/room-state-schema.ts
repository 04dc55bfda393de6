// A room as operators read it: in the list of rooms, in the editor, live, as a forecast, as a preview.

import * as z from 'zod';
import { POLICY_BOUNDS } from '../../queue-core/limits.ts';
import { roomConfirm } from './consequences-schema.ts';
import { LANGUAGES, messageSchema, policySchema, roomId, scheduleSchema, siteSchema } from './room-schema.ts';
import { type Bounds, bothLanguages, count, inMinutes, moment, secondsRange } from './value-schema.ts';

/** Bytes of a custom waiting page; existing Cloudflare templates may have this size. */
export const TEMPLATE_BYTES_MAX = 1_048_576;

export const stateSchema = z.enum(['scheduled', 'prequeue', 'drawing', 'open', 'paused', 'soldOut', 'closed']);
export const flowSchema = z.enum(['running', 'paused', 'held']);

export const etag = z.string().describe('Value for `If-Match`, the same as in the header `ETag`.');

export const roomSummarySchema = z.object({
  id: roomId,
  title: bothLanguages,
  state: stateSchema.nullable().describe('null, like the numbers below: the store does not respond.'),
  opensAt: moment.nullable(),
  waiting: count.nullable(),
  active: count.nullable(),
  archivedAt: moment.nullable(),
});
export type RoomSummary = z.output<typeof roomSummarySchema>;

export const sentMessage = z.object({ text: bothLanguages, at: moment }).nullable();

/** `site`, `policy` and `schedule` have the form in which `setSite`, `setPolicy` and `setSchedule` take them. */
export const roomDetailSchema = z.object({
  id: roomId,
  site: siteSchema,
  policy: policySchema,
  schedule: scheduleSchema,
  hasOpened: z
    .boolean()
    .describe(
      'The opening has come: another one begins a new round. Before it, it can be moved, also in a closed room.',
    ),
  epoch: count.describe('Number of the opening.'),
  state: stateSchema,
  flow: flowSchema,
  message: sentMessage,
  hasTemplate: z.boolean(),
  archivedAt: moment.nullable(),
  etag,
});
export type RoomDetail = z.output<typeof roomDetailSchema>;

export const newRoomSchema = z.strictObject({
  id: roomId,
  site: siteSchema,
  policy: policySchema,
  schedule: scheduleSchema,
  closed: z
    .boolean()
    .default(false)
    .describe('The room begins closed: the schedule is a plan until it is set. It answers its addresses all the same.'),
  pageOf: roomId.optional().describe('A room whose custom waiting page the new one gets.'),
  confirm: roomConfirm,
});
export type NewRoom = z.input<typeof newRoomSchema>;

export const keptMessagesSchema = z.object({
  messages: z.array(z.object({ id: z.string(), text: bothLanguages })),
});
export type KeptMessage = z.output<typeof keptMessagesSchema>['messages'][number];

export const keepMessageSchema = z.strictObject({ text: messageSchema });

export const setMessageSchema = z.strictObject({ text: messageSchema.nullable() });

export const changedSchema = z.object({
  outcome: z.enum(['changed', 'unchanged']),
  at: moment.nullable().describe('When the store applied the change; null: unchanged.'),
  inForceBy: moment.nullable().describe('By when every gateway uses the change; null: unchanged.'),
  etag,
});
export type Changed = z.output<typeof changedSchema>;

export const waitSeconds = secondsRange
  .nullable()
  .describe('Estimated seconds until a visitor who joins now can enter; null: no estimate.');

const outlook = z.object({
  waitSeconds,
  admissionsPerMinute: z.number().describe('Visitors per minute who can enter in the long run.'),
  limitedBy: z.enum(['rate', 'places']).describe('What limits admissions: `newUsersPerMinute` or `totalActiveUsers`.'),
});
export const forecastSchema = z.object({ present: outlook, proposed: outlook });
export type Forecast = z.output<typeof forecastSchema>;

const inBounds = ({ min, max }: Bounds) => z.coerce.number().min(min).max(max);

export const forecastQuery = z.object({
  newUsersPerMinute: inBounds(POLICY_BOUNDS.newUsersPerMinute).int(),
  totalActiveUsers: inBounds(POLICY_BOUNDS.totalActiveUsers).int(),
  sessionMinutes: inBounds(inMinutes(POLICY_BOUNDS.sessionMs)),
});

/** Pages that visitors see, one for each state. */
export const PREVIEW_KINDS = [
  'newcomer',
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
  'tooManyJoins',
  'cookiesNeeded',
  'storeUnreachable',
  'originUnreachable',
  'originError',
] as const;
export const previewQuery = z.object({
  kind: z.enum(PREVIEW_KINDS).default('waiting'),
  language: z.enum(LANGUAGES).default('ko'),
  ko: z.string().max(280).optional().describe('Message in Korean to show instead of the current one.'),
  en: z.string().max(280).optional().describe('Message in English to show instead of the current one.'),
});
