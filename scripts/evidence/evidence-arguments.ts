// The options of `npm run evidence`. All are checked together, so that one run reports every mistake.

import { QUICKNET } from '../../worker/beacon/chain.ts';
import { roomId } from '../../worker/contract/room-schema.ts';
import { type CommandOption, givenOptions, optionLines, type ReadOptions } from '../lib/command-options.ts';
import { mayGetKey } from '../lib/operator-download.ts';

/** With what a pack is compared, beyond itself. */
export interface Comparison {
  /** A file or an address; null: the keys in the pack, or of the gateway that it was fetched from. */
  jwks: string | null;
  trustedChain: string;
  earlier: string | null;
  log: string | null;
  sealKey: string | null;
}

export type EvidenceArguments =
  | {
      kind: 'fetch';
      room: string;
      url: string;
      key: string;
      to: string | null;
      replace: boolean;
      comparison: Comparison;
    }
  | { kind: 'check'; source: string; comparison: Comparison }
  | { kind: 'openSeal'; source: string; keysFile: string };

const OPTIONS: Record<string, CommandOption> = {
  room: { example: 'ROOM', help: 'fetches the pack of this room; the operator key is read from OPERATOR_KEY' },
  url: { example: 'ADDRESS', help: 'the gateway, or the console’s own host', fallback: 'http://localhost:8787' },
  to: { example: 'FOLDER', help: 'where the pack goes', fallback: 'ROOM-evidence-TIME' },
  replace: { example: '', help: 'replaces a pack that is in that folder', flag: true },
  check: { example: 'FOLDER', help: 'checks a pack, a folder or the ZIP archive; needs no network' },
  jwks: { example: 'FILE', help: 'the gateway’s public keys as you know them, a file or an https address' },
  chain: { example: 'HASH', help: 'the drand chain that you trust', fallback: 'quicknet' },
  earlier: { example: 'FOLDER', help: 'an older pack of the room, of which nothing may have changed' },
  log: { example: 'FILE', help: 'the original log with its names, as …/audit.json or …/audit.csv returned it' },
  'seal-key': { example: 'HEX', help: 'opens the pack’s seal of the original log; from --open-seal' },
  'open-seal': { example: 'FOLDER', help: 'prints the key that opens the seal of this pack alone; needs --keys' },
  keys: { example: 'FILE', help: 'the gateway’s signing keys (SIGNING_KEYS), for --open-seal' },
};

export function readEvidenceArguments(
  argv: readonly string[],
  operatorKey: string | undefined,
): ReadOptions<EvidenceArguments> {
  const given = givenOptions(argv, OPTIONS, help);
  if (given.kind !== 'given') return given;
  const { values } = given;
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const [room, check, openSeal] = [text('room'), text('check'), text('open-seal')];
  const problems: string[] = [];
  if ([room, check, openSeal].filter((one) => one !== null).length !== 1) {
    problems.push('Give --room ROOM to fetch a pack, --check FOLDER to check one, or --open-seal FOLDER.');
  }
  const trustedChain = text('chain') ?? QUICKNET.hash;
  if (!/^[0-9a-f]{64}$/.test(trustedChain)) problems.push('--chain must be the hash of a chain, 64 hex digits.');
  const sealKey = text('seal-key');
  if (sealKey !== null && !/^[0-9a-f]{64}$/.test(sealKey)) problems.push('--seal-key must be 64 hex digits.');
  if (sealKey !== null && text('log') === null) problems.push('--seal-key needs --log FILE, the original log.');
  const comparison = { jwks: text('jwks'), trustedChain, earlier: text('earlier'), log: text('log'), sealKey };
  const [keysFile, replace] = [text('keys'), values['replace'] === true];
  if (room === null && (text('to') !== null || text('url') !== null || replace)) {
    problems.push('--url, --to and --replace are of --room.');
  }
  if (openSeal !== null && keysFile === null)
    problems.push('--open-seal needs --keys FILE, the gateway’s signing keys.');
  if (openSeal === null && keysFile !== null)
    problems.push('--keys is of --open-seal. To check a signature, give --jwks.');
  if (room !== null && !roomId.safeParse(room).success) problems.push(`--room ${room} is not the name of a room.`);
  const url = URL.parse(text('url') ?? 'http://localhost:8787');
  if (room !== null && (url === null || !mayGetKey(url))) {
    problems.push(`--url ${text('url')} must be an https address without a path: the operator key is sent there.`);
  }
  if (room !== null && !/^[!-~]{1,200}$/.test(operatorKey ?? '')) {
    problems.push(
      'Set OPERATOR_KEY to an operator key; the role viewer is enough. It is no option, so that others do not see it.',
    );
  }
  if (problems.length > 0) return { kind: 'misuse', problems };
  if (check !== null) return { kind: 'run', run: { kind: 'check', source: check, comparison } };
  if (openSeal !== null) return { kind: 'run', run: { kind: 'openSeal', source: openSeal, keysFile: keysFile ?? '' } };
  const run = { room: room ?? '', url: url?.origin ?? '', key: operatorKey ?? '', to: text('to'), replace, comparison };
  return { kind: 'run', run: { kind: 'fetch', ...run } };
}

function help(): string {
  return `npm run evidence -- --room ROOM [--to FOLDER]     fetches the evidence pack of a room, checks it and writes it as a folder
npm run evidence -- --check FOLDER [--jwks FILE]   says file by file whether a pack holds; needs no gateway

A pack is for people who trust neither the gateway nor its operator: the log, the draws, limits, admissions and refusals of a room, with
a signed manifest and without names. Its README says what each file proves, and what the pack cannot prove.

${optionLines(OPTIONS, 24)}

Exit code: 0 if everything holds, 1 if something does not, 2 if nothing could be fetched or read.`;
}
