// Runs the built gateway on workerd, the production runtime, as a child process: for `npm start`, the tests and the bench. One
// process stores its rooms itself; where several gateways run, a room process stores them for all.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { AccessSettings } from '../../worker/operators/access.ts';
import type { OidcSettings } from '../../worker/operators/oidc.ts';
import { type RoomInput, readSettings } from '../../worker/settings.ts';
import type { RedisAddress } from '../../worker/store/redis/redis-client.ts';
import type { SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { stopProcess, whenReady } from './child-process.ts';
import { startOriginConnector } from './origin-connector.ts';
import { configurationFile, ROOT, runtimeFile } from './program-files.ts';
import { type LogLevel, runtimeEntry } from './runtime-log.ts';

export interface GatewaySettings {
  rooms: RoomInput[];
  keys: SigningKeys;
  publicUrl: string;
  operatorKey: string;
  /** Where operators reach the console, if not where visitors reach the gateway. */
  consoleUrl?: string;
  access?: AccessSettings;
  oidc?: OidcSettings;
  /** As the variable TRUSTED_PROXIES; absent: no proxy is believed. */
  trustedProxies?: string;
  /** As the variable JOINS_PER_NETWORK; absent: the gateway's default. */
  joinsPerNetwork?: string;
  /** As the variable RELAYS; absent: none. */
  relays?: string;
  /** As the variable BEACON_CHAIN; absent: quicknet. */
  beaconChain?: string;
  /** As the variable ORIGIN_SECRETS; absent: no site gets one. */
  originSecrets?: string;
  /** As the variable ORIGIN_KEYS; absent: no site can call. */
  originKeys?: string;
  /** Where rooms are stored, if not in `dataDir`. */
  redis?: RedisAddress & { replicas?: string };
}

/**
 * Starts the runtime in the place of a shell that first does what the runtime does not: it raises the limit of descriptors, each
 * connection takes two, and leaves a process behind that ends the runtime when this one has ended, however that was. That
 * process reads descriptor 4: a line says that the runtime has ended by itself, the end of file that nobody is left to say so.
 */
const LAUNCH = `
ulimit -n "$(ulimit -H -n)" 2>/dev/null
(
  trap '' INT TERM HUP
  exec >/dev/null 2>&1 3>&-
  read -r ended <&4 && exit
  kill -TERM $$ && sleep 1 && kill -KILL $$
) &
exec 4<&-
exec "$@"
`;

/** Settings as every deployment receives them: variables and secrets of the worker. */
export function workerVariables(settings: GatewaySettings) {
  const {
    rooms,
    keys,
    publicUrl,
    operatorKey,
    consoleUrl,
    access,
    oidc,
    joinsPerNetwork,
    trustedProxies,
    redis,
    relays,
  } = settings;
  const variables: Record<string, string> = {
    ROOMS: JSON.stringify(rooms),
    SIGNING_KEYS: JSON.stringify(keys),
    PUBLIC_URL: publicUrl,
    OPERATOR_KEY: operatorKey,
    // Always set, so that the environment of this process does not decide.
    UPSTASH_REDIS_REST_URL: redis?.url ?? '',
    UPSTASH_REDIS_REST_TOKEN: redis?.token ?? '',
    ACCESS_TEAM_URL: access?.teamUrl ?? '',
    ACCESS_AUDIENCE: access?.audience ?? '',
    ACCESS_ROLES: access === undefined ? '' : JSON.stringify(access.roles),
    OIDC_ISSUER: oidc?.issuer ?? '',
    OIDC_CLIENT_ID: oidc?.clientId ?? '',
    OIDC_CLIENT_SECRET: oidc?.clientSecret ?? '',
    OIDC_ROLES: oidc === undefined ? '' : JSON.stringify(oidc.roles),
  };
  if (redis?.replicas !== undefined) variables['REDIS_REPLICAS'] = redis.replicas;
  if (relays !== undefined) variables['RELAYS'] = relays;
  if (settings.beaconChain !== undefined) variables['BEACON_CHAIN'] = settings.beaconChain;
  if (settings.originSecrets !== undefined) variables['ORIGIN_SECRETS'] = settings.originSecrets;
  if (settings.originKeys !== undefined) variables['ORIGIN_KEYS'] = settings.originKeys;
  if (trustedProxies !== undefined) variables['TRUSTED_PROXIES'] = trustedProxies;
  if (joinsPerNetwork !== undefined) variables['JOINS_PER_NETWORK'] = joinsPerNetwork;
  if (consoleUrl !== undefined) variables['CONSOLE_URL'] = consoleUrl;
  return variables;
}

interface GatewayAddress {
  settings: GatewaySettings;
  /** Address to listen on; absent: loopback. */
  host?: string;
  /** 0: a free one. */
  port: number;
  /** Certificates of a private authority that origins are trusted by, as PEM. */
  originCa?: string | null;
}

/** Receives each message of a process; one of a fault has its stack in further lines. */
type Log = (message: string, level: LogLevel) => void;

interface GatewayOptions extends GatewayAddress {
  /** Where rooms are stored; a gateway started with the same folder has the same rooms. */
  dataDir: string;
  /** Address of the room process that stores them instead. */
  roomProcess?: string;
  /** For the log of its rooms: it is started, or again after it had ended by itself; absent: nothing is recorded. */
  processStart?: 'first' | 'again';
  log: Log;
}

export interface RunningProcess {
  process: ChildProcess;
  /** @param graceMs until it is killed, because it waits for requests that do not end; absent: any time */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export interface RunningGateway extends RunningProcess {
  url: string;
  port: number;
}

/** @throws SettingsError */
export function checkedVariables({ settings, host = LOOPBACK, port, originCa = null }: GatewayAddress) {
  const variables = {
    ...workerVariables(settings),
    LISTEN_URL: localUrl(host, port),
    ORIGIN_CA: originCa === null ? '' : 'private',
  };
  readSettings(variables);
  return variables;
}

/** @throws SettingsError before anything is started */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { host = LOOPBACK, port, originCa = null, dataDir, roomProcess, processStart = '', log } = options;
  // Always set, so that the environment of this process does not decide.
  const always = { ROOMS_ELSEWHERE: roomProcess === undefined ? '' : 'room process', PROCESS_START: processStart };
  const env = { ...checkedVariables(options), ...always };
  const connector = await startOriginConnector(originCa);
  // Without rooms there are still relays, which store nothing.
  const disk = roomProcess === undefined ? roomsIn(dataDir) : scratchFolder('gateway');
  const flags = [`--directory-path=disk=${disk}`, `--external-addr=connector=${connector.address}`];
  if (roomProcess !== undefined) flags.push(`--external-addr=room-process=${roomProcess}`);
  const close = async (): Promise<void> => {
    if (roomProcess !== undefined) rmSync(disk, { recursive: true, force: true });
    await connector.close();
  };
  const gateway = await runWorkerd('gateway.capnp', { host, port }, flags, env, log).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  gateway.process.once('exit', () => void close());
  return gateway;
}

/** Where the room process of this user is reached; one that is started again takes the same address. */
export function roomProcessAddress(): string {
  return `unix:${join(scratchFolder('rooms'), 'socket')}`;
}

export function removeRoomProcessAddress(address: string): void {
  rmSync(dirname(socketOf(address)), { recursive: true, force: true });
}

function socketOf(address: string): string {
  return address.slice('unix:'.length);
}

/** @throws where it does not start */
export async function startRoomProcess(
  { settings, dataDir, log }: Pick<GatewayOptions, 'settings' | 'dataDir' | 'log'>,
  address: string,
): Promise<RunningProcess> {
  const socket = socketOf(address);
  // Left by one that was killed; the runtime does not take it over.
  rmSync(socket, { force: true });
  const flags = [`--directory-path=disk=${roomsIn(dataDir)}`, `--socket-addr=rooms=${address}`];
  const child = serve('room-process.capnp', flags, workerVariables(settings), log);
  await whenReady(child, 'The room process', listeningPort(child.stdio[3] as Readable));
  chmodSync(socket, 0o600);
  return running(child);
}

function roomsIn(dataDir: string): string {
  const rooms = resolve(dataDir, 'rooms');
  mkdirSync(rooms, { recursive: true, mode: 0o700 });
  return rooms;
}

/** Nobody but this user can look into it. */
function scratchFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `fairgate-${name}-`));
}

const LOOPBACK = '127.0.0.1';

/** Where this machine reaches a socket: an address that stands for all of them is reached on loopback. */
export function localUrl(host: string, port: number): string {
  return `http://${host === '0.0.0.0' || host === '::' ? LOOPBACK : inUrl(host)}:${port}`;
}

function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Serves a configuration whose only socket is `http`. */
export async function runWorkerd(
  config: string,
  { host = LOOPBACK, port }: { host?: string; port: number },
  options: readonly string[],
  env: Record<string, string>,
  log: Log,
): Promise<RunningGateway> {
  const child = serve(config, [`--socket-addr=http=${inUrl(host)}:${port}`, ...options], env, log);
  const listening = await whenReady(child, `workerd (port ${port})`, listeningPort(child.stdio[3] as Readable));
  return { ...running(child), url: localUrl(host, listening), port: listening };
}

function running(child: ChildProcess): RunningProcess {
  return { process: child, stop: (signal = 'SIGTERM', graceMs) => stopProcess(child, signal, graceMs) };
}

function serve(config: string, options: readonly string[], env: Record<string, string>, log: Log): ChildProcess {
  const command = [runtimeFile(), 'serve', configurationFile(config), ...options, '--control-fd=3'];
  // The folder that the command was started in may be one that the runtime's user cannot read.
  const child = launch(command, { ...process.env, ...env, PWD: ROOT });
  const receive = (line: string) => {
    const { message, level } = runtimeEntry(line);
    log(message, level);
  };
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', receive);
  return child;
}

function launch([file = '', ...args]: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'];
  const cwd = ROOT;
  // Windows has neither this shell nor these limits.
  if (process.platform === 'win32') return spawn(file, args, { cwd, env, stdio });
  // A group of its own: a signal from the terminal reaches this process alone, which ends the runtime in order.
  const child = spawn('/bin/sh', ['-c', LAUNCH, 'sh', file, ...args], { cwd, env, stdio, detached: true });
  const leash = child.stdio[4] as Writable | null;
  // EPIPE where the shell could not start.
  leash?.on('error', () => {});
  child.once('exit', () => leash?.end('ended\n'));
  return child;
}

async function listeningPort(control: Readable): Promise<number> {
  for await (const line of createInterface(control)) {
    const event: { event: string; port?: number } = JSON.parse(line);
    if (event.event === 'listen' && event.port !== undefined) return event.port;
  }
  // The channel closes when the process exits, which `whenReady` reports.
  return new Promise<never>(() => {});
}
