// `npm run rooms`: shows what has to be changed at a running gateway so that its rooms are as a file says, and changes it. This file
// handles arguments, the question and the exit code.

import { createInterface } from 'node:readline/promises';
import { isLoopback } from '../worker/contract/loopback.ts';
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
import { planText } from './rooms/plan-text.ts';
import { isDone, type Plan, planOf } from './rooms/room-plan.ts';
import { RoomsFileError, roomsOf } from './rooms/rooms-file.ts';

/** Nothing is left to change; something is, or was not changed; nothing could be read. */
const [DONE, LEFT, UNREADABLE] = [0, 1, 2];

const OPTIONS: Record<string, CommandOption> = {
  url: { example: 'ADDRESS', help: 'the gateway, or the console’s own host', fallback: 'http://localhost:8787' },
  yes: { example: '', help: 'applies without a question', flag: true },
  'end-places': { example: '', help: 'also where a new opening ends all places of a room that has opened', flag: true },
};

interface RoomsArguments {
  action: 'plan' | 'apply';
  file: string;
  url: string;
  key: string;
  yes: boolean;
  endPlaces: boolean;
}

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
  if (action === 'plan' && (values['yes'] === true || values['end-places'] === true)) {
    problems.push('--yes and --end-places are of apply.');
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
  const [yes, endPlaces] = [values['yes'] === true, values['end-places'] === true];
  const run = {
    action: action as 'plan' | 'apply',
    file: file ?? '',
    url: url?.origin ?? '',
    key: key ?? '',
    yes,
    endPlaces,
  };
  return { kind: 'run', run };
}

async function main({ action, file, url, key, yes, endPlaces }: RoomsArguments): Promise<number> {
  try {
    const wanted = roomsOf(readJsonFile(file));
    const client = operatorClient(url, key);
    const plan = planOf(wanted, await roomsAt(client, url));
    console.log(planText(plan));
    if (isDone(plan)) return DONE;
    if (action === 'plan') return LEFT;
    const reason = await whyNot(plan, { yes, endPlaces });
    if (reason !== null) {
      console.error(reason);
      return LEFT;
    }
    for (const room of plan.rooms) await applyRoom(client, url, room);
    const after = planOf(wanted, await roomsAt(client, url));
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
async function whyNot(
  { rooms }: Plan,
  { yes, endPlaces }: { yes: boolean; endPlaces: boolean },
): Promise<string | null> {
  if (rooms.some(({ kind }) => kind === 'archived')) return 'Not applied: a room of the file is archived.';
  const ending = rooms.flatMap((room) => (room.kind === 'change' && room.endsPlaces ? [room.room.id] : []));
  if (ending.length > 0 && !endPlaces) {
    return `Not applied: another opening of ${ending.join(', ')} would end all places. Leave opensAt as it is, or give --end-places.`;
  }
  if (yes) return null;
  if (!process.stdin.isTTY) return 'Not applied: nobody can be asked here. Give --yes.';
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Apply? (yes/no) ');
  terminal.close();
  return answer.trim().toLowerCase() === 'yes' ? null : 'Not applied.';
}

process.exitCode = await runWithOptions(readArguments(process.argv.slice(2), process.env['OPERATOR_KEY']), main);
