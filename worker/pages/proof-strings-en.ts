// English strings of the page that checks the draw: plain words for people who have never heard of a hash.

import type { ProofStrings } from './proof-strings.ts';

export const proofEn: ProofStrings = {
  language: 'en',
  otherLanguage: { language: 'ko', name: '한국어' },
  title: 'Check the draw',
  state: {
    start: {
      heading: 'Check the draw',
      lead: 'If this text stays, your browser does not run the script of this page, and nothing is checked here. Allow scripts, or check the record with another program:',
    },
    loading: { heading: 'Fetching the record of the draw', lead: 'This takes a moment.' },
    checking: { heading: 'Your browser is checking the draw', lead: 'It repeats every calculation by itself.' },
    unreachable: {
      heading: 'The record of the draw cannot be reached',
      lead: 'The connection failed or the server did not answer. Nothing was checked. Your place in line is not affected.',
    },
    unknown: {
      heading: 'There is no draw here',
      lead: 'The server has no record of a draw for this opening, so there is nothing to check.',
    },
    unreadable: {
      heading: 'The record of the draw cannot be read',
      lead: 'It is not in the form that this page knows. Nothing was checked: do not take this as proof.',
    },
  },
  verdict: {
    proven: {
      heading: 'The draw checks out',
      lead: 'Your browser repeated every calculation. With these entries nobody, including the operator, could choose the order.',
    },
    weaker: {
      heading: 'The calculations are right',
      lead: 'But this draw used no public randomness that this page knows. That is less than full proof: step 3 says why.',
    },
    pending: {
      heading: 'The draw is not made yet',
      lead: 'What can be checked now has been checked. Come back after the opening for the rest.',
    },
    drawing: {
      heading: 'The draw is in progress',
      lead: 'The number of entries is fixed, and the draw usually takes a few seconds. If you save this page now, you can see later whether it was changed.',
    },
    failed: {
      heading: 'Something does not check out',
      lead: 'The steps marked “Wrong” say what it is. Save your evidence and ask the operator for an explanation.',
    },
  },
  withoutReceipt: 'This is about the draw as a whole. Your own entry was not checked.',
  opening: 'opening of {opening}',
  myEntry: 'My draw entry',
  myPosition: 'My place in line',
  step: {
    seal: 'The secret was sealed beforehand',
    entries: 'How many took part',
    randomness: 'Public randomness',
    entry: 'My entry',
    position: 'The order, recalculated',
  },
  outcome: { done: 'Correct', failed: 'Wrong', pending: 'Not yet', note: 'Please note' },
  findings: {
    sealedAt: 'The secret was sealed once, on {at}, before the opening. The seal is a fingerprint (SHA-256) of it.',
    sealedAgain:
      'The secret was sealed {times} times for one opening. Somebody who may choose again can choose the result.',
    sealedLate: 'The secret was sealed on {at}, after the opening on {opening}.',
    sealInReceipt: 'The same seal stands in your receipt, which was signed on {at}.',
    otherSealInReceipt: 'Your receipt has another seal. The secret was exchanged after you joined.',
    secretOpens: 'The published secret fits the seal, so it is the one that was sealed.',
    otherSecret: 'The published secret does not fit the seal. It was exchanged.',
    secretLater: 'The secret is published after the draw.',
    secretWithheld: 'The draw is said to be made, but the secret is not published.',

    entriesFrozen:
      'The record gives {entries} entries, fixed at the opening, {opening}. Those who saved this page before the draw can tell whether the number was changed afterwards.',
    entriesLater: 'The number is fixed at the opening, {opening}.',
    entriesWithheld: 'The opening is over, but the number of entries is not published.',
    copyAgrees: 'The record agrees with the copy that was seen before.',
    copyDiffers:
      'The record differs from an earlier copy of it, which this page saw or you pasted. One of the two was changed.',

    noRandomness:
      'This draw is without public randomness: it rests on the sealed secret alone. Somebody who knows the secret before the opening can try how many entries to add.',
    unknownChain:
      'The random number is from “{name}” ({hash}), which is not a public chain that this page knows. Those who run a chain know its numbers beforehand.',
    falseChain: 'The key and the times of the chain {name} in the record do not fit its hash.',
    roundDue:
      'The random number is that of round {round}, due on {at}: the first at least {seconds} seconds after the opening, when the entries were fixed.',
    otherRound: 'Round {round} was used, but the opening calls for round {right}.',
    beaconLater: 'The random number does not exist yet. It is published a few seconds after the opening.',
    beaconWithheld:
      'The draw was made without the random number, because it had not come by {deadline}. Nobody outside can tell whether it was late or withheld, so this is not proven.',
    randomnessOfSignature: 'The random number is calculated from the chain’s signature, as it must be.',
    otherRandomness: 'The random number does not follow from the signature. It was changed.',
    chainSigned:
      'The public chain {name} (League of Entropy) signed round {round}. Your browser verified the signature with the key that is built into this page.',
    chainDidNotSign: 'The signature is not that of the chain {name} for round {round}.',

    noReceipt: 'There is no receipt in this browser. If you saved one, paste it below.',
    receiptUnreadable: 'This is not a receipt that this page can read. Please copy all of it.',
    receiptUnknownKey:
      'The key that signed your receipt is not among the server’s keys. The receipt is of another site, or the keys were exchanged.',
    receiptForged: 'The signature of the receipt is wrong. It was changed after it was signed.',
    receiptGenuine: 'Your receipt is genuine: the server signed it.',
    otherRoom: 'Your receipt is for another waiting room ({room}).',
    otherEpoch: 'Your receipt is for another opening than the one whose draw this is.',
    entryWaits: 'Your entry is number {entry}. It takes part in the draw at the opening.',
    entryTakesPart: 'Your entry is number {entry} of {entries}.',
    entryTookPart: 'Your entry, number {entry} of {entries}, took part.',
    entryLate: 'The receipt was signed on {at}, after the opening on {opening}.',
    entryLeftOut: 'Your entry is number {entry}, but only {entries} are said to have taken part. It was left out.',
    cameLater:
      'You came after the opening. Number {position} was given in order of arrival, behind everybody in the draw.',
    positionWithoutDraw:
      'The receipt gives number {position} without a draw, but the first {entries} numbers belong to the draw.',

    positionLater: 'Places in line are calculated once the draw is made.',
    seedFollows: 'The starting value of the draw follows from the secret, the random number and the number of entries.',
    seedWithheld: 'The starting value of the draw cannot be recalculated: a part of it is not published.',
    otherSeed:
      'The starting value does not follow from the secret, the random number and the number of entries. One of them was changed.',
    positionComputed: 'From it, your browser calculated: entry {entry} has place {position} in line.',
    positionByArrival: 'Your number, {position}, does not come from the draw.',
    nobodyTookPart: 'Nobody took part in this draw.',
  },

  picture: {
    title: 'How the draw moved the entries',
    all: 'All {shown} entries on the left, each joined by a line to its place in line on the right.',
    sample:
      '{shown} of {entries} entries on the left, evenly spread and around yours, each joined by a line to its place in line on the right.',
    mine: 'Yours, the thick line, went from entry {entry} to place {position}.',
    entry: 'Entry',
    position: 'Place in line',
    table: 'The numbers of the picture',
    me: 'me',
  },

  again: 'Check again',
  showOpening: 'Show my opening',
  paste: {
    open: 'Check a receipt that I saved',
    how: 'Paste the receipt, or the whole JSON file of evidence. It stays in your browser: nothing is sent.',
    label: 'Receipt',
    button: 'Check this receipt',
  },
  withheld:
    'You came here from another site, so your receipt was not put on this page. Please open this page from the waiting page.',
  toWaitingPage: 'Go to the waiting page',
  save: {
    title: 'Keep the evidence',
    what: 'The file opens by a double click, also without a network, and checks everything again by itself.',
    warning:
      'It contains your receipt. Until the opening is over, anybody who has it can take your place: give it to nobody.',
    page: 'Save my evidence',
    json: 'Save as JSON',
  },
  saved: 'This is a saved copy ({at} by the clock of the device). It was checked again just now, without a network.',
  values: {
    title: 'The values themselves',
    secret: 'Secret',
    commitment: 'Seal (SHA-256 of the secret)',
    seed: 'Starting value',
    randomness: 'Random number',
    signature: 'Signature of the chain',
  },
  independent: {
    title: 'Do not trust this page either?',
    how: 'It comes from the same server as the draw. Anybody can check the record with other programs, for example on their own computer with Fairgate’s verify-draw:',
  },
  zone: 'Times are those of the server ({name}).',
};
