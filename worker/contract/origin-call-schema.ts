// What protected sites send to the gateway with a key of their own, what it replies, and the records of it that operators read.

import * as z from 'zod';
import { REFUSALS } from '../../queue-core/command.ts';
import {
  LOT_ID_CHARS_MAX,
  LOT_NAME_CHARS_MAX,
  LOTS_MAX,
  OVERLOADED_MS_MAX,
  REFERENCE_CHARS_MAX,
} from '../../queue-core/limits.ts';
import { LANGUAGES, roomId, time } from './room-schema.ts';
import { bothLanguages, count, moment, nextPage } from './value-schema.ts';
import { priceSchema } from './visitor-schema.ts';

/** Under it are the rooms, each with an address for every kind of call. */
export const ORIGIN_CALLS_PATH = '/_fairgate/origin/rooms';

export const ORIGIN_ACTIONS = ['complete', 'readmit', 'revoke', 'stock', 'overload'] as const;
export type OriginAction = (typeof ORIGIN_ACTIONS)[number];

/** Largest number that a lot or the whole stock can have: twelve digits, as much as fits a line. */
export const REMAINING_MAX = 999_999_999_999;

/** An admission token has about 600 characters. */
const ADMISSION_CHARS_MAX = 2_048;

/** A visible reference that fits a line. */
const REFERENCE = new RegExp(`^[\\x21-\\x7e](?:[\\x20-\\x7e]{0,${REFERENCE_CHARS_MAX - 2}}[\\x21-\\x7e])?$`);

export function isReference(text: string): boolean {
  return REFERENCE.test(text);
}

const visitSchema = z.strictObject({
  epoch: z.int().positive(),
  position: z.int().positive(),
  visitor: z.string().regex(/^[A-Za-z0-9_-]{22}$/, 'must be the "sub" of an admission token'),
});

const visitFields = {
  admission: z
    .string()
    .min(1)
    .max(ADMISSION_CHARS_MAX)
    .optional()
    .describe('The admission token that the site got with a request of the visit; it may have expired.'),
  visit: visitSchema.optional().describe('The same without the token: its claims "epoch", "position" and "sub".'),
};

/** Exactly one of the two says which visit. */
function namesOneVisit({ admission, visit }: { admission?: unknown; visit?: unknown }): boolean {
  return (admission === undefined) !== (visit === undefined);
}
const ONE_VISIT = { error: 'must be there, or "visit", and not both', path: ['admission'] };

const remaining = z.int().min(0).max(REMAINING_MAX);
const lotId = z
  .string()
  .max(LOT_ID_CHARS_MAX)
  .regex(/^[a-z*][a-z0-9_.*-]*$/, 'must be of a-z, 0-9, "_", "-", "." and "*", and begin with a letter or "*"');

/** Shown as text, so no control or format characters, which could hide or turn round what is beside it. */
export function isLotName(text: string): boolean {
  return text.length <= LOT_NAME_CHARS_MAX && /^\P{C}+$/u.test(text) && text.trim() === text;
}

const lotName = z
  .string()
  .refine(isLotName, `must be 1 to ${LOT_NAME_CHARS_MAX} characters on one line, without spaces around them`);

const lotSchema = z.strictObject({
  id: lotId.describe('A key of a structured field, so that the header Fairgate-Lots can name it too.'),
  name: z
    .union([lotName.transform((name) => ({ ko: name, en: name })), z.strictObject({ ko: lotName, en: lotName })], {
      error: `must be a text of at most ${LOT_NAME_CHARS_MAX} characters, or one for each of ${LANGUAGES.join(' and ')}`,
    })
    .describe('What visitors read: one text, or one for each language.'),
  remaining,
  price: priceSchema
    .extend({ low: remaining, high: remaining })
    .strict()
    .refine(({ low, high }) => low <= high, { error: 'must have "low" at most as large as "high"', path: ['low'] })
    .nullable()
    .default(null),
});

const stockFields = z
  .strictObject({
    remaining: remaining.optional().describe('All that is left; left out, the sum of the lots.'),
    lots: z
      .array(lotSchema)
      .min(1)
      .max(LOTS_MAX)
      .refine((lots) => new Set(lots.map(({ id }) => id)).size === lots.length, 'must have no id twice')
      .optional()
      .describe('All the lots there are.'),
    counts: z
      .record(lotId, remaining)
      .refine((counts) => Object.keys(counts).length <= LOTS_MAX, `must have at most ${LOTS_MAX} lots`)
      .optional()
      .describe('How many are left of some lots, by id.'),
    asOf: time.optional().describe('When the site read the numbers; left out, when it signed the call.'),
  })
  .refine(({ lots, counts }) => lots === undefined || counts === undefined, {
    error: 'must not be there beside "lots"',
    path: ['counts'],
  })
  .refine((stock) => stock.remaining !== undefined || stock.lots !== undefined || stock.counts !== undefined, {
    error: 'must be there, or "lots" or "counts"',
    path: ['remaining'],
  });
export type StockInput = z.output<typeof stockFields>;

const callOf = <A extends OriginAction, S extends z.ZodType>(action: A, data: S) =>
  z.strictObject({
    type: z.literal(action).describe('As in the address.'),
    room: roomId.describe('As in the address.'),
    data,
  });

/** The body of each call. */
export const ORIGIN_CALLS = {
  complete: callOf(
    'complete',
    z
      .strictObject({
        ...visitFields,
        reference: z
          .string()
          .regex(
            REFERENCE,
            `must be 1 to ${REFERENCE_CHARS_MAX} printable ASCII characters, without spaces around them`,
          )
          .optional()
          .describe('What the site calls that which was completed, such as the number of a booking.'),
        stock: stockFields.optional().describe('What is left since, in the same act.'),
      })
      .refine(namesOneVisit, ONE_VISIT),
  ),
  readmit: callOf('readmit', z.strictObject(visitFields).refine(namesOneVisit, ONE_VISIT)),
  revoke: callOf('revoke', z.strictObject(visitFields).refine(namesOneVisit, ONE_VISIT)),
  stock: callOf('stock', stockFields),
  overload: callOf(
    'overload',
    z.strictObject({
      seconds: z
        .int()
        .min(0)
        .max(OVERLOADED_MS_MAX / 1_000)
        .describe('For how long the site wants no more visitors; 0: it takes them again.'),
    }),
  ),
} as const satisfies Record<OriginAction, z.ZodType>;

export const ORIGIN_CALL_SUMMARIES: Record<OriginAction, string> = {
  complete: 'The visit is finished, and its place is free: the last word about it.',
  readmit: 'Gives a visitor whose session is over the turn back; one who is inside gets the full length again.',
  revoke: 'Ends the visit.',
  stock: 'What is left.',
  overload: 'For how long the site wants no more visitors.',
};

export const originReplySchema = z.strictObject({
  outcome: z
    .enum(['completed', 'readmitted', 'inside', 'revoked', 'ended', 'taken'])
    .describe(
      'How the visit stands now: completed; the visitor may enter again; is inside; thrown out; over for another reason. `taken`: the number or the signal counts.',
    ),
  at: moment.nullable().describe('When the visit ended; null: it did not.'),
  until: moment.nullable().describe('Until when a visitor who is inside may stay; null: nobody is.'),
  reference: z.string().nullable().describe('What the site called that which was completed.'),
});
export type OriginReplyDocument = z.output<typeof originReplySchema>;

const said = {
  seq: count.describe('1, 2, 3, …; the oldest are dropped.'),
  at: moment,
  epoch: count,
  by: z.string().nullable().describe('Id of the key that signed the call; null: a response’s header said it.'),
};
const aboutVisit = { position: count, refused: z.enum(REFUSALS).nullable().describe('Why it did nothing.') };

export const originRecordSchema = z.discriminatedUnion('kind', [
  z.object({
    ...said,
    kind: z.literal('stock'),
    remaining: count,
    asOf: moment,
    lots: z
      .array(
        z.object({
          id: z.string(),
          name: bothLanguages,
          remaining: count,
          asOf: moment,
          price: priceSchema.nullable(),
        }),
      )
      .describe('Those that visitors saw change.'),
  }),
  ...(['complete', 'readmit', 'revoke'] as const).map((kind) =>
    z.object({ ...said, kind: z.literal(kind), ...aboutVisit }),
  ),
  z.object({ ...said, kind: z.literal('overload'), forMs: count }),
]);
export type OriginRecordDocument = z.output<typeof originRecordSchema>;

export const originRecordsSchema = z.object({ records: z.array(originRecordSchema), next: nextPage });
