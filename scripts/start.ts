// `npm start`: the gateway on workerd, the demo origin beside it, and a demo room that opens in a minute. Everything it
// makes (keys, rooms, bookings) stays in DATA_DIR, so a restart goes on where it stopped.

import { startDemoOrigin } from '../origin/demo/server.ts';
import { CONSOLE_PATH } from '../worker/contract/operator-api.ts';
import { SettingsError } from '../worker/settings.ts';
import { buildWorker } from './build.ts';
import { startGateway } from './lib/gateway-process.ts';
import { checkPorts, DEMO_AUDIENCE, type LocalSettings, localSettings } from './lib/local-settings.ts';

async function start(): Promise<void> {
  const local = await localSettings(process.env);
  await checkPorts(local);
  const { settings, port, dataDir } = local;
  await buildWorker();
  const gateway = await startGateway({ settings, port, dataDir, log: (line) => console.error(line) });
  // Whatever ends this program, a demo site that does not come up included, must not leave a gateway behind.
  process.once('exit', () => gateway.process.kill());
  const demo =
    local.demoOriginPort === null
      ? null
      : await startDemoOrigin({
          port: local.demoOriginPort,
          dataDir,
          issuer: new URL(settings.publicUrl).origin,
          audience: DEMO_AUDIENCE,
          jwksUrl: `${gateway.url}/.well-known/jwks.json`,
        });

  gateway.process.once('exit', (code, signal) => {
    console.error(`The gateway ended (${signal ?? `code ${code}`}). Start it again; everybody keeps their place.`);
    process.exit(1);
  });
  const stop = async (): Promise<void> => {
    gateway.process.removeAllListeners('exit');
    await Promise.all([gateway.stop(), demo?.close()]);
    process.exit(0);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // A room comes to be when it is first asked for, and an opening "50s after the start" is counted from then.
  await Promise.all(settings.rooms.map(({ id }) => fetch(`${gateway.url}/_fairgate/rooms/${id}/board`)));
  console.log(welcome(local));
}

function welcome(local: LocalSettings): string {
  const { settings, originUrl, opensAt, madeOperatorKey } = local;
  const opening = opensAt.startsWith('+') ? `${opensAt.slice(1)} after its first start` : `at ${opensAt}`;
  const url = settings.publicUrl;
  return `
Fairgate is running.

  visitors      ${url}/        the demo room opens ${opening}
  deep link     ${url}/book    the same line, before the opening and after it
  origin        ${originUrl}/        refuses whoever did not come through the line
  console       ${settings.consoleUrl ?? url}${CONSOLE_PATH}
  operator key  ${madeOperatorKey ?? 'as given in OPERATOR_KEY'}
  API           ${url}/_fairgate/openapi.json
  metrics       ${url}/_fairgate/metrics
  public keys   ${url}/.well-known/jwks.json
${whereStateIs(local)}`;
}

function whereStateIs({ settings, dataDir }: LocalSettings): string {
  if (settings.redis?.url)
    return `Rooms are in Redis at ${new URL(settings.redis.url).host}; keys and bookings are in ${dataDir}.`;
  return `State is in ${dataDir}: a restart goes on from there. To begin anew, stop and remove that folder.`;
}

try {
  await start();
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
}
