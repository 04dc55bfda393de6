// `npm run rooms`: shows what has to be changed at a running gateway so that its rooms are as a file says, and changes it. This file
// handles arguments, the question and the exit code.

import { createInterface } from 'node:readline/promises';
import { isLoopback } from '../worker/contract/loopback.ts';
import type { Consequences } from '../worker/contract/operator-api.ts';
import {
  type CommandOption,
  givenOptions,
  optionLines,
  type ReadOptions,
  runWithOptions,
} from './lib/command-options.ts';
import { readJsonFile } from './lib/json-file.ts';
import { printableLines } from './lib/printable-text.ts';
import { applyRoom, GatewayRefusal, operatorClient, roomsAt } from './rooms/gateway-rooms.ts';
import { consequenceTexts, planText } from './rooms/plan-text.ts';
import { isDone, type Plan, planOf } from './rooms/room-plan.ts';
import { RoomsFileError, roomsOf } from './rooms/rooms-file.ts';

/** Nothing is left to change; something is, or was not changed; nothing could be read. */
const [DONE, LEFT, UNREADABLE] = [0, 1, 2];

const OPTIONS: Record<string, CommandOption> = {
  url: { example: 'ADDRESS', help: 'the gateway, or the console’s own host', fallback: 'http://localhost:8787' },
  yes: { example: '', help: 'applies without a question', flag: true },
  'end-places': { example: '', help: 'also where a new opening ends all places of a room that has opened', flag: true },
  'open-now': { example: '', help: 'also where an opening in the past opens a room at once', flag: true },
  'close-now': { example: '', help: 'also where a closing in the past closes a room at once', flag: true },
  'take-addresses': { example: '', help: 'also where a room takes addresses from another one', flag: true },
};

interface RoomsArguments {
  action: 'plan' | 'apply';
  file: string;
  url: string;
  key: string;
  yes: boolean;
  /** What was allowed to happen to people at once. */
  allowed: Allowed;
}

/** By the names of the consequences. */
type Allowed = Record<keyof Consequences, boolean>;

const ALLOWING = {
  endsPlaces: 'end-places',
  opensNow: 'open-now',
  closesNow: 'close-now',
  takesFrom: 'take-addresses',
} as const satisfies Record<keyof Consequences, string>;

function help(): string {
  return `npm run rooms -- plan rooms.json [--url ADDRESS]    shows what differs, and changes nothing
npm run rooms -- apply rooms.json [--url ADDRESS]   shows it, asks, and changes it

The file is that of docs/rooms.md; openings are moments in RFC 3339. Rooms of the gateway that the file does not have are left alone, and so are
messages, pauses and waiting pages. The operator key is read from OPERATOR_KEY: of an operator for limits and schedules, of an owner
for new rooms and what they protect. Twice in a row changes nothing the second time.

${optionLines(OPTIONS, 24)}

Exit code: 0 if nothing is left to change, 1 if something is, 2 if the file or the gateway could not be read.`;
}

function readArguments(argv: readonly string[], key: string | undefined): ReadOptions<RoomsArguments> {
  const given = givenOptions(argv, OPTIONS, help, 2);
  if (given.kind !== 'given') return given;
  const { values, operands } = given;
  const [action, file] = operands;
  const problems: string[] = [];
  if ((action !== 'plan' && action !== 'apply') || file === undefined) {
    problems.push('Give plan or apply, and the file: npm run rooms -- plan rooms.json.');
  }
  const forApply = ['yes', ...Object.values(ALLOWING)].filter((name) => values[name] === true);
  if (action === 'plan' && forApply.length > 0) {
    problems.push(`Options of apply, not of plan: ${forApply.map((name) => `--${name}`).join(', ')}.`);
  }
  const text = typeof values['url'] === 'string' ? values['url'] : 'http://localhost:8787';
  const url = URL.parse(text);
  const isSafe = url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
  if (!isSafe || url.pathname !== '/' || url.username !== '') {
    problems.push(`--url ${text} must be an https address without a path: the operator key is sent there.`);
  }
  if (!/^[!-~]{1,200}$/.test(key ?? '')) {
    problems.push(
      'Set OPERATOR_KEY to an operator key. It is no option, so that others on this machine do not see it.',
    );
  }
  if (problems.length > 0) return { kind: 'misuse', problems };
  const isAllowed = (name: keyof Consequences) => values[ALLOWING[name]] === true;
  const allowed = {
    ...{ endsPlaces: isAllowed('endsPlaces'), opensNow: isAllowed('opensNow') },
    ...{ closesNow: isAllowed('closesNow'), takesFrom: isAllowed('takesFrom') },
  };
  const run = {
    action: action as 'plan' | 'apply',
    file: file ?? '',
    url: url?.origin ?? '',
    key: key ?? '',
    yes: values['yes'] === true,
    allowed,
  };
  return { kind: 'run', run };
}

async function main({ action, file, url, key, yes, allowed }: RoomsArguments): Promise<number> {
  try {
    const wanted = roomsOf(readJsonFile(file));
    const client = operatorClient(url, key);
    const plan = planOf(wanted, await roomsAt(client, url), Date.now());
    console.log(planText(plan));
    if (isDone(plan)) return DONE;
    if (action === 'plan') return LEFT;
    const reason = await whyNot(plan, yes, allowed);
    if (reason !== null) {
      console.error(reason);
      return LEFT;
    }
    for (const room of plan.rooms) await applyRoom(client, url, room);
    const after = planOf(wanted, await roomsAt(client, url), Date.now());
    if (isDone(after)) {
      console.log('Applied: the rooms are as in the file.');
      return DONE;
    }
    console.error(`Somebody changed the rooms meanwhile:\n${planText(after)}`);
    return LEFT;
  } catch (error) {
    const isForPerson = error instanceof RoomsFileError || error instanceof GatewayRefusal;
    if (!isForPerson && !(error instanceof Error && (error.constructor === Error || 'syscall' in error))) throw error;
    console.error(printableLines(error.message));
    return UNREADABLE;
  }
}

/** null: it may be applied. */
async function whyNot({ rooms }: Plan, yes: boolean, allowed: Allowed): Promise<string | null> {
  if (rooms.some(({ kind }) => kind === 'archived')) return 'Not applied: a room of the file is archived.';
  const changes = rooms.flatMap((one) => (one.kind === 'create' || one.kind === 'change' ? [one] : []));
  const missing = new Set(
    changes.flatMap(({ consequences }) => namesOf(consequences).filter((name) => !allowed[name])),
  );
  if (missing.size > 0) {
    const options = [...missing].map((name) => `--${ALLOWING[name]}`).join(' ');
    return `Not applied: it would do what nothing takes back, marked with ! above. Change the file, or give ${options}.`;
  }
  if (yes) return null;
  if (!process.stdin.isTTY) return 'Not applied: nobody can be asked here. Give --yes.';
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const done = changes.flatMap(({ room, consequences }) =>
    consequenceTexts(consequences).map((text) => `Applying ${text} (room ${room.id}).\n`),
  );
  const answer = await terminal.question(`${done.join('')}Apply? (yes/no) `);
  terminal.close();
  return answer.trim().toLowerCase() === 'yes' ? null : 'Not applied.';
}

function namesOf({ takesFrom, ...others }: Consequences): (keyof Consequences)[] {
  const names = (['endsPlaces', 'opensNow', 'closesNow'] as const).filter((name) => others[name] !== null);
  return takesFrom.length === 0 ? names : [...names, 'takesFrom'];
}

process.exitCode = await runWithOptions(readArguments(process.argv.slice(2), process.env['OPERATOR_KEY']), main);
