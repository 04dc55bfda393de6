// Several gateways around the same rooms, as one deployment has them in many data centres: the built bundle as one worker
// for each gateway, all bound to the Durable Objects of the first, in one Miniflare. The origin responds to every request with 200.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Miniflare, type MiniflareOptions, type Request, Response } from 'miniflare';
import type { RoomInput } from '../../worker/settings.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { CookieJar, OPERATOR_KEY } from '../running-gateway.ts';

const BUNDLE = resolve(import.meta.dirname, '../../dist/worker.js');
const PUBLIC_URL = 'http://localhost';

/** The bundle, and beside it addresses at which a test ends a relay, or the platform's schedule comes. */
const FIRST = `import gateway, { DirectoryObject, Relay as ProductionRelay, RoomObject } from './worker.js';
export { DirectoryObject, RoomObject };
export class Relay extends ProductionRelay {
  end() {
    this.ctx.abort('the test ends it');
  }
}
export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === '/scheduled') {
      await gateway.scheduled({}, env, context);
      return new Response(null, { status: 204 });
    }
    const [, index] = /^[/]end-relay[/](\\d+)$/.exec(new URL(request.url).pathname) ?? [];
    if (index === undefined) return gateway.fetch(request, env, context);
    const relays = env.RELAY_OBJECTS;
    await relays.get(relays.idFromName('demo ' + index)).end().catch(() => {});
    return new Response(null, { status: 204 });
  },
};`;

/** As in wrangler.toml: binding and class. */
const OBJECTS = { ROOM_OBJECTS: 'RoomObject', DIRECTORY_OBJECTS: 'DirectoryObject', RELAY_OBJECTS: 'Relay' } as const;

/**
 * The network in front of the gateways: sends a request to the gateway that the test names. Miniflare gives a worker the
 * URL that `dispatchFetch` was called with beside the Host of its own loopback server; a gateway refuses such a request.
 * A real client's Host is the URL's, and this worker restores it.
 */
const NETWORK = `export default {
  fetch(request, env) {
    const headers = new Headers(request.headers);
    headers.set('Host', new URL(request.url).host);
    return env[headers.get('X-Gateway')].fetch(new Request(request, { headers }));
  },
};`;

type Worker = MiniflareOptions['workers'][number];
type Bindings = NonNullable<Worker['config']['env']>;

type Outside = (request: Request) => Promise<Response> | Response;

export interface GatewayCluster extends AsyncDisposable {
  gateways: ClusterGateway[];
  /** Ends a relay of the room as a failing machine does: what it holds is gone, and its requests fail. */
  endRelay(index: number): Promise<void>;
}

interface ClusterOptions {
  gateways: number;
  policy: RoomInput['policy'];
  opensAt?: string;
  /** Relays of the room; 0: none. */
  relays?: number;
  expectedVisitors?: number;
  /** The worker of each gateway, by its file; rooms run that of the first. By default the built one. */
  bundles?: readonly string[];
  /** A folder in which rooms are found again by the next cluster; by default they end with this one. */
  storage?: string;
  keys?: SigningKeys;
  /** Answers what the gateways ask of the network; unless it is given, every answer is `ok`. */
  outside?: Outside;
}

export async function startGatewayCluster(options: ClusterOptions): Promise<GatewayCluster> {
  const { gateways: count, policy, opensAt = '+0s', relays = 0, outside = () => new Response('ok') } = options;
  const { bundles = [], keys = { keys: [await newSigningKey(0)] } } = options;
  const worker = workerWith(outside);
  const names = Array.from({ length: count }, (_, index) => `gateway-${index + 1}`);
  const [first = ''] = names;
  const room: RoomInput = {
    id: 'demo',
    title: { ko: '예약', en: 'Booking' },
    hosts: ['*'],
    paths: ['/'],
    origin: 'http://origin.test',
    schedule: { opensAt },
    policy,
    ...(options.expectedVisitors === undefined ? {} : { expectedVisitors: options.expectedVisitors }),
  };
  const variables = {
    ROOMS: JSON.stringify([room]),
    SIGNING_KEYS: JSON.stringify(keys),
    PUBLIC_URL,
    OPERATOR_KEY,
    RELAYS: String(relays),
    JOINS_PER_NETWORK: '0',
  };
  const env: Bindings = {};
  for (const [name, value] of Object.entries(variables)) env[name] = { type: 'text', value };
  for (const [name, exportName] of Object.entries(OBJECTS)) {
    env[name] = { type: 'durable-object', worker: first, exportName };
  }
  const objects = Object.values(OBJECTS).map((name) => [name, { type: 'durable-object', storage: 'sqlite' } as const]);
  const bundleOf = (index: number) => readFileSync(bundles[index] ?? BUNDLE, 'utf8');
  const network = Object.fromEntries(names.map((name) => [name, { type: 'worker', worker: name } as const]));
  const miniflare = new Miniflare({
    ...(options.storage === undefined ? {} : { resourcePersistencePath: options.storage }),
    workers: [
      worker('network', { 'network.js': NETWORK }, { env: network }),
      ...names.map((name, index) => {
        const sources = { 'worker.js': bundleOf(index) };
        return name === first
          ? worker(name, { 'first.js': FIRST, ...sources }, { env, exports: Object.fromEntries(objects) })
          : worker(name, sources, { env });
      }),
    ],
  });
  await miniflare.ready;
  const gateways = names.map((name) => new ClusterGateway(miniflare, name));
  return {
    gateways,
    endRelay: async (index) => {
      await gateways[0]?.fetch(`/end-relay/${index}`);
    },
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}

/** @returns a worker of modules by name, of which the first is the main one */
const workerWith =
  (outside: Outside) =>
  (name: string, sources: Record<string, string>, config: Pick<Worker['config'], 'env' | 'exports'>): Worker => {
    const modules = Object.entries(sources).map(([path, contents]) => [path, { type: 'esm', contents } as const]);
    return {
      config: {
        name,
        compatibilityDate: '2026-11-01',
        compatibilityFlags: ['nodejs_compat'],
        manifest: { mainModule: Object.keys(sources)[0] ?? '', modules: Object.fromEntries(modules) },
        ...config,
      },
      dev: { outboundService: { type: 'fetcher', handler: outside } },
    };
  };

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export class ClusterGateway {
  readonly #miniflare: Miniflare;
  readonly #name: string;

  constructor(miniflare: Miniflare, name: string) {
    this.#miniflare = miniflare;
    this.#name = name;
  }

  fetch(path: string, { headers, ...init }: Sent = {}) {
    const toThis = { 'X-Gateway': this.#name };
    return this.#miniflare.dispatchFetch(`${PUBLIC_URL}${path}`, {
      ...init,
      headers: { ...headers, ...toThis },
      redirect: 'manual',
    });
  }

  /** A request of the owner to the operators' API of the room. */
  operator(path: string, { headers, ...init }: Sent = {}) {
    const withKey = { Authorization: `Bearer ${OPERATOR_KEY}`, 'Content-Type': 'application/json' };
    return this.fetch(`/_fairgate/operator/rooms/demo${path}`, { ...init, headers: { ...withKey, ...headers } });
  }

  async board() {
    const response = await this.fetch('/_fairgate/rooms/demo/board');
    return (await response.json()) as {
      called: number;
      issued: number;
      entries: number;
      message: { text: { en: string } } | null;
    };
  }

  async live() {
    const live = await (await this.operator('/live')).json();
    return live as { asOf: string; changedAt: string; inForceAt: string | null; gateways: number };
  }
}

/** One browser, whose requests may come to any gateway. */
export class ClusterVisitor {
  readonly jar = new CookieJar();

  async act(gateway: ClusterGateway, action: 'join' | 'claim' | 'leave') {
    const response = await this.#send(gateway, `/_fairgate/rooms/demo/${action}`, 'application/json', 'POST');
    return (await response.json()) as { outcome: string; status: { position: number; entry: number } };
  }

  /** The status of a request as an app sends it, which never joins the line by itself: 200 from the origin, or 403. */
  async statusAt(gateway: ClusterGateway): Promise<number> {
    const response = await this.#send(gateway, '/book', '*/*');
    await response.arrayBuffer();
    return response.status;
  }

  async #send(gateway: ClusterGateway, path: string, accept: string, method = 'GET') {
    const cookie = this.jar.header === '' ? {} : { Cookie: this.jar.header };
    const response = await gateway.fetch(path, { method, headers: { Accept: accept, ...cookie } });
    this.jar.keep(response as unknown as { headers: Headers });
    return response;
  }
}
