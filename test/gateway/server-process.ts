// Real servers before or behind a gateway: each runs from one configuration file in a folder of its own, and is killed with it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { requireInstalled, type SystemPackage } from '../../scripts/lib/system-packages.ts';

export interface ServerProcess {
  port: number;
  stop(): Promise<void>;
}

interface Description {
  server: SystemPackage;
  port: number;
  /** @param dir the server's folder; file: its configuration */
  args: (dir: string, file: string) => string[];
  config: (dir: string) => string;
}

export async function startServer({ server, port, args, config }: Description): Promise<ServerProcess> {
  requireInstalled(server);
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-server-'));
  const file = join(dir, 'server.conf');
  writeFileSync(file, config(dir));
  const env = { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  const child = spawn(server.file, args(dir, file), { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await whenReady(child, `${server.name} on port ${port}`, listens(port), () => output);
  return {
    port,
    async stop() {
      await stopProcess(child, 'SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export const NGINX_ARGS = (dir: string, file: string) => ['-p', dir, '-e', 'stderr', '-c', file];
export const HAPROXY_ARGS = (_dir: string, file: string) => ['-db', '-f', file];

/** Resolves when the port accepts a connection. */
export function listens(port: number): Promise<void> {
  return new Promise((resolve) => {
    const attempt = () => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', () => setTimeout(attempt, 20));
    };
    attempt();
  });
}
