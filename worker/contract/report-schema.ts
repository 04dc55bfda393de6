// The event report of a room: what it is asked for.

import * as z from 'zod';
import { count } from './value-schema.ts';

export const reportQuery = z.object({
  from: z.iso.datetime({ offset: true }).optional().describe('Beginning of a range of time.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Its end; absent: now.'),
  opening: z.coerce
    .number()
    .pipe(count.min(1))
    .optional()
    .describe(
      'The number of an opening, as `epoch` of the board and the log; absent, and without a range: the last one.',
    ),
  language: z
    .enum(['ko', 'en'])
    .optional()
    .describe('Language of the report; absent: the first of the room’s languages.'),
});
export type ReportQuery = z.output<typeof reportQuery>;
