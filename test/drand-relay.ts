// Private drand chains for tests, and relays that serve them over HTTP on loopback with drand's own addresses: /chains, /info,
// /public/latest and /public/{round}, with and without the chain's hash before them. A relay can be told to misbehave.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { roundTime } from '../queue-core/draw.ts';
import { listenOnLoopback } from '../scripts/lib/loopback-ports.ts';
import { type BeaconChain, beaconChainSchema } from '../worker/beacon/chain.ts';
import { chainHash } from '../worker/beacon/chain-hash.ts';
import type { DrandBeacon } from '../worker/contract/draw-schema.ts';

const { shortSignatures } = bls12_381;

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

export interface PrivateChain {
  /** Its relays are unreachable; `startDrandRelay` gives the chain with that relay. */
  chain: BeaconChain;
  /** The one beacon of a round, whether it is out or not. */
  sign(round: number): DrandBeacon;
}

/** A chain with a key of its own; the same seed gives the same one. @param genesisTime in seconds since 1970 */
export function privateChain({ genesisTime = 1_700_000_000, period = 3, seed = 'private chain' } = {}): PrivateChain {
  const { secretKey, publicKey } = shortSignatures.keygen(createHash('sha512').update(seed).digest().subarray(0, 48));
  const parameters = {
    publicKey: publicKey.toHex(true),
    scheme: 'bls-unchained-g1-rfc9380' as const,
    genesisTime,
    period,
    groupHash: hexOf(sha256(Buffer.from(`group of ${seed}`))),
    beaconId: 'private',
  };
  const relays = ['http://127.0.0.1:9'];
  return {
    chain: beaconChainSchema.parse({ ...parameters, hash: chainHash(parameters), relays }),
    sign(round) {
      const number = Buffer.alloc(8);
      number.writeBigUInt64BE(BigInt(round));
      const message = shortSignatures.hash(sha256(number), 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_');
      const signature = shortSignatures.sign(message, secretKey).toBytes(true);
      return { round, randomness: hexOf(sha256(signature)), signature: hexOf(signature) };
    },
  };
}

export type RelayBehaviour =
  | { kind: 'honest' }
  /** Rounds come so much later than they are due; Infinity: never. */
  | { kind: 'late'; ms: number }
  /** Closes connections. */
  | { kind: 'down' }
  /** Accepts requests and never answers. */
  | { kind: 'silent' }
  /** Answers after so long. */
  | { kind: 'slow'; ms: number }
  /** Answers every request for a round with an older one; `relabelled`: under the number that was asked for. */
  | { kind: 'replay'; rounds: number; relabelled: boolean }
  /** Another signature than the chain's: that of another chain, or with one bit flipped. */
  | { kind: 'forged'; by: PrivateChain }
  | { kind: 'flipped'; field: 'randomness' | 'signature' }
  /** Answers every request like this. */
  | { kind: 'answer'; status: number; body: string; headers?: Record<string, string> };

export interface DrandRelay {
  url: string;
  /** The chain with this relay as its only one. */
  chain: BeaconChain;
  behaviour: RelayBehaviour;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  stop(): Promise<void>;
}

/** @param now the clock by which rounds come out */
export async function startDrandRelay(
  { chain, sign }: PrivateChain,
  { behaviour = { kind: 'honest' } as RelayBehaviour, now = Date.now } = {},
): Promise<DrandRelay> {
  const server = createServer((request, response) => void answer(request, response));
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const relay: DrandRelay = {
    url,
    chain: { ...chain, relays: [url] },
    behaviour,
    requests: [],
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    relay.requests.push(path);
    const { behaviour: how } = relay;
    if (how.kind === 'down') return void request.socket.destroy();
    if (how.kind === 'silent') return;
    if (how.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, how.ms));
    if (how.kind === 'answer') return void response.writeHead(how.status, how.headers).end(how.body);
    const json = (document: unknown) =>
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
    const [, hash, rest = ''] = /^(?:\/([0-9a-f]{64}))?(\/.*)$/.exec(path) ?? [];
    if (hash !== undefined && hash !== chain.hash) {
      return void response.writeHead(404).end('there is no BeaconHandler for this hash\n');
    }
    if (rest === '/chains') return void json([chain.hash]);
    if (rest === '/info') return void json(infoOf(chain));
    const [, name = ''] = /^\/public\/(latest|\d{1,15})$/.exec(rest) ?? [];
    if (name === '') return void response.writeHead(404).end('404 page not found\n');
    const delayMs = how.kind === 'late' ? how.ms : 0;
    const latest = Math.floor((now() - delayMs - roundTime(chain, 1)) / (chain.period * 1000)) + 1;
    const round = name === 'latest' ? latest : Number(name);
    // As drand does: nothing in the body.
    if (round > latest || round < 1) return void response.writeHead(404).end();
    json(beaconAs(round, how));
  }

  function beaconAs(round: number, how: RelayBehaviour): DrandBeacon {
    switch (how.kind) {
      case 'replay': {
        const older = sign(Math.max(1, round - how.rounds));
        return how.relabelled ? { ...older, round } : older;
      }
      case 'forged':
        return how.by.sign(round);
      case 'flipped': {
        const beacon = sign(round);
        return { ...beacon, [how.field]: flipped(beacon[how.field]) };
      }
      default:
        return sign(round);
    }
  }

  return relay;
}

/** /info of drand, version 1. */
export function infoOf({ hash, publicKey, scheme, genesisTime, period, groupHash, beaconId }: BeaconChain) {
  return {
    public_key: publicKey,
    period,
    genesis_time: genesisTime,
    hash,
    groupHash,
    schemeID: scheme,
    metadata: { beaconID: beaconId },
  };
}

/** The same hex with one bit flipped. */
export function flipped(hex: string, bit = hex.length * 4 - 1): string {
  const bytes = Buffer.from(hex, 'hex');
  const at = bit >> 3;
  bytes[at] = (bytes[at] ?? 0) ^ (0x80 >> (bit & 7));
  return bytes.toString('hex');
}
