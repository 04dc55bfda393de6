// Targets of alarms: webhooks that owners choose for the whole deployment.

import * as z from 'zod';
import { SEVERITIES } from '../../queue-core/document/alarms-state.ts';
import { ROOMS_MAX, TARGET_URL_CHARS_MAX } from '../../queue-core/limits.ts';
import { LANGUAGES, roomId } from './room-schema.ts';
import { count, moment } from './value-schema.ts';

export { SEVERITIES, SEVERITY_OF, type Severity } from '../../queue-core/document/alarms-state.ts';

export const TARGET_NAME_CHARS_MAX = 60;

/** `standard`: JSON, signed as Standard Webhooks says. `slack`: `{ "text": … }`, as Slack and what imitates it take it. */
export const TARGET_FORMS = ['standard', 'slack'] as const;

const fields = {
  name: z.string().trim().min(1).max(TARGET_NAME_CHARS_MAX),
  form: z.enum(TARGET_FORMS),
  language: z.enum(LANGUAGES),
  rooms: z.array(roomId).min(1).max(ROOMS_MAX).nullable().describe('Whose alarms it gets; null: those of all rooms.'),
  severityMin: z.enum(SEVERITIES).describe('Less urgent alarms are not sent.'),
};

const url = z
  .url({ protocol: /^https?$/, error: 'must be an https address', abort: true })
  .max(TARGET_URL_CHARS_MAX)
  .refine((text) => {
    const parsed = URL.parse(text);
    return parsed !== null && parsed.username === '' && parsed.password === '';
  }, 'must not contain a user name or a password');

export const newAlarmTargetSchema = z.strictObject({ ...fields, url });

export const alarmTargetChangeSchema = z.strictObject({
  ...fields,
  url: url.nullable().describe('null: as it was.'),
});

export const alarmTargetSchema = z.object({
  id: z.string(),
  ...fields,
  host: z.string().describe('Scheme, host and port. The rest of the address may be a secret, and is not returned.'),
  canSign: z.boolean().describe('false: the signing key is gone that its secret comes from. Make a new secret.'),
  formerSecretUntil: moment.nullable().describe('Messages are signed with the former secret too until then.'),
});
export type AlarmTarget = z.output<typeof alarmTargetSchema>;

export const alarmTargetSecretSchema = z.object({
  id: z.string(),
  secret: z
    .string()
    .nullable()
    .describe(
      'whsec_…, with which messages are signed. Only this response contains it; null: the form has no signature.',
    ),
});

/** Why a message did not arrive, where no response says it. */
export const DELIVERY_FAULTS = ['noAnswer', 'unreachable', 'redirect', 'cannotSign'] as const;

export const alarmTestSchema = z.object({
  isDelivered: z.boolean(),
  status: count.nullable().describe('Of the response; null: none came.'),
  fault: z.enum(DELIVERY_FAULTS).nullable(),
  ms: count.describe('Until the response came, or was given up.'),
});
export type AlarmTest = z.output<typeof alarmTestSchema>;
