// What visitors' pages and apps send and read: the documents of docs/apps.md as schemas, and the operations on them for the
// OpenAPI description. A test compares them with what a running gateway answers.

import * as z from 'zod';
import type { Board, Status } from '../../queue-core/board.ts';
import { drawSchema } from './draw-schema.ts';
import { bothLanguages, count, moment, secondsRange } from './value-schema.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const message = z.object({ text: bothLanguages, at: moment }).nullable().describe('The operators’ message.');

/** In the currency's smallest unit (ISO 4217): 120000 is 1,200.00 EUR, and 120,000 KRW. */
export const priceSchema = z.object({
  low: count,
  high: count,
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a code of ISO 4217, for example KRW'),
});

const remaining = count.nullable().describe('null: it is being checked; the number is too old to be shown.');
export const stockSchema = z
  .object({
    remaining,
    asOf: moment.describe('When the site read the number.'),
    freshSeconds: count.describe('How long after `asOf` a number counts.'),
    lots: z
      .array(z.object({ id: z.string(), name: bothLanguages, remaining, asOf: moment, price: priceSchema.nullable() }))
      .describe('Parts of what is left that have a name.'),
  })
  .nullable()
  .describe('What the site says is left.');

export const boardSchema = z.strictObject({
  room: z.string(),
  epoch: count.describe('The opening; a token of another one is not valid.'),
  state: z.enum(['scheduled', 'prequeue', 'drawing', 'open', 'paused', 'soldOut', 'closed']),
  pausedBy: z
    .enum(['operator', 'origin'])
    .nullable()
    .describe('Of a paused room: the operators, or the gateway because the site does not respond.'),
  serverTime: moment,
  asOf: moment.describe('When the numbers were read from the store.'),
  opensAt: moment,
  moved: z
    .object({ was: moment, at: moment })
    .nullable()
    .describe(
      'Before the opening: the time that visitors knew, and when it was moved; of a closed room, when it was cancelled. null: neither.',
    ),
  entriesAt: moment.nullable().describe('From when on entries for the draw are given; null: they are, or were.'),
  claimMinutes: z.number().describe('How long a called visitor may take to enter.'),
  closesAt: moment.nullable(),
  entries: count.describe('Visitors who take part in the draw.'),
  issued: count,
  called: count.describe('The highest position whose turn has come.'),
  newUsersPerMinute: count,
  pace: z
    .array(z.tuple([count, count, count]))
    .nullable()
    .describe(
      'Points [ahead, low, high]: with so many people ahead, a visitor waits between low and high seconds. Between two points, ' +
        'both are straight; beyond the last, and while null, the wait is unknown.',
    ),
  active: count,
  message,
  stock: stockSchema,
  draw: z.object({
    commitment: z.string(),
    beacon: z.boolean().describe('Whether it is drawn with public randomness; once drawn, whether it was.'),
    proof: z
      .object({
        secret: z.string(),
        beaconRound: count.nullable(),
        beacon: z.string(),
        entries: count,
        seed: digest,
      })
      .nullable(),
  }),
  nextPollSeconds: count,
}) satisfies z.ZodType<Board>;

const statusFields = {
  room: z.string(),
  state: z.enum(['none', 'entered', 'waiting', 'called', 'admitted', 'completed', 'lapsed']),
  entry: count.nullable().describe('Number before the draw; it says nothing about order.'),
  position: count.nullable(),
  ahead: count.nullable().describe('Visitors between this one and the call.'),
  waitSeconds: secondsRange.nullable().describe('null: not known.'),
  claimBy: moment.nullable().describe('Until when a called visitor may enter.'),
  admittedUntil: moment.nullable(),
  nextPollSeconds: count.describe('Seconds until the next request is worth while; an earlier one gains nothing.'),
  serverTime: moment,
} as const;

const statusInAnswer = z.strictObject(statusFields) satisfies z.ZodType<Status>;

const receiptFields = {
  completedAt: moment,
  reference: z.string().nullable().describe('What the site calls that which was completed.'),
  token: z.string().describe('A JWT that proves it to anybody, and gives no right.'),
} as const;

const receipt = z.strictObject(receiptFields).nullable();

/** The interface of Cloudflare's waiting room, and what it has no field for. */
export const cloudflareSchema = z.strictObject({
  inWaitingRoom: z.literal(true),
  waitTimeKnown: z.boolean(),
  waitTime: count.describe('Minutes.'),
  waitTime25Percentile: count,
  waitTime50Percentile: count,
  waitTime75Percentile: count,
  waitTimeFormatted: z.string(),
  queueIsFull: z.boolean(),
  queueAll: z.boolean(),
  lastUpdated: moment,
  refreshIntervalSeconds: count.describe('0: the room takes nobody.'),
  queueingMethod: z.enum(['fifo', 'random', 'reject']),
  isFIFOQueue: z.boolean(),
  isRandomQueue: z.boolean(),
  isPassthroughQueue: z.boolean(),
  isRejectQueue: z.boolean(),
  isEventActive: z.boolean().describe('From the first entries until the room closes.'),
  isEventPrequeueing: z.boolean().describe('Entries are given, and the draw is not made yet.'),
  timeUntilEventStart: count.describe('Minutes; 0 where `isEventPrequeueing` is false.'),
  timeUntilEventStartFormatted: z.string().describe('`unavailable` where `isEventPrequeueing` is false.'),
  timeUntilEventEnd: count.describe('Minutes; 0 where no event is active or no end is set.'),
  timeUntilEventEndFormatted: z.string().describe('`unavailable` where no event is active or no end is set.'),
  shuffleAtEventStart: z.boolean(),
  turnstile: z.string(),
  infiniteQueue: z.boolean(),
  position: count.nullable(),
  usersAhead: count.nullable(),
  totalWaiting: count,
  nextPollSeconds: count,
  serverTime: moment,
  message,
  stock: stockSchema,
  soldOut: z.boolean(),
});
export type CloudflareWaitingRoom = z.output<typeof cloudflareSchema>;

export const waitingSchema = z.strictObject({ cfWaitingRoom: cloudflareSchema });

export const statusSchema = z.strictObject({
  ...statusFields,
  admittedFrom: moment.nullable().describe('From when an admitted visitor may enter.'),
  receipt: receipt.describe('Of a visit that was completed; null: none is known.'),
  cfWaitingRoom: cloudflareSchema,
});

export const receiptSchema = z.strictObject({
  room: z.string(),
  epoch: count.describe('The opening of the visit.'),
  position: count,
  ...receiptFields,
  url: z.string().describe('Opens a page that says whether the receipt is genuine. Its code is what a visitor shows.'),
});

export const answerSchema = z.strictObject({
  outcome: z.enum(['joined', 'admitted', 'waiting', 'standby', 'lapsed', 'ended', 'refused', 'left']),
  reason: z.string().nullable().describe('Why the action was refused.'),
  standbyAhead: count.nullable().describe('Visitors on standby before this one.'),
  admitAt: moment.nullable().describe('From when an admitted visitor may enter.'),
  status: statusInAnswer,
  receipt: receipt.describe('With `ended`: the visit was completed.'),
  queueToken: z.string().optional().describe('Only for a client that keeps its tokens itself.'),
  admissionToken: z.string().optional().describe('Only for a client that keeps its tokens itself.'),
});

export const returnSchema = z.object({
  return: z.string().optional().describe('Where a form leads to: a path on this site.'),
});

/** RFC 7636, 4.1. */
const verifier = z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/);

export const exchangeInput = z.strictObject({
  code: z.string().max(2_048).describe('From the address, as it came.'),
  verifier: verifier.describe('Whose SHA-256 was the `challenge`.'),
  site: z.string().max(300).describe('The site’s own origin, as the room lists it.'),
});

export const exchangeSchema = z.strictObject({
  admissionToken: z.string(),
  admitAt: moment.describe('From when the token counts.'),
  expiresAt: moment.describe('Until when, unless it is renewed.'),
  serverTime: moment,
});

export const visitorProblemSchema = z.object({
  type: z.string().describe('Stable, https://fairgate.dev/problems/NAME.'),
  title: z.string(),
  status: count,
  detail: z.string().describe('What to do next.'),
  join: z.string().optional().describe('With `no-admission`: the address to join at.'),
});

export interface VisitorOperation {
  method: 'GET' | 'POST';
  /** Parameters in braces. */
  path: string;
  summary: string;
  /** Query parameters, or the body of a POST. */
  input?: z.ZodObject;
  answer: z.ZodType;
  /** Statuses that have the answer as their body, each with its meaning. */
  statuses: Record<number, string>;
}

const ROOM = '/_fairgate/rooms/{room}';

export const VISITOR_OPERATIONS = {
  board: {
    method: 'GET',
    path: `${ROOM}/board`,
    summary: 'The room’s public numbers, the same for everybody; shared caches may keep them for a second.',
    answer: boardSchema,
    statuses: { 200: 'The numbers.' },
  },
  status: {
    method: 'GET',
    path: `${ROOM}/status`,
    summary: 'The status of this visitor, by either token.',
    answer: statusSchema,
    statuses: { 200: 'The status.' },
  },
  draw: {
    method: 'GET',
    path: `${ROOM}/draw`,
    summary: 'What anyone needs to recompute the draw; of an opening that is over with its number.',
    input: z.object({ epoch: z.string().optional().describe('The opening; left out: the present one.') }),
    answer: drawSchema,
    statuses: { 200: 'The draw, as far as it is public.' },
  },
  join: {
    method: 'POST',
    path: `${ROOM}/join`,
    summary: 'Takes a place; with a place that is still valid, the same one. Where nobody waits, it admits.',
    input: returnSchema,
    answer: answerSchema,
    statuses: { 200: 'Joined or admitted.', 202: 'On standby.', 409: 'Refused; see `reason`.' },
  },
  claim: {
    method: 'POST',
    path: `${ROOM}/claim`,
    summary: 'Exchanges a called place for an admission token.',
    input: returnSchema,
    answer: answerSchema,
    statuses: { 200: 'Admitted.', 202: 'Not called yet, or on standby.', 409: 'Refused.', 410: 'Lapsed or ended.' },
  },
  receipt: {
    method: 'GET',
    path: `${ROOM}/receipt`,
    summary: 'The receipt of this visitor’s latest visit that was completed, by any of their tokens.',
    answer: receiptSchema,
    statuses: { 200: 'The receipt.' },
  },
  leave: {
    method: 'POST',
    path: `${ROOM}/leave`,
    summary: 'Ends the visit, by either token: a session’s place is free at once.',
    input: returnSchema,
    answer: answerSchema,
    statuses: { 200: 'Left.' },
  },
  exchange: {
    method: 'POST',
    path: `${ROOM}/exchange`,
    summary: 'For a site’s server: exchanges the code of a visitor who came back, once, for the admission token.',
    input: exchangeInput,
    answer: exchangeSchema,
    statuses: { 200: 'Admitted.' },
  },
} as const satisfies Record<string, VisitorOperation>;
