// The options of `npm run report`. All are checked together, so that one run reports every mistake.

import { roomId } from '../../worker/contract/room-schema.ts';
import { type CommandOption, givenOptions, optionLines, type ReadOptions } from '../lib/command-options.ts';
import { mayGetKey } from '../lib/operator-download.ts';

export interface ReportArguments {
  room: string;
  url: string;
  key: string;
  /** Of the API: what the report is about, without its language. */
  period: Record<string, string>;
  languages: readonly ('ko' | 'en')[];
  /** null: named by room and time. */
  out: string | null;
}

const LANGUAGES = ['ko', 'en'] as const;

const OPTIONS: Record<string, CommandOption> = {
  room: { example: 'ROOM', help: 'the room; the operator key is read from OPERATOR_KEY, the role viewer is enough' },
  opening: { example: 'N', help: 'the number of an opening, as the log has it', fallback: 'the last one' },
  from: { example: 'TIME', help: 'beginning of a range of time instead, with its offset: 2027-08-05T20:00+09:00' },
  to: { example: 'TIME', help: 'its end', fallback: 'now' },
  language: { example: 'ko|en', help: 'language of the report', fallback: 'both' },
  url: { example: 'ADDRESS', help: 'the gateway, or the console’s own host', fallback: 'http://localhost:8787' },
  out: { example: 'FOLDER', help: 'where the files go; it must not exist', fallback: 'ROOM-report-TIME' },
};

export function readReportArguments(
  argv: readonly string[],
  operatorKey: string | undefined,
): ReadOptions<ReportArguments> {
  const given = givenOptions(argv, OPTIONS, help);
  if (given.kind !== 'given') return given;
  const text = (name: string) => (typeof given.values[name] === 'string' ? given.values[name] : null);
  const problems: string[] = [];
  const room = text('room') ?? '';
  if (!roomId.safeParse(room).success) problems.push(`--room ${room} is not the name of a room. Give --room ROOM.`);
  const period: Record<string, string> = {};
  const opening = text('opening');
  if (opening !== null && !/^[1-9]\d{0,15}$/.test(opening)) problems.push(`--opening ${opening} must be a number.`);
  if (opening !== null) period['opening'] = opening;
  for (const name of ['from', 'to']) {
    const time = text(name);
    if (time === null) continue;
    const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(time);
    if (isTime && !Number.isNaN(Date.parse(time))) period[name] = new Date(time).toISOString();
    else problems.push(`--${name} ${time} must be a time with its offset, for example 2027-08-05T20:00+09:00.`);
  }
  if (opening !== null && ('from' in period || 'to' in period)) {
    problems.push('Give --opening, or --from and --to.');
  }
  const language = text('language');
  if (language !== null && language !== 'ko' && language !== 'en') {
    problems.push(`--language ${language} must be ko or en.`);
  }
  const url = URL.parse(text('url') ?? 'http://localhost:8787');
  if (url === null || !mayGetKey(url)) {
    problems.push(`--url ${text('url')} must be an https address without a path: the operator key is sent there.`);
  }
  if (!/^[!-~]{1,200}$/.test(operatorKey ?? '')) {
    problems.push('Set OPERATOR_KEY to an operator key. It is no option, so that others do not see it.');
  }
  if (problems.length > 0) return { kind: 'misuse', problems };
  const languages = LANGUAGES.filter((one) => language === null || language === one);
  const run = { room, url: url?.origin ?? '', key: operatorKey ?? '', period, languages, out: text('out') };
  return { kind: 'run', run };
}

function help(): string {
  return `npm run report -- --room ROOM [--opening N | --from TIME --to TIME] [--language ko|en] [--out FOLDER]

Writes the event report of a room: a page for people who were not there, in Korean, English or both, and two files for
spreadsheets, every minute and every act. Minutes are kept for a year.

${optionLines(OPTIONS, 24)}

Exit code: 0 if the files were written, 2 if nothing could be fetched or written.`;
}
