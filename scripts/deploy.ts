// `npm run deploy`: checks the settings with the gateway's own rules, then `wrangler deploy`. What a worker would refuse to
// run with is refused here, before anything is uploaded. Secrets are set with `wrangler secret put`, never by this.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readSettings, SettingsError } from '../worker/settings.ts';
import { newSigningKey } from '../worker/tokens/signing-keys.ts';

try {
  const rooms = process.env['ROOMS'] ?? (existsSync('rooms.json') ? readFileSync('rooms.json', 'utf8') : '[]');
  const variables: Record<string, string> = { ROOMS: rooms };
  for (const name of ['PUBLIC_URL', 'CONSOLE_URL', 'ACCESS_TEAM_URL', 'ACCESS_AUDIENCE', 'ACCESS_ROLES']) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value;
  }
  for (const name of ['REDIS_RELAYS', 'REDIS_REPLICAS']) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value;
  }
  // The secrets are Cloudflare's to keep; others stand in for them here, so that the rest is checked. The pair for Redis is
  // two more secrets, which the worker checks.
  const standIns = {
    SIGNING_KEYS: JSON.stringify({ keys: [await newSigningKey(0)] }),
    OPERATOR_KEY: crypto.randomUUID(),
  };
  readSettings({ ...variables, ...standIns });
  const options = Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
  const { status } = spawnSync('wrangler', ['deploy', ...options, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exit(status ?? 1);
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
}
