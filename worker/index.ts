// The composition root: the only place that knows the environment and the adapters. Settings are checked here; a
// gateway with a dangerous or incomplete configuration answers every request with 503 and says why in its log only.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { createApp } from './app.ts';
import { PlaceRestore } from './gate/place-restore.ts';
import type { Gateway } from './gateway.ts';
import { Templates } from './http/custom-page.ts';
import { problemResponse } from './http/problems.ts';
import { RateLimit } from './http/rate-limit.ts';
import { Metrics } from './metrics.ts';
import { Access } from './operators/access.ts';
import { OriginHealth } from './proxy/origin-health.ts';
import { type RoomConfig, readSettings } from './settings.ts';
import { chosenStore, type StoreBindings } from './store/chosen-store.ts';
import { VisitorCookies } from './tokens/cookies.ts';
import { Tokens } from './tokens/tokens.ts';
import { Observations } from './views/observations.ts';
import { RoomDirectory, SETTINGS_ACTOR } from './views/room-directory.ts';
import { RoomViews } from './views/room-views.ts';

export { DirectoryObject, RoomObject } from './store/durable-objects/room-object.ts';
export { Relay } from './store/redis/relay.ts';

type Env = StoreBindings & Record<string, unknown>;

/** Status polls: a page's own, a reload, a second tab; more brings nothing. */
const POLL_RATE = { burst: 20, perSecond: 2 };

/** Tries of operators' keys that reach the store; what it says about them slows down further. */
const SIGN_IN_RATE = { burst: 10, perSecond: 0.5 };

const digestOf = (text: string) => bytesToHex(sha256(utf8ToBytes(text)));

async function gatewayFrom(env: Env): Promise<Gateway> {
  const { rooms, keys, publicUrl, operatorKey, consoleUrl, access, redis } = readSettings(env);
  const ownTime = () => Date.now();
  const wait = (ms: number) => scheduler.wait(ms);
  const fetchOrigin = (request: Request) => fetch(request);
  const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  const secret = () => bytesToHex(randomBytes(32));
  const randomId = (bytes: number) => randomBytes(bytes).toBase64({ alphabet: 'base64url', omitPadding: true });
  const clock = { now: ownTime, wait };
  const [observations, metrics] = [new Observations(), new Metrics()];
  const store = chosenStore(env, redis, (ledger, tallied) => {
    metrics.tallied(ledger, tallied);
    observations.storeContended(ledger, tallied);
  });
  const configure = async ({ id, queue }: RoomConfig) => {
    const digest = digestOf(JSON.stringify(queue));
    // A Redis that was emptied is configured anew: the number of that opening must be one that was never given.
    const firstEpoch = redis === null ? 1 : Math.floor(ownTime() / 1000);
    const configured = { by: SETTINGS_ACTOR, settings: queue, digest, secret: secret(), firstEpoch } as const;
    await store.apply(id, [{ kind: 'configure', ...configured }]);
  };
  return {
    directory: new RoomDirectory(store, rooms, digestOf(operatorKey), digestOf, clock),
    tokens: await Tokens.load(publicUrl, keys),
    cookies: new VisitorCookies(publicUrl),
    store,
    views: new RoomViews(store, configure, observations, randomId(8), clock),
    placeRestore: new PlaceRestore(store),
    observations,
    templates: new Templates(store.directory),
    metrics,
    originHealth: new OriginHealth(store, fetchOrigin, ownTime),
    polls: new RateLimit(POLL_RATE, ownTime),
    signIns: new RateLimit(SIGN_IN_RATE, ownTime),
    access: access === null ? null : new Access(access, (url, init) => fetch(url, init)),
    consoleUrl,
    publicUrl,
    fetchOrigin,
    randomId,
    secret,
    digest: digestOf,
    ownTime,
    wait,
  };
}

let app: ReturnType<typeof createApp> | null = null;

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    try {
      app ??= createApp(await gatewayFrom(env));
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      return problemResponse('not-configured');
    }
    return app.fetch(request, env, context);
  },
};
