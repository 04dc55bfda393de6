// The options of `npm run verify-draw`. All are checked together, so that one run reports every mistake.

import { beaconChainSchema, QUICKNET, RELAYS_OF_CHAIN_MAX } from '../../worker/beacon/chain.ts';
import { type CommandOption, givenOptions, optionLines, type ReadOptions } from '../lib/command-options.ts';
import { ENTRIES_MAX } from './draw-checks.ts';
import { isAddress } from './draw-files.ts';

export interface DrawArguments {
  /** A file, an address, or `-`. */
  source: string;
  tokens: string[];
  tokensFile: string | null;
  /** null: the gateway's own, where the source is an address. */
  keys: string | null;
  entries: number[];
  earlier: string[];
  trustedChain: string;
  requireBeacon: boolean;
  relays: string[];
  json: boolean;
}

const OPTIONS: Record<string, CommandOption> = {
  token: {
    example: 'JWT',
    help: 'a queue token to check; others on this machine may see it, --tokens hides it',
    repeatable: true,
  },
  tokens: { example: 'FILE', help: 'queue tokens to check, one a line' },
  jwks: {
    example: 'FILE',
    help: 'the gateway’s public keys, a file or an https address (/.well-known/jwks.json of the gateway, where SOURCE is an address)',
  },
  entry: { example: 'N', help: 'prints the position of an entry', repeatable: true },
  earlier: { example: 'FILE', help: 'a copy of the document from before, with which it must agree', repeatable: true },
  chain: { example: 'HASH', help: 'the drand chain that you trust', fallback: 'quicknet' },
  'require-beacon': { example: '', help: 'a draw without public randomness is not proven', flag: true },
  relay: {
    example: 'ADDRESS',
    help: 'asks this drand relay for the round too; public: those of quicknet',
    repeatable: true,
  },
  json: { example: '', help: 'prints JSON', flag: true },
};

export function readDrawArguments(argv: readonly string[]): ReadOptions<DrawArguments> {
  const given = givenOptions(argv, OPTIONS, help, 1);
  if (given.kind !== 'given') return given;
  const { values, operands } = given;
  const problems: string[] = [];
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const list = (name: string) => (Array.isArray(values[name]) ? values[name] : []);

  const [source = ''] = operands;
  if (source === '')
    problems.push('Give the address of the draw, https://HOST/_fairgate/rooms/ROOM/draw, or a file with it.');
  const entries = list('entry').map((entry) => {
    const number = /^\d{1,8}$/.test(entry) ? Number(entry) : 0;
    if (number < 1 || number > ENTRIES_MAX)
      problems.push(`--entry ${entry} must be a whole number from 1 to ${ENTRIES_MAX}.`);
    return number;
  });
  const trustedChain = text('chain') ?? QUICKNET.hash;
  if (!/^[0-9a-f]{64}$/.test(trustedChain))
    problems.push(`--chain ${trustedChain} must be the hash of a chain, 64 hex digits.`);
  const relays = list('relay').flatMap((relay) => (relay === 'public' ? QUICKNET.relays : [relay]));
  const checkedRelays = beaconChainSchema.shape.relays.safeParse(relays);
  if (relays.length > 0 && !checkedRelays.success) {
    problems.push(
      `--relay takes up to ${RELAYS_OF_CHAIN_MAX} https addresses, or public: ${checkedRelays.error.issues[0]?.message}.`,
    );
  }
  const [tokens, tokensFile, keys] = [list('token'), text('tokens'), text('jwks')];
  const hasTokens = tokens.length > 0 || tokensFile !== null;
  if (hasTokens && keys === null && !isAddress(source)) {
    problems.push('Tokens need --jwks FILE, with what /.well-known/jwks.json of the gateway answers.');
  }
  const inputs = [source, tokensFile, keys, ...list('earlier')].filter((input) => input === '-');
  if (inputs.length > 1) problems.push('Only one of the inputs can be the standard input (-).');
  if (problems.length > 0) return { kind: 'misuse', problems };
  const earlier = list('earlier');
  const [requireBeacon, json] = [values['require-beacon'] === true, values['json'] === true];
  const asked = relays.length > 0 ? (checkedRelays.data ?? []) : [];
  return {
    kind: 'run',
    run: { source, tokens, tokensFile, keys, entries, earlier, trustedChain, requireBeacon, relays: asked, json },
  };
}

function help(): string {
  return `npm run verify-draw -- SOURCE [options]

Recomputes a published draw: the commitment, the beacon and its round, the seed, and the position of every entry, with none of the
gateway's own code for them. SOURCE is https://HOST/_fairgate/rooms/ROOM/draw, a file with its answer, a visitor's
evidence that the proof page saved as JSON, or - for the standard input.
docs/draw.md says what is proven by it, and what is not.

${optionLines(OPTIONS, 26)}

Exit code: 0 if the draw is proven, 1 if it is not, or not made yet, 2 if what was given cannot be read.`;
}
