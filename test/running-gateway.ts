// A whole Fairgate for one test file: the built gateway on workerd and the demo origin beside it, on free loopback ports,
// with state in a temporary folder. Also raw requests, for what no HTTP client would send.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemoOrigin } from '../origin/demo/server.ts';
import { freePort } from '../scripts/lib/free-port.ts';
import { type RunningGateway, startGateway } from '../scripts/lib/gateway-process.ts';
import type { RoomInput } from '../worker/settings.ts';
import type { RedisAddress } from '../worker/store/redis/redis-client.ts';
import { newSigningKey, type SigningKeys } from '../worker/tokens/signing-keys.ts';

export const AUDIENCE = 'urn:fairgate:origin:demo';
export const OPERATOR_KEY = 'test-operator-key-0123456789-abcdefghij';

export interface Running {
  /** Loopback address of the gateway; its host is also the public one. */
  url: string;
  origin: { url: string; port: number };
  keys: SigningKeys;
  dataDir: string;
  log: string[];
  gateway: RunningGateway;
  /** Ends the gateway (by default as a crash would) and starts it again on the same port and data. */
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
  /** Rooms live there instead of on disk. */
  redis?: RedisAddress & { replicas?: string };
}

/** A demo room that is open from the start unless the options say otherwise. */
export async function startFairgate(options: RunningOptions = {}): Promise<Running> {
  const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-test-'));
  const keys = { keys: [await newSigningKey(0)] };
  const log: string[] = [];
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const origin = await startDemoOrigin({
    port: 0,
    dataDir,
    issuer: publicUrl,
    audience: AUDIENCE,
    jwksUrl: `${publicUrl}/.well-known/jwks.json`,
    ...(options.slotsPerClinic === undefined ? {} : { slotsPerClinic: options.slotsPerClinic }),
  });
  const { policy, ...room } = options.room ?? {};
  const rooms: RoomInput[] = [
    {
      id: 'demo',
      title: { ko: '백신 사전예약', en: 'Vaccine pre-registration' },
      hosts: ['*'],
      paths: ['/'],
      origin: options.originUrl ?? origin.url,
      audience: AUDIENCE,
      schedule: { opensAt: '+0s' },
      policy: { newUsersPerMinute: 600, totalActiveUsers: 200, sessionMinutes: 5, ...policy },
      ...room,
    },
    ...(options.moreRooms?.(origin.url) ?? []),
  ];
  const redis = options.redis === undefined ? {} : { redis: options.redis };
  const settings = { rooms, keys, publicUrl, operatorKey: OPERATOR_KEY, ...redis };
  const start = () => startGateway({ settings, port, dataDir, log: (line) => log.push(line) });
  const running: Running = {
    url: publicUrl,
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
      // What the tests leave behind is deleted; connections they left open must not hold the end up.
      await running.gateway.stop('SIGKILL');
      await origin.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return running;
}

/** A browser's cookies for one site, as far as these tests need them. */
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

/** One visitor with a jar: page visits, the room's API, and plain requests. */
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

  /** As a browser opens a page. */
  page(path = '/'): Promise<Response> {
    return this.request(path, { headers: { Accept: 'text/html', 'Accept-Language': 'en' } });
  }

  async status() {
    return (await this.request(`/_fairgate/rooms/${this.#room}/status`)).json();
  }

  wish(wish: 'join' | 'claim' | 'leave', init: RequestInit = {}): Promise<Response> {
    return this.request(`/_fairgate/rooms/${this.#room}/${wish}`, {
      method: 'POST',
      ...init,
      headers: { Accept: 'application/json', ...init.headers },
    });
  }
}

/** Sends bytes as they are to a loopback port and returns the answer's text; ends when the peer closes or is silent. */
export function rawRequest(port: number, text: string, silenceMs = 2_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let answer = '';
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
    socket.on('close', () => resolve(answer));
  });
}
