// `npm run smoke -- https://booking.example`: after a deployment, whether the gate stands where visitors come. Asks from outside, as a
// stranger without a token would, and takes no place: every request is one that joins nothing.

import { Buffer } from 'node:buffer';
import * as z from 'zod';
import { parseJson } from '../worker/contract/json-text.ts';
import {
  type CommandOption,
  givenOptions,
  optionLines,
  type ReadOptions,
  runWithOptions,
} from './lib/command-options.ts';
import { printableLines } from './lib/printable-text.ts';

const OPTIONS: Record<string, CommandOption> = {
  room: { example: 'ID', help: 'a room at this address', fallback: 'main' },
  path: { example: '/book', help: 'a protected path, as a deep link leads to it', fallback: '/' },
  origin: { example: 'ADDRESS', help: 'the site’s own address, which must refuse a stranger' },
  console: { example: 'ADDRESS', help: 'the console’s own host, where there is one' },
};

const USAGE = `npm run smoke -- ADDRESS [options]
Asks a gateway from outside whether the gate stands, without taking a place: board, keys, a protected path without a token and with forged
ones, and the site's own address.

${optionLines(OPTIONS, 22)}

Exit code: 0 if nothing is wrong, 1 if something is, 2 if the gateway could not be asked.`;

const [WELL, WRONG, UNASKED] = [0, 1, 2];
const REQUEST_MS_MAX = 10_000;
/** A gateway reads its board once a second. */
const BOARD_AGE_MS_MAX = 5_000;
/** Tokens tolerate 30 s; a clock that is this far off is about to break something. */
const CLOCK_MS_MAX = 5_000;
const BODY_CHARS_MAX = 262_144;

interface SmokeArguments {
  url: string;
  room: string;
  path: string;
  origin: string | null;
  consoleUrl: string | null;
}

type Finding = { kind: 'well' | 'wrong' | 'note'; text: string };

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

const board = z.object({ state: z.string(), asOf: z.iso.datetime(), serverTime: z.iso.datetime() });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

function readArguments(argv: readonly string[]): ReadOptions<SmokeArguments> {
  const given = givenOptions(argv, OPTIONS, () => USAGE, 1);
  if (given.kind !== 'given') return given;
  const [address = ''] = given.operands;
  const text = (name: string) => (typeof given.values[name] === 'string' ? String(given.values[name]) : null);
  const [path, origin, consoleUrl] = [text('path') ?? '/', text('origin'), text('console')];
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ ADDRESS: address, '--origin': origin, '--console': consoleUrl })) {
    if (value !== null && !/^https?:$/.test(URL.parse(value)?.protocol ?? '')) {
      problems.push(`${name} ${value} is not an http(s) address. Example: https://booking.example`);
    }
  }
  if (!path.startsWith('/')) problems.push(`--path ${path} must begin with /.`);
  if (problems.length > 0) return { kind: 'misuse', problems };
  const base = (value: string) => new URL(value).origin;
  return {
    kind: 'run',
    run: {
      url: base(address),
      room: text('room') ?? 'main',
      path,
      origin: origin && base(origin),
      consoleUrl: consoleUrl && base(consoleUrl),
    },
  };
}

/** @returns null where nothing answers */
async function ask(address: string, headers: Record<string, string> = {}): Promise<Answer | null> {
  try {
    const response = await fetch(address, { headers, redirect: 'manual', signal: AbortSignal.timeout(REQUEST_MS_MAX) });
    return {
      status: response.status,
      headers: response.headers,
      text: (await response.text()).slice(0, BODY_CHARS_MAX),
    };
  } catch {
    return null; // Refused, too slow, an unknown name or certificate.
  }
}

async function main(given: SmokeArguments): Promise<number> {
  const { url, room } = given;
  const read = await ask(`${url}/_fairgate/rooms/${encodeURIComponent(room)}/board`);
  if (read === null) {
    console.error(`${url} does not answer. Check the name, the certificate and the route.`);
    return UNASKED;
  }
  const findings = [
    ...boardFindings(read, given),
    ...(await keyFindings(given)),
    ...(await strangerFindings(given)),
    ...(await surroundings(given)),
  ];
  const signs = { well: 'ok    ', wrong: 'WRONG ', note: 'note  ' };
  for (const { kind, text } of findings) console.log(printableLines(`${signs[kind]}${text}`));
  const wrong = findings.filter(({ kind }) => kind === 'wrong').length;
  console.log(wrong === 0 ? 'The gate stands.' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong.`);
  return wrong === 0 ? WELL : WRONG;
}

function boardFindings({ status, text }: Answer, { room, url }: SmokeArguments): Finding[] {
  const parsed = board.safeParse(parseJson(text));
  if (status !== 200 || !parsed.success) {
    return [
      {
        kind: 'wrong',
        text: `Room "${room}": its board answers ${status}, and is no board. Does ${url} lead to Fairgate, and is there such a room (--room)?`,
      },
    ];
  }
  const { state, asOf, serverTime } = parsed.data;
  const age = Date.parse(serverTime) - Date.parse(asOf);
  const off = Date.parse(serverTime) - Date.now();
  return [
    age <= BOARD_AGE_MS_MAX
      ? { kind: 'well', text: `Room "${room}" is ${state}; its numbers are ${Math.round(age / 1_000)} s old.` }
      : {
          kind: 'wrong',
          text: `Room "${room}": its numbers are ${Math.round(age / 1_000)} s old. The store does not answer the gateway: read its log.`,
        },
    Math.abs(off) <= CLOCK_MS_MAX
      ? { kind: 'well', text: 'The clocks of the gateway and of this machine agree.' }
      : {
          kind: 'note',
          text: `The gateway's clock is ${Math.round(off / 1_000)} s from this machine's. One of them is wrong.`,
        },
  ];
}

async function keyFindings({ url }: SmokeArguments): Promise<Finding[]> {
  const answer = await ask(`${url}/.well-known/jwks.json`);
  const keys = keySet.safeParse(parseJson(answer?.text ?? ''));
  if (answer?.status !== 200 || !keys.success) {
    return [
      {
        kind: 'wrong',
        text: `The public keys at ${url}/.well-known/jwks.json answer ${answer?.status ?? 'nothing'}: no site can check a token.`,
      },
    ];
  }
  if (keys.data.keys.some((key) => 'd' in key)) {
    return [{ kind: 'wrong', text: 'The public keys contain a private one. Make new signing keys now.' }];
  }
  return [{ kind: 'well', text: `${keys.data.keys.length} public keys can be fetched.` }];
}

/** What somebody without a place gets at a protected path, however they ask. */
async function strangerFindings({ url, path, room }: SmokeArguments): Promise<Finding[]> {
  const address = `${url}${path}`;
  const forged = forgedToken(room);
  const requests: [string, Record<string, string>][] = [
    ['without a token', {}],
    ['with a forged token', { Authorization: `Bearer ${forged}` }],
    [
      'with a forged token in cookies',
      { Cookie: `__Host-fairgate-admission-${room}=${forged}; fairgate-admission-${room}=${forged}` },
    ],
    ['with the header that only the gateway may set', { 'Fairgate-Admission': forged }],
  ];
  const findings: Finding[] = [];
  for (const [how, headers] of requests) {
    const answer = await ask(address, { Accept: '*/*', ...headers });
    const type = answer?.headers.get('Content-Type') ?? '';
    const isRefused = answer !== null && answer.status === 403 && type.includes('application/problem+json');
    findings.push(
      isRefused
        ? { kind: 'well', text: `${path} ${how} is refused.` }
        : {
            kind: 'wrong',
            text: `${path} ${how} answers ${answer?.status ?? 'nothing'} (${type || 'no type'}) and not with the gateway's refusal: the gate does not stand before it.`,
          },
    );
  }
  const page = await ask(address, { Accept: 'text/html' });
  const caching = page?.headers.get('Cache-Control') ?? '';
  const isGates = page?.text.includes('/_fairgate/') === true;
  findings.push(
    isGates && /no-store|private/.test(caching)
      ? { kind: 'well', text: `A person who opens ${path} gets the gateway's page, which no shared cache keeps.` }
      : {
          kind: 'wrong',
          text: `A person who opens ${path} gets ${page?.status ?? 'nothing'}, ${isGates ? `the gateway's page with "Cache-Control: ${caching}", which a cache may keep` : 'and not the gateway’s page'}.`,
        },
  );
  return findings;
}

async function surroundings({ url, path, origin, consoleUrl }: SmokeArguments): Promise<Finding[]> {
  const findings: Finding[] = [];
  const consoleHere = await ask(`${url}/_fairgate/console/`);
  const isConsole = consoleHere?.status === 200 && consoleHere.headers.get('Content-Security-Policy') !== null;
  if (consoleUrl !== null && consoleUrl !== url) {
    const there = await ask(`${consoleUrl}/_fairgate/console/`);
    findings.push(
      there?.status === 200 && !isConsole
        ? { kind: 'well', text: `The console is at ${consoleUrl} alone.` }
        : {
            kind: 'wrong',
            text: `The console answers ${there?.status ?? 'nothing'} at ${consoleUrl} and ${consoleHere?.status ?? 'nothing'} at ${url}. Set CONSOLE_URL.`,
          },
    );
  } else if (isConsole) {
    findings.push({
      kind: 'note',
      text: 'The console is on the visitors’ host. Give it one of its own: CONSOLE_URL (docs/operators.md).',
    });
  }
  if (url.startsWith('https:')) {
    const plain = await ask(`${url.replace(/^https:/, 'http:')}${path}`);
    const to = plain?.headers.get('Location') ?? '';
    findings.push(
      plain === null || (plain.status >= 300 && plain.status < 400 && to.startsWith('https:')) || plain.status === 403
        ? { kind: 'well', text: 'Plain http leads nowhere but to https.' }
        : {
            kind: 'wrong',
            text: `Plain http answers ${plain.status}: tokens would be sent unencrypted. Redirect it to https.`,
          },
    );
  }
  if (origin !== null) {
    const direct = await ask(`${origin}${path}`, { Accept: 'text/html' });
    findings.push(
      direct === null || direct.status === 401 || direct.status === 403
        ? {
            kind: 'well',
            text: `The site itself (${origin}) refuses a stranger${direct === null ? ': it does not answer from here' : ` (${direct.status})`}.`,
          }
        : {
            kind: 'wrong',
            text: `The site itself (${origin}) answers a stranger with ${direct.status}. Anyone who knows this address passes the line: check tokens there (docs/origin.md).`,
          },
    );
  } else
    findings.push({ kind: 'note', text: 'Whether the site itself refuses strangers was not asked: --origin ADDRESS.' });
  return findings;
}

/** Looks like an admission token, and nobody has signed it. */
function forgedToken(room: string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  const claims = { room, epoch: 1, position: 1, sub: 'smoke', sid: 'smoke', iat: now, nbf: now, exp: now + 600 };
  return `${part({ alg: 'ES256', typ: 'admission+jwt', kid: 'smoke' })}.${part(claims)}.${Buffer.alloc(64, 1).toString('base64url')}`;
}

process.exitCode = await runWithOptions(readArguments(process.argv.slice(2)), main);
