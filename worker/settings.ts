// What a deployment is told from outside, checked once, including rules between settings. A dangerous or incomplete
// set-up does not start: every problem says which setting, why, and what to put.

import * as z from 'zod';
import type { RoomSettings } from '../queue-core/command.ts';
import { type RouteTaken, routeTaken, type Site } from '../queue-core/directory.ts';
import { ROOMS_MAX } from '../queue-core/limits.ts';
import type { EpochMs, Policy } from '../queue-core/room.ts';
import { epochMs, rfc3339 } from '../queue-core/time.ts';
import { checkOrder, policySchema, roomId, siteFields, type siteSchema, time } from './contract/room-schema.ts';
import { type AccessSettings, accessRolesSchema } from './operators/access.ts';
import type { RedisSettings } from './store/chosen-store.ts';
import { REDIS_REPLICAS_DEFAULT } from './store/redis/redis-client.ts';
import { type SigningKeys, signingKeysSchema } from './tokens/signing-keys.ts';

/** Shorter keys can be guessed; 32 characters of base64url are 192 bits. */
const OPERATOR_KEY_CHARS_MIN = 24;
const OPERATOR_KEY_DISTINCT_MIN = 10;

/** A room as a gateway routes to it: its site, and what its line begins with. */
export interface RoomConfig extends Site {
  id: string;
  queue: RoomSettings;
  /** Of the site; the room's own version counts its policy's changes. 0: as the settings file says, before the store answered. */
  version: number;
}

export interface Settings {
  rooms: RoomConfig[];
  keys: SigningKeys;
  /** Where visitors reach the gateway: `iss` of all tokens; its scheme decides on `__Host-` cookies. */
  publicUrl: string;
  operatorKey: string;
  /** Where operators reach the console and their API. */
  consoleUrl: string;
  access: AccessSettings | null;
  /** null: rooms live in Durable Objects. */
  redis: RedisSettings | null;
}

export class SettingsError extends Error {
  constructor(problems: string[]) {
    super(`Fairgate does not start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

/** RFC 3339, or `+60s`, `+5m`, `+2h`: counted from the moment the room comes to be, once. */
export const openingTime = z
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

const roomSchema = z.strictObject({
  id: roomId,
  ...siteFields,
  schedule: z
    .strictObject({
      prequeueAt: time.nullable().default(null),
      opensAt: openingTime,
      closesAt: time.nullable().default(null),
    })
    .superRefine(({ prequeueAt, opensAt, closesAt }, context) => {
      // A text that could not be read is still a text here, and has been complained of.
      if (typeof opensAt === 'object' && 'opensAt' in opensAt)
        checkOrder({ prequeueAt, opensAt: rfc3339(opensAt.opensAt), closesAt }, context);
    }),
  policy: policySchema,
});

type RoomSetting = z.output<typeof roomSchema>;

/** May be empty: operators make rooms too. */
export const roomsSchema = z.array(roomSchema).max(ROOMS_MAX);

const ROOMS_PUT = 'the rooms as JSON: see docs/rooms.md';

/** A room as it stands in `rooms.json` or the variable ROOMS. */
export type RoomInput = z.input<typeof roomSchema>;

/** Checks everything at once, so that one start shows every problem. @throws SettingsError */
export function readSettings(env: Record<string, unknown>): Settings {
  const problems: string[] = [];
  const rooms = env['ROOMS'] == null ? [] : readJson(env, 'ROOMS', roomsSchema, ROOMS_PUT, problems);
  const keys = readJson(env, 'SIGNING_KEYS', signingKeysSchema, 'what `npm run keys` prints', problems);
  const publicUrl = checkedUrl('PUBLIC_URL', env['PUBLIC_URL'], 'visitors reach the gateway', problems);
  const consoleUrl =
    env['CONSOLE_URL'] == null
      ? publicUrl
      : checkedUrl('CONSOLE_URL', env['CONSOLE_URL'], 'operators reach the console', problems);
  const access = checkedAccess(env, problems);
  const operatorKey = checkedOperatorKey(env['OPERATOR_KEY'], problems);
  const redis = checkedRedis(env, problems);
  problems.push(...conflicts(rooms ?? []).map((problem) => `ROOMS: ${problem}`));
  if (problems.length > 0 || keys === null || rooms === null) throw new SettingsError(problems);
  return { rooms: rooms.map(resolveRoom), keys, publicUrl, operatorKey, consoleUrl, access, redis };
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

function checkedUrl(name: string, value: unknown, who: string, problems: string[]): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    problems.push(`${name} must be the address where ${who}. Put for example https://example.org`);
    return '';
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    problems.push(
      `${name} is ${url.origin}: over plain http anybody on the way can copy what is sent. Put the https address where ${who}.`,
    );
  }
  return url.origin;
}

/** Cloudflare Access is set up whole or not at all. */
function checkedAccess(env: Record<string, unknown>, problems: string[]): AccessSettings | null {
  const names = ['ACCESS_TEAM_URL', 'ACCESS_AUDIENCE', 'ACCESS_ROLES'] as const;
  const given = names.filter((name) => typeof env[name] === 'string' && env[name] !== '');
  if (given.length === 0) return null;
  for (const name of names) {
    if (!given.includes(name))
      problems.push(`${name} is missing, while ${given.join(' and ')} is set. Put all three or none.`);
  }
  if (given.length < names.length) return null;
  const teamUrl = checkedUrl('ACCESS_TEAM_URL', env['ACCESS_TEAM_URL'], 'your team of Cloudflare Access is', problems);
  const put = 'who is what as JSON, as {"name@example.org": "owner"}';
  const roles = readJson(env, 'ACCESS_ROLES', accessRolesSchema, put, problems) ?? {};
  return { teamUrl, audience: String(env['ACCESS_AUDIENCE']), roles };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127\.|^\[::1\]$/.test(hostname);
}

/** More replicas than any plan of a hosted Redis has in one region. */
const REPLICAS_MAX = 8;

/** Beyond this, relays get in each other's way more than they relieve each other. */
const RELAYS_MAX = 16;

function checkedRedis(env: Record<string, unknown>, problems: string[]): RedisSettings | null {
  const [url, token] = [env['UPSTASH_REDIS_REST_URL'] ?? '', env['UPSTASH_REDIS_REST_TOKEN'] ?? ''];
  if (url === '' && token === '') return null;
  if (typeof url !== 'string' || typeof token !== 'string' || url === '' || token === '') {
    const missing = url === '' ? 'UPSTASH_REDIS_REST_URL' : 'UPSTASH_REDIS_REST_TOKEN';
    problems.push(`${missing} is missing, and the other half of the pair is there. Put both, or neither.`);
    return null;
  }
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.search !== '') {
    problems.push(
      'UPSTASH_REDIS_REST_URL must be the https address of the database’s REST form, without a token in it.',
    );
  } else if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    problems.push(
      `UPSTASH_REDIS_REST_URL is ${parsed.origin}: over plain http anybody on the way can read the token. Put https; http is for loopback only.`,
    );
  }
  if (/\s/.test(token)) problems.push('UPSTASH_REDIS_REST_TOKEN has white space in it. Put the token alone.');
  const relays = Number(env['REDIS_RELAYS'] ?? 1);
  if (!Number.isInteger(relays) || relays < 1 || relays > RELAYS_MAX) {
    problems.push(`REDIS_RELAYS must be a whole number from 1 to ${RELAYS_MAX}.`);
  }
  const replicasText = String(env['REDIS_REPLICAS'] ?? REDIS_REPLICAS_DEFAULT);
  const replicas = Number(replicasText);
  // An empty text is the number 0, which nobody has said.
  if (!/^\d+$/.test(replicasText) || replicas > REPLICAS_MAX) {
    problems.push(`REDIS_REPLICAS must be a whole number from 0 to ${REPLICAS_MAX}.`);
  }
  return { url, token, relays, replicas };
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

/** Rules between rooms: what is wrong with them together, each as a sentence. */
function conflicts(rooms: readonly RoomSetting[]): string[] {
  return rooms.flatMap(({ id, ...site }, index) => {
    const before = rooms.slice(0, index);
    if (before.some((other) => other.id === id)) return [`the id "${id}" is used twice. Give each room its own id.`];
    const taken = routeTaken(
      before.map((other) => ({ id: other.id, site: other })),
      { id, site },
    );
    return taken === null ? [] : [`"${id}": ${routeTakenText(taken)}`];
  });
}

/** The sentence for whoever gave one place to two rooms. */
export function routeTakenText({ route, by }: RouteTaken): string {
  return `"${by}" protects ${route} already. Keep it in one of the two rooms.`;
}

function resolveRoom({ id, schedule, policy, ...site }: RoomSetting): RoomConfig {
  const { prequeueAt, opensAt, closesAt } = schedule;
  return {
    id,
    ...siteOf(id, site),
    version: 0,
    queue: {
      room: id,
      policy: policyOf(policy),
      schedule: { prequeueAt: momentOf(prequeueAt), closesAt: momentOf(closesAt), beacon: null, ...opensAt },
    },
  };
}

/** The site of a room as it is kept: what was left out is filled in. */
export function siteOf(id: string, { audience, origin, ...site }: z.output<typeof siteSchema>): Site {
  return { ...site, origin: new URL(origin).origin, audience: audience ?? `urn:fairgate:origin:${id}`, template: null };
}

/** The policy of a room as the core takes it, in ms. */
export function policyOf({ sessionMinutes, claimWindowMinutes, ...rates }: z.output<typeof policySchema>): Policy {
  return {
    ...rates,
    sessionMs: Math.round(sessionMinutes * 60_000),
    claimWindowMs: Math.round(claimWindowMinutes * 60_000),
  };
}

export function momentOf(time: string | null): EpochMs | null {
  return time === null ? null : epochMs(time);
}
