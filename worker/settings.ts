// The settings of a deployment, checked once at the start, including rules between them. With dangerous or incomplete
// settings the gateway does not start: every problem says which setting, why, and what to set.

import * as z from 'zod';
import type { RouteTaken, Site } from '../queue-core/directory/directory-document.ts';
import { routeTaken } from '../queue-core/directory/taken-routes.ts';
import type { GatewayStarts } from '../queue-core/document/history-state.ts';
import { isReadOnlyExemption } from '../queue-core/exemption.ts';
import { ROOMS_MAX, SESSION_TOTAL_MS_DEFAULT } from '../queue-core/limits.ts';
import type { BeaconChoice, Policy, RoomSettings } from '../queue-core/policy.ts';
import type { EpochMs } from '../queue-core/time.ts';
import { epochMs, rfc3339 } from '../queue-core/time.ts';
import type { BeaconChain } from './beacon/chain.ts';
import {
  beaconSchema,
  checkOrder,
  healthSchema,
  policySchema,
  roomId,
  siteFields,
  siteSchema,
  stockPolicySchema,
  time,
} from './contract/room-schema.ts';
import type { AccessSettings } from './operators/access.ts';
import type { OidcSettings } from './operators/oidc.ts';
import type { OriginKey } from './origin-calls/origin-keys.ts';
import { ownAddressIn, ownAddressText } from './proxy/loops.ts';
import {
  checkAccess,
  checkBeaconChain,
  checkJoinsPerNetwork,
  checkJson,
  checkLocationHint,
  checkOidc,
  checkOperatorKey,
  checkOriginKeys,
  checkOriginSecrets,
  checkRedis,
  checkRelays,
  checkTrustedProxies,
  checkUrl,
} from './setting-checks.ts';
import type { StoreSettings } from './store/chosen-store.ts';
import { type SigningKeys, signingKeysSchema } from './tokens/signing-keys.ts';

/** A room that a gateway routes to: its site, and the settings that its line starts with. */
export interface RoomConfig extends Site {
  id: string;
  queue: RoomSettings;
  /** The site's version; the line's changes are counted in the room itself. 0: of the settings, before the store answered. */
  version: number;
}

export interface Settings extends StoreSettings {
  rooms: RoomConfig[];
  keys: SigningKeys;
  /** Where visitors reach the gateway: `iss` of all tokens; with https, cookies get the `__Host-` prefix. */
  publicUrl: string;
  operatorKey: string;
  /** Where operators reach the console and their API. */
  consoleUrl: string;
  /** Where the process listens; null: unknown. */
  listenUrl: string | null;
  /** How the process came to run, by the script that watches over it: for the log; null: nothing says. */
  processStart: GatewayStarts | null;
  access: AccessSettings | null;
  oidc: OidcSettings | null;
  /** Networks of the proxies in front, whose `X-Forwarded-For` is believed. */
  trustedProxies: string[];
  /** New places a minute for one network; 0: no limit. */
  joinsPerNetwork: number;
  /** The drand chain of draws with a beacon. */
  beaconChain: BeaconChain;
  /** What a site that cannot check tokens compares, by the site's address. */
  originSecrets: ReadonlyMap<string, string>;
  /** With which sites sign their calls. */
  originKeys: readonly OriginKey[];
}

export class SettingsError extends Error {
  constructor(problems: string[]) {
    super(`Fairgate does not start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

/** Checks all settings, so that one start shows every problem. @throws SettingsError */
export function readSettings(env: Record<string, unknown>): Settings {
  const problems: string[] = [];
  const rooms =
    env['ROOMS'] == null
      ? []
      : checkJson(env, 'ROOMS', roomsSchema, 'the rooms as JSON, see docs/rooms.md', problems, placeInRooms);
  const keys = checkJson(env, 'SIGNING_KEYS', signingKeysSchema, 'the output of `npm run -s keys`', problems);
  const publicUrl = checkUrl(env, 'PUBLIC_URL', 'visitors reach the gateway', problems);
  const consoleUrl =
    env['CONSOLE_URL'] == null ? publicUrl : checkUrl(env, 'CONSOLE_URL', 'operators reach the console', problems);
  // Set by the scripts that start the process, not by a person.
  const listenUrl = typeof env['LISTEN_URL'] === 'string' ? env['LISTEN_URL'] : null;
  const access = checkAccess(env, problems);
  const oidc = checkOidc(env, problems);
  const trustedProxies = checkTrustedProxies(env, problems);
  const operatorKey = checkOperatorKey(env, problems);
  const redis = checkRedis(env, problems);
  const relays = checkRelays(env, problems);
  const locationHint = checkLocationHint(env, problems);
  const joinsPerNetwork = checkJoinsPerNetwork(env, problems);
  const beaconChain = checkBeaconChain(env, problems);
  const originSecrets = checkOriginSecrets(env, problems);
  const originKeys = checkOriginKeys(env, problems);
  problems.push(...conflicts(rooms ?? []).map((problem) => `ROOMS: ${problem}`));
  for (const { id, origin } of rooms ?? []) {
    const own = ownAddressIn(origin, { publicUrl, consoleUrl, listenUrl }, rooms ?? []);
    if (own !== null) problems.push(`Room "${id}", origin: ${ownAddressText(origin, own)}`);
  }
  if (problems.length > 0 || keys === null || rooms === null) throw new SettingsError(problems);
  return {
    rooms: rooms.map((room) => resolveRoom(room, beaconChain)),
    keys,
    publicUrl,
    operatorKey,
    consoleUrl,
    listenUrl,
    processStart: processStartOf(env['PROCESS_START']),
    access,
    oidc,
    trustedProxies,
    redis,
    relays,
    locationHint,
    joinsPerNetwork,
    beaconChain,
    originSecrets,
    originKeys,
  };
}

/** A room is found by its id: `npm start` puts one of its own before those of the file. */
function placeInRooms([index, ...path]: readonly PropertyKey[], json: unknown): string {
  const room: unknown = Array.isArray(json) ? json[Number(index)] : null;
  const hasId = typeof room === 'object' && room !== null && 'id' in room;
  return [hasId ? `Room ${JSON.stringify(room.id)}` : 'ROOMS, a room without an id', path.join('.')]
    .filter((part) => part !== '')
    .join(', ');
}

/** RFC 3339, or `+60s`, `+5m`, `+2h` from the moment at which the room is created. */
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
    if (!time.safeParse(text).success) {
      context.addIssue({ code: 'custom', message: 'must be between 1970 and 9999' });
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
      beacon: beaconSchema.nullable().default(null),
    })
    .superRefine(({ prequeueAt, opensAt, closesAt }, context) => {
      // An opening that failed to parse is still a string here, and already reported.
      if (typeof opensAt === 'object' && 'opensAt' in opensAt)
        checkOrder({ prequeueAt, opensAt: rfc3339(opensAt.opensAt), closesAt }, context);
    }),
  policy: policySchema,
});

type RoomSetting = z.output<typeof roomSchema>;

/** May be empty: operators can create rooms too. */
const roomsSchema = z.array(roomSchema).max(ROOMS_MAX);

/** A room in `rooms.json` or the variable ROOMS. */
export type RoomInput = z.input<typeof roomSchema>;

/** Rules between rooms: each violation as a sentence. */
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

/** For an operator who gave one host and path to two rooms. */
export function routeTakenText({ route, by }: RouteTaken): string {
  return `"${by}" protects ${route} already. Keep it in one of the two rooms.`;
}

function resolveRoom({ id, schedule, policy, ...site }: RoomSetting, chain: BeaconChain): RoomConfig {
  const { prequeueAt, opensAt, closesAt, beacon } = schedule;
  return {
    id,
    ...siteOf(id, site),
    version: 0,
    queue: {
      room: id,
      policy: policyOf(policy),
      schedule: {
        prequeueAt: momentOf(prequeueAt),
        closesAt: momentOf(closesAt),
        beacon: beacon && beaconChoiceOf(beacon, chain),
        ...opensAt,
      },
    },
  };
}

/** Which chain a draw waits for is fixed when it is scheduled; which relays are asked is each gateway's setting. */
export function beaconChoiceOf(
  { deadlineSeconds, afterDeadline }: z.output<typeof beaconSchema>,
  { relays: _, ...chain }: BeaconChain,
): BeaconChoice {
  return { chain, deadlineMs: deadlineSeconds * 1_000, afterDeadline };
}

/** The site as it is stored, with defaults filled in. */
export function siteOf(id: string, { audience, origin, originAliases, ...site }: z.output<typeof siteSchema>): Site {
  const aliases = originAliases.map((alias) => new URL(alias).origin);
  return {
    ...site,
    origin: new URL(origin).origin,
    originAliases: aliases,
    audience: audience ?? `urn:fairgate:origin:${id}`,
    template: null,
  };
}

/** The policy in the core's units. */
export function policyOf({
  sessionMinutes,
  sessionTotalMinutes,
  claimWindowMinutes,
  ...rates
}: z.output<typeof policySchema>): Policy {
  return {
    ...rates,
    sessionMs: Math.round(sessionMinutes * 60_000),
    claimWindowMs: Math.round(claimWindowMinutes * 60_000),
    sessionTotalMsMax: Math.round(sessionTotalMinutes * 60_000),
  };
}

/**
 * The settings as text for a digest that shows whether they were edited. A field that a later version added is left out at
 * its default: else an upgrade would look like an edit, and overwrite what operators changed. So is what a later version
 * added to a value.
 */
export function settingsText(settings: unknown): string {
  return JSON.stringify(settings, (name, value) => {
    if (isAddedDefault(name, value)) return undefined;
    if (name !== 'exempt' || !Array.isArray(value)) return value;
    return value.map((exemption) => (isReadOnlyExemption(exemption) ? exemption.path : exemption));
  });
}

const ADDED_DEFAULTS: Record<string, unknown> = {
  sessionTotalMsMax: SESSION_TOTAL_MS_DEFAULT,
  health: healthSchema.parse({}),
  stock: stockPolicySchema.parse({}),
  ...siteSchema
    .pick({ originHost: true, originAliases: true, originTimeoutSeconds: true, corsOrigins: true, handOff: true })
    .parse({}),
};

function isAddedDefault(name: string, value: unknown): boolean {
  return name in ADDED_DEFAULTS && JSON.stringify(value) === JSON.stringify(ADDED_DEFAULTS[name]);
}

export function momentOf(time: string | null): EpochMs | null {
  return time === null ? null : epochMs(time);
}

/** `first`: by its operators; `again`: after it had ended by itself. */
function processStartOf(value: unknown): GatewayStarts | null {
  if (value !== 'first' && value !== 'again') return null;
  return { started: value === 'first' ? 1 : 0, restarted: value === 'again' ? 1 : 0 };
}
