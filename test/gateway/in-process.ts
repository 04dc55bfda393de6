// The gateway's app in this process, over the reference store: its clocks and its store's moods are the test's to play.
// Only what a browser would run is left out of the pages.

import { createHash, randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import type { ViewRequest } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import type { Page } from '../../queue-core/machine.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { createApp } from '../../worker/app.ts';
import { PlaceRestore } from '../../worker/gate/place-restore.ts';
import type { Gateway } from '../../worker/gateway.ts';
import { Templates } from '../../worker/http/custom-page.ts';
import { RateLimit } from '../../worker/http/rate-limit.ts';
import { Metrics } from '../../worker/metrics.ts';
import type { Access } from '../../worker/operators/access.ts';
import type { OriginFetch } from '../../worker/proxy/forward.ts';
import { OriginHealth } from '../../worker/proxy/origin-health.ts';
import { type RoomConfig, type RoomInput, readSettings } from '../../worker/settings.ts';
import { MemoryStore } from '../../worker/store/memory-store.ts';
import { type DirectoryStore, type RoomStore, StoreUnavailable } from '../../worker/store/room-store.ts';
import { VisitorCookies } from '../../worker/tokens/cookies.ts';
import type { SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { Tokens } from '../../worker/tokens/tokens.ts';
import { Observations } from '../../worker/views/observations.ts';
import { RoomDirectory, SETTINGS_ACTOR } from '../../worker/views/room-directory.ts';
import { RoomViews } from '../../worker/views/room-views.ts';
import { CookieJar, OPERATOR_KEY } from '../running-gateway.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

vi.mock('../../worker/pages/client-en.ts?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/client-ko.ts?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../admin-ui/console.tsx?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../admin-ui/style.css?bundle', () => ({ default: '', sha256: '' }));
vi.mock('../../worker/pages/style.css?bundle', () => ({ default: '', sha256: '' }));

export const PUBLIC_URL = 'http://127.0.0.1:8787';

/** Some evening; the tests count from it. */
export const NOON: EpochMs = Date.parse('2027-08-05T12:00:00.000Z');

/** A stopwatch and a wall clock that move only when told. Waits end at once and take their time on it. */
export class PlayedClock {
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

/** The reference store behind a line that counts, delays and fails as told. */
export class WatchedStore implements RoomStore {
  readonly inner: MemoryStore;
  views = 0;
  applied: Command['kind'][] = [];
  mood: 'answers' | 'fails' | 'hangs' = 'answers';
  /** Called between the store's work and its answer. */
  onTheWay: () => Promise<void> = async () => {};

  constructor(inner: MemoryStore) {
    this.inner = inner;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C) {
    this.applied.push(...commands.map(({ kind }) => kind));
    await this.#meetMood();
    const replies = await this.inner.apply(room, commands);
    await this.onTheWay();
    return replies;
  }

  async view(room: string, look: ViewRequest) {
    this.views++;
    await this.#meetMood();
    const view = await this.inner.view(room, look);
    await this.onTheWay();
    return view;
  }

  async rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page) {
    this.views++;
    await this.#meetMood();
    return this.inner.rows(room, table, page);
  }

  get directory(): DirectoryStore {
    return watchedDirectory(this.inner.directory, () => this.#meetMood());
  }

  async #meetMood(): Promise<void> {
    if (this.mood === 'fails') throw new StoreUnavailable('told to fail');
    if (this.mood === 'hangs') await new Promise(() => {});
  }
}

/** The directory fails and hangs with the rooms: they live in one store. */
function watchedDirectory(inner: DirectoryStore, mood: () => Promise<void>): DirectoryStore {
  return {
    apply: async (commands) => {
      await mood();
      return inner.apply(commands);
    },
    view: async (known) => {
      await mood();
      return inner.view(known);
    },
    rows: (table, page) => inner.rows(table, page),
    template: (number) => inner.template(number),
  };
}

export interface Played {
  clock: PlayedClock;
  store: WatchedStore;
  keys: SigningKeys;
  room: RoomConfig;
  /** Requests that reached the origin. */
  passed: Request[];
  gateway: Gateway;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

export interface PlayedOptions {
  keys: SigningKeys;
  clock?: PlayedClock;
  store?: WatchedStore;
  /** The gateway's own clock, where it differs from the store's. */
  ownTime?: () => EpochMs;
  room?: Partial<Omit<RoomInput, 'policy'>> & { policy?: Partial<RoomInput['policy']> };
  fetchOrigin?: OriginFetch;
  access?: Access;
  consoleUrl?: string;
}

export async function playGateway(options: PlayedOptions): Promise<Played> {
  const { keys, clock = new PlayedClock() } = options;
  const store = options.store ?? new WatchedStore(new MemoryStore(clock.now));
  const { policy, ...changes } = options.room ?? {};
  const input: RoomInput = {
    id: 'demo',
    title: { ko: '예약', en: 'Booking' },
    hosts: ['*'],
    origin: 'http://origin.test',
    schedule: { opensAt: new Date(NOON).toISOString() },
    policy: { newUsersPerMinute: 60_000, totalActiveUsers: 1_000, sessionMinutes: 5, ...policy },
    ...changes,
  };
  const settings = readSettings({
    ROOMS: JSON.stringify([input]),
    SIGNING_KEYS: JSON.stringify(keys),
    PUBLIC_URL,
    OPERATOR_KEY,
  });
  const [room] = settings.rooms;
  if (room === undefined) throw new TypeError('Settings lost the room.');
  const passed: Request[] = [];
  const fetchOrigin: OriginFetch =
    options.fetchOrigin ??
    (async (request) => {
      passed.push(request);
      return new Response(MARKER);
    });
  const ownTime = options.ownTime ?? clock.now;
  const configure = async ({ id, queue }: RoomConfig) => {
    await store.apply(id, [
      { kind: 'configure', by: SETTINGS_ACTOR, settings: queue, digest: 'same', secret: '5e'.repeat(32) },
    ]);
  };
  const observations = new Observations();
  const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
  const gateway: Gateway = {
    directory: new RoomDirectory(store, settings.rooms, digestOf(settings.operatorKey), digestOf, clock),
    tokens: await Tokens.load(settings.publicUrl, keys),
    cookies: new VisitorCookies(settings.publicUrl),
    store,
    views: new RoomViews(store, configure, observations, randomBytes(8).toString('base64url'), clock),
    placeRestore: new PlaceRestore(store),
    observations,
    templates: new Templates(store.directory),
    metrics: new Metrics(),
    originHealth: new OriginHealth(store, fetchOrigin, clock.now),
    polls: new RateLimit({ burst: 1_000, perSecond: 1_000 }, clock.now),
    signIns: new RateLimit({ burst: 1_000, perSecond: 1_000 }, clock.now),
    access: options.access ?? null,
    consoleUrl: options.consoleUrl ?? settings.publicUrl,
    publicUrl: settings.publicUrl,
    fetchOrigin,
    randomId: (bytes) => randomBytes(bytes).toString('base64url'),
    secret: () => randomBytes(32).toString('hex'),
    digest: digestOf,
    ownTime,
    wait: clock.wait,
  };
  const app = createApp(gateway);
  return {
    clock,
    store,
    keys,
    room,
    passed,
    gateway,
    ask: async (path, init) => app.request(`${PUBLIC_URL}${path}`, { redirect: 'manual', ...init }),
  };
}

/** A second gateway over the first one's rooms, with a way of its own to the store. */
export function playBeside(first: Played, options: Partial<PlayedOptions> = {}): Promise<Played> {
  const { keys, clock } = first;
  return playGateway({ keys, clock, store: new WatchedStore(first.store.inner), ...options });
}

/** A visitor of a played gateway; with `at`, of another one over the same store. */
export class PlayedVisitor {
  readonly jar = new CookieJar();
  readonly #at: Played;

  constructor(at: Played) {
    this.#at = at;
  }

  async send(path: string, init: RequestInit = {}, at = this.#at): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.jar.header !== '') headers.set('Cookie', this.jar.header);
    const response = await at.ask(path, { ...init, headers });
    this.jar.keep(response);
    return response;
  }

  page(path = '/', at = this.#at): Promise<Response> {
    return this.send(path, { headers: AS_PAGE }, at);
  }

  wish(wish: 'join' | 'claim' | 'leave', at = this.#at): Promise<Response> {
    return this.send(`/_fairgate/rooms/demo/${wish}`, { method: 'POST', headers: AS_JSON }, at);
  }

  async status(at = this.#at) {
    return (await this.send('/_fairgate/rooms/demo/status', {}, at)).json();
  }
}

/** What page a visitor was shown; null where the answer is no page of the gateway's. */
export async function kindOfPage(response: Response): Promise<string | null> {
  const model = /<script type="application\/json" id="fairgate">(.*?)<\/script>/s.exec(await response.text())?.[1];
  return model === undefined ? null : (JSON.parse(model) as { kind: string }).kind;
}
