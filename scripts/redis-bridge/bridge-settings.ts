// The settings of the bridge: variables, checked once, with a sentence for each that is wrong. Values of REDIS_URL and BRIDGE_TOKEN
// are in none of them.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import * as z from 'zod';
import { isLoopback } from '../../worker/contract/loopback.ts';
import { plainIssue } from '../../worker/contract/plain-issues.ts';
import { SettingsError } from '../../worker/settings.ts';
import { LOG_FORMATS, type LogFormat } from '../lib/program-log.ts';
import type { RedisTarget } from './redis-connection.ts';

/** 128 bits in hexadecimal, or 192 in base64. */
const TOKEN_CHARS_MIN = 32;

const REDIS_PORT = 6379;

/** Redis has 16 databases unless it is told otherwise. */
const DATABASES_MAX = 1_024;

const yes = z.enum(['yes', 'no'], 'must be yes or no').default('no');

const environment = z.object({
  REDIS_URL: z.string().default('redis://127.0.0.1:6379'),
  REDIS_USERNAME: z.string().min(1).optional(),
  REDIS_PASSWORD: z.string().min(1).optional(),
  REDIS_CA_FILE: z.string().optional(),
  REDIS_PLAINTEXT: yes,
  BRIDGE_TOKEN: z.string().default(''),
  HOST: z
    .string()
    .refine((host) => isIP(host) !== 0, 'must be an IP address to listen on, such as 127.0.0.1')
    .default('127.0.0.1'),
  PORT: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535, {
      message: 'must be a whole number from 1 to 65535',
    })
    .transform(Number)
    .default(8079),
  BEHIND_TLS: yes,
  LOG_FORMAT: z.enum(LOG_FORMATS, `must be one of ${LOG_FORMATS.join(', ')}`).default('text'),
});

type Environment = z.output<typeof environment>;

export const SETTINGS_OF_BRIDGE = Object.keys(environment.shape);

/** Their values are not repeated. */
const SECRETS = ['REDIS_URL', 'REDIS_USERNAME', 'REDIS_PASSWORD', 'BRIDGE_TOKEN'];

export interface BridgeSettings {
  redis: RedisTarget;
  /** For messages, without credentials. */
  redisText: string;
  token: string;
  host: string;
  port: number;
  logFormat: LogFormat;
}

/** @throws SettingsError with every problem */
export function bridgeSettings(variables: NodeJS.ProcessEnv): BridgeSettings {
  const parsed = environment.safeParse(variables, { error: plainIssue });
  if (!parsed.success) {
    const sentences = parsed.error.issues.map(({ path: [name], message }) => {
      const value = SECRETS.includes(String(name)) ? '' : ` is ${JSON.stringify(variables[String(name)])}: it`;
      return `${String(name)}${value} ${message}.`;
    });
    throw new SettingsError(sentences);
  }
  const env = parsed.data;
  const problems: string[] = [];
  checkToken(env, problems);
  checkListening(env, problems);
  const redis = redisTarget(env, problems);
  if (redis === null || problems.length > 0) throw new SettingsError(problems);
  const { BRIDGE_TOKEN: token, HOST: host, PORT: port, LOG_FORMAT: logFormat } = env;
  return { redis, redisText: textOf(redis), token, host, port, logFormat };
}

function checkToken({ BRIDGE_TOKEN: token }: Environment, problems: string[]): void {
  const advice =
    'Set it to the output of `openssl rand -hex 32`, and UPSTASH_REDIS_REST_TOKEN of the gateways to the same';
  if (token.length < TOKEN_CHARS_MIN) {
    problems.push(`BRIDGE_TOKEN has ${token.length} characters: it needs at least ${TOKEN_CHARS_MIN}. ${advice}.`);
  } else if (!/^[\x21-\x7e]+$/.test(token)) {
    problems.push(
      `BRIDGE_TOKEN has a character that is no visible ASCII: it could not be sent in a header. ${advice}.`,
    );
  }
}

function checkListening({ HOST, BEHIND_TLS }: Environment, problems: string[]): void {
  if (BEHIND_TLS === 'yes' || isLoopback(inUrl(HOST))) return;
  problems.push(
    `HOST is ${JSON.stringify(HOST)}: the bridge has no TLS, so its token and the sessions of visitors could be read on the way. ` +
      'Set HOST to 127.0.0.1 and put a proxy with TLS in front; or set BEHIND_TLS to yes where only such a proxy reaches it.',
  );
}

function redisTarget(env: Environment, problems: string[]): RedisTarget | null {
  const url = URL.parse(env.REDIS_URL);
  const forms = 'redis://host:6379, rediss://host:6379 (TLS) or unix:///run/redis/redis-server.sock';
  if (url === null || !['redis:', 'rediss:', 'unix:'].includes(url.protocol) || url.hash !== '') {
    problems.push(`REDIS_URL is not the address of a Redis. Write ${forms}.`);
    return null;
  }
  const isUnix = url.protocol === 'unix:';
  if (isUnix ? url.host !== '' || url.pathname.length < 2 : url.hostname === '' || url.search !== '') {
    problems.push(`REDIS_URL is not complete, or has something that has no effect. Write ${forms}.`);
    return null;
  }
  const isTls = url.protocol === 'rediss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!isUnix && !isTls && !isLoopback(url.hostname) && env.REDIS_PLAINTEXT !== 'yes') {
    problems.push(
      `REDIS_URL leads to ${host} without TLS: its password and the sessions of visitors could be read on the way. ` +
        'Write rediss://; or set REDIS_PLAINTEXT to yes where that network is private, as between containers of one machine.',
    );
  }
  if (env.REDIS_CA_FILE !== undefined && !isTls) {
    problems.push('REDIS_CA_FILE is for rediss://, and REDIS_URL is none. Write rediss://, or remove REDIS_CA_FILE.');
  }
  return {
    socket: isUnix ? { path: decoded(url.pathname) } : { host, port: Number(url.port || REDIS_PORT) },
    tls: isTls ? { ca: certificates(env, problems) } : null,
    credentials: credentials(url, env, problems),
    database: database(isUnix ? url.search.replace(/^\?db=/, '') : url.pathname.slice(1), problems),
  };
}

function credentials(url: URL, env: Environment, problems: string[]): RedisTarget['credentials'] {
  const { REDIS_USERNAME, REDIS_PASSWORD } = env;
  const isInUrl = url.username !== '' || url.password !== '';
  if (isInUrl && (REDIS_USERNAME ?? REDIS_PASSWORD) !== undefined) {
    problems.push(
      'REDIS_URL has a user or a password, and so have REDIS_USERNAME or REDIS_PASSWORD. Keep one of them.',
    );
  }
  const username = isInUrl ? decoded(url.username) : (REDIS_USERNAME ?? '');
  const password = isInUrl ? decoded(url.password) : (REDIS_PASSWORD ?? '');
  if (username !== '' && password === '') {
    problems.push('The user of Redis has no password. Write redis://user:password@host, or set REDIS_PASSWORD.');
  }
  return password === '' ? null : { username: username === '' ? null : username, password };
}

function database(text: string, problems: string[]): number {
  if (text === '') return 0;
  if (/^\d{1,4}$/.test(text) && Number(text) < DATABASES_MAX) return Number(text);
  problems.push('The database of REDIS_URL must be a number, as in redis://host/2 or unix:///path?db=2.');
  return 0;
}

function certificates({ REDIS_CA_FILE: file }: Environment, problems: string[]): string | null {
  if (file === undefined) return null;
  try {
    const pem = readFileSync(file, 'utf8');
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    problems.push(`REDIS_CA_FILE is ${JSON.stringify(file)}: ${reason}. Set it to a file of certificates in PEM.`);
    return null;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // URIError: a "%" that stands for itself.
  }
}

function textOf({ socket, tls, database: number }: RedisTarget): string {
  if ('path' in socket) return `unix://${socket.path}${number === 0 ? '' : `?db=${number}`}`;
  return `${tls === null ? 'redis' : 'rediss'}://${inUrl(socket.host)}:${socket.port}${number === 0 ? '' : `/${number}`}`;
}

function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
