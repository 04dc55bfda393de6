// The settings of a room: one set of rules for `rooms.json`, the API and the console's forms. Durations are in minutes, times
// are RFC 3339 with a zone; the gateway converts both to milliseconds.

import * as z from 'zod';
import { EXEMPT_METHODS, readOnlyExemption } from '../../queue-core/exemption.ts';
import {
  CORS_ORIGINS_MAX,
  HAND_OFF_MAX,
  MESSAGE_CHARS_MAX,
  ORIGIN_ALIASES_MAX,
  POLICY_BOUNDS,
  PROBE_PATH_CHARS_MAX,
  ROUTES_MAX,
  SESSION_TOTAL_MS_DEFAULT,
} from '../../queue-core/limits.ts';
import { isPlainPath } from '../../queue-core/paths.ts';
import { epochMs } from '../../queue-core/time.ts';
import { AFTER_DEADLINE } from './draw-schema.ts';
import { isHandOffEntry } from './hand-off-entry.ts';
import { type Bounds, inMinutes } from './value-schema.ts';

const HOSTS_MAX = 20;
const PATHS_MAX = 50;
/** Longer than any page that a visitor waits for. */
const ORIGIN_TIMEOUT_SECONDS_MAX = 600;
const ORIGIN_TIMEOUT_SECONDS_DEFAULT = 30;
const TITLE_CHARS_MAX = 80;
const EXPECTED_VISITORS_MAX = 100_000_000;

/** A scheme, a host name (RFC 1035: 253) and a port. */
const ORIGIN_CHARS_MAX = 300;

/** Languages of the visitors' pages. */
export const LANGUAGES = ['ko', 'en'] as const;

const within = ({ min, max }: Bounds) => z.number().min(min).max(max);

/** Last moment that RFC 3339 can express in UTC. */
const TIME_MAX = epochMs('9999-12-31T23:59:59.999Z');

export const time = z.iso
  .datetime({ offset: true, error: 'must be RFC 3339 with a zone, for example 2026-07-14T20:00:00+09:00' })
  .refine((text) => epochMs(text) >= 0 && epochMs(text) <= TIME_MAX, 'must be between 1970 and 9999');

const plainPath = z
  .string()
  .max(200)
  .refine(
    isPlainPath,
    'must be an absolute path as people read it, without %-encoding, spaces, // and dot segments, for example /book or /예약',
  );

/** As it is stored and returned. */
const exemptionSchema = z.strictObject({
  path: plainPath,
  match: z
    .enum(['prefix', 'exact'])
    .default('prefix')
    .describe('This path and what lies under it, or this path alone.'),
  methods: z
    .array(z.enum(EXEMPT_METHODS))
    .min(1)
    .refine((all) => new Set(all).size === all.length, 'must contain each method once')
    .default(['GET', 'HEAD'])
    .describe('A method that is not named needs an admission; OPTIONS lets CORS preflights through.'),
});

const exemptionInput = z
  .union([plainPath, exemptionSchema], {
    error: `must be a path, or an object of path, match (prefix or exact) and methods (of ${EXEMPT_METHODS.join(', ')})`,
  })
  .transform((given) => (typeof given === 'string' ? readOnlyExemption(given) : given));

export const roomId = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be 1 to 40 characters of a-z, 0-9 and -, without - at the ends',
  );

const siteAddress = z
  .url({ protocol: /^https?$/, error: 'must be the http(s) address of the protected site', abort: true })
  .refine((url) => URL.parse(url)?.pathname === '/', 'must not have a path');

const title = z.string().trim().min(1).max(TITLE_CHARS_MAX);

/**
 * An origin exactly as browsers send it (RFC 6454, 6.2): no path, no default port, host names in lower case and punycode; of an
 * app, its own scheme. Never `*` or `null`, which any page can be.
 */
const webOrigin = z
  .string()
  .max(ORIGIN_CHARS_MAX)
  .refine((text) => isOrigin(text), 'must be one exact origin as browsers send it, for example https://app.example');

function isOrigin(text: string): boolean {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.exec(text) ?? [];
  if (scheme === undefined || scheme === 'file') return false;
  const url = URL.parse(text);
  if (url === null) return false;
  return scheme === 'http' || scheme === 'https' ? url.origin === text : url.href === text || url.href === `${text}/`;
}

/** Longer than an origin and a path may be. */
const HAND_OFF_CHARS_MAX = 500;

const handOffEntry = z
  .string()
  .max(HAND_OFF_CHARS_MAX)
  .refine(
    (text) => isHandOffEntry(text, isOrigin),
    'must be an exact origin by https (by http on this machine only), and a path prefix if wanted, for example https://shop.example/book',
  );

/** What a room protects and how it presents itself; docs/rooms.md explains each field. */
export const siteFields = {
  title: z.strictObject({ ko: title, en: title }),
  hosts: z
    .array(z.string().regex(/^(?:\*|[a-z0-9.-]{1,253})$/, 'must be a host name in lower case without port, or *'))
    .min(1)
    .max(HOSTS_MAX)
    .describe('Protected host names, without port; * is every host.'),
  paths: z.array(plainPath).min(1).max(PATHS_MAX).default(['/']).describe('Protected path prefixes.'),
  exempt: z
    .array(exemptionInput)
    .max(ROUTES_MAX)
    .default([])
    .describe(
      'Requests under the protected paths that need no admission. A path alone: what lies under it, by GET and HEAD.',
    ),
  origin: siteAddress.describe('Address to which admitted requests are forwarded.'),
  originHost: z
    .union(
      [
        z.literal('origin'),
        z.literal('visitor'),
        z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])(?::\d{1,5})?$/),
      ],
      {
        error: 'must be "origin", "visitor" or a host name in lower case, with a port where it needs one',
      },
    )
    .default('origin')
    .describe('The Host that the origin is asked for: its own, the visitor’s, or a given one.'),
  originAliases: z
    .array(siteAddress)
    .max(ORIGIN_ALIASES_MAX)
    .default([])
    .describe(
      'Further addresses by which the site calls itself in redirects: led to the visitor’s address as the origin’s own.',
    ),
  originTimeoutSeconds: z
    .int()
    .min(1)
    .max(ORIGIN_TIMEOUT_SECONDS_MAX)
    .default(ORIGIN_TIMEOUT_SECONDS_DEFAULT)
    .describe('How long the origin may take to respond, from the last progress of the request on.'),
  audience: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('`aud` of the admission tokens; urn:fairgate:origin:ID unless set.'),
  timeZone: z
    .string()
    .max(64)
    .default('Asia/Seoul')
    .refine(isTimeZone, 'must be an IANA time zone, for example Asia/Seoul'),
  outside: z
    .enum(['refuse', 'pass'])
    .default('refuse')
    .describe('What happens to requests for paths of these hosts that no room protects.'),
  languages: z
    .array(z.enum(LANGUAGES))
    .min(1)
    .refine((all) => new Set(all).size === all.length, 'must contain each language once')
    .default(['ko', 'en'])
    .describe('Languages offered to visitors; the first is for browsers that prefer none of them.'),
  expectedVisitors: z
    .int()
    .min(1)
    .max(EXPECTED_VISITORS_MAX)
    .nullable()
    .default(null)
    .describe('An alarm is raised when more visitors arrive.'),
  corsOrigins: z
    .array(webOrigin)
    .max(CORS_ORIGINS_MAX)
    .refine((all) => new Set(all).size === all.length, 'must contain each origin once')
    .default([])
    .describe(
      'Other origins whose pages and apps may join here for their visitors and read the gateway’s answers (CORS).',
    ),
  handOff: z
    .array(handOffEntry)
    .max(HAND_OFF_MAX)
    .refine((all) => new Set(all).size === all.length, 'must contain each address once')
    .default([])
    .describe(
      'Origins, with a path prefix, of sites that the gateway does not stand before: admitted visitors are sent back there with a code.',
    ),
} as const;

export const siteSchema = z.strictObject(siteFields);
export type SiteInput = z.input<typeof siteSchema>;

/** How the line moves: limits, sessions, claim window. */
/** How far admissions follow the site’s health. */
export const HEALTH_MODES = ['off', 'protect', 'find'] as const;

export const healthSchema = z
  .strictObject({
    mode: z
      .enum(HEALTH_MODES)
      .default('protect')
      .describe(
        'off: the limits stay as they are set; protect: fewer or none while the site is slow or fails; find: also how many people at once.',
      ),
    errorPercentMax: within(POLICY_BOUNDS.errorPercentMax)
      .int()
      .default(50)
      .describe('Percent of failed requests from which nobody is admitted; from a quarter of it on, fewer are.'),
    slowFactor: within(POLICY_BOUNDS.slowFactor)
      .int()
      .default(4)
      .describe('Mean response time, as a multiple of the usual one, from which fewer are admitted.'),
    slowMs: within(POLICY_BOUNDS.slowMs)
      .int()
      .nullable()
      .default(null)
      .describe('The same in ms; null: slowFactor decides.'),
    rateFloor: within(POLICY_BOUNDS.newUsersPerMinute)
      .int()
      .default(1)
      .describe('Visitors a minute below which admissions are not slowed; they are stopped all the same.'),
    peopleFloor: within(POLICY_BOUNDS.totalActiveUsers)
      .int()
      .nullable()
      .default(null)
      .describe('For find: people at once where the search begins; null: a twentieth of totalActiveUsers.'),
    probePath: z
      .string()
      .max(PROBE_PATH_CHARS_MAX)
      .regex(/^\/(?!\/)[\x21-\x7e]*$/, 'must be a path as /healthz, in printable ASCII without spaces')
      .default('/')
      .describe('Path at the site that is asked whether it responds while it is stopped.'),
  })
  .prefault({});

export const stockPolicySchema = z
  .strictObject({
    peoplePercent: within(POLICY_BOUNDS.stockPeoplePercent)
      .int()
      .nullable()
      .default(100)
      .describe(
        'People inside at once for each hundred that are left; null: up to totalActiveUsers until nothing is left.',
      ),
    freshSeconds: within(POLICY_BOUNDS.stockFreshSeconds)
      .int()
      .default(60)
      .describe('How long a number is shown after the site read it.'),
  })
  .prefault({});

export const policySchema = z
  .strictObject({
    newUsersPerMinute: within(POLICY_BOUNDS.newUsersPerMinute).int().describe('Hard limit on admissions per minute.'),
    totalActiveUsers: within(POLICY_BOUNDS.totalActiveUsers).int().describe('Hard limit on visitors inside at once.'),
    sessionMinutes: within(inMinutes(POLICY_BOUNDS.sessionMs)),
    sessionRenewal: z.boolean().default(true).describe('Whether activity extends a session.'),
    sessionTotalMinutes: within(inMinutes(POLICY_BOUNDS.sessionTotalMsMax))
      .default(SESSION_TOTAL_MS_DEFAULT / 60_000)
      .describe('Longest stay from the admission on, whatever the activity; at least sessionMinutes.'),
    claimWindowMinutes: within(inMinutes(POLICY_BOUNDS.claimWindowMs))
      .default(5)
      .describe('How long a called visitor may still enter.'),
    queueingStatusCode: z
      .union([z.literal(200), z.literal(202), z.literal(429), z.literal(503)])
      .default(200)
      .describe('HTTP status of the waiting page; with Retry-After from 429 on.'),
    stock: stockPolicySchema.describe('How admissions follow what the site says is left.'),
    health: healthSchema.describe('How far admissions follow the health of the site.'),
  })
  .superRefine(({ sessionMinutes, sessionTotalMinutes }, context) => {
    if (sessionTotalMinutes >= sessionMinutes) return;
    context.addIssue({ code: 'custom', path: ['sessionTotalMinutes'], message: 'must be at least sessionMinutes' });
  });
export type PolicyInput = z.input<typeof policySchema>;

/** How long a draw may wait for its beacon: at least until the round is there. */
export const BEACON_DEADLINE_SECONDS = { min: 30, max: 86_400 };

export const beaconSchema = z.strictObject({
  deadlineSeconds: within(BEACON_DEADLINE_SECONDS)
    .int()
    .default(300)
    .describe('From the opening on, how long the draw waits for the beacon.'),
  afterDeadline: z
    .enum(AFTER_DEADLINE)
    .default('wait')
    .describe('Then: wait on, or draw without the beacon, which proves less.'),
});

/** When the room gives entries, opens and closes. null: entries from now on; never closes. */
export const scheduleSchema = z
  .strictObject({
    prequeueAt: time.nullable().default(null),
    opensAt: time,
    closesAt: time.nullable().default(null),
    beacon: beaconSchema
      .nullable()
      .optional()
      .describe('Whether the draw waits for public randomness; null: not. Left out: as it was, at first not.'),
  })
  .superRefine(checkOrder);
export type ScheduleInput = z.input<typeof scheduleSchema>;

/** Checks the order of the times of a schedule and adds an issue for each that is wrong. */
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
    return false; // RangeError: unknown zone
  }
}
