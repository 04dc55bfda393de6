// An address that stands for one of several gateways, as a balancer would: what the gateway behind it does not answer,
// because it has died, another one answers.

import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Forwarder {
  url: string;
  stop(): Promise<void>;
}

/** @param targets in the order in which they are tried */
export async function forwardTo(targets: readonly string[]): Promise<Forwarder> {
  const agent = new Agent({ keepAlive: true });
  let dead = 0;
  const server = createServer(async (asked, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk as Buffer);
    const ask = (from: number): void => {
      const target = targets[from];
      if (target === undefined) return void answer.writeHead(502).end();
      const sent = request(`${target}${asked.url}`, { agent, method: asked.method, headers: asked.headers }, (got) => {
        answer.writeHead(got.statusCode ?? 502, got.rawHeaders);
        got.pipe(answer);
        got.on('error', () => answer.destroy());
      });
      sent.on('error', () => {
        if (answer.headersSent) return;
        dead = Math.max(dead, from + 1);
        ask(from + 1);
      });
      sent.end(Buffer.concat(chunks));
    };
    ask(dead);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
