// The settings of a deployment, checked with the gateway's own rules before anything is uploaded: variables from wrangler.toml and the
// environment, rooms, and secrets. Secrets that only Cloudflare has are stood in for, so that everything else is checked.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readSettings, SettingsError } from '../../worker/settings.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import type { DeploymentArguments } from './deployment-arguments.ts';
import { type Route, routeFindings, sharedPatterns } from './route-coverage.ts';

/** Variables of the worker that may come from the environment; they go before those of wrangler.toml. */
export const VARIABLES = [
  'PUBLIC_URL',
  'CONSOLE_URL',
  'ACCESS_TEAM_URL',
  'ACCESS_AUDIENCE',
  'ACCESS_ROLES',
  'OIDC_ISSUER',
  'OIDC_CLIENT_ID',
  'OIDC_ROLES',
  'JOINS_PER_NETWORK',
  'REDIS_REPLICAS',
  'RELAYS',
  'LOCATION_HINT',
  'BEACON_CHAIN',
];

type Given = Readonly<Record<string, unknown>>;
type StandIn = (given: Given) => Promise<string> | string | null;

const random = () => randomBytes(32).toString('base64url');

/** Secrets of the worker, and what stands in for one in the checks; null: the settings hold without it. */
const STAND_INS: Readonly<Record<string, StandIn>> = {
  SIGNING_KEYS: async () => JSON.stringify({ keys: [await newSigningKey(0)] }),
  OPERATOR_KEY: random,
  OIDC_CLIENT_SECRET: (given) => ('OIDC_ISSUER' in given ? random() : null),
  ORIGIN_KEYS: () => null,
  ORIGIN_SECRETS: () => null,
  UPSTASH_REDIS_REST_URL: (given) => ('UPSTASH_REDIS_REST_TOKEN' in given ? 'https://redis.example' : null),
  UPSTASH_REDIS_REST_TOKEN: (given) => ('UPSTASH_REDIS_REST_URL' in given ? random() : null),
};

export const SECRETS = Object.keys(STAND_INS);

/** Cloudflare, Workers, limits: 5 KB for each environment variable, a secret too (November 2026). */
const VARIABLE_BYTES_MAX = 5 * 1_024;

/** Of wrangler.toml, for one environment. */
export interface WorkerConfiguration {
  vars: Given;
  routes?: readonly Route[] | undefined;
  route?: Route | undefined;
  definedEnvironments?: readonly string[] | undefined;
}

export interface DeploymentSettings {
  /** Given to wrangler beside those of wrangler.toml. */
  variables: Record<string, string>;
  secrets: Record<string, string>;
  /** What a person should know, and that keeps nothing from being uploaded. */
  notes: string[];
}

/**
 * @param configured by wrangler.toml for the environment that is deployed
 * @param production the same at the top level
 * @throws Error, SettingsError with every problem
 */
export async function deploymentSettings(
  asked: Pick<DeploymentArguments, 'environment' | 'secretFiles'>,
  environment: Readonly<Record<string, string | undefined>>,
  configured: WorkerConfiguration,
  production: WorkerConfiguration,
): Promise<DeploymentSettings> {
  const problems = placeProblems(asked.environment, configured, production);
  const rooms = roomsText(asked.environment, environment) ?? configured.vars['ROOMS'] ?? '[]';
  const variables: Record<string, string> = { ROOMS: String(rooms) };
  for (const name of VARIABLES) {
    const value = environment[name];
    if (value !== undefined) variables[name] = value;
  }
  const secrets = secretsOf(asked.secretFiles, problems);
  for (const [name, value] of Object.entries({ ...configured.vars, ...variables, ...secrets })) {
    const bytes = Buffer.byteLength(String(value));
    if (bytes > VARIABLE_BYTES_MAX && name !== 'ROOMS') {
      problems.push(`${name} is ${bytes} bytes, and a variable at Cloudflare holds ${VARIABLE_BYTES_MAX}. Shorten it.`);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems);
  const given: Record<string, unknown> = { ...configured.vars, ...variables, ...secrets };
  const standIns: Record<string, string> = {};
  for (const [name, standIn] of Object.entries(STAND_INS)) {
    const value = name in given ? null : await standIn(given);
    if (value !== null) standIns[name] = value;
  }
  const settings = readSettings({ ...given, ...standIns });
  const hosts = [settings.publicUrl, settings.consoleUrl].map((url) => new URL(url).hostname);
  const roomHosts = settings.rooms.flatMap((room) => room.hosts).filter((host) => host !== '*');
  const { problems: routeProblems, uncovered } = routeFindings(routesOf(configured), [
    ...new Set([...hosts, ...roomHosts]),
  ]);
  if (routeProblems.length > 0) throw new SettingsError(routeProblems);
  const notes = uncovered.map(
    (host) => `Note: no route of wrangler.toml leads ${host} to the gateway (docs/deploy.md, 3).`,
  );
  const roomBytes = Buffer.byteLength(String(rooms));
  if (roomBytes > VARIABLE_BYTES_MAX) {
    // The directory keeps the rooms that it has: an empty list takes none away.
    variables['ROOMS'] = '[]';
    notes.push(
      `Note: the rooms are ${roomBytes} bytes, and a variable at Cloudflare holds ${VARIABLE_BYTES_MAX}: they are checked, and not uploaded. Send them to the gateway: npm run rooms -- apply rooms.json --url ADDRESS`,
    );
  }
  return { variables, secrets, notes };
}

/** What would deploy another worker than the one that is meant. */
function placeProblems(
  environment: string,
  configured: WorkerConfiguration,
  production: WorkerConfiguration,
): string[] {
  const problems = SECRETS.filter((name) => name in configured.vars).map(
    (name) =>
      `${name} is in the variables of wrangler.toml, where everybody reads it who reads the file. Remove it, make another one, and give that as --secret ${name}=FILE.`,
  );
  if (environment === '') return problems;
  if (production.definedEnvironments?.includes(environment) !== true) {
    problems.push(
      `wrangler.toml has no [env.${environment}]: the worker would get the routes of production. Add it as [env.staging] is.`,
    );
  }
  const shared = sharedPatterns(routesOf(configured), routesOf(production));
  if (shared.length > 0) {
    problems.push(
      `${environment} would take the visitors of production: both have the route ${shared.join(', ')}. Set routes in [env.${environment}]; they are inherited otherwise.`,
    );
  }
  return problems;
}

function routesOf({ routes, route }: WorkerConfiguration): readonly Route[] {
  return route === undefined ? (routes ?? []) : [route, ...(routes ?? [])];
}

/** Another environment has rooms of its own: those of production lead to production's site. */
function roomsText(environment: string, variables: Readonly<Record<string, string | undefined>>): string | null {
  const file = environment === '' ? 'rooms.json' : `rooms.${environment}.json`;
  return variables['ROOMS'] ?? (existsSync(file) ? readFileSync(file, 'utf8') : null);
}

function secretsOf(files: ReadonlyMap<string, string>, problems: string[]): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [name, file] of files) {
    if (name in STAND_INS) secrets[name] = readFileSync(file, 'utf8').trim();
    else problems.push(`${name} is no secret of the gateway. They are ${SECRETS.join(', ')}.`);
  }
  return secrets;
}
