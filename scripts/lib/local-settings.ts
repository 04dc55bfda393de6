// The settings of a gateway on one's own machine: the environment of `npm start`, the demo room that it describes, further
// rooms, and the keys that are stored in DATA_DIR.

import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { POLICY_BOUNDS } from '../../queue-core/limits.ts';
import { isLoopback } from '../../worker/contract/loopback.ts';
import { plainIssue } from '../../worker/contract/plain-issues.ts';
import { roomId, siteFields } from '../../worker/contract/room-schema.ts';
import { ownAddressIn, ownAddressText } from '../../worker/proxy/loops.ts';
import { checkAccess, checkJson, checkOidc } from '../../worker/setting-checks.ts';
import { openingTime, type RoomInput, SettingsError } from '../../worker/settings.ts';
import { signingKeysSchema } from '../../worker/tokens/signing-keys.ts';
import { demoRoom, newDemoKey } from './demo-site.ts';
import { checkedVariables, type GatewaySettings } from './gateway-process.ts';
import { isPortFree } from './loopback-ports.ts';
import { LOG_FORMATS, type LogFormat } from './program-log.ts';
import { StoredSecrets, storedOperatorKey, storedSigningKeys } from './stored-secrets.ts';

const whole = ({ min, max }: { min: number; max: number }) =>
  z
    .string()
    .refine(
      (text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max,
      `must be a whole number from ${min} to ${max}`,
    )
    .transform(Number);
const port = whole({ min: 1, max: 65_535 });
const SESSION = { min: POLICY_BOUNDS.sessionMs.min / 60_000, max: POLICY_BOUNDS.sessionMs.max / 60_000 };
const MINUTES = `must be a number of minutes from ${SESSION.min} to ${SESSION.max}`;

/** Gateway processes of one machine. */
const PROCESSES = { min: 1, max: 64 };

const environment = z.object({
  PORT: port.default(8787),
  PROCESSES: whole(PROCESSES).default(1),
  LOG_FORMAT: z.enum(LOG_FORMATS, `must be one of ${LOG_FORMATS.join(', ')}`).default('text'),
  HOST: z
    .string()
    .refine((host) => isIP(host) !== 0, 'must be an IP address to listen on, such as 0.0.0.0 or ::')
    .default('127.0.0.1'),
  ORIGIN_PORT: port.optional(),
  ORIGIN_URL: siteFields.origin.optional(),
  ROOM_ID: roomId.optional(),
  TITLE_KO: siteFields.title.shape.ko.optional(),
  TITLE_EN: siteFields.title.shape.en.optional(),
  DATA_DIR: z.string().min(1).default('.fairgate'),
  // A person who tries it is called and inside within a minute of the start.
  OPENS_AT: z
    .string()
    .refine((text) => openingTime.safeParse(text).success, 'must be RFC 3339 with a zone, or as +50s, +5m, +2h')
    .default('+50s'),
  NEW_USERS_PER_MINUTE: whole(POLICY_BOUNDS.newUsersPerMinute).default(60),
  TOTAL_ACTIVE_USERS: whole(POLICY_BOUNDS.totalActiveUsers).default(200),
  SESSION_MINUTES: z.coerce.number(MINUTES).min(SESSION.min, MINUTES).max(SESSION.max, MINUTES).default(5),
  JOINS_PER_NETWORK: z.string().optional(),
  OPERATOR_KEY: z.string().optional(),
  PUBLIC_URL: z.string().optional(),
  CONSOLE_URL: z.string().optional(),
  TRUSTED_PROXIES: z.string().optional(),
  ORIGIN_CA_FILE: z.string().optional(),
  ROOMS: z.string().optional(),
  UPSTASH_REDIS_REST_URL: z.string().default(''),
  UPSTASH_REDIS_REST_TOKEN: z.string().default(''),
  REDIS_REPLICAS: z.string().optional(),
  SIGNING_KEYS: z.string().optional(),
  ACCESS_TEAM_URL: z.string().optional(),
  ACCESS_AUDIENCE: z.string().optional(),
  ACCESS_ROLES: z.string().optional(),
  OIDC_ISSUER: z.string().optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: z.string().optional(),
  OIDC_ROLES: z.string().optional(),
  RELAYS: z.string().optional(),
  BEACON_CHAIN: z.string().optional(),
  ORIGIN_SECRETS: z.string().optional(),
  ORIGIN_KEYS: z.string().optional(),
});

type Environment = z.output<typeof environment>;

/** The port of the demo site where none is set: this one, or the first after those of the gateways. */
const ORIGIN_PORT = 8788;

export const SETTINGS_OF_START = Object.keys(environment.shape);

const ROOMS_FILE = 'rooms.json';

/** Id of the room of a site of one's own, unless ROOM_ID names another. */
const OWN_ROOM_ID = 'main';

export interface LocalSettings {
  settings: GatewaySettings;
  host: string;
  /** The first gateway's. */
  port: number;
  /** Gateway processes, on as many ports in a row. */
  processes: number;
  logFormat: LogFormat;
  /** PEM; null: only what browsers trust. */
  originCa: string | null;
  dataDir: string;
  /** null: ORIGIN_URL names a site, and there is no demo. */
  demoOriginPort: number | null;
  /** With which the demo site calls the gateway. */
  demoKey: string | null;
  /** The room that the environment describes. */
  roomId: string;
  originUrl: string;
  /** null: OPERATOR_KEY is set. */
  generatedOperatorKey: string | null;
}

/**
 * @param isCheck: nothing is written, and what would be created is left out
 * @throws SettingsError for wrong variables, rooms and secrets, before anything is built or started
 */
export async function localSettings(variables: NodeJS.ProcessEnv, isCheck = false): Promise<LocalSettings> {
  const local = await readLocalSettings(variables, isCheck);
  checkedVariables(local);
  return local;
}

async function readLocalSettings(variables: NodeJS.ProcessEnv, isCheck: boolean): Promise<LocalSettings> {
  const env = readEnvironment(variables);
  const dataDir = resolve(env.DATA_DIR);
  checkDataDir(dataDir, isCheck);
  const stored = new StoredSecrets(dataDir, isCheck);
  const { keys, ...providers } = await proofs(env, stored);
  const originUrl = env.ORIGIN_URL ?? `http://127.0.0.1:${originPort(env)}`;
  const line = {
    origin: originUrl,
    schedule: { opensAt: env.OPENS_AT },
    policy: {
      newUsersPerMinute: env.NEW_USERS_PER_MINUTE,
      totalActiveUsers: env.TOTAL_ACTIVE_USERS,
      sessionMinutes: env.SESSION_MINUTES,
    },
  };
  const isDemo = env.ORIGIN_URL === undefined;
  const demoKey = isDemo ? newDemoKey() : null;
  const room = isDemo ? demoRoom(line) : ownRoom(env, line);
  const rooms = [room, ...furtherRooms(env)];
  const generatedOperatorKey = env.OPERATOR_KEY === undefined ? storedOperatorKey(stored) : null;
  return {
    settings: {
      // A room of the file with the same id replaces the room of the environment.
      rooms: rooms.filter((room, index) => rooms.findLastIndex(({ id }) => id === room.id) === index),
      keys,
      publicUrl: publicUrlOf(env),
      operatorKey: generatedOperatorKey ?? env.OPERATOR_KEY ?? '',
      ...providers,
      ...joinLimit(env),
      ...relays(env),
      ...(env.ORIGIN_SECRETS === undefined ? {} : { originSecrets: env.ORIGIN_SECRETS }),
      ...originKeys(env.ORIGIN_KEYS, demoKey),
      ...(env.BEACON_CHAIN === undefined ? {} : { beaconChain: env.BEACON_CHAIN }),
      ...(env.TRUSTED_PROXIES === undefined ? {} : { trustedProxies: env.TRUSTED_PROXIES }),
      ...(env.CONSOLE_URL === undefined ? {} : { consoleUrl: env.CONSOLE_URL }),
      redis: {
        url: env.UPSTASH_REDIS_REST_URL,
        token: env.UPSTASH_REDIS_REST_TOKEN,
        ...(env.REDIS_REPLICAS === undefined ? {} : { replicas: env.REDIS_REPLICAS }),
      },
    },
    host: env.HOST,
    port: env.PORT,
    processes: env.PROCESSES,
    logFormat: env.LOG_FORMAT,
    originCa: originCa(env),
    dataDir,
    demoOriginPort: isDemo ? originPort(env) : null,
    demoKey: demoKey?.siteKey ?? null,
    originUrl,
    roomId: room.id,
    generatedOperatorKey,
  };
}

function originPort({ ORIGIN_PORT: chosen, PORT, PROCESSES: processes }: Environment): number {
  if (chosen !== undefined) return chosen;
  return ORIGIN_PORT >= PORT && ORIGIN_PORT < PORT + processes ? PORT + processes : ORIGIN_PORT;
}

/** Of each gateway process one, which batches what it asks of the room process. */
function relays({ RELAYS, PROCESSES: processes }: Environment): Pick<GatewaySettings, 'relays'> {
  if (RELAYS !== undefined) return { relays: RELAYS };
  return processes === 1 ? {} : { relays: String(processes) };
}

function originKeys(listed: string | undefined, demo: { originKey: string } | null): { originKeys?: string } {
  const keys = [listed, demo?.originKey].filter((key) => key !== undefined);
  return keys.length === 0 ? {} : { originKeys: keys.join(',') };
}

/** @throws SettingsError where it cannot be read or holds no certificate */
function originCa({ ORIGIN_CA_FILE: file }: Environment): string | null {
  if (file === undefined) return null;
  try {
    const certificates = readFileSync(file, 'utf8');
    new X509Certificate(certificates);
    return certificates;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new SettingsError([
      `ORIGIN_CA_FILE is ${JSON.stringify(file)}: ${reason}. Set it to a file of certificates in PEM.`,
    ]);
  }
}

/** The room of a site of one's own: every host and path, because the gateway has no other site. */
function ownRoom(
  { ROOM_ID = OWN_ROOM_ID, TITLE_KO, TITLE_EN }: Environment,
  line: Pick<RoomInput, 'origin' | 'schedule' | 'policy'>,
): RoomInput {
  const { hostname } = new URL(line.origin);
  const title = { ko: TITLE_KO ?? TITLE_EN ?? hostname, en: TITLE_EN ?? TITLE_KO ?? hostname };
  return { id: ROOM_ID, title, hosts: ['*'], paths: ['/'], ...line };
}

/**
 * Behind a proxy every visitor comes from one address: unless the gateway is told whose `X-Forwarded-For` to believe, a
 * limit by network would hit all of them together.
 */
function joinLimit(env: Environment): Pick<GatewaySettings, 'joinsPerNetwork'> {
  const { JOINS_PER_NETWORK, PUBLIC_URL = '', TRUSTED_PROXIES } = env;
  if (JOINS_PER_NETWORK !== undefined) return { joinsPerNetwork: JOINS_PER_NETWORK };
  if (TRUSTED_PROXIES !== undefined) return {};
  const host = URL.parse(PUBLIC_URL)?.hostname;
  return host === undefined || isLoopback(host) ? {} : { joinsPerNetwork: '0' };
}

function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const parsed = environment.safeParse(variables, { error: plainIssue });
  if (!parsed.success) {
    // The message contains the value: secrets are not checked here.
    const problems = parsed.error.issues.map(({ path: [name], message }) => {
      return `${String(name)} is ${JSON.stringify(variables[String(name)])}: it ${message}.`;
    });
    throw new SettingsError(problems);
  }
  const { PORT, PROCESSES: processes, ORIGIN_URL, CONSOLE_URL } = parsed.data;
  const [site, last] = [originPort(parsed.data), PORT + processes - 1];
  if (ORIGIN_URL === undefined && site >= PORT && site <= last) {
    const gateways =
      processes === 1
        ? `PORT and ORIGIN_PORT are both ${PORT}`
        : `The gateways use the ports ${PORT} to ${last}, and ORIGIN_PORT is ${site}`;
    throw new SettingsError([`${gateways}: gateway and demo site need a port each. Change one of them.`]);
  }
  if (last > 65_535) {
    throw new SettingsError([
      `PROCESSES is ${processes}, and the gateways would use the ports ${PORT} to ${last}: the last port is 65535. Set a smaller PORT.`,
    ]);
  }
  for (const name of ['ROOM_ID', 'TITLE_KO', 'TITLE_EN'] as const) {
    if (ORIGIN_URL !== undefined || parsed.data[name] === undefined) continue;
    throw new SettingsError([
      `${name} is for a site of your own, and ORIGIN_URL is missing. Set ORIGIN_URL, or remove ${name}.`,
    ]);
  }
  const publicUrl = publicUrlOf(parsed.data);
  const own = { publicUrl, consoleUrl: CONSOLE_URL ?? publicUrl, listenUrl: `http://127.0.0.1:${PORT}` };
  const ownAddress = ORIGIN_URL === undefined ? null : ownAddressIn(ORIGIN_URL, own, []);
  if (ORIGIN_URL !== undefined && ownAddress !== null) {
    throw new SettingsError([`ORIGIN_URL: ${ownAddressText(ORIGIN_URL, ownAddress)}`]);
  }
  return parsed.data;
}

function publicUrlOf({ PUBLIC_URL, PORT }: Pick<Environment, 'PUBLIC_URL' | 'PORT'>): string {
  return PUBLIC_URL ?? `http://localhost:${PORT}`;
}

/** @throws SettingsError where another program uses one of the ports, before anything is built */
export async function checkPorts(local: LocalSettings): Promise<void> {
  const problems: string[] = [];
  const [first, ...further] = gatewayPorts(local);
  const used: [string, string, number | undefined | null][] = [
    ['PORT', 'PORT', first],
    ...further.map((number): [string, string, number] => ['The port of a further gateway', 'PORT', number]),
    ['ORIGIN_PORT', 'ORIGIN_PORT', local.demoOriginPort],
  ];
  for (const [subject, name, number] of used) {
    if (number == null || (await isPortFree(number))) continue;
    problems.push(
      `${subject} is ${number}, which another program uses. Stop that program, or set ${name} to a free port.`,
    );
  }
  if (problems.length > 0) throw new SettingsError(problems);
}

export function gatewayPorts({ port, processes }: Pick<LocalSettings, 'port' | 'processes'>): number[] {
  return Array.from({ length: processes }, (_, index) => port + index);
}

/** Rooms of the variable ROOMS, else of rooms.json, unchecked. */
function furtherRooms(env: Environment): RoomInput[] {
  const source = env.ROOMS === undefined ? ROOMS_FILE : 'ROOMS';
  const text = env.ROOMS ?? (existsSync(ROOMS_FILE) ? readFileSync(ROOMS_FILE, 'utf8') : '[]');
  try {
    const rooms: unknown = JSON.parse(text);
    if (Array.isArray(rooms)) return rooms;
  } catch {
    // SyntaxError: reported below, like every other wrong shape.
  }
  throw new SettingsError([`${source} is not a JSON list of rooms. Write a list as in docs/rooms.md, or remove it.`]);
}

/** What signs tokens, and who operators are beside the keys. @throws SettingsError */
async function proofs(
  env: Environment,
  stored: StoredSecrets,
): Promise<Pick<GatewaySettings, 'keys' | 'access' | 'oidc'>> {
  const problems: string[] = [];
  const access = checkAccess(env, problems);
  const oidc = checkOidc(env, problems);
  const keys =
    env.SIGNING_KEYS === undefined
      ? await storedSigningKeys(stored, problems)
      : checkJson(env, 'SIGNING_KEYS', signingKeysSchema, 'the output of `npm run -s keys`', problems);
  if (keys === null || problems.length > 0) throw new SettingsError(problems);
  return { keys, ...(access === null ? {} : { access }), ...(oidc === null ? {} : { oidc }) };
}

/** Makes it, unless it is only checked. @throws SettingsError where nothing can be stored there */
function checkDataDir(dataDir: string, isCheck: boolean): void {
  try {
    if (!isCheck) makeFolder(dataDir);
    accessSync(isCheck ? existingAbove(dataDir) : dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new SettingsError([
      `DATA_DIR is ${JSON.stringify(dataDir)}: ${reason}. Set it to a folder in which this user may write.`,
    ]);
  }
}

function existingAbove(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : existingAbove(dirname(folder));
}

/** One level at a time: `recursive` of Node never returns where a file system has no such folder and creates none, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
