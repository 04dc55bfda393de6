// Whether a published draw is proven: recomputes everything from the document of docs/draw.md with Node's SHA-256, the pairing of
// @noble/curves and a shuffle that is not the gateway's. No code of the gateway's own draw is used, so no fault can be shared. What is
// missing or contradicts itself is a check that fails, never one that is left out.

import { createHash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import * as z from 'zod';
import type { BeaconAnswer } from '../../worker/beacon/fetch-beacon.ts';
import type { DrandChain, PublishedDraw } from '../../worker/contract/draw-schema.ts';
import { type AllPositions, allPositions, isPermutation } from './all-positions.ts';

/** Positions take 12 bytes each while they are computed. */
export const ENTRIES_MAX = 20_000_000;

const ROUND_AFTER_OPENING_MS = 3_000;

/** A queue token ends so long after the opening that was planned when it was issued. */
const TOKEN_AFTER_OPENING_SECONDS = 7 * 24 * 3_600;

const NO_BEACON = '00'.repeat(32);

export interface DrawEvidence {
  draw: PublishedDraw;
  /** Copies of the document from before, with the names of their files. */
  earlier: readonly { name: string; draw: PublishedDraw }[];
  /** Queue tokens, with names that can be printed: a token itself is a place in the line. */
  tokens: readonly { name: string; jwt: string }[];
  /** null: no tokens are checked. */
  keys: JSONWebKeySet | null;
  /** Entries whose positions are asked for without a token. */
  entries: readonly number[];
  /** Hash of the one chain that is trusted. */
  trustedChain: string;
  /** A draw without public randomness is not proven. */
  requireBeacon: boolean;
  /** What relays said of the round; null: they were not asked. */
  relays: BeaconAnswer | null;
}

/** One for each kind of statement; docs/draw.md says what each one finds. */
export type CheckName =
  | 'state'
  | 'commitments'
  | 'secret'
  | 'chain'
  | 'round'
  | 'beacon'
  | 'relays'
  | 'seed'
  | 'positions'
  | 'earlier copy'
  | 'token'
  | 'entry';

export interface Check {
  check: CheckName;
  /** `note`: worth knowing, and no proof of anything. */
  outcome: 'holds' | 'fails' | 'note';
  text: string;
  /** The check fails only because the draw is not made yet: nothing contradicts it. */
  awaitsDraw?: true;
}

export interface PlaceFound {
  name: string;
  entry: number | null;
  position: number;
}

export interface DrawVerdict {
  proven: boolean;
  withPublicRandomness: boolean;
  /** What computed the positions; null: they could not be. */
  positionsBy: string | null;
  checks: Check[];
  places: PlaceFound[];
}

export async function verifyDraw(evidence: DrawEvidence): Promise<DrawVerdict> {
  const { draw } = evidence;
  const positions = await positionsOf(draw);
  const places: PlaceFound[] = [];
  const checks: Check[] = [
    stateCheck(draw),
    ...commitmentChecks(draw),
    ...beaconChecks(evidence),
    seedCheck(draw),
    positionsCheck(draw, positions),
    ...evidence.earlier.flatMap(({ name, draw: copy }) => earlierChecks(draw, name, copy)),
    ...(await tokenChecks(evidence, positions, places)),
    ...entryChecks(evidence, positions, places),
  ];
  return {
    proven: checks.every(({ outcome }) => outcome !== 'fails'),
    withPublicRandomness: draw.beacon !== null && draw.beacon.randomness !== null,
    positionsBy: positions?.by ?? null,
    checks,
    places,
  };
}

const holds = (check: CheckName, text: string): Check => ({ check, outcome: 'holds', text });
const fails = (check: CheckName, text: string): Check => ({ check, outcome: 'fails', text });
const unpublished = ({ state }: Pick<PublishedDraw, 'state'>, check: CheckName, text: string): Check =>
  state === 'drawn' ? fails(check, text) : { ...fails(check, text), awaitsDraw: true };
const note = (check: CheckName, text: string): Check => ({ check, outcome: 'note', text });

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const bytesOf = (hex: string) => Buffer.from(hex, 'hex');

function uint64be(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** What a document or a token says may be beyond every date. */
function timeText(at: number): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? 'a time beyond every date' : time.toISOString();
}

function stateCheck(draw: PublishedDraw): Check {
  const { state, opensAt } = draw;
  switch (state) {
    case 'drawn':
      return holds('state', 'The draw is made, and everything of it is published.');
    case 'drawing':
      return unpublished(draw, 'state', 'The draw is not made yet: the beacon is awaited. Fetch the document again.');
    case 'committed':
      return unpublished(
        draw,
        'state',
        `The draw is not made yet: the opening is at ${opensAt}. Fetch the document again after it.`,
      );
  }
}

function commitmentChecks(draw: PublishedDraw): Check[] {
  const { commitments, secret, opensAt, entries } = draw;
  const all = commitments.map(({ commitment, at }) => `${commitment} at ${at}`).join(', ');
  const late = commitments.filter(({ at }) => Date.parse(at) > Date.parse(opensAt));
  const [first] = commitments;
  const last = commitments.at(-1);
  const made =
    commitments.length !== 1
      ? fails(
          'commitments',
          `There are ${commitments.length} commitments for one opening: ${all}. The secret was chosen again.`,
        )
      : late.length > 0 && entries !== 0
        ? fails('commitments', `The commitment was made at ${first?.at}, after the opening at ${opensAt}.`)
        : holds('commitments', `There is one commitment for this opening, made at ${first?.at}.`);
  if (secret === null) return [made, unpublished(draw, 'secret', 'The secret is not published.')];
  const commitment = sha256(bytesOf(secret)).toString('hex');
  return [
    made,
    commitment === last?.commitment
      ? holds('secret', 'The SHA-256 of the secret is the commitment.')
      : fails(
          'secret',
          `The secret is another one: its SHA-256 is ${commitment}, the commitment is ${last?.commitment}.`,
        ),
  ];
}

function beaconChecks({ draw, trustedChain, requireBeacon, relays }: DrawEvidence): Check[] {
  const { beacon, opensAt, state } = draw;
  if (beacon === null) {
    const text = 'The room was scheduled without a beacon: 32 zero bytes take its place.';
    return requireBeacon
      ? [fails('beacon', `${text} Public randomness was asked for.`)]
      : [
          holds('beacon', text),
          note('beacon', 'Who knew the secret before the opening could try how many entries to add.'),
        ];
  }
  const { chain, round, randomness, signature, deadline } = beacon;
  const checks = [chainCheck(chain, trustedChain), roundCheck(chain, round, opensAt)];
  if (randomness === null || signature === null) {
    const drawn = `The draw was made without the beacon that was chosen at scheduling. Nobody outside can tell a beacon that had not come by ${deadline} from one that was withheld.`;
    const text = state === 'drawn' ? drawn : `The beacon of round ${round} is not published yet.`;
    checks.push(unpublished(draw, 'beacon', text));
  } else {
    checks.push(signatureCheck(chain, round, randomness, signature));
  }
  if (relays !== null) checks.push(relaysCheck(relays, round, signature));
  return checks;
}

function chainCheck(chain: DrandChain, trusted: string): Check {
  const times = Buffer.alloc(12);
  times.writeUInt32BE(chain.period);
  times.writeBigInt64BE(BigInt(chain.genesisTime), 4);
  const id = chain.beaconId === 'default' ? '' : chain.beaconId;
  const hash = sha256(times, bytesOf(chain.publicKey), bytesOf(chain.groupHash), Buffer.from(id)).toString('hex');
  if (hash !== chain.hash) {
    return fails(
      'chain',
      `The chain calls itself ${chain.hash}, but its parameters give ${hash}: its key is another one.`,
    );
  }
  return hash === trusted
    ? holds('chain', `The beacon is of the chain "${chain.beaconId}", whose key follows from its hash ${hash}.`)
    : fails(
        'chain',
        `The beacon is of the chain ${hash}, which is not the trusted one, ${trusted}. Who makes a chain of their own knows its randomness beforehand. If you trust this one, name it with --chain.`,
      );
}

function roundCheck({ genesisTime, period }: DrandChain, round: number, opensAt: string): Check {
  const due = (number: number) => (genesisTime + (number - 1) * period) * 1000;
  const from = Date.parse(opensAt) + ROUND_AFTER_OPENING_MS;
  const isFirst = due(round) >= from && (round === 1 || due(round - 1) < from);
  const text = `round ${round}, due ${timeText(due(round))}`;
  if (isFirst) return holds('round', `The beacon is of ${text}, the first one at least 3 s after the opening.`);
  const which = due(round) < from ? 'too early: its randomness was known before N was frozen' : 'not the first one';
  return fails('round', `The beacon is of ${text}, for an opening at ${opensAt}: ${which}.`);
}

/** BLS on G1 under a key on G2 (drand, bls-unchained-g1-rfc9380). */
function signatureCheck(chain: DrandChain, round: number, randomness: string, signature: string): Check {
  if (sha256(bytesOf(signature)).toString('hex') !== randomness) {
    return fails('beacon', 'The randomness is not the SHA-256 of the signature.');
  }
  const { G2, shortSignatures } = bls12_381;
  try {
    const key = G2.Point.fromHex(chain.publicKey);
    const point = shortSignatures.Signature.fromHex(signature);
    const message = shortSignatures.hash(sha256(uint64be(round)), 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_');
    if (shortSignatures.verify(point, message, key)) {
      return holds('beacon', `The signature is the chain's for round ${round}, and the randomness is its SHA-256.`);
    }
  } catch {
    // Error of a decoder: no point of the group. The same answer as for a signature of another key. (The identity never verifies.)
  }
  return fails('beacon', `The signature is not the chain's for round ${round}.`);
}

function relaysCheck(answer: BeaconAnswer, round: number, published: string | null): Check {
  const faults = answer.faults.map(({ relay, reason }) => `${relay} ${reason}`).join('; ');
  if (answer.kind !== 'beacon') return note('relays', `No relay has round ${round}: ${faults || 'none was asked'}.`);
  const { relay, beacon } = answer;
  if (published === null) {
    return fails('relays', `Round ${round} was published: ${relay} has it, with the randomness ${beacon.randomness}.`);
  }
  return beacon.signature === published
    ? holds('relays', `${relay} has the same beacon for round ${round}.`)
    : fails('relays', `${relay} has another beacon for round ${round}, with the signature ${beacon.signature}.`);
}

function seedCheck(draw: PublishedDraw): Check {
  const { secret, beacon, entries, seed } = draw;
  if (secret === null || entries === null || seed === null) {
    return unpublished(draw, 'seed', 'Secret, N or seed is not published, so the seed cannot be recomputed.');
  }
  const randomness = beacon?.randomness ?? NO_BEACON;
  const parts = [Buffer.from('fairgate/draw/v1', 'ascii'), bytesOf(secret), bytesOf(randomness), uint64be(entries)];
  const expected = sha256(...parts).toString('hex');
  return seed === expected
    ? holds(
        'seed',
        `The seed follows from the secret, the ${beacon?.randomness ? 'beacon' : 'zero bytes'} and N = ${entries}.`,
      )
    : fails(
        'seed',
        `The seed is ${seed}; secret, ${beacon?.randomness ? 'beacon' : 'zero bytes'} and N = ${entries} give ${expected}. One of them was changed.`,
      );
}

async function positionsOf({ entries, seed }: PublishedDraw): Promise<AllPositions | null> {
  return entries === null || seed === null || entries > ENTRIES_MAX ? null : allPositions(entries, seed);
}

export function positionsCheck(draw: Pick<PublishedDraw, 'entries' | 'state'>, all: AllPositions | null): Check {
  const { entries } = draw;
  if (all === null) {
    return (entries ?? 0) > ENTRIES_MAX
      ? fails('positions', `N is ${entries}; this command recomputes up to ${ENTRIES_MAX} positions.`)
      : unpublished(draw, 'positions', 'N or the seed is not published, so no position can be recomputed.');
  }
  return isPermutation(all.positions)
    ? holds('positions', `The positions of all ${entries} entries were recomputed: each from 1 to ${entries} once.`)
    : fails('positions', `The recomputed positions are not those from 1 to ${entries}, each once.`);
}

/** Whether a document agrees with a copy of it from before, in whatever state it is now. */
export function earlierChecks(draw: PublishedDraw, name: string, copy: PublishedDraw): Check[] {
  const faults: string[] = [];
  if (copy.room !== draw.room || copy.epoch !== draw.epoch) {
    const text = `${name} is of opening ${copy.epoch} of room ${copy.room}, not of opening ${draw.epoch} of room ${draw.room}.`;
    return [fails('earlier copy', text)];
  }
  const differs = (what: string, before: unknown, now: unknown) => {
    if (JSON.stringify(before) === JSON.stringify(now)) return;
    faults.push(`${what} was ${JSON.stringify(before)} and is ${JSON.stringify(now)}`);
  };
  const choice = ({ beacon }: PublishedDraw) =>
    beacon && { chain: beacon.chain.hash, afterDeadline: beacon.afterDeadline };
  const began = draw.commitments.slice(0, copy.commitments.length);
  differs('the list of commitments', copy.commitments, began);
  differs('the choice of the beacon', choice(copy), choice(draw));
  if (copy.state !== 'committed') {
    differs('the opening', copy.opensAt, draw.opensAt);
    differs('N', copy.entries, draw.entries);
    differs('the round', copy.beacon?.round, draw.beacon?.round);
    differs('the deadline', copy.beacon?.deadline, draw.beacon?.deadline);
  }
  const once = (what: string, before: string | null | undefined, now: string | null | undefined) => {
    if (before !== null && before !== undefined) differs(what, before, now);
  };
  once('the randomness', copy.beacon?.randomness, draw.beacon?.randomness);
  once('the signature', copy.beacon?.signature, draw.beacon?.signature);
  once('the secret', copy.secret, draw.secret);
  once('the seed', copy.seed, draw.seed);
  if (faults.length > 0) return [fails('earlier copy', `Against ${name} (${copy.state}): ${faults.join('; ')}.`)];
  const agrees = holds('earlier copy', `The document agrees with ${name} (${copy.state}).`);
  if (copy.opensAt === draw.opensAt) return [agrees];
  return [agrees, note('earlier copy', `The opening was moved from ${copy.opensAt} (${name}) to ${draw.opensAt}.`)];
}

const queueClaims = z.object({
  aud: z.string(),
  sub: z.string(),
  epoch: z.int(),
  draw: z.string(),
  iat: z.number(),
  exp: z.number(),
  entry: z.int().positive().optional(),
  position: z.int().positive().optional(),
});
type QueueClaims = z.output<typeof queueClaims>;

async function tokenChecks(
  { draw, tokens, keys }: DrawEvidence,
  all: AllPositions | null,
  places: PlaceFound[],
): Promise<Check[]> {
  if (tokens.length === 0) return [];
  if (keys === null) return [fails('token', 'There are no public keys to verify the queue tokens with.')];
  const keySet = createLocalJWKSet(keys);
  const holders = new Map<number, { name: string; sub: string }>();
  const checks: Check[] = [];
  for (const { name, jwt } of tokens) {
    const claims = await claimsOf(jwt, keySet);
    if (typeof claims === 'string') {
      checks.push(fails('token', `${name} ${claims}.`));
      continue;
    }
    const found = [...tokenFaults(claims, draw), ...sharedEntry(name, claims, holders)];
    checks.push(...found.map((fault) => fails('token', `${name} ${fault}.`)));
    const place = placeOf(name, claims, all);
    if (found.length > 0 || place === null) {
      if (found.length === 0)
        checks.push(unpublished(draw, 'token', `${name} has an entry whose position cannot be recomputed.`));
      continue;
    }
    places.push(place);
    checks.push(holds('token', tokenText(place)), ...movedOpening(name, claims, draw));
  }
  return checks;
}

const tokenText = ({ name, entry, position }: PlaceFound) =>
  entry === null
    ? `${name} is genuine: position ${position}, given after the draw.`
    : `${name} is genuine: entry ${entry} has position ${position}.`;

/** @returns what is wrong, as the end of "token 1 …" */
async function claimsOf(jwt: string, keys: ReturnType<typeof createLocalJWKSet>): Promise<QueueClaims | string> {
  try {
    const { payload, protectedHeader } = await compactVerify(jwt, keys, { algorithms: ['ES256'] });
    if (protectedHeader.typ !== 'queue+jwt')
      return `is signed by the gateway, but no queue token (${protectedHeader.typ})`;
    const claims = queueClaims.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    if (!claims.success) return 'is signed by the gateway, but has not the claims of a queue token';
    if ((claims.data.entry === undefined) === (claims.data.position === undefined)) return 'has not one place';
    return claims.data;
  } catch {
    // JOSEError: no JWT, another key, another algorithm, an edited token. Its text would say no more to a reader.
    return 'is not signed by any of the given keys: it was edited, it is of another gateway, or the keys were changed';
  }
}

function tokenFaults(
  { aud, epoch, draw: commitment, entry, position, iat }: QueueClaims,
  draw: PublishedDraw,
): string[] {
  if (aud !== draw.room) return [`is of room ${aud}, not of ${draw.room}`];
  if (epoch !== draw.epoch) return [`is of opening ${epoch}, not of opening ${draw.epoch}`];
  const faults: string[] = [];
  if (commitment !== draw.commitments.at(-1)?.commitment) {
    faults.push(`was given under another commitment, ${commitment}: the secret was chosen again after it`);
  }
  if (entry !== undefined && (draw.entries === null ? draw.state === 'drawn' : entry > draw.entries)) {
    faults.push(`has entry ${entry}, but N is ${draw.entries}: it was left out of the draw`);
  }
  if (entry !== undefined && iat * 1000 > Date.parse(draw.opensAt)) {
    faults.push(`has entry ${entry}, but was issued after the opening, at ${timeText(iat * 1000)}`);
  }
  if (position !== undefined && position <= (draw.entries ?? 0)) {
    faults.push(`has position ${position} without a draw, but the first ${draw.entries} positions are of entries`);
  }
  return faults;
}

function sharedEntry(
  name: string,
  { sub, entry }: QueueClaims,
  holders: Map<number, { name: string; sub: string }>,
): string[] {
  if (entry === undefined) return [];
  const holder = holders.get(entry);
  if (holder === undefined) holders.set(entry, { name, sub });
  if (holder === undefined || holder.sub === sub) return [];
  return [`has entry ${entry}, and so has ${holder.name}, of another visitor: it was given twice`];
}

function placeOf(name: string, { entry, position }: QueueClaims, all: AllPositions | null): PlaceFound | null {
  if (position !== undefined) return { name, entry: null, position };
  const drawn = entry === undefined ? undefined : all?.positions[entry - 1];
  return entry === undefined || drawn === undefined ? null : { name, entry, position: drawn };
}

function movedOpening(name: string, { entry, exp }: QueueClaims, { opensAt }: PublishedDraw): Check[] {
  const planned = exp - TOKEN_AFTER_OPENING_SECONDS;
  if (entry === undefined || planned === Math.floor(Date.parse(opensAt) / 1000)) return [];
  const at = timeText(planned * 1000);
  return [note('token', `When ${name} was issued, the opening was planned for ${at}; it was moved to ${opensAt}.`)];
}

function entryChecks({ draw, entries }: DrawEvidence, all: AllPositions | null, places: PlaceFound[]): Check[] {
  return entries.map((entry) => {
    const position = all?.positions[entry - 1];
    if (draw.entries === null) return unpublished(draw, 'entry', `Entry ${entry} has no position: N is not published.`);
    if (position === undefined && entry <= draw.entries)
      return unpublished(draw, 'entry', `Entry ${entry} has a position that cannot be recomputed.`);
    if (position === undefined) return fails('entry', `Entry ${entry} took no part in the draw: N is ${draw.entries}.`);
    places.push({ name: `entry ${entry}`, entry, position });
    return holds('entry', `Entry ${entry} has position ${position}.`);
  });
}
