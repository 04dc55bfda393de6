// `npm run smoke -- https://booking.example`: after a deployment, whether the gate stands where visitors come. Asks from outside, as a
// stranger without a token would, and takes no place: every request is one that joins nothing.

import {
  type CommandOption,
  givenOptions,
  optionLines,
  type ReadOptions,
  runWithOptions,
} from './lib/command-options.ts';
import { printableLines } from './lib/printable-text.ts';
import { smokeFindings } from './smoke/ask-deployment.ts';
import type { Finding, SmokeQuestion } from './smoke/finding.ts';

const OPTIONS: Record<string, CommandOption> = {
  room: { example: 'ID', help: 'a room at this address', fallback: 'main' },
  path: {
    example: '/book',
    help: 'a protected path, as a deep link leads to it; may be given several times',
    fallback: '/',
    repeatable: true,
  },
  origin: {
    example: 'ADDRESS',
    help: 'an address of the site itself, which must refuse a stranger; may be given several times',
    repeatable: true,
  },
  audience: { example: 'TEXT', help: 'the room’s audience', fallback: 'urn:fairgate:origin:ID' },
  console: { example: 'ADDRESS', help: 'the console’s own host, where there is one' },
  closed: {
    example: 'ADDRESS',
    help: 'where the gateway must not answer, such as https://fairgate.NAME.workers.dev',
    repeatable: true,
  },
};

const USAGE = `npm run smoke -- ADDRESS [options]
Asks a gateway from outside whether the gate stands, without taking a place: board, keys, protected paths without a token and with forged
ones, caches, the console, and the site's own address. Ask from a machine that nobody has allowed anything: one that the site's firewall
lets in proves nothing.

${optionLines(OPTIONS, 22)}

Exit code: 0 if nothing is wrong, 1 if something is, 2 if the gateway could not be asked.`;

const [WELL, WRONG, UNASKED] = [0, 1, 2];

function readArguments(argv: readonly string[]): ReadOptions<SmokeQuestion> {
  const given = givenOptions(argv, OPTIONS, () => USAGE, 1);
  if (given.kind !== 'given') return given;
  const [address = ''] = given.operands;
  const all = (name: string): string[] => [given.values[name] ?? []].flat().map(String);
  const [origins, consoles, closed] = [all('origin'), all('console'), all('closed')];
  const paths = all('path').length > 0 ? all('path') : ['/'];
  const problems: string[] = [];
  const addresses = { ADDRESS: [address], '--origin': origins, '--console': consoles, '--closed': closed };
  for (const [name, values] of Object.entries(addresses)) {
    for (const value of values) {
      if (isAddress(value)) continue;
      problems.push(`${name} '${value}' is not an http(s) address without a path. Example: https://booking.example`);
    }
  }
  for (const path of paths) if (!path.startsWith('/')) problems.push(`--path ${path} must begin with /.`);
  if (problems.length > 0) return { kind: 'misuse', problems };
  const base = (value: string) => new URL(value).origin;
  const room = all('room')[0] ?? 'main';
  return {
    kind: 'run',
    run: {
      url: base(address),
      room,
      paths,
      audience: all('audience')[0] ?? `urn:fairgate:origin:${room}`,
      origins: origins.map(base),
      consoleUrl: consoles.map(base)[0] ?? null,
      closed: closed.map(base),
    },
  };
}

function isAddress(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '' && url.hash === '';
}

const SIGNS: Record<Finding['kind'], string> = { well: 'ok    ', wrong: 'WRONG ', note: 'note  ' };

async function main(question: SmokeQuestion): Promise<number> {
  const findings = await smokeFindings(question);
  if (findings.kind === 'unasked') {
    console.error(printableLines(findings.reason));
    return UNASKED;
  }
  for (const { kind, text } of findings.all) console.log(printableLines(`${SIGNS[kind]}${text}`));
  const wrong = findings.all.filter(({ kind }) => kind === 'wrong').length;
  console.log(wrong === 0 ? 'The gate stands.' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong.`);
  return wrong === 0 ? WELL : WRONG;
}

process.exitCode = await runWithOptions(readArguments(process.argv.slice(2)), main);
