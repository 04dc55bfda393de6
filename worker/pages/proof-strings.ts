// Every text of the page that checks the draw, as one interface that each language implements. They are data beside the page's script, in
// both languages, because the language is switched without a request; `{name}` stands for a value. Apart from the waiting page's
// strings, so that its script does not carry them.

import type { Language } from './model.ts';
import type { Outcome, StepName, Verdict } from './proof-steps.ts';

/** One sentence or two for each finding of proof-checks.ts. */
export interface FindingTexts {
  sealedAt: string;
  sealedAgain: string;
  sealedLate: string;
  sealInReceipt: string;
  otherSealInReceipt: string;
  secretOpens: string;
  otherSecret: string;
  secretLater: string;
  secretWithheld: string;

  entriesFrozen: string;
  entriesLater: string;
  entriesWithheld: string;
  copyAgrees: string;
  copyDiffers: string;

  noRandomness: string;
  unknownChain: string;
  falseChain: string;
  roundDue: string;
  otherRound: string;
  beaconLater: string;
  beaconWithheld: string;
  randomnessOfSignature: string;
  otherRandomness: string;
  chainSigned: string;
  chainDidNotSign: string;

  noReceipt: string;
  receiptUnreadable: string;
  receiptUnknownKey: string;
  receiptForged: string;
  receiptGenuine: string;
  otherRoom: string;
  otherEpoch: string;
  entryWaits: string;
  entryTakesPart: string;
  entryTookPart: string;
  entryLate: string;
  entryLeftOut: string;
  cameLater: string;
  positionWithoutDraw: string;

  positionLater: string;
  seedFollows: string;
  seedWithheld: string;
  otherSeed: string;
  positionComputed: string;
  positionByArrival: string;
  nobodyTookPart: string;
}

/** What the page shows before and instead of a result. `start`: no script has run. */
export type ProofState = 'start' | 'loading' | 'checking' | 'unreachable' | 'unknown' | 'unreadable';

export type Values = Record<string, string>;

/** A text with its values in place. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export interface ProofStrings {
  language: Language;
  /** The other language and its own name, for the switch. */
  otherLanguage: { language: Language; name: string };
  title: string;
  state: Record<ProofState, { heading: string; lead: string }>;
  verdict: Record<Verdict, { heading: string; lead: string }>;
  /** The verdict where everything holds, and the receipt is another draw's or missing. */
  withoutReceipt: string;
  opening: string;
  myEntry: string;
  myPosition: string;
  step: Record<StepName, string>;
  outcome: Record<Outcome, string>;
  findings: FindingTexts;

  picture: {
    title: string;
    /** What a screen reader reads in place of the picture. */
    all: string;
    sample: string;
    mine: string;
    entry: string;
    position: string;
    table: string;
    me: string;
  };

  again: string;
  showOpening: string;
  paste: { open: string; how: string; label: string; button: string };
  withheld: string;
  toWaitingPage: string;
  save: {
    title: string;
    what: string;
    /** A receipt is in the file. */
    warning: string;
    page: string;
    json: string;
  };
  saved: string;
  values: { title: string; secret: string; commitment: string; seed: string; randomness: string; signature: string };
  independent: { title: string; how: string };
  zone: string;
}
