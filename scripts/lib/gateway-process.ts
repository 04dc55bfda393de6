// Runs the built gateway on workerd, the production runtime, as a child process: for `npm start`, the tests and the bench.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { AccessSettings } from '../../worker/operators/access.ts';
import { type RoomInput, readSettings } from '../../worker/settings.ts';
import type { RedisAddress } from '../../worker/store/redis/redis-client.ts';
import type { SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { stopProcess, whenReady } from './child-process.ts';
import { startOriginConnector } from './origin-connector.ts';

/** The package is CommonJS without types; its `default` is the path of the runtime's binary. */
const { default: workerdPath } = createRequire(import.meta.url)('workerd') as { default: string };

export interface GatewaySettings {
  rooms: RoomInput[];
  keys: SigningKeys;
  publicUrl: string;
  operatorKey: string;
  /** Where operators reach the console, if not where visitors reach the gateway. */
  consoleUrl?: string;
  access?: AccessSettings;
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
  const { rooms, keys, publicUrl, operatorKey, consoleUrl, access, joinsPerNetwork, trustedProxies, redis, relays } =
    settings;
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

interface GatewayOptions extends GatewayAddress {
  /** Where rooms are stored; a gateway started with the same folder has the same rooms. */
  dataDir: string;
  /** Receives each line the gateway logs. */
  log: (line: string) => void;
}

export interface RunningGateway {
  url: string;
  port: number;
  process: ChildProcess;
  /** @param graceMs until it is killed, because it waits for requests that do not end; absent: any time */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

/** @throws SettingsError */
export function checkedVariables({ settings, host = LOOPBACK, port, originCa = null }: GatewayAddress) {
  const variables = {
    ...workerVariables(settings),
    LISTEN_URL: `http://${reachable(host)}:${port}`,
    ORIGIN_CA: originCa === null ? '' : 'private',
  };
  readSettings(variables);
  return variables;
}

/** @throws SettingsError before anything is started */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { host = LOOPBACK, port, originCa = null, dataDir, log } = options;
  const env = checkedVariables(options);
  const rooms = resolve(dataDir, 'rooms');
  mkdirSync(rooms, { recursive: true, mode: 0o700 });
  const connector = await startOriginConnector(originCa);
  const flags = [`--directory-path=disk=${rooms}`, `--external-addr=connector=${connector.address}`];
  const gateway = await runWorkerd('gateway.capnp', { host, port }, flags, env, log).catch(async (error: unknown) => {
    await connector.close();
    throw error;
  });
  gateway.process.once('exit', () => void connector.close());
  return gateway;
}

const LOOPBACK = '127.0.0.1';

/** Where this machine reaches a socket: an address that stands for all of them is reached on loopback. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? LOOPBACK : inUrl(host);
}

function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Serves a configuration of this folder. */
export async function runWorkerd(
  config: string,
  { host = LOOPBACK, port }: { host?: string; port: number },
  options: readonly string[],
  env: Record<string, string>,
  log: (line: string) => void,
): Promise<RunningGateway> {
  const address = `--socket-addr=http=${inUrl(host)}:${port}`;
  const command = [workerdPath, 'serve', resolve(import.meta.dirname, config), address, ...options, '--control-fd=3'];
  const child = launch(command, { ...process.env, ...env });
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', log);
  const listening = await whenReady(child, `workerd (port ${port})`, listeningPort(child.stdio[3] as Readable));
  return {
    url: `http://${reachable(host)}:${listening}`,
    port: listening,
    process: child,
    stop: (signal = 'SIGTERM', graceMs) => stopProcess(child, signal, graceMs),
  };
}

function launch([file = '', ...args]: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'];
  // Windows has neither this shell nor these limits.
  if (process.platform === 'win32') return spawn(file, args, { env, stdio });
  // A group of its own: a signal from the terminal reaches this process alone, which ends the runtime in order.
  const child = spawn('/bin/sh', ['-c', LAUNCH, 'sh', file, ...args], { env, stdio, detached: true });
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
