// The options of `npm run rehearse`, each with its bounds and its line in `--help`. All are checked together, so that one run
// reports every mistake.

import { readFileSync } from 'node:fs';
import { type CommandOption, givenOptions, optionLines, type ReadOptions } from '../lib/command-options.ts';
import { mayGetKey } from '../lib/operator-download.ts';
import type { Limits } from './auditor.ts';
import type { Mix } from './plan.ts';
import type { RehearsalOptions } from './rehearsal.ts';
import { checkTarget, type Target } from './rehearsal-target.ts';

export interface RehearsalArguments {
  options: RehearsalOptions;
  mix: Mix;
  limits: Limits;
  /** Path of the HTML report. */
  report: string;
  /** null: no key was given, so the room's limits and zone are unknown. */
  operator: { url: string; key: string } | null;
  /** null: that of the room, or of this machine where it is not known. */
  timeZone: string | null;
  /** Of the report, on the terminal and as a page. */
  language: 'ko' | 'en';
}

/** A machine with two cores simulates several thousand; far beyond, the report would measure the load generator alone. */
const VISITORS_MAX = 50_000;
const OVER_MS_MAX = 60 * 60_000;
const CONNECTIONS_MAX = 4_000;
const SEED_MAX = 2 ** 32 - 1;

const OPTIONS: Record<string, CommandOption> = {
  url: { example: 'ADDRESS', help: 'the gateway', fallback: 'http://localhost:8787' },
  room: { example: 'ID', help: 'the room whose opening is rehearsed', fallback: 'demo' },
  visitors: { example: 'N', help: `number of visitors, up to ${VISITORS_MAX}`, fallback: '1000' },
  over: { example: '60s', help: 'time over which they arrive: the opening is in its middle', fallback: '60s' },
  before: { example: '0.4', help: 'share that arrives before the opening', fallback: '0.4' },
  'no-show': { example: '0.3', help: 'share that never comes back', fallback: '0.2' },
  'leave-line': { example: '0.02', help: 'share that leaves the line', fallback: '0.02' },
  losses: { example: '0.03', help: 'share that loses the network while joining, and while claiming', fallback: '0.03' },
  'double-tabs': { example: '0.03', help: 'share that waits in two tabs', fallback: '0.03' },
  'deep-links': { example: '0.2', help: 'share that arrives at the deep link', fallback: '0.2' },
  attempts: { example: '0.05', help: 'share that tries to bypass the line', fallback: '0.05' },
  stay: { example: '20s', help: 'mean time that visitors stay inside', fallback: '20s' },
  'run-out': { example: '0.05', help: 'share of visitors inside who let the session expire', fallback: '0.05' },
  path: { example: '/', help: 'where visitors arrive', fallback: '/' },
  'deep-link': { example: '/book', help: 'a protected path behind the front page', fallback: '/book' },
  'new-users-per-minute': { example: 'N', help: 'check this limit instead of the one on the board' },
  'total-active-users': { example: 'N', help: 'check this limit of visitors inside at once' },
  'operator-key-file': {
    example: 'FILE',
    help: 'an operator key, role viewer: reads limits, log and zone of the room; or set OPERATOR_KEY',
  },
  'operator-url': { example: 'ADDRESS', help: 'the console’s own host, where it has one', fallback: 'the gateway' },
  language: { example: 'ko', help: 'language of the report: ko or en', fallback: 'en' },
  'time-zone': { example: 'ZONE', help: 'zone of the times in the report', fallback: 'of the room, or this machine' },
  'origin-url': { example: 'ADDRESS', help: 'the origin’s own address, to check that it refuses too' },
  'other-room': { example: 'ID', help: 'another room at the same host, whose tokens are tried in this one' },
  'as-host': { example: 'NAME', help: 'the host name of the room, sent as Host' },
  'host-i-may-load': {
    example: 'NAME',
    help: 'a host other than this machine that you may load-test',
    repeatable: true,
  },
  connections: { example: 'N', help: 'connections shared by all visitors', fallback: '256' },
  'at-most': { example: '15m', help: 'time limit', fallback: '15m' },
  seed: { example: 'N', help: 'the same seed simulates the same visitors; printed at the start' },
  report: { example: 'FILE.html', help: 'path of the HTML report', fallback: 'rehearsal.html' },
};

export function readArguments(
  argv: readonly string[],
  freshSeed: () => number,
  operatorKey?: string,
): ReadOptions<RehearsalArguments> {
  const given = givenOptions(argv, OPTIONS, help);
  if (given.kind !== 'given') return given;
  const { values } = given;

  const problems: string[] = [];
  const text = (name: string) => {
    const value = values[name];
    return typeof value === 'string' ? value : (OPTIONS[name]?.fallback ?? undefined);
  };
  const whole = (name: string, max: number, min = 1) => {
    const given = text(name) ?? '';
    const value = /^\d{1,10}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    problems.push(`--${name} ${given} must be a whole number from ${min} to ${max}.`);
    return min;
  };
  const optional = (name: string) => (values[name] === undefined ? null : whole(name, 10_000_000));
  const share = (name: string) => {
    const given = text(name) ?? '';
    const value = /^(?:0|1|0?\.\d+|1\.0+|0\.\d+)$/.test(given) ? Number(given) : Number.NaN;
    if (value >= 0 && value <= 1) return value;
    problems.push(`--${name} ${given} must be a share from 0 to 1, for example 0.3 for 30 %.`);
    return 0;
  };
  const duration = (name: string, maxMs: number, minMs = 1_000) => {
    const given = text(name) ?? '';
    const [, amount, unit] = /^(\d{1,6}(?:\.\d+)?)(s|m|h)$/.exec(given) ?? [];
    const ms = Number(amount) * ({ s: 1_000, m: 60_000, h: 3_600_000 }[unit ?? ''] ?? Number.NaN);
    if (ms >= minMs && ms <= maxMs) return ms;
    problems.push(`--${name} ${given} must be a time such as 90s, 5m or 1h, at most ${maxMs / 60_000}m.`);
    return minMs;
  };
  const path = (name: string) => {
    const given = text(name) ?? '';
    if (/^\/(?!\/)[!-~]*$/.test(given) && !given.startsWith('/_fairgate')) return given;
    problems.push(`--${name} ${given} must be a path of the protected site, for example /book.`);
    return '/';
  };
  const id = (name: string) => {
    const given = text(name);
    if (given === undefined || /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(given)) return given ?? null;
    problems.push(`--${name} ${given} must be the id of a room: lower-case letters, digits and inner hyphens.`);
    return null;
  };
  const mayLoad = values['host-i-may-load'];
  const target = (name: string): Target | null => {
    const given = text(name);
    if (given === undefined) return null;
    const checked = checkTarget(`--${name}`, given, Array.isArray(mayLoad) ? mayLoad : []);
    if (checked.kind === 'target') return checked.target;
    problems.push(checked.sentence);
    return null;
  };

  const asHost = text('as-host') ?? null;
  if (asHost !== null && !/^[a-z0-9.-]+(?::\d{1,5})?$/i.test(asHost)) {
    problems.push(`--as-host ${asHost} must be a host name, for example booking.example.`);
  }
  const mix: Mix = {
    visitors: whole('visitors', VISITORS_MAX),
    seed: text('seed') === undefined ? freshSeed() : whole('seed', SEED_MAX, 0),
    overMs: duration('over', OVER_MS_MAX),
    before: share('before'),
    noShow: share('no-show'),
    leaveLine: share('leave-line'),
    losses: share('losses'),
    doubleTabs: share('double-tabs'),
    deepLinks: share('deep-links'),
    attempts: share('attempts'),
    stayMs: duration('stay', OVER_MS_MAX, 100),
    runOut: share('run-out'),
    path: path('path'),
    deepLink: path('deep-link'),
  };
  if (mix.noShow + mix.leaveLine > 1) problems.push('--no-show and --leave-line together must not exceed 1.');
  const timeZone = text('time-zone') === OPTIONS['time-zone']?.fallback ? null : (text('time-zone') ?? null);
  if (timeZone !== null && !isZone(timeZone)) {
    problems.push(`--time-zone ${timeZone} must be the name of a zone, for example Asia/Seoul.`);
  }
  const wantedLanguage = text('language');
  const language = wantedLanguage === 'ko' ? 'ko' : 'en';
  if (wantedLanguage !== language) problems.push(`--language ${wantedLanguage} must be ko or en.`);
  const keyFile = text('operator-key-file') ?? null;
  const key = keyFile === null ? (operatorKey?.trim() ?? '') : keyIn(keyFile, problems);
  if (key !== '' && !/^[!-~]{1,200}$/.test(key)) problems.push('The operator key must be one word.');
  const ownConsole = values['operator-url'];
  const consoleUrl = URL.parse(typeof ownConsole === 'string' ? ownConsole : (text('url') ?? ''));
  if (key !== '' && consoleUrl !== null && !mayGetKey(consoleUrl)) {
    const which = typeof ownConsole === 'string' ? '--operator-url' : '--url';
    problems.push(`${which} ${consoleUrl.origin} must be https: the operator key is sent there.`);
  }
  const operator = key === '' || consoleUrl === null ? null : { url: consoleUrl.origin, key };
  const gateway = target('url');
  const options = {
    originTarget: target('origin-url'),
    room: id('room') ?? 'demo',
    otherRoom: id('other-room'),
    asHost,
    path: mix.path,
    deepLink: mix.deepLink,
    connections: whole('connections', CONNECTIONS_MAX),
    msMax: duration('at-most', 2 * OVER_MS_MAX),
  };
  const limits = {
    newUsersPerMinute: optional('new-users-per-minute'),
    totalActiveUsers: optional('total-active-users'),
  };
  const report = text('report') ?? '';
  if (!/\.html?$/i.test(report)) problems.push(`--report ${report} must end in .html.`);
  if (problems.length > 0 || gateway === null) return { kind: 'misuse', problems };
  return {
    kind: 'run',
    run: { options: { target: gateway, ...options }, mix, limits, report, operator, timeZone, language },
  };
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // RangeError
  }
}

function keyIn(file: string, problems: string[]): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(`--operator-key-file ${file} cannot be read (${error instanceof Error ? error.message : error}).`);
    return '';
  }
}

function help(): string {
  return `npm run rehearse -- [options]

Rehearses an opening: simulates visitors of all kinds against a running gateway, over HTTP, and reports whether the gateway
kept its promises, on the terminal and as one HTML file. Use a room of its own for it:
  OPENS_AT=+2m NEW_USERS_PER_MINUTE=600 JOINS_PER_NETWORK=0 DATA_DIR=.fairgate-rehearsal npm start

${optionLines(OPTIONS, 32)}

Exit code: 0 if no check failed, 1 if a check failed, 2 if the rehearsal could not run. Ctrl-C ends it early with a report.`;
}
