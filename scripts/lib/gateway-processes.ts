// The processes that serve visitors: one gateway with its rooms, or several on as many ports in a row, with one room process or
// Redis. Each is kept running by a supervisor of its own.

import { removeRoomProcessAddress, roomProcessAddress, startGateway, startRoomProcess } from './gateway-process.ts';
import { gatewayPorts, type LocalSettings } from './local-settings.ts';
import type { ProgramLog } from './program-log.ts';
import type { LogLevel } from './runtime-log.ts';
import { supervise } from './supervisor.ts';

const HEALTH_PATH = '/_fairgate/healthz';
/** A gateway under load answers later than usual; one that hangs does not answer at all. */
const HEALTH_MS_MAX = 5_000;

type Stop = (signal?: NodeJS.Signals, graceMs?: number) => Promise<void>;

interface GatewayProcesses {
  /** Loopback address of the first gateway. */
  url: string;
  stop: Stop;
}

/** @throws where one of them does not start; the others are stopped then */
export async function startGatewayProcesses(local: LocalSettings, log: ProgramLog): Promise<GatewayProcesses> {
  const { settings, host, originCa, dataDir, processes } = local;
  const hasRoomProcess = processes > 1 && !settings.redis?.url;
  const address = hasRoomProcess ? roomProcessAddress() : null;
  const rooms: Stop[] = [];
  const gateways: Stop[] = [];
  // Gateways first: requests in flight need their rooms.
  const stop: Stop = async (signal, graceMs) => {
    for (const group of [gateways, rooms]) await Promise.all(group.map((stopOne) => stopOne(signal, graceMs)));
    if (address !== null) removeRoomProcessAddress(address);
  };
  let url = '';
  try {
    if (address !== null) {
      const says = logOf(log, 'room process');
      const start = () => startRoomProcess({ settings, dataDir, log: says }, address);
      rooms.push((await supervise({ name: 'The room process', start, log: says })).stop);
    }
    const roomProcess = address === null ? {} : { roomProcess: address };
    for (const port of gatewayPorts(local)) {
      const says = logOf(log, `gateway ${port}`);
      let processStart: 'first' | 'again' = 'first';
      const start = async () => {
        const given = { settings, host, port, originCa, dataDir, ...roomProcess, processStart, log: says };
        const started = await startGateway(given);
        processStart = 'again';
        return started;
      };
      const name = processes === 1 ? 'The gateway' : `The gateway on port ${port}`;
      const supervised = await supervise({ name, start, answers, log: says });
      gateways.push(supervised.stop);
      if (url === '') url = supervised.first.url;
    }
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
  return { url, stop };
}

function logOf(log: ProgramLog, name: string) {
  return (message: string, level: LogLevel) => log.add(name, message, level);
}

/** Whether a gateway answers within a bounded time. */
export async function answers({ url }: { url: string }): Promise<boolean> {
  try {
    return (await fetch(`${url}${HEALTH_PATH}`, { signal: AbortSignal.timeout(HEALTH_MS_MAX) })).ok;
  } catch {
    return false; // It is not there, or takes too long.
  }
}
