// `npm run deploy`: checks the settings with the gateway's own rules, then runs `wrangler deploy`. Settings that the worker
// would not start with are refused here, before anything is uploaded. Secrets are set with `wrangler secret put`, never here.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readSettings } from '../worker/settings.ts';
import { newSigningKey } from '../worker/tokens/signing-keys.ts';
import { runCommand } from './lib/run-command.ts';

/** Variables of the worker that are taken from the environment. */
const VARIABLES = [
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

const USAGE = `PUBLIC_URL=https://booking.example npm run deploy -- [arguments for wrangler deploy, such as --dry-run]
Checks the settings and rooms.json, then uploads the worker to Cloudflare. Variables: ${VARIABLES.join(', ')}.
Secrets (ORIGIN_KEYS, ORIGIN_SECRETS and OIDC_CLIENT_SECRET among them): npx wrangler secret put. All steps: docs/deploy.md`;

/** Cloudflare, Workers, limits: 5 KB for each environment variable (November 2026). */
const VARIABLE_BYTES_MAX = 5 * 1_024;

await runCommand(async () => {
  const rooms = process.env['ROOMS'] ?? (existsSync('rooms.json') ? readFileSync('rooms.json', 'utf8') : '[]');
  const variables: Record<string, string> = { ROOMS: rooms };
  for (const name of VARIABLES) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value;
  }
  // Only Cloudflare has the secrets. Generated ones replace them here, so that everything else is checked; the two settings
  // of Redis are secrets too, which the worker checks when it starts.
  const secrets = {
    SIGNING_KEYS: JSON.stringify({ keys: [await newSigningKey(0)] }),
    OPERATOR_KEY: randomBytes(32).toString('base64url'),
    ...(variables['OIDC_ISSUER'] === undefined ? {} : { OIDC_CLIENT_SECRET: 'known to Cloudflare alone' }),
  };
  readSettings({ ...variables, ...secrets });
  const bytes = Buffer.byteLength(rooms);
  if (bytes > VARIABLE_BYTES_MAX) {
    // The directory keeps the rooms that it has: an empty list takes none away.
    variables['ROOMS'] = '[]';
    console.error(
      `The rooms are ${bytes} bytes, and a variable at Cloudflare holds ${VARIABLE_BYTES_MAX}: they are checked, and not uploaded. Then send them to the gateway: npm run rooms -- apply rooms.json --url ADDRESS`,
    );
  }
  const options = Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
  const given = process.argv.slice(2);
  // Without a word wrangler asks which of the environments is meant: it is the real one.
  const environment = given.some((argument) => /^(?:-e|--env)(?:=|$)/.test(argument)) ? [] : ['--env='];
  const { status } = spawnSync('wrangler', ['deploy', ...environment, ...options, ...given], { stdio: 'inherit' });
  process.exit(status ?? 1);
}, USAGE);
