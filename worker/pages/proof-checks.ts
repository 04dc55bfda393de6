// Checks a published draw in the browser, in the five steps that the page shows. Pure: the document, the receipt and the trusted chain come
// in, findings come out. What is missing or contradicts itself fails; what can only be known later is pending; neither is ever
// left out.

import {
  commitTo,
  type DrandChain,
  drawnPosition,
  drawSeed,
  isRandomnessOf,
  NO_BEACON,
  ROUND_AFTER_OPENING_MS,
  roundAfter,
} from '../../queue-core/draw.ts';
import { signatureFault } from '../beacon/bls-signature.ts';
import { chainHash } from '../beacon/chain-hash.ts';
import { QUICKNET_HASH } from '../beacon/quicknet.ts';
import type { Draw, DrawBeacon } from './proof-document.ts';
import type { ReceiptClaims, ReceiptReading } from './proof-receipt.ts';
import { type Outcome, STEPS, type StepName, type Verdict } from './proof-steps.ts';
import type { FindingTexts } from './proof-strings.ts';

/** A value of a finding: a number, a name, or a moment in ms. */
export type FindingValue = number | string | { at: number };

export interface Finding {
  outcome: Outcome;
  text: keyof FindingTexts;
  /** What the text mentions, by name. */
  values: Record<string, FindingValue>;
}

export interface Step {
  name: StepName;
  outcome: Outcome;
  findings: Finding[];
}

export interface ProofResult {
  verdict: Verdict;
  steps: Step[];
  /** The receipt's place, where every check of it holds. */
  mine: { entry: number | null; position: number } | null;
  /** Of a draw whose seed holds: for the picture. */
  shuffle: { entries: number; seed: string } | null;
}

export interface ProofEvidence {
  draw: Draw;
  /** null: the visitor has none. */
  receipt: ReceiptReading | null;
  /** Copies of the document from before. */
  earlier?: readonly Draw[];
  /** Hash of the one chain that counts as public: anybody can make a chain, and knows its randomness beforehand. */
  trusted?: string;
}

const finding =
  (outcome: Outcome) =>
  (text: Finding['text'], values: Finding['values'] = {}): Finding => ({ outcome, text, values });
const moment = (at: number) => ({ at });
const done = finding('done');
const failed = finding('failed');
const pending = finding('pending');
const note = finding('note');

export function checkDraw({ draw, receipt, earlier = [], trusted = QUICKNET_HASH }: ProofEvidence): ProofResult {
  const own = receipt?.kind === 'genuine' && isOfDraw(receipt.claims, draw) ? receipt.claims : null;
  const seed = seedOf(draw);
  const entry = entryFindings(draw, receipt);
  const isUnderSeal = own !== null && own.commitment === draw.commitments.at(-1)?.commitment;
  const isPlaceProven = isUnderSeal && entry.every(({ outcome }) => outcome === 'done');
  const isOver = draw.state === 'drawn';
  const shuffle = isOver && seed !== null && draw.seed === seed ? { entries: draw.entries ?? 0, seed } : null;
  const mine = isPlaceProven && shuffle !== null ? placeOf(own, shuffle.entries, shuffle.seed) : null;
  const findings: Record<StepName, Finding[]> = {
    seal: sealFindings(draw, own),
    entries: entriesFindings(draw, earlier),
    randomness: randomnessFindings(draw, trusted),
    entry,
    position: positionFindings(draw, seed, mine),
  };
  const steps = STEPS.map((name) => ({ name, outcome: worst(findings[name]), findings: findings[name] }));
  const hasFailed = steps.some(({ outcome }) => outcome === 'failed');
  const soFar = draw.state === 'drawing' ? 'drawing' : 'pending';
  const isPublic = draw.beacon?.chain.hash === trusted;
  const verdict = hasFailed ? 'failed' : !isOver ? soFar : isPublic ? 'proven' : 'weaker';
  return { verdict, steps, mine, shuffle };
}

/** Of a step, what most stands in the way of proof. */
function worst(findings: Finding[]): Outcome {
  const order: Outcome[] = ['failed', 'pending', 'note'];
  return order.find((outcome) => findings.some((one) => one.outcome === outcome)) ?? 'done';
}

function isOfDraw({ room, epoch }: ReceiptClaims, draw: Draw): boolean {
  return room === draw.room && epoch === draw.epoch;
}

/** The seed that follows from what is published, which need not be the one that is published. */
function seedOf({ secret, beacon, entries }: Draw): string | null {
  return secret === null || entries === null ? null : drawSeed(secret, beacon?.randomness ?? NO_BEACON, entries);
}

function placeOf({ place }: ReceiptClaims, entries: number, seed: string): ProofResult['mine'] {
  if (place.kind === 'position') return { entry: null, position: place.number };
  return { entry: place.number, position: drawnPosition(place.number, entries, seed) };
}

function sealFindings({ commitments, opensAt, entries, secret, state }: Draw, own: ReceiptClaims | null): Finding[] {
  const opening = Date.parse(opensAt);
  const last = commitments.at(-1);
  const sealedAt = Date.parse(last?.at ?? '');
  const found = [
    commitments.length !== 1
      ? failed('sealedAgain', { times: commitments.length })
      : // Where nobody took part, the opening may have been planned for a moment that had passed.
        sealedAt > opening && entries !== 0
        ? failed('sealedLate', { at: moment(sealedAt), opening: moment(opening) })
        : done('sealedAt', { at: moment(sealedAt) }),
  ];
  if (own !== null) {
    found.push(
      own.commitment === last?.commitment
        ? done('sealInReceipt', { at: moment(own.issuedAt * 1000) })
        : failed('otherSealInReceipt'),
    );
  }
  if (secret === null) {
    found.push(state === 'drawn' ? failed('secretWithheld') : pending('secretLater'));
  } else {
    const opens = commitTo(secret) === last?.commitment;
    found.push(opens ? done('secretOpens') : failed('otherSecret'));
  }
  return found;
}

function entriesFindings(draw: Draw, earlier: readonly Draw[]): Finding[] {
  const { entries, state, opensAt } = draw;
  const opening = Date.parse(opensAt);
  const counted =
    entries !== null
      ? done('entriesFrozen', { entries: entries, opening: moment(opening) })
      : state === 'committed'
        ? pending('entriesLater', { opening: moment(opening) })
        : failed('entriesWithheld');
  const copies = earlier.filter(({ room, epoch }) => room === draw.room && epoch === draw.epoch);
  if (copies.length === 0) return [counted];
  const agree = copies.every((copy) => agrees(copy, draw));
  return [counted, agree ? done('copyAgrees') : failed('copyDiffers')];
}

/** Whether what was published before still stands; from `drawing` on that is N, the opening and the round too. */
function agrees(copy: Draw, draw: Draw): boolean {
  const same = (before: unknown, now: unknown) => JSON.stringify(before) === JSON.stringify(now);
  const kept = (before: unknown, now: unknown) => before === null || before === undefined || before === now;
  const choice = ({ beacon }: Draw) => beacon && [beacon.chain.hash, beacon.afterDeadline];
  const frozen = ({ entries, opensAt, beacon }: Draw) => [entries, opensAt, beacon && [beacon.round, beacon.deadline]];
  return (
    same(copy.commitments, draw.commitments.slice(0, copy.commitments.length)) &&
    same(choice(copy), choice(draw)) &&
    (copy.state === 'committed' || same(frozen(copy), frozen(draw))) &&
    kept(copy.secret, draw.secret) &&
    kept(copy.seed, draw.seed) &&
    kept(copy.beacon?.signature, draw.beacon?.signature)
  );
}

function randomnessFindings({ beacon, opensAt, state }: Draw, trusted: string): Finding[] {
  if (beacon === null) return [note('noRandomness')];
  const { chain, round, randomness, signature } = beacon;
  const isPublic = chain.hash === trusted;
  if (chainHash(chain) !== chain.hash) return [failed('falseChain', { name: chain.beaconId })];
  const found = [roundFinding(beacon, opensAt, chain)];
  if (!isPublic) found.push(note('unknownChain', { name: chain.beaconId, hash: chain.hash }));
  if (randomness === null || signature === null) {
    return [
      ...found,
      state === 'drawn'
        ? failed('beaconWithheld', { deadline: moment(Date.parse(beacon.deadline)) })
        : pending('beaconLater'),
    ];
  }
  if (!isRandomnessOf({ round, randomness, signature })) return [...found, failed('otherRandomness')];
  found.push(done('randomnessOfSignature'));
  const values = { name: chain.beaconId, round: round };
  if (signatureFault(chain.publicKey, round, signature) !== null) return [...found, failed('chainDidNotSign', values)];
  return isPublic ? [...found, done('chainSigned', values)] : found;
}

function roundFinding({ round }: DrawBeacon, opensAt: string, { genesisTime, period }: DrandChain): Finding {
  const opening = Date.parse(opensAt);
  const right = roundAfter({ genesisTime, period }, opening);
  const due = (genesisTime + (right - 1) * period) * 1000;
  const seconds = ROUND_AFTER_OPENING_MS / 1000;
  return round === right
    ? done('roundDue', { round: round, at: moment(due), seconds: seconds })
    : failed('otherRound', { round: round, right: right });
}

function entryFindings(draw: Draw, receipt: ReceiptReading | null): Finding[] {
  if (receipt === null) return [note('noReceipt')];
  switch (receipt.kind) {
    case 'unreadable':
      return [failed('receiptUnreadable')];
    case 'unknownKey':
      return [failed('receiptUnknownKey')];
    case 'forged':
      return [failed('receiptForged')];
    case 'genuine':
      break;
  }
  const { room, epoch, place, issuedAt } = receipt.claims;
  const { entries, state } = draw;
  if (room !== draw.room) return [note('otherRoom', { room: room })];
  if (epoch !== draw.epoch) return [note('otherEpoch')];
  const found = [done('receiptGenuine')];
  const { number: own } = place;
  if (place.kind === 'position') {
    const isAfter = entries === null || own > entries;
    return [
      ...found,
      isAfter
        ? done('cameLater', { position: own })
        : failed('positionWithoutDraw', { position: own, entries: entries }),
    ];
  }
  const opening = Date.parse(draw.opensAt);
  if (issuedAt * 1000 > opening) {
    found.push(failed('entryLate', { at: moment(issuedAt * 1000), opening: moment(opening) }));
  }
  if (entries === null) {
    // That N is missing after the opening is a finding of its own step.
    found.push(pending('entryWaits', { entry: own }));
  } else if (own > entries) {
    found.push(failed('entryLeftOut', { entry: own, entries: entries }));
  } else {
    found.push(done(state === 'drawn' ? 'entryTookPart' : 'entryTakesPart', { entry: own, entries }));
  }
  return found;
}

function positionFindings(
  { state, seed, entries }: Draw,
  computed: string | null,
  mine: ProofResult['mine'],
): Finding[] {
  if (state !== 'drawn') return [pending('positionLater')];
  if (seed === null || computed === null) return [failed('seedWithheld')];
  if (seed !== computed) return [failed('otherSeed')];
  const found = [done('seedFollows')];
  if (mine === null) return entries === 0 ? [...found, note('nobodyTookPart')] : found;
  const { entry, position } = mine;
  found.push(
    entry === null
      ? note('positionByArrival', { position: position })
      : done('positionComputed', { entry: entry, position: position }),
  );
  return found;
}
