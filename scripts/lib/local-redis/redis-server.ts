// A real redis-server for tests and the bench, on a free loopback port with a folder of its own; ends with whoever started it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../free-port.ts';
import { RespConnection } from './resp.ts';

export const REDIS_SERVER = '/usr/bin/redis-server';

/** A busy machine maps and starts it within seconds; beyond this something is wrong. */
const START_MS_MAX = 20_000;

export interface RunningRedis {
  port: number;
  /** Runs one command on a connection of its own. */
  command(...words: string[]): Promise<unknown>;
  /** Stops it as asked (SIGTERM saves what its configuration saves, SIGKILL is a crash); its files stay. */
  end(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and files. */
  again(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options as on redis-server's command line, for example `--appendonly yes` */
export async function startRedis(...options: string[]): Promise<RunningRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-redis-'));
  const port = await freePort();
  const start = () => launch(port, dir, options);
  let child = await start();
  const end = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    port,
    async command(...words) {
      const connection = await RespConnection.open(port);
      try {
        const [answer] = await connection.send([words]);
        if (answer instanceof Error) throw answer;
        return answer;
      } finally {
        connection.close();
      }
    },
    end,
    async again() {
      child = await start();
    },
    async stop() {
      await end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, dir: string, options: readonly string[]): Promise<ChildProcess> {
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  const child = spawn(REDIS_SERVER, [...place, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const ready = (async () => {
    for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
      said.push(line);
      if (/Ready to accept connections/.test(line)) return;
    }
    throw new Error(`redis-server ended before it listened:\n${said.join('\n')}`);
  })();
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`redis-server did not start:\n${said.join('\n')}`)), START_MS_MAX).unref();
  });
  await Promise.race([ready, late]);
  child.stdout?.resume();
  child.stderr?.resume();
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}
