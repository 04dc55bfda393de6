// `npm run evidence`: fetches the evidence pack of a room, or checks one, for anybody who has it. This file handles arguments, the exit
// code and what is printed; scripts/evidence/evidence-checks.ts decides.

import { decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { SIGNATURE_FILE } from '../worker/contract/operator-api.ts';
import { signingKeysSchema } from '../worker/tokens/signing-keys.ts';
import { readKeys, Unreadable } from './draw/draw-files.ts';
import { type Comparison, type EvidenceArguments, readEvidenceArguments } from './evidence/evidence-arguments.ts';
import { checkPack, type PackVerdict } from './evidence/evidence-checks.ts';
import { checkOriginal, sealKeyOf } from './evidence/original-log.ts';
import { type PackFiles, readPack } from './evidence/pack-files.ts';
import { fetchPack, folderProblem, writePack } from './evidence/pack-folder.ts';
import { runWithOptions } from './lib/command-options.ts';
import { readJsonFile } from './lib/json-file.ts';
import { printable, printableLines } from './lib/printable-text.ts';

const [HOLDS, DOES_NOT_HOLD, UNREADABLE] = [0, 1, 2];

async function main(given: EvidenceArguments): Promise<number> {
  try {
    return await run(given);
  } catch (error) {
    // Besides `Unreadable`, the file system's and a file's reader's, whose messages name the file.
    if (
      !(error instanceof Unreadable || (error instanceof Error && (error.constructor === Error || 'syscall' in error)))
    )
      throw error;
    console.error(printableLines(error.message));
    return UNREADABLE;
  }
}

async function run(given: EvidenceArguments): Promise<number> {
  switch (given.kind) {
    case 'check':
      return report(await verdictOn(readPack(given.source), given.comparison, null));
    case 'openSeal':
      return openSeal(given.source, given.keysFile);
    case 'fetch':
      return fetchAndWrite(given);
  }
}

async function fetchAndWrite({
  room,
  url,
  key,
  to,
  replace,
  comparison,
}: Extract<EvidenceArguments, { kind: 'fetch' }>): Promise<number> {
  const problem = to === null ? null : folderProblem(to, replace);
  if (problem !== null) throw new Unreadable(problem);
  const pack = await fetchPack(url, room, key);
  const verdict = await verdictOn(pack, comparison, await gatewayKeys(url));
  if (verdict.manifest === null || verdict.manifest.room !== room || !verdict.intact) {
    report(verdict);
    throw new Unreadable(`What ${url} sent is no whole pack of room ${room}. Nothing was written.`);
  }
  const folder = to ?? `${room}-evidence-${verdict.manifest.madeAt.replaceAll(/[-:]|\.\d+/g, '')}`;
  writePack(folder, pack, replace);
  const code = report(verdict, comparison.jwks === null ? `with the keys that ${url} shows` : undefined);
  console.log(`Written to ${folder}.`);
  return code;
}

/** @param own keys of the gateway that the pack came from */
async function verdictOn(pack: PackFiles, comparison: Comparison, own: JSONWebKeySet | null): Promise<PackVerdict> {
  const { jwks, trustedChain, earlier, log, sealKey } = comparison;
  const keys = jwks === null ? own : await readKeys(jwks);
  const before = earlier === null ? null : { name: earlier, pack: readPack(earlier) };
  const verdict = await checkPack({ pack, keys, trustedChain, earlier: before });
  if (log === null || verdict.manifest === null) return verdict;
  const checks = [...verdict.checks, ...checkOriginal(log, verdict.manifest, sealKey)];
  return { ...verdict, checks, holds: checks.every(({ outcome }) => outcome !== 'fails') };
}

/** @returns null where the address does not have them, as the console's own host */
async function gatewayKeys(url: string): Promise<JSONWebKeySet | null> {
  try {
    return await readKeys(`${url}/.well-known/jwks.json`);
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

async function openSeal(source: string, keysFile: string): Promise<number> {
  const pack = readPack(source);
  const { manifest } = await checkPack({ pack, keys: null, trustedChain: '', earlier: null });
  if (manifest === null)
    throw new Unreadable(`${source} is not signed: npm run evidence -- --check ${source} says why.`);
  const keys = signingKeysSchema.safeParse(readJsonFile(keysFile));
  if (!keys.success) throw new Unreadable(`${keysFile} has no signing keys. Give what SIGNING_KEYS has.`);
  const { kid } = decodeProtectedHeader(pack.files.get(SIGNATURE_FILE)?.toString('latin1') ?? '');
  const key = await sealKeyOf(keys.data, manifest, kid);
  if (key === null) throw new Unreadable(`${source} was signed with the key ${kid}, which is not in ${keysFile}.`);
  console.log(key);
  return HOLDS;
}

const WORDS = { holds: 'ok   ', fails: 'FAILS', note: 'note ' };

function report(
  { manifest, checks, holds, pinned }: PackVerdict,
  signedBy = 'by the gateway whose keys were given',
): number {
  if (manifest !== null) {
    console.log(printable(`Evidence of room ${manifest.room} of ${manifest.gateway}, made at ${manifest.madeAt}`));
    console.log();
  }
  for (const { file, outcome, text } of checks) console.log(printable(`${WORDS[outcome]} ${file}: ${text}`));
  const failed = checks.filter(({ outcome }) => outcome === 'fails').length;
  console.log(
    !holds
      ? `\nDOES NOT HOLD: ${failed} of ${checks.length} checks.`
      : pinned
        ? `\nHOLDS, and is signed ${signedBy}. README.md says what that does not prove.`
        : '\nHOLDS, BY THE KEY IN THE PACK: whose key that is, only keys from elsewhere show (--jwks).',
  );
  return holds ? HOLDS : DOES_NOT_HOLD;
}

process.exitCode = await runWithOptions(
  readEvidenceArguments(process.argv.slice(2), process.env['OPERATOR_KEY']),
  main,
);
