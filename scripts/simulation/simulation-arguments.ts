// The options of `npm run simulate`, each with its bounds and its line in `--help`. All are checked together, so that one run
// reports every mistake.

import { POLICY_BOUNDS } from '../../queue-core/limits.ts';
import { HEALTH_MODES } from '../../worker/contract/room-schema.ts';
import { RELAYS_MAX } from '../../worker/setting-checks.ts';
import { type CommandOption, givenOptions, optionLines, type ReadOptions } from '../lib/command-options.ts';
import {
  FAULTS,
  type OperatorChange,
  type OriginFault,
  type Scenario,
  SHAPE_DEFAULTS,
  SHAPES,
  type Shape,
} from './scenario.ts';

export interface SimulationArguments {
  scenario: Scenario;
  /** Path of the HTML report. */
  report: string;
}

/** About 200 bytes of memory each. */
const VISITORS_MAX = 5_000_000;
const GATEWAYS_MAX = 1_000;
const OVER_MS_MAX = 24 * 3_600_000;
const STAY_MS_MAX = 24 * 3_600_000;
const NETWORK_MS_MAX = 1_000;
const CHANGES_MAX = 64;
const WATCHED_MAX = 10_000;
const SEED_MAX = 2 ** 32 - 1;

/** An origin with room to spare: by this factor above the people allowed at once. */
const ORIGIN_ROOM = 1.5;

/** A visitor reads a page for so long. */
const PAGE_MS = 8_000;

const OPTIONS = {
  scenario: { example: 'NAME', help: `${SHAPES.join(', ')}: when visitors come`, fallback: 'wall' },
  visitors: { example: 'N', help: `number of visitors, up to ${VISITORS_MAX}`, fallback: null },
  over: { example: '1s', help: 'time over which they arrive', fallback: null },
  gateways: { example: 'N', help: `gateways, up to ${GATEWAYS_MAX}`, fallback: null },
  relays: { example: 'N', help: `relays between gateways and the room, up to ${RELAYS_MAX}; 0: none`, fallback: null },
  rate: { example: 'N', help: 'visitors admitted a minute', fallback: null },
  capacity: { example: 'N', help: 'visitors inside at once', fallback: null },
  session: { example: '5m', help: 'length of a session', fallback: '5m' },
  'claim-window': { example: '2m', help: 'time to claim after the call', fallback: '2m' },
  stay: { example: '3m', help: 'mean time that visitors stay inside', fallback: '3m' },
  'no-show': { example: '0.2', help: 'share that never comes back', fallback: '0.2' },
  ghosts: { example: '0.5', help: 'share that joins in bulk within seconds and never claims', fallback: '0' },
  losses: { example: '0.01', help: 'share of answers to joins and claims that are lost', fallback: '0.01' },
  latency: { example: '8ms', help: 'one way between gateway and room, median', fallback: '8ms' },
  service: { example: '1ms', help: 'time that the room’s object takes for a request', fallback: '1ms' },
  commit: { example: '4ms', help: 'time that it takes to write', fallback: '4ms' },
  'origin-people': { example: 'N', help: 'people inside at which the site becomes slow', fallback: '1.5 × capacity' },
  'origin-fault': {
    example: '60s:errors',
    help: 'what becomes of the site, so long after the opening: errors, hang, slow=10, flap=20s, well; repeat it for more',
    fallback: null,
    repeatable: true,
  },
  pages: {
    example: '8s',
    help: 'from one page of a visitor inside to the next; 0s: the first one alone',
    fallback: '8s with --origin-fault or find, else 0s',
  },
  health: {
    example: 'find',
    help: `${HEALTH_MODES.join(', ')}: whether admissions follow the site’s health`,
    fallback: 'protect',
  },
  faults: {
    example: 'light',
    help: `${FAULTS.join(', ')}: stalls, restarts and lost calls of the store`,
    fallback: 'none',
  },
  change: {
    example: '60s:rate=N',
    help: 'an operator’s change, so long after the opening: rate=N, capacity=N, pause, hold, resume; repeat it for more',
    fallback: null,
    repeatable: true,
  },
  watched: { example: 'N', help: 'visitors whose every poll is played', fallback: '1000' },
  seed: { example: 'N', help: 'the same seed gives the same night; printed at the start', fallback: null },
  report: { example: 'FILE.html', help: 'path of the HTML report', fallback: 'simulation.html' },
} as const satisfies Record<string, CommandOption>;

type Name = keyof typeof OPTIONS;

const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export function readSimulationArguments(
  argv: readonly string[],
  freshSeed: () => number,
): ReadOptions<SimulationArguments> {
  const given = givenOptions(argv, OPTIONS, help);
  if (given.kind !== 'given') return given;
  const { values } = given;

  const problems: string[] = [];
  const text = (name: Name) => (typeof values[name] === 'string' ? values[name] : undefined);
  const read = <T>(name: Name, fallback: T, parse: (given: string) => T | null, must: string): T => {
    const given = text(name);
    if (given === undefined) return fallback;
    const value = parse(given);
    if (value !== null) return value;
    problems.push(`--${name} ${given} must be ${must}.`);
    return fallback;
  };
  const oneOf = <T extends string>(name: Name, all: readonly T[], fallback: T) =>
    read(name, fallback, (given) => all.find((one) => one === given) ?? null, `one of ${all.join(', ')}`);
  const whole = (name: Name, fallback: number, { min, max }: { min: number; max: number }) =>
    read(name, fallback, (given) => wholeIn(given, min, max), `a whole number from ${min} to ${max}`);
  const share = (name: Name, fallback: number) =>
    read(name, fallback, shareOf, 'a share from 0 to 1, for example 0.3 for 30 %');
  const duration = (name: Name, fallback: number, { min, max }: { min: number; max: number }) =>
    read(
      name,
      fallback,
      (given) => durationIn(given, min, max),
      `a time such as 8ms, 90s, 5m or 1h, from ${min} ms to ${max} ms`,
    );

  const shape: Shape = oneOf('scenario', SHAPES, 'wall');
  const defaults = SHAPE_DEFAULTS[shape];
  const network = { min: 0, max: NETWORK_MS_MAX };
  const totalActiveUsers = whole('capacity', defaults.totalActiveUsers, POLICY_BOUNDS.totalActiveUsers);
  const health = oneOf('health', HEALTH_MODES, defaults.health);
  const originFaults = faultsIn(Array.isArray(values['origin-fault']) ? values['origin-fault'] : [], problems);
  const scenario: Scenario = {
    shape,
    visitors: whole('visitors', defaults.visitors, { min: 1, max: VISITORS_MAX }),
    overMs: duration('over', defaults.overMs, { min: 100, max: OVER_MS_MAX }),
    gateways: whole('gateways', defaults.gateways, { min: 1, max: GATEWAYS_MAX }),
    relays: whole('relays', defaults.relays, { min: 0, max: RELAYS_MAX }),
    newUsersPerMinute: whole('rate', defaults.newUsersPerMinute, POLICY_BOUNDS.newUsersPerMinute),
    totalActiveUsers,
    sessionMs: duration('session', defaults.sessionMs, POLICY_BOUNDS.sessionMs),
    claimWindowMs: duration('claim-window', defaults.claimWindowMs, POLICY_BOUNDS.claimWindowMs),
    noShow: share('no-show', defaults.noShow),
    ghosts: share('ghosts', defaults.ghosts),
    losses: share('losses', defaults.losses),
    stayMs: duration('stay', defaults.stayMs, { min: 100, max: STAY_MS_MAX }),
    latencyMs: duration('latency', defaults.latencyMs, { ...network, min: 1 }),
    serviceMs: duration('service', defaults.serviceMs, network),
    commitMs: duration('commit', defaults.commitMs, network),
    originPeople: whole('origin-people', Math.ceil(ORIGIN_ROOM * totalActiveUsers), { min: 1, max: 100_000_000 }),
    originFaults,
    pageMs: duration('pages', originFaults.length > 0 || health === 'find' ? PAGE_MS : 0, { min: 0, max: STAY_MS_MAX }),
    health,
    faults: oneOf('faults', FAULTS, 'none'),
    changes: changesIn(Array.isArray(values['change']) ? values['change'] : [], problems),
    watched: whole('watched', defaults.watched, { min: 0, max: WATCHED_MAX }),
    seed: text('seed') === undefined ? freshSeed() : whole('seed', 0, { min: 0, max: SEED_MAX }),
  };
  if (scenario.relays > scenario.gateways) {
    problems.push(
      `--relays ${scenario.relays} must not exceed --gateways ${scenario.gateways}: a gateway keeps to one relay.`,
    );
  }
  const report = text('report') ?? OPTIONS.report.fallback;
  if (!/\.html?$/i.test(report)) problems.push(`--report ${report} must end in .html.`);
  return problems.length > 0 ? { kind: 'misuse', problems } : { kind: 'run', run: { scenario, report } };
}

function wholeIn(text: string, min: number, max: number): number | null {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : null;
}

function shareOf(text: string): number | null {
  const value = /^(?:[01]|[01]?\.\d{1,9})$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0 && value <= 1 ? value : null;
}

function durationIn(text: string, min: number, max: number): number | null {
  const [, amount, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  return ms >= min && ms <= max ? ms : null;
}

function changesIn(given: readonly string[], problems: string[]): OperatorChange[] {
  if (given.length > CHANGES_MAX)
    problems.push(`--change was given ${given.length} times; ${CHANGES_MAX} are the most.`);
  return given.slice(0, CHANGES_MAX).flatMap((text) => {
    const change = changeIn(text);
    if (change !== null) return [change];
    problems.push(
      `--change ${text} must be a time after the opening and what is changed then: 60s:rate=1200, 5m:capacity=500, 90s:pause, 90s:hold or 2m:resume.`,
    );
    return [];
  });
}

function faultsIn(given: readonly string[], problems: string[]): OriginFault[] {
  if (given.length > CHANGES_MAX)
    problems.push(`--origin-fault was given ${given.length} times; ${CHANGES_MAX} are the most.`);
  return given.slice(0, CHANGES_MAX).flatMap((text) => {
    const fault = faultIn(text);
    if (fault !== null) return [fault];
    problems.push(
      `--origin-fault ${text} must be a time after the opening and what becomes of the site: 60s:errors, 60s:hang, 60s:slow=10, 60s:flap=20s or 2m:well.`,
    );
    return [];
  });
}

function faultIn(text: string): OriginFault | null {
  const [, time = '', kind, amount] =
    /^([\d.]+[a-z]+):(errors|hang|slow|flap|well)(?:=([\d.]+[a-z]*))?$/.exec(text) ?? [];
  const atMs = durationIn(time, 0, OVER_MS_MAX);
  if (atMs === null) return null;
  switch (kind) {
    case 'slow': {
      const times = wholeIn(amount ?? '', 2, 1_000);
      return times === null ? null : { atMs, kind, times };
    }
    case 'flap': {
      const turnMs = durationIn(amount ?? '', 1_000, 3_600_000);
      return turnMs === null ? null : { atMs, kind, seconds: Math.round(turnMs / 1_000) };
    }
    case 'errors':
    case 'hang':
    case 'well':
      return amount === undefined ? { atMs, kind } : null;
    default:
      return null;
  }
}

function changeIn(text: string): OperatorChange | null {
  const [, time = '', what, amount] = /^([\d.]+[a-z]+):(rate|capacity|pause|hold|resume)(?:=(\d+))?$/.exec(text) ?? [];
  const atMs = durationIn(time, 0, OVER_MS_MAX);
  if (atMs === null) return null;
  switch (what) {
    case 'rate': {
      const perMinute = wholeIn(amount ?? '', POLICY_BOUNDS.newUsersPerMinute.min, POLICY_BOUNDS.newUsersPerMinute.max);
      return perMinute === null ? null : { atMs, kind: 'rate', perMinute };
    }
    case 'capacity': {
      const people = wholeIn(amount ?? '', POLICY_BOUNDS.totalActiveUsers.min, POLICY_BOUNDS.totalActiveUsers.max);
      return people === null ? null : { atMs, kind: 'capacity', people };
    }
    case 'pause':
    case 'hold':
    case 'resume':
      return amount === undefined ? { atMs, kind: what } : null;
    default:
      return null;
  }
}

function help(): string {
  const shapes = SHAPES.map((shape) => {
    const { visitors, overMs, gateways, relays, newUsersPerMinute, totalActiveUsers } = SHAPE_DEFAULTS[shape];
    return `  ${shape.padEnd(10)}${visitors} visitors over ${overMs / 1_000} s, ${gateways} gateways, ${relays} relays, ${newUsersPerMinute} a minute, ${totalActiveUsers} at once`;
  });
  return `npm run simulate -- [options]

Plays a whole night in virtual time: visitors, gateways, relays and the room's object, with the product's own rules, leases,
views and relays, from one seed. An auditor that shares no code with them says for each promise whether it was kept. No
gateway has to run, and nothing is sent anywhere.

${optionLines(OPTIONS, 26)}

What a scenario begins with:
${shapes.join('\n')}

Exit code: 0 if no promise was broken, 1 if one was, 2 if the options cannot be used.`;
}
