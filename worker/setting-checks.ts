// Checks of single settings. Each adds to `problems` which setting is wrong, why, and what to set; a value that was found wrong
// must not be used.

import * as z from 'zod';
import { ROOMS_MAX } from '../queue-core/limits.ts';
import { type BeaconChain, beaconChainSchema, QUICKNET } from './beacon/chain.ts';
import { isLoopback } from './contract/loopback.ts';
import { plainIssue } from './contract/plain-issues.ts';
import { roomId } from './contract/room-schema.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { type AccessSettings, accessRolesSchema } from './operators/access.ts';
import { type OidcSettings, oidcRolesSchema } from './operators/oidc.ts';
import type { OriginKey } from './origin-calls/origin-keys.ts';
import type { RedisSettings, StoreSettings } from './store/chosen-store.ts';
import { REDIS_REPLICAS_DEFAULT } from './store/redis/redis-client.ts';

type Env = Record<string, unknown>;

/** 24 characters of base64 are 144 bits; the first eight name the key. */
const OPERATOR_KEY_CHARS_MIN = 24;

/** What a sign-in and a header accept. */
const OPERATOR_KEY_CHARS_MAX = 200;

/** Random characters are of more kinds: of 32 in base64 about 25, of 32 hex digits about 14. */
const OPERATOR_KEY_DISTINCT_MIN = 12;

/** No random key has one character this often; in hex one is 1 in 16. */
const OPERATOR_KEY_SHARE_MAX = 1 / 4;

/** More replicas than any plan of a hosted Redis has in one region. */
const REPLICAS_MAX = 8;

/** Each reads the room twice a second: beyond this the reads alone would be a third of what a room's object bears. */
export const RELAYS_MAX = 128;

/** Cloudflare's names of regions (Durable Objects: data location). */
const LOCATION_HINTS = [
  'wnam',
  'enam',
  'sam',
  'weur',
  'eeur',
  'apac',
  'apac-ne',
  'apac-se',
  'oc',
  'afr',
  'me',
] as const;

/** Above what a large school or an address shared by a mobile carrier's subscribers needs (docs/decisions/0022). */
const JOINS_PER_NETWORK_DEFAULT = 600;
export const JOINS_PER_NETWORK_MAX = 1_000_000;

/** A request's field with it, and what a site compares. */
const ORIGIN_SECRET_CHARS_MIN = 32;

/** More sites than a deployment that has no tokens in them should have. */
const ORIGIN_SECRETS_MAX = 64;

/** One that is in use, one that takes its place, and as many again for a second system of the site. */
export const ORIGIN_KEYS_PER_ROOM_MAX = 4;
const ORIGIN_KEYS_MAX = ORIGIN_KEYS_PER_ROOM_MAX * ROOMS_MAX;

/** Bytes of a secret (Standard Webhooks, "Signature scheme"). */
const ORIGIN_KEY_BYTES = { min: 24, max: 64 };

/** More networks than the largest CDN publishes. */
const TRUSTED_PROXIES_MAX = 64;

/**
 * @param expected what the setting takes, as the end of "Set it to …"
 * @param placeOf how a reader finds a wrong part of the value; absent: by its path
 */
export function checkJson<S extends z.ZodType>(
  env: Env,
  name: string,
  schema: S,
  expected: string,
  problems: string[],
  placeOf: (path: readonly PropertyKey[], json: unknown) => string = (path) => `${name} ${path.join('.')}`.trim(),
): z.output<S> | null {
  const text = env[name];
  if (typeof text !== 'string' || text === '') {
    problems.push(`${name} is missing. Set it to ${expected}.`);
    return null;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // The runtime quotes the text, which may be a secret.
    const reason = String(error instanceof Error ? error.message : error).replace(/, (?:\.\.\.)?".*$/s, '');
    problems.push(`${name} is not JSON (${reason}). Set it to ${expected}.`);
    return null;
  }
  const parsed = schema.safeParse(json, { error: plainIssue });
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    problems.push(`${placeOf(path, json)}: ${message}. Set ${name} to ${expected}.`);
  }
  return null;
}

/** @param purpose what the address is for, as the end of "the address where …" */
export function checkUrl(env: Env, name: string, purpose: string, problems: string[]): string {
  const value = env[name];
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    const fault = value == null || value === '' ? 'missing' : JSON.stringify(value);
    problems.push(
      `${name} is ${fault}. Set it to the address where ${purpose}, without a path, such as https://example.org`,
    );
    return '';
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    problems.push(
      `${name} is ${url.origin}: plain http exposes tokens on the network. Set it to the https address where ${purpose}.`,
    );
  }
  return url.origin;
}

/** Settings that belong together: whether all of them are there. Some of them without the others are a problem. */
function areGiven(env: Env, names: readonly string[], problems: string[]): boolean {
  const present = names.filter((name) => typeof env[name] === 'string' && env[name] !== '');
  if (present.length === 0) return false;
  for (const name of names) {
    if (!present.includes(name)) {
      const count = names.length === 3 ? 'three' : 'four';
      problems.push(`${name} is missing, while ${present.join(' and ')} is set. Set all ${count} or none.`);
    }
  }
  return present.length === names.length;
}

/** Cloudflare Access takes all of its settings or none. */
export function checkAccess(env: Env, problems: string[]): AccessSettings | null {
  if (!areGiven(env, ['ACCESS_TEAM_URL', 'ACCESS_AUDIENCE', 'ACCESS_ROLES'], problems)) return null;
  const teamUrl = checkUrl(env, 'ACCESS_TEAM_URL', 'your team of Cloudflare Access is', problems);
  const expected = 'each operator’s role as JSON, such as {"name@example.org": "owner"}';
  const roles = checkJson(env, 'ACCESS_ROLES', accessRolesSchema, expected, problems) ?? {};
  return { teamUrl, audience: String(env['ACCESS_AUDIENCE']), roles };
}

/** So do the settings of an OpenID Connect provider. */
export function checkOidc(env: Env, problems: string[]): OidcSettings | null {
  if (!areGiven(env, ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_ROLES'], problems)) return null;
  const issuer = String(env['OIDC_ISSUER']);
  const url = URL.parse(issuer);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url === null || !isSafe || url.search !== '' || url.hash !== '' || url.username !== '') {
    problems.push(
      `OIDC_ISSUER is ${JSON.stringify(issuer)}. Set it to the provider’s issuer exactly as its /.well-known/openid-configuration writes it, an https address.`,
    );
  }
  const expected =
    'each operator’s role as JSON, such as {"emails": {"name@example.org": "owner"}} (docs/operators.md#sign-in-with-an-identity-provider)';
  const roles = checkJson(env, 'OIDC_ROLES', oidcRolesSchema, expected, problems);
  if (roles === null) return null;
  return { issuer, clientId: String(env['OIDC_CLIENT_ID']), clientSecret: String(env['OIDC_CLIENT_SECRET']), roles };
}

export function checkRedis(env: Env, problems: string[]): RedisSettings | null {
  const [url, token] = [env['UPSTASH_REDIS_REST_URL'] ?? '', env['UPSTASH_REDIS_REST_TOKEN'] ?? ''];
  if (url === '' && token === '') return null;
  if (typeof url !== 'string' || typeof token !== 'string' || url === '' || token === '') {
    const missing = url === '' ? 'UPSTASH_REDIS_REST_URL' : 'UPSTASH_REDIS_REST_TOKEN';
    problems.push(`${missing} is missing, while the other of the pair is set. Set both or neither.`);
    return null;
  }
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.search !== '') {
    problems.push(
      'UPSTASH_REDIS_REST_URL must be the https address of the database’s REST API, without a token in it.',
    );
  } else if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    problems.push(
      `UPSTASH_REDIS_REST_URL is ${parsed.origin}: plain http exposes the token on the network. Set it to the https address; http is for loopback only.`,
    );
  }
  if (/\s/.test(token)) {
    problems.push('UPSTASH_REDIS_REST_TOKEN contains white space. Set it to the token alone.');
  }
  const replicasText = String(env['REDIS_REPLICAS'] ?? REDIS_REPLICAS_DEFAULT);
  const replicas = Number(replicasText);
  // Number('') is 0, but an empty setting is a mistake.
  if (!/^\d+$/.test(replicasText) || replicas > REPLICAS_MAX) {
    problems.push(`REDIS_REPLICAS must be a whole number from 0 to ${REPLICAS_MAX}.`);
  }
  return { url, token, replicas };
}

export function checkRelays(env: Env, problems: string[]): number {
  if (env['REDIS_RELAYS'] !== undefined) {
    problems.push('REDIS_RELAYS is called RELAYS now. Set RELAYS to its value, and remove REDIS_RELAYS.');
  }
  const text = String(env['RELAYS'] ?? 0);
  const relays = Number(text);
  if (!/^\d+$/.test(text) || relays > RELAYS_MAX) {
    problems.push(
      `RELAYS is ${JSON.stringify(text)}. Set it to the relays between the gateways and each room, a whole number from 1 to ${RELAYS_MAX}, or to 0 for none.`,
    );
  }
  return relays;
}

export function checkLocationHint(env: Env, problems: string[]): StoreSettings['locationHint'] {
  const text = env['LOCATION_HINT'] ?? '';
  if (text === '') return null;
  const hint = LOCATION_HINTS.find((one) => one === text);
  if (hint === undefined) {
    problems.push(
      `LOCATION_HINT is ${JSON.stringify(text)}. Set it to the region nearest to your visitors, one of ${LOCATION_HINTS.join(', ')}, or leave it out.`,
    );
    return null;
  }
  return hint;
}

export function checkJoinsPerNetwork(env: Env, problems: string[]): number {
  const text = String(env['JOINS_PER_NETWORK'] ?? JOINS_PER_NETWORK_DEFAULT);
  const joins = Number(text);
  if (!/^\d+$/.test(text) || joins > JOINS_PER_NETWORK_MAX) {
    problems.push(
      `JOINS_PER_NETWORK is ${JSON.stringify(text)}. Set it to the joins a minute from one network, a whole number from 1 to ${JOINS_PER_NETWORK_MAX}, or to 0 for no limit.`,
    );
  }
  return joins;
}

/** Networks as a list with commas, such as `127.0.0.1, 10.0.0.0/8`; without it nobody is believed. */
export function checkTrustedProxies(env: Env, problems: string[]): string[] {
  const networks = String(env['TRUSTED_PROXIES'] ?? '')
    .split(',')
    .map((network) => network.trim())
    .filter((network) => network !== '');
  try {
    if (networks.length > TRUSTED_PROXIES_MAX) throw new TypeError(`it has more than ${TRUSTED_PROXIES_MAX} entries`);
    new TrustedProxies(networks);
  } catch (error) {
    problems.push(
      `TRUSTED_PROXIES: ${error instanceof Error ? error.message : error}. Set it to the addresses of the proxies in front of the gateway, such as 127.0.0.1 or 10.0.0.0/8, with commas between them.`,
    );
  }
  return networks;
}

export function checkOperatorKey(env: Env, problems: string[]): string {
  const value = env['OPERATOR_KEY'];
  const key = typeof value === 'string' ? value : '';
  const weakness = weaknessOf(key, OPERATOR_KEY_CHARS_MIN);
  if (weakness !== null) {
    problems.push(
      `OPERATOR_KEY is ${weakness}; it controls every room. Set it to ${OPERATOR_KEY_CHARS_MIN} or more random characters, such as \`openssl rand -base64 32\` prints.`,
    );
  }
  return key;
}

/** @returns why a key is not accepted, as the end of "OPERATOR_KEY is …"; null: nothing */
function weaknessOf(key: string, charsMin: number): string | null {
  if (key === '') return 'missing';
  const { length } = key;
  const tooEasy = (reason: string) => `too easy to guess (${reason})`;
  if (length < charsMin) return tooEasy(`${length} characters`);
  if (length > OPERATOR_KEY_CHARS_MAX) return `too long (${length} characters, the most are ${OPERATOR_KEY_CHARS_MAX})`;
  if (!/^[!-~]+$/.test(key)) return 'not usable in a header (only visible ASCII characters are, without spaces)';
  const kinds = Map.groupBy(key, (character) => character);
  if (kinds.size < OPERATOR_KEY_DISTINCT_MIN) return tooEasy(`only ${kinds.size} different characters`);
  const most = Math.max(...[...kinds.values()].map((same) => same.length));
  if (most > length * OPERATOR_KEY_SHARE_MAX) return tooEasy(`one character occurs ${most} times`);
  for (let period = 1; period <= length / 2; period++) {
    if (key.startsWith(key.slice(period))) return tooEasy(`it repeats its first ${period} characters`);
  }
  return null;
}

const isSiteAddress = (text: string) => /^https?:/.test(text) && URL.parse(text)?.origin === text;

const originSecretsSchema = z
  .record(z.string(), z.string())
  // A wrong address may be a secret in the wrong place.
  .refine((secrets) => Object.keys(secrets).every(isSiteAddress), 'an address has a path, or is none')
  .refine(
    (secrets) => Object.keys(secrets).length <= ORIGIN_SECRETS_MAX,
    `it has more than ${ORIGIN_SECRETS_MAX} sites`,
  );

/** The secret that each of these sites gets in every request, by its address. No problem has a secret in it. */
export function checkOriginSecrets(env: Env, problems: string[]): ReadonlyMap<string, string> {
  if ((env['ORIGIN_SECRETS'] ?? '') === '') return new Map();
  const expected = 'a secret for each site’s address as JSON, such as {"https://10.0.0.5:8080": "…"} (docs/origin.md)';
  const secrets = Object.entries(checkJson(env, 'ORIGIN_SECRETS', originSecretsSchema, expected, problems) ?? {});
  if (new Set(secrets.map(([, secret]) => secret)).size < secrets.length) {
    problems.push('ORIGIN_SECRETS: two sites have the same secret, so each could open the other. Give each its own.');
  }
  for (const [origin, secret] of secrets) {
    const weakness = weaknessOf(secret, ORIGIN_SECRET_CHARS_MIN);
    if (weakness === null) continue;
    problems.push(
      `ORIGIN_SECRETS: the secret of ${origin} is ${weakness}; anyone who knows it reaches the site past the line. Set it to ${ORIGIN_SECRET_CHARS_MIN} or more random characters, such as \`openssl rand -base64 32\` prints.`,
    );
  }
  return new Map(secrets);
}

const ORIGIN_KEY = /^([^:]*):([^:]*):whsec_([A-Za-z0-9+/]+={0,2})$/;
const ORIGIN_KEY_ID = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const ORIGIN_KEYS_FORM =
  'room:id:whsec_…, with commas between them, such as `npm run -s keys -- origin --room ROOM` prints';

/** The keys with which sites sign their calls. No problem has a secret in it, nor a part of a wrong entry, which may be one. */
export function checkOriginKeys(env: Env, problems: string[]): OriginKey[] {
  const text = typeof env['ORIGIN_KEYS'] === 'string' ? env['ORIGIN_KEYS'].trim() : '';
  if (text === '') return [];
  const keys: OriginKey[] = [];
  const refuse = (what: string) => void problems.push(`ORIGIN_KEYS: ${what}. Set it to keys as ${ORIGIN_KEYS_FORM}.`);
  for (const [index, entry] of text.split(',').entries()) {
    const [, room = '', id = '', secret = ''] = ORIGIN_KEY.exec(entry.trim()) ?? [];
    const bytes = Math.floor((secret.replaceAll('=', '').length * 3) / 4);
    const weakness = weaknessOf(secret, Math.ceil((ORIGIN_KEY_BYTES.min * 4) / 3));
    if (secret === '') refuse(`entry ${index + 1} is no key`);
    else if (!roomId.safeParse(room).success) refuse(`entry ${index + 1} names no room`);
    else if (!ORIGIN_KEY_ID.test(id))
      refuse(`the id of entry ${index + 1} is not 1 to 32 characters of a-z, 0-9 and -`);
    else if (!isBase64(secret)) refuse(`the secret of entry ${index + 1} is not base64`);
    else if (bytes < ORIGIN_KEY_BYTES.min || bytes > ORIGIN_KEY_BYTES.max) {
      refuse(
        `the secret of entry ${index + 1} has ${bytes} bytes, not ${ORIGIN_KEY_BYTES.min} to ${ORIGIN_KEY_BYTES.max}`,
      );
    } else if (weakness !== null) {
      refuse(`the secret of entry ${index + 1} is ${weakness}; anyone who knows it speaks for the site`);
    } else keys.push({ room, id, secret });
  }
  const names = keys.map(({ room, id }) => `${room}:${id}`);
  if (new Set(names).size < names.length) {
    refuse('two keys of one room have the same id, so that records could not tell them apart');
  }
  if (new Set(keys.map(({ secret }) => secret)).size < keys.length) {
    refuse('two keys have the same secret, so that one could be used in place of the other');
  }
  for (const [room, own] of Map.groupBy(keys, ({ room }) => room)) {
    if (own.length > ORIGIN_KEYS_PER_ROOM_MAX) {
      refuse(`room ${room} has ${own.length} keys, the most are ${ORIGIN_KEYS_PER_ROOM_MAX}; take out the old ones`);
    }
  }
  if (keys.length > ORIGIN_KEYS_MAX) refuse(`it has more than ${ORIGIN_KEYS_MAX} keys`);
  return keys;
}

/** In its one spelling: with padding, and the unused bits zero. */
function isBase64(text: string): boolean {
  try {
    return btoa(atob(text)) === text;
  } catch {
    return false; // InvalidCharacterError
  }
}

/** The drand chain of draws with a beacon: quicknet, or one of one's own. */
export function checkBeaconChain(env: Env, problems: string[]): BeaconChain {
  if ((env['BEACON_CHAIN'] ?? '') === '') return QUICKNET;
  const expected =
    'the parameters of a drand chain and its relays, as docs/draw.md makes them from its /info, or leave it out for quicknet';
  return checkJson(env, 'BEACON_CHAIN', beaconChainSchema, expected, problems) ?? QUICKNET;
}
