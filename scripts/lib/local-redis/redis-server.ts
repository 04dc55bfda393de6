// A real redis-server for tests and the bench, on a free loopback port with a folder of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RedisConnection, type RedisTarget } from '../../redis-bridge/redis-connection.ts';
import { plainValue } from '../../redis-bridge/resp.ts';
import { stopProcess, whenReady } from '../child-process.ts';
import { freePort } from '../loopback-ports.ts';
import { REDIS, requireInstalled } from '../system-packages.ts';

export interface RunningRedis {
  port: number;
  /** Runs one command on a connection of its own. */
  command(...words: string[]): Promise<unknown>;
  /** Stops the process and keeps its files: SIGTERM saves what the configuration says, SIGKILL is a crash. */
  end(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and files. */
  again(): Promise<void>;
  /** Stops the process and deletes its files. */
  stop(): Promise<void>;
}

/** @param options as on redis-server's command line, for example `--appendonly yes` */
export async function startRedis(...options: string[]): Promise<RunningRedis> {
  requireInstalled(REDIS);
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-redis-'));
  const port = await freePort();
  let child = await launch(port, dir, options);
  const end = (signal: NodeJS.Signals = 'SIGKILL') => stopProcess(child, signal);
  return {
    port,
    async command(...words) {
      const connection = await RedisConnection.open(onLoopback(port), CONNECT_MS_MAX);
      try {
        const [reply = null] = await connection.send([words]);
        if (reply instanceof Error) throw reply;
        return plainValue(reply);
      } finally {
        connection.close();
      }
    },
    end,
    async again() {
      child = await launch(port, dir, options);
    },
    async stop() {
      await end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** On a machine under load. */
const CONNECT_MS_MAX = 10_000;

export function onLoopback(port: number): RedisTarget {
  return { socket: { host: '127.0.0.1', port }, tls: null, credentials: null, database: 0 };
}

async function launch(port: number, dir: string, options: readonly string[]): Promise<ChildProcess> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  const child = spawn(REDIS.file, [...own, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  const lines = createInterface(child.stdout);
  const ready = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      output.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
  await whenReady(child, 'redis-server', ready, () => output.join('\n'));
  lines.close();
  child.stdout.resume();
  child.stderr.resume();
  return child;
}
