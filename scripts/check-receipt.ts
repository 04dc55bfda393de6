// `npm run check-receipt`: whether a receipt is one that the gateway signed, for a site's own programs and for people at a counter without a
// network. This file handles arguments, output and the exit code; scripts/lib/receipt-verdict.ts decides.

import { readKeys, Unreadable } from './draw/draw-files.ts';
import {
  type CommandOption,
  givenOptions,
  optionLines,
  type ReadOptions,
  runWithOptions,
} from './lib/command-options.ts';
import { printable, printableJson, printableLines } from './lib/printable-text.ts';
import { type ReceiptVerdict, verifyReceipt } from './lib/receipt-verdict.ts';

interface ReceiptArguments {
  receipt: string;
  keys: string;
  room: string | null;
  issuer: string | null;
  json: boolean;
}

const [VALID, NOT_VALID, UNREADABLE] = [0, 1, 2];

const OPTIONS: Record<string, CommandOption> = {
  keys: {
    example: 'FILE',
    help: 'the gateway’s public keys: what /.well-known/jwks.json answers, saved, or its https address',
  },
  room: { example: 'ID', help: 'a receipt of another room is not valid' },
  issuer: { example: 'ADDRESS', help: 'a receipt of another gateway with the same keys is not valid' },
  json: { example: '', help: 'prints JSON', flag: true },
};

function readReceiptArguments(argv: readonly string[]): ReadOptions<ReceiptArguments> {
  const given = givenOptions(argv, OPTIONS, help, 1);
  if (given.kind !== 'given') return given;
  const { values, operands } = given;
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const [[receipt = ''], keys] = [operands, text('keys')];
  const problems = [
    ...(receipt === '' ? ['Give a receipt, or the address that its code has.'] : []),
    ...(keys === null ? ['Give --keys FILE, with what /.well-known/jwks.json of the gateway answers.'] : []),
  ];
  if (problems.length > 0 || keys === null) return { kind: 'misuse', problems };
  const run = { receipt, keys, room: text('room'), issuer: text('issuer'), json: values['json'] === true };
  return { kind: 'run', run };
}

function help(): string {
  return `npm run check-receipt -- --keys jwks.json RECEIPT_OR_ADDRESS [options]

Says whether a receipt is valid, and what it says. It needs no network: an address is not opened, what stands behind its # is the receipt.
A copy of a receipt is as valid as the first one, and cancellations do not show: compare the reference with your own list.

${optionLines(OPTIONS, 22)}

Exit code: 0 if the receipt is valid, 1 if it is not, 2 if what was given cannot be read.`;
}

async function main({ receipt, keys, room, issuer, json }: ReceiptArguments): Promise<number> {
  try {
    const verdict = await verifyReceipt(receipt, { keys: await readKeys(keys), room, issuer });
    console.log(json ? printableJson(verdict) : textOf(verdict));
    return verdict.valid ? VALID : NOT_VALID;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    console.error(printableLines(error.message));
    return UNREADABLE;
  }
}

function textOf(verdict: ReceiptVerdict): string {
  if (!verdict.valid) return `Not valid: ${printable(verdict.reason)}`;
  const { room, position, completedAt, reference, issuer } = verdict;
  const rows = [
    ['reference', reference ?? '(none)'],
    ['recorded', completedAt],
    ['position', String(position)],
    ['room', room],
    ['issuer', issuer],
  ] as const;
  return ['Valid', ...rows.map(([name, value]) => `  ${name.padEnd(10)}${printable(value)}`)].join('\n');
}

process.exitCode = await runWithOptions(readReceiptArguments(process.argv.slice(2)), main);
