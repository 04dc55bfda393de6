// What `GET /_fairgate/rooms/{room}/draw` publishes: everything that a stranger needs to recompute the draw. docs/draw.md says
// what each field is in bytes, and what follows from it. The rule itself is in queue-core/draw.ts.

import * as z from 'zod';
import { count, moment } from './value-schema.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be 32 bytes in lower-case hex');

/** The parameters of a drand chain, from which its hash follows. */
export const drandChainFields = {
  hash: digest.describe('SHA-256 over the other parameters: what names the chain.'),
  publicKey: z
    .string()
    .regex(/^[0-9a-f]{192}$/, 'must be a point of G2, 96 bytes in lower-case hex')
    .describe('The key that signs every round.'),
  scheme: z.literal('bls-unchained-g1-rfc9380').describe('Signatures on G1, keys on G2, each round signed by itself.'),
  genesisTime: z.int().min(1).max(253_402_300_799).describe('When round 1 came, in seconds since 1970.'),
  period: z.int().min(1).max(86_400).describe('Seconds between two rounds.'),
  groupHash: digest.describe('The hash of the first group of nodes, an input of the chain’s hash.'),
  beaconId: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, _, . or -')
    .describe('The chain’s name among its nodes, an input of the chain’s hash.'),
} as const;

export const drandChainSchema = z.object(drandChainFields);
export type DrandChain = z.output<typeof drandChainSchema>;

/** One round of a chain, as drand publishes it. */
export const drandBeaconFields = {
  round: z.int().min(1),
  randomness: digest.describe('SHA-256 of the signature.'),
  signature: z.string().regex(/^[0-9a-f]{96}$/, 'must be a point of G1, 48 bytes in lower-case hex'),
} as const;

export const drandBeaconSchema = z.object(drandBeaconFields);
export type DrandBeacon = z.output<typeof drandBeaconSchema>;

/** What applies where the round has not come by the deadline. */
export const AFTER_DEADLINE = ['wait', 'withoutBeacon'] as const;

export const drawSchema = z.strictObject({
  format: z.literal('fairgate/draw/v1').describe('The rule by which the draw is made.'),
  room: z.string(),
  epoch: count.min(1).describe('The opening; each one has a draw of its own.'),
  state: z
    .enum(['committed', 'drawing', 'drawn'])
    .describe('Before the opening; N is frozen and the beacon awaited; everything is public.'),
  commitments: z
    .array(z.object({ commitment: digest, at: moment }))
    .min(1)
    .max(100)
    .describe('Every commitment of this opening, SHA-256 of the secret, in order; an honest draw has one.'),
  opensAt: moment,
  beacon: z
    .object({
      chain: drandChainSchema,
      round: drandBeaconFields.round.describe('The first round at least 3 s after the opening.'),
      randomness: drandBeaconFields.randomness.nullable(),
      signature: drandBeaconFields.signature.nullable(),
      deadline: moment.describe('Until when the room waits for the round.'),
      afterDeadline: z
        .enum(AFTER_DEADLINE)
        .describe(
          'What was chosen at scheduling: to wait on, or to draw with 32 zero bytes instead, which proves less.',
        ),
    })
    .nullable()
    .describe('null: the room was scheduled without a beacon, and the draw uses 32 zero bytes in its place.'),
  entries: count.min(0).nullable().describe('N, frozen at the opening; null before it.'),
  secret: digest.nullable().describe('32 bytes; null until drawn.'),
  seed: digest.nullable().describe('SHA-256("fairgate/draw/v1" || secret || beacon || uint64be(N)); null until drawn.'),
});
export type PublishedDraw = z.output<typeof drawSchema>;
