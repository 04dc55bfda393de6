// The test of the gateway's relays of public randomness, as an operator sees it while planning an opening: run when a form needs
// it, again on request, and shown with one sentence for each relay.

import type { Client } from '../worker/contract/api-client.ts';
import type { BeaconTest } from '../worker/contract/operator-api.ts';
import { problemKind } from '../worker/contract/problem-schema.ts';
import { loadErrorText } from './failures.ts';
import type { Strings } from './strings-en.ts';

/** A test of somebody else's is over after so many times the seconds that the gateway asks to wait. */
const TRIES_MAX = 6;

/** What the test needs of the console. */
interface RelayHost {
  readonly client: Client;
  readonly strings: Strings;
  redraw(): void;
}

type RelayStatus =
  | { kind: 'untested' }
  | { kind: 'running' }
  | { kind: 'tested'; test: BeaconTest }
  | { kind: 'failed'; text: string };

export class TestedRelays {
  status: RelayStatus = { kind: 'untested' };
  readonly #host: RelayHost;
  readonly #wait: (ms: number) => Promise<void>;

  constructor(host: RelayHost, wait: (ms: number) => Promise<void>) {
    this.#host = host;
    this.#wait = wait;
  }

  /** Whether a draw with public randomness can be relied on; null: not known yet. */
  get canReach(): boolean | null {
    switch (this.status.kind) {
      case 'tested':
        return this.status.test.relays.some(({ fault }) => fault === null);
      case 'failed':
        return false;
      default:
        return null;
    }
  }

  async run(): Promise<void> {
    if (this.status.kind === 'running') return;
    this.#set({ kind: 'running' });
    for (let tries = 1; ; tries++) {
      const outcome = await this.#host.client.call('testBeacon', {});
      if (outcome.kind === 'reply') return this.#set({ kind: 'tested', test: outcome.value });
      const problem = outcome.kind === 'problem' ? outcome.problem : null;
      const isUnderWay = problem !== null && problemKind(problem) === 'too-many-requests';
      if (outcome.kind !== 'problem' || !isUnderWay || tries === TRIES_MAX) {
        return this.#set({ kind: 'failed', text: loadErrorText(problem, this.#host.strings) });
      }
      await this.#wait((outcome.retryAfterSeconds ?? 1) * 1_000);
    }
  }

  #set(status: RelayStatus): void {
    this.status = status;
    this.#host.redraw();
  }
}
