// The files of docs/self-hosting for a Redis of one's own, as gateways on other machines reach it: rooms work with the rights that
// redis.conf gives to the bridge's user, through nginx with TLS, and nobody else gets in.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onLoopback, type RunningRedis, startRedis } from '../../scripts/lib/local-redis/redis-server.ts';
import { freePort, listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { nginxConfiguration } from '../../scripts/lib/nginx-recipe.ts';
import { NGINX } from '../../scripts/lib/system-packages.ts';
import { bridgeServer } from '../../scripts/redis-bridge/bridge-server.ts';
import { RedisConnection } from '../../scripts/redis-bridge/redis-connection.ts';
import { RedisPool } from '../../scripts/redis-bridge/redis-pool.ts';
import { RestApi } from '../../scripts/redis-bridge/rest-api.ts';
import { configure, join as joining, settings } from '../core/sample-rooms.ts';
import { makeCertificate } from '../gateway/front-proxies.ts';
import { NGINX_ARGS, type ServerProcess, startServer } from '../gateway/server-process.ts';
import { redisStore } from './redis-stores.ts';

const FOLDER = resolve(import.meta.dirname, '../../docs/self-hosting');
const file = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const TOKEN = 'token-of-these-machines-0123456789abcdef';
const PASSWORD = 'CHANGE-THIS-PASSWORD';

let redis: RunningRedis;
let nginx: ServerProcess;
const pools: RedisPool[] = [];
const servers: ReturnType<typeof bridgeServer>[] = [];
const trusted = getCACertificates('default');

/** As redis-server takes it on its command line. */
function optionsIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('bind '));
  return lines.flatMap((line) => `--${line}`.split(' '));
}

async function bridge(credentials: { username: string; password: string } | null): Promise<number> {
  const pool = new RedisPool({ ...onLoopback(redis.port), credentials }, () => {});
  const server = bridgeServer(new RestApi(TOKEN, pool, () => {}), () => {});
  pools.push(pool);
  servers.push(server);
  return listenOnLoopback(server);
}

beforeAll(async () => {
  redis = await startRedis(...optionsIn(file('redis.conf')));
  const bridgePort = await bridge({ username: 'fairgate', password: PASSWORD });
  const port = await freePort();
  nginx = await startServer({
    server: NGINX,
    port,
    args: NGINX_ARGS,
    config: (dir) => {
      const { certificate } = makeCertificate(dir, ['127.0.0.1']);
      setDefaultCACertificates([...trusted, certificate]);
      return nginxConfiguration(
        dir,
        file('nginx-redis-bridge.conf')
          .replace('listen 8443', `listen 127.0.0.1:${port}`)
          .replace('127.0.0.1:8079', `127.0.0.1:${bridgePort}`)
          .replaceAll('/etc/ssl/rooms.internal.example', dir)
          .replace('allow 10.0.0.0/24', 'allow 127.0.0.1'),
      );
    },
  });
});

afterAll(async () => {
  setDefaultCACertificates(trusted);
  await nginx?.stop();
  for (const server of servers) server.close().closeAllConnections();
  for (const pool of pools) pool.close();
  await redis?.stop();
});

test('a gateway on another machine has its rooms there: configured, joined, read, listed', async () => {
  const address = { url: `https://127.0.0.1:${nginx.port}`, token: TOKEN };
  const { store } = redisStore(address);
  await store.apply('main', [configure(settings())]);
  const [reply] = await store.apply('main', [joining('a', true)]);
  expect(reply).toMatchObject({ place: { number: 1 } });
  expect((await store.view('main', { endingsAfter: 0, report: null })).board.issued).toBe(1);
  expect((await store.rows('main', 'audit', { after: 0, limit: 10 })).length).toBeGreaterThan(0);
});

test('nobody else: neither the default user, nor the bridge’s own for what it never sends', async () => {
  const stranger = await bridge(null);
  const asked = await fetch(`http://127.0.0.1:${stranger}/`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOKEN}` },
    body: '["PING"]',
  });
  expect(((await asked.json()) as { error: string }).error).toContain('NOAUTH');
  const credentials = { username: 'fairgate', password: PASSWORD };
  const own = await RedisConnection.open({ ...onLoopback(redis.port), credentials }, 5_000);
  const replies = await own.send([
    ['FLUSHALL'],
    ['CONFIG', 'GET', 'dir'],
    ['GET', 'fairgate:{room:main}:record'],
    ['HGETALL', 'sessions'],
  ]);
  own.close();
  expect(replies.map((reply) => reply instanceof Error && reply.message.split(' ')[0])).toEqual(
    Array(4).fill('NOPERM'),
  );
});
