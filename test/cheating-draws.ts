// Draws that dishonest operators publish: each way to cheat, and the checks of `npm run verify-draw` that have to find it.

import type { CheckName } from '../scripts/draw/draw-checks.ts';
import type { PublishedDraw } from '../worker/contract/draw-schema.ts';
import { flipped, privateChain } from './drand-relay.ts';
import { CHAIN, ENTRIES, earlierState, honestDraw, OPENS_AT, reseeded } from './published-draws.ts';

export const HONEST = honestDraw();

export function beaconOf({ beacon }: PublishedDraw): NonNullable<PublishedDraw['beacon']> {
  if (beacon === null) throw new TypeError('The draw has no beacon.');
  return beacon;
}

/** The honest draw with another beacon, and everything else made to fit. */
const withBeacon = (change: Partial<NonNullable<PublishedDraw['beacon']>>): PublishedDraw =>
  reseeded({ ...HONEST, beacon: { ...beaconOf(HONEST), ...change } });

/** Each way, what an operator publishes then, and the checks that find it. */
const WAYS: [string, () => PublishedDraw, CheckName[]][] = [
  ['swaps the secret', () => reseeded({ ...HONEST, secret: 'b6'.repeat(32) }), ['secret']],
  ['swaps the secret and keeps the seed', () => ({ ...HONEST, secret: 'b6'.repeat(32) }), ['secret', 'seed']],
  ['withholds the secret', () => ({ ...HONEST, secret: null }), ['secret', 'seed']],
  ['publishes a seed that suits', () => ({ ...HONEST, seed: 'c7'.repeat(32) }), ['seed']],
  ['withholds the seed', () => ({ ...HONEST, seed: null }), ['seed', 'positions']],
  ['raises N afterwards', () => ({ ...HONEST, entries: ENTRIES + 1 }), ['seed']],
  ['lowers N afterwards', () => ({ ...HONEST, entries: ENTRIES - 1 }), ['seed']],
  ['withholds N', () => ({ ...HONEST, entries: null }), ['seed', 'positions']],
  [
    'commits a second time',
    () => {
      const second = honestDraw({ secret: 'd8'.repeat(32) });
      return { ...second, commitments: [...HONEST.commitments, ...second.commitments] };
    },
    ['commitments'],
  ],
  [
    'commits after the opening',
    () => ({ ...HONEST, commitments: HONEST.commitments.map((one) => ({ ...one, at: '2027-08-05T11:00:02.000Z' })) }),
    ['commitments'],
  ],
  ['uses an older round', () => withBeacon(CHAIN.sign(beaconOf(HONEST).round - 1)), ['round']],
  ['uses a round of long ago', () => withBeacon(CHAIN.sign(1)), ['round']],
  ['uses a later round', () => withBeacon(CHAIN.sign(beaconOf(HONEST).round + 1)), ['round']],
  ['uses a round that no date has', () => withBeacon(CHAIN.sign(Number.MAX_SAFE_INTEGER)), ['round']],
  [
    'calls an older round by the right number',
    () => withBeacon({ ...CHAIN.sign(beaconOf(HONEST).round - 1), round: beaconOf(HONEST).round }),
    ['beacon'],
  ],
  ['uses a chain of their own', () => honestDraw({ chain: privateChain({ seed: 'own' }) }), ['chain']],
  [
    'gives a key of their own the hash of the trusted chain',
    () => {
      const own = honestDraw({ chain: privateChain({ seed: 'own' }) });
      const beacon = beaconOf(own);
      return { ...own, beacon: { ...beacon, chain: { ...beacon.chain, hash: CHAIN.chain.hash } } };
    },
    ['chain'],
  ],
  [
    'signs with a key of their own for the trusted chain',
    () => withBeacon(privateChain({ seed: 'own' }).sign(beaconOf(HONEST).round)),
    ['beacon'],
  ],
  [
    'changes when the chain began, to get another round',
    () => {
      const { chain } = beaconOf(HONEST);
      return withBeacon({ ...CHAIN.sign(1), chain: { ...chain, genesisTime: OPENS_AT / 1000 + 3 } });
    },
    ['chain'],
  ],
  [
    'tampers with the randomness',
    () => withBeacon({ randomness: flipped(beaconOf(HONEST).randomness ?? '') }),
    ['beacon'],
  ],
  [
    'tampers with the signature',
    () => withBeacon({ signature: flipped(beaconOf(HONEST).signature ?? '') }),
    ['beacon'],
  ],
  [
    'publishes the identity as signature, and its hash',
    () =>
      withBeacon({
        signature: `c0${'00'.repeat(47)}`,
        randomness: '5f0657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014',
      }),
    ['beacon'],
  ],
  ['publishes randomness without its signature', () => withBeacon({ signature: null }), ['beacon']],
  [
    'withholds the beacon and draws without it',
    () => reseeded({ ...HONEST, beacon: { ...beaconOf(HONEST), randomness: null, signature: null } }),
    ['beacon'],
  ],
  ['does not draw', () => earlierState(HONEST, 'drawing'), ['state', 'secret', 'beacon', 'seed', 'positions']],
  ['does not open', () => earlierState(HONEST, 'committed'), ['state', 'secret', 'beacon', 'seed', 'positions']],
  ['calls a draw complete that is not', () => ({ ...HONEST, state: 'drawing' }), ['state']],
];

export const CHEATING: [string, PublishedDraw, CheckName[]][] = WAYS.map(([how, publish, checks]) => [
  how,
  publish(),
  checks,
]);
