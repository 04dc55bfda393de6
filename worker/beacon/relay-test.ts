// Whether the relays of this deployment's chain answer now: each is asked for the latest round, which is verified. Nothing in it comes
// from who asks for a test, and there is at most one in a while: a test costs a request to each relay and signature checks.

import type { EpochMs } from '../../queue-core/time.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { BeaconTest } from '../contract/beacon-schema.ts';
import { type BeaconChain, latestRound } from './chain.ts';
import type { BeaconAnswer } from './fetch-beacon.ts';

/** Longer than any test takes; signature checks of all relays then take less than a fiftieth of the time. */
export const TEST_EVERY_MS = 10_000;

/** A round reaches the relays a moment after it is due. */
const ROUND_LATE_MS = 2_000;

/** While a test is under way. */
const RETRY_AFTER_SECONDS = 2;

export interface RelayTestParts {
  chain: BeaconChain;
  /** Asks the relays of the chain for a round and verifies what they answer. */
  beacon: (chain: BeaconChain, round: number) => Promise<BeaconAnswer>;
  /** This gateway's clocks: monotonic, and the time. */
  now: () => number;
  ownTime: () => EpochMs;
}

export type RelayTestOutcome = { kind: 'tested'; test: BeaconTest } | { kind: 'underWay'; retryAfterSeconds: number };

interface StartedTest {
  startedAt: number;
  /** null: under way. */
  test: BeaconTest | null;
}

export class RelayTest {
  readonly #parts: RelayTestParts;
  #last: StartedTest | null = null;

  constructor(parts: RelayTestParts) {
    this.#parts = parts;
  }

  /**
   * Tests, or returns the last test where it began within `TEST_EVERY_MS`. Nobody waits for the test of another request: one whose
   * client is gone may be cancelled.
   */
  async run(): Promise<RelayTestOutcome> {
    const { now } = this.#parts;
    const startedAt = now();
    const last = this.#last;
    if (last !== null && startedAt - last.startedAt < TEST_EVERY_MS) {
      return last.test === null
        ? { kind: 'underWay', retryAfterSeconds: RETRY_AFTER_SECONDS }
        : { kind: 'tested', test: last.test };
    }
    const mine: StartedTest = { startedAt, test: null };
    this.#last = mine;
    mine.test = await this.#test();
    return { kind: 'tested', test: mine.test };
  }

  async #test(): Promise<BeaconTest> {
    const { chain, beacon, now, ownTime } = this.#parts;
    const at = ownTime();
    const round = latestRound(chain, at - ROUND_LATE_MS);
    const relays = chain.relays.map(async (relay) => {
      const startedAt = now();
      const answer = await beacon({ ...chain, relays: [relay] }, round);
      const ms = Math.max(0, Math.round(now() - startedAt));
      const fault = answer.kind === 'beacon' ? null : (answer.faults[0]?.fault ?? 'unreachable');
      return { relay: relayHost(relay), ms, fault };
    });
    const { hash, genesisTime, period } = chain;
    return { at: rfc3339(at), chain: { hash, genesisTime, period }, round, relays: await Promise.all(relays) };
  }
}

/** Of a relay's address: the rest of it may be a secret between the relay and this deployment. */
export function relayHost(relay: string): string {
  return URL.parse(relay)?.host ?? '';
}
