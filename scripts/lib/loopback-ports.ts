// TCP ports of the loopback interface: free ones, taken ones, and servers that listen there.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Listens on 127.0.0.1 and returns the port. @param port 0: any free one */
export async function listenOnLoopback(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Below the ports that systems give to outgoing connections, any of which could take one before its server starts. */
const FREE_PORTS = { min: 20_000, max: 32_767 };

/** A port that was free a moment ago, for servers whose address has to be known before they start. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FREE_PORTS.min, FREE_PORTS.max + 1);
    if (await isPortFree(port)) return port;
  }
}

export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listenOnLoopback(server, port);
  } catch {
    return false; // EADDRINUSE; EACCES for a port that only root may use
  }
  server.close();
  await once(server, 'close');
  return true;
}
