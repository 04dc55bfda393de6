// The gateway as the bench measures it: rooms in every state that a subject needs, and tokens of many visitors, which the bench
// signs with the gateway's key as soon as the room has given their numbers.

import { randomBytes } from 'node:crypto';
import type { Board } from '../../queue-core/board.ts';
import type { Place } from '../../queue-core/command.ts';
import type { RoomInput } from '../../worker/settings.ts';
import type { SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { Tokens } from '../../worker/tokens/tokens.ts';
import type { RunningGateway, startGateway } from '../lib/gateway-process.ts';
import { requestAsHost } from '../lib/host-request.ts';
import { saturate } from './load.ts';
import { firstResponse } from './node-load.ts';
import { type RawRequest, rawRequest } from './raw-request.ts';

export const PUBLIC_URL = 'http://127.0.0.1:1';

/** Entries that a slow machine can take in a second: the opening is not before all are there. */
const ENTRIES_PER_SECOND_MIN = 500;
const START_SECONDS = 8;

/** All that `policySchema` allows, so that nothing ends while the bench runs. */
const UNHURRIED = { sessionMinutes: 30, claimWindowMinutes: 30 };
const UNLIMITED = { newUsersPerMinute: 1_000_000, totalActiveUsers: 10_000_000, ...UNHURRIED };

/**
 * `ahead`: before its opening. `line`: open, its drawn entries wait. `drawn`: open, its drawn entries are called. `open`: nobody
 * waits.
 */
export type RoomName = 'ahead' | 'line' | 'drawn' | 'open';

function benchRooms(origin: string, entries: number): RoomInput[] {
  const room = (id: RoomName, opensAt: string, policy: RoomInput['policy']): RoomInput => ({
    id,
    title: { ko: id, en: id },
    hosts: [hostOf(id)],
    origin,
    schedule: { opensAt },
    policy,
  });
  const soon = `+${START_SECONDS + Math.ceil(entries / ENTRIES_PER_SECOND_MIN)}s`;
  return [
    room('ahead', '+2h', UNLIMITED),
    room('line', soon, { ...UNLIMITED, newUsersPerMinute: 1 }),
    room('drawn', soon, UNLIMITED),
    room('open', '+0s', UNLIMITED),
  ];
}

export function hostOf(room: RoomName): string {
  return `${room}.test`;
}

export function roomAddress(room: RoomName, action: string): string {
  return `/_fairgate/rooms/${room}/${action}`;
}

/** As an app sends it. */
export function post(room: RoomName, action: 'join' | 'claim', token?: string): RawRequest {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json', ...authorization };
  return { method: 'POST', host: hostOf(room), path: roomAddress(room, action), headers, body: '{}' };
}

export class BenchGateway {
  readonly gateway: RunningGateway;
  readonly #tokens: Tokens;
  readonly #operatorKey: string;

  private constructor(gateway: RunningGateway, tokens: Tokens, operatorKey: string) {
    this.gateway = gateway;
    this.#tokens = tokens;
    this.#operatorKey = operatorKey;
  }

  /**
   * @param start of the checkout whose gateway is measured
   * @param entries that its rooms are to be filled with before they open, all together
   */
  static async start(
    start: typeof startGateway,
    { keys, origin, dataDir, entries }: { keys: SigningKeys; origin: string; dataDir: string; entries: number },
  ): Promise<BenchGateway> {
    const operatorKey = randomBytes(24).toString('base64url');
    const rooms = benchRooms(origin, entries);
    const settings = { rooms, keys, publicUrl: PUBLIC_URL, operatorKey, joinsPerNetwork: '0' };
    const gateway = await start({ settings, port: 0, dataDir, log: (line) => console.error(line) });
    return new BenchGateway(gateway, await Tokens.load(PUBLIC_URL, keys), operatorKey);
  }

  async board(room: RoomName): Promise<Board> {
    const { status, body } = await requestAsHost(hostOf(room), `${this.gateway.url}${roomAddress(room, 'board')}`);
    if (status !== 200) throw new Error(`Board of room "${room}": status ${status} ${body}`);
    return JSON.parse(body);
  }

  /** Gives the rooms at least so many entries, which the opening draws. @throws where that takes too long */
  async fill(entries: Partial<Record<RoomName, number>>): Promise<void> {
    for (const [name, count] of Object.entries(entries)) {
      const room = name as RoomName;
      for (;;) {
        const board = await this.board(room);
        if (board.state !== 'prequeue') {
          throw new Error(`Room "${room}" opened with ${board.entries} of ${count} entries: this machine is too slow`);
        }
        if (board.entries >= count) break;
        const requests = [rawRequest(post(room, 'join'))];
        await saturate(`joins in ${room}`, {
          port: this.gateway.port,
          requests,
          seconds: 1,
          once: false,
          mayFail: true,
        });
      }
    }
  }

  /** Waits until the room has opened and called so many. */
  async called(room: RoomName, count: number): Promise<void> {
    for (;;) {
      const { draw, called } = await this.board(room);
      if (draw.proof !== null && called >= count) return;
      await new Promise((next) => setTimeout(next, 500));
    }
  }

  /** Queue tokens for the numbers from `first` on. */
  async places(room: RoomName, kind: Place['kind'], first: number, count: number): Promise<string[]> {
    const { epoch, opensAt, draw, serverTime } = await this.board(room);
    const issuedAt = Date.parse(serverTime);
    return Promise.all(
      Array.from({ length: count }, (_, index) => {
        const place: Place = { kind, number: first + index };
        const token = { room, visitor: visitorId(), epoch, place, commitment: draw.commitment, issuedAt };
        return this.#tokens.issueQueue(token, Date.parse(opensAt));
      }),
    );
  }

  /**
   * Admission tokens of so many sessions that have begun, all of the first position, which the room has given: another one would
   * prove to the gateway that the room had lost it.
   */
  async sessions(room: RoomName, count: number): Promise<string[]> {
    await firstResponse(this.gateway.port, rawRequest(post(room, 'join')));
    const { epoch, serverTime } = await this.board(room);
    const issuedAt = Date.parse(serverTime);
    const times = { issuedAt, admitAt: issuedAt, expiresAt: issuedAt + UNHURRIED.sessionMinutes * 60_000 };
    return Promise.all(
      Array.from({ length: count }, () => {
        const sid = randomBytes(12).toString('base64url');
        const token = { room, visitor: visitorId(), epoch, position: 1, sid, ...times, presentBy: null };
        return this.#tokens.issueAdmission(token, `urn:fairgate:origin:${room}`);
      }),
    );
  }

  /** Operations on the store so far, by kind. */
  async storeOperations(): Promise<Map<string, number>> {
    const headers = { Authorization: `Bearer ${this.#operatorKey}` };
    const { status, body } = await requestAsHost('*', `${this.gateway.url}/_fairgate/metrics`, { headers });
    if (status !== 200) throw new Error(`Metrics: status ${status} ${body}`);
    const series = body.matchAll(/^fairgate_store_operations_total\{kind="(\w+)",outcome="answered"\} (\d+)$/gm);
    return new Map([...series].map(([, kind = '', count]) => [kind, Number(count)]));
  }
}

function visitorId(): string {
  return randomBytes(16).toString('base64url');
}
