// `npm run redis-bridge`: Upstash's REST form in front of a Redis of one's own, for the gateways of one or several machines.

import { once } from 'node:events';
import type { Server } from 'node:http';
import { SettingsError } from '../worker/settings.ts';
import { runWithOptions } from './lib/command-options.ts';
import { localUrl } from './lib/gateway-process.ts';
import { onNpmEnded } from './lib/npm-parent.ts';
import { version } from './lib/program-files.ts';
import { ProgramLog } from './lib/program-log.ts';
import { orExit } from './lib/run-command.ts';
import { readServiceArguments, type ServiceArguments, variablesOf, warnOfReadableFile } from './lib/service-options.ts';
import { BridgeFailure } from './redis-bridge/bridge-failure.ts';
import { bridgeServer } from './redis-bridge/bridge-server.ts';
import { type BridgeSettings, bridgeSettings, SETTINGS_OF_BRIDGE } from './redis-bridge/bridge-settings.ts';
import { REQUEST_MS_MAX, RedisPool } from './redis-bridge/redis-pool.ts';
import { RestApi } from './redis-bridge/rest-api.ts';

const SERVICE = {
  command: 'npm run redis-bridge',
  health: 'the bridge answers and reaches Redis',
  about: `Serves Upstash's REST form in front of the Redis of REDIS_URL, for UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN of
gateways. Its settings are variables; docs/redis.md explains each: ${SETTINGS_OF_BRIDGE.join(', ')}`,
};

/** Beyond what one request may take. */
const STOP_MS_MAX = 2 * REQUEST_MS_MAX;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function run(given: ServiceArguments): Promise<number> {
  if (given.action === 'version') {
    console.log(`Fairgate ${version}`);
    return 0;
  }
  const settings = bridgeSettings(variablesOf(given, SETTINGS_OF_BRIDGE));
  const { redisText, host, port, logFormat } = settings;
  if (given.action === 'health') return sayHealth(settings);
  if (given.action === 'check') {
    console.log(
      `The settings are right. The bridge would listen on ${localUrl(host, port)}, in front of ${redisText}.`,
    );
    return 0;
  }
  const log = new ProgramLog({ format: logFormat, write: (line) => console.error(line) });
  warnOfReadableFile(given, NAME, log);
  await serve(settings, log);
  return 0;
}

const NAME = 'redis-bridge';

async function serve({ redis, redisText, token, host, port }: BridgeSettings, log: ProgramLog): Promise<void> {
  const say = (message: string, level: 'error' | 'warn' | 'info') => log.add(NAME, message, level);
  const pool = new RedisPool(redis, say);
  const server = bridgeServer(new RestApi(token, pool, say), say);
  await listen(server, host, port);

  let isStopping = false;
  const stop = async (): Promise<void> => {
    // A second signal does not wait for anything.
    if (isStopping) process.exit(1);
    isStopping = true;
    say('The bridge is stopping: it answers what it has received.', 'info');
    setTimeout(() => server.closeAllConnections(), STOP_MS_MAX).unref();
    server.close();
    server.closeIdleConnections();
    await once(server, 'close');
    pool.close();
    log.close();
    process.exit(0);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  onNpmEnded(stop);

  say(`The bridge listens on ${localUrl(host, port)}, in front of ${redisText}.`, 'info');
  // What is wrong with Redis is in the log before the first gateway asks.
  await pool.run([['PING']]).catch((error: unknown) => {
    if (!(error instanceof BridgeFailure)) throw error;
  });
}

/** @throws SettingsError where it cannot */
async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new SettingsError([
      `HOST is ${JSON.stringify(host)} and PORT is ${port}: ${reason}. Set PORT to a free port, and HOST to an address of this machine.`,
    ]);
  }
}

/** @returns 1 where the bridge does not answer, or Redis does not answer it */
async function sayHealth({ host, port, token }: BridgeSettings): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  const init = { method: 'POST', headers, body: '["PING"]', signal: AbortSignal.timeout(2 * REQUEST_MS_MAX) };
  try {
    const response = await fetch(localUrl(host, port), init);
    const { result, error } = (await response.json()) as { result?: string; error?: string };
    console.log(result === 'PONG' ? 'The bridge answers, and so does Redis.' : `The bridge answers: ${error}`);
    return result === 'PONG' ? 0 : 1;
  } catch (error) {
    // No connection, no answer in time, or another program's answer.
    console.log(`The bridge does not answer: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

const read = readServiceArguments(process.argv.slice(2), SERVICE);
process.exitCode = await runWithOptions(read, (given) => orExit(() => run(given)));
