// What an operator's key shows of the room that is rehearsed: its limits while the rehearsal ran, its zone, and whether one gateway that was
// never restarted answered every request. Without a key the board says less, and checks that need more stay inconclusive.

import { type Client, createClient, type Outcome } from '../../worker/contract/api-client.ts';
import type { AuditRecord, Live } from '../../worker/contract/operator-api.ts';
import { printable } from '../lib/printable-text.ts';

/** Pages of the log that are read at the end: a rehearsal in which more was changed is none. */
const LOG_PAGES_MAX = 20;

export interface OperatorFacts {
  /** The highest limit of people at once that was set while the rehearsal ran. */
  totalActiveUsers: number;
  gateways: 'one' | 'several';
}

/** The key does not open the API; the message says why and what to change. */
export class OperatorRefused extends Error {}

export class OperatorView {
  readonly timeZone: string;
  readonly #client: Client;
  readonly #room: string;
  readonly #before: Live;

  private constructor(client: Client, room: string, timeZone: string, before: Live) {
    this.#client = client;
    this.#room = room;
    this.timeZone = timeZone;
    this.#before = before;
  }

  /** @param url scheme, host and port @throws OperatorRefused */
  static async open(url: string, room: string, key: string): Promise<OperatorView> {
    const client = createClient(
      (address, init) =>
        fetch(`${url}${address}`, {
          ...init,
          headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${key}` },
          // The key goes to this address and no other.
          redirect: 'error',
        }),
      () => {},
    );
    const params = { room };
    const detail = required(await client.call('room', { params }), url);
    const before = required(await client.call('live', { params }), url);
    return new OperatorView(client, room, detail.site.timeZone, before);
  }

  /** What was the case from `open` until now. @throws OperatorRefused */
  async facts(): Promise<OperatorFacts> {
    const params = { room: this.#room };
    const after = required(await this.#client.call('live', { params }), 'the gateway');
    const records: AuditRecord[] = [];
    for (let page = 0, next: number | null = this.#before.audit.seq; next !== null && page < LOG_PAGES_MAX; page++) {
      const query: { after: number } = { after: next };
      const read: { records: AuditRecord[]; next: number | null } = required(
        await this.#client.call('audit', { params, query }),
        'the gateway',
      );
      records.push(...read.records);
      next = read.next;
    }
    const limits = records.flatMap(({ from, to }) => [limitIn(from), limitIn(to)]);
    const isRestarted = records.some(({ action }) => action === 'gatewayStarted');
    const isOne = this.#before.gateways <= 1 && after.gateways <= 1 && !isRestarted;
    return {
      totalActiveUsers: Math.max(this.#before.totalActiveUsers, after.totalActiveUsers, ...limits),
      gateways: isOne ? 'one' : 'several',
    };
  }
}

/** The limit of people at once in a record's values; 0: it says nothing of it. */
function limitIn(value: AuditRecord['from']): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0;
  const limit = value['totalActiveUsers'];
  return typeof limit === 'number' ? limit : 0;
}

function required<T>(outcome: Outcome<T>, url: string): T {
  switch (outcome.kind) {
    case 'reply':
      return outcome.value;
    case 'problem': {
      const { title, detail, status } = outcome.problem;
      throw new OperatorRefused(
        `The operators’ API at ${url} refuses the operator key (HTTP ${status}: ${printable(`${title}. ${detail ?? ''}`)}). ` +
          'Give the key of the gateway that is rehearsed, or none; --operator-url names the console’s own host.',
      );
    }
    case 'unreachable':
      throw new OperatorRefused(
        `The operators’ API does not answer at ${url}. --operator-url names the console’s own host, where it has one.`,
      );
    case 'unreadable':
      throw new OperatorRefused(`The operators’ API at ${url} is of another version than this command.`);
  }
}
