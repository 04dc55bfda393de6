// A room over time, in buckets of ten seconds.

import * as z from 'zod';
import { LATENCY_BOUNDS_MS, REFUSAL_REASONS } from '../../queue-core/document/history-state.ts';
import { HISTORY_BUCKETS_MAX, ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import { stateSchema } from './room-state-schema.ts';
import { count, moment, nextPage, pageQuery } from './value-schema.ts';

/** Counts are of these ten seconds; `waiting`, `active` and the limits are those at their end. */
export const bucketSchema = z.object({
  at: moment.describe('Start of the bucket.'),
  epoch: count,
  state: stateSchema,
  arrived: count,
  called: count,
  admitted: count.describe('Slots that began, which is when visitors may enter.'),
  completed: count,
  left: count,
  revoked: count,
  expired: count,
  lapsed: count,
  waiting: count,
  active: count,
  newUsersPerMinute: count,
  totalActiveUsers: count,
  refused: z.partialRecord(z.enum(REFUSAL_REASONS), count).describe('Refused requests by reason.'),
  origin: z.object({
    answers: count,
    errors: count.describe('Responses with status 500 or higher.'),
    unreachable: count.describe('Requests without a response.'),
    latency: z
      .array(count)
      .max(LATENCY_BOUNDS_MS.length + 1)
      .describe(
        'Responses by latency class. `latencyBoundsMs` has the upper bounds; the last class is everything above.',
      ),
  }),
  health: z
    .object({
      requests: count.describe('Requests of admitted visitors, each visitor once in five seconds.'),
      failures: count.describe('Of those: an error of the server, no response in time, or no connection.'),
      timed: count.describe('Of those: answered, and without a body.'),
      totalMs: count.describe('Sum of the response times of those.'),
    })
    .optional()
    .describe('What admitted visitors met at the site, as samples; absent: nothing.'),
  exempt: count.optional().describe('Requests that an exemption let through without an admission; absent: none.'),
  starts: z
    .object({
      started: count.describe('By their operators.'),
      restarted: count.describe('Again, after they had ended by themselves.'),
    })
    .optional()
    .describe('Gateways that were started, where somebody watches over their processes; absent: none.'),
  store: z
    .object({
      conflicts: count.describe('Commits that were computed again because another gateway had changed the room.'),
      retries: count.describe('Requests sent again after a timeout or a temporary refusal.'),
    })
    .optional()
    .describe('Contention between gateways at a shared store; absent: none.'),
});
export type Bucket = z.output<typeof bucketSchema>;

export const historyQuery = pageQuery.extend({
  since: z.iso.datetime({ offset: true }).optional().describe('Only buckets that begin after this moment.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(HISTORY_BUCKETS_MAX)
    .default(ROWS_PER_PAGE_MAX)
    .describe(`Buckets per page; a page has at most ${ROWS_PER_PAGE_MAX}.`),
});

export const historySchema = z.object({
  bucketSeconds: count,
  latencyBoundsMs: z.array(count),
  buckets: z.array(bucketSchema),
  next: nextPage,
});
export type History = z.output<typeof historySchema>;
