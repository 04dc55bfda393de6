// Real shared caches in front of a gateway: nginx with `proxy_cache` and HAProxy with its cache. Both store as much as they can
// while they respect the response's header: by host and address alone, whatever the status, also without a lifetime.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { HAPROXY, NGINX, requireInstalled } from '../../scripts/lib/system-packages.ts';

export interface CachingProxy {
  port: number;
  stop(): Promise<void>;
}

export const CACHING_PROXIES = { nginx: startNginx, HAProxy: startHaproxy };

/** One process without workers, so that nothing is left behind when it is killed. */
function startNginx(upstreamPort: number): Promise<CachingProxy> {
  requireInstalled(NGINX);
  return startProxy(NGINX.file, upstreamPort, (port, dir) => ({
    args: ['-p', dir, '-e', 'stderr', '-c', join(dir, 'proxy.conf')],
    config: `
      daemon off; master_process off; pid ${dir}/pid; error_log stderr;
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(' ')}
        proxy_cache_path ${dir}/cache keys_zone=shared:1m;
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://127.0.0.1:${upstreamPort};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_cache shared;
            proxy_cache_key $http_host$request_uri;
            proxy_cache_valid any 10m;
            proxy_cache_methods GET HEAD POST;
            proxy_cache_revalidate on;
            proxy_cache_use_stale error timeout invalid_header updating http_500 http_502 http_503 http_504 http_403 http_404 http_429;
            add_header X-Cache $upstream_cache_status always;
          }
        }
      }`,
  }));
}

function startHaproxy(upstreamPort: number): Promise<CachingProxy> {
  requireInstalled(HAPROXY);
  return startProxy(HAPROXY.file, upstreamPort, (port, dir) => ({
    args: ['-db', '-f', join(dir, 'proxy.conf')],
    config: `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
cache shared
  total-max-size 16
  max-age 600
  process-vary on
frontend visitors
  bind 127.0.0.1:${port}
  http-request cache-use shared
  http-response cache-store shared
  default_backend gateway
backend gateway
  server one 127.0.0.1:${upstreamPort}
`,
  }));
}

async function startProxy(
  file: string,
  upstreamPort: number,
  describe: (port: number, dir: string) => { args: string[]; config: string },
): Promise<CachingProxy> {
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-cache-'));
  const port = await freePort();
  const { args, config } = describe(port, dir);
  writeFileSync(join(dir, 'proxy.conf'), config);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await whenReady(child, `${file} before port ${upstreamPort}`, listens(port), () => output);
  return {
    port,
    async stop() {
      await stopProcess(child, 'SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

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
