// Refusals of the operators' API: RFC 9457 problem+json with a stable type, and a cause for each wrong field. Types and causes
// are closed lists, so that a client can explain them in its own language; the English texts are for all others.

import * as z from 'zod';
import { consequencesSchema } from './consequences-schema.ts';

export const PROBLEM_TYPE_BASE = 'https://fairgate.dev/problems/';

/** Every problem type of the operators' API. The console has a text for each. */
export const OPERATOR_PROBLEMS = [
  'operator-key',
  'wrong-key',
  'too-many-requests',
  'key-expired',
  'role-too-small',
  'other-room',
  'cross-site-request',
  'if-match-needed',
  'changed-meanwhile',
  'confirmation-needed',
  'bad-body',
  'body-too-large',
  'headers-too-large',
  'bad-input',
  'not-found',
  'already-open',
  'already-closed',
  'not-closed',
  'session-unknown',
  'alarm-unknown',
  'room-exists',
  'room-archived',
  'rooms-full',
  'keys-full',
  'targets-full',
  'messages-full',
  'owners-key',
  'log-full',
  'store-unreachable',
  'change-unconfirmed',
  'not-configured',
  'unexpected',
] as const;
export type OperatorProblem = (typeof OPERATOR_PROBLEMS)[number];

/** Why a field was refused. `form`: the value does not have the form that the field requires. */
export const fieldCauseSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('missing') }),
  z.object({ kind: z.literal('tooLong'), max: z.number() }),
  z.object({ kind: z.literal('tooMany'), max: z.number() }),
  z.object({ kind: z.literal('tooSmall'), min: z.number() }),
  z.object({ kind: z.literal('tooLarge'), max: z.number() }),
  z.object({ kind: z.literal('form') }),
  /** The room `room` already protects `place`, a host with a path. */
  z.object({ kind: z.literal('overlap'), room: z.string(), place: z.string() }),
  /** `origin`, of this room or of another, is or would become an address of the gateway itself. */
  z.object({ kind: z.literal('ownAddress'), origin: z.string() }),
  /** Plain http, or an address of a private network, that this deployment does not send alarms to. */
  z.object({ kind: z.literal('notPublic') }),
  /** Not a Mustache template; `at` is the offset of the fault in characters, null where it is unknown. */
  z.object({ kind: z.literal('template'), at: z.int().nullable() }),
]);
export type FieldCause = z.output<typeof fieldCauseSchema>;

export const fieldErrorSchema = z.object({
  /** Path in the body or the query, as `site.hosts.0`. */
  field: z.string(),
  /** What is wrong, in English. */
  detail: z.string(),
  /** Absent: the gateway is newer than this client and knows more causes. */
  cause: fieldCauseSchema.optional().catch(undefined),
});
export type FieldError = z.output<typeof fieldErrorSchema>;

/** The change that was first: a record of the log, without its number and hash. */
const lastChangeSchema = z.object({
  by: z.object({ id: z.string(), name: z.string() }),
  action: z.string(),
  at: z.string(),
  from: z.unknown(),
  to: z.unknown(),
});
export type LastChange = z.output<typeof lastChangeSchema>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  /** One for each wrong field. */
  errors: z.array(fieldErrorSchema).optional(),
  /** With `confirmation-needed`: what the change would do. Absent: the gateway is newer than this client and tells more. */
  consequences: consequencesSchema.optional().catch(undefined),
  /** With `changed-meanwhile`. Absent: only time has passed, or the record could not be read. */
  lastChange: lastChangeSchema.optional().catch(undefined),
});
export type Problem = z.output<typeof problemSchema>;

/** @returns null: a type that this version does not know */
export function problemKind({ type }: Pick<Problem, 'type'>): OperatorProblem | null {
  return OPERATOR_PROBLEMS.find((kind) => type === `${PROBLEM_TYPE_BASE}${kind}`) ?? null;
}
