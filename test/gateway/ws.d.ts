// The parts of the package `ws` that the tests use; it has no types of its own.

declare module 'ws' {
  import type { EventEmitter } from 'node:events';
  import type { IncomingMessage } from 'node:http';
  import type { Duplex } from 'node:stream';

  export default class WebSocket extends EventEmitter {
    constructor(address: string, protocols: string[], options: { headers: Record<string, string> });
    readonly protocol: string;
    readonly extensions: string;
    send(data: string | Buffer, options?: { binary?: boolean; fin?: boolean }): void;
    ping(data: string): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
  }

  export class WebSocketServer {
    constructor(options: { noServer: true; handleProtocols: (offered: Set<string>) => string | false });
    readonly clients: Set<WebSocket>;
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      accepted: (connection: WebSocket) => void,
    ): void;
  }
}
