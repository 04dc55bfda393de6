// Compares an evidence pack with the original log that its operator shows: the same disclosure is made from it again, and the seal in
// the manifest is opened, which commits to the names that the pack does not have.

import { faultIn, NO_RECORD } from '../../queue-core/audit.ts';
import { type EvidenceManifest, SIGNATURE_FILE } from '../../worker/contract/operator-api.ts';
import { DisclosedChain, Disclosure } from '../../worker/operators/evidence-disclosure.ts';
import { sealKey, sealOf } from '../../worker/tokens/evidence-seals.ts';
import { loadKeys, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { readLogFile } from '../lib/log-file.ts';
import type { PackCheck } from './evidence-checks.ts';

/** @param key of the seal, hex; null: it is not opened */
export function checkOriginal(file: string, { log, room }: EvidenceManifest, key: string | null): PackCheck[] {
  const all = readLogFile(file).records;
  const records = all.slice(0, log.records);
  const disclosure = new Disclosure();
  const chain = new DisclosedChain();
  for (const record of records) chain.next(disclosure.ofRoom(record));
  const fails = (text: string): PackCheck[] => [{ file: 'log.json', outcome: 'fails', text }];
  if (faultIn(records) !== null || records.length < log.records) {
    return fails(`The original log ${file} is not whole: npm run check-log -- ${file} says where.`);
  }
  if (chain.head !== log.head) return fails(`does not follow from the original log ${file}: one of them was changed.`);
  const disclosed: PackCheck = {
    file: 'log.json',
    outcome: 'holds',
    text: `follows from the original log ${file} of room ${room}.`,
  };
  if (key === null) {
    const text = 'The names in the original are not checked without --seal-key.';
    return [disclosed, { file: 'log.json', outcome: 'note', text }];
  }
  const head = records.at(-1)?.hash ?? NO_RECORD.hash;
  const isSealed = sealOf(head, Buffer.from(key, 'hex')) === log.seal;
  return [
    disclosed,
    isSealed
      ? { file: SIGNATURE_FILE, outcome: 'holds', text: 'commits to the original log with its names.' }
      : {
          file: SIGNATURE_FILE,
          outcome: 'fails',
          text: 'commits to another original log, or the key of the seal is of another pack.',
        },
  ];
}

/** The key that opens the seal of one pack, hex; null: the pack was signed with none of these keys. @param kid of the signature */
export async function sealKeyOf(
  keys: SigningKeys,
  { madeAt, room }: EvidenceManifest,
  kid: string | undefined,
): Promise<string | null> {
  const kids = (await loadKeys(keys)).map((key) => key.kid);
  const key = keys.keys[kids.indexOf(kid ?? '')];
  return key === undefined ? null : Buffer.from(sealKey(key.d, room, Date.parse(madeAt))).toString('hex');
}
