// docs/self-hosting/nginx.conf for a trial on this machine: the same directives, on loopback, with plain http, and in a whole
// configuration that needs nothing of the system's own.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './program-files.ts';

interface Trial {
  /** nginx puts its files here. */
  folder: string;
  port: number;
  gatewayPorts: readonly number[];
}

/** What stands in the `http` block. */
export function selfHostingRecipe({ folder, port, gatewayPorts }: Trial): string {
  const cache = join(folder, 'board-cache');
  mkdirSync(cache, { recursive: true });
  const text = readFileSync(join(ROOT, 'docs/self-hosting/nginx.conf'), 'utf8');
  const [servers = ''] = /(?: {2}server 127\.0\.0\.1:\d+ max_fails=0;\n)+/.exec(text) ?? [];
  return text
    .replace(servers, gatewayPorts.map((each) => `  server 127.0.0.1:${each} max_fails=0;\n`).join(''))
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`)
    .replaceAll(/ {2}ssl_certificate.*\n/g, '')
    .replace('/var/lib/nginx/fairgate', cache)
    .replace(/\n# Names that no room has.*$/s, '');
}

/** @param http what stands in the `http` block @param processes 0: nginx's one process serves by itself, and is all there is to kill */
export function nginxConfiguration(folder: string, http: string, processes = 0): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  return `
    daemon off; ${processes === 0 ? 'master_process off' : `worker_processes ${processes}`}; pid ${folder}/pid; error_log stderr;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http {
      access_log off;
      ${folders.join(' ')}
      ${http}
    }`;
}
