// `npm run dev`: the same worker under `wrangler dev`, which rebuilds it on every change, with the settings of `npm start`.
// For development only: it serves a tenth of the requests that `npm start` does.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../worker/settings.ts';
import { startDemoSite } from './lib/demo-site.ts';
import { workerVariables } from './lib/gateway-process.ts';
import { localSettings, SETTINGS_OF_START } from './lib/local-settings.ts';
import { refuseArguments, runCommand } from './lib/run-command.ts';

const USAGE = `npm run dev
Serves the worker under wrangler dev and rebuilds it on every change, with the settings of npm start: ${SETTINGS_OF_START.join(', ')}.`;

await runCommand(async () => {
  refuseArguments(USAGE);
  const { settings, port, dataDir, demoOriginPort } = await localSettings(process.env);
  const gatewayUrl = `http://127.0.0.1:${port}`;
  const variables = { ...workerVariables(settings), LISTEN_URL: gatewayUrl };
  readSettings(variables);
  const file = join(dataDir, 'dev.env');
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  const { publicUrl } = settings;
  if (demoOriginPort !== null) await startDemoSite({ port: demoOriginPort, dataDir, publicUrl, gatewayUrl });
  const persistence = ['--persist-to', join(dataDir, 'dev')];
  const args = ['dev', '--env=', '--ip', '127.0.0.1', '--port', String(port), '--env-file', file, ...persistence];
  const wrangler = spawn('wrangler', args, { stdio: 'inherit' });
  wrangler.once('exit', (code) => process.exit(code ?? 1));
}, USAGE);
