// Published draws for tests: an honest one on a private chain, made with the gateway's own code, and the tokens of its visitors. A
// test changes what a dishonest operator would change.

import type { JSONWebKeySet } from 'jose';
import { commitTo, drawSeed, NO_BEACON, roundAfter, roundTime } from '../queue-core/draw.ts';
import { type EpochMs, rfc3339 } from '../queue-core/time.ts';
import { drandChainSchema, type PublishedDraw } from '../worker/contract/draw-schema.ts';
import { newSigningKey } from '../worker/tokens/signing-keys.ts';
import { type QueueToken, Tokens } from '../worker/tokens/tokens.ts';
import { type PrivateChain, privateChain } from './drand-relay.ts';

export const CHAIN = privateChain();
export const OPENS_AT: EpochMs = Date.parse('2027-08-05T11:00:00.000Z');
const SECRET = 'a5'.repeat(32);
export const ENTRIES = 300;

export interface DrawOptions {
  chain?: PrivateChain | null;
  opensAt?: EpochMs;
  entries?: number;
  secret?: string;
  afterDeadline?: 'wait' | 'withoutBeacon';
}

/** A draw as an honest gateway publishes it; `chain` null: without a beacon. */
export function honestDraw(options: DrawOptions = {}): PublishedDraw {
  const { chain = CHAIN, opensAt = OPENS_AT, entries = ENTRIES, secret = SECRET, afterDeadline = 'wait' } = options;
  const beacon = chain?.sign(roundAfter(chain.chain, opensAt)) ?? null;
  return {
    format: 'fairgate/draw/v1',
    room: 'demo',
    epoch: 3,
    state: 'drawn',
    commitments: [{ commitment: commitTo(secret), at: rfc3339(opensAt - 86_400_000) }],
    opensAt: rfc3339(opensAt),
    beacon:
      chain === null || beacon === null
        ? null
        : {
            chain: drandChainSchema.parse(chain.chain),
            ...beacon,
            deadline: rfc3339(roundTime(chain.chain, beacon.round) + 300_000),
            afterDeadline,
          },
    entries,
    secret,
    seed: drawSeed(secret, beacon?.randomness ?? NO_BEACON, entries),
  };
}

/** The same draw as it was published before. */
export function earlierState(draw: PublishedDraw, state: 'committed' | 'drawing'): PublishedDraw {
  const beacon = draw.beacon === null ? null : { ...draw.beacon, randomness: null, signature: null };
  return { ...draw, state, beacon, entries: state === 'committed' ? null : draw.entries, secret: null, seed: null };
}

/** A draw with another secret, N or randomness, and a seed that follows from them. */
export function reseeded(draw: PublishedDraw): PublishedDraw {
  const { secret, beacon, entries } = draw;
  return { ...draw, seed: drawSeed(secret ?? '', beacon?.randomness ?? NO_BEACON, entries ?? 0) };
}

export interface Issuer {
  keys: JSONWebKeySet;
  /** A queue token under the draw's commitment, issued an hour before the opening unless it says otherwise. */
  token(draw: PublishedDraw, place: QueueToken['place'], change?: Partial<QueueToken>): Promise<string>;
  /** A token of another kind, by the same key. */
  admission(draw: PublishedDraw): Promise<string>;
}

let visitors = 0;

export async function newIssuer(): Promise<Issuer> {
  const tokens = await Tokens.load('https://gate.example', { keys: [await newSigningKey(0)] });
  return {
    keys: tokens.jwks as JSONWebKeySet,
    token({ room, epoch, commitments, opensAt }, place, change = {}) {
      const visitor = String(visitors++).padStart(22, '0');
      const issuedAt = Date.parse(opensAt) - 3_600_000;
      const commitment = commitments.at(-1)?.commitment ?? '';
      return tokens.issueQueue({ room, epoch, visitor, place, commitment, issuedAt, ...change }, Date.parse(opensAt));
    },
    admission({ room, epoch, opensAt }) {
      const at = Date.parse(opensAt);
      const times = { issuedAt: at, admitAt: at, expiresAt: at + 60_000, presentBy: null };
      return tokens.issueAdmission({ room, epoch, visitor: 'v'.repeat(22), position: 1, sid: 'a', ...times }, 'urn:a');
    },
  };
}
