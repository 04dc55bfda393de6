// Asks a chain's relays for one round and returns the first answer that verifies, so no relay has to be trusted. Relays start one
// after the other, each with a head start and a time limit; what every one of them did wrong is told. No clock is read here: the
// caller knows when a round is due, and how often it asks again.

import { roundTime } from '../../queue-core/draw.ts';
import { Kept } from '../../queue-core/kept.ts';
import type { RelayFaultKind } from '../contract/beacon-schema.ts';
import { type DrandBeacon, drandBeaconSchema } from '../contract/draw-schema.ts';
import { boundedBody } from '../http/bounded-body.ts';
import type { BeaconChain } from './chain.ts';
import { BEACON_FAULTS, type BeaconCheck, verifyBeacon } from './verify-beacon.ts';

/** Longer than a period of quicknet: a relay that is asked for the next round answers when it comes. */
export const RELAY_MS_MAX = 5_000;

/** After this, the next relay is asked too. */
export const HEAD_START_MS = 500;

/** A beacon has about 300 bytes; chained schemes have a second signature. */
export const BEACON_BYTES_MAX = 4_096;

/** Relays answer with the same bytes: one signature check is enough for all of them. */
const CHECKS_KEPT_MAX = 16;
const checks = new Kept<BeaconCheck>(CHECKS_KEPT_MAX);

export interface RelayFault {
  relay: string;
  fault: RelayFaultKind;
  /** What was wrong, as the end of "The relay …". Nothing of what the relay wrote is in it. */
  reason: string;
}

export type BeaconAnswer =
  | { kind: 'beacon'; beacon: DrandBeacon; relay: string; faults: readonly RelayFault[] }
  /** At least one relay says that the round is not out yet, and none has it. */
  | { kind: 'notYet'; faults: readonly RelayFault[] }
  | { kind: 'failed'; faults: readonly RelayFault[] };

export interface AskingRelays {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** In the order in which they are asked; the chain's own unless given. */
  relays?: readonly string[];
  timeoutMs?: number;
  headStartMs?: number;
}

type RelayOutcome = { kind: 'beacon'; beacon: DrandBeacon } | ({ kind: 'fault' } & Omit<RelayFault, 'relay'>);

/** Asks for a round. Never rejects: what goes wrong is in the answer. @throws RangeError for a round that no chain has */
export async function fetchBeacon(chain: BeaconChain, round: number, asking: AskingRelays): Promise<BeaconAnswer> {
  roundTime(chain, round); // throws
  const { relays = chain.relays, headStartMs = HEAD_START_MS } = asking;
  const faults: RelayFault[] = [];
  const others = new AbortController();
  let headStart: ReturnType<typeof setTimeout> | null = null;
  let saidNotYet = false;
  try {
    return await new Promise<BeaconAnswer>((resolve) => {
      let started = 0;
      let running = 0;
      const startNext = () => {
        if (headStart !== null) clearTimeout(headStart);
        const relay = relays[started];
        if (relay === undefined) {
          if (running === 0) resolve({ kind: saidNotYet ? 'notYet' : 'failed', faults });
          return;
        }
        started++;
        running++;
        headStart = setTimeout(startNext, headStartMs);
        void askRelay(chain, round, relay, asking, others.signal).then((outcome) => {
          running--;
          if (outcome.kind === 'beacon') return resolve({ kind: 'beacon', beacon: outcome.beacon, relay, faults });
          const { fault, reason } = outcome;
          if (fault === 'notYet') saidNotYet = true;
          faults.push({ relay, fault, reason });
          startNext();
        });
      };
      startNext();
    });
  } finally {
    if (headStart !== null) clearTimeout(headStart);
    others.abort();
  }
}

/** One relay, within its time. */
async function askRelay(
  chain: BeaconChain,
  round: number,
  relay: string,
  { fetch, timeoutMs = RELAY_MS_MAX }: AskingRelays,
  noLongerNeeded: AbortSignal,
): Promise<RelayOutcome> {
  const abort = new AbortController();
  const stop = () => abort.abort();
  noLongerNeeded.addEventListener('abort', stop);
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<RelayOutcome>((resolve) => {
    timer = setTimeout(() => resolve(fault('noAnswer', `did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    // The chain's hash in the path, as every relay has it that serves several chains.
    const url = `${relay}/${chain.hash}/public/${round}`;
    const init = {
      redirect: 'manual',
      cache: 'no-store',
      signal: abort.signal,
      headers: { Accept: 'application/json' },
    };
    const answered = fetch(url, init as RequestInit).then((response) => readAnswer(chain, round, response));
    return await Promise.race([late, answered]);
  } catch (error) {
    return fault('unreachable', `could not be reached (${error instanceof Error ? error.name : 'no reason given'})`);
  } finally {
    if (timer !== null) clearTimeout(timer);
    noLongerNeeded.removeEventListener('abort', stop);
    abort.abort();
  }
}

function fault(kind: RelayFaultKind, reason: string): RelayOutcome {
  return { kind: 'fault', fault: kind, reason };
}

async function readAnswer(chain: BeaconChain, round: number, response: Response): Promise<RelayOutcome> {
  const bytes = await boundedBody(response, BEACON_BYTES_MAX);
  if (bytes === null) return fault('tooLarge', `answered with more than ${BEACON_BYTES_MAX} bytes`);
  const { status } = response;
  // drand answers 404 without a body for a round that is not out, and with a sentence for a chain that it does not serve.
  if (status === 425 || (status === 404 && bytes.length === 0)) {
    return fault('notYet', 'says that the round is not out yet');
  }
  if (status === 404) return fault('otherChain', 'does not serve this chain, or has no such address (HTTP 404)');
  if (status >= 300 && status < 400) return fault('redirect', `redirects (HTTP ${status}), which is not followed`);
  if (status !== 200) return fault('status', `answered with HTTP ${status}`);
  const parsed = drandBeaconSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) return fault('noBeacon', 'answered with something that is no beacon');
  if (parsed.data.round !== round) {
    return fault('otherRound', `answered with round ${parsed.data.round} instead of ${round}`);
  }
  const { randomness, signature } = parsed.data;
  const key = [chain.scheme, chain.publicKey, round, randomness, signature].join(' ');
  const check = checks.of(key, () => verifyBeacon(chain, parsed.data));
  return check.kind === 'genuine'
    ? { kind: 'beacon', beacon: check.beacon }
    : fault('notGenuine', `answered with a beacon that does not verify: ${BEACON_FAULTS[check.fault]}`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return null; // SyntaxError or TypeError: no JSON in UTF-8
  }
}
