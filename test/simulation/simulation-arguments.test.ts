// The options of a simulated night: strict, all mistakes at once, and each message says what to put.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { reportFileProblem } from '../../scripts/lib/report-file.ts';
import { SHAPE_DEFAULTS, SHAPES } from '../../scripts/simulation/scenario.ts';
import { readSimulationArguments } from '../../scripts/simulation/simulation-arguments.ts';

const read = (...argv: string[]) => readSimulationArguments(argv, () => 7);

function problems(...argv: string[]): string[] {
  const result = read(...argv);
  return result.kind === 'misuse' ? result.problems : [`accepted: ${result.kind}`];
}

test.each(SHAPES)('scenario %s has defaults, and a seed of its own', (shape) => {
  const result = read('--scenario', shape);
  expect(result).toMatchObject({ kind: 'run', run: { scenario: { ...SHAPE_DEFAULTS[shape], seed: 7 } } });
});

test('options replace single values', () => {
  const argv =
    '--visitors 50 --over 90s --gateways 3 --relays 2 --rate 120 --capacity 40 --no-show .5 --seed 0 --faults heavy';
  const changes = ['--change', '60s:rate=1200', '--change', '1.5m:hold', '--change=2m:capacity=50'];
  expect(read(...argv.split(' '), ...changes)).toMatchObject({
    run: {
      scenario: {
        ...{ visitors: 50, overMs: 90_000, gateways: 3, relays: 2, newUsersPerMinute: 120, totalActiveUsers: 40 },
        ...{ noShow: 0.5, seed: 0, faults: 'heavy', originPeople: 60 },
        changes: [
          { atMs: 60_000, kind: 'rate', perMinute: 1_200 },
          { atMs: 90_000, kind: 'hold' },
          { atMs: 120_000, kind: 'capacity', people: 50 },
        ],
      },
      report: 'simulation.html',
    },
  });
});

describe('what cannot be used is refused, and the message says what can', () => {
  test.each([
    [['--scenario', 'flood'], /--scenario flood must be one of wall, prequeue, day/],
    [['--visitors', '0'], /--visitors 0 must be a whole number from 1 to 5000000/],
    [['--visitors', '5000001'], /from 1 to 5000000/],
    [['--visitors', '1e6'], /--visitors 1e6 must be/],
    [['--visitors', '-5'], /visitors/],
    [['--gateways', '1001'], /from 1 to 1000/],
    [['--relays', '129'], /from 0 to 128/],
    [['--gateways', '2', '--relays', '3'], /--relays 3 must not exceed --gateways 2/],
    [['--rate', '1000001'], /from 1 to 1000000/],
    [['--capacity', '0'], /from 1 to 10000000/],
    [['--session', '59s'], /from 60000 ms to 1800000 ms/],
    [['--over', '25h'], /--over 25h must be a time such as/],
    [['--over', '10'], /a time such as/],
    [['--no-show', '1.1'], /a share from 0 to 1/],
    [['--losses', '30%'], /a share from 0 to 1/],
    [['--ghosts', 'NaN'], /a share from 0 to 1/],
    [['--latency', '0ms'], /from 1 ms to 1000 ms/],
    [['--faults', 'some'], /one of none, light, heavy/],
    [['--change', 'rate=5'], /--change rate=5 must be a time after the opening/],
    [['--change', '5s:rate'], /must be a time after the opening/],
    [['--change', '5s:rate=0'], /must be a time after the opening/],
    [['--change', '5s:pause=1'], /must be a time after the opening/],
    [['--change', '25h:pause'], /must be a time after the opening/],
    [Array(65).fill('--change=5s:pause'), /was given 65 times; 64 are the most/],
    [['--seed', '4294967296'], /from 0 to 4294967295/],
    [['--watched', '10001'], /from 0 to 10000/],
    [['--report', 'out.txt'], /--report out.txt must end in .html/],
    [['--visitor', '5'], /Unknown option '--visitor'.*--help/],
    [['extra'], /Unexpected argument 'extra'/],
    [['--visitors'], /--visitors/],
    [['--visitors', '5', '--visitors=6'], /--visitors was given more than once/],
  ] as [string[], RegExp][])('%j', (argv, message) => {
    expect(problems(...argv).join('\n')).toMatch(message);
  });

  test('all mistakes are reported at once', () => {
    expect(problems('--visitors', 'x', '--rate', 'y', '--report', 'z')).toHaveLength(3);
  });
});

describe('the file of the report, before a run that takes minutes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-report-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('may be new or there', () => {
    const file = join(folder, 'there.html');
    expect(reportFileProblem(file)).toBeNull();
    writeFileSync(file, '');
    expect(reportFileProblem(file)).toBeNull();
    expect(reportFileProblem('simulation.html')).toBeNull();
  });

  test.each(['', 'missing/night.html', 'file/night.html'])('cannot be "%s", and the message says why', (name) => {
    writeFileSync(join(folder, 'file'), '');
    expect(reportFileProblem(join(folder, name))).toMatch(/is a folder; name a file|ENOENT|ENOTDIR/);
  });

  test.each(['simulate', 'rehearse'])('npm run %s says so at once, with the exit code of wrong options', (command) => {
    const file = join(folder, 'missing', 'night.html');
    const args = [`scripts/${command}.ts`, '--report', file, ...(command === 'rehearse' ? ['--room', 'demo'] : [])];
    const { status, stderr, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`--report ${file} cannot be written (ENOENT`);
  });
});

test('--help names every option and what each scenario begins with', () => {
  const result = read('--help', '--visitors', 'x');
  expect(result.kind).toBe('help');
  const text = result.kind === 'help' ? result.text : '';
  for (const name of ['--scenario', '--change', '--report', 'prequeue', 'Exit code']) expect(text).toContain(name);
});
