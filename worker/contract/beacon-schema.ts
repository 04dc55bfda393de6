// What operators are told of the relays of public randomness: whether each answers now, and what was wrong with those that did not.
// Causes are a closed list, so that a client can explain them in its own language.

import * as z from 'zod';
import { drandBeaconFields, drandChainFields } from './draw-schema.ts';
import { count, moment } from './value-schema.ts';

/** What a relay did wrong; nothing of what it wrote is in it. */
export const RELAY_FAULTS = [
  'noAnswer',
  'unreachable',
  'tooLarge',
  'notYet',
  'otherChain',
  'redirect',
  'status',
  'noBeacon',
  'otherRound',
  'notGenuine',
] as const;
export type RelayFaultKind = (typeof RELAY_FAULTS)[number];

const relay = z.string().describe('Host of the relay.');
const fault = z.enum(RELAY_FAULTS);

export const relayFaultSchema = z.object({ relay, fault });

export const beaconTestSchema = z.object({
  at: moment,
  chain: z
    .object({ hash: drandChainFields.hash, genesisTime: count, period: count })
    .describe('The chain that new openings with public randomness use.'),
  round: drandBeaconFields.round.describe('The latest round that was due, by the gateway’s clock.'),
  relays: z
    .array(
      z.object({
        relay,
        ms: count.describe('Until it had answered, or was given up.'),
        fault: fault.nullable().describe('null: it has the round, and the signature is genuine.'),
      }),
    )
    .describe('In the order in which a draw asks them.'),
});
export type BeaconTest = z.output<typeof beaconTestSchema>;
