// `npm start`: the gateway on workerd, the demo site beside it, and a demo room that opens within a minute. Keys, rooms and
// bookings are stored in DATA_DIR, so a restart continues where it stopped.

import { CONSOLE_PATH } from '../worker/contract/operator-api.ts';
import { buildWorker } from './build.ts';
import { startDemoSite } from './lib/demo-site.ts';
import { startGateway } from './lib/gateway-process.ts';
import { requestAsHost } from './lib/host-request.ts';
import { checkPorts, type LocalSettings, localSettings } from './lib/local-settings.ts';
import { runCommand } from './lib/run-command.ts';

await runCommand(async () => {
  const local = await localSettings(process.env);
  await checkPorts(local);
  const { settings, host, port, originCa, dataDir, demoOriginPort } = local;
  await buildWorker();
  const gateway = await startGateway({ settings, host, port, originCa, dataDir, log: (line) => console.error(line) });
  const { publicUrl } = settings;
  const demo =
    demoOriginPort === null
      ? null
      : await startDemoSite({ port: demoOriginPort, dataDir, publicUrl, gatewayUrl: gateway.url });

  gateway.process.once('exit', (code, signal) => {
    console.error(`The gateway exited with ${signal ?? `code ${code}`}. Start it again: visitors keep their places.`);
    process.exit(1);
  });
  const stop = async (): Promise<void> => {
    gateway.process.removeAllListeners('exit');
    await Promise.all([gateway.stop(), demo?.close()]);
    process.exit(0);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // A room is created by its first request, and an opening "50s after the start" counts from then.
  await Promise.all(
    settings.rooms.map(({ id, hosts: [host = '*'] }) =>
      requestAsHost(host, `${gateway.url}/_fairgate/rooms/${id}/board`),
    ),
  );
  console.log(welcome(local));
});

function welcome(local: LocalSettings): string {
  const { settings, originUrl, opensAt, generatedOperatorKey } = local;
  const opening = opensAt.startsWith('+') ? `${opensAt.slice(1)} after its first start` : `at ${opensAt}`;
  const url = settings.publicUrl;
  return `
Fairgate is running.

  visitors      ${url}/        the demo room opens ${opening}
  deep link     ${url}/book    leads into the same line, before and after the opening
  origin        ${originUrl}/        refuses requests that did not come through the gateway
  console       ${settings.consoleUrl ?? url}${CONSOLE_PATH}
  operator key  ${generatedOperatorKey ?? 'the value of OPERATOR_KEY'}
  API           ${url}/_fairgate/openapi.json
  metrics       ${settings.consoleUrl ?? url}/_fairgate/metrics        for an operator key as Bearer
  public keys   ${url}/.well-known/jwks.json

${stateSentence(local)}`;
}

function stateSentence({ settings, dataDir }: LocalSettings): string {
  if (settings.redis?.url) {
    return `Rooms are stored in Redis at ${new URL(settings.redis.url).host}, keys and bookings in ${dataDir}.`;
  }
  return `State is stored in ${dataDir}. A restart continues from there; to start over, stop and delete that folder.`;
}
