// A room at this moment: its numbers, its last minute and what needs attention. The same document for every console; the
// gateway reads it from the store at most once a second.

import * as z from 'zod';
import { bucketSchema } from './history-schema.ts';
import { roomId } from './room-schema.ts';
import { etag, flowSchema, sentMessage, stateSchema, waitSeconds } from './room-state-schema.ts';
import { count, moment } from './value-schema.ts';

/** Alarms, most urgent first. Clients have the texts in the language of their reader. */
export const alarmSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('storeUnreachable'), ageSeconds: z.number() }),
  z.object({ kind: z.literal('clockLeapt'), from: moment, to: moment }),
  z.object({ kind: z.literal('originFailing'), since: moment }),
  z.object({ kind: z.literal('originErrors'), sharePercent: z.number() }),
  z.object({ kind: z.literal('originSlow'), latencyMs: z.number(), usualMs: z.number() }),
  z.object({ kind: z.literal('arrivalsAbovePlan'), arrived: count, expected: count }),
  z.object({ kind: z.literal('showShareFalling'), sharePercent: z.number(), beforePercent: z.number() }),
  z.object({ kind: z.literal('limitReached'), active: count }),
]);
export type Alarm = z.output<typeof alarmSchema>;

export const liveSchema = z.object({
  room: roomId,
  epoch: count.describe('Number of the opening.'),
  state: stateSchema,
  flow: flowSchema,
  serverTime: moment,
  asOf: moment.describe('When the gateway read these numbers from the store.'),
  storeReachable: z.boolean(),
  opensAt: moment,
  prequeueAt: moment.nullable(),
  closesAt: moment.nullable(),
  etag,
  changedAt: moment,
  inForceAt: moment.nullable().describe('Since when every gateway uses the last change; null: not all of them yet.'),
  gateways: count.describe('Gateways that reported within the last ten seconds.'),
  arrived: count,
  entries: count,
  waiting: count,
  issued: count.describe('Positions given.'),
  called: count.describe('Highest position whose turn has come.'),
  outstanding: count.describe('Called, neither inside nor lapsed.'),
  standby: count.describe('Called and waiting for a free place inside.'),
  active: count.describe('Visitors inside.'),
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
  waitSeconds,
  showShare: z.number().nullable().describe('Share of the called visitors who came lately, 0 to 1; null: unknown.'),
  expectedVisitors: count.nullable(),
  message: sentMessage,
  stock: z.object({ remaining: count, asOf: moment }).nullable(),
  buckets: z.array(bucketSchema).describe('The last closed buckets and the open one, oldest first.'),
  alarms: z.array(alarmSchema),
  audit: z.object({ seq: count, hash: z.string() }).describe('The last record of the log.'),
});
export type Live = z.output<typeof liveSchema>;
