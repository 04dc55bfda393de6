// What `npm start` runs: the gateway on workerd, restarted if it ends; the demo site and its room unless ORIGIN_URL names a
// site. Keys, rooms and bookings are stored in DATA_DIR, so a restart continues where it stopped. However this process ends,
// nothing that it started is left.

import { encodePath } from '../../queue-core/paths.ts';
import { CONSOLE_PATH } from '../../worker/contract/operator-api.ts';
import type { RoomInput } from '../../worker/settings.ts';
import { buildWorker } from '../build.ts';
import { startDemoSite } from './demo-site.ts';
import { startGateway } from './gateway-process.ts';
import { requestAsHost } from './host-request.ts';
import { checkPorts, type LocalSettings, localSettings, VARIABLES_OF_START } from './local-settings.ts';
import { onNpmEnded } from './npm-parent.ts';
import { askOrigin, type OriginCheck, originSentence } from './origin-check.ts';
import { refuseArguments, runCommand } from './run-command.ts';
import { supervise } from './supervisor.ts';

/** Requests in flight at a stop; what takes longer (a stream, a download) is cut. */
const STOP_MS_MAX = 5_000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const USAGE = `npm start
Takes no arguments. Its settings are variables, for example PORT=9000 npm start; README.md explains each:
${VARIABLES_OF_START}`;

await runCommand(async () => {
  refuseArguments(USAGE);
  const local = await localSettings(process.env);
  await checkPorts(local);
  const { settings, host, port, originCa, dataDir, demoOriginPort, demoKey, originUrl } = local;
  await buildWorker();
  const log = (line: string) => console.error(line);
  const gateway = await supervise({ start: () => startGateway({ settings, host, port, originCa, dataDir, log }), log });
  const { publicUrl } = settings;
  const demo =
    demoOriginPort === null
      ? null
      : await startDemoSite({
          ...{ port: demoOriginPort, dataDir, publicUrl, gatewayUrl: gateway.url },
          ...(demoKey === null ? {} : { siteKey: demoKey }),
        });

  let isStopping = false;
  const stop = async (): Promise<void> => {
    // A second signal does not wait for anything: the end of this process ends the gateway.
    if (isStopping) process.exit(1);
    isStopping = true;
    setTimeout(() => process.exit(1), 2 * STOP_MS_MAX).unref();
    await Promise.all([gateway.stop('SIGTERM', STOP_MS_MAX), demo?.close()]);
    process.exit(0);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  onNpmEnded(stop);

  // A room is created by its first request, and an opening "50s after the start" counts from then.
  const boards = settings.rooms.map(async ({ id, hosts: [host = '*'] }) => {
    const { status } = await requestAsHost(host, `${gateway.url}/_fairgate/rooms/${id}/board`);
    return { id, status };
  });
  const [origin, ...rooms] = await Promise.all([askOrigin(`${originUrl}${protectedPath(local)}`), ...boards]);
  const unserved = rooms.filter(({ status }) => status !== 200).map(({ id }) => unservedSentence(id));
  console.log([welcome(local, origin), ...unserved].join('\n'));
}, USAGE);

function welcome(local: LocalSettings, origin: OriginCheck): string {
  const { settings, originUrl, demoOriginPort, generatedOperatorKey } = local;
  const { opensAt } = roomOf(local).schedule;
  const opening = openingText(opensAt);
  const url = settings.publicUrl;
  const room = demoOriginPort === null ? `the room "${local.roomId}"` : 'the demo room';
  const deepLink = demoOriginPort === null ? '' : `  deep link     ${url}/book    leads into the same line\n`;
  return `
Fairgate is running.

  visitors      ${url}/        ${room} ${opening}
${deepLink}  origin        ${originUrl}/        ${originSentence(origin)}
  console       ${settings.consoleUrl ?? url}${CONSOLE_PATH}
  operator key  ${generatedOperatorKey ?? 'the value of OPERATOR_KEY'}
  API           ${url}/_fairgate/openapi.json
  metrics       ${settings.consoleUrl ?? url}/_fairgate/metrics        for an operator key as Bearer
  public keys   ${url}/.well-known/jwks.json

${stateSentence(local)}`;
}

function openingText(opensAt: string): string {
  if (opensAt.startsWith('+')) return `opens ${opensAt.slice(1)} after its first start`;
  return Date.parse(opensAt) > Date.now() ? `opens at ${opensAt}` : `has been open since ${opensAt}`;
}

/** The room that the environment describes, or the room of the file in its place. */
function roomOf({ settings, roomId }: LocalSettings): RoomInput {
  const room = settings.rooms.find(({ id }) => id === roomId);
  if (room === undefined) throw new TypeError(`No room "${roomId}" in the settings.`);
  return room;
}

/** Where a stranger must be refused: the first path that the room protects. */
function protectedPath(local: LocalSettings): string {
  const [path = '/'] = roomOf(local).paths ?? [];
  return encodePath(path);
}

/** Archived by an operator, or another stored room has its hosts and paths: a demo that was tried before, for example. */
function unservedSentence(id: string): string {
  return `
Room "${id}" is not served: it was archived, or another room that is stored in DATA_DIR has its hosts and paths (see the line
"was not added" above). Set DATA_DIR to another folder, or archive the other room in the console and start again.`;
}

function stateSentence({ settings, dataDir }: LocalSettings): string {
  if (settings.redis?.url) {
    return `Rooms are stored in Redis at ${new URL(settings.redis.url).host}, keys and bookings in ${dataDir}.`;
  }
  return `State is stored in ${dataDir}. A restart continues from there; to start over, stop and delete that folder.`;
}
