// What an operation can be refused for: RFC 9457 problem+json with a stable type, and of each wrong field its cause. The
// kinds are a closed list, so that a client can say what to do in its own language; the texts are for those that know none.

import * as z from 'zod';

export const PROBLEM_TYPE_BASE = 'https://fairgate.dev/problems/';

/** Every kind that an operator can meet. The gateway's operators' side answers no other, and the console has words for each. */
export const OPERATOR_PROBLEMS = [
  'operator-key',
  'wrong-key',
  'too-many-requests',
  'role-too-small',
  'cross-site-request',
  'if-match-needed',
  'changed-meanwhile',
  'bad-body',
  'body-too-large',
  'headers-too-large',
  'bad-input',
  'not-found',
  'already-open',
  'already-closed',
  'not-closed',
  'session-unknown',
  'room-exists',
  'room-archived',
  'rooms-full',
  'keys-full',
  'owners-key',
  'log-full',
  'store-unreachable',
  'change-unconfirmed',
  'not-configured',
  'unexpected',
] as const;
export type OperatorProblem = (typeof OPERATOR_PROBLEMS)[number];

/** What is wrong with a field; with `form`, the field's own description says what it takes. */
export const fieldCauseSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('missing') }),
  z.object({ kind: z.literal('tooLong'), max: z.number() }),
  z.object({ kind: z.literal('tooMany'), max: z.number() }),
  z.object({ kind: z.literal('tooSmall'), min: z.number() }),
  z.object({ kind: z.literal('tooLarge'), max: z.number() }),
  z.object({ kind: z.literal('form') }),
  /** The room `room` protects `place` already. */
  z.object({ kind: z.literal('overlap'), room: z.string(), place: z.string() }),
  /** No Mustache template; `at` is the character at which that showed, from 0. */
  z.object({ kind: z.literal('template'), at: z.int().nullable() }),
]);
export type FieldCause = z.output<typeof fieldCauseSchema>;

export const fieldErrorSchema = z.object({
  /** Its place in the body, as `site.hosts.0`. */
  field: z.string(),
  /** What to put, in English. */
  detail: z.string(),
  /** Absent: a cause of a later version. */
  cause: fieldCauseSchema.optional().catch(undefined),
});
export type FieldError = z.output<typeof fieldErrorSchema>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  /** Where several fields are wrong: each with what to put. */
  errors: z.array(fieldErrorSchema).optional(),
});
export type Problem = z.output<typeof problemSchema>;

/** @returns null: a kind of a later version */
export function problemKind({ type }: Pick<Problem, 'type'>): OperatorProblem | null {
  return OPERATOR_PROBLEMS.find((kind) => type === `${PROBLEM_TYPE_BASE}${kind}`) ?? null;
}
