// The composition root: the only file that knows the environment and the adapters. With dangerous or incomplete settings
// the gateway answers every request with 503 and gives the reason in its log only.

import { createApp } from './app.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { responseFormat } from './http/request-client.ts';
import { refusal } from './http/responses.ts';
import { Metrics } from './metrics.ts';
import { type ConnectorBindings, originFetch } from './proxy/origin-connection.ts';
import { readSettings } from './settings.ts';
import { chosenStore, type StoreBindings } from './store/chosen-store.ts';
import { randomId, randomSecret, sha256Hex } from './tokens/randomness.ts';
import { Observations } from './views/observations.ts';

export { DirectoryObject, RoomObject } from './store/durable-objects/room-object.ts';
export { RoomProcess } from './store/durable-objects/room-process.ts';
export { Relay } from './store/relay/relay.ts';

type Env = StoreBindings & ConnectorBindings & Record<string, unknown>;
type App = Pick<Gateway, 'attendance'> & { fetch: ReturnType<typeof createApp>['fetch'] };

/** A schedule runs once a minute; a few reads of each room are enough to see what is wrong, and to tell it. */
const ATTEND_SECONDS = 5;

async function appFrom(env: Env): Promise<App> {
  const settings = readSettings(env);
  const observations = new Observations(settings.processStart);
  const metrics = new Metrics(() => Date.now(), Date.now());
  const store = chosenStore(env, settings, (ledger, counts) => {
    metrics.addStoreCounts(ledger, counts);
    observations.storeContended(ledger, counts);
  });
  const gateway = await createGateway(settings, {
    store,
    metrics,
    observations,
    clock: { now: () => Date.now(), wait: (ms) => scheduler.wait(ms) },
    ownTime: () => Date.now(),
    fetchOrigin: originFetch(env, settings.originSecrets),
    fetch: (url, init) => fetch(url, init),
    // What verifies a signature is read from the disk when the first beacon is awaited.
    beacon: async (chain, round) =>
      (await import('./beacon/fetch-beacon.ts')).fetchBeacon(chain, round, { fetch: (url, init) => fetch(url, init) }),
    randomId,
    secret: randomSecret,
    digest: sha256Hex,
  });
  const { fetch: answer } = createApp(gateway);
  return { fetch: answer, attendance: gateway.attendance };
}

let app: App | null = null;

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    try {
      app ??= await appFrom(env);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      return refusal('not-configured', request, responseFormat(request) === 'page');
    }
    return app.fetch(request, env, context);
  },

  /** The platform's schedule: rooms that nobody visits are attended too. */
  async scheduled(_: ScheduledController, env: Env, context: ExecutionContext): Promise<void> {
    app ??= await appFrom(env);
    await app.attendance.attendFor(ATTEND_SECONDS, (work) => context.waitUntil(work));
  },
};
