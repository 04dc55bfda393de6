// `npm run report` as operators run it, against a gateway over HTTP.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readReportArguments } from '../../scripts/report/report-arguments.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/write-report.ts');
const folder = mkdtempSync(join(tmpdir(), 'fairgate-report-'));
let fairgate: Running;

beforeAll(async () => {
  fairgate = await startFairgate();
});
afterAll(async () => {
  await fairgate?.stop();
  rmSync(folder, { recursive: true });
});

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', OPERATOR_KEY, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

describe('a report of a running gateway', () => {
  const from = '2020-01-01T00:00+09:00';

  it('is written as a folder, in both languages, and says where', async () => {
    const { status, output } = await run(['--room', 'demo', '--url', fairgate.url, '--out', 'both']);
    expect([status, output]).toEqual([0, expect.stringContaining('both/report-ko.html')]);
    expect(readdirSync(join(folder, 'both')).toSorted()).toEqual(
      ['ko', 'en']
        .flatMap((language) => [`acts-${language}.csv`, `minutes-${language}.csv`, `report-${language}.html`])
        .toSorted(),
    );
    expect(readFileSync(join(folder, 'both/report-ko.html'), 'utf8')).toContain('행사 결과 보고서');
    expect(readFileSync(join(folder, 'both/acts-en.csv')).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  });

  it('is in one language where one is asked for', async () => {
    expect((await run(['--room', 'demo', '--url', fairgate.url, '--language', 'en', '--out', 'one'])).status).toBe(0);
    expect(readdirSync(join(folder, 'one')).toSorted()).toEqual(['acts-en.csv', 'minutes-en.csv', 'report-en.html']);
  });

  it('never goes into a folder that exists, and leaves nothing behind where it fails', async () => {
    mkdirSync(join(folder, 'mine'));
    const refused = await run(['--room', 'demo', '--url', fairgate.url, '--out', 'mine']);
    expect([refused.status, refused.output]).toEqual([2, expect.stringContaining('mine exists')]);
    const failed = await run(['--room', 'demo', '--url', fairgate.url, '--from', from, '--out', 'long']);
    expect([failed.status, failed.output]).toEqual([2, expect.stringContaining('422')]);
    expect(existsSync(join(folder, 'long'))).toBe(false);
    const unknown = await run(['--room', 'no-such-room', '--url', fairgate.url, '--out', 'none']);
    expect([unknown.status, unknown.output]).toEqual([2, expect.stringContaining('404')]);
    const stranger = await run(['--room', 'demo', '--url', fairgate.url], { OPERATOR_KEY: 'x'.repeat(40) });
    expect([stranger.status, stranger.output]).toEqual([2, expect.stringContaining('401')]);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('options', () => {
  const problemsOf = (argv: string[], key: string | undefined = OPERATOR_KEY) => {
    const read = readReportArguments(argv, key);
    return read.kind === 'misuse' ? read.problems.join('\n') : read.kind;
  };

  it.each([
    [[], 'Give --room ROOM'],
    [['--room', 'demo', '--url', 'http://gate.example'], 'must be an https address'],
    [['--room', 'demo', '--url', 'https://gate.example/console'], 'must be an https address'],
    [['--room', 'demo', '--from', 'yesterday'], 'must be a time with its offset'],
    [['--room', 'demo', '--from', '2027-08-05T20:00'], 'must be a time with its offset'],
    [['--room', 'demo', '--opening', '0'], 'must be a number'],
    [['--room', 'demo', '--opening', '2', '--to', '2027-08-05T20:00Z'], 'Give --opening, or --from and --to'],
    [['--room', 'demo', '--language', 'fr'], 'must be ko or en'],
  ])('%j is misuse', (argv, sentence) => {
    expect(problemsOf(argv)).toContain(sentence);
  });

  it('needs a key, which is no option', () => {
    expect(problemsOf(['--room', 'demo'], '')).toContain('Set OPERATOR_KEY');
    expect(problemsOf(['--room', 'demo', '--from', '2027-08-05T20:00+09:00'])).toBe('run');
  });
});
