// What a change does to people at once, and nothing takes back: told before it is made, and asked for in the request that makes it. A
// change that opens or closes a room now, ends places, or takes addresses from another room is refused unless `confirm` names that.

import * as z from 'zod';
import type { Consequences as ScheduleConsequences } from '../../queue-core/consequences.ts';
import { ROOMS_MAX } from '../../queue-core/limits.ts';
import { roomId, scheduleSchema, siteSchema } from './room-schema.ts';
import { bothLanguages, count } from './value-schema.ts';

const people = z
  .object({
    waiting: count.describe('With a number, and not inside.'),
    active: count.describe('Inside.'),
  })
  .nullable();

const scheduleConsequences = {
  opensNow: z
    .object({ entries: count.describe('Visitors who take part in the draw.') })
    .nullable()
    .describe('The room opens at once.'),
  closesNow: people.describe('The room closes at once: nobody who waits can enter any more.'),
  endsPlaces: people.describe('Another opening begins: every number is void, and the sessions of those inside end.'),
} as const;

const takenFromSchema = z.object({
  room: roomId,
  title: bothLanguages,
  routes: z.array(z.string()).describe('Host and path prefix, as example.org/book.'),
  waiting: count.nullable().describe('In that room; null: not known.'),
  active: count.nullable(),
});
export type TakenFromRoom = z.output<typeof takenFromSchema>;

export const consequencesSchema = z.object({
  ...scheduleConsequences,
  takesFrom: z.array(takenFromSchema).describe('Rooms that lose addresses, which this one answers from then on.'),
}) satisfies z.ZodType<ScheduleConsequences>;
export type Consequences = z.output<typeof consequencesSchema>;

const yes = z.literal(true).optional();

const scheduleConfirm = z
  .strictObject({ opensNow: yes, closesNow: yes, endsPlaces: yes })
  .default({})
  .describe('What the schedule does at once. A schedule that does more is refused, and the answer says what.');

export const roomConfirm = z
  .strictObject({ opensNow: yes, takesFrom: z.array(roomId).max(ROOMS_MAX).optional() })
  .default({})
  .describe('What the room does at once: `takesFrom` names the rooms that lose addresses.');

export const setScheduleSchema = scheduleSchema.safeExtend({ confirm: scheduleConfirm });
export const setSiteSchema = siteSchema.extend({ confirm: roomConfirm });
export const openNowSchema = z.strictObject({ confirm: scheduleConfirm });

/** Names everything that a change does: for who has read it. */
export function confirmationOf({
  opensNow,
  closesNow,
  endsPlaces,
}: ScheduleConsequences): z.output<typeof scheduleConfirm> {
  return {
    ...(opensNow === null ? {} : { opensNow: true }),
    ...(closesNow === null ? {} : { closesNow: true }),
    ...(endsPlaces === null ? {} : { endsPlaces: true }),
  };
}

export function roomConfirmationOf({ opensNow, takesFrom }: Consequences): z.output<typeof roomConfirm> {
  return {
    ...(opensNow === null ? {} : { opensNow: true }),
    ...(takesFrom.length === 0 ? {} : { takesFrom: takesFrom.map(({ room }) => room) }),
  };
}

export function hasConsequences({ opensNow, closesNow, endsPlaces, takesFrom }: Consequences): boolean {
  return opensNow !== null || closesNow !== null || endsPlaces !== null || takesFrom.length > 0;
}

export const previewScheduleSchema = z.strictObject({
  schedule: scheduleSchema.nullable().describe('null: opening now.'),
});

export const previewRoomSchema = z.strictObject({
  id: roomId.describe('Of a new room, or of one that gets this site.'),
  site: siteSchema,
  schedule: scheduleSchema.optional().describe('Of a new room that does not begin closed.'),
});

/** How the site answered the gateway, without what it answered. */
export const siteAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), status: count, ms: count }),
  z.object({ kind: z.literal('late'), seconds: count.describe('No answer within so long.') }),
  z.object({ kind: z.literal('unreachable') }),
]);
export type SiteAnswer = z.output<typeof siteAnswerSchema>;

export const roomPreviewSchema = consequencesSchema.extend({
  siteAnswer: siteAnswerSchema.describe('To one request of this gateway.'),
});
export type RoomPreview = z.output<typeof roomPreviewSchema>;
