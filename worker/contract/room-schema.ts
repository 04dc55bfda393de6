// What an operator or a settings file says about a room, checked: the same rules for `rooms.json`, the API and the
// console's forms. Durations come in minutes and are kept in ms; times are RFC 3339 with a zone.

import * as z from 'zod';
import { MESSAGE_CHARS_MAX, POLICY_BOUNDS } from '../../queue-core/limits.ts';
import { normalisePath } from '../../queue-core/paths.ts';
import { epochMs } from '../../queue-core/time.ts';

const HOSTS_MAX = 20;
const PATHS_MAX = 50;
const TITLE_CHARS_MAX = 80;
const EXPECTED_VISITORS_MAX = 100_000_000;

/** Languages that the pages can speak. */
export const LANGUAGES = ['ko', 'en'] as const;

const minutes = (bounds: { min: number; max: number }) =>
  z
    .number()
    .min(bounds.min / 60_000)
    .max(bounds.max / 60_000);

const bounded = (bounds: { min: number; max: number }) => z.int().min(bounds.min).max(bounds.max);

/** What RFC 3339 can say in UTC, from the epoch on. */
const TIME_MAX = epochMs('9999-12-31T23:59:59.999Z');

export const time = z.iso
  .datetime({ offset: true, error: 'must be RFC 3339 with a zone, as 2026-07-14T20:00:00+09:00' })
  .refine((text) => epochMs(text) >= 0 && epochMs(text) <= TIME_MAX, 'must be between 1970 and 9999');

const pathPrefix = z
  .string()
  .max(200)
  .refine((path) => isNormal(path), 'must be a normalised absolute path, as /book, without %-encoding or //');

function isNormal(path: string): boolean {
  const normal = normalisePath(path);
  return normal.kind === 'path' && normal.path === path && !path.includes('%');
}

export const roomId = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1-40 of a-z, 0-9 and - inside');

const title = z.string().trim().min(1).max(TITLE_CHARS_MAX);

/** What a room protects and how it presents itself. */
export const siteFields = {
  title: z.strictObject({ ko: title, en: title }),
  hosts: z
    .array(z.string().regex(/^(?:\*|[a-z0-9.-]{1,253})$/, 'must be a host name in lower case without port, or *'))
    .min(1)
    .max(HOSTS_MAX),
  paths: z.array(pathPrefix).min(1).max(PATHS_MAX).default(['/']),
  exempt: z.array(pathPrefix).max(PATHS_MAX).default([]),
  origin: z
    .url({ protocol: /^https?$/, error: 'must be the http(s) address of the protected site' })
    .refine((url) => URL.parse(url)?.pathname === '/', 'must not have a path'),
  audience: z.string().min(1).max(200).optional(),
  timeZone: z.string().max(64).default('Asia/Seoul').refine(isTimeZone, 'must be an IANA time zone, as Asia/Seoul'),
  outside: z.enum(['refuse', 'pass']).default('refuse'),
  languages: z
    .array(z.enum(LANGUAGES))
    .min(1)
    .refine((all) => new Set(all).size === all.length, 'must name each language once')
    .default(['ko', 'en']),
  expectedVisitors: z.int().min(1).max(EXPECTED_VISITORS_MAX).nullable().default(null),
} as const;

export const siteSchema = z.strictObject(siteFields);
export type SiteInput = z.input<typeof siteSchema>;

/** How the line moves. */
export const policySchema = z.strictObject({
  newUsersPerMinute: bounded(POLICY_BOUNDS.newUsersPerMinute),
  totalActiveUsers: bounded(POLICY_BOUNDS.totalActiveUsers),
  sessionMinutes: minutes(POLICY_BOUNDS.sessionMs),
  sessionRenewal: z.boolean().default(true),
  claimWindowMinutes: minutes(POLICY_BOUNDS.claimWindowMs).default(5),
  queueingStatusCode: z.union([z.literal(200), z.literal(202), z.literal(429)]).default(200),
});
export type PolicyInput = z.input<typeof policySchema>;

/** When the room takes entries, opens and closes. */
export const scheduleSchema = z
  .strictObject({
    prequeueAt: time.nullable().default(null),
    opensAt: time,
    closesAt: time.nullable().default(null),
  })
  .superRefine(checkOrder);
export type ScheduleInput = z.input<typeof scheduleSchema>;

/** @param schedule times as text; one that is not absolute is left alone */
export function checkOrder(
  { prequeueAt, opensAt, closesAt }: { prequeueAt: string | null; opensAt: string; closesAt: string | null },
  context: z.RefinementCtx,
): void {
  const opening = epochMs(opensAt);
  if (prequeueAt !== null && epochMs(prequeueAt) >= opening) {
    context.addIssue({ code: 'custom', path: ['prequeueAt'], message: 'must be before opensAt' });
  }
  if (closesAt !== null && epochMs(closesAt) <= opening) {
    context.addIssue({ code: 'custom', path: ['closesAt'], message: 'must be after opensAt' });
  }
}

const messageText = z.string().trim().min(1).max(MESSAGE_CHARS_MAX);
export const messageSchema = z.strictObject({ ko: messageText, en: messageText });

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false; // RangeError: no such zone
  }
}
