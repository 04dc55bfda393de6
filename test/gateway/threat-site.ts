// The site that the threat tests attack: a running gateway in front of a recording origin, with a room for each situation.
// "Closed" means: the origin gets no request, the client gets no byte of it and no session, and the response is clear (a
// waiting page for a page visit, the app's JSON for an app, problem+json for anything else).

import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { RoomInput } from '../../worker/settings.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { type Signer, signerOf } from './forged-tokens.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import {
  AS_JSON,
  AS_PAGE,
  type ClientResponse,
  enter,
  GateVisitor,
  type RawResponse,
  type RequestOptions,
  send,
  sendRaw,
} from './visitor-client.ts';

const BEFORE_OPENING = { opensAt: '+1h' };

const POLICY = { newUsersPerMinute: 60_000, totalActiveUsers: 1_000, sessionMinutes: 5 };

const ROOMS = {
  before: { schedule: BEFORE_OPENING },
  'before-too': { schedule: BEFORE_OPENING },
  narrow: { schedule: BEFORE_OPENING, paths: ['/book'], outside: 'pass' },
  exempt: { schedule: BEFORE_OPENING, exempt: ['/static', '/favicon.ico'] },
  open: {},
  /** Its only session is taken, so every visitor waits. */
  full: { policy: { ...POLICY, totalActiveUsers: 1 } },
  'one-session': { policy: { ...POLICY, totalActiveUsers: 1 } },
  'ten-sessions': { policy: { ...POLICY, totalActiveUsers: 10 } },
  'ten-a-second': { policy: { ...POLICY, newUsersPerMinute: 600 } },
} satisfies Record<string, Partial<RoomInput>>;

export type RoomName = keyof typeof ROOMS;

export function roomInput(id: string, originUrl: string, changes: Partial<RoomInput> = {}): RoomInput {
  return {
    id,
    title: { ko: '예약', en: 'Booking' },
    hosts: [`${id}.test`],
    origin: originUrl,
    schedule: { opensAt: '+0s' },
    policy: POLICY,
    ...changes,
  };
}

/** Starts the site for a test file, with these rooms beside `demo`. Each test finds an origin without requests. */
export function useSite(...rooms: RoomName[]): ThreatSite {
  const site = new ThreatSite();
  beforeAll(() => site.start(rooms));
  afterAll(() => site.stop());
  beforeEach(() => {
    site.origin.requests.length = 0;
    site.origin.handlers.clear();
  });
  return site;
}

class ThreatSite {
  fairgate!: Running;
  origin!: RecordingOrigin;
  /** Signs as the gateway does. */
  signer!: Signer;

  async start(rooms: RoomName[]): Promise<void> {
    this.origin = await startRecordingOrigin();
    const { url } = this.origin;
    this.fairgate = await startFairgate({
      room: { hosts: ['127.0.0.1'] },
      moreRooms: () => rooms.map((id) => roomInput(id, url, ROOMS[id])),
    });
    this.signer = signerOf(this.fairgate);
    // The first request to a room may take longer than raw requests wait.
    await Promise.all(rooms.map((room) => this.visitor(room).board()));
    if (rooms.includes('full')) await enter(this.visitor('full'));
  }

  async stop(): Promise<void> {
    await this.fairgate?.stop();
    await this.origin?.close();
  }

  get port(): number {
    return this.fairgate.gateway.port;
  }

  visitor(room: RoomName): GateVisitor {
    return new GateVisitor(this.port, room);
  }

  send(path: string, options: RequestOptions = {}): Promise<ClientResponse> {
    return send(this.port, path, options);
  }

  sendRaw(text: string): Promise<RawResponse> {
    return sendRaw(this.port, text);
  }

  /** POST to an address of the operators' API. */
  operator(path: string, key: string | null): Promise<ClientResponse> {
    const headers = key === null ? {} : { Authorization: `Bearer ${key}` };
    return this.send(`/_fairgate/operator${path}`, { method: 'POST', headers });
  }

  /** Sends a request as a page visit, as an app and as anything else, and expects each to be closed. */
  async expectClosed(room: RoomName, path: string, options: RequestOptions = {}): Promise<void> {
    const before = this.origin.requests.length;
    const { headers, ...rest } = options;
    const as = (format: Record<string, string>) =>
      this.send(path, { host: `${room}.test`, ...rest, headers: { ...format, ...headers } });
    const [page, app, other] = [await as(AS_PAGE), await as(AS_JSON), await as({})];
    expect(page.text).toContain('id="fairgate"');
    expect(page.headers.get('Content-Type')).toContain('text/html');
    expect(JSON.parse(app.text).cfWaitingRoom.inWaitingRoom).toBe(true);
    expect(other.status).toBe(403);
    expect(JSON.parse(other.text).type).toBe('https://fairgate.dev/problems/no-admission');
    for (const response of [page, app, other]) {
      expect(response.text).not.toContain(MARKER);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      expect(setsAdmission(response)).toBe(false);
    }
    expect(this.origin.requests.length).toBe(before);
  }
}

export function setsAdmission({ headers }: ClientResponse): boolean {
  return headers.getSetCookie().some((line) => /fairgate-admission[^=]*=[^;]/.test(line));
}
