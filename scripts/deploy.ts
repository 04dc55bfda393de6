// `npm run deploy`: checks the settings with the gateway's own rules, then runs `wrangler deploy`, or `wrangler versions upload`. Settings that the
// worker would not start with are refused here, before anything is uploaded. Secrets are read from files; no argument and no line of
// output has one.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDeploymentArguments } from './deployment/deployment-arguments.ts';
import { deploymentSettings, SECRETS, VARIABLES } from './deployment/deployment-settings.ts';
import { runCommand } from './lib/run-command.ts';

const USAGE = `npm run deploy -- [options] [arguments for wrangler, such as --dry-run]
Checks wrangler.toml, the settings and rooms.json, then uploads the worker to Cloudflare. All steps: docs/deploy.md

  --env NAME          the environment of wrangler.toml, such as staging; its rooms are in rooms.NAME.json (production)
  --secret NAME=FILE  uploads this secret with the worker; may be repeated; others stay as they are
  --upload-only       uploads a version that gets no visitors yet, for a gradual deployment

Variables, in wrangler.toml or the environment, which goes first: ${VARIABLES.join(', ')}; ROOMS in place of rooms.json.
Secrets: ${SECRETS.join(', ')}.`;

await runCommand(async () => {
  const asked = readDeploymentArguments(process.argv.slice(2));
  const { environment, config, isUploadOnly, forwarded } = asked;
  // It is installed with the development tools, and reads a file of 10 MB: not for --help.
  const { unstable_readConfig } = await import('wrangler');
  const read = (env: string) => unstable_readConfig({ env, ...(config === null ? {} : { config }) });
  const production = read('');
  const isDefined = production.definedEnvironments?.includes(environment) === true;
  const configured = isDefined ? read(environment) : production;
  const { variables, secrets, notes } = await deploymentSettings(asked, process.env, configured, production);
  for (const note of notes) console.log(note);

  const folder = mkdtempSync(join(tmpdir(), 'fairgate-deploy-'));
  try {
    const file = join(folder, 'secrets.json');
    const hasSecrets = Object.keys(secrets).length > 0;
    if (hasSecrets) writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    const args = [
      ...(isUploadOnly ? ['versions', 'upload'] : ['deploy']),
      `--env=${environment}`,
      ...(config === null ? [] : ['--config', config]),
      ...Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
      ...(hasSecrets ? ['--secrets-file', file] : []),
      ...forwarded,
    ];
    process.exitCode = spawnSync('wrangler', args, { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}, USAGE);
