// A whole Fairgate for one test file: the built gateway on workerd and the demo site beside it, on free loopback ports, with
// state in a temporary folder. Also a visitor with cookies.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_AUDIENCE, demoRoom, newDemoKey, startDemoSite } from '../scripts/lib/demo-site.ts';
import { type RunningGateway, startGateway } from '../scripts/lib/gateway-process.ts';
import { freePort } from '../scripts/lib/loopback-ports.ts';
import type { BeaconChain } from '../worker/beacon/chain.ts';
import type { OidcSettings } from '../worker/operators/oidc.ts';
import type { RoomInput } from '../worker/settings.ts';
import type { RedisAddress } from '../worker/store/redis/redis-client.ts';
import { newSigningKey, type SigningKeys } from '../worker/tokens/signing-keys.ts';

export const AUDIENCE = DEMO_AUDIENCE;
export const OPERATOR_KEY = 'test-operator-key-0123456789-abcdefghij';

export interface Running {
  /** Loopback address of the gateway, and its public address. */
  url: string;
  origin: { url: string; port: number };
  keys: SigningKeys;
  dataDir: string;
  log: string[];
  gateway: RunningGateway;
  /** Stops the gateway, by default as a crash would, and starts it again on the same port and data. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

export interface RunningOptions {
  /** Changes to the demo room: policy, schedule, paths, … */
  room?: Partial<Omit<RoomInput, 'policy'>> & { policy?: Partial<RoomInput['policy']> };
  /** Further rooms; their origin is the demo origin's unless they name one. */
  moreRooms?: (originUrl: string) => RoomInput[];
  /** Use this origin instead of the demo. */
  originUrl?: string;
  slotsPerClinic?: number;
  /** Joins a minute from one network; by default without a limit, because all visitors of a test are on this machine. */
  joinsPerNetwork?: number;
  /** Where visitors reach the gateway; by default its loopback address. */
  publicUrl?: string;
  /** Where the gateway listens; by default on 127.0.0.1. */
  host?: string;
  /** The gateway's port; by default a free one. */
  port?: number;
  trustedProxies?: string;
  /** As the variable ORIGIN_SECRETS. */
  originSecrets?: string;
  /** As the variable ORIGIN_KEYS. */
  originKeys?: string;
  /** The demo site calls the gateway to say what is left. */
  siteCalls?: boolean;
  originCa?: string;
  /** Operators sign in there too. */
  oidc?: OidcSettings;
  /** The drand chain of draws with a beacon; by default quicknet. */
  beaconChain?: BeaconChain;
  /** Rooms are stored there instead of on disk. */
  redis?: RedisAddress & { replicas?: string };
}

/** A demo room that is open from the start unless the options say otherwise. */
export async function startFairgate(options: RunningOptions = {}): Promise<Running> {
  const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-test-'));
  const keys = { keys: [await newSigningKey(0)] };
  const log: string[] = [];
  const port = options.port ?? (await freePort());
  const { host = '127.0.0.1', trustedProxies, originCa = null } = options;
  const gatewayUrl = `http://${host}:${port}`;
  const { publicUrl = gatewayUrl } = options;
  const demoKey = options.siteCalls === true ? newDemoKey() : null;
  const origin = await startDemoSite({
    port: 0,
    dataDir,
    publicUrl,
    gatewayUrl,
    ...(options.slotsPerClinic === undefined ? {} : { slotsPerClinic: options.slotsPerClinic }),
    ...(demoKey === null ? {} : { siteKey: demoKey.siteKey }),
  });
  const { policy, ...changes } = options.room ?? {};
  const demo = demoRoom({
    origin: options.originUrl ?? origin.url,
    schedule: { opensAt: '+0s' },
    policy: { newUsersPerMinute: 600, totalActiveUsers: 200, sessionMinutes: 5, ...policy },
  });
  const rooms = [{ ...demo, ...changes }, ...(options.moreRooms?.(origin.url) ?? [])];
  const redis = options.redis === undefined ? {} : { redis: options.redis };
  const joinsPerNetwork = String(options.joinsPerNetwork ?? 0);
  const proxies = trustedProxies === undefined ? {} : { trustedProxies };
  const beacon = options.beaconChain === undefined ? {} : { beaconChain: JSON.stringify(options.beaconChain) };
  const secrets = options.originSecrets === undefined ? {} : { originSecrets: options.originSecrets };
  const oidc = options.oidc === undefined ? {} : { oidc: options.oidc };
  const originKeys = { originKeys: options.originKeys ?? demoKey?.originKey ?? '' };
  const parts = { operatorKey: OPERATOR_KEY, ...proxies, ...secrets, ...originKeys, ...redis, ...beacon, ...oidc };
  const settings = { rooms, keys, publicUrl, joinsPerNetwork, ...parts };
  const start = () => startGateway({ settings, host, port, originCa, dataDir, log: (line) => log.push(line) });
  const running: Running = {
    url: gatewayUrl,
    origin: { url: origin.url, port: origin.port },
    keys,
    dataDir,
    log,
    gateway: await start(),
    async restart(signal = 'SIGKILL') {
      await running.gateway.stop(signal);
      running.gateway = await start();
    },
    async stop() {
      // Its data is deleted with it, and connections that a test left open must not delay the end.
      await running.gateway.stop('SIGKILL');
      await origin.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return running;
}

/** A browser's cookies for one site, as far as tests need them. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  set(name: string, value: string): void {
    this.#cookies.set(name, value);
  }

  keep(response: { headers: Headers }): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

/** One visitor with cookies: page visits, the room's API, and plain requests. */
export class TestVisitor {
  readonly jar = new CookieJar();
  readonly #url: string;
  readonly #room: string;

  constructor(url: string, room = 'demo') {
    this.#url = url;
    this.#room = room;
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.jar.header !== '') headers.set('Cookie', this.jar.header);
    const response = await fetch(`${this.#url}${path}`, { redirect: 'manual', ...init, headers });
    this.jar.keep(response);
    return response;
  }

  /** As a browser without Fetch metadata opens a page: it takes a place by the page's script, and loads it again. */
  async page(path = '/'): Promise<Response> {
    const open = () => this.request(path, { headers: { Accept: 'text/html', 'Accept-Language': 'en' } });
    const response = await open();
    if (!isNewcomerPage(await response.clone().text())) return response;
    await this.act('join');
    return open();
  }

  async status() {
    return (await this.request(`/_fairgate/rooms/${this.#room}/status`)).json();
  }

  act(action: 'join' | 'claim' | 'leave', init: RequestInit = {}): Promise<Response> {
    return this.request(`/_fairgate/rooms/${this.#room}/${action}`, {
      method: 'POST',
      ...init,
      headers: { Accept: 'application/json', ...init.headers },
    });
  }
}

/** Whether a page is the one of a visitor without a place who can take one. */
export function isNewcomerPage(text: string): boolean {
  return text.includes('"kind":"newcomer"');
}
