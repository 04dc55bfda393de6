// `npm run dev`: the same worker under `wrangler dev`, which rebuilds it on every change, with the settings of `npm start`.
// For looking at changes only: it answers a tenth of what `npm start` does.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDemoOrigin } from '../origin/demo/server.ts';
import { readSettings, SettingsError } from '../worker/settings.ts';
import { workerVariables } from './lib/gateway-process.ts';
import { DEMO_AUDIENCE, localSettings } from './lib/local-settings.ts';

try {
  const { settings, port, dataDir, demoOriginPort } = await localSettings(process.env);
  const variables = workerVariables(settings);
  readSettings(variables);
  const file = join(dataDir, 'dev.env');
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  if (demoOriginPort !== null) {
    await startDemoOrigin({
      port: demoOriginPort,
      dataDir,
      issuer: new URL(settings.publicUrl).origin,
      audience: DEMO_AUDIENCE,
      jwksUrl: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    });
  }
  const persistence = ['--persist-to', join(dataDir, 'dev')];
  const args = ['dev', '--ip', '127.0.0.1', '--port', String(port), '--env-file', file, ...persistence];
  const wrangler = spawn('wrangler', args, { stdio: 'inherit' });
  wrangler.once('exit', (code) => process.exit(code ?? 1));
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
}
