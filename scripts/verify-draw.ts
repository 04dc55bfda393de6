// `npm run verify-draw`: whether a published draw is proven, for anybody who has the document: an operator, a visitor with a queue
// token, a journalist. This file handles arguments, the exit code and what is read; scripts/draw/draw-checks.ts decides.

import { beaconChainSchema } from '../worker/beacon/chain.ts';
import { type BeaconAnswer, fetchBeacon } from '../worker/beacon/fetch-beacon.ts';
import type { PublishedDraw } from '../worker/contract/draw-schema.ts';
import { type DrawArguments, readDrawArguments } from './draw/draw-arguments.ts';
import { verifyDraw } from './draw/draw-checks.ts';
import { isAddress, readDraw, readDrawSource, readKeys, readTokens, Unreadable } from './draw/draw-files.ts';
import { drawJson, drawText } from './draw/draw-report.ts';
import { runWithOptions } from './lib/command-options.ts';
import { printableJson, printableLines } from './lib/printable-text.ts';

const [PROVEN, NOT_PROVEN, UNREADABLE] = [0, 1, 2];

async function main(given: DrawArguments): Promise<number> {
  try {
    return await run(given);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    console.error(printableLines(error.message));
    if (given.json) console.log(printableJson({ verdict: 'unreadable', problem: error.message }));
    return UNREADABLE;
  }
}

async function run(given: DrawArguments): Promise<number> {
  const { draw, receipt, earlier } = await readDrawSource(given.source);
  if (receipt !== null && given.keys === null && !isAddress(given.source)) {
    throw new Unreadable(
      `${given.source} has a queue token in it. Give --jwks with what /.well-known/jwks.json of the gateway answers. Where that is gone, give ${given.source} itself: then the token is worth as much as your trust in who gave you the file.`,
    );
  }
  const tokens = [
    ...(receipt === null ? [] : [{ name: 'receipt', jwt: receipt }]),
    ...given.tokens.map((jwt, index) => ({ name: `token ${index + 1}`, jwt })),
    ...(given.tokensFile === null ? [] : readTokens(given.tokensFile)),
  ];
  const keysFrom =
    given.keys ?? (isAddress(given.source) ? new URL('/.well-known/jwks.json', given.source).href : null);
  const verdict = await verifyDraw({
    draw,
    tokens,
    keys: tokens.length === 0 || keysFrom === null ? null : await readKeys(keysFrom),
    earlier: [
      ...earlier.map((copy, index) => ({ name: `copy ${index + 1} in ${given.source}`, draw: copy })),
      ...(await Promise.all(given.earlier.map(async (name) => ({ name, draw: await readDraw(name) })))),
    ],
    entries: given.entries,
    trustedChain: given.trustedChain,
    requireBeacon: given.requireBeacon,
    relays: given.relays.length === 0 ? null : await askRelays(draw, given.relays),
  });
  console.log(given.json ? drawJson(draw, verdict) : drawText(draw, verdict));
  return verdict.proven ? PROVEN : NOT_PROVEN;
}

/** @returns null: the draw has no beacon, or its chain is not one */
async function askRelays({ beacon }: PublishedDraw, relays: string[]): Promise<BeaconAnswer | null> {
  if (beacon === null) return null;
  const chain = beaconChainSchema.safeParse({ ...beacon.chain, relays });
  return chain.success ? fetchBeacon(chain.data, beacon.round, { fetch }) : null;
}

process.exitCode = await runWithOptions(readDrawArguments(process.argv.slice(2)), main);
