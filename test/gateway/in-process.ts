// The gateway's app in this process, over the reference store. A test controls both clocks, makes the store fail or hang,
// and sees every request that reaches the origin. Pages come without the scripts and styles of a browser bundle.

import { createHash, randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import type { ViewRequest } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import type { Page } from '../../queue-core/machine.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { createApp } from '../../worker/app.ts';
import type { BeaconChain } from '../../worker/beacon/chain.ts';
import { createGateway, type Gateway, type Platform } from '../../worker/gateway.ts';
import { RateLimit } from '../../worker/http/rate-limit.ts';
import { Metrics } from '../../worker/metrics.ts';
import type { Access } from '../../worker/operators/access.ts';
import type { Oidc } from '../../worker/operators/oidc.ts';
import { SignInLimit } from '../../worker/operators/sign-in-limit.ts';
import type { OriginFetch } from '../../worker/proxy/forward.ts';
import { type RoomConfig, type RoomInput, readSettings } from '../../worker/settings.ts';
import { MemoryStore } from '../../worker/store/memory-store.ts';
import {
  type DirectoryStore,
  type PagedTable,
  type RoomStore,
  StoreUnavailable,
} from '../../worker/store/room-store.ts';
import type { SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { Observations } from '../../worker/views/observations.ts';
import { CookieJar, isNewcomerPage, OPERATOR_KEY } from '../running-gateway.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

vi.mock('../../worker/pages/client-en.ts?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/client-ko.ts?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../admin-ui/console.tsx?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../admin-ui/style.css?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/operators/event-report.css?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/proof-client.tsx?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/proof-style.css?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/receipt-client.tsx?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/receipt-style.css?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/submit-form.ts?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/recover.ts?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/style.css?bundle', () => ({ default: '', sha256: '' }));

export const PUBLIC_URL = 'http://127.0.0.1:8787';

/** Where a `ManualClock` starts, and when rooms open unless a test says otherwise. */
export const NOON: EpochMs = Date.parse('2027-08-05T12:00:00.000Z');

const UNLIMITED = { burst: 1_000, perSecond: 1_000 };

/** Monotonic and wall clock in one. It moves only when a test advances it; waits return at once and advance it. */
export class ManualClock {
  at = NOON;

  advance(ms: number): void {
    this.at += ms;
  }

  now = (): number => this.at;

  wait = async (ms: number): Promise<void> => {
    this.at += ms;
    await new Promise((resolve) => setImmediate(resolve));
  };
}

/** The reference store behind a connection that counts, delays and fails. */
export class FaultyStore implements RoomStore {
  readonly inner: MemoryStore;
  views = 0;
  /** Kinds of the commands sent, in order. */
  applied: Command['kind'][] = [];
  mode: 'answers' | 'fails' | 'hangs' = 'answers';
  /** Runs between the store's work and its reply. */
  beforeReply: () => Promise<void> = async () => {};

  constructor(inner: MemoryStore) {
    this.inner = inner;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C) {
    this.applied.push(...commands.map(({ kind }) => kind));
    await this.#reach();
    const replies = await this.inner.apply(room, commands);
    await this.beforeReply();
    return replies;
  }

  async view(room: string, request: ViewRequest) {
    this.views++;
    await this.#reach();
    const view = await this.inner.view(room, request);
    await this.beforeReply();
    return view;
  }

  async rows<T extends PagedTable>(room: string, table: T, page: Page) {
    this.views++;
    await this.#reach();
    return this.inner.rows(room, table, page);
  }

  /** Fails and hangs together with the rooms: both live in one store. */
  get directory(): DirectoryStore {
    const { directory } = this.inner;
    return {
      apply: async (commands) => {
        await this.#reach();
        return directory.apply(commands);
      },
      view: async (known) => {
        await this.#reach();
        return directory.view(known);
      },
      rows: (table, page) => directory.rows(table, page),
      template: (number) => directory.template(number),
    };
  }

  async #reach(): Promise<void> {
    if (this.mode === 'fails') throw new StoreUnavailable('the test made it fail');
    if (this.mode === 'hangs') await new Promise(() => {});
  }
}

type RoomOptions = Partial<Omit<RoomInput, 'policy'>> & { policy?: Partial<RoomInput['policy']> };

export interface InProcessGateway {
  clock: ManualClock;
  store: FaultyStore;
  keys: SigningKeys;
  room: RoomConfig;
  roomOptions: RoomOptions;
  /** Requests that reached the origin. */
  forwarded: Request[];
  parts: Gateway;
  /** @param origin the site's address, by which the visitor comes */
  request(path: string, init?: RequestInit, origin?: string): Promise<Response>;
}

export interface InProcessOptions {
  keys: SigningKeys;
  clock?: ManualClock;
  store?: FaultyStore;
  /** The gateway's own clock, where it differs from the store's. */
  ownTime?: () => EpochMs;
  room?: RoomOptions;
  /** Beside the first one, and like it unless they say otherwise. */
  moreRooms?: ({ id: string } & RoomOptions)[];
  fetchOrigin?: OriginFetch;
  access?: Access;
  oidc?: Oidc;
  consoleUrl?: string;
  joinsPerNetwork?: number;
  trustedProxies?: string;
  beaconChain?: BeaconChain;
  /** As the variable ORIGIN_KEYS. */
  originKeys?: string;
  /** Answers requests of the gateway that are not to an origin, such as messages about alarms. */
  fetch?: Platform['fetch'];
  /** As the variable LISTEN_URL. */
  listenUrl?: string;
  /** Answers for the chain's relays; without it, they fail. */
  beacon?: Platform['beacon'];
}

export async function startInProcess(options: InProcessOptions): Promise<InProcessGateway> {
  const { keys, clock = new ManualClock(), room: roomOptions = {} } = options;
  const store = options.store ?? new FaultyStore(new MemoryStore(clock.now));
  const inputOf = ({ policy, ...changes }: RoomOptions): RoomInput => ({
    id: 'demo',
    title: { ko: '예약', en: 'Booking' },
    hosts: ['*'],
    origin: 'http://origin.test',
    schedule: { opensAt: new Date(NOON).toISOString() },
    policy: { newUsersPerMinute: 60_000, totalActiveUsers: 1_000, sessionMinutes: 5, ...policy },
    ...changes,
  });
  const settings = readSettings({
    ROOMS: JSON.stringify([roomOptions, ...(options.moreRooms ?? [])].map(inputOf)),
    SIGNING_KEYS: JSON.stringify(keys),
    PUBLIC_URL,
    CONSOLE_URL: options.consoleUrl,
    OPERATOR_KEY,
    JOINS_PER_NETWORK: options.joinsPerNetwork,
    TRUSTED_PROXIES: options.trustedProxies,
    ORIGIN_KEYS: options.originKeys,
    LISTEN_URL: options.listenUrl,
    BEACON_CHAIN: options.beaconChain === undefined ? undefined : JSON.stringify(options.beaconChain),
  });
  const [room] = settings.rooms;
  if (room === undefined) throw new TypeError('The settings have no room.');
  const forwarded: Request[] = [];
  const recordForwarded: OriginFetch = async (request) => {
    forwarded.push(request);
    return new Response(MARKER, { headers: { 'Content-Length': String(MARKER.length) } });
  };
  const created = await createGateway(settings, {
    store,
    metrics: new Metrics(clock.now, clock.now()),
    observations: new Observations(),
    clock,
    ownTime: options.ownTime ?? clock.now,
    fetchOrigin: options.fetchOrigin ?? recordForwarded,
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    beacon: options.beacon ?? (async () => ({ kind: 'failed', faults: [] })),
    randomId: (bytes) => randomBytes(bytes).toString('base64url'),
    secret: () => randomBytes(32).toString('hex'),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  });
  const limits = { polls: new RateLimit(UNLIMITED, clock.now), signIns: new SignInLimit(clock.now, UNLIMITED) };
  const parts: Gateway = { ...created, ...limits, access: options.access ?? null, oidc: options.oidc ?? null };
  const app = createApp(parts);
  const request = async (path: string, init?: RequestInit, origin = PUBLIC_URL) =>
    app.request(`${origin}${path}`, { redirect: 'manual', ...init });
  return { clock, store, keys, room, roomOptions, forwarded, parts, request };
}

/** Places that this gateway has given: from its leases, and from the room one at a time. */
export function placesGiven({ parts, store }: InProcessGateway): number {
  const leased = /^fairgate_leased_numbers_total\{.*fate="given".*\} (\d+)$/m.exec(parts.metrics.text([]))?.[1] ?? 0;
  return Number(leased) + store.applied.filter((kind) => kind === 'join').length;
}

/** A second gateway over the first one's rooms, with a connection of its own to the store. */
export function startBeside(
  first: InProcessGateway,
  options: Partial<InProcessOptions> = {},
): Promise<InProcessGateway> {
  const { keys, clock, roomOptions: room } = first;
  return startInProcess({ keys, clock, room, store: new FaultyStore(first.store.inner), ...options });
}

/** A visitor with a cookie jar; requests go to its own gateway, or to another one over the same store. */
export class InProcessVisitor {
  readonly jar = new CookieJar();
  readonly #gateway: InProcessGateway;

  constructor(gateway: InProcessGateway) {
    this.#gateway = gateway;
  }

  async send(path: string, init: RequestInit = {}, gateway = this.#gateway): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.jar.header !== '') headers.set('Cookie', this.jar.header);
    const response = await gateway.request(path, { ...init, headers });
    this.jar.keep(response);
    return response;
  }

  /** Opens a page; on that of a visitor without a place, takes one as its script does, and loads it again. */
  async page(path = '/', gateway = this.#gateway): Promise<Response> {
    const open = () => this.send(path, { headers: AS_PAGE }, gateway);
    const response = await open();
    if (!isNewcomerPage(await response.clone().text())) return response;
    await this.act('join', gateway);
    return open();
  }

  act(action: 'join' | 'claim' | 'leave', gateway = this.#gateway): Promise<Response> {
    return this.send(`/_fairgate/rooms/demo/${action}`, { method: 'POST', headers: AS_JSON }, gateway);
  }

  async status() {
    return (await this.send('/_fairgate/rooms/demo/status')).json();
  }
}

/** A new visitor who is admitted within ten seconds of the manual clock, with a session that is not provisional. */
export async function enter(gateway: InProcessGateway, path = '/'): Promise<InProcessVisitor> {
  const visitor = new InProcessVisitor(gateway);
  await visitor.act('join');
  for (let tries = 0; tries < 10; tries++) {
    gateway.clock.advance(1_000);
    if ((await (await visitor.page(path)).text()) === MARKER) return visitor;
  }
  throw new Error('The newcomer was not admitted within 10 s.');
}

/** The kind of page that a response shows; null for anything but a page of the gateway. */
export async function pageKindOf(response: Response): Promise<string | null> {
  const model = /<script type="application\/json" id="fairgate">(.*?)<\/script>/s.exec(await response.text())?.[1];
  return model === undefined ? null : (JSON.parse(model) as { kind: string }).kind;
}
