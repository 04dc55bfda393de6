// A room at this moment: its numbers, its last minute and what needs attention. The same document for every console; the
// gateway reads it from the store at most once a second.

import * as z from 'zod';
import { ROOM_ALARM_KINDS, SEVERITIES } from '../../queue-core/document/alarms-state.ts';
import { relayFaultSchema } from './beacon-schema.ts';
import { AFTER_DEADLINE } from './draw-schema.ts';
import { bucketSchema } from './history-schema.ts';
import { roleSchema } from './operator-schema.ts';
import { roomId } from './room-schema.ts';
import { etag, flowSchema, sentMessage, stateSchema, waitSeconds } from './room-state-schema.ts';
import { count, moment } from './value-schema.ts';
import { stockSchema } from './visitor-schema.ts';

/** Why admissions are slowed or stopped; `usualMs` is null where an absolute limit decides, `signal`: the site asked for it. */
const healthCause = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('errors'), percent: z.number() }),
  z.object({ kind: z.literal('slow'), ms: z.number(), usualMs: z.number().nullable() }),
  z.object({ kind: z.literal('signal') }),
]);
export type HealthCause = z.output<typeof healthCause>;

/** Alarms, most urgent first. Clients have the texts in the language of their reader. */
export const alarmSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('storeUnreachable'), ageSeconds: z.number() }),
  z.object({ kind: z.literal('clockLeapt'), from: moment, to: moment }),
  z.object({ kind: z.literal('drawKeyMissing'), key: z.string(), isDrawing: z.boolean() }),
  z.object({ kind: z.literal('beaconChainDiffers'), chain: z.string(), isDrawing: z.boolean() }),
  z.object({
    kind: z.literal('beaconLate'),
    round: count,
    dueAt: moment,
    deadline: moment,
    afterDeadline: z.enum(AFTER_DEADLINE),
    faults: z.array(relayFaultSchema),
  }),
  z.object({ kind: z.literal('originStopped'), since: moment, cause: healthCause }),
  z.object({
    kind: z.literal('originSlowed'),
    since: moment,
    cause: healthCause,
    newUsersPerMinute: count,
    totalActiveUsers: count,
  }),
  z.object({ kind: z.literal('originErrors'), sharePercent: z.number() }),
  z.object({ kind: z.literal('originSlow'), latencyMs: z.number(), usualMs: z.number() }),
  z.object({ kind: z.literal('arrivalsAbovePlan'), arrived: count, expected: count }),
  z.object({ kind: z.literal('showShareFalling'), sharePercent: z.number(), beforePercent: z.number() }),
  z.object({ kind: z.literal('limitReached'), active: count }),
]);
export type Alarm = z.output<typeof alarmSchema>;

/** An alarm as the room keeps it: since when, who knows of it, and whom it was told. */
export const raisedAlarmSchema = z.object({
  kind: z.enum(ROOM_ALARM_KINDS),
  number: count.describe('Counts the alarms of the room.'),
  severity: z.enum(SEVERITIES),
  since: moment,
  acknowledged: z.object({ by: z.string(), at: moment }).nullable(),
  deliveries: z
    .array(
      z.object({
        target: z.string().describe('Name of the target.'),
        event: z.enum(['raised', 'cleared']),
        state: z.enum(['due', 'delivered', 'failed']),
        attempts: count,
        status: count.nullable().describe('Of the last response; null: none came.'),
      }),
    )
    .describe('Messages about it to targets of alarms.'),
});
export type RaisedAlarm = z.output<typeof raisedAlarmSchema>;

const drawStatusSchema = z.object({
  state: z.enum(['committed', 'drawing', 'drawn']),
  commitment: z.string().describe('SHA-256 of the sealed secret.'),
  commitments: count.describe('Commitments of this opening; above 1 the secret was sealed again.'),
  sealedBy: z.string().nullable().describe('The signing key (kid) without which the draw cannot be made; null: none.'),
  beacon: z
    .object({
      round: count,
      dueAt: moment,
      deadline: moment,
      afterDeadline: z.enum(AFTER_DEADLINE),
      hasArrived: z.boolean().describe('The draw was made with it.'),
    })
    .nullable()
    .describe('null: scheduled without public randomness.'),
  entries: count.nullable().describe('Entries that take part; null before the opening.'),
  waitsFor: z
    .enum(['key', 'chain', 'round', 'beacon', 'store'])
    .nullable()
    .describe('While drawing: a signing key, the chain of the opening, the time of the round, a relay, the store.'),
  proof: z.string().describe('Address of the page on which visitors check the draw.'),
  document: z.string().describe('Address of what is published of it.'),
});
export type DrawStatus = z.output<typeof drawStatusSchema>;

export const liveSchema = z.object({
  room: roomId,
  epoch: count.describe('Number of the opening.'),
  state: stateSchema,
  flow: flowSchema,
  serverTime: moment,
  asOf: moment.describe('When the gateway read these numbers from the store.'),
  storeReachable: z.boolean(),
  opensAt: moment,
  moved: z
    .object({ was: moment, at: moment })
    .nullable()
    .describe(
      'What visitors are told before the opening: the time that they knew, and when it was moved or cancelled.',
    ),
  hasOpened: z.boolean().describe('The opening has come: another one begins a new round.'),
  prequeueAt: moment.nullable(),
  closesAt: moment.nullable(),
  etag,
  changedAt: moment,
  changedSeq: count.describe('Number of the record of that change in the log; 0: not known.'),
  inForceAt: moment.nullable().describe('Since when every gateway uses the last change; null: not all of them yet.'),
  gateways: count.describe('Gateways that reported within the last ten seconds.'),
  operators: z
    .array(z.object({ name: z.string(), role: roleSchema, since: moment, isYou: z.boolean() }))
    .describe('Who has the room on the console, on any gateway; to within seconds.'),
  arrived: count,
  entries: count,
  waiting: count,
  issued: count.describe('Positions given.'),
  called: count.describe('Highest position whose turn has come.'),
  outstanding: count.describe('Called, neither inside nor lapsed.'),
  standby: count.describe('Called and waiting for a free place inside.'),
  active: count.describe('Visitors inside.'),
  totals: z.object({
    admitted: count.describe('Visitors, each once.'),
    readmitted: count.describe('Sessions of visitors whose turn the site has given back.'),
    renewed: count,
    completed: count,
    left: count,
    revoked: count,
    expired: count,
    lapsed: count,
  }),
  newUsersPerMinute: count.describe('The limit that operators set.'),
  totalActiveUsers: count.describe('The limit that operators set.'),
  inForce: z
    .object({ newUsersPerMinute: count, totalActiveUsers: count })
    .describe('The limits in force: lower while the site’s health asks for it.'),
  health: z.object({
    stage: z.enum(['steady', 'slowed', 'stopped']),
    since: moment,
    cause: healthCause.nullable(),
    usualMs: z.number().nullable().describe('Mean response time while the site was well; null: not known yet.'),
    peopleFound: count.nullable().describe('People at once that the site is known to carry; null: not searched for.'),
  }),
  sessionMinutes: z.number(),
  waitSeconds,
  showShare: z.number().nullable().describe('Share of the called visitors who came lately, 0 to 1; null: unknown.'),
  expectedVisitors: count.nullable(),
  message: sentMessage,
  stock: stockSchema,
  draw: drawStatusSchema,
  buckets: z.array(bucketSchema).describe('The last closed buckets and the open one, oldest first.'),
  alarms: z.array(alarmSchema),
  raised: z.array(raisedAlarmSchema).describe('The same alarms as far as the room keeps them.'),
  originCalls: count.describe('Number of the last record of what the site said; 0: none.'),
  audit: z.object({ seq: count, hash: z.string() }).describe('The last record of the log.'),
});
export type Live = z.output<typeof liveSchema>;
