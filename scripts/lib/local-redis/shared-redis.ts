// A redis-server behind Upstash's REST API, for gateways under test; disposed with its scope.

import { type RunningRedis, startRedis } from './redis-server.ts';
import { type RestStandIn, startRestStandIn } from './rest-stand-in.ts';

export interface SharedRedis extends AsyncDisposable {
  address: { url: string; token: string };
  server: RunningRedis;
  standIn: RestStandIn;
  keys(): Promise<string[]>;
}

/** @param options as on redis-server's command line */
export async function sharedRedis(...options: string[]): Promise<SharedRedis> {
  const server = await startRedis(...options);
  const standIn = await startRestStandIn(server.port);
  return {
    address: { url: standIn.url, token: standIn.token },
    server,
    standIn,
    keys: async () => (await server.command('KEYS', '*')) as string[],
    async [Symbol.asyncDispose]() {
      await standIn.stop();
      await server.stop();
    },
  };
}
