// A load balancer with failover: forwards each request to the first gateway that is alive.

import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { listenOnLoopback } from '../scripts/lib/loopback-ports.ts';

export interface Forwarder {
  url: string;
  stop(): Promise<void>;
}

/** @param targets in order of preference; a dead one is not tried again */
export async function forwardTo(targets: readonly string[]): Promise<Forwarder> {
  const agent = new Agent({ keepAlive: true });
  let dead = 0;
  const server = createServer(async (received, response) => {
    const { url, method, headers } = received;
    const chunks: Buffer[] = [];
    for await (const chunk of received) chunks.push(chunk as Buffer);
    const forward = (index: number): void => {
      const target = targets[index];
      if (target === undefined) return void response.writeHead(502).end();
      const sent = request(`${target}${url}`, { agent, method, headers }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
        reply.pipe(response);
        reply.on('error', () => response.destroy());
      });
      sent.on('error', () => {
        if (response.headersSent) return;
        dead = Math.max(dead, index + 1);
        forward(index + 1);
      });
      sent.end(Buffer.concat(chunks));
    };
    forward(dead);
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
