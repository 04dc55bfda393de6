// What `npm run rehearse` is told: every option with its bound and its sentence, checked at once, so that one attempt
// shows every mistake. `--help` is made from the same list.

import { parseArgs } from 'node:util';
import type { Limits } from './auditor.ts';
import type { Mix } from './plan.ts';
import type { Playing } from './rehearsal.ts';
import { checkTarget, type Target } from './rehearsal-target.ts';

export interface Asked {
  playing: Playing;
  mix: Mix;
  limits: Limits;
  /** Where the page goes. */
  report: string;
}

export type ReadArguments =
  | { kind: 'asked'; asked: Asked }
  | { kind: 'help'; text: string }
  | { kind: 'misuse'; problems: string[] };

/** A machine with two cores plays several thousand; far beyond, the report would speak of the player alone. */
const VISITORS_MAX = 50_000;
const OVER_MS_MAX = 60 * 60_000;
const CONNECTIONS_MAX = 4_000;
const SEED_MAX = 2 ** 32 - 1;

interface Option {
  example: string;
  says: string;
  standard?: string;
}

const OPTIONS: Record<string, Option> = {
  url: { example: 'ADDRESS', says: 'the gateway', standard: 'http://localhost:8787' },
  room: { example: 'ID', says: 'the room whose opening is played', standard: 'demo' },
  visitors: { example: 'N', says: `how many people come, up to ${VISITORS_MAX}`, standard: '1000' },
  over: { example: '60s', says: 'how long they arrive: half before the opening, half after', standard: '60s' },
  before: { example: '0.4', says: 'share of them that comes before the opening', standard: '0.4' },
  'no-show': { example: '0.3', says: 'share that never comes back', standard: '0.2' },
  'leave-line': { example: '0.02', says: 'share that leaves the line', standard: '0.02' },
  losses: { example: '0.03', says: 'share that loses the network while joining, and while claiming', standard: '0.03' },
  'double-tabs': { example: '0.03', says: 'share that waits in two tabs', standard: '0.03' },
  'deep-links': { example: '0.2', says: 'share that arrives by the deep link', standard: '0.2' },
  attempts: { example: '0.05', says: 'share that tries a way around the line', standard: '0.05' },
  stay: { example: '20s', says: 'how long people stay inside, on average', standard: '20s' },
  'run-out': { example: '0.05', says: 'share of those inside who let the session run out', standard: '0.05' },
  path: { example: '/', says: 'where people arrive', standard: '/' },
  'deep-link': { example: '/book', says: 'an address behind the front page', standard: '/book' },
  'new-users-per-minute': { example: 'N', says: 'hold the gateway to this limit, instead of the one on its board' },
  'total-active-users': { example: 'N', says: 'hold the gateway to this many people inside at once' },
  'origin-url': { example: 'ADDRESS', says: 'the origin’s own address, to see that it refuses too' },
  'other-room': { example: 'ID', says: 'another room of the gateway, whose tokens are tried here' },
  'as-host': { example: 'NAME', says: 'the host name that the room is known by, sent as Host' },
  'host-i-may-load': { example: 'NAME', says: 'a host other than this machine that you may load with a crowd' },
  connections: { example: 'N', says: 'connections that all visitors share', standard: '256' },
  'at-most': { example: '15m', says: 'ends after this, wherever everybody stands', standard: '15m' },
  seed: { example: 'N', says: 'the same seed plays the same people; printed at the start' },
  report: { example: 'FILE.html', says: 'where the page of the report goes', standard: 'rehearsal.html' },
};

export function readArguments(argv: readonly string[], freshSeed: () => number): ReadArguments {
  let values: Record<string, string | boolean | string[] | undefined>;
  try {
    const options = Object.fromEntries(
      Object.keys(OPTIONS).map((name) => [name, { type: 'string' as const, multiple: name === 'host-i-may-load' }]),
    );
    values = parseArgs({ args: [...argv], options: { ...options, help: { type: 'boolean' } } }).values;
  } catch (error) {
    const said = error instanceof Error ? error.message.split('.')[0] : String(error);
    return { kind: 'misuse', problems: [`${said}. --help shows all options.`] };
  }
  if (values['help'] === true) return { kind: 'help', text: help() };

  const problems: string[] = [];
  const text = (name: string) => {
    const value = values[name];
    return typeof value === 'string' ? value : OPTIONS[name]?.standard;
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
    problems.push(`--${name} ${given} must be a share from 0 to 1, as 0.3 for 30 %.`);
    return 0;
  };
  const duration = (name: string, maxMs: number, minMs = 1_000) => {
    const given = text(name) ?? '';
    const [, amount, unit] = /^(\d{1,6}(?:\.\d+)?)(s|m|h)$/.exec(given) ?? [];
    const ms = Number(amount) * ({ s: 1_000, m: 60_000, h: 3_600_000 }[unit ?? ''] ?? Number.NaN);
    if (ms >= minMs && ms <= maxMs) return ms;
    problems.push(`--${name} ${given} must be a time as 90s, 5m or 1h, at most ${maxMs / 60_000}m.`);
    return minMs;
  };
  const path = (name: string) => {
    const given = text(name) ?? '';
    if (/^\/(?!\/)[!-~]*$/.test(given) && !given.startsWith('/_fairgate')) return given;
    problems.push(`--${name} ${given} must be a path of the protected site, as /book.`);
    return '/';
  };
  const id = (name: string) => {
    const given = text(name);
    if (given === undefined || /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(given)) return given ?? null;
    problems.push(`--${name} ${given} must be a room’s id: small letters, digits and - inside.`);
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
    problems.push(`--as-host ${asHost} must be a host name, as booking.example.`);
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
  const gateway = target('url');
  const playing = {
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
  return { kind: 'asked', asked: { playing: { target: gateway, ...playing }, mix, limits, report } };
}

function help(): string {
  const rows = Object.entries(OPTIONS).map(([name, { example, says, standard }]) => {
    return `  --${name} ${example}`.padEnd(32) + says + (standard === undefined ? '' : ` (${standard})`);
  });
  return `npm run rehearse -- [options]

Plays an opening with visitors of all kinds against a running gateway, over HTTP, and reports whether every promise was
kept: on the terminal, and as one HTML file. Play it on a room made for it, as
  OPENS_AT=+2m NEW_USERS_PER_MINUTE=600 DATA_DIR=.fairgate-rehearsal npm start

${rows.join('\n')}

Ends with 0 if nothing was broken, 1 if a law was broken, 2 if it could not be played. Ctrl-C reports what happened so far.`;
}
