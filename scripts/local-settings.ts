// What a gateway on one's own machine runs with: the environment of `npm start`, the demo room made of it, further rooms,
// and the keys that are kept in DATA_DIR.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { type RoomInput, SettingsError } from '../worker/settings.ts';
import { newSigningKey, type SigningKeys } from '../worker/signing-keys.ts';
import type { GatewaySettings } from './gateway.ts';

const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);
const port = wholeNumber.pipe(z.int().max(65_535));

const environment = z.object({
  PORT: port.default(8787),
  ORIGIN_PORT: port.default(8788),
  ORIGIN_URL: z.url({ protocol: /^https?$/, error: 'must be the http(s) address of the site to protect' }).optional(),
  DATA_DIR: z.string().min(1).default('.fairgate'),
  OPENS_AT: z.string().default('+60s'),
  NEW_USERS_PER_MINUTE: wholeNumber.default(60),
  TOTAL_ACTIVE_USERS: wholeNumber.default(200),
  SESSION_MINUTES: z.coerce.number('must be a number of minutes').default(5),
  OPERATOR_KEY: z.string().optional(),
  PUBLIC_URL: z.string().optional(),
  CONSOLE_URL: z.string().optional(),
  ROOMS: z.string().optional(),
  UPSTASH_REDIS_REST_URL: z.string().default(''),
  UPSTASH_REDIS_REST_TOKEN: z.string().default(''),
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
      redis: { url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN },
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
  if (parsed.success) return parsed.data;
  throw new SettingsError(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}.`));
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
