// What a gateway on one's own machine runs with: the environment of `npm start`, the demo room made of it, further rooms,
// and the keys that are kept in DATA_DIR.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { POLICY_BOUNDS } from '../../queue-core/limits.ts';
import { siteFields } from '../../worker/contract/room-schema.ts';
import { openingTime, type RoomInput, SettingsError } from '../../worker/settings.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import type { GatewaySettings } from './gateway-process.ts';

const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);
const within = ({ min, max }: { min: number; max: number }, unit: string) =>
  z.number().refine((value) => value >= min && value <= max, `must be ${min} to ${max} ${unit}`);
const port = wholeNumber.pipe(within({ min: 1, max: 65_535 }, '(a port)'));
const SESSION_MINUTES = { min: POLICY_BOUNDS.sessionMs.min / 60_000, max: POLICY_BOUNDS.sessionMs.max / 60_000 };

const environment = z.object({
  PORT: port.default(8787),
  ORIGIN_PORT: port.default(8788),
  ORIGIN_URL: siteFields.origin.optional(),
  DATA_DIR: z.string().min(1).default('.fairgate'),
  // Within a minute of the start somebody who tries it is called and inside.
  OPENS_AT: z
    .string()
    .refine((text) => openingTime.safeParse(text).success, 'must be RFC 3339 with a zone, or as +50s, +5m, +2h')
    .default('+50s'),
  NEW_USERS_PER_MINUTE: wholeNumber.pipe(within(POLICY_BOUNDS.newUsersPerMinute, 'visitors')).default(60),
  TOTAL_ACTIVE_USERS: wholeNumber.pipe(within(POLICY_BOUNDS.totalActiveUsers, 'visitors')).default(200),
  SESSION_MINUTES: z.coerce.number('must be a number of minutes').pipe(within(SESSION_MINUTES, 'minutes')).default(5),
  OPERATOR_KEY: z.string().optional(),
  PUBLIC_URL: z.string().optional(),
  CONSOLE_URL: z.string().optional(),
  ROOMS: z.string().optional(),
  UPSTASH_REDIS_REST_URL: z.string().default(''),
  UPSTASH_REDIS_REST_TOKEN: z.string().default(''),
  REDIS_REPLICAS: z.string().optional(),
});

type Environment = z.output<typeof environment>;

const ROOMS_FILE = 'rooms.json';
export const DEMO_AUDIENCE = 'urn:fairgate:origin:demo';

export interface LocalSettings {
  settings: GatewaySettings;
  port: number;
  dataDir: string;
  opensAt: string;
  /** null: the demo origin is not wanted, ORIGIN_URL names another. */
  demoOriginPort: number | null;
  originUrl: string;
  /** The operator key, where it was made here and has to be shown once. */
  madeOperatorKey: string | null;
}

/** @throws SettingsError for what the environment itself gets wrong; rooms are checked with the gateway's settings */
export async function localSettings(variables: NodeJS.ProcessEnv): Promise<LocalSettings> {
  const env = readEnvironment(variables);
  const dataDir = resolve(env.DATA_DIR);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const originUrl = env.ORIGIN_URL ?? `http://127.0.0.1:${env.ORIGIN_PORT}`;
  const rooms = [demoRoom(env, originUrl), ...otherRooms(env)];
  const madeOperatorKey = env.OPERATOR_KEY === undefined ? keptOperatorKey(dataDir) : null;
  return {
    settings: {
      // A room of the file named "demo" takes the demo's place.
      rooms: rooms.filter((room, index) => rooms.findLastIndex(({ id }) => id === room.id) === index),
      keys: await keptSigningKeys(dataDir),
      publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
      operatorKey: madeOperatorKey ?? env.OPERATOR_KEY ?? '',
      ...(env.CONSOLE_URL === undefined ? {} : { consoleUrl: env.CONSOLE_URL }),
      redis: {
        url: env.UPSTASH_REDIS_REST_URL,
        token: env.UPSTASH_REDIS_REST_TOKEN,
        ...(env.REDIS_REPLICAS === undefined ? {} : { replicas: env.REDIS_REPLICAS }),
      },
    },
    port: env.PORT,
    dataDir,
    opensAt: env.OPENS_AT,
    demoOriginPort: env.ORIGIN_URL === undefined ? env.ORIGIN_PORT : null,
    originUrl,
    madeOperatorKey,
  };
}

function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const parsed = environment.safeParse(variables);
  if (!parsed.success) {
    // What is said of a value is said of those that are no secrets; secrets are checked with the gateway's settings.
    const wrong = parsed.error.issues.map(({ path: [name], message }) => {
      return `${String(name)} is ${JSON.stringify(variables[String(name)])}: it ${message}.`;
    });
    throw new SettingsError(wrong);
  }
  const { PORT, ORIGIN_PORT, ORIGIN_URL } = parsed.data;
  if (ORIGIN_URL === undefined && PORT === ORIGIN_PORT) {
    throw new SettingsError([
      `PORT and ORIGIN_PORT are both ${PORT}: gateway and demo site need one each. Put another.`,
    ]);
  }
  if (ORIGIN_URL !== undefined && isOwnAddress(ORIGIN_URL, PORT)) {
    throw new SettingsError([
      `ORIGIN_URL is ${ORIGIN_URL}, the gateway itself: every request would come back to it. Put the site's own address.`,
    ]);
  }
  return parsed.data;
}

function isOwnAddress(url: string, port: number): boolean {
  const { hostname, port: wanted, protocol } = new URL(url);
  return protocol === 'http:' && Number(wanted || 80) === port && /^(?:localhost|127\..*|\[::1\])$/.test(hostname);
}

/** @throws SettingsError where another program has one of the ports: said before anything is built */
export async function checkPorts({ port, demoOriginPort }: LocalSettings): Promise<void> {
  const wanted = [
    { name: 'PORT', number: port },
    ...(demoOriginPort === null ? [] : [{ name: 'ORIGIN_PORT', number: demoOriginPort }]),
  ];
  const taken = await Promise.all(wanted.map(async (one) => ((await isFree(one.number)) ? [] : [one])));
  const problems = taken.flat().map(({ name, number }) => {
    return `${name} is ${number}, which another program has. Stop that one, or put a free port.`;
  });
  if (problems.length > 0) throw new SettingsError(problems);
}

function isFree(number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false)); // EADDRINUSE, or EACCES for a port of the system's
    server.listen(number, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function demoRoom(env: Environment, origin: string): RoomInput {
  return {
    id: 'demo',
    title: { ko: '백신 사전예약', en: 'Vaccine pre-registration' },
    hosts: ['*'],
    paths: ['/'],
    origin,
    audience: DEMO_AUDIENCE,
    schedule: { opensAt: env.OPENS_AT },
    policy: {
      newUsersPerMinute: env.NEW_USERS_PER_MINUTE,
      totalActiveUsers: env.TOTAL_ACTIVE_USERS,
      sessionMinutes: env.SESSION_MINUTES,
    },
  };
}

/** Rooms of the variable ROOMS, else of rooms.json, as they stand there. */
function otherRooms(env: Environment): RoomInput[] {
  const source = env.ROOMS === undefined ? ROOMS_FILE : 'ROOMS';
  const text = env.ROOMS ?? (existsSync(ROOMS_FILE) ? readFileSync(ROOMS_FILE, 'utf8') : '[]');
  try {
    const rooms: unknown = JSON.parse(text);
    if (Array.isArray(rooms)) return rooms;
  } catch {
    // SyntaxError: said below, like every other wrong shape.
  }
  throw new SettingsError([`${source} is not a JSON list of rooms. Put a list as docs/rooms.md shows, or remove it.`]);
}

function keptOperatorKey(dataDir: string): string {
  return kept(dataDir, 'operator-key') ?? keep(dataDir, 'operator-key', randomBytes(32).toString('base64url'));
}

async function keptSigningKeys(dataDir: string): Promise<SigningKeys> {
  const name = 'signing-keys.json';
  const made = { keys: [await newSigningKey(0)] };
  return JSON.parse(kept(dataDir, name) ?? keep(dataDir, name, JSON.stringify(made, null, 2)));
}

function kept(dataDir: string, name: string): string | null {
  const file = join(dataDir, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** Secrets are readable by their owner alone. */
function keep(dataDir: string, name: string, text: string): string {
  writeFileSync(join(dataDir, name), `${text}\n`, { mode: 0o600 });
  return text;
}
