// A drand chain as a setting: its parameters, which must give its hash, and the relays that serve it. Which round a draw uses
// follows from the opening alone. No clock is read here, and nothing of the pairing is loaded: verify-beacon.ts has that.

import * as z from 'zod';
import type { EpochMs } from '../../queue-core/time.ts';
import { type DrandChain, drandChainFields } from '../contract/draw-schema.ts';
import { isLoopback } from '../contract/loopback.ts';
import { chainHash } from './chain-hash.ts';
import { QUICKNET_CHAIN } from './quicknet.ts';

/** Each relay may cost a request and a signature check. */
export const RELAYS_OF_CHAIN_MAX = 8;

const relayUrl = z
  .string()
  .max(300)
  .refine(
    isRelayUrl,
    'must be the https address of a drand relay without user, query and fragment; http only on loopback',
  )
  .transform((text) => text.replace(/\/+$/, ''));

function isRelayUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || /[?#]/.test(text)) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

/** A chain whose hash follows from its parameters: one changed character of the key is noticed. */
export const beaconChainSchema = z
  .strictObject({ ...drandChainFields, relays: z.array(relayUrl).min(1).max(RELAYS_OF_CHAIN_MAX) })
  .superRefine((chain, context) => {
    const hash = chainHash(chain);
    if (hash === chain.hash) return;
    const message = `must be the hash of the other parameters, which is ${hash}: copy all of them from the /info of one relay`;
    context.addIssue({ code: 'custom', path: ['hash'], message });
  });

export type BeaconChain = z.output<typeof beaconChainSchema>;

/** Relays as drand's documentation lists them for the main network. */
export const QUICKNET: BeaconChain = {
  ...QUICKNET_CHAIN,
  relays: ['https://api.drand.sh', 'https://drand.cloudflare.com', 'https://api2.drand.sh', 'https://api3.drand.sh'],
};

/** The last round that is due at a moment; 1 where the chain begins later. */
export function latestRound({ genesisTime, period }: Pick<DrandChain, 'genesisTime' | 'period'>, at: EpochMs): number {
  return Math.max(1, Math.floor((at - genesisTime * 1_000) / (period * 1_000)) + 1);
}
