// What `npm start` runs: the gateway on workerd, restarted if it ends; the demo site and its room unless ORIGIN_URL names a
// site. Keys, rooms and bookings are stored in DATA_DIR, so a restart continues where it stopped. However this process ends,
// nothing that it started is left.

import { join } from 'node:path';
import { encodePath } from '../../queue-core/paths.ts';
import { CONSOLE_PATH } from '../../worker/contract/operator-api.ts';
import type { RoomInput } from '../../worker/settings.ts';
import { runWithOptions } from './command-options.ts';
import { startDemoSite } from './demo-site.ts';
import { localUrl } from './gateway-process.ts';
import { answers, startGatewayProcesses } from './gateway-processes.ts';
import { requestAsHost } from './host-request.ts';
import { checkPorts, gatewayPorts, type LocalSettings, localSettings, SETTINGS_OF_START } from './local-settings.ts';
import { onNpmEnded } from './npm-parent.ts';
import { askOrigin, type OriginCheck, originSentence } from './origin-check.ts';
import { builtFile, version } from './program-files.ts';
import { ProgramLog } from './program-log.ts';
import { orExit } from './run-command.ts';
import { readServiceArguments, type ServiceArguments, variablesOf, warnOfReadableFile } from './service-options.ts';
import { OPERATOR_KEY_FILE } from './stored-secrets.ts';

/** Requests in flight at a stop; what takes longer (a stream, a download) is cut. */
const STOP_MS_MAX = 5_000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const SERVICE = {
  command: 'npm start',
  health: 'the gateways of these settings answer',
  about: `Its settings are variables, for example PORT=9000 npm start; README.md explains each:
${SETTINGS_OF_START.join(', ')}`,
};

const read = readServiceArguments(process.argv.slice(2), SERVICE);
process.exitCode = await runWithOptions(read, (given) => orExit(() => run(given)));

async function run(given: ServiceArguments): Promise<number> {
  const { action } = given;
  if (action === 'version') {
    console.log(`Fairgate ${version}`);
    return 0;
  }
  const local = await localSettings(variablesOf(given, SETTINGS_OF_START), action !== 'run');
  if (action === 'health') return sayHealth(local);
  if (action === 'check') {
    console.log(checkedSentence(local));
    return 0;
  }
  await checkPorts(local);
  await builtFile('worker.js');
  const log = new ProgramLog({ format: local.logFormat, write: (line) => console.error(line) });
  warnOfReadableFile(given, 'fairgate', log);
  await serve(local, log);
  return 0;
}

function checkedSentence({ settings, processes, dataDir }: LocalSettings): string {
  const rooms = settings.rooms.map(({ id }) => id).join(', ');
  const where = settings.redis?.url ? `Redis at ${new URL(settings.redis.url).host}` : dataDir;
  return `The settings are right. Gateway processes: ${processes}. Rooms: ${rooms}, stored in ${where}.`;
}

/** @returns 1 where one of the gateways does not answer */
async function sayHealth(local: LocalSettings): Promise<number> {
  const gateways = await Promise.all(
    gatewayPorts(local).map(async (port) => ({ port, isWell: await answers({ url: localUrl(local.host, port) }) })),
  );
  for (const { port, isWell } of gateways) console.log(`gateway ${port}: ${isWell ? 'answers' : 'does not answer'}`);
  return gateways.every(({ isWell }) => isWell) ? 0 : 1;
}

async function serve(local: LocalSettings, log: ProgramLog): Promise<void> {
  const { settings, dataDir, demoOriginPort, demoKey, originUrl } = local;
  const gateways = await startGatewayProcesses(local, log);
  const { publicUrl } = settings;
  const demo =
    demoOriginPort === null
      ? null
      : await startDemoSite({
          ...{ port: demoOriginPort, dataDir, publicUrl, gatewayUrl: gateways.url },
          ...(demoKey === null ? {} : { siteKey: demoKey }),
        });

  let isStopping = false;
  const stop = async (): Promise<void> => {
    // A second signal does not wait for anything: the end of this process ends the gateway.
    if (isStopping) process.exit(1);
    isStopping = true;
    setTimeout(() => process.exit(1), 2 * STOP_MS_MAX).unref();
    await Promise.all([gateways.stop('SIGTERM', STOP_MS_MAX), demo?.close()]);
    log.close();
    process.exit(0);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  onNpmEnded(stop);

  // A room is created by its first request, and an opening "50s after the start" counts from then.
  const boards = settings.rooms.map(async ({ id, hosts: [host = '*'] }) => {
    const { status } = await requestAsHost(host, `${gateways.url}/_fairgate/rooms/${id}/board`);
    return { id, status };
  });
  const [origin, ...rooms] = await Promise.all([askOrigin(`${originUrl}${protectedPath(local)}`), ...boards]);
  const unserved = rooms.filter(({ status }) => status !== 200).map(({ id }) => unservedSentence(id));
  const told = [welcome(local, origin), ...unserved].join('\n');
  if (local.logFormat === 'text') console.log(told);
  else log.add('fairgate', told.trim(), 'info');
}

function welcome(local: LocalSettings, origin: OriginCheck): string {
  const { settings, originUrl, demoOriginPort } = local;
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
${severalGateways(local)}  operator key  ${operatorKeySentence(local)}
  API           ${url}/_fairgate/openapi.json
  metrics       ${settings.consoleUrl ?? url}/_fairgate/metrics        for an operator key as Bearer
  public keys   ${url}/.well-known/jwks.json

${stateSentence(local)}`;
}

/** What is logged as JSON goes to where logs are collected, and keys do not. */
function operatorKeySentence({ generatedOperatorKey: generated, logFormat, dataDir }: LocalSettings): string {
  if (generated === null) return 'the value of OPERATOR_KEY';
  return logFormat === 'text' ? generated : `in ${join(dataDir, OPERATOR_KEY_FILE)}`;
}

function severalGateways(local: LocalSettings): string {
  const [first, ...further] = gatewayPorts(local);
  if (further.length === 0) return '';
  return `  gateways      on the ports ${first} to ${further.at(-1)}        for a proxy in front: docs/self-hosting.md\n`;
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
