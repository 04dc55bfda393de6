// What a deployment is told from outside, checked once, including rules between settings. A dangerous or incomplete
// set-up does not start: every problem says which setting, why, and what to put.

import * as z from 'zod';
import type { RoomSettings } from '../queue-core/command.ts';
import { POLICY_BOUNDS } from '../queue-core/limits.ts';
import { normalisePath } from '../queue-core/paths.ts';
import { epochMs } from '../queue-core/time.ts';
import { type SigningKeys, signingKeysSchema } from './signing-keys.ts';

export const ROOMS_MAX = 100;

/** Shorter keys can be guessed; 32 characters of base64url are 192 bits. */
const OPERATOR_KEY_CHARS_MIN = 24;
const OPERATOR_KEY_DISTINCT_MIN = 10;

export interface Room {
  id: string;
  title: { ko: string; en: string };
  /** Host names without port, lower case; `*` is every host. */
  hosts: string[];
  paths: string[];
  exempt: string[];
  /** The protected site, as an origin without path. */
  origin: string;
  /** `aud` of the room's admission tokens. */
  audience: string;
  timeZone: string;
  /** What happens to paths of the room's hosts that no room protects. */
  outside: 'refuse' | 'pass';
  queue: RoomSettings;
}

export interface Settings {
  rooms: Room[];
  keys: SigningKeys;
  /** Where visitors reach the gateway: `iss` of all tokens; its scheme decides on `__Host-` cookies. */
  publicUrl: string;
  operatorKey: string;
}

export class SettingsError extends Error {
  constructor(problems: string[]) {
    super(`Fairgate does not start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

const minutes = (bounds: { min: number; max: number }) =>
  z
    .number()
    .min(bounds.min / 60_000)
    .max(bounds.max / 60_000)
    .transform((value) => Math.round(value * 60_000));

const bounded = (bounds: { min: number; max: number }) => z.int().min(bounds.min).max(bounds.max);

const time = z.iso.datetime({ offset: true }).transform(epochMs);

/** RFC 3339, or `+60s`, `+5m`, `+2h`: counted from the moment the room comes to be, once. */
const openingTime = z
  .string()
  .regex(/^\+\d{1,6}[smh]$|^\d{4}-/, 'must be RFC 3339 with a zone (2026-07-14T20:00:00+09:00) or +60s, +5m, +2h')
  .transform((text, context) => {
    if (text.startsWith('+')) {
      const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[text.slice(-1)] ?? 0;
      return { opensInMs: Number(text.slice(1, -1)) * unit };
    }
    const opensAt = epochMs(text);
    if (Number.isNaN(opensAt) || !/(?:Z|[+-]\d\d:\d\d)$/i.test(text)) {
      context.addIssue({ code: 'custom', message: 'must be RFC 3339 with a zone, as 2026-07-14T20:00:00+09:00' });
      return z.NEVER;
    }
    return { opensAt };
  });

const pathPrefix = z
  .string()
  .refine((path) => isNormal(path), 'must be a normalised absolute path, as /book, without %-encoding or //');

function isNormal(path: string): boolean {
  const normal = normalisePath(path);
  return normal.kind === 'path' && normal.path === path && !path.includes('%');
}

const roomSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1-40 of a-z, 0-9 and - inside'),
    title: z.strictObject({ ko: z.string().min(1).max(80), en: z.string().min(1).max(80) }),
    hosts: z
      .array(z.string().regex(/^(?:\*|[a-z0-9.-]+)$/, 'must be a host name in lower case without port, or *'))
      .min(1)
      .max(20),
    paths: z.array(pathPrefix).min(1).max(50).default(['/']),
    exempt: z.array(pathPrefix).max(50).default([]),
    origin: z.url({ protocol: /^https?$/ }).refine((url) => new URL(url).pathname === '/', 'must not have a path'),
    audience: z.string().min(1).max(200).optional(),
    timeZone: z.string().default('Asia/Seoul').refine(isTimeZone, 'must be an IANA time zone, as Asia/Seoul'),
    outside: z.enum(['refuse', 'pass']).default('refuse'),
    schedule: z.strictObject({
      prequeueAt: time.nullable().default(null),
      opensAt: openingTime,
      closesAt: time.nullable().default(null),
    }),
    policy: z.strictObject({
      newUsersPerMinute: bounded(POLICY_BOUNDS.newUsersPerMinute),
      totalActiveUsers: bounded(POLICY_BOUNDS.totalActiveUsers),
      sessionMinutes: minutes(POLICY_BOUNDS.sessionMs),
      sessionRenewal: z.boolean().default(true),
      claimWindowMinutes: minutes(POLICY_BOUNDS.claimWindowMs).default(5 * 60_000),
      queueingStatusCode: z.union([z.literal(200), z.literal(202), z.literal(429)]).default(200),
    }),
  })
  .superRefine(({ schedule }, context) => {
    const opensAt = 'opensAt' in schedule.opensAt ? schedule.opensAt.opensAt : null;
    const { prequeueAt, closesAt } = schedule;
    if (opensAt !== null && prequeueAt !== null && prequeueAt >= opensAt) {
      context.addIssue({ code: 'custom', path: ['schedule', 'prequeueAt'], message: 'must be before opensAt' });
    }
    if (opensAt !== null && closesAt !== null && closesAt <= opensAt) {
      context.addIssue({ code: 'custom', path: ['schedule', 'closesAt'], message: 'must be after opensAt' });
    }
  });

export const roomsSchema = z.array(roomSchema).min(1).max(ROOMS_MAX);

/** A room as it stands in `rooms.json` or the variable ROOMS. */
export type RoomInput = z.input<typeof roomSchema>;

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false; // RangeError: no such zone
  }
}

/** Checks everything at once, so that one start shows every problem. @throws SettingsError */
export function readSettings(env: Record<string, unknown>): Settings {
  const problems: string[] = [];
  const rooms = readJson(env, 'ROOMS', roomsSchema, 'the rooms as JSON: see docs/rooms.md', problems) ?? [];
  const keys = readJson(env, 'SIGNING_KEYS', signingKeysSchema, 'what `npm run keys` prints', problems);
  const publicUrl = checkedPublicUrl(env['PUBLIC_URL'], problems);
  const operatorKey = checkedOperatorKey(env['OPERATOR_KEY'], problems);
  problems.push(...conflicts(rooms));
  if (problems.length > 0 || keys === null) throw new SettingsError(problems);
  return { rooms: rooms.map(resolveRoom), keys, publicUrl, operatorKey };
}

function readJson<S extends z.ZodType>(
  env: Record<string, unknown>,
  name: string,
  schema: S,
  put: string,
  problems: string[],
): z.output<S> | null {
  const text = env[name];
  if (typeof text !== 'string' || text === '') {
    problems.push(`${name} is missing. Put ${put}.`);
    return null;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    problems.push(`${name} is not JSON (${error instanceof Error ? error.message : error}). Put ${put}.`);
    return null;
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    problems.push(`${name}${path.map((step) => `[${JSON.stringify(step)}]`).join('')}: ${message}. Put ${put}.`);
  }
  return null;
}

function checkedPublicUrl(value: unknown, problems: string[]): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    problems.push(
      'PUBLIC_URL must be the address where visitors reach the gateway. Put for example https://example.org',
    );
    return '';
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    problems.push(
      `PUBLIC_URL is ${url.origin}: over plain http anybody on the way can copy a place. Put the https address that visitors use.`,
    );
  }
  return url.origin;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127\.|^\[::1\]$/.test(hostname);
}

function checkedOperatorKey(value: unknown, problems: string[]): string {
  const key = typeof value === 'string' ? value : '';
  if (key.length < OPERATOR_KEY_CHARS_MIN || new Set(key).size < OPERATOR_KEY_DISTINCT_MIN) {
    problems.push(
      `OPERATOR_KEY is ${key === '' ? 'missing' : 'too easy to guess'}: whoever has it steers the opening. Put ${OPERATOR_KEY_CHARS_MIN} or more random characters, as \`openssl rand -base64 24\` prints.`,
    );
  }
  return key;
}

function conflicts(rooms: z.output<typeof roomsSchema>): string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  const places = new Map<string, string>();
  for (const room of rooms) {
    if (ids.has(room.id)) problems.push(`ROOMS: the id "${room.id}" is used twice. Give each room its own id.`);
    ids.add(room.id);
    for (const host of room.hosts) {
      for (const path of room.paths) {
        const place = `${host}${path.toLowerCase()}`;
        const other = places.get(place);
        if (other !== undefined && other !== room.id) {
          problems.push(`ROOMS: "${other}" and "${room.id}" both protect ${place}. Keep it in one of them.`);
        }
        places.set(place, room.id);
      }
    }
  }
  return problems;
}

function resolveRoom(room: z.output<typeof roomSchema>): Room {
  const { id, title, hosts, paths, exempt, timeZone, outside, schedule, policy } = room;
  const { prequeueAt, opensAt, closesAt } = schedule;
  const { sessionMinutes: sessionMs, claimWindowMinutes: claimWindowMs, ...rates } = policy;
  return {
    id,
    title,
    hosts,
    paths,
    exempt,
    origin: new URL(room.origin).origin,
    audience: room.audience ?? `urn:fairgate:origin:${id}`,
    timeZone,
    outside,
    queue: {
      room: id,
      policy: { ...rates, sessionMs, claimWindowMs },
      schedule: { prequeueAt, closesAt, beacon: null, ...opensAt },
    },
  };
}
