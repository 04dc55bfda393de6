// Real shared caches in front of a gateway: nginx with `proxy_cache` and HAProxy with its cache. Both store as much as they can
// while they respect the response's header: by host and address alone, whatever the status, also without a lifetime.

import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { nginxConfiguration } from '../../scripts/lib/nginx-recipe.ts';
import { HAPROXY, NGINX } from '../../scripts/lib/system-packages.ts';
import { HAPROXY_ARGS, NGINX_ARGS, type ServerProcess, startServer } from './server-process.ts';

export const CACHING_PROXIES = { nginx: startNginx, HAProxy: startHaproxy };

async function startNginx(upstreamPort: number): Promise<ServerProcess> {
  const port = await freePort();
  return startServer({
    server: NGINX,
    port,
    args: NGINX_ARGS,
    config: (dir) =>
      nginxConfiguration(
        dir,
        `proxy_cache_path ${dir}/cache keys_zone=shared:1m;
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
        }`,
      ),
  });
}

async function startHaproxy(upstreamPort: number): Promise<ServerProcess> {
  const port = await freePort();
  return startServer({
    server: HAPROXY,
    port,
    args: HAPROXY_ARGS,
    config: () => `
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
  });
}
