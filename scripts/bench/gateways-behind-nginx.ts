// What one and two gateway processes serve behind nginx with the configuration of docs/self-hosting.md, beside one gateway without it, in
// rounds that take turns. Load generator, nginx, gateways and room process share the cores of this machine.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { stopProcess, whenReady } from '../lib/child-process.ts';
import {
  type RunningGateway,
  removeRoomProcessAddress,
  roomProcessAddress,
  startGateway,
  startRoomProcess,
} from '../lib/gateway-process.ts';
import { freePort } from '../lib/loopback-ports.ts';
import { median } from '../lib/median.ts';
import { nginxConfiguration, selfHostingRecipe } from '../lib/nginx-recipe.ts';
import { NGINX, requireInstalled } from '../lib/system-packages.ts';
import { BenchGateway } from './bench-gateway.ts';
import { saturate } from './load.ts';
import { entriesFor, gatewaySubjects, type Subject } from './subjects.ts';

/** In the order of `gatewaySubjects`. */
const MEASURED = [
  'board',
  'first visit page, no place (gzip)',
  'join before the opening',
  'join while others wait',
  'admitted GET',
];

const SET_UPS: { name: string; gateways: number; hasNginx: boolean }[] = [
  { name: 'one gateway', gateways: 1, hasNginx: false },
  { name: 'nginx and one', gateways: 1, hasNginx: true },
  { name: 'nginx and two', gateways: 2, hasNginx: true },
];

interface BehindNginx {
  origin: string;
  folder: string;
  rounds: number;
  seconds: number;
}

/** @returns lines of a table: responses a second, and as a share of one gateway alone */
export async function gatewaysBehindNginx({ origin, folder, rounds, seconds }: BehindNginx): Promise<string[]> {
  const started: BenchGateway[] = [];
  const subjects: Subject[][] = [];
  try {
    for (const [index, setUp] of SET_UPS.entries()) {
      const keys = { keys: [await newSigningKey(0)] };
      const dataDir = join(folder, String(index));
      const start: typeof startGateway = (options) => startSetUp(setUp, options);
      const bench = await BenchGateway.start(start, { keys, origin, dataDir, entries: entriesFor(1) });
      started.push(bench);
      subjects.push((await gatewaySubjects(bench, 1)).filter(({ name }) => MEASURED.includes(name)));
    }
    const perSecond = SET_UPS.map(() => MEASURED.map((): number[] => []));
    for (let round = 0; round <= rounds; round++) {
      for (const index of MEASURED.keys()) {
        for (const [setUp, those] of subjects.entries()) {
          const subject = those[index];
          if (subject === undefined) continue;
          const { name, port, requests } = subject;
          const measured = await saturate(name, { port, requests: requests(0), seconds, once: false });
          // The first round is for the compiler and the caches.
          if (round > 0) perSecond[setUp]?.[index]?.push(measured.perSecond);
        }
      }
      console.error(round === 0 ? 'warmed up' : `round ${round} of ${rounds}`);
    }
    return table(perSecond.map((those) => those.map(median)));
  } finally {
    for (const { gateway } of started) await gateway.stop();
  }
}

function table(medians: readonly (readonly number[])[]): string[] {
  const alone = medians[0] ?? [];
  const head = `${'responses a second'.padEnd(36)}${SET_UPS.map(({ name }) => name.padStart(22)).join('')}`;
  const rows = MEASURED.map((name, index) => {
    const figures = medians.map((those) => {
      const share = (those[index] ?? 0) / (alone[index] ?? 1);
      return `${Math.round(those[index] ?? 0).toLocaleString('en')} (${share.toFixed(2)})`.padStart(22);
    });
    return name.padEnd(36) + figures.join('');
  });
  return [head, ...rows];
}

async function startSetUp(
  { gateways, hasNginx }: (typeof SET_UPS)[number],
  options: Parameters<typeof startGateway>[0],
): Promise<RunningGateway> {
  if (!hasNginx) return startGateway(options);
  const stops: (() => Promise<void>)[] = [];
  const address = gateways > 1 ? roomProcessAddress() : null;
  if (address !== null) {
    const rooms = await startRoomProcess(options, address);
    stops.push(async () => {
      await rooms.stop();
      removeRoomProcessAddress(address);
    });
  }
  const settings = gateways > 1 ? { ...options.settings, relays: String(gateways) } : options.settings;
  const running: RunningGateway[] = [];
  for (let count = 0; count < gateways; count++) {
    const gateway = await startGateway({
      ...options,
      settings: { ...settings, trustedProxies: '127.0.0.1' },
      ...(address === null ? {} : { roomProcess: address }),
    });
    running.push(gateway);
    stops.unshift(() => gateway.stop());
  }
  const nginx = await startNginx(
    join(options.dataDir, 'nginx'),
    running.map(({ port }) => port),
  );
  return {
    ...nginx,
    async stop() {
      await nginx.stop();
      for (const stop of stops) await stop();
    },
  };
}

async function startNginx(folder: string, gatewayPorts: readonly number[]): Promise<RunningGateway> {
  requireInstalled(NGINX);
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    nginxConfiguration(folder, selfHostingRecipe({ folder, port, gatewayPorts }), gatewayPorts.length),
  );
  const child = spawn(NGINX.file, ['-p', folder, '-e', 'stderr', '-c', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await whenReady(child, 'nginx', listens(port));
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    process: child,
    stop: (signal = 'SIGTERM') => stopProcess(child, signal),
  };
}

async function listens(port: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== null));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await sleep(20);
  }
}
