// Policies, settings and commands for tests of the queue's rules and of the stores that run them.

import type { Actor } from '../../queue-core/audit.ts';
import type { Change, Command, Reply } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import type { DrawSecret } from '../../queue-core/draw.ts';
import { type Beacon, commitTo, roundAfter, type SealedSecret } from '../../queue-core/draw.ts';
import type { BeaconChoice, HealthPolicy, Policy, RoomSettings, StockPolicy } from '../../queue-core/policy.ts';
import type { EpochMs } from '../../queue-core/time.ts';

export const SECRET = '5e'.repeat(32);
export const OTHER_SECRET = 'a7'.repeat(32);

/** Time of the first command in these tests. */
export const T0: EpochMs = 1_626_260_400_000;

/** As a gateway that has the key seals it. */
export function sealed(secret: string): SealedSecret {
  return { commitment: commitTo(secret), sealed: 'key.nonce' };
}

/** A chain with a round every 3 s, the first of them at T0. */
export const BEACON_CHOICE: BeaconChoice = {
  chain: {
    hash: 'c4'.repeat(32),
    publicKey: '8a'.repeat(96),
    scheme: 'bls-unchained-g1-rfc9380',
    genesisTime: T0 / 1_000,
    period: 3,
    groupHash: '00'.repeat(32),
    beaconId: 'test',
  },
  deadlineMs: 60_000,
  afterDeadline: 'wait',
};

/** The round that a draw waits for; the rules do not check who signed it. */
export function beaconFor(opensAt: EpochMs, { chain }: BeaconChoice = BEACON_CHOICE): Beacon {
  const signature = '9b'.repeat(48);
  return { round: roundAfter(chain, opensAt), randomness: commitTo(signature), signature };
}

export function draw(secret: string, beacon: Beacon | null, epoch = 1): Command {
  return { kind: 'draw', epoch, secret, beacon };
}

export const OPERATOR: Actor = { id: 'key-1', name: 'Operator', role: 'operator', address: '192.0.2.7' };

/** What is left lets everybody in, until nothing is. */
export const NO_STOCK: StockPolicy = { peoplePercent: null, freshSeconds: 60 };

export function healthPolicy(changes: Partial<HealthPolicy> = {}): HealthPolicy {
  const thresholds = { errorPercentMax: 50, slowFactor: 4, slowMs: null };
  return { mode: 'protect', ...thresholds, rateFloor: 1, peopleFloor: null, probePath: '/', ...changes };
}

export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    newUsersPerMinute: 600,
    totalActiveUsers: 1_000,
    sessionMs: 5 * 60_000,
    sessionRenewal: true,
    sessionTotalMsMax: 60 * 60_000,
    claimWindowMs: 2 * 60_000,
    queueingStatusCode: 200,
    stock: NO_STOCK,
    health: healthPolicy(),
    ...changes,
  };
}

export function settings(
  changes: Partial<Policy> = {},
  schedule: Partial<RoomSettings['schedule']> = {},
): RoomSettings {
  return {
    room: 'demo',
    policy: policy(changes),
    schedule: { prequeueAt: null, opensInMs: 0, closesAt: null, beacon: null, ...schedule },
  };
}

export function configure(roomSettings: RoomSettings, digest = 'first', secret: DrawSecret = SECRET): Command {
  return { kind: 'configure', by: OPERATOR, settings: roomSettings, digest, secret };
}

let changes = 0;

/** The number of an opening that begins at this time in place of another. */
export const epochAt = (now: EpochMs) => Math.floor(now);

/** An operator's change with an id of its own, who has confirmed whatever it does to people. */
export function change(wanted: Change, ifVersion: number | null = null): Extract<Command, { kind: 'change' }> {
  changes++;
  const confirm = { opensNow: true, closesNow: true, endsPlaces: true } as const;
  return { kind: 'change', id: `change-${changes}`, by: OPERATOR, ifVersion, confirm, change: wanted };
}

export function join(name: string, admit = false): Command {
  return { kind: 'join', visitor: `visitor-${name}`, sid: admit ? `sid-${name}` : null };
}

export function lease(count: number): Extract<Command, { kind: 'lease' }> {
  return { kind: 'lease', count, ahead: 0 };
}

/** Numbers that a reply gives to a visitor or to a gateway. */
export function numbersOf(reply: Reply): number[] {
  if (reply.kind === 'joined') return [reply.place.number];
  return reply.kind === 'leased' ? Array.from({ length: reply.count }, (_, index) => reply.first + index) : [];
}

export function claim(position: number, name: string, epoch = 1): Command {
  return { kind: 'claim', epoch, position, visitor: `visitor-${name}`, sid: `sid-${name}` };
}

/** What one gateway saw at the origin: so many requests of admitted visitors, some of which failed. */
export function seenAtOrigin(
  seq: number,
  { requests, failures = 0, meanMs = 100 }: { requests: number; failures?: number; meanMs?: number },
): Extract<Command, { kind: 'report' }> {
  const timed = requests - failures;
  const health = { requests, failures, timed, totalMs: timed * meanMs };
  const observed = requests === 0 ? NOTHING_OBSERVED : { ...NOTHING_OBSERVED, health };
  return { kind: 'report', gateway: 'gateway-1', seq, version: 0, observed, elapsedMs: 1_000 };
}
