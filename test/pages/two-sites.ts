// Two sites for a browser on one machine: the protected one, with a room on each host `<room>.localhost` in front of a
// recording origin, and another one on 127.0.0.1, whose pages act on the first. To browsers they are different sites, and
// both are trustworthy enough for Fetch metadata.

import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import type { RoomInput } from '../../worker/settings.ts';
import { type RecordedRequest, type RecordingOrigin, startRecordingOrigin } from '../gateway/recording-origin.ts';
import { enter, GateVisitor } from '../gateway/visitor-client.ts';
import { type Running, startFairgate } from '../running-gateway.ts';

/** No line before its opening, which is far away. */
export const BEFORE_OPENING = { schedule: { opensAt: '+1h' } };

/** Open, for one visitor at a time. */
export const ONE_AT_A_TIME = { policy: { newUsersPerMinute: 6_000, totalActiveUsers: 1, sessionMinutes: 5 } };

export class TwoSites {
  readonly origin: RecordingOrigin;
  /** Address of the other site, and its pages by path. */
  readonly otherUrl: string;
  readonly otherPages: Map<string, string>;
  readonly #fairgate: Running;
  readonly #port: number;
  readonly #servers: Server[];

  private constructor(fairgate: Running, origin: RecordingOrigin, other: OtherSite) {
    this.origin = origin;
    this.otherUrl = other.url;
    this.otherPages = other.pages;
    this.#fairgate = fairgate;
    this.#port = Number(new URL(fairgate.url).port);
    this.#servers = [other.server];
  }

  static async start(rooms: Record<string, Partial<RoomInput>>): Promise<TwoSites> {
    const origin = await startRecordingOrigin();
    const fairgate = await startFairgate({
      room: { hosts: ['127.0.0.1'] },
      moreRooms: () => Object.entries(rooms).map(([id, changes]) => roomInput(id, origin.url, changes)),
    });
    return new TwoSites(fairgate, origin, await startOtherSite());
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    await this.origin.close();
    await this.#fairgate.stop();
  }

  /** Address of a room's site. */
  url(room: string): string {
    return `http://${room}.localhost:${this.#port}`;
  }

  async board(room: string) {
    return this.visitor(room).board();
  }

  /** A visitor who comes without a browser. */
  visitor(room: string): GateVisitor {
    return new GateVisitor(this.#port, room, `${room}.localhost`);
  }

  /** Takes the next place: how many others were taken before shows in its number. */
  async nextPlace(room: string): Promise<number> {
    const { status } = JSON.parse((await this.visitor(room).act('join')).text);
    return status.position ?? status.entry;
  }

  /** Takes the only session of a room, so that everybody after this waits until it is given back with `leave`. */
  async occupy(room: string): Promise<GateVisitor> {
    const occupant = this.visitor(room);
    await enter(occupant);
    return occupant;
  }

  /** What reached the origin of a room. */
  received(room: string): RecordedRequest[] {
    return this.origin.requests.filter(({ headers }) => headers['x-forwarded-host']?.startsWith(`${room}.`));
  }

  /** A second address of the site, where a browser's cookies get lost in both directions, as if it refused them. */
  async withoutCookies(room: string): Promise<{ url: string; requests: string[] }> {
    const requests: string[] = [];
    const server = createServer((received, response) => {
      requests.push(`${received.method} ${received.url}`);
      const options = { host: '127.0.0.1', port: this.#port, path: received.url, method: received.method };
      const sent = request({ ...options, headers: without('cookie', received) }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, without('set-cookie', reply));
        reply.pipe(response);
      });
      sent.on('error', () => response.destroy());
      received.pipe(sent);
    });
    this.#servers.push(server);
    return { url: `http://${room}.localhost:${await listenOnLoopback(server)}`, requests };
  }
}

interface OtherSite {
  url: string;
  pages: Map<string, string>;
  server: Server;
}

async function startOtherSite(): Promise<OtherSite> {
  const pages = new Map<string, string>();
  const server = createServer(({ url = '' }, response) => {
    const page = pages.get(url);
    response.writeHead(page === undefined ? 404 : 200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><title>Other site</title>${page ?? ''}`);
  });
  return { url: `http://127.0.0.1:${await listenOnLoopback(server)}`, pages, server };
}

function roomInput(id: string, originUrl: string, changes: Partial<RoomInput>): RoomInput {
  return {
    id,
    title: { ko: '백신 사전예약', en: 'Vaccine pre-registration' },
    hosts: [`${id}.localhost`],
    origin: originUrl,
    schedule: { opensAt: '+0s' },
    policy: { newUsersPerMinute: 6_000, totalActiveUsers: 100, sessionMinutes: 5 },
    ...changes,
  };
}

function without(name: string, { headers }: IncomingMessage): IncomingMessage['headers'] {
  const { [name]: _, ...others } = headers;
  return others;
}
